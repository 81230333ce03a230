// What pages give: the arguments. Decoding is the browser's, and tested in its page (test/browser/demo.ts).
import * as assert from 'uvu/assert';
import { decodePicture, loadPictureFiles, type PictureFile } from '../../src/data/picture-files.js';
import { UsageError } from '../../src/errors.js';
import { suite } from '../support/suite.js';

const test = suite('picture-files');
const file = { file: new Blob(['x']), name: 'a.png', label: 'cat' };

async function refusal(files: unknown, options: object = {}): Promise<string> {
  const error = await loadPictureFiles(files as PictureFile[], options).catch((reason) => reason);
  assert.instance(error, UsageError);
  return error.message;
}

test('files and options are looked at before anything is decoded', async () => {
  assert.match(await refusal('a.png'), /loadPictureFiles: takes a list of files, got 'a\.png'/);
  assert.match(await refusal([file, { ...file, file: 'a.png' }]), /file 1 is no \{ file, name, label \}/);
  assert.match(await refusal([{ ...file, label: 7 }]), /file 0 is no/);
  assert.match(await refusal([null]), /file 0 is no/);
  assert.match(await refusal([file], { size: 0 }), /size is a whole number, 1 or more/);
  assert.match(await refusal([file], { side: 8 }), /there is no option 'side'/);
  assert.match(await refusal([file], { onProgress: 1 }), /onProgress is a function/);
});

const withoutBrowser = 'without a browser it says what Node has';
if (typeof createImageBitmap === 'undefined') test(withoutBrowser, saysWhatNodeHas);
else test.skip(withoutBrowser, 'this is a browser');

async function saysWhatNodeHas(): Promise<void> {
  assert.match(await refusal([file]), /needs a browser's decoders; Node has decodeImage/);
  const error = await decodePicture('a' as unknown as Blob).catch((reason) => reason);
  assert.ok(error instanceof UsageError && /takes a Blob or File, got 'a'/.test(error.message));
}

test.run();
