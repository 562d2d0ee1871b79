import { Argument, Command, CommanderError, Help, InvalidArgumentError, Option } from 'commander';
import { AuditError } from './config.js';
import { CONFIDENCES, SEVERITIES } from './model/index.js';
import type { InitFlags } from './commands/init.js';
import type { JudgeFlags } from './commands/judging.js';
import type { FateFlags } from './commands/fate.js';
import type { LiveFlags } from './commands/live.js';
import { COMMIT, GUIDES, VERSION } from './version.js';

/** Flags of `check`, as commander hands them over. */
export interface CheckFlags extends JudgeFlags {
  readonly fix?: string;
  readonly diff?: boolean;
  readonly since?: string;
  readonly staged?: boolean;
  readonly baseline?: string;
  readonly updateBaseline?: boolean;
  readonly printConfig?: boolean;
  readonly cache?: boolean;
  readonly readAll?: boolean;
}

const HELP = `
First things to try:
  drainlint                      what is wrong here, the worst worker first
  drainlint settings             which workers were found, with what settings
  drainlint fate                 what becomes of each task at a stop, a crash …
  drainlint explain early-ack    why a finding matters, what to write instead
  drainlint --diff               what --fix would change
  drainlint live --cluster prod  what runs, and how its tasks ended

Exit codes: 0 nothing at or above --fail-on · 1 findings · 2 could not run.
All options of a command: drainlint check --help
Guides: ${GUIDES}/README.md${GUIDES.includes(':') ? '' : ' in the repository of drainlint'}`;

const CHECK_HELP = `
Examples:
  drainlint                          this folder, as text
  drainlint services/billing         only what lies below a folder
  drainlint app/celery.py            all is analysed, one file is reported
  drainlint --preset strict          also what is only a heuristic
  drainlint --rule celery/early-ack  one rule
  drainlint --since origin/main      what this branch adds or makes worse
  drainlint --fix                    apply what cannot change behaviour
  drainlint --format text --format json:report.json

A finding you accept is silenced beside the code, with a reason:
  # drainlint: ignore <rule>[, <rule>] [until YYYY-MM-DD] -- reason

Exit codes: 0 nothing at or above --fail-on · 1 findings · 2 could not run.
Output: ${GUIDES}/output.md · configuration: ${GUIDES}/configuration.md`;

const LIVE_HELP = `
Examples:
  drainlint live --cluster prod            every service, how its tasks ended
  drainlint live --cluster prod --repo .   joined with this repository's code
  drainlint live --after-deploy billing    how did its old tasks end?
  drainlint live --record prod.json        what was read, without secrets
  drainlint live --replay prod.json        audits that again, without AWS
  drainlint live --print-iam-policy        what it needs: Describe, List, Get

More: ${GUIDES}/live.md`;

const FATE_HELP = `
Examples:
  drainlint fate                      every task function at every event
  drainlint fate --worker mail        one worker, its timeline and the reasons
  drainlint fate --what-if stop-timeout=120,acks-late=true
  drainlint fate --since origin/main --fail-on worse-fate --format markdown
  drainlint fate --staged --fail-on worse-fate     in a git hook

What --what-if knows: stop-timeout, acks-late, reject-on-worker-lost, duration,
time-limit, soft-time-limit, acks-on-failure-or-timeout, remap-sigterm, signal,
soft-shutdown-timeout, visibility-timeout, cancel-on-connection-loss, pool,
broker, task-protection, redelivery-cap, celery, billiard.

Exit codes: 0 printed · 1 a fate is worse (--fail-on) · 2 could not run.
More: ${GUIDES}/fate.md`;

const SHELLS = ['bash', 'zsh', 'fish'] as const;
const COMPLETION_HELP = `
Set up:
  bash  eval "$(drainlint completion bash)"   in ~/.bashrc
  zsh   drainlint completion zsh > ~/.zfunc/_drainlint
        with fpath=(~/.zfunc $fpath) before compinit in ~/.zshrc
  fish  drainlint completion fish > ~/.config/fish/completions/drainlint.fish`;

const collect = (value: string, before: readonly string[]): readonly string[] => [...before, value];
const level = (value: string): string => {
  if (value !== 'safe' && value !== 'all') throw new InvalidArgumentError('Write --fix or --fix=all.');
  return value;
};

/** Columns of the help: it stays readable in a wide window. */
const WIDTH = Math.min(80, process.stdout.columns ?? 80);
/** `check [paths...]`: every command has options. */
const subcommandTerm = (command: Command): string => [command.name(), ...command.registeredArguments.map(argument => (argument.required ? `<${argument.name()}>` : `[${argument.name()}${argument.variadic ? '...' : ''}]`))].join(' ');
/** As commander says it, without defaults that say nothing. */
const optionDescription = (option: Option): string => (Array.isArray(option.defaultValue) ? option.description : new Help().optionDescription(option));

function program(finish: (code: number) => void): Command {
  const commit = COMMIT === undefined ? '' : ` (${COMMIT})`;
  const root = new Command('drainlint').description('Finds the background tasks an ECS deployment would lose or run twice.').exitOverride()
    .configureHelp({ helpWidth: WIDTH, subcommandTerm, optionDescription }).usage('[command] [options] [paths...]')
    .version(`drainlint ${VERSION}${commit}`, '-V, --version', 'the version').helpOption('-h, --help', 'this help').addHelpText('after', HELP);
  const shared = (command: Command): Command => command.optionsGroup('General:')
    .option('--config <file>', 'configuration (default: drainlint.config.yaml, found upwards)')
    .option('--verbose', 'every place and every value that could not be resolved')
    .addOption(new Option('--color [when]', 'colours').choices(['auto', 'always', 'never']))
    .option('--no-color', 'no colours');

  /** Of the commands that read a whole tree. */
  const reading = (command: Command): Command => command.optionsGroup('General:').option('--no-cache', 'read every file anew, and keep nothing for the next run')
    .option('--read-all', 'read a tree of more than 2,500,000 words, too');

  const judging = (command: Command): Command => shared(command).optionsGroup('What is printed:')
    .option('--format <format[:file]>', 'text, concise, json, github, markdown, html, sarif, gitlab, junit or rdjson; repeatable', collect, [])
    .option('--timings', 'print how long each stage, format, parser, step of the join and rule took')
    .optionsGroup('What is judged:')
    .addOption(new Option('--fail-on <severity>', 'exit 1 from this severity on').choices([...SEVERITIES, 'never']).default('error'))
    .addOption(new Option('--min-confidence <confidence>', 'show findings from this confidence on').choices(CONFIDENCES))
    .addOption(new Option('--preset <preset>', 'recommended: high and medium confidence; strict: all').choices(['recommended', 'strict']))
    .option('--rule <rule>', 'only this rule; repeatable', collect, [])
    .option('--ignore-rule <rule>', 'without this rule; repeatable', collect, []);

  root.commandsGroup('Audit:');
  reading(judging(root.command('check [paths...]', { isDefault: true }).description('lint what is in the repository (the default)')))
    .optionsGroup('What is judged:')
    .option('--since <revision>', 'only what is new or worse since this commit, and messages in the queues that no longer fit')
    .option('--staged', 'only what the next commit makes new or worse: the whole project as git add left it, against HEAD; not with --fix or --diff')
    .option('--baseline <file>', 'findings listed there are known: reported as suppressed unless they became worse')
    .option('--update-baseline', 'write what is found to the baseline, and take out what is gone')
    .option('--no-ignores', 'report what comments, the configuration and the baseline suppress')
    .optionsGroup('What is changed:')
    .option('--fix [level]', 'apply safe fixes; --fix=all: also those that change when or how often tasks run', level)
    .option('--diff', 'print what --fix would change, write nothing')
    .optionsGroup('What is printed:')
    .option('--print-config', 'print what is configured, for a path where one is given, and where each value comes from; also with --format json')
    .addHelpText('after', CHECK_HELP)
    .action(async (paths: readonly string[], flags: CheckFlags) => finish(await (await import('./commands/check.js')).check(paths, flags)));

  judging(root.command('live').description('audit running ECS services, and how their tasks ended'))
    .optionsGroup('What is read of AWS:')
    .option('--cluster <name>', 'only this cluster; repeatable', collect, [])
    .option('--service <glob>', 'only services of this name (billing-*); repeatable', collect, [])
    .option('--region <region>', 'this region instead of the one of the environment; repeatable', collect, [])
    .option('--profile <profile>', 'with this profile of the AWS configuration; repeatable', collect, [])
    .option('--role-arn <arn>', 'in this role, which is assumed; repeatable', collect, [])
    .option('--endpoint-url <url>', 'another address than that of AWS')
    .optionsGroup('With what it is joined:')
    .option('--repo <path>', 'with the images\' Dockerfiles, settings and task code from this repository')
    .option('--compare <path>', 'report values that this repository sets otherwise')
    .option('--events <file>', 'an archive of "ECS Task State Change" events, one JSON object on each line')
    .optionsGroup('What is done:')
    .option('--after-deploy <service>', 'wait until its deployment has settled, then report how the old tasks ended')
    .option('--wait <seconds>', 'how long --after-deploy waits at most', '1800')
    .option('--record <file>', 'write what was read, without any secret')
    .option('--replay <file>', 'audit what was recorded, without AWS')
    .option('--mask', 'hide account numbers')
    .option('--print-iam-policy', 'print the permissions that this command needs')
    .addHelpText('after', LIVE_HELP)
    .action(async (flags: LiveFlags) => finish(await (await import('./commands/live.js')).live(flags)));

  root.commandsGroup('Look up:');
  reading(shared(root.command('settings [paths...]').description('the effective settings of every worker, each with its origin')))
    .addOption(new Option('--format <format>', 'output format').choices(['text', 'json']).default('text'))
    .action(async (paths: readonly string[], flags: { readonly format: string } & Pick<CheckFlags, 'config' | 'cache' | 'readAll' | 'verbose' | 'color'>) => finish(await (await import('./commands/settings.js')).settings(paths, flags)));

  reading(shared(root.command('fate [paths...]').description('what becomes of each task when a container stops or dies')))
    .optionsGroup('What is shown:')
    .option('--worker <name>', 'one worker: its timeline, its table, and how each fate comes about')
    .option('--explain', 'how each fate comes about')
    .addOption(new Option('--format <format>', 'output format').choices(['text', 'markdown', 'json']).default('text'))
    .optionsGroup('With what it is compared:')
    .option('--what-if <changes>', 'before and after a change: stop-timeout=120,acks-late=true')
    .option('--since <revision>', 'which fates are better or worse than at this commit')
    .option('--staged', 'which the next commit makes better or worse: the whole project as git add left it, against HEAD')
    .addOption(new Option('--fail-on <when>', 'exit 1 where a fate is worse').choices(['worse-fate', 'never']).default('never'))
    .addHelpText('after', FATE_HELP)
    .action(async (paths: readonly string[], flags: FateFlags) => finish(await (await import('./commands/fate.js')).fate(paths, flags)));

  root.command('explain <rule>').description("a rule's page").option('--no-color', 'no colours')
    .action(async (id: string, flags: Pick<CheckFlags, 'color'>) => finish(await (await import('./commands/explain.js')).explain(id, flags)));
  root.command('rules').description('the list of rules').option('--no-color', 'no colours')
    .action(async (flags: Pick<CheckFlags, 'color'>) => finish(await (await import('./commands/explain.js')).list(flags)));
  root.commandsGroup('Set up:');
  root.command('init').description('name the workers here, write a commented drainlint.config.yaml')
    .option('--pre-commit', 'add the hook to .pre-commit-config.yaml')
    .option('--github', 'write .github/workflows/drainlint.yml')
    .option('--from <address#commit>', 'the git repository these fetch drainlint from (default: where this one was fetched from)')
    .option('--force', 'write the configuration also over one that is there')
    .action(async (flags: InitFlags) => finish(await (await import('./commands/init.js')).init(flags)));
  root.command('completion').description('a script that completes this command line in a shell').addArgument(new Argument('<shell>').choices(SHELLS)).addHelpText('after', COMPLETION_HELP)
    .action(async (shell: (typeof SHELLS)[number]) => finish(await (await import('./commands/completion.js')).completion(root, shell)));
  root.helpCommand('help [command]', 'the help of a command');
  return root;
}

/** A flag whose value is optional must not swallow the path behind it. */
const WITH_DEFAULT: Readonly<Record<string, string>> = { '--fix': '--fix=safe', '--color': '--color=always' };

/** Runs one command line. Resolves to the exit code. */
export async function main(argv: readonly string[]): Promise<number> {
  let code = 0;
  const end = argv.indexOf('--');
  const words = argv.map((word, i) => (end >= 0 && i > end ? word : WITH_DEFAULT[word] ?? word));
  try {
    await program(value => { code = value; }).parseAsync(words, { from: 'user' });
    return code;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    if (error instanceof AuditError) process.stderr.write(`drainlint: ${error.message}\n`);
    else process.stderr.write(`${error instanceof Error ? error.stack ?? error.message : String(error)}\ndrainlint ${VERSION}: this is a fault of drainlint; please report it\n`);
    return 2;
  }
}

/** `drainlint … | head`: a reader that leaves is no fault. */
function leaveQuietly(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE') throw error;
  process.exit(process.exitCode);
}

process.stdout.on('error', leaveQuietly);
// Not awaited: what is imported later may live in this chunk, which would then wait for itself.
void main(process.argv.slice(2)).then(code => { process.exitCode = code; });
