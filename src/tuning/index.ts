export { type Tuned, type TuneOptions, tune } from './tune.js';
export { warmup } from './warmup.js';
