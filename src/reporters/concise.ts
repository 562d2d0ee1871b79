import type { Report } from '../model/index.js';
import { clean } from './clean.js';
import { visible } from './options.js';

/** One line per finding, as editors and grep take it: `path:line:col: severity rule message`. */
export function concise(report: Report): string {
  return visible(report).map(({ at, severity, ruleId, message }) => clean(`${at.path}:${at.startLine}:${at.startColumn}: ${severity} ${ruleId} ${message}`) + '\n').join('');
}
