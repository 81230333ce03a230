// Faults in what the command line says, and in what it takes for its own.
import { type Fault, planted } from './fault.js';

const words = planted('commands', [
  [
    'src/options.ts',
    'letters that changed places are as far apart as two others',
    'before[j - 2] + 1 :',
    'before[j - 2] + 2 :',
  ],
  [
    'src/cli/parse.ts',
    'a mistyped option is answered without the one that was meant',
    "startsWith('did you mean') ?",
    "startsWith('did you means') ?",
  ],
  ['src/cli/compare.ts', 'a single run is compared', 'positionals.length < 2', 'positionals.length < 1'],
]);

const titles = planted('node/dogcat-data', [
  [
    'src/cli/data.ts',
    'any folder has the title of the project’s pictures',
    'resolve(folders[0]) === resolve(pictures.folder)',
    'resolve(folders[0]) !== pictures.title',
  ],
]);

const runs = planted('node/facts', [
  [
    'src/cli/record.ts',
    'a run that goes on began just now',
    'startOf(folder) ?? new Date()',
    'startOf(folder)?.slice(99) || new Date()',
  ],
  ['src/cli/predict.ts', 'a picture is counted for the other class', 'counts[best]++', 'counts[1 - best]++'],
]);

const cache = planted('node/pixel-cache', [
  [
    'src/node/old-caches.ts',
    'files of other names go with those of earlier caches',
    '/^pictures-[0-9a-f]{24}',
    '/-[0-9a-f]{24}',
  ],
]);

export const cliFaults: readonly Fault[] = [...words, ...titles, ...runs, ...cache];
