// `npm run test:browser`: what a browser has to show, in headless Chromium. Without one it says so and fails, unless
// ALLOW_NO_CHROMIUM=1.
import { chromiumAdvice, chromiumPath } from '../support/chromium.js';
import { showTotal } from '../support/report.js';
import { runOps } from './ops.js';

const [what, ...words] = process.argv.slice(2);
if (!chromiumPath()) {
  console.log(`NOT RUN: ${chromiumAdvice}`);
  process.exitCode = process.env.ALLOW_NO_CHROMIUM === '1' ? 0 : 1;
} else {
  const total = await runOps(what === 'ops' ? words : []);
  console.log(showTotal(total.passed, total.failed, total.skipped));
  process.exitCode = total.failed > 0 ? 1 : 0;
}
