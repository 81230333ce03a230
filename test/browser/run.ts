// `npm run test:browser`: what a browser has to show, in headless Chromium. Without one it says so and fails, unless
// ALLOW_NO_CHROMIUM=1. `-- page [--screenshots FOLDER]`, `-- kept`, `-- begin`, `-- report [--screenshots FOLDER]`, `-- docs` and `-- ops [WORD...]` run one part; `-- properties [NAME...]
// [--cases 10000] [--seed N] [--limits default]` draws many cases of the properties.
import { parseArgs } from 'node:util';
import { chromiumAdvice, chromiumPath } from '../support/chromium.js';
import { showTotal } from '../support/report.js';
import { runOps, runProperties } from './ops.js';

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    screenshots: { type: 'string' },
    ...{ seed: { type: 'string' }, cases: { type: 'string' }, limits: { type: 'string' } },
  },
});
const [what, ...words] = positionals;
if (!chromiumPath()) {
  const allowed = process.env.ALLOW_NO_CHROMIUM === '1';
  console.log(`NOT RUN, nothing in a browser: ${chromiumAdvice}`);
  console.log(showTotal(0, allowed ? 0 : 1, 1));
  process.exitCode = allowed ? 0 : 1;
} else {
  const total = { passed: 0, failed: 0, skipped: 0 };
  const add = ({ passed, failed, skipped }: typeof total) => {
    total.passed += passed;
    total.failed += failed;
    total.skipped += skipped;
  };
  const asked = (part: string) => what === undefined || what === part;
  // Each is loaded when its turn comes: its suite waits from then on.
  if (asked('page')) add(await (await import('./demo.js')).runPage(values.screenshots));
  if (asked('page') || what === 'kept') add(await (await import('./kept.js')).runKept());
  if (what === 'begin') add(await (await import('./begin.js')).runBegin());
  if (asked('report')) add(await (await import('./report.js')).runReport(values.screenshots));
  if (asked('docs')) add(await (await import('./documents.js')).runDocuments());
  const limits = values.limits === 'default' ? 'default' : 'adapter';
  if (asked('ops')) add(await runOps(words, limits));
  if (what === 'properties') {
    const seed = Number(values.seed ?? Math.floor(Math.random() * 2 ** 31));
    add(await runProperties(words, { seed, cases: Number(values.cases ?? 10_000), limits }));
  }
  console.log(showTotal(total.passed, total.failed, total.skipped));
  process.exitCode = total.failed > 0 ? 1 : 0;
}
