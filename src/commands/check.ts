import { existsSync, lstatSync, realpathSync, statSync } from 'node:fs';
import { dirname, relative, resolve, sep } from 'node:path';
import { audit } from '../audit.js';
import type { Baseline } from '../baseline.js';
import type { CheckFlags } from '../cli.js';
import { AuditError, type Config } from '../config.js';
import { diff } from '../fix.js';
import type { Report } from '../model/index.js';
import { readText, replaceFile } from '../sources/edit-file.js';
import { gitRoot, isForeign, isInside } from '../sources/files.js';
import type { StagedTree } from '../sources/revision.js';
import { checkNames, exitCode, loadRules, parseFormat, print, withFlags, writing, type Output } from './judging.js';
import { mend, write } from './mending.js';
import { configFor, pathsOf, readingFor, revision, rootOf, stagedTree } from './run.js';
import { stopwatch } from './stopwatch.js';

/** `drainlint check`: audits, mends, prints. Resolves to the exit code. */
export async function check(given: readonly string[], flags: CheckFlags): Promise<number> {
  const started = Date.now();
  const outputs = (flags.format.length > 0 ? flags.format : ['text']).map(parseFormat);
  refuseTogether(flags);
  const places = pathsOf(given);
  const root = rootOf(places);
  const staged = flags.staged ? await stagedTree(root) : undefined;
  const paths = staged && given.length === 0 ? [root] : places;
  const config = withFlags(await configFor(root, places, flags.config, staged), flags);
  if (flags.rule.length + flags.ignoreRule.length > 0) checkNames([...flags.rule, ...flags.ignoreRule], await loadRules());
  if (flags.printConfig) {
    process.stdout.write((await import('./print-config.js')).printConfig(config, root, given[0], configFormat(outputs)));
    return 0;
  }
  const watch = stopwatch(flags.timings);
  const kept = readingFor(root, flags);
  const earlier = flags.since === undefined ? undefined : await revision(root, flags.since);
  const known = await readBaseline(root, config, flags, staged);
  const baseline = known && { ...known.baseline, update: flags.updateBaseline === true };
  const run = (overlay?: ReadonlyMap<string, string>): Promise<Report> => audit({ root, paths, config, rules: loadRules, ...kept, onProgress: watch.begin, ...(overlay && { overlay }), ...(earlier && { earlier }), ...(staged && { staged }), ...(baseline && { baseline }) });

  const mended = flags.fix || flags.diff ? await mend(run, root, flags.fix === 'all' ? 'all' : 'safe', started) : undefined;
  if (mended && flags.diff) {
    for (const { file, text } of mended.files) process.stdout.write(diff(file.path, file.mark + file.text, file.mark + text));
    kept.save();
    watch.end();
    return exitCode(mended.before, flags.failOn);
  }
  const isWritten = !mended || write(mended);
  // what could not be written is still to be reported
  const report = mended && isWritten ? mended.report : await run();
  for (const path of report.leftOut ?? []) process.stderr.write(`not audited: ${path} (${staged ? 'not in the index' : isForeign(path) ? 'in a folder of other people\'s code' : gitRoot(root) ? 'ignored by git' : 'in a virtual environment'})\n`);
  if (known && report.baseline) await writeBaseline(known, report, config.baseline !== undefined);
  watch.begin('printing');
  for (const output of outputs) await print(report, output, flags);
  watch.begin('keeping what was read');
  kept.save();
  watch.end();
  return isWritten ? exitCode(report, flags.failOn) : 2;
}

/** The configuration is printed as text or as JSON. */
function configFormat([first, ...others]: readonly Output[]): 'text' | 'json' {
  if (others.length > 0 || first?.file !== undefined || (first?.format !== 'text' && first?.format !== 'json')) throw new AuditError('--print-config prints text or json: write --format text or --format json, without a file');
  return first.format;
}

/** Flags that cannot be had together, and why. */
function refuseTogether({ staged, fix, diff, since, updateBaseline, ignores }: CheckFlags): void {
  if (staged && (fix || diff)) throw new AuditError('--staged with --fix or --diff: fixes are made to the files on disk, which may hold more than what is staged; run --fix alone, then git add');
  if (staged && since !== undefined) throw new AuditError('--staged with --since: what is staged is compared with HEAD; leave one of them out');
  if (staged && updateBaseline) throw new AuditError('--staged with --update-baseline: the baseline is written from the files on disk; run --update-baseline alone, then git add');
  if (diff && updateBaseline) throw new AuditError('--diff with --update-baseline: --diff writes nothing; leave one of them out');
  if (ignores === false && updateBaseline) throw new AuditError('--no-ignores with --update-baseline: the baseline would list what comments suppress already; leave one of them out');
}

/** Whether a file, there or not yet, lies outside a folder once links are followed. */
function leadsOutside(root: string, file: string): boolean {
  const there = [file, dirname(file)].find(path => existsSync(path));
  return there === undefined || lstatSync(file, { throwIfNoEntry: false })?.isSymbolicLink() === true && there !== file || !isInside(realpathSync(root), realpathSync(there));
}

/** Bytes of the largest baseline that is read: 50,000 findings. */
const LARGEST_BASELINE = 10_000_000;

/** A baseline and the file it comes from. `text`: undefined where there is none yet. */
interface KnownFindings { readonly file: string; readonly text?: string; readonly baseline: Baseline }

async function readBaseline(root: string, config: Config, flags: CheckFlags, staged: StagedTree | undefined): Promise<KnownFindings | undefined> {
  const file = flags.baseline === undefined ? config.baseline : resolve(flags.baseline);
  if (file === undefined && flags.updateBaseline) throw new AuditError('--update-baseline does not know the file: add --baseline FILE, or `baseline: FILE` to drainlint.config.yaml');
  if (file === undefined || !config.honourIgnores) return undefined;
  const path = isInside(root, file) ? relative(root, file).split(sep).join('/') : file;
  if (flags.updateBaseline && flags.baseline === undefined && leadsOutside(root, file)) throw new AuditError(`${path} lies outside ${root}, and nothing is written there because a configuration says so: name it with --baseline`);
  const stats = statSync(file, { throwIfNoEntry: false });
  if (stats && !stats.isFile()) throw new AuditError(`${path} is no file`);
  if (stats && stats.size > LARGEST_BASELINE) throw new AuditError(`${path} is larger than the ${LARGEST_BASELINE / 1e6} MB that are read of a baseline`);
  // a baseline that git does not know of yet is used as it stands on disk
  const text = staged?.texts.get(path) ?? readText(file);
  if (text === undefined && !flags.updateBaseline) throw new AuditError(`${path}: there is no such baseline; --update-baseline writes it`);
  const { parseBaseline } = await import('../baseline.js');
  return { file, ...(text !== undefined && { text }), baseline: parseBaseline(text ?? '', path) };
}

/** Writes the baseline where it changes, and says on stderr what has changed. `isConfigured`: the configuration names one. */
async function writeBaseline({ file, text, baseline }: KnownFindings, { baseline: next = [] }: Report, isConfigured: boolean): Promise<void> {
  const { printBaseline } = await import('../baseline.js');
  const after = printBaseline(next);
  const asWritten = text?.includes('\r\n') ? after.replaceAll('\n', '\r\n') : after;
  if (asWritten !== text) writing(baseline.path, () => replaceFile(file, asWritten));
  const before = new Set(baseline.entries.map(({ fingerprint }) => fingerprint));
  const added = next.filter(({ fingerprint }) => !before.has(fingerprint)).length;
  const gone = before.size + added - next.length;
  process.stderr.write(`${baseline.path}: ${next.length} known ${next.length === 1 ? 'finding' : 'findings'} (${added} added, ${gone} removed)\n`);
  if (text === undefined && !isConfigured) process.stderr.write(`commit ${baseline.path}, and write \`baseline: ${baseline.path}\` into drainlint.config.yaml: then hooks and CI know it too\n`);
}
