export * from './accuracy.js';
export * from './metric.js';
