import type { Facts } from '../model/index.js';
import { pm2Facts } from './process-manager/pm2.js';

/** pm2's ecosystem file, by what it says of its apps. `loadTypeScript` of the parser must have been awaited. */
export function recognises(path: string, text: string): boolean {
  return /(?:^|\/)(?:ecosystem|pm2|process|processes)[\w.-]*\.(?:[cm]?js|json)$/i.test(path) && /\bapps\b["']?\s*:/.test(text) && /\bscript\b["']?\s*:/.test(text);
}

/** The programs that pm2 starts. */
export function facts(text: string, path: string): Facts {
  return pm2Facts(text, path);
}
