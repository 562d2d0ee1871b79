import type { Reporter } from './options.js';

export type { Reporter, ReportOptions } from './options.js';

/** Every output format, loaded when it is asked for. */
export const reporters: Readonly<Record<string, () => Promise<Reporter>>> = {
  text: async () => (await import('./text.js')).text,
  concise: async () => (await import('./concise.js')).concise,
  json: async () => (await import('./json.js')).json,
  github: async () => (await import('./github.js')).github,
  markdown: async () => (await import('./markdown.js')).markdown,
  sarif: async () => (await import('./sarif.js')).sarif,
  gitlab: async () => (await import('./gitlab.js')).gitlab,
  junit: async () => (await import('./junit.js')).junit,
  rdjson: async () => (await import('./rdjson.js')).rdjson,
  html: async () => (await import('./html/index.js')).html,
};
