import { audit } from '../audit.js';
import type { CheckFlags } from '../cli.js';
import { AuditError } from '../config.js';
import { diff } from '../fix.js';
import type { Report } from '../model/index.js';
import type { EarlierTree } from '../sources/revision.js';
import { checkNames, exitCode, loadRules, parseFormat, print, withFlags } from './judging.js';
import { mend, write } from './mending.js';
import { configFor, pathsOf, rootOf } from './run.js';
import { stopwatch } from './stopwatch.js';

/** `drainlint check`: audits, mends, prints. Resolves to the exit code. */
export async function check(given: readonly string[], flags: CheckFlags): Promise<number> {
  const started = Date.now();
  const outputs = (flags.format.length > 0 ? flags.format : ['text']).map(parseFormat);
  const paths = pathsOf(given);
  const root = rootOf(paths);
  const config = withFlags(await configFor(root, paths, flags.config), flags);
  if (flags.rule.length + flags.ignoreRule.length > 0) checkNames([...flags.rule, ...flags.ignoreRule], await loadRules());
  const watch = stopwatch();
  const earlier = flags.since === undefined ? undefined : await revision(root, flags.since);
  const run = (overlay?: ReadonlyMap<string, string>): Promise<Report> => audit({ root, paths, config, rules: loadRules, onProgress: watch.begin, measure: watch.add, ...(overlay && { overlay }), ...(earlier && { earlier }) });

  const mended = flags.fix || flags.diff ? await mend(run, root, flags.fix === 'all' ? 'all' : 'safe', started) : undefined;
  if (mended && flags.diff) {
    for (const { file, text } of mended.files) process.stdout.write(diff(file.path, file.mark + file.text, file.mark + text));
    watch.end(flags.timings);
    return exitCode(mended.before, flags.failOn);
  }
  const isWritten = !mended || write(mended);
  // what could not be written is still to be reported
  const report = mended && isWritten ? mended.report : await run();
  watch.begin('printing');
  for (const output of outputs) await print(report, output, flags);
  watch.end(flags.timings);
  return isWritten ? exitCode(report, flags.failOn) : 2;
}

async function revision(root: string, name: string): Promise<EarlierTree> {
  const { readRevision } = await import('../sources/revision.js');
  const found = readRevision(root, name);
  if (!found) throw new AuditError(`--since ${name}: git finds no such commit in ${root}`);
  return found;
}
