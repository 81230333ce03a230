// Every planted fault. `npm test` checks that each still fits its file; `npm run test:mutants` plants them.
import { baseFaults } from './base.js';
import { cliFaults } from './cli.js';
import { dataFaults } from './data.js';
import type { Fault } from './fault.js';
import { kernelFaults } from './kernels.js';
import { metricFaults } from './metrics.js';
import { networkFaults } from './networks.js';
import { opFaults } from './ops.js';
import { paperFaults } from './paper.js';
import { reportFaults } from './report.js';
import { trainFaults } from './train.js';
import { transformFaults } from './transforms.js';

export const faults: readonly Fault[] = [
  ...kernelFaults,
  ...opFaults,
  ...baseFaults,
  ...dataFaults,
  ...transformFaults,
  ...networkFaults,
  ...metricFaults,
  ...trainFaults,
  ...reportFaults,
  ...paperFaults,
  ...cliFaults,
];
