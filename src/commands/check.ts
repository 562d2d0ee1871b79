import { audit } from '../audit.js';
import type { CheckFlags } from '../cli.js';
import { AuditError } from '../config.js';
import { diff, untilFixed, type Fixed } from '../fix.js';
import type { Report } from '../model/index.js';
import { editableText, writeText } from '../sources/edit-file.js';
import type { EarlierTree } from '../sources/revision.js';
import { checkNames, exitCode, loadRules, parseFormat, print, withFlags, writing } from './judging.js';
import { configFor, pathsOf, rootOf } from './run.js';
import { stopwatch } from './stopwatch.js';

/** `drainlint check`: audits, mends, prints. Resolves to the exit code. */
export async function check(given: readonly string[], flags: CheckFlags): Promise<number> {
  const outputs = (flags.format.length > 0 ? flags.format : ['text']).map(parseFormat);
  const paths = pathsOf(given);
  const root = rootOf(paths);
  const config = withFlags(await configFor(root, paths, flags.config), flags);
  if (flags.rule.length + flags.ignoreRule.length > 0) checkNames([...flags.rule, ...flags.ignoreRule], await loadRules());
  const watch = stopwatch();
  const earlier = flags.since === undefined ? undefined : await revision(root, flags.since);
  const run = (overlay?: ReadonlyMap<string, string>): Promise<Report> => audit({ root, paths, config, rules: loadRules, onProgress: watch.begin, measure: watch.add, ...(overlay && { overlay }), ...(earlier && { earlier }) });

  if (flags.diff) {
    const { before, changed } = await mend(run, root, flags);
    for (const [path, after] of changed) process.stdout.write(diff(path, editableText(root, path)!, after));
    watch.end(flags.timings);
    return exitCode(before, flags.failOn);
  }
  const report = flags.fix ? await mendFiles(run, root, flags) : await run();
  watch.begin('printing');
  for (const output of outputs) await print(report, output, flags);
  watch.end(flags.timings);
  return exitCode(report, flags.failOn);
}

async function revision(root: string, name: string): Promise<EarlierTree> {
  const { readRevision } = await import('../sources/revision.js');
  const found = readRevision(root, name);
  if (!found) throw new AuditError(`--since ${name}: git finds no such commit in ${root}`);
  return found;
}

type Run = (overlay?: ReadonlyMap<string, string>) => Promise<Report>;
const mend = (run: Run, root: string, { fix }: CheckFlags): Promise<Fixed> => untilFixed(run, fix === 'all' ? 'all' : 'safe', path => editableText(root, path));

async function mendFiles(run: Run, root: string, flags: CheckFlags): Promise<Report> {
  const { report, changed } = await mend(run, root, flags);
  for (const [path, after] of changed) writing(path, () => writeText(root, path, after));
  if (changed.size > 0) process.stderr.write(`mended ${[...changed.keys()].join(', ')}\n`);
  return report;
}
