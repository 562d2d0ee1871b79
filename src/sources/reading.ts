import type { Analyzer, Facts, Format } from '../model/index.js';
import { startOf, timed } from '../model/index.js';
import { HEAVIEST_FILE, thousands, weightOf } from './weight.js';

/** What a word costs where not one: each value of a template keeps its place and how it is mended, and each word of a command besides what it means. */
const COSTS: Partial<Readonly<Record<Format, number>>> = { compose: 4, dockerfile: 4, 'process-manager': 4, 'entry-script': 4, cloudformation: 2, 'ecs-json': 2, terraform: 2, 'terraform-plan': 2, copilot: 2 };

interface Fitting { readonly format: Format; readonly analyzer: Analyzer }

/**
 * The facts of a file by the first analyzer that recognises it, with what they weigh; undefined: none does, or there is no room for it (`hasRoom`, asked before
 * anything is spent). A file that is too heavy by itself says so. Throws what an analyzer throws.
 */
export function factsOf(path: string, text: string, fitting: readonly Fitting[], hasRoom: (weight: number) => boolean): Facts | undefined {
  const words = weightOf(text);
  if (words <= HEAVIEST_FILE && !hasRoom(words)) return undefined;
  const found = fitting.find(({ analyzer }) => analyzer.recognises(path, text));
  if (!found) return undefined;
  const { format, analyzer } = found;
  const cost = COSTS[format] ?? 1, weight = words * cost;
  if (weight > HEAVIEST_FILE) return { path, format, comments: [], weight: 0, problems: [{ message: `${thousands(words)} words and signs are more than the ${thousands(HEAVIEST_FILE / cost)} that are read of one file`, at: startOf(path) }] };
  return hasRoom(weight) ? { ...timed(format, () => analyzer.facts(text, path)), weight } : undefined;
}
