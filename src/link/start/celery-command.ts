import type { ConsumerCommand, SourceLocation } from '../../model/index.js';
import { BEAT_OPTIONS, GLOBAL_OPTIONS, WORKER_OPTIONS, type CliOption } from '../../knowledge/celery-cli.js';
import { likely, type Word } from '../process-environment.js';

/** A celery command line: the consumer it starts, and how it leaves the process that starts it. */
export interface CeleryCommand { readonly command: ConsumerCommand; readonly detached?: string; readonly workdir?: string }

/** `celery …` as an argv, the program first; undefined where no subcommand is known. Source: facts/celery.md 5.4. */
export function celeryCommand(argv: readonly Word[], at: SourceLocation): CeleryCommand | undefined {
  const global = readOptions(argv.slice(1), GLOBAL_OPTIONS, true);
  const name = likely(global.rest[0]);
  const after = global.rest.slice(1);
  switch (name) {
    case 'worker': return commandOf('celery-worker', argv, at, [global, readOptions(after, [...WORKER_OPTIONS, ...GLOBAL_OPTIONS], false)]);
    case 'beat': return commandOf('celery-beat', argv, at, [global, readOptions(after, [...BEAT_OPTIONS, ...GLOBAL_OPTIONS], false)]);
    case 'multi': {
      const action = likely(after[0]);
      if (action !== 'start' && action !== 'restart') return undefined;
      return { ...commandOf('celery-worker', argv, at, [global, readOptions(after.slice(1), [...WORKER_OPTIONS, ...GLOBAL_OPTIONS], false)]), detached: 'celery multi' };
    }
    case undefined: return undefined;
    default: return { command: { kind: 'celery-other', text: textOf(argv), at, options: new Map(), unknownOptions: new Map(), overrides: new Map() } };
  }
}

const textOf = (argv: readonly Word[]): string => argv.map(word => word.text).join(' ');

interface Read {
  readonly options: ReadonlyMap<string, string | true>;
  readonly unknown: ReadonlyMap<string, string>;
  /** `-A` as a word. */
  readonly app?: Word;
  readonly workdir?: string;
  readonly rest: readonly Word[];
}

function commandOf(kind: ConsumerCommand['kind'], argv: readonly Word[], at: SourceLocation, [global, own]: readonly [Read, Read]): CeleryCommand {
  const options = new Map([...global.options, ...own.options]);
  const unknownOptions = new Map([...global.unknown, ...own.unknown]);
  const app = own.app ?? global.app;
  const queues = options.get('--queues');
  const overrides = new Map(own.rest.flatMap(word => {
    const pair = word.known ? /^([A-Za-z_][\w.]*)=(.*)$/s.exec(word.text) : null;
    return pair ? [[pair[1]!, pair[2]!] as const] : [];
  }));
  const workdir = own.workdir ?? global.workdir;
  return {
    command: {
      kind, text: textOf(argv), at, options, unknownOptions, overrides,
      ...(app && { app: app.known ? app.text : app.fallback ?? app.text }),
      ...(typeof queues === 'string' && { queues: queues.split(',').map(queue => queue.trim()).filter(Boolean) }),
    },
    ...(options.has('--detach') && { detached: '--detach' }), ...(workdir !== undefined && { workdir }),
  };
}

/** `untilWord`: stop at the first word that is no option (the subcommand); else such words are skipped and kept. */
function readOptions(words: readonly Word[], known: readonly CliOption[], untilWord: boolean): Read {
  const options = new Map<string, string | true>(), unknown = new Map<string, string>();
  const rest: Word[] = [];
  let app: Word | undefined, workdir: string | undefined;
  const keep = (option: CliOption, value: Word | undefined): void => {
    if (!option.value) { options.set(option.long, true); return; }
    if (!value) return;
    if (option.long === '--app') app = value;
    if (option.long === '--workdir') workdir = likely(value);
    if (value.known) options.set(option.long, value.text); else { options.delete(option.long); unknown.set(option.long, value.text); }
  };
  for (let i = 0; i < words.length; i++) {
    const word = words[i]!;
    const text = word.text;
    if (text === '--') continue;
    if (!text.startsWith('-') || text === '-') {
      if (untilWord) return { options, unknown, ...(app && { app }), ...(workdir !== undefined && { workdir }), rest: words.slice(i) };
      if (!word.known && text.startsWith('$')) for (const long of optionsBehind(text, known)) unknown.set(long, text);
      rest.push(word);
    } else if (text.startsWith('--')) {
      const sign = text.indexOf('=');
      const option = byLong(known, sign < 0 ? text : text.slice(0, sign));
      if (!option) continue;
      keep(option, !option.value ? undefined : sign < 0 ? words[++i] : after(word, sign + 1));
    } else i += cluster(word, words[i + 1], known, keep);
  }
  return { options, unknown, ...(app && { app }), ...(workdir !== undefined && { workdir }), rest };
}

/** `$CELERY_OPTIONS`, `$WORKER_CONCURRENCY`: the options an unread variable in their place can hold, by its name. */
function optionsBehind(text: string, known: readonly CliOption[]): readonly string[] {
  const values = known.filter(option => option.value).map(option => option.long);
  if (/OPT|ARG|FLAG|EXTRA|PARAM/i.test(text)) return values.filter(long => long !== '--app');
  return values.filter(long => long.length > 5 && text.toLowerCase().replaceAll('_', '-').includes(long.slice(2)));
}

const byLong = (known: readonly CliOption[], name: string): CliOption | undefined => known.find(option => option.long === name || option.also?.includes(name));

/** The part of a word behind its first characters, as known as the word. */
function after(word: Word, from: number): Word {
  const cut = (text: string | undefined): string | undefined => text?.slice(from);
  const fallback = cut(word.fallback), guess = cut(word.guess);
  return { text: word.text.slice(from), known: word.known, at: word.at, ...(fallback !== undefined && { fallback }), ...(guess !== undefined && { guess }) };
}

/** `-EB`, `-c4`, `-l INFO`: how many further words it takes. */
function cluster(word: Word, next: Word | undefined, known: readonly CliOption[], keep: (option: CliOption, value: Word | undefined) => void): number {
  for (let i = 1; i < word.text.length; i++) {
    const option = known.find(candidate => candidate.short?.includes(`-${word.text[i]}`));
    if (!option) return 0;
    if (!option.value) { keep(option, undefined); continue; }
    if (i + 1 < word.text.length) { keep(option, after(word, word.text[i + 1] === '=' ? i + 2 : i + 1)); return 0; }
    keep(option, next);
    return 1;
  }
  return 0;
}
