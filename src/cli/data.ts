// Finds photographs, or draws stand-ins and says so.
import { existsSync } from 'node:fs';
import { basename, relative, resolve } from 'node:path';
import { drawnStandIns, type ImageDataset } from '../data/index.js';
import { DataError } from '../index.js';
import { hasPictures, type ImageFolder, type ImageFolderOptions, loadImageFolder } from '../node/index.js';
import type { RunOptions } from './presets.js';
import type { Project } from './project.js';
import type { Terminal } from './terminal.js';

export interface RunData {
  train: ImageDataset;
  validation: ImageDataset;
  test: ImageDataset;
  /** What `test` is, for people. */
  testName: string;
  /** What all of it is called in titles: by the project, or by its folders. */
  title: string;
}

const STAND_INS = { train: 2000, test: 400 };

/** --data, then WGRAD_DATA, then the project's own; null where there is none. */
export function findFolders(given: readonly string[], { pictures }: Project): string[] | null {
  const own = process.env.WGRAD_DATA;
  const [what, folders] = given.length > 0 ? ['--data', given] : ['WGRAD_DATA', own ? [own] : []];
  for (const folder of folders)
    if (!existsSync(folder)) throw new DataError(`${what} ${folder}: there is no such folder`);
  if (folders.length > 0) return folders.map((folder) => relative('', folder) || '.');
  return pictures && hasPictures(pictures.folder) ? [pictures.folder] : null;
}

function titleOf(folders: readonly string[], { pictures }: Project): string {
  if (pictures && folders.length === 1 && resolve(folders[0]) === resolve(pictures.folder)) return pictures.title;
  return folders.map((folder) => basename(resolve(folder))).join(', ');
}

/** Training, validation and test pictures, decoded. */
export async function loadData(
  folders: readonly string[] | null,
  options: RunOptions,
  terminal: Terminal,
  project: Project,
  memory?: number,
): Promise<RunData> {
  const { stored, limit, seed, validation: share } = options;
  if (folders === null) {
    terminal.markStandIns();
    terminal.say(project.advice);
    const [train, validation] = drawnStandIns(Math.min(STAND_INS.train, limit), stored, seed).split(share, seed);
    const test = drawnStandIns(STAND_INS.test, stored, seed + 1);
    return { train, validation, test, testName: 'new drawings', title: 'drawn stand-ins' };
  }
  const load = async (paths: readonly string[], more: ImageFolderOptions) => {
    const started = performance.now();
    const name = paths.join(', ');
    const found = await loadImageFolder(paths, {
      ...{ size: stored, seed, memory, ...more },
      onProgress: (done, total) => terminal.progress(`decoding ${name}: ${done} of ${total}`),
      onNotice: (notice) => terminal.say(notice),
    });
    terminal.clear();
    report(name, found, (performance.now() - started) / 1000, terminal);
    return found.dataset;
  };
  const split = folders.filter((folder) => existsSync(`${folder}/train`));
  const training = folders.map((folder) => (split.includes(folder) ? `${folder}/train` : folder));
  const all = await load(training, { limit: Number.isFinite(limit) ? limit : undefined });
  const { classes } = all;
  if (classes.length < 2)
    throw new DataError(`${training.join(', ')}: only one class, '${classes[0]}'; two or more are needed`);
  const [train, validation] = all.split(share, seed);
  const unchecked = validation.counts().flatMap((count, c) => (count === 0 ? [classes[c]] : []));
  if (validation.length > 0 && unchecked.length > 0)
    terminal.say(
      `  none of its ${unchecked.join(', ')} is kept for validation: ${share} of them is less than a picture`,
    );
  const tests = split.map((folder) => `${folder}/test`).filter((folder) => existsSync(folder));
  const title = titleOf(folders, project);
  const instead = { train, validation, test: validation, testName: 'the validation pictures', title };
  if (tests.length === 0) return instead;
  try {
    return { train, validation, test: await load(tests, { classes }), testName: tests.join(', '), title };
  } catch (error) {
    if (!(error instanceof DataError)) throw error;
    terminal.say(`${error.message}; the validation pictures are tested instead`);
    return instead;
  }
}

function report(
  path: string,
  { dataset, damaged, cached, decoded }: ImageFolder,
  seconds: number,
  terminal: Terminal,
): void {
  const counts = dataset.counts().map((n, c) => `${n.toLocaleString('en-US')} ${dataset.classes[c]}`);
  const rest = dataset.length > decoded ? `${decoded.toLocaleString('en-US')} of them ` : '';
  const how = cached ? 'from the cache' : `${rest}decoded in ${seconds.toFixed(1)} s`;
  terminal.say(`${path}: ${counts.join(', ')}, ${dataset.size} x ${dataset.size} pixels, ${how}`);
  for (const { file, reason } of damaged.slice(0, 10)) terminal.say(`  left out ${file}: ${reason}`);
  if (damaged.length > 10) terminal.say(`  left out ${damaged.length} in all`);
}
