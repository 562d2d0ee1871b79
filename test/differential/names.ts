import type { Draft, Entry } from './draft.js';
import { choose, equalsPrefixed, equalsUpper, KNOWN, literalFor, type Known } from './pool.js';
import type { Random } from './random.js';

/** How the main configuration spells its names (facts 4.1): the namespace, and which rows it exercises. */
interface Naming { readonly rows: readonly string[]; readonly namespace?: string; write(chosen: readonly Known[], random: Random): Entry[] }

const entry = (random: Random, known: Known, key: string, code = literalFor(random, known)): Entry => ({ setting: known.setting, key, code });
const plain = (chosen: readonly Known[], random: Random, key: (known: Known) => string): Entry[] => chosen.map(known => entry(random, known, key(known)));
const prefixed = ({ setting }: Known): string => `CELERY_${setting.toUpperCase()}`;
const odd = (random: Random, fits: (known: Known) => boolean): Known[] => [...choose(random, 'bool', 1, fits), ...choose(random, 'number', 1, fits)];
const notIn = (chosen: readonly Known[]) => (known: Known): boolean => !chosen.includes(known);
const capitalised = (name: string): string => name.replace(/(^|_)([a-z])/g, (_, before: string, letter: string) => before + letter.toUpperCase());
const other = (code: string): string => (code === 'True' ? 'False' : code === 'False' ? 'True' : `${code} + 1`);

export const NAMINGS: Readonly<Record<string, Naming>> = {
  new: { rows: ['4.1-01'], write: (chosen, random) => plain(chosen, random, known => known.setting) },
  old: { rows: ['4.1-02'], write: (chosen, random) => plain(chosen, random, known => known.old) },
  mixed: { rows: ['4.1-03'], write: (chosen, random) => { const turn = random.below(2); return chosen.map((known, i) => entry(random, known, i % 2 === turn ? known.setting : known.old)); } },
  both: {
    rows: ['4.1-04'],
    write: (chosen, random) => {
      const [first, ...rest] = plain(chosen, random, known => known.setting), old = KNOWN.get(first!.setting)!.old;
      const pair = [first!, { ...first!, key: old, code: first!.code.startsWith("'") || first!.code.startsWith('{') ? first!.code : other(first!.code) }];
      return [...(random.chance(0.5) ? pair : pair.reverse()), ...rest];
    },
  },
  prefixed: { rows: ['4.1-05'], write: (chosen, random) => [...plain(chosen, random, known => known.setting), ...plain(odd(random, known => notIn(chosen)(known) && !equalsPrefixed(known)), random, prefixed)] },
  upper: {
    rows: ['4.1-06'],
    write: (chosen, random) => {
      const [a, b] = odd(random, known => notIn(chosen)(known) && !equalsUpper(known));
      return [...plain(chosen, random, known => known.setting), entry(random, a!, a!.setting.toUpperCase()), entry(random, b!, capitalised(b!.setting))];
    },
  },
  typo: {
    rows: ['4.1-14'],
    write: (chosen, random) => [...plain(chosen, random, known => known.setting), { setting: '', key: 'task_ack_late', code: 'True' }, { setting: '', key: random.pick(['worker_prefetch_multiplyer', 'task_timelimit', 'broker_transport_option']), code: '7' }],
  },
  text: { rows: ['4.1-15'], write: (chosen, random) => chosen.map(known => entry(random, known, known.setting, known.type === 'bool' ? random.pick(["'False'", "'True'", "''", "'0'"]) : known.type === 'int' && known.setting !== 'worker_prefetch_multiplier' ? "'17'" : undefined)) },
  namespace: { rows: ['4.1-07'], namespace: 'CELERY', write: (chosen, random) => plain(chosen, random, prefixed) },
  'namespace-old': { rows: ['4.1-08'], namespace: 'CELERY', write: (chosen, random) => [...plain(chosen, random, prefixed), ...plain(odd(random, known => notIn(chosen)(known) && !equalsPrefixed(known)), random, known => known.old), { setting: '', key: 'CELERY_PREFETCH_MULTIPLIER', code: '3' }] },
  'namespace-lower-case': { rows: ['4.1-09'], namespace: 'CELERY', write: (chosen, random) => [...plain(chosen, random, prefixed), ...plain(odd(random, notIn(chosen)), random, known => known.setting)] },
  'namespace-upper-case': { rows: ['4.1-10'], namespace: 'CELERY', write: (chosen, random) => [...plain(chosen, random, prefixed), ...plain(odd(random, known => notIn(chosen)(known) && !equalsUpper(known)), random, known => known.setting.toUpperCase())] },
  'namespace-wrong-case': {
    rows: ['4.1-11'], namespace: 'CELERY',
    write: (chosen, random) => { const [a, b] = odd(random, notIn(chosen)); return [...plain(chosen, random, prefixed), entry(random, a!, `celery_${a!.setting}`), entry(random, b!, `CELERY_${b!.setting}`)]; },
  },
  'namespace-lower': { rows: ['4.1-12'], namespace: 'celery', write: (chosen, random) => [...plain(chosen, random, known => `celery_${known.setting}`), ...plain(odd(random, known => notIn(chosen)(known) && !equalsPrefixed(known)), random, prefixed)] },
  'namespace-underscore': { rows: ['4.1-13'], namespace: 'CELERY_', write: (chosen, random) => plain(chosen, random, prefixed) },
  'namespace-same-as-old': { rows: ['4.1-16'], namespace: 'CELERY', write: (chosen, random) => [...plain(chosen, random, prefixed), ...plain(odd(random, known => notIn(chosen)(known) && equalsPrefixed(known)), random, known => known.old)] },
};

/** Settings and their spelling: at least one flag, one number and one text, so that every form of a value finds its place. */
export function writeNames(draft: Draft): void {
  const random = draft.random('names');
  const naming = NAMINGS[draft.forms.names!]!;
  const chosen = [...choose(random, 'bool', 1 + random.below(2)), ...choose(random, 'number', 1 + random.below(2)), ...choose(random, 'text', 1), ...(random.chance(0.3) ? choose(random, 'mapping', 1) : [])];
  draft.namespace = naming.namespace;
  draft.entries = naming.write(chosen, random);
  for (const { setting } of draft.entries) if (setting !== '') draft.written.add(setting);
  for (const row of naming.rows) draft.rows.add(row);
  if (draft.forms.names === 'typo') draft.constructor.push('not_a_setting=True');
  if (naming.namespace) draft.rows.add('style-02');
}
