// Every export called with what JavaScript lets through, in place of each argument and of each option: the outcome is a typed
// error whose message begins with the export's name, or a result. What no argument can be must be refused.
import * as assert from 'uvu/assert';
import * as w from '../src/index.js';
import { outcome, wrongCalls } from './support/calls/index.js';
import { anythingGoes, calls, notCalled } from './support/calls/table.js';
import { useDevice } from './support/device.js';
import { Skip, suite } from './support/suite.js';

const test = suite('invalid-calls');
test.before(useDevice);
test.after(() => w.setDetectAnomaly(false));

const names = Object.entries(w).flatMap(([name, value]) => (typeof value === 'function' ? [name] : []));

for (const name of names.filter((name) => !(name in notCalled))) {
  test(name, async () => {
    if (name === 'profile' && !w.features().has('timestamp-query')) throw new Skip('the device has no timestamps');
    const call = calls[name];
    assert.ok(call, `${name} has no call that works in test/support/calls/table.ts`);
    const { kind, said } = await outcome(name, call());
    assert.is(`${kind} ${said}`, 'result ');
    const faults: string[] = [];
    for (const { what, args, refused } of wrongCalls(call)) {
      const { kind, said } = await outcome(name, args());
      if (kind === 'fault') faults.push(`${what}: ${said}`);
      if (kind === 'result' && refused && !anythingGoes.has(name)) faults.push(`${what}: taken`);
    }
    await w.sync();
    w.setDetectAnomaly(false);
    assert.is(faults.join('\n'), '');
  });
}

test('what is left out, or takes anything, is exported', () => {
  const known = [...Object.keys(notCalled), ...Object.keys(calls), ...anythingGoes];
  assert.equal(
    known.filter((name) => !names.includes(name)),
    [],
  );
});

test.run();
