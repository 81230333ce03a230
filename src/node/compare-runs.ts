import { basename } from 'node:path';
import { showValue, UsageError } from '../errors.js';
import { type ComparedRun, compareHtml, readMetricsCsv, readRunFacts } from '../report/index.js';
import { RunFolder } from './run-folder.js';

/**
 * The report of several runs by their folders, each with `metrics.csv` and, where there are facts beside the figures, `run.json`;
 * see `compareHtml`. A run is called as its folder.
 * @throws UsageError for no folder; CheckpointError for one without `metrics.csv`, naming it; UsageError for files that are
 * something else.
 */
export function compareRuns(paths: readonly string[]): string {
  if (!Array.isArray(paths) || paths.length === 0) {
    throw new UsageError(`compareRuns: takes a list of run folders, got ${showValue(paths)}`);
  }
  const names = paths.map((path) => basename(path));
  const once = new Set(names).size === names.length;
  return compareHtml(paths.map((path, i) => readRun(path, once ? names[i] : path)));
}

function readRun(path: string, name: string): ComparedRun {
  const folder = new RunFolder(path);
  const read = (file: string) => new TextDecoder().decode(folder.read(file));
  const history = readMetricsCsv(read('metrics.csv'), folder.file('metrics.csv'));
  const facts = folder.has('run.json') ? readRunFacts(read('run.json'), folder.file('run.json')) : { title: name };
  return { ...facts, name, history };
}
