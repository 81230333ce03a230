export { DivergenceError, type LossTrend } from './divergence.js';
export * from './files.js';
export type { ModelState } from './model-state.js';
export * from './recovery.js';
export type { SavedState } from './saved-state.js';
export { restoreSnapshot, type Snapshot, takeSnapshot } from './snapshot.js';
export type * from './stateful.js';
