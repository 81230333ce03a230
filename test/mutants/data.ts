// Faults in data sets, augmentation, the loader, decoding and folders.
import { type Fault, planted } from './fault.js';

const augment = planted('data/augment', [
  [
    'src/data/augment.ts',
    'a mirrored row begins one pixel early',
    'left + (mirror ? crop - 1 : 0)',
    'left + (mirror ? crop - 2 : 0)',
  ],
  [
    'src/data/augment.ts',
    'crops never reach the last place',
    '[random.below(rest + 1), random.below(rest + 1)]',
    '[random.below(rest + 1), random.below(rest)]',
  ],
  [
    'src/data/augment.ts',
    'principal axes are transposed',
    'colours.axes.forEach((axis, i) => {',
    'colours.axes.map((_, k) => colours.axes.map((a) => a[k])).forEach((axis, i) => {',
  ],
  [
    'src/data/augment.ts',
    'the colour shift takes the eigenvalue’s root where its text has the eigenvalue',
    '255 * (deviation / 255) ** 2',
    '255 * (deviation / 255)',
  ],
  [
    'src/data/augment.ts',
    'each pixel channel is divided by red’s deviation',
    '1 / (colours.std[c] || 1)',
    '1 / (colours.std[0] || 1)',
  ],
  [
    'src/data/augment.ts',
    'of ten crops two are the same corner',
    `    [0, rest],
    [rest, rest],`,
    `    [rest, 0],
    [rest, rest],`,
  ],
  [
    'src/data/augment.ts',
    'the mean picture is taken from the crop’s corner',
    'bytes[from] - image[from] + offset',
    'bytes[from] - image[from - (c * size + top) * size - left] + offset',
  ],
  [
    'src/data/augment.ts',
    'the choices are the same in every epoch',
    'mixKey(options.seed, epoch, picture)',
    'mixKey(options.seed, 0 * epoch, picture)',
  ],
  [
    'src/data/colours.ts',
    'covariances of red and blue, green and blue are exchanged',
    'covariance(7, 0, 2), covariance(8, 1, 2)',
    'covariance(8, 0, 2), covariance(7, 1, 2)',
    ['data/dataset', 'data/augment'],
  ],
  [
    'src/data/eigen.ts',
    'eigenvectors are the matrix’s rows',
    'v.map((row) => row[i])',
    'v[i].map((x) => x)',
    ['data/dataset', 'data/augment'],
  ],
  [
    'src/data/dataset.ts',
    'a class’s share is rounded down',
    'Math.round(members.length * fraction)',
    'Math.floor(members.length * fraction)',
    'data/dataset',
  ],
  [
    'src/data/dataset.ts',
    'the fingerprint forgets the labels',
    'JSON.stringify([this.allLabels[place], this.allNames.at(place)])',
    'JSON.stringify([this.allNames.at(place)])',
    ['data/dataset', 'data/loader', 'checkpoint/resumed-order'],
  ],
  [
    'src/data/dataset.ts',
    'a subset of a subset takes the places of the whole',
    "Int32Array.from(indices, (i) => this.place(i, 'subset'))",
    'Int32Array.from(indices, (i) => i)',
    'data/dataset',
  ],
  [
    'src/data/random.ts',
    'a shuffle never leaves an element in its place',
    'random.below(i + 1);',
    'random.below(i);',
    ['data/random', 'data/loader'],
  ],
]);

const loader = planted('data/loader', [
  [
    'src/data/image-batches.ts',
    'labels are those of the first pictures',
    'Int32Array.from(indices, (i) => dataset.label(i))',
    'Int32Array.from(indices, (_, i) => dataset.label(i))',
  ],
  [
    'src/data/samplers.ts',
    'every epoch has the first one’s order',
    'mixKey(seed, epoch, 0x0bde)',
    'mixKey(seed, 0 * epoch, 0x0bde)',
  ],
  ['src/data/in-order.ts', 'a resumed epoch begins with its first batch', 'let next = from;', 'let next = 0 * from;'],
  [
    'src/data/loader.ts',
    'the last batch that is not full is counted but never made',
    'return Math.ceil(this.length / this.given.batchSize);',
    'return Math.floor(this.length / this.given.batchSize);',
  ],
  [
    'src/data/loader.ts',
    'a loader says nothing of its batch size to checkpoints',
    '...{ batchSize, dropLast, shuffle }',
    '...{ batchSize: batchSize && 1, dropLast, shuffle }',
  ],
  [
    'src/data/loader.ts',
    'what a batch transform draws is the same in every epoch',
    'batchDraw(this.source, this.seed, epoch, i)',
    'batchDraw(this.source, this.seed, 0 * epoch, i)',
    'data/any-data',
  ],
  [
    'src/data/batches.ts',
    'what get draws is the same in every epoch',
    'new Random(mixKey(seed, epoch, i))',
    'new Random(mixKey(seed, 0 * epoch, i))',
    'data/any-data',
  ],
  ['src/data/loader.ts', 'what a source gives too much is let pass', 'await reader.finish();', '', 'data/any-data'],
  [
    'src/data/samplers.ts',
    'the shares of processes are runs of the order',
    'order[(k * worldSize + rank) % length]',
    'order[(rank * count + k) % length]',
    'data/samplers',
  ],
  [
    'src/data/samplers.ts',
    'weighted draws take the weights’ sum to be their number',
    'random.unit() * total',
    'random.unit() * weights.length',
    'data/samplers',
  ],
  [
    'src/data/mix.ts',
    'each example is mixed with the one after it',
    'const from = (at - each + data.length) % data.length;',
    'const from = (at + each) % data.length;',
    'data/mix',
  ],
  [
    'src/data/mix.ts',
    'labels are mixed by the share drawn, not by the area that was pasted',
    'const share = 1 - ((right - left) * (bottom - top)) / (width * height);',
    'const share = 1 - 4 * side * side;',
    'data/mix',
  ],
  [
    'src/data/image-batches.ts',
    'pictures of a batch are written over each other',
    'images, i * perPicture, how, epoch, indices[i]',
    'images, (i >> 1) * perPicture, how, epoch, indices[i]',
  ],
  [
    'src/data/image-batches.ts',
    'ten crops are asked for and the centre comes',
    "crops === 10 ? 'ten' : 'center'",
    "crops === 10 ? 'center' : 'center'",
  ],
  [
    'src/data/image-batches.ts',
    'a picture for the network is not made as the training pictures were',
    "'ten' : 'center', pixels, colours, seed: 0",
    "'ten' : 'center', pixels: pixels && 'standard', colours, seed: 0",
  ],
  [
    'src/data/image.ts',
    'a picture is cut out of its upper left',
    '[Math.floor((width - size) / 2), Math.floor((height - size) / 2)]',
    '[0, Math.floor((height - size) / 2)]',
    'data/image',
  ],
  [
    'src/data/image.ts',
    'shrinking takes single pixels instead of means',
    'const radius = Math.max(step, 1);',
    'const radius = Math.min(step, 1);',
    'data/image',
  ],
]);

const pictures = planted('node/pictures', [
  [
    'src/data/orientation.ts',
    'orientations 6 and 8 are exchanged',
    'return [y, h - 1 - x];',
    'return [w - 1 - y, x];',
    'data/image',
  ],
  [
    'src/data/orientation.ts',
    'an orientation in four bytes is read as two',
    '4: [4, (view, at, little) => view.getUint32(at, little)],',
    '4: [4, (view, at, little) => view.getUint16(at, little)],',
    ['data/image', 'node/pictures'],
  ],
  ['src/data/orientation.ts', 'a PNG’s orientation is not looked for', "if (type === 'eXIf')", "if (type === 'eXif')"],
  [
    'src/data/jpeg-segments.ts',
    'fill bytes before a marker end the walk',
    'while (at >= 0 && bytes[at] === 0xff) at++;',
    'if (at >= 0) at++;',
    ['data/image', 'node/pictures'],
  ],
  ['src/data/jpeg-segments.ts', 'the last restart marker ends a scan', 'byte <= JPEG.restart7', 'byte < JPEG.restart7'],
  [
    'src/data/jpeg-segments.ts',
    'a segment’s length does not count itself',
    'const end = at + bytes[at] * 256',
    'const end = at + 2 + bytes[at] * 256',
    ['data/image', 'node/pictures'],
  ],
  ['src/node/jpeg-header.ts', 'components called R, G and B are read as YCbCr', "!== 'RGB';", "!== 'rgb';"],
  [
    'src/node/jpeg-header.ts',
    'four components without Adobe’s marker are YCCK',
    'return adobe !== null && adobe !== 0;',
    'return adobe !== 0;',
  ],
  ['src/node/plain-jpeg.ts', 'restart intervals are dropped', '  JPEG.restartInterval,\n', ''],
  [
    'src/node/plain-png.ts',
    'a picture whose pixels lack their checksum is refused',
    'finishFlush: zlib.Z_SYNC_FLUSH,',
    'finishFlush: zlib.Z_FINISH,',
  ],
  [
    'src/node/plain-png.ts',
    'missing rows are let pass',
    'if (found.length < size) throw',
    'if (found.length < size - 64) throw',
  ],
  [
    'src/node/decode-image.ts',
    'transparent pixels lie on black',
    '/ 255 + 255 - alpha)',
    '/ 255)',
    ['node/decode-image', 'node/pictures'],
  ],
]);

const folders = planted('node/image-folder', [
  [
    'src/data/class-of.ts',
    'a wrapper is looked through though something stands beside it',
    'if (tops.length === 1) {',
    'if (tops.length >= 1) {',
  ],
  [
    'src/data/class-of.ts',
    'the part for training is not looked into',
    'if (others.length === 0) return within(TRAINING);',
    "if (others.length === 0) return '';",
  ],
  [
    'src/data/class-of.ts',
    'train beside other classes is taken for one of them',
    'if (!hasClasses(inside(TRAINING))) return',
    'if (hasClasses(inside(TRAINING))) return',
  ],
  [
    'src/data/class-of.ts',
    'accents in two forms are two classes',
    "own.normalize('NFC')",
    "own.normalize('NFD').slice(0)",
    ['data/dataset', 'node/image-folder'],
  ],
  [
    'src/node/image-folder.ts',
    'a limit takes from the first classes',
    'queues[round % queues.length].pop()',
    'queues[Math.floor(round / all.files.length) % queues.length].pop()',
  ],
  [
    'src/node/decode-pictures.ts',
    'a picture whose thread died is cached as unreadable',
    'if (!OF_THREAD.test(reason))',
    'if (!OF_THREAD.test(file))',
  ],
]);

const cache = planted('node/pixel-cache', [
  [
    'src/node/pixel-index.ts',
    'a file that changed is read from the cache',
    'stamps.bytes[place] === bytes && stamps.times[place] === time',
    'stamps.bytes[place] === bytes || stamps.times[place] === time',
  ],
  [
    'src/node/file-pixels.ts',
    'a square is believed the first time that it is read',
    'if (checked[place] === 0 && crc32(into)',
    'if (checked[place] === 1 && crc32(into)',
  ],
  [
    'src/node/file-pixels.ts',
    'a picture that changed while the program ran is taken as it is',
    'if (crc32(square) !== this.checksums[place])',
    'if (crc32(square) === 0)',
  ],
  [
    'src/node/pixel-cache.ts',
    'squares behind the end of a file that was cut count',
    'table.slots[place] < whole',
    'table.slots[place] < whole + 3',
  ],
  [
    'src/node/pixel-cache.ts',
    'an index that was cut goes on in the middle of a line',
    'if (fresh || found.damaged > 0) renewIndex',
    'if (fresh) renewIndex',
  ],
  [
    'src/node/pixel-cache.ts',
    'what was decoded before a kill is not in the mean picture',
    '=== found.squares) return;\n    const late',
    '>= 0) return;\n    const late',
  ],
  ['src/node/decode-pictures.ts', 'a full disk keeps what was written', 'cache.remove();', 'cache.end();'],
  [
    'src/data/dataset.ts',
    'the mean picture of most pictures adds the others',
    'sum[i] -= p[i]',
    'sum[i] += p[i]',
    'node/pixel-stores',
  ],
]);

const listing = planted('node/image-folder', [
  [
    'src/node/list-pictures.ts',
    'a folder is read again by each link to it',
    'if (seen.has(place) || above)',
    'if (above)',
  ],
  [
    'src/node/list-pictures.ts',
    'links lead out to the folders above',
    'if (seen.has(place) || above)',
    'if (seen.has(place) || (above && place === home))',
  ],
  [
    'src/node/list-pictures.ts',
    'pictures of other kinds vanish',
    '    ...others.map(unread),',
    '    ...others.slice(0, 0).map(unread),',
  ],
  ['src/node/list-pictures.ts', 'class folders without a picture vanish', '!full.has(folder))', 'full.has(folder))'],
  [
    'src/data/dataset.ts',
    'classes whose pictures are all damaged are not named',
    'counts[c] === 0 ?',
    'counts[c] < 0 ?',
  ],
]);

const several = planted('node/list-folders', [
  [
    'src/node/list-folders.ts',
    'copies are named, and taken all the same',
    '.filter((i) => !copies.has(i))',
    '.filter((i) => copies.size >= 0 || !copies.has(i))',
  ],
  [
    'src/node/list-folders.ts',
    'pictures with the same middle are copies',
    "grouped(candidates, (i) => readFileSync(paths[i], 'latin1'))",
    "grouped(candidates, (i) => readFileSync(paths[i], 'latin1').slice(0, 0))",
  ],
  [
    'src/node/list-folders.ts',
    'labels of several folders are each folder’s own',
    'Array.from(labels, (label) => places[label])',
    'Array.from(labels, (label) => label + 0 * places.length)',
  ],
  [
    'src/node/list-folders.ts',
    'a folder inside another one is read twice',
    'inner.startsWith(place)',
    'inner === place',
  ],
]);

const shards = planted('node/shards', [
  [
    'src/node/shard-loader.ts',
    'every epoch of shards has the first one’s order',
    'mixKey(augment.seed, epoch, 0x54a6)',
    'mixKey(augment.seed, 0 * epoch, 0x54a6)',
  ],
  [
    'src/node/shard-loader.ts',
    'what is left in the buffer comes as it was read',
    'order.set(shuffled(buffer, random), drawn)',
    'order.set(buffer, drawn)',
  ],
  [
    'src/node/shard-loader.ts',
    'a resumed epoch of shards begins with its first batch',
    'Math.min(startBatch * batchSize, this.length)',
    'Math.min(0 * startBatch, this.length)',
  ],
  [
    'src/node/shard-loader.ts',
    'labels behind a damaged picture are one too early',
    'Int32Array.from(good, (i) => labelOf',
    'Int32Array.from(good.keys(), (i) => labelOf',
  ],
  [
    'src/node/shard-batch.ts',
    'a damaged picture leaves a hole',
    'images, good++ * perPicture',
    'images, (good++, i) * perPicture',
  ],
  [
    'src/node/shard-batch.ts',
    'crops depend on the place in the batch',
    'augment, epoch, places[i]',
    'augment, epoch, i + 0 * places.length',
  ],
  ['src/node/tar-samples.ts', 'a shard that is cut is read as far as it goes', 'strict: true', 'strict: false'],
  ['src/node/tar-samples.ts', 'links are empty pictures', "if (type !== 'file')", "if (type === 'fifo')"],
  [
    'src/node/shards.ts',
    'the number behind the last class is one',
    'Number(text) < classes.length',
    'Number(text) <= classes.length',
  ],
  [
    'src/node/shards.ts',
    'a shard that changed is not counted again',
    '[resolve(path), size, mtimeMs]',
    '[resolve(path), 0 * size, 0 * mtimeMs]',
  ],
  [
    'src/node/shard-reader.ts',
    'shards of which all is drawn are read again',
    '.includes(1)) continue;',
    '.includes(2)) void 0;',
  ],
  [
    'src/node/shard-reader.ts',
    'a shard may have more samples than when it was opened',
    'if (place !== samples)',
    'if (place < samples)',
  ],
]);

const pace = planted('train/pace', [
  ['src/cli/pace.ts', 'the test takes none of the minutes', '- elapsed - load.test / pace.evaluation', '- elapsed'],
  [
    'src/cli/train.ts',
    'random numbers go on behind the steps that were timed',
    'manualSeed(options.seed);',
    'if (minutes === undefined) manualSeed(options.seed);',
  ],
]);

const parts = planted('data/dataset', [
  [
    'src/data/dataset.ts',
    'an empty part of a split is let pass',
    'if (fraction > 0 && part.length === 0)',
    'if (fraction > 1 && part.length === 0)',
  ],
  [
    'src/data/dataset.ts',
    'a picture that is not there is the first one',
    'const place = this.places[i];',
    'const place = this.places[i] ?? 0;',
  ],
]);

const order = planted('checkpoint/resumed-order', [
  [
    'src/train/kept.ts',
    'the order is compared between epochs only',
    'const names = batch > 0 ?',
    'const names = batch < 0 ?',
  ],
  ['src/train/kept.ts', 'other pictures are let pass between epochs', ": ['fingerprint'];", ': [];'],
  [
    'src/data/loader.ts',
    'the seed is no part of the order',
    '...(shuffle ? { seed: this.seed } : {})',
    '...(shuffle ? { seed: 0 * this.seed } : {})',
    ['data/loader', 'checkpoint/resumed-order'],
  ],
  [
    'src/train/checks.ts',
    'empty validation data are let pass',
    'if (validation?.length === 0)',
    'if (validation?.length === -1)',
  ],
]);

export const dataFaults: readonly Fault[] = [
  ...augment,
  ...loader,
  ...pictures,
  ...folders,
  ...cache,
  ...listing,
  ...several,
  ...shards,
  ...pace,
  ...parts,
  ...order,
];
