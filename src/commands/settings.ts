import { audit } from '../audit.js';
import type { CheckFlags } from '../cli.js';
import { jsonText } from '../reporters/clean.js';
import { inventory } from '../reporters/inventory.js';
import { settings as table } from '../reporters/settings.js';
import { configFor, pathsOf, readingFor, rootOf, wantsColor } from './run.js';

/** `drainlint settings`: what every worker really runs with. */
export async function settings(given: readonly string[], flags: { readonly format: string } & Pick<CheckFlags, 'config' | 'cache' | 'readAll' | 'verbose' | 'color'>): Promise<number> {
  const paths = pathsOf(given);
  const root = rootOf(paths);
  const kept = readingFor(root, flags);
  const report = await audit({ root, paths, config: await configFor(root, paths, flags.config), rules: [], ...kept });
  kept.save();
  process.stdout.write(flags.format === 'json' ? jsonText(inventory(report.model)) : table(report, { color: wantsColor(flags.color), verbose: flags.verbose === true }));
  return 0;
}
