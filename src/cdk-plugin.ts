import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { getLocation } from 'jsonc-parser';
import { VERSION } from './version.js';

/** `drainlint/cdk`: the templates of a CDK app, audited as it is synthesised. Its shapes fit aws-cdk-lib (IPolicyValidationPlugin, IPolicyValidationPluginBeta1), which is not needed here. */

export interface DrainlintOptions {
  /** A folder whose Dockerfiles, settings and task code the templates are joined with. Default: the templates alone. */
  readonly repo?: string;
  /** recommended: high and medium confidence; strict: all. Default: as the configuration says. */
  readonly preset?: 'recommended' | 'strict';
  /** The synthesis fails from this severity on. Default: error. */
  readonly failOn?: 'error' | 'warning' | 'note' | 'never';
  /** A configuration file. Default: drainlint.config.yaml, found upwards. */
  readonly config?: string;
}

/** Where in a template a violation stands; `locations` are relative to the resource, as `Properties.ContainerDefinitions.0`. */
export interface ViolatingResource { readonly resourceLogicalId: string; readonly templatePath: string; readonly locations: string[] }
export interface Violation {
  readonly ruleName: string;
  readonly description: string;
  readonly severity: string;
  readonly fix: string;
  readonly ruleMetadata: { readonly [name: string]: string };
  readonly violatingResources: ViolatingResource[];
}
export interface ValidationReport { readonly success: boolean; readonly pluginVersion: string; readonly violations: Violation[] }
export interface ValidationPlugin {
  readonly name: string;
  readonly version: string;
  /** `templatePaths`: absolute, or from the current directory, as the CDK hands them over. Throws where drainlint could not run, with what it said. */
  validate(context: { readonly templatePaths: string[] }): ValidationReport;
}

interface Place { readonly path: string; readonly startLine: number; readonly startColumn: number }
interface Finding extends Place {
  readonly ruleId: string; readonly severity: (typeof SEVERITIES)[number]; readonly message: string; readonly suggestion: string; readonly docsUrl: string; readonly fate?: string;
  readonly workers: readonly string[]; readonly related: readonly Place[]; readonly suppressed: object | null;
}
interface Worker { readonly id: string; readonly app?: string; readonly joins: readonly { readonly at: readonly Place[] }[] }
/** What is used here of schema/report.schema.json. */
interface Report { readonly findings: readonly Finding[]; readonly inventory: { readonly workers: readonly Worker[]; readonly tasks: readonly (Place & { readonly app: string })[] } }

const SEVERITIES = ['error', 'warning', 'note'] as const;

/** For `Validations.of(app).addPlugins(…)`, or `policyValidationBeta1: […]` of an App or a Stage. */
export function drainlint(options: DrainlintOptions = {}): ValidationPlugin {
  return { name: 'drainlint', version: VERSION, validate: ({ templatePaths }) => validate(templatePaths.map(path => resolve(path)), options) };
}

const bin = fileURLToPath(new URL('../bin/drainlint.js', import.meta.url));

function validate(templatePaths: readonly string[], options: DrainlintOptions): ValidationReport {
  const { findings, inventory: { workers, tasks } } = check(templatePaths, options);
  const texts = new Map(templatePaths.map(path => [path, readFileSync(path, 'utf8')]));
  const resourcesAt = (places: readonly Place[]): ViolatingResource[] => places.flatMap(place => resourceAt(place, texts) ?? []);
  const files = new Map(workers.map(({ id, app, joins }) => [id, new Set([...joins.flatMap(({ at }) => at), ...tasks.filter(task => task.app === app)].map(({ path }) => path))]));
  const concerns = ({ workers: ids, path, related }: Finding, { id }: Worker): boolean => ids.includes(id) || [path, ...related.map(one => one.path)].some(one => files.get(id)!.has(one));

  const inTemplates = findings.filter(({ suppressed }) => !suppressed).flatMap(finding => {
    const own = resourcesAt([finding]), isElsewhere = own.length === 0;
    // A fault in code or a Dockerfile is one of the containers that run it.
    const violatingResources = isElsewhere ? workers.filter(worker => concerns(finding, worker)).flatMap(({ joins }) => resourcesAt(joins.flatMap(({ at }) => at)).slice(-1)) : own;
    return violatingResources.length > 0 ? [{ finding, violatingResources, isElsewhere }] : [];
  });
  const limit = SEVERITIES.findIndex(severity => severity === (options.failOn ?? 'error')); // never: -1
  return {
    success: !inTemplates.some(({ finding }) => SEVERITIES.indexOf(finding.severity) <= limit), pluginVersion: VERSION,
    violations: inTemplates.map(({ finding: { ruleId, severity, message, suggestion, docsUrl, fate, path, startLine }, violatingResources, isElsewhere }) => ({
      ruleName: ruleId, description: isElsewhere ? `${path}:${startLine}: ${message}` : message, severity: severity === 'note' ? 'info' : severity, fix: suggestion,
      ruleMetadata: { ...(fate !== undefined && { fate }), explain: `drainlint explain ${ruleId}`, docs: docsUrl }, violatingResources,
    })),
  };
}

/** The report of the command line, which is asked because the CDK waits for no promise. */
function check(templatePaths: readonly string[], { repo, preset, failOn, config }: DrainlintOptions): Report {
  const folders = [...new Set([...(repo === undefined ? [] : [resolve(repo)]), ...templatePaths.map(path => dirname(path))])];
  const flags = Object.entries({ preset, 'fail-on': failOn, config }).filter(([, value]) => value !== undefined).map(([flag, value]) => `--${flag}=${value}`);
  const run = spawnSync(process.execPath, [bin, 'check', '--format=json', ...flags, '--', ...folders], { encoding: 'utf8', maxBuffer: 1 << 29, stdio: ['ignore', 'pipe', 'pipe'] });
  if (run.status !== 0 && run.status !== 1) throw new Error(run.stderr.replace(/^drainlint: /, '').trim() || `drainlint ended with ${run.signal ?? run.error?.message ?? run.status}`);
  return JSON.parse(run.stdout) as Report;
}

/** The resource of a template that stands at a place, and where in it; undefined for any other file. */
function resourceAt({ path, startLine, startColumn }: Place, texts: ReadonlyMap<string, string>): ViolatingResource | undefined {
  // Paths are relative to a folder above all templates: the shortest that ends so is the one.
  const [template] = [...texts].filter(([full]) => full.replaceAll(sep, '/').endsWith(`/${path}`)).sort(([a], [b]) => a.length - b.length);
  if (!template) return undefined;
  const [templatePath, text] = template;
  const before = text.split('\n').slice(0, startLine - 1).reduce((sum, line) => sum + line.length + 1, 0);
  const [section, resourceLogicalId, ...inside] = getLocation(text, before + startColumn).path;
  return section === 'Resources' && typeof resourceLogicalId === 'string' ? { resourceLogicalId, templatePath, locations: inside.length > 0 ? [inside.join('.')] : [] } : undefined;
}
