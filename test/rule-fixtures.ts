import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';
import { audit, type AuditOptions } from '../src/audit.js';
import { parseBaseline } from '../src/baseline.js';
import { auditRecording } from '../src/commands/live.js';
import { CONFIG_NAMES, DEFAULT_CONFIG, DEFAULT_THRESHOLDS, loadConfig, type Config } from '../src/config.js';
import type { Report, Rule, Thresholds } from '../src/model/index.js';
import type { Measured, Proof, RulePage } from '../src/reporters/rule-page.js';
import { rules } from '../src/rules/index.js';
import { experimentOf, outcomeText, readOutcomes } from './experiments/outcomes.js';
import { PROOFS } from './experiments/proofs.js';
import { readRecording } from '../src/sources/aws/recording.js';
import type { EarlierTree } from '../src/sources/revision.js';

/** A rule's fixture is its test, its documentation example and the picture of what the user sees. */
export const FIXTURES = new URL('../fixtures/rules/', import.meta.url).pathname;
export const STRICT: Config = { ...DEFAULT_CONFIG, minConfidence: 'low' };
/** audit/ rules speak of the audit, not of the model: audit.ts reports them, some of them only where what they speak of runs too. */
export const isAboutAudit = ({ id }: Rule): boolean => id.startsWith('audit/');
/** A run in which only this rule speaks. */
export const alone = (rule: Rule): Config => (isAboutAudit(rule) ? STRICT : { ...STRICT, only: [rule.id] });

const filesIn = (folder: string): readonly string[] => readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter(path => statSync(join(folder, path)).isFile()).sort();
const textsIn = (folder: string): ReadonlyMap<string, string> => new Map(filesIn(folder).map(path => [path, readFileSync(join(folder, path), 'utf8')]));

/** What stood there before the change, where a rule compares. */
function earlierOf(rule: Rule): EarlierTree | undefined {
  const folder = join(FIXTURES, rule.id, 'before');
  return existsSync(folder) ? { name: 'main', paths: filesIn(folder), texts: textsIn(folder) } : undefined;
}

/** A tree's own configuration, for rules that speak of what stands there, and the baseline it names. */
async function configured(root: string, asked: Config): Promise<Pick<AuditOptions, 'config' | 'baseline'>> {
  const file = join(root, CONFIG_NAMES[0]);
  if (!existsSync(file)) return { config: asked };
  const config = { ...await loadConfig(file, CONFIG_NAMES[0]), minConfidence: asked.minConfidence, only: asked.only };
  return { config, ...(config.baseline !== undefined && { baseline: { ...parseBaseline(readFileSync(config.baseline, 'utf8'), relative(root, config.baseline)), update: false } }) };
}

/** The report on one tree of a rule's fixture, or on the recording it holds. */
export async function auditFixture(rule: Rule, tree: 'bad' | 'good', config: Config, overlay?: ReadonlyMap<string, string>): Promise<Report> {
  const root = join(FIXTURES, rule.id, tree);
  const earlier = earlierOf(rule);
  if (existsSync(join(root, 'recording.json'))) return auditRecording(readRecording(join(root, 'recording.json')), { config, ...(existsSync(join(root, 'infra')) && { compare: { root } }) });
  return audit({ root, rules, ...await configured(root, config), ...(overlay && { overlay }), ...(earlier && { earlier }) });
}

/** The limits a rule looks at in a model. */
function readThresholds(rule: Rule, { model }: Report): Partial<Thresholds> {
  const read = new Set<string>();
  const noting = new Proxy(DEFAULT_THRESHOLDS, { get: (limits, name) => { read.add(String(name)); return Reflect.get(limits, name) as number; } });
  for (const _problem of rule.check(model, noting));
  return Object.fromEntries(Object.entries(DEFAULT_THRESHOLDS).filter(([name]) => read.has(name)));
}

/** Rows of the measured tables as a page shows them. */
const MEASURED: readonly Measured[] = readOutcomes().map(row => {
  const { experiment, version, broker } = experimentOf(row.id);
  return { experiment, software: row.software || `Celery ${version}, ${broker}`, outcome: outcomeText(row) };
});

const compare = (a: string, b: string): number => a.localeCompare(b, 'en', { sensitivity: 'base' });

/** What became of the rule's own example when it was run. */
function proofOf({ id }: Rule): Proof | undefined {
  const [bad, good] = (['bad', 'good'] as const).map(tree => MEASURED.find(({ experiment }) => experiment === `${id}/${tree}`));
  const event = PROOFS.find(({ rule }) => rule === id)?.event;
  return bad && good && event !== undefined ? { event, bad, good } : undefined;
}

/** Everything a rule's page shows, read from its fixture and seen when that is run. */
export async function pageOf(rule: Rule): Promise<RulePage> {
  const folder = join(FIXTURES, rule.id);
  const [found, repaired] = [await auditFixture(rule, 'bad', alone(rule)), await auditFixture(rule, 'good', alone(rule))];
  const earlier = earlierOf(rule), proof = proofOf(rule);
  return {
    rule, ...(proof && { proof }),
    example: {
      bad: textsIn(join(folder, 'bad')), good: textsIn(join(folder, 'good')), ...(earlier && { before: earlier.texts }),
      printed: readFileSync(join(folder, 'expected.txt'), 'utf8').split('\n--- good ---')[0]!.trimEnd(),
      findings: found.findings.filter(finding => finding.ruleId === rule.id),
      thresholds: { ...readThresholds(rule, found), ...readThresholds(rule, repaired) },
    },
    leadsTo: rules.filter(other => rule.leadsTo?.includes(other.id)), leadHere: rules.filter(other => other.leadsTo?.includes(rule.id)),
    measured: MEASURED.filter(({ experiment }) => rule.provenBy?.includes(experiment) && !experiment.startsWith(`${rule.id}/`)).sort((a, b) => compare(a.experiment, b.experiment) || compare(a.software, b.software)),
  };
}
