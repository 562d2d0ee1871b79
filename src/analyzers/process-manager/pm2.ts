import type { EnvironmentEntry, Expr, Facts, Field, ProgramFacts, ReadProblem } from '../../model/index.js';
import { literal, literalText } from '../../model/index.js';
import { parseJson } from '../../parsers/json.js';
import { entriesOf, itemsOf, textOf, valueOf, type DataEntry, type DataNode, type DataSource } from '../../parsers/nodes.js';
import { parseTypeScriptConstructs } from '../../parsers/typescript-constructs.js';
import { execCommand } from '../command.js';
import { fieldAt, fixedField, mapLiteral, placeOf, placeOfEntry, textExprOf, toNumber } from '../node-values.js';

/** pm2's ecosystem file, in JavaScript or JSON. Source: pm2.keymetrics.io, application declaration. */
export function pm2Facts(text: string, path: string): Facts {
  const problems: ReadProblem[] = [];
  const { root, source, comments } = rootOf(text, path, problems);
  const apps = root && (itemsOf(valueOf(root, 'apps')).length > 0 ? itemsOf(valueOf(root, 'apps')) : itemsOf(root));
  const programs = (apps ?? []).filter(app => app.is === 'map').flatMap((app, i) => programOf(app, i, source) ?? []);
  return { path, format: 'process-manager', comments, problems, processes: { manager: 'pm2', programs } };
}

function rootOf(text: string, path: string, problems: ReadProblem[]): { readonly root?: DataNode | undefined; readonly source: DataSource; readonly comments: Facts['comments'] } {
  if (/\.json$/i.test(path)) { const parsed = parseJson(text, path); problems.push(...parsed.problems); return parsed; }
  const parsed = parseTypeScriptConstructs(text, path);
  problems.push(...parsed.problems);
  return { root: parsed.exported, source: parsed.source, comments: parsed.comments };
}

/** Interpreters by the script's ending (pm2 lib/API/interpreter.json). */
const INTERPRETERS: Readonly<Record<string, string>> = { sh: 'bash', py: 'python3', rb: 'ruby', php: 'php', pl: 'perl', ts: 'bun', js: 'node', mjs: 'node', cjs: 'node' };

function programOf(app: DataNode, index: number, source: DataSource): ProgramFacts | undefined {
  const script = valueOf(app, 'script');
  if (!script) return undefined;
  const at = placeOf(script, source);
  const name = textOf(valueOf(app, 'name')) ?? `app ${index + 1}`;
  const first = textExprOf(script, source);
  const ending = /\.(\w+)$/.exec(literalText(first) ?? '')?.[1] ?? '';
  const interpreter = textOf(valueOf(app, 'interpreter')) ?? textOf(valueOf(app, 'exec_interpreter')) ?? INTERPRETERS[ending] ?? 'none';
  const args = valueOf(app, 'args');
  const rest: readonly Expr[] = args?.is === 'list' ? args.items.map(item => textExprOf(item, source)) : (textOf(args) ?? '').split(/\s+/).filter(word => word !== '').map(word => literal(word, placeOf(args!, source)));
  const words = [...(interpreter === 'none' ? [] : [literal(interpreter, at)]), first, ...rest];
  const absent = fixedField(at);
  const directory = textOf(valueOf(app, 'cwd'));
  return {
    name, at, command: execCommand(words, at, words.map(word => literalText(word) ?? '…').join(' '), []), ...(directory !== undefined && { directory }),
    environment: [...environmentOf(valueOf(app, 'env'), source), ...environmentOf(valueOf(app, 'env_production'), source)],
    stopWait: inMilliseconds(fieldAt(app, ['kill_timeout'], { source, owner: at, turn: toNumber })), stopSignal: absent, stopAsGroup: absent, killAsGroup: absent, processCount: fieldAt(app, ['instances'], { source, owner: at, turn: toNumber }), autostart: absent,
  };
}

const environmentOf = (node: DataNode | undefined, source: DataSource): readonly EnvironmentEntry[] => entriesOf(node).map((entry: DataEntry) => ({ name: entry.key, value: textExprOf(entry.value, source), at: placeOfEntry(entry, source) }));

/** Seconds, where the file has milliseconds: what is written gets three zeros. */
function inMilliseconds(field: Field): Field {
  const value = field.value && mapLiteral(field.value, number => (typeof number === 'number' ? number / 1000 : undefined));
  return { ...field, ...(value && { value }), slots: field.slots.map(slot => ({ ...slot, after: `000${slot.after ?? ''}` })) };
}
