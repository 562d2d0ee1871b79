import type { Facts } from '../model/index.js';
import { procfileFacts, looksLikeProcfile } from './process-manager/procfile.js';
import { supervisordFacts } from './process-manager/supervisord.js';

const SUPERVISORD = /^[ \t\uFEFF]*\[(?:program:|supervisord\])/m;
const PROCFILE = /(?:^|\/)procfile(?:[._-][\w.-]*)?$/i;

/** A supervisord configuration by its sections, or a Procfile by its name and lines. */
export function recognises(path: string, text: string): boolean {
  return PROCFILE.test(path) ? looksLikeProcfile(text) : SUPERVISORD.test(text);
}

/** The programs that a process manager starts, as written: absent fields carry the place of their program. */
export function facts(text: string, path: string): Facts {
  return PROCFILE.test(path) ? procfileFacts(text, path) : supervisordFacts(text, path);
}
