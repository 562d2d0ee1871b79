import { appendFileSync, writeFileSync } from 'node:fs';
import { AuditError, confidenceOf, didYouMean, type Config, type Preset } from '../config.js';
import type { Confidence, Report, Rule, Severity } from '../model/index.js';
import { SEVERITIES } from '../model/index.js';
import { reporters } from '../reporters/index.js';
import { wantsColor } from './run.js';

/** Flags of every command that judges. */
export interface JudgeFlags {
  readonly format: readonly string[];
  readonly failOn: string;
  readonly minConfidence?: string;
  readonly preset?: string;
  readonly rule: readonly string[];
  readonly ignoreRule: readonly string[];
  readonly config?: string;
  readonly ignores?: boolean;
  readonly verbose?: boolean;
  readonly timings?: boolean;
  readonly color?: string | boolean;
}

export interface Output { readonly format: string; readonly file?: string }

export function parseFormat(text: string): Output {
  const [, format = '', file] = /^([^:]*)(?::(.*))?$/s.exec(text) ?? [];
  if (!Object.hasOwn(reporters, format)) throw new AuditError(`there is no format ${format}${didYouMean(format, Object.keys(reporters)) || ` (there are ${Object.keys(reporters).join(', ')})`}`);
  if (file === '') throw new AuditError(`--format ${text} names no file`);
  return { format, ...(file !== undefined && { file }) };
}

export const loadRules = async (): Promise<readonly Rule[]> => (await import('../rules/index.js')).rules;

export function checkNames(ids: readonly string[], rules: readonly Rule[]): void {
  const known = rules.map(rule => rule.id);
  for (const id of ids) if (!known.includes(id)) throw new AuditError(`there is no rule ${id}${didYouMean(id, known)}`);
}

/** Lays the command line over the configuration. */
export function withFlags(config: Config, flags: JudgeFlags): Config {
  const minConfidence = (flags.minConfidence as Confidence | undefined) ?? (flags.preset === undefined ? undefined : confidenceOf(flags.preset as Preset));
  const held = flags.ignoreRule.filter(id => Object.hasOwn(config.neverIgnore, id));
  const off = flags.ignoreRule.filter(id => !held.includes(id));
  return {
    ...config,
    minConfidence: minConfidence ?? config.minConfidence,
    rules: { ...config.rules, ...Object.fromEntries(off.map(id => [id, 'off' as const])) },
    // a flag speaks of every path
    overrides: config.overrides.map(({ minConfidence: own, ...override }) => ({ ...override, ...(minConfidence === undefined && own !== undefined && { minConfidence: own }), rules: Object.fromEntries(Object.entries(override.rules).filter(([id]) => !off.includes(id))) })),
    forbidden: [...config.forbidden, ...held.map(rule => ({ rule, what: 'turned off', at: config.neverIgnore[rule]!, by: config.neverIgnore[rule]! }))],
    origins: {
      ...config.origins, ...Object.fromEntries(off.map(id => [`rules.${id}`, '--ignore-rule'])), ...(flags.rule.length > 0 && { only: '--rule' }), ...(flags.ignores === false && { honourIgnores: '--no-ignores' }),
      ...(minConfidence !== undefined && { minConfidence: flags.minConfidence === undefined ? '--preset' : '--min-confidence' }),
    },
    only: flags.rule, honourIgnores: flags.ignores !== false,
  };
}

export async function print(report: Report, { format, file }: Output, flags: JudgeFlags): Promise<void> {
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

/** Says which file cannot be written. */
export function writing(file: string, write: () => void): void {
  try {
    write();
  } catch (error) {
    throw new AuditError(`${file} cannot be written (${(error as NodeJS.ErrnoException).code})`);
  }
}

/** 1 where a finding that is not suppressed reaches the threshold. */
export function exitCode(report: Report, failOn: string): number {
  const limit = SEVERITIES.indexOf(failOn as Severity); // never: -1, below every severity
  return report.findings.some(finding => !finding.suppressed && SEVERITIES.indexOf(finding.severity) <= limit) ? 1 : 0;
}
