// models/dogcat.safetensors: what its card says of it, against models/check.json, which models/check.py made by PyTorch.
import { readFileSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import * as assert from 'uvu/assert';
import { readFacts } from '../../src/cli/facts.js';
import { buildModel } from '../../src/cli/parts.js';
import { trainedNetwork } from '../../src/cli/weights.js';
import { noGrad, scope, tensor } from '../../src/index.js';
import { crc32 } from '../../src/io/crc32.js';
import { restoreModel } from '../../src/train/index.js';
import { useDevice } from '../support/device.js';
import { suite } from '../support/suite.js';

const test = suite('models/trained');
test.before(useDevice);

const models = fileURLToPath(new URL('../../../models/', import.meta.url));
const check = JSON.parse(readFileSync(`${models}check.json`, 'utf8'));
const TOLERANCE = 1e-4;
const STEPS = [0.37, 0.011, 0.0003];

test('it takes 8 MB at most, and is the file that PyTorch has checked', () => {
  const file = `${models}dogcat.safetensors`;
  assert.ok(statSync(file).size <= 8e6);
  assert.is(crc32(readFileSync(file)) >>> 0, check.file, 'run models/check.py again');
});

test('it gives PyTorch’s logits', async () => {
  const checkpoint = trainedNetwork();
  const facts = readFacts(checkpoint, 'predict');
  const model = buildModel(facts).eval();
  restoreModel(checkpoint, model);
  const shape = [1, ...model.inputShape];
  const size = shape.reduce((a, b) => a * b);
  for (const [i, step] of STEPS.entries()) {
    const pattern = Float32Array.from({ length: size }, (_, k) => Math.sin(k * step));
    const found = await scope(() => noGrad(() => model.forward(tensor(pattern, { shape })))).data();
    for (const [c, logit] of check.logits[i].entries())
      assert.ok(Math.abs(found[c] - logit) <= TOLERANCE, `pattern ${i}: ${[...found]}, PyTorch has ${check.logits[i]}`);
  }
  model.dispose();
});

test('its card has the figures that PyTorch found', () => {
  const card = readFileSync(`${models}README.md`, 'utf8');
  for (const crops of ['single crop', 'ten crops']) {
    const { right, of, counts } = check[crops];
    const list = JSON.stringify(counts).replaceAll(',', ', ');
    const said = ` % (${right} of ${of}); called ['cat', 'dog']: ${list}`;
    const line = card.split('\n').find((text) => text.startsWith(`${crops}: `) && text.endsWith(said));
    assert.ok(line, `${crops}: ${said}`);
    assert.ok(Math.abs(Number.parseFloat(line.slice(crops.length + 2)) - (100 * right) / of) <= 0.005, line);
  }
});

test.run();
