// The page that runs test files inside a browser, one at a time, when test/browser/ops.ts asks for them.
import { deviceInfo, init } from '../../src/index.js';
import { properties } from '../support/properties/index.js';
import { type Draw, type Held, holds } from '../support/properties/property.js';
import { deferSuites, type Results, runSuites } from '../support/suite.js';
import { fetchGolden } from './golden-files.js';

export interface TestPage {
  /** Opens the device; returns the adapter's name. */
  open(limits: 'adapter' | 'default'): Promise<string>;
  /** Runs a test file, such as 'ops/conv2d'. */
  run(file: string): Promise<Results>;
  /** Tries a property of test/support/properties. @throws if it does not hold. */
  hold(name: string, draw: Draw): Promise<Held>;
}

/** Called by the bundle's entry with what imports each test file. */
export async function offer(files: { [file: string]: () => Promise<unknown> }): Promise<void> {
  deferSuites();
  await fetchGolden();
  const testPage: TestPage = {
    async open(limits) {
      await init({ limits });
      const { vendor, architecture, description } = deviceInfo();
      return [vendor, architecture, description].filter(Boolean).join(' ');
    },
    hold: (name, draw) => holds(name, properties[name], draw),
    async run(file) {
      const start = performance.now();
      await files[file]();
      const results = await runSuites((name) => console.debug(name));
      if (results.passed + results.failures.length + results.skipped.length === 0) throw new Error('it has no tests');
      return { ...results, seconds: (performance.now() - start) / 1000 };
    },
  };
  Object.assign(globalThis, { testPage });
}
