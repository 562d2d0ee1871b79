import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import type { CallFailure } from './caller.js';
import type { Answer } from './redact.js';

/** What was read of AWS, redacted: one file, from which the same audit can be made again. */
export interface Recording {
  readonly drainlintRecording: 1;
  readonly recordedAt: string;
  readonly services: readonly RecordedService[];
  readonly queues: readonly RecordedQueue[];
  readonly caches: readonly RecordedCache[];
  readonly brokers: readonly RecordedBroker[];
  /** Calls that gave no answer. */
  readonly failures: readonly CallFailure[];
}

export interface RecordedService {
  readonly arn: string;
  readonly service: Answer;
  readonly taskDefinition?: Answer;
  readonly tags: Readonly<Record<string, string>>;
  readonly stoppedTasks: readonly Answer[];
  readonly protectedCount: number;
  readonly scaling?: { readonly minimum: number; readonly maximum: number; readonly metrics: readonly string[] };
}
export interface RecordedQueue { readonly arn: string; readonly url: string; readonly name: string; readonly visibilityTimeout: number; readonly redrivePolicy?: string; /** Messages that can be received: a day ago, and now. */ readonly visible?: readonly [number, number] }
export interface RecordedCache { readonly arn: string; readonly name: string; readonly engine: string; readonly automaticFailover: boolean; readonly policy?: string; readonly parameterGroup?: string; /** Keys that were evicted within a day. */ readonly evictions?: number }
export interface RecordedBroker { readonly arn: string; readonly name: string; readonly engine: string; readonly deploymentMode: string }

export const EMPTY: Omit<Recording, 'recordedAt'> = { drainlintRecording: 1, services: [], queues: [], caches: [], brokers: [], failures: [] };

/** Writes all of it or nothing. Throws what the file system throws. */
export function writeRecording(file: string, recording: Recording): void {
  const draft = `${file}.${process.pid}.part`;
  writeFileSync(draft, `${JSON.stringify(recording, null, 1)}\n`);
  renameSync(draft, file);
}

/** A recording as it was written. Throws an Error that says what is wrong with the file. */
export function readRecording(file: string): Recording {
  const fail = (what: string): never => { throw new Error(`${file} ${what}`); };
  let text = '';
  try { text = readFileSync(file, 'utf8'); } catch (error) { return fail(`cannot be read (${(error as NodeJS.ErrnoException).code})`); }
  let found: unknown;
  try { found = JSON.parse(text); } catch { return fail('is no JSON'); }
  const read = found as Partial<Recording> | null;
  if (typeof read !== 'object' || read === null || read.drainlintRecording === undefined) return fail('is no recording of drainlint live --record');
  if (read.drainlintRecording !== 1) return fail(`is a recording of version ${String(read.drainlintRecording)}, and this drainlint reads 1`);
  if (read.recordedAt !== undefined && typeof read.recordedAt !== 'string') fail('has a recordedAt that is no text');
  for (const [key, shape] of Object.entries(SHAPES)) {
    const list = (read as Answer)[key] ?? [];
    if (!Array.isArray(list) || !list.every(isObject)) return fail(`has ${key} that are no list`);
    for (const [i, one] of list.entries()) {
      const wrong = Object.keys(shape).find(name => !shape[name]!(one[name]));
      if (wrong !== undefined) fail(`has no ${wrong} in ${key}[${i}] as --record writes it`);
    }
  }
  return { ...EMPTY, recordedAt: new Date(0).toISOString(), ...read, drainlintRecording: 1 };
}

type Check = (value: unknown) => boolean;
const isText: Check = value => typeof value === 'string';
const isNumber: Check = value => typeof value === 'number';
const isObject = (value: unknown): value is Answer => typeof value === 'object' && value !== null && !Array.isArray(value);
const listOf = (fits: Check): Check => value => Array.isArray(value) && value.every(fits);
const maybe = (fits: Check): Check => value => value === undefined || fits(value);
const like = (shape: Readonly<Record<string, Check>>): Check => value => isObject(value) && Object.entries(shape).every(([name, fits]) => fits(value[name]));

/** What is read of each list's members without looking again. What AWS answered is looked at where it is read. */
const SHAPES: Readonly<Record<'services' | 'queues' | 'caches' | 'brokers' | 'failures', Readonly<Record<string, Check>>>> = {
  services: {
    arn: value => isText(value) && /^arn:[\w-]+:ecs:/.test(value as string), service: isObject, taskDefinition: maybe(isObject), tags: value => isObject(value) && Object.values(value).every(isText),
    stoppedTasks: listOf(isObject), protectedCount: isNumber, scaling: maybe(like({ minimum: isNumber, maximum: isNumber, metrics: listOf(isText) })),
  },
  queues: { arn: isText, url: isText, name: isText, visibilityTimeout: isNumber, redrivePolicy: maybe(isText), visible: maybe(value => listOf(isNumber)(value) && (value as readonly number[]).length === 2) },
  caches: { arn: isText, name: isText, engine: isText, automaticFailover: value => typeof value === 'boolean', policy: maybe(isText), parameterGroup: maybe(isText), evictions: maybe(isNumber) },
  brokers: { arn: isText, name: isText, engine: isText, deploymentMode: isText },
  failures: { call: isText, region: isText, message: isText, kind: isText },
};
