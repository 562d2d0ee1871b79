import type { Facts } from '../model/index.js';
import { looksLikeProcfile, procfileFacts } from './process-manager/procfile.js';
import { supervisordFacts } from './process-manager/supervisord.js';
import { systemdFacts } from './process-manager/systemd.js';

const SUPERVISORD = /^[ \t\uFEFF]*\[(?:program:|supervisord\])/m;
const PROCFILE = /(?:^|\/)procfile(?:[._-][\w.-]*)?$/i;
/** A unit, also one that a pipeline fills in. */
const UNIT = /\.service(?:\.(?:j2|in|tmpl|template|example))?$/i;

/** A supervisord configuration by its sections, a service unit of systemd by its name and section, or a Procfile by its name and lines. */
export function recognises(path: string, text: string): boolean {
  if (UNIT.test(path)) return /^[ \t]*\[Service\]/m.test(text);
  return PROCFILE.test(path) ? looksLikeProcfile(text) : SUPERVISORD.test(text);
}

/** The programs that a process manager starts, as written: absent fields carry the place of their program. */
export function facts(text: string, path: string): Facts {
  return UNIT.test(path) ? systemdFacts(text, path) : PROCFILE.test(path) ? procfileFacts(text, path) : supervisordFacts(text, path);
}
