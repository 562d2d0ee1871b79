export * from './location.js';
export * from './expression.js';
export * from './code.js';
export * from './facts.js';
export * from './model.js';
export * from './rule.js';
export * from './store.js';
export * from './nearest.js';
