export { fateJson } from './json.js';
export { fateMarkdown } from './markdown.js';
export { fateText, type FateOptions } from './text.js';
export { isWorse, type FateReport } from './words.js';
