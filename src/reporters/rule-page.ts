import type { Finding, Rule, Severity, Thresholds } from '../model/index.js';
import { isRunning } from '../model/index.js';
import { code, escape, fenceFor } from './markdown.js';

/** What a rule's fixture shows, and what was seen when it was run. */
export interface RuleExample {
  /** The files with the fault, by path. */
  readonly bad: ReadonlyMap<string, string>;
  /** The same, repaired. */
  readonly good: ReadonlyMap<string, string>;
  /** What stood there in the revision that the rule compares with. */
  readonly before?: ReadonlyMap<string, string>;
  /** What drainlint prints for `bad`. */
  readonly printed: string;
  /** The rule's findings in `bad`. */
  readonly findings: readonly Finding[];
  /** The limits that the rule reads, with their defaults. Seconds. */
  readonly thresholds: Partial<Thresholds>;
}

/** One row of what was measured: `experiment` on `software`, and how often which outcome came. */
export interface Measured { readonly experiment: string; readonly software: string; readonly outcome: string }

/** The rule's own example, run on real workers: what was done to both trees, and what became of their messages. */
export interface Proof { readonly event: string; readonly bad: Measured; readonly good: Measured }

export interface RulePage {
  readonly rule: Rule;
  readonly example: RuleExample;
  /** Rules that name this one among what they lead to. */
  readonly leadHere: readonly Rule[];
  readonly leadsTo: readonly Rule[];
  /** The outcomes of the experiments in `provenBy`. */
  readonly measured: readonly Measured[];
  readonly proof?: Proof;
}

/** What each family is about. */
const FAMILIES: Readonly<Record<string, string>> = {
  ecs: 'The task definition, the service and its scaling.',
  container: 'How the stop signal travels: task definition, image, entry script, package manager, process manager, worker.',
  celery: "The worker's settings, with the values that are effective: defaults, settings modules, command line, environment.",
  tasks: 'The code of task functions and of what sends them.',
  bullmq: 'Workers and queues of BullMQ and Bull.',
  amqp: 'Consumers with amqplib.',
  sqs: 'Consumers of SQS queues, and the queues.',
  kafka: 'Consumers with KafkaJS.',
  node: 'Processes of Node that hold a consumer.',
  live: 'What only a running cluster shows: `drainlint live`.',
  audit: 'The audit itself: suppressions, settings and files.',
};

/** What a threshold is, as drainlint.config.yaml names it. */
const LIMITS: Readonly<Record<keyof Thresholds, string>> = {
  maxTaskSeconds: 'a task may take this long',
  stopTimeoutSeconds: 'the longest stop timeout that is suggested',
  visibilityTimeoutSeconds: 'a message may stay invisible this long',
  exitMarginSeconds: 'what a worker needs to leave once its last task has ended',
  minimumHealthyPercent: 'how many of the wanted workers a deployment leaves running, percent',
  prefetchMultiplier: 'messages a worker may hold back for each process',
};

/** How a file's language is called on a fence, and how a comment begins there; none: it has no comments. */
const LANGUAGES: readonly (readonly [RegExp, string, string?])[] = [
  [/\.py$/, 'python', '#'], [/\.[cm]?tsx?$/, 'typescript', '//'], [/\.[cm]?jsx?$/, 'javascript', '//'], [/\.ya?ml$/, 'yaml', '#'], [/\.tf$/, 'hcl', '#'], [/(^|\/)Dockerfile/, 'dockerfile', '#'],
  [/\.sh$/, 'sh', '#'], [/\.(ini|conf|cfg|service)$/, 'ini', '#'], [/\.toml$/, 'toml', '#'], [/\.json$/, 'json'],
];
const languageOf = (path: string): string => LANGUAGES.find(([name]) => name.test(path))?.[1] ?? 'text';
const commentOf = (path: string): string | undefined => LANGUAGES.find(([name]) => name.test(path))?.[2];

/** Files up to this many lines are shown whole; of longer ones what changes, with so many lines around it, and no more than so many in all. */
const [WHOLE, CONTEXT, MOST] = [16, 4, 30] as const;

/** A rule's page in docs/rules/<family>/. */
export function rulePage({ rule, example, leadHere, leadsTo, measured, proof }: RulePage): string {
  const section = (title: string, ...blocks: readonly string[]): readonly string[] => (blocks.length === 0 ? [] : [`## ${title}`, ...blocks]);
  const { bad, good, before } = example;
  return [
    generated(`src/rules/${rule.id}.ts and fixtures/rules/${rule.id}`),
    `# ${escape(rule.id)}`,
    `${escape(rule.title)}.`,
    `Severity: **${rule.severity}**${otherwise(rule, example)} · fix: ${fixOf(rule, example)} · [all rules](../README.md)`,
    ...section('What breaks', escape(rule.rationale)),
    ...section('What to write instead', escape(rule.remedy)),
    ...(before ? section('Before', 'What the earlier revision holds, with which `--since` compares:', ...excerpts(before, bad)) : []),
    ...section('Bad', ...excerpts(bad, good)),
    ...section('Good', ...excerpts(good, bad), ...[...bad.keys()].filter(path => !good.has(path)).map(path => `${code(path)} is gone.`)),
    ...section('What drainlint prints', ...(bad.has('recording.json') ? ['For `bad/recording.json`, written by `drainlint live --record`:'] : []), fenced('text', example.printed)),
    ...section('Fix', ...fixes(example)),
    ...section('Configuration', ...configuration(rule, example)),
    ...section('Measured', ...(proof ? [provenText(proof)] : []), ...(measured.length === 0 ? [] : [table(['experiment', 'with', 'outcome'], measured.map(row => [code(row.experiment), escape(row.software), escape(row.outcome)]))]),
      ...(proof || measured.length > 0 ? [VERDICTS] : [])),
    ...section('Why there is no experiment', ...(rule.documentedBy === undefined ? [] : [`${escape(rule.documentedBy.replace(/\.$/, ''))}.`])),
    ...section('References', ...list(rule.references.map(url => `<${url}>`))),
    ...section('Related rules', ...list([...leadsTo.map(other => `${link(other)}: may speak once this one is obeyed`), ...leadHere.map(other => `${link(other)}: this one may speak once it is obeyed`)])),
  ].join('\n\n') + '\n';
}

/** docs/rules/README.md: every rule by family. */
export function ruleIndex(pages: readonly RulePage[]): string {
  const of = (family: string): readonly RulePage[] => pages.filter(({ rule }) => rule.id.startsWith(`${family}/`));
  const strangers = pages.filter(({ rule }) => !(familyOf(rule) in FAMILIES)).map(({ rule }) => rule.id);
  if (strangers.length > 0) throw new Error(`no description of the family of ${strangers.join(', ')}`);
  const count = (severity: Severity): string => `${pages.filter(({ rule }) => rule.severity === severity).length} ${severity}s`;
  return [
    generated('src/rules and fixtures/rules'),
    '# Rules',
    `${pages.length} rules: ${count('error')}, ${count('warning')}, ${count('note')}. The severity is the usual one; a finding carries another where more or less is at stake, or a step rests on a default.`,
    'A *safe* fix is applied by `--fix` and cannot change behaviour beyond the fault. A *delivery* fix changes when or how often tasks run and is applied by `--fix=all` only. The column says what is offered for the example on the page; elsewhere there may be another fix, or none.',
    ...Object.entries(FAMILIES).flatMap(([family, about]) => [
      `## ${family}`, about,
      table(['rule', 'severity', 'fix', 'what is wrong'], of(family).map(({ rule, example }) => [`[${escape(rule.id)}](${rule.id}.md)`, rule.severity, fixOf(rule, example), escape(rule.title)])),
    ]),
  ].join('\n\n') + '\n';
}

const VERDICTS = 'How often of how many repeats. once: done once; lost: never finished, and the broker holds nothing; rerun: cut short and started again; twice: done twice; waiting: not done, still in the broker; sender: done by the process that sent it.';

function provenText({ event, bad, good }: Proof): string {
  const software = bad.software === good.software ? ` (${bad.software})` : '';
  const each = (name: string, row: Measured): string => `**${name}: ${escape(row.outcome)}**${software ? '' : ` (${escape(row.software)})`}`;
  return `The example above was run: ${escape(event)}. ${each('Bad', bad)}; ${each('good', good)}${escape(software)}. [How](../../proofs.md).`;
}

const familyOf = ({ id }: Rule): string => id.slice(0, id.indexOf('/'));
const generated = (from: string): string => `<!-- Generated from ${from}: \`npm test -- -u\`. Not edited by hand. -->`;
const link = ({ id, title }: Rule): string => `[${escape(id)}](../${id}.md) (${escape(title)})`;
const list = (lines: readonly string[]): readonly string[] => (lines.length === 0 ? [] : [lines.map(line => `- ${line}`).join('\n')]);
const cell = (text: string): string => text.replaceAll('\n', ' ').replace(/(?<!\\)\|/g, '\\|');
const table = (head: readonly string[], rows: readonly (readonly string[])[]): string => [head, head.map(() => '---'), ...rows].map(row => `| ${row.map(cell).join(' | ')} |`).join('\n');

function fenced(language: string, text: string): string {
  const fence = fenceFor(text);
  return `${fence}${language}\n${text.replace(/\n$/, '')}\n${fence}`;
}

/** The part of each file that the other tree does not hold so, under its path. */
function excerpts(tree: ReadonlyMap<string, string>, other: ReadonlyMap<string, string>): readonly string[] {
  return [...tree].filter(([path, text]) => other.get(path) !== text).flatMap(([path, text]) => {
    const { from, lines, isWhole } = excerpt(text, other.get(path));
    const left = lines.length - MOST;
    return [isWhole ? `${code(path)}:` : `${code(path)}, from line ${from}:`, fenced(languageOf(path), lines.slice(0, MOST).join('\n')), ...(left > 0 ? [`… and ${left} more lines`] : [])];
  });
}

function excerpt(text: string, other: string | undefined): { readonly from: number; readonly lines: readonly string[]; readonly isWhole: boolean } {
  const [lines, others] = [linesOf(text), linesOf(other ?? '')];
  if (lines.length <= WHOLE) return { from: 1, lines, isWhole: true };
  const differs = (line: string | undefined, i: number, of: readonly (string | undefined)[]): boolean => line !== of[i];
  const head = Math.max(0, lines.findIndex((line, i) => differs(line, i, others)));
  const back = others.toReversed();
  const tail = lines.toReversed().findIndex((line, i) => differs(line, i, back));
  const from = Math.max(0, Math.min(head, lines.length - tail) - CONTEXT);
  const to = Math.min(lines.length, Math.max(head, lines.length - tail) + CONTEXT);
  return { from: from + 1, lines: lines.slice(from, to), isWhole: from === 0 && to === lines.length };
}

const linesOf = (text: string): readonly string[] => text.replace(/\n$/, '').split('\n');

/** Severities of the example's findings that are not the usual one. */
function otherwise({ severity }: Rule, { findings }: RuleExample): string {
  const others = [...new Set(findings.map(finding => finding.severity))].filter(other => other !== severity);
  return others.length === 0 ? '' : ` (the example: ${others.join(', ')})`;
}

/** `safe`, `delivery`, both or `none`; of other forms only where the example has none. */
function fixOf({ mends }: Rule, { findings }: RuleExample): string {
  return [...new Set(findings.flatMap(({ fix }) => fix?.safety ?? []))].sort().reverse().join(', ') || (mends ? `${mends}, not for the example` : 'none');
}

function fixes({ findings }: RuleExample): readonly string[] {
  const made = new Map(findings.flatMap(({ fix }) => (fix ? [[`${fix.safety} ${fix.title}`, fix] as const] : [])));
  if (made.size === 0) return [];
  const isSafe = [...made.values()].some(fix => fix.safety === 'safe'), isDelivery = [...made.values()].some(fix => fix.safety === 'delivery');
  return [
    ...list([...made.values()].map(({ title, safety }) => `${escape(title)} (${safety})`)),
    [isSafe ? '`drainlint --fix` applies what is safe' : '', isDelivery ? '`drainlint --fix=all` applies what changes when or how often tasks run too' : ''].filter(Boolean).join('; ') + '. `--diff` in front of it prints the change and writes nothing.',
  ];
}

function configuration({ id, severity }: Rule, { findings, thresholds }: RuleExample): readonly string[] {
  const [first] = findings;
  const path = first && !isRunning(first.at) ? first.at.path : undefined;
  const sign = path === undefined ? undefined : commentOf(path);
  const limits = Object.entries(thresholds).map(([name, value]) => `  ${name}: ${value} # ${LIMITS[name as keyof Thresholds]}`);
  const yaml = [
    'rules:', `  ${id}: ${severity} # or ${(['error', 'warning', 'note'] as const).filter(other => other !== severity).join(', ')}, off`,
    ...(limits.length === 0 ? [] : ['thresholds:', ...limits]),
    'ignore:', `  - rule: ${id}`, ...(path !== undefined ? [`    path: ${path}`] : first?.resource !== undefined ? [`    resource: ${first.resource}`] : []), '    reason: why it does not matter here',
  ].join('\n');
  const inline = sign === undefined || path === undefined ? [] : ['One place is ignored beside the code, in a comment on the line or the line above:', fenced(languageOf(path), `${sign} drainlint: ignore ${id} -- why it does not matter here`)];
  return ['In `drainlint.config.yaml`:', fenced('yaml', yaml), ...inline];
}
