import type { Effect, EffectKind, SourceLocation } from '../../model/index.js';
import { SLOW } from '../../model/index.js';
import { ANYTHING, changes, type Asked, type Written } from './state.js';

/** One way of an `if`, at one visit to it. */
export interface Way { readonly fork: object; readonly taken: boolean }

/** When an effect comes, in calls, and on which ways. */
interface Standing { readonly kind: EffectKind; readonly step: number; readonly ways: readonly Way[] | undefined }
/** What a function does. `stepOf`: when a call was made first. */
interface Done { readonly effects: readonly Standing[]; readonly writes: readonly (Written & Omit<Standing, 'kind'> & { /** Where an error is handled. */ readonly handling: boolean })[]; readonly stepOf: ReadonlyMap<SourceLocation, number> }

/** No run comes to both: they stand on two ways of one question. */
const areApart = (one: Pick<Standing, 'ways'>, other: Pick<Standing, 'ways'>): boolean => one.ways?.some(({ fork, taken }) => other.ways?.some(way => way.fork === fork && way.taken !== taken)) === true;

/** What is written in front of a question is there in the first run, too; what is written behind the effect comes too late for a run that is cut in the slow work between them. */
export function conditionOf(asked: readonly Asked[], found: Standing, { effects, writes, stepOf }: Done): Pick<Effect, 'conditional' | 'changedAt'> {
  if (asked.some(one => one.entity === ANYTHING)) return { conditional: 'open' };
  const behind = asked.flatMap(one => { const from = one.by && stepOf.get(one.by); return writes.filter(written => (from === undefined || written.step > from) && changes(written, one) && !areApart(written, found)); });
  if (behind.length === 0) return { conditional: 'steady' };
  const [first] = behind.filter(({ handling }) => !handling).sort((a, b) => a.step - b.step);
  if (!first || behind.some(({ step }) => step <= found.step)) return { conditional: 'open' };
  const isSlow = effects.some(other => SLOW.has(other.kind) && other.step > found.step && other.step < first.step && !areApart(other, found));
  return isSlow ? { conditional: 'late' } : { conditional: 'next', changedAt: first.at };
}
