// run.json: what a run was, for its report and for `compare`.
import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import type { ImageDataset } from '../data/index.js';
import { deviceInfo, WgradError } from '../index.js';
import type { RunFolder } from '../node/index.js';
import { type RunFacts as RunRecord, readRunFacts, type SetCounts } from '../report/index.js';
import type { RunData } from './data.js';
import type { RunFacts } from './facts.js';

const NAME = 'run.json';

/** Title, settings, machine and pictures of a run. One that goes on keeps the time when it began. */
export function recordOf({ options, folders }: RunFacts, data: RunData, folder: RunFolder): RunRecord {
  const { limit, ...rest } = options;
  const tested = data.test === data.validation ? [] : [counted('test', data.test)];
  return {
    title: `AlexNet on ${data.title}`,
    summary: `Variant '${options.variant}', width ${options.width}, crops of ${options.image} pixels.`,
    started: startOf(folder) ?? new Date().toISOString(),
    configuration: { ...rest, ...(Number.isFinite(limit) ? { limit } : {}), pictures: folders ?? data.title },
    environment: environment(),
    data: [counted('training', data.train), counted('validation', data.validation), ...tested],
  };
}

function counted(name: string, dataset: ImageDataset): SetCounts {
  const counts = dataset.counts();
  return { name, count: dataset.length, classes: Object.fromEntries(dataset.classes.map((c, i) => [c, counts[i]])) };
}

function environment() {
  const { name, limits } = deviceInfo();
  const { version } = JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8'));
  return {
    ...{ adapter: name, limits, wgrad: version, node: process.version },
    system: `${process.platform} ${process.arch}, ${availableParallelism()} cores`,
  };
}

/** When a run began, by its run.json; undefined if that is not there, or is something else. */
function startOf(folder: RunFolder): string | undefined {
  if (!folder.has(NAME)) return undefined;
  try {
    return readRunFacts(new TextDecoder().decode(folder.read(NAME)), folder.file(NAME)).started;
  } catch (error) {
    if (error instanceof WgradError) return undefined;
    throw error;
  }
}
