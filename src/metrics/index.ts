export * from './accuracy.js';
export * from './class-figures.js';
export * from './confusion-matrix.js';
export * from './metric.js';
export * from './regression.js';
export * from './roc-auc.js';
export * from './rows.js';
