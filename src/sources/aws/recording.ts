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
  const isList = (value: unknown): boolean => value === undefined || (Array.isArray(value) && value.every(one => typeof one === 'object' && one !== null));
  for (const key of ['services', 'queues', 'caches', 'brokers', 'failures'] as const) if (!isList(read[key])) fail(`has ${key} that are no list`);
  if (!(read.services ?? []).every(one => /^arn:[\w-]+:ecs:/.test(one.arn) && typeof one.service === 'object' && Array.isArray(one.stoppedTasks))) fail('has a service without an ARN, an answer or its stopped tasks');
  return { ...EMPTY, recordedAt: new Date(0).toISOString(), ...read, drainlintRecording: 1 };
}
