import type { Report, SourceLocation } from '../model/index.js';
import { place, shorten } from '../model/index.js';
import { clean } from './clean.js';

interface Line { readonly kind: string; readonly at: SourceLocation; readonly text: string; readonly environment?: string }

/** What a report is about, a line each: workers and schedulers with the command and app they were joined to, consumers in TypeScript, apps that nothing starts. */
export function found({ model, scannedFiles }: Report): string {
  const started = (kind: string) => ({ name, environment, container, command, app }: (typeof model.workers)[number] | (typeof model.schedulers)[number]): Line => ({
    kind, at: container?.at ?? command.at, ...(environment !== undefined && { environment }),
    text: `${name}: ${shorten(command.text, 90)} (${place(command.at)}), ${app ? `app ${app.id} (${place(app.at)})` : 'its app is not joined'}`,
  });
  const lines = merged([
    ...model.workers.map(started('worker')), ...model.schedulers.map(started('scheduler')),
    ...model.consumers.map(({ kind, at, text }): Line => ({ kind: 'consumer', at, text: `${kind}: ${shorten(text, 90)}` })),
    ...model.apps.filter(app => app.workers.length === 0).map(({ id, at }): Line => ({ kind: 'app', at, text: `${id}, no worker command found` })),
  ]);
  if (lines.length === 0) return `found no worker, no consumer and no Celery app in ${scannedFiles} files\n`;
  return `found in ${scannedFiles} files:\n${lines.map(line => `  ${clean(line)}\n`).join('')}`;
}

/** What stands at one place in several environments is one line. */
function merged(lines: readonly Line[]): readonly string[] {
  const environments = new Map<string, string[]>();
  for (const { kind, at, text, environment } of lines) {
    const key = `${kind} ${place(at)} ${text}`;
    environments.set(key, [...environments.get(key) ?? [], ...(environment === undefined ? [] : [environment])]);
  }
  return [...environments].map(([text, names]) => (names.length === 0 ? text : `${text} [${names.join(', ')}]`));
}
