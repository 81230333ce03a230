// The tuner's table: a tiling's name by a product's key, kept for each adapter.
import { recall, remember, setting } from '#platform';
import type { DeviceInfo } from '../device/device-info.js';
import { deviceInfo } from '../device/runtime.js';

const VERSION = 1; // of kernels and names: what older ones measured is not used

type Choices = ReadonlyMap<string, string>;

/** Whether what was measured is not used, not kept, and nothing is measured by itself. */
export const tuningOff = (): boolean => setting('WGRAD_TUNING') === 'off';

/** By device; an entry is collected with its device. */
const tables = new WeakMap<DeviceInfo, Choices>();

/** The table of the open device, read when first asked for. Empty with WGRAD_TUNING=off. */
export function tunedChoices(): Choices {
  const info = deviceInfo();
  const known = tables.get(info);
  if (known) return known;
  const text = tuningOff() ? null : recall(fileFor(info));
  const read = new Map(text ? parse(text) : []);
  tables.set(info, read);
  return read;
}

/** Adds to the table, and keeps it for later sessions unless that is switched off. */
export function addTuned(found: Iterable<[product: string, tiling: string]>): void {
  const choices = new Map([...tunedChoices(), ...found]);
  tables.set(deviceInfo(), choices);
  if (tuningOff()) return;
  remember(fileFor(deviceInfo()), `${JSON.stringify(Object.fromEntries(choices), null, 1)}\n`);
}

/** Back to the estimates, until the device is opened again. */
export function forgetTuned(): void {
  tables.set(deviceInfo(), new Map());
}

function fileFor({ vendor, architecture, device, description, subgroupSize }: DeviceInfo): string {
  const name = [vendor, architecture, device, description, subgroupSize].join(' ').replace(/[^a-zA-Z0-9.]+/g, '-');
  return `tuning-${VERSION}/${name}.json`;
}

function parse(text: string): [string, string][] {
  try {
    return Object.entries(JSON.parse(text)).filter((entry): entry is [string, string] => typeof entry[1] === 'string');
  } catch {
    return []; // damaged: the estimates serve
  }
}
