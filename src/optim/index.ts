export * from './adam.js';
export * from './clip.js';
export { type CommonSettings, Optimizer, type OptimizerState, type ParamGroup } from './optimizer.js';
export * from './rmsprop.js';
export * from './schedules.js';
export * from './sgd.js';
