import type { Confidence, DrainNeed, Encoding, Fix, Join, Problem, Scalar, Setting, Severity, Slot, SourceLocation, TextEdit, Worker, WorkUnit } from '../model/index.js';
import { CONFIDENCES, place, spotOf } from '../model/index.js';

export { fateOfStop, outcomeOfKill } from '../fate/index.js';

/** What a verdict rests on: a value, a drain need, or a confidence found elsewhere. */
export type Evidence = Setting<unknown> | DrainNeed | Confidence | undefined;

/** The parts of a Worker or a Scheduler that say how sure it is. */
export interface Joined { readonly role: Worker['role']; readonly joins: readonly Join[] }

/** The steps from a service to the argv: what rules about containers and services rest on. */
const START: readonly Join['step'][] = ['service', 'build', 'command'];

/** The weakest of the given confidences. */
export function weakest(...confidences: readonly Confidence[]): Confidence {
  return CONFIDENCES[Math.max(0, ...confidences.map(one => CONFIDENCES.indexOf(one)))]!;
}

/** How sure a finding about this worker is: every join up to its task functions, and the values it rests on. A copy for developers is low. */
export function confidenceOf(worker: Joined, ...evidence: readonly Evidence[]): Confidence {
  return worker.role === 'development' ? 'low' : weakest(...worker.joins.map(ofJoin), ...evidence.map(ofEvidence));
}

/** The same for findings that do not use the app: the joins from the service to the command alone. */
export function startConfidence(process: Joined, ...evidence: readonly Evidence[]): Confidence {
  return confidenceOf({ role: process.role, joins: process.joins.filter(join => START.includes(join.step)) }, ...evidence);
}

/** How sure a finding about a whole app is: whether a command names it, and the values it rests on. Commands for developers say how it starts there, not what its code says. */
export function appConfidence(app: Pick<WorkUnit, 'workers' | 'reach'>, ...evidence: readonly Evidence[]): Confidence {
  if (app.workers.length > 0 && app.workers.every(worker => worker.role === 'development')) return weakest('medium', ...evidence.map(ofEvidence));
  return weakest(app.reach === 'written' ? 'high' : 'medium', ...evidence.map(ofEvidence));
}

const ofJoin = (join: Join): Confidence => (join.how === 'by-name' || join.how === 'only-candidate' ? 'medium' : 'high');

/** Nothing but its name says that it takes messages: what is found is advice. */
export const adviceWhereNamed = ({ joins }: Pick<Joined, 'joins'>, severity: Severity): Severity => (joins.some(({ how }) => how === 'by-name') ? 'note' : severity);

function ofEvidence(evidence: Evidence): Confidence {
  if (evidence === undefined) return 'high';
  if (typeof evidence === 'string') return evidence;
  if ('is' in evidence) return evidence.is === 'unknown' ? 'medium' : evidence.confidence;
  if (evidence.state === 'set') return evidence.certainty === 'written' ? 'high' : 'medium';
  return evidence.state === 'unset' ? 'high' : 'medium';
}

/** Error only where the platform is known: without an ECS definition nothing says which stop a container gets. */
export function capped(severity: Severity, { platform }: Pick<Worker, 'platform'>): Severity {
  return platform === 'unknown' && severity === 'error' ? 'warning' : severity;
}

/** The fields that say which worker a problem is about, so that equal ones of several environments merge. */
export function about(process: { readonly id: string; readonly environment?: string }): Pick<Problem, 'workers' | 'environments'> {
  return { workers: [process.id], ...(process.environment !== undefined && { environments: [process.environment] }) };
}

/** A suggestion, with a word on what keeps the change from being applied. */
export function unlessFrozen(setting: Setting<unknown>, suggestion: string): string {
  const frozen = setting.state === 'unknown' ? undefined : setting.frozen;
  return frozen ? `${suggestion}; ignore_changes (${place(frozen)}) keeps Terraform from applying it: change it where the task definition is registered, or take it out of the list` : suggestion;
}

/** Writes `value` where the setting stands, or can be added. undefined: nobody knows where, or an environment variable may overrule it. */
export function fixTo(setting: Setting<unknown>, value: Scalar, safety: Fix['safety'], title?: string): Fix | undefined {
  if (setting.state === 'unknown' || (setting.state === 'set' && setting.certainty === 'unless-environment')) return undefined;
  return fixAt(setting.slots, value, safety, title);
}

/** Writes `value` at the first of the slots that takes one: a value there is replaced before one is added. */
export function fixAt(slots: readonly Slot[], value: Scalar, safety: Fix['safety'], title = `write ${String(value)}`): Fix | undefined {
  const slot = slots.find(({ kind }) => kind === 'replace') ?? slots.find(({ kind }) => kind === 'insert');
  return slot && { title, safety, edits: [editAt(slot, value)] };
}

/** Several fixes as one, made whole or not at all; what two of them would write at one place is written once. */
export function together(fixes: readonly Fix[]): Fix | undefined {
  const edits = new Map(fixes.flatMap(fix => fix.edits).map(edit => [JSON.stringify(edit), edit]));
  return fixes[0] && { ...fixes[0], edits: [...edits.values()] };
}

/** Writes code at each slot: nothing but what stands around it, or several arguments, laid out as the others there. */
export const codeAt = (slot: Slot, ...code: readonly string[]): TextEdit => ({ at: slot.at, text: (slot.before ?? '') + code.join(slot.between ?? ', ') + (slot.after ?? '') });

/** Writes options of a task where they go: arguments of its decorator, or attributes of its class. */
export const optionsAt = (slot: Slot, options: readonly (readonly [string, string | number])[]): TextEdit => codeAt(slot, ...options.map(([name, value]) => `${name}${slot.sign ?? '='}${value}`));

/** The edit that writes a scalar at a slot, in the slot's language. */
export function editAt(slot: Slot, value: Scalar): TextEdit {
  return { at: slot.at, text: (slot.before ?? '') + encode(value, slot.encoding) + (slot.after ?? '') };
}

/**
 * The text that would be written, for a suggestion: `"stopTimeout": 120`, and for several lines each of them. Where a value is only
 * replaced (or no place is known) `otherwise`.
 */
export function textToWrite(setting: Setting<unknown>, value: Scalar, otherwise: string): string {
  const slots = setting.state === 'unknown' ? [] : setting.slots;
  const slot = slots.some(({ kind }) => kind === 'replace') ? undefined : slots.find(({ kind }) => kind === 'insert');
  if (!slot) return otherwise;
  const lines = editAt(slot, value).text.replace(/^[\s,]+|(?<![\s,-])[\s,-]+$/g, '').split('\n').map(line => line.trim()).filter((line, _, all) => line !== '' || all.length === 1);
  return lines.map(line => `\`${line.replace(/^- /, '')}\``).join(', ');
}

/** Takes out what stands at the first slot of that kind. */
export function removeFix(slots: readonly Slot[], safety: Fix['safety'], title: string): Fix | undefined {
  const slot = slots.find(({ kind }) => kind === 'remove');
  return slot && { title, safety, edits: [{ at: slot.at, text: '' }] };
}

/** Writes `exec ` in front of a command of a shell. */
export function execFix(slots: readonly Slot[]): Fix | undefined {
  const slot = slots.find(({ kind }) => kind === 'insert');
  return slot && { title: 'write exec in front of the worker', safety: 'safe', edits: [{ at: slot.at, text: (slot.before ?? 'exec ') + (slot.after ?? '') }] };
}

/** A scalar as text of the innermost language, escaped for every language around it. No language: as it is. */
export function encode(value: Scalar, encoding: readonly Encoding[]): string {
  const inner = encoding.at(-1);
  const text = inner === undefined ? String(value ?? '') : LITERAL[inner](value);
  return encoding.slice(0, -1).reduceRight((escaped, outer) => WITHIN[outer](escaped), text);
}

const quoted = (value: Scalar): string => JSON.stringify(value);
const plainWord = /^[\w./:@%+,=-]+$/;

const LITERAL: Readonly<Record<Encoding, (value: Scalar) => string>> = {
  json: quoted, hcl: quoted,
  typescript: value => (typeof value === 'string' ? singleQuoted(value) : String(value)),
  yaml: value => (typeof value === 'string' && !isPlainYaml(value) ? quoted(value) : String(value)),
  python: value => (typeof value === 'string' ? singleQuoted(value) : value === null ? 'None' : typeof value === 'boolean' ? (value ? 'True' : 'False') : String(value)),
  shell: value => (plainWord.test(String(value)) ? String(value) : `'${String(value ?? '').replaceAll('\'', '\'\\\'\'')}'`),
  dockerfile: value => (typeof value === 'string' && !plainWord.test(value) ? quoted(value) : String(value ?? '')),
  // `%` starts an expansion in supervisord's configuration.
  ini: value => String(value ?? '').replaceAll('%', '%%'),
};

const escapedJson = (text: string): string => JSON.stringify(text).slice(1, -1);
const asIs = (text: string): string => text;
/** The same text inside a string (or a block) of an outer language. */
const WITHIN: Readonly<Record<Encoding, (text: string) => string>> = {
  json: escapedJson, hcl: escapedJson, typescript: text => text.replaceAll('\\', '\\\\').replaceAll('\'', '\\\''),
  python: text => text.replaceAll('\\', '\\\\').replaceAll('\'', '\\\''), yaml: asIs, shell: asIs, dockerfile: asIs, ini: asIs,
};

const singleQuoted = (value: string): string => `'${value.replaceAll('\\', '\\\\').replaceAll('\'', '\\\'').replaceAll('\n', '\\n')}'`;

/** YAML reads it back as this string without quotes. */
function isPlainYaml(value: string): boolean {
  return /^(?:[A-Za-z_/]|\.\.?\/)[\w./:@+-]*$/.test(value) && !value.endsWith(':') && !/^(true|false|yes|no|on|off|null|y|n)$/i.test(value)
    || /^\d+[a-z]+$/.test(value);
}

/** A duration as people say it: `90 s`, `15 min`, `2 h`. Seconds stay seconds up to 120. */
export function inWords(seconds: number): string {
  if (seconds > 120 && seconds % 3600 === 0) return `${seconds / 3600} h`;
  if (seconds > 120 && seconds % 60 === 0) return `${seconds / 60} min`;
  return `${seconds} s`;
}

/** `a, b and 2 more`: at most `limit` names. */
export function listed(names: readonly string[], limit = 3): string {
  if (names.length <= limit) return names.length < 2 ? names.join('') : `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`;
  return `${names.slice(0, limit).join(', ')} and ${names.length - limit} more`;
}

/** `1 worker`, `3 workers`. */
export function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

/** The stop as a chain: `SIGTERM → 30 s → SIGKILL: the running task is lost`. */
export function killedAfter(seconds: number, outcome: string): string {
  return `SIGTERM → ${seconds} s → SIGKILL: ${outcome}`;
}

/** Places as `related` entries that all say the same. */
export function relatedAt(places: readonly SourceLocation[], message: string): NonNullable<Problem['related']> {
  return places.map(at => ({ at, message }));
}

/** The first of each place, in order. */
export function oncePerPlace<T>(items: readonly T[], at: (item: T) => SourceLocation): readonly T[] {
  return [...new Map([...items].reverse().map(item => [spotOf(at(item)), item])).values()].reverse();
}
