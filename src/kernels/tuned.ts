// What the tuner found: a tiling's name for a product's key, kept by adapter.
import { recall, remember, setting } from '#gpu';
import { type DeviceInfo, deviceInfo } from '../device/runtime.js';

const VERSION = 1; // of kernels and names: what older ones measured is not used

let choices = new Map<string, string>();
let adapter: DeviceInfo | undefined;

/** The table of the open device, read when first asked for. Empty with WGRAD_TUNING=off. */
export function tunedChoices(): ReadonlyMap<string, string> {
  const info = deviceInfo();
  if (adapter !== info) {
    adapter = info;
    const text = setting('WGRAD_TUNING') === 'off' ? null : recall(fileFor(info));
    choices = new Map(text ? parse(text) : []);
  }
  return choices;
}

/** Adds to the table, and keeps it for later sessions unless that is switched off. */
export function addTuned(found: Iterable<[product: string, tiling: string]>): void {
  choices = new Map([...tunedChoices(), ...found]);
  if (setting('WGRAD_TUNING') === 'off') return;
  remember(fileFor(deviceInfo()), `${JSON.stringify(Object.fromEntries(choices), null, 1)}\n`);
}

/** Back to the estimates, until the device is opened again. */
export function forgetTuned(): void {
  tunedChoices();
  choices = new Map();
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
