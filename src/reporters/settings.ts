import type { Report } from '../model/index.js';
import { clean, columns } from './clean.js';
import { effectiveOfApp, effectiveOfWorker, type Effective, type EffectiveRow } from './effective.js';
import type { ReportOptions } from './options.js';
import { painter, type Paint } from './paint.js';

/** The effective settings of every worker: value, where it comes from, what it overrides, what is written without effect and what is never read. */
export function settings(report: Report, { color, verbose }: ReportOptions): string {
  const paint = painter(color);
  const { workers, apps } = report.model;
  const alone = apps.filter(app => app.workers.length === 0);
  if (workers.length === 0 && alone.length === 0) return `no Celery worker or app found in ${report.scannedFiles} files\n`;
  return [...workers.map(worker => effectiveOfWorker(worker, verbose)), ...alone.map(app => effectiveOfApp(app, verbose))].map(effective => printed(effective, paint)).join('\n');
}

function printed({ heading, facts, rows, ownOptions, neverRead, noEffect }: Effective, paint: Paint): string {
  const list = (title: string, lines: readonly string[]): readonly string[] => (lines.length === 0 ? [] : ['', `  ${paint('bold', title)}`, ...lines.map(line => `    ${line}`)]);
  const withOrigin = ({ text, origin }: Effective['neverRead'][number]): string => `${clean(text)}  ${paint('dim', clean(origin))}`;
  return [
    paint('bold', clean(heading)), ...facts.map(([name, value]) => `  ${paint('dim', name.padEnd(12))}  ${clean(value)}`),
    ...(rows.length > 0 ? ['', ...table(rows, paint)] : []),
    ...list('options of task functions', ownOptions.map(withOrigin)),
    ...list('written, but never read by Celery', neverRead.map(withOrigin)),
    ...list('written without effect here', noEffect.map(clean)), '',
  ].join('\n');
}

function table(all: readonly EffectiveRow[], paint: Paint): readonly string[] {
  const rows = all.map(row => ({ ...row, name: clean(row.name), value: clean(row.value) }));
  const wide = (texts: readonly string[]): number => Math.max(0, ...texts.map(columns));
  const [nameWidth, valueWidth] = [wide(rows.map(row => row.name)), wide(rows.map(row => row.value))];
  return rows.flatMap(({ name, value, isWritten, origin, overridden }) => [
    `  ${pad(name, nameWidth)}  ${paint(isWritten ? 'bold' : 'dim', pad(value, valueWidth))}  ${clean(origin)}`,
    ...overridden.map(step => `  ${' '.repeat(nameWidth + valueWidth + 2)}  ${paint('dim', clean(`overrides ${step}`))}`),
  ]);
}

const pad = (text: string, width: number): string => text + ' '.repeat(Math.max(0, width - columns(text)));
