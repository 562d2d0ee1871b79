import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** What was measured, as committed: a row for each experiment, tab separated. */
export interface Outcome {
  readonly id: string;
  /** Runs whose preconditions held. */
  readonly valid: number;
  /** Each set of verdicts that came, one for each message, and how often. */
  readonly verdicts: readonly { readonly each: readonly string[]; readonly times: number }[];
  /** As printed: ranges of s, counts; for who reads the table. */
  readonly again: string; readonly gone: string; readonly killed: string; readonly held: string;
  readonly invalid: number;
  /** Products and versions; older tables have them in the id. */
  readonly software: string;
}

const FOLDER = fileURLToPath(new URL('measured/', import.meta.url));
const HEAD = ['experiment', 'valid repeats', 'verdicts (per task)', 'second start after event, s', 'container gone after, s', 'SIGKILLed', 'broker after the stop (waiting,unacked)', 'invalid runs', 'with'];

/** Every committed row of the tables `names`; of all of them unless said. */
export function readOutcomes(names: readonly string[] = readdirSync(FOLDER).filter(name => name.endsWith('.tsv')).sort()): readonly Outcome[] {
  return names.flatMap(name => (existsSync(FOLDER + name) ? readFileSync(FOLDER + name, 'utf8').trim().split('\n').slice(1) : [])).map(line => {
    const [id = '', valid = '0', verdicts = '', again = '', gone = '', killed = '', held = '', invalid = '0', software = ''] = line.split('\t');
    return {
      id, valid: Number(valid), again, gone, killed, held, invalid: Number(invalid), software,
      verdicts: verdicts.split('; ').filter(Boolean).map(part => { const [, each = '', times = '1'] = /^(.*?)(?: x(\d+))?$/.exec(part)!; return { each: each.split(','), times: Number(times) }; }),
    };
  });
}

/** `lost 2 of 3; rerun 1 of 3`; of several messages which fate each met, or how many met which; and where there was a stop, whether it took SIGKILL. */
export function outcomeText({ verdicts, valid, killed }: Outcome): string {
  const fates = verdicts.map(({ each, times }) => `${new Set(each).size === 1 ? each[0] : each.length <= 4 ? `${each.join(', ')}:` : `${countsOf(each)}:`} ${times} of ${valid}`);
  return [...fates, ...(killed ? [`SIGKILL ${killed.replace('/', ' of ')}`] : [])].join('; ');
}
const countsOf = (each: readonly string[]): string => [...new Set(each)].map(verdict => `${each.filter(one => one === verdict).length} ${verdict}`).join(', ');

const wordsOf = (verdicts: Outcome['verdicts']): string => verdicts.map(({ each, times }) => `${each.join(',')} x${times}`).join('; ');

/** Puts rows into a table in the place of those with the same id. */
export function writeOutcomes(name: string, rows: readonly Outcome[]): void {
  const all = new Map([...readOutcomes([name]), ...rows].map(row => [row.id, row]));
  const lines = [...all.values()].sort((a, b) => (a.id < b.id ? -1 : 1)).map(row => [row.id, row.valid, wordsOf(row.verdicts), row.again, row.gone, row.killed, row.held, row.invalid, row.software].join('\t'));
  writeFileSync(FOLDER + name, [HEAD.join('\t'), ...lines].join('\n') + '\n');
}

/** `stop-outlives/5.6.3/redis/prefork/early` is the experiment `stop-outlives/prefork/early` with Celery 5.6.3 and Redis; other ids name no version. */
export function experimentOf(id: string): { readonly experiment: string; readonly version?: string; readonly broker?: string } {
  const [, group, version, broker, rest] = /^([^/]+)\/(5\.[\d.]+)\/([^/]+)(?:\/(.*))?$/.exec(id) ?? [];
  return group === undefined ? { experiment: id } : { experiment: [group, rest].filter(Boolean).join('/'), version: version!, broker: broker! };
}
