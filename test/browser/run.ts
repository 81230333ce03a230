// `npm run test:browser`: what a browser has to show, in headless Chromium. Without one it says so and fails, unless
// ALLOW_NO_CHROMIUM=1. `-- page [--screenshots FOLDER]` and `-- ops [WORD...]` run one half.
import { parseArgs } from 'node:util';
import { chromiumAdvice, chromiumPath } from '../support/chromium.js';
import { showTotal } from '../support/report.js';
import { runPage } from './demo.js';
import { runOps } from './ops.js';

const { positionals, values } = parseArgs({ allowPositionals: true, options: { screenshots: { type: 'string' } } });
const [what, ...words] = positionals;
if (!chromiumPath()) {
  const allowed = process.env.ALLOW_NO_CHROMIUM === '1';
  console.log(`NOT RUN, neither the page nor the ops in a browser: ${chromiumAdvice}`);
  console.log(showTotal(0, allowed ? 0 : 1, 1));
  process.exitCode = allowed ? 0 : 1;
} else {
  const total = { passed: 0, failed: 0, skipped: 0 };
  const add = ({ passed, failed, skipped }: typeof total) => {
    total.passed += passed;
    total.failed += failed;
    total.skipped += skipped;
  };
  if (what !== 'ops') add(await runPage(values.screenshots));
  if (what !== 'page') add(await runOps(what === 'ops' ? words : []));
  console.log(showTotal(total.passed, total.failed, total.skipped));
  process.exitCode = total.failed > 0 ? 1 : 0;
}
