import { appendFileSync, writeFileSync } from 'node:fs';
import { audit } from '../audit.js';
import type { CheckFlags } from '../cli.js';
import { AuditError, confidenceOf, didYouMean, type Config, type Preset } from '../config.js';
import { diff, untilFixed, type Fixed } from '../fix.js';
import type { Confidence, Report, Rule, Severity } from '../model/index.js';
import { SEVERITIES } from '../model/index.js';
import { reporters } from '../reporters/index.js';
import { editableText, writeText } from '../sources/edit-file.js';
import type { EarlierTree } from '../sources/revision.js';
import { configFor, pathsOf, rootOf, wantsColor } from './run.js';
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

interface Output { readonly format: string; readonly file?: string }

function parseFormat(text: string): Output {
  const [, format = '', file] = /^([^:]*)(?::(.*))?$/s.exec(text) ?? [];
  if (!Object.hasOwn(reporters, format)) throw new AuditError(`there is no format ${format}${didYouMean(format, Object.keys(reporters)) || ` (there are ${Object.keys(reporters).join(', ')})`}`);
  if (file === '') throw new AuditError(`--format ${text} names no file`);
  return { format, ...(file !== undefined && { file }) };
}

type Run = (overlay?: ReadonlyMap<string, string>) => Promise<Report>;
const mend = (run: Run, root: string, { fix }: CheckFlags): Promise<Fixed> => untilFixed(run, fix === 'all' ? 'all' : 'safe', path => editableText(root, path));

async function mendFiles(run: Run, root: string, flags: CheckFlags): Promise<Report> {
  const { report, changed } = await mend(run, root, flags);
  for (const [path, after] of changed) writing(path, () => writeText(root, path, after));
  if (changed.size > 0) process.stderr.write(`mended ${[...changed.keys()].join(', ')}\n`);
  return report;
}

const loadRules = async (): Promise<readonly Rule[]> => (await import('../rules/index.js')).rules;

function checkNames(ids: readonly string[], rules: readonly Rule[]): void {
  const known = rules.map(rule => rule.id);
  for (const id of ids) if (!known.includes(id)) throw new AuditError(`there is no rule ${id}${didYouMean(id, known)}`);
}

/** Lays the command line over the configuration. */
function withFlags(config: Config, flags: CheckFlags): Config {
  const preset = flags.preset as Preset | undefined;
  return {
    ...config,
    minConfidence: (flags.minConfidence as Confidence | undefined) ?? (preset ? confidenceOf(preset) : config.minConfidence),
    rules: { ...config.rules, ...Object.fromEntries(flags.ignoreRule.map(id => [id, 'off' as const])) },
    only: flags.rule, honourIgnores: flags.ignores,
  };
}

async function print(report: Report, { format, file }: Output, flags: CheckFlags): Promise<void> {
  const reporter = await reporters[format]!();
  const width = process.stdout.isTTY ? process.stdout.columns : undefined;
  const text = reporter(report, { color: file === undefined && wantsColor(flags.color), verbose: flags.verbose === true, ...(file === undefined && width ? { width } : {}) });
  if (file === undefined) process.stdout.write(text);
  else writing(file, () => writeFileSync(file, text));
  const summary = process.env.GITHUB_STEP_SUMMARY;
  if (format !== 'github' || !summary) return;
  const page = (await reporters.markdown!())(report, { color: false, verbose: false });
  writing(summary, () => appendFileSync(summary, page));
}

function writing(file: string, write: () => void): void {
  try {
    write();
  } catch (error) {
    throw new AuditError(`${file} cannot be written (${(error as NodeJS.ErrnoException).code})`);
  }
}

/** 1 where a finding that is not suppressed reaches the threshold. */
function exitCode(report: Report, failOn: string): number {
  const limit = SEVERITIES.indexOf(failOn as Severity); // never: -1, below every severity
  return report.findings.some(finding => !finding.suppressed && SEVERITIES.indexOf(finding.severity) <= limit) ? 1 : 0;
}
