import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { DockerfileParser } from 'dockerfile-ast';
import ts from 'typescript';
import type { ImagePart, Subject } from './experiment.js';
import { nodeImage, type NodeModules } from './matrix.js';

/**
 * A tree of a rule's fixture as what it would be on ECS: its files under /app, its Dockerfile's command, its task definition's stopTimeout,
 * environment and init. Read here without drainlint, so that a fault in how drainlint reads it shows.
 */
export interface FixtureContainer {
  readonly command: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  /** s. 30 where it is not set: the default of ECS. */
  readonly stopTimeout: number;
  readonly stopSignal: NodeJS.Signals;
  readonly image: readonly ImagePart[];
  /** `celery==` and `billiard==` of requirements.txt. */
  readonly pins: ReadonlyMap<string, string>;
}

export const fixtureFolder = (rule: string, tree: 'bad' | 'good'): string => fileURLToPath(new URL(`../../fixtures/rules/${rule}/${tree}`, import.meta.url));

export function readFixture(folder: string): FixtureContainer {
  const docker = existsSync(join(folder, 'Dockerfile')) ? readDockerfile(readFileSync(join(folder, 'Dockerfile'), 'utf8')) : undefined;
  const definition = taskDefinition(folder);
  const command = [...(definition?.linuxParameters?.initProcessEnabled ? ['tini', '--'] : []), ...(definition?.entryPoint ?? docker?.entrypoint ?? []), ...(definition?.command ?? docker?.command ?? [])];
  const requirements = existsSync(join(folder, 'requirements.txt')) ? readFileSync(join(folder, 'requirements.txt'), 'utf8') : '';
  return {
    command, stopTimeout: definition?.stopTimeout ?? 30, stopSignal: (docker?.stopSignal ?? 'SIGTERM') as NodeJS.Signals,
    environment: Object.fromEntries([...(docker?.environment ?? []), ...(definition?.environment ?? []).map(({ name, value }) => [name, value] as const)]),
    image: [{ at: '/app', tree: folder }, ...(docker?.copies ?? []).filter(({ to }) => to.startsWith('/') && !to.startsWith('/app')).map(({ from, to }) => ({ at: to, tree: join(folder, from) }))],
    pins: new Map([...requirements.matchAll(/^([\w-]+)(?:\[[^\]]*\])?==(\S+)/gm)].map(([, name, version]) => [name!.toLowerCase(), version!])),
  };
}

interface Definition { readonly name: string; readonly stopTimeout?: number; readonly entryPoint?: readonly string[]; readonly command?: readonly string[]; readonly environment?: readonly { readonly name: string; readonly value: string }[]; readonly linuxParameters?: { readonly initProcessEnabled?: boolean } }

/** The container `worker` of whatever task definition the tree holds. */
function taskDefinition(folder: string): Definition | undefined {
  const infra = join(folder, 'infra');
  if (!existsSync(infra)) return undefined;
  const all = readdirSync(infra).filter(name => name.endsWith('.json')).flatMap(name => (JSON.parse(readFileSync(join(infra, name), 'utf8')) as { readonly containerDefinitions?: readonly Definition[] }).containerDefinitions ?? []);
  return all.find(({ name }) => name === 'worker');
}

/** The exec form is the command; the shell form is run by /bin/sh (docs.docker.com/reference/dockerfile/#shell-and-exec-form). */
function readDockerfile(text: string) {
  const instructions = DockerfileParser.parse(text).getInstructions();
  const last = (keyword: string): string | undefined => instructions.filter(each => each.getKeyword() === keyword).at(-1)?.getArgumentsContent() ?? undefined;
  const form = (raw: string | undefined): readonly string[] | undefined => (raw === undefined ? undefined : raw.startsWith('[') ? JSON.parse(raw) as readonly string[] : ['/bin/sh', '-c', raw]);
  return {
    entrypoint: form(last('ENTRYPOINT')), command: form(last('CMD')), stopSignal: last('STOPSIGNAL'),
    environment: instructions.filter(each => each.getKeyword() === 'ENV').map(each => each.getArgumentsContent()!.split('=', 2) as [string, string]),
    copies: instructions.filter(each => each.getKeyword() === 'COPY').flatMap(each => { const [from = '', to = ''] = each.getArguments().map(argument => argument.getValue()); return from === '.' ? [] : [{ from, to }]; }),
  };
}

/** What a fixture asks of its environment; the values matter to nobody. */
const SECRETS = { BROKER_PASSWORD: 'x', SECRET_KEY: 'x', DATABASE_NAME: 'x', DATABASE_URL: 'sqlite://', PARTNER_URL: 'http://127.0.0.1:9', STRIPE_KEY: 'x' };

export interface CeleryFixture {
  readonly broker: Subject['broker']; readonly app: string; readonly task: string;
  /** Measured seconds for each of the fixture's; what it costs a worker to leave is not scaled (see scaledStop). */
  readonly scale: number;
  readonly queue?: string;
  /** Files of the tree with their durations scaled, which no plugin reaches, or with a stand-in for what the work is done in. */
  readonly rewrite?: Readonly<Record<string, (text: string) => string>>;
  /** Files that the tree leaves out, by their path in /app. */
  readonly beside?: Readonly<Record<string, string>>;
  /** own: the function's body is the work, measured as a whole. stand-in: the function is left as it is, and a stand-in it calls says what is done. */
  readonly body?: 'own' | 'stand-in'; readonly redis?: Readonly<Record<string, string>>;
  /** The tree of the fixture whose code sends. */
  readonly sentBy?: 'before';
  readonly environment?: Readonly<Record<string, string>>;
}

export function celeryFixture(folder: string, { broker, app, task, scale, queue, rewrite = {}, beside = {}, body, redis, sentBy, environment: more }: CeleryFixture): Subject {
  const { command, environment, stopSignal, image, pins } = readFixture(folder);
  const celery = CELERY.find(version => version === pins.get('celery')) ?? (pins.get('celery')?.startsWith('5.2.') ? '5.2.7' : undefined);
  if (celery === undefined) throw new Error(`${folder}: no venv has celery ${pins.get('celery')}`);
  const billiard = pins.get('billiard') === '4.3.0' ? '4.3.0' : undefined;
  const rewritten = Object.entries(rewrite).flatMap(([name, change]) => image.flatMap((part): readonly ImagePart[] => {
    if (!('tree' in part)) return [];
    if (basename(part.tree) === name) return [{ at: part.at, text: change(readFileSync(part.tree, 'utf8')) }];
    if (part.tree !== folder) return [];
    return readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter(path => basename(path) === name).map(path => ({ at: join(part.at, path), text: change(readFileSync(join(folder, path), 'utf8')) }));
  }));
  const added = Object.entries(beside).map(([path, text]) => ({ at: join('/app', path), text }));
  return {
    broker, image: [...image, ...rewritten, ...added], command: () => (command.length > 0 ? command : ['celery', '-A', app, 'worker']), sender: { is: 'celery', app, task, ...(sentBy && { tree: join(folder, '..', sentBy) }) }, stopSignal, queues: [queue ?? 'celery'], saysReady: true, python: { celery, ...(billiard && { billiard }) }, ...(redis && { redis }),
    environment: { ...SECRETS, ...environment, ...more, EXPERIMENT_SCALE: String(scale), ...(body && { EXPERIMENT_BODY: body }) },
  };
}
const CELERY = ['5.4.0', '5.5.3', '5.6.3', '5.7.0'];

export interface NodeFixture {
  readonly kind: 'bullmq' | 'amqp' | 'sqs'; readonly queue: string;
  /** The file that the container starts, and the function the message's work is put in the place of. */
  readonly entry: string; readonly work: { readonly file: string; readonly name: string; readonly message: string };
  /** A function of another file that something outside the fixture calls. */
  readonly call?: { readonly file: string; readonly name: string };
  readonly queueAttributes?: Readonly<Record<string, string>>;
  readonly modules?: NodeModules;
}

/** The tree's TypeScript, each file without its types, and nothing else changed but the function that does the work. */
export function nodeFixture(folder: string, { kind, queue, entry, work, queueAttributes, call, modules }: NodeFixture): Subject {
  const sources = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter(name => name.endsWith('.ts'));
  const compiled = sources.map((name): ImagePart => {
    const text = name === work.file ? `import { measured } from '/app/measured.mjs';\nexport const ${work.name} = message => measured(${work.message});\n` : ts.transpileModule(readFileSync(join(folder, name), 'utf8'), { compilerOptions: { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext, experimentalDecorators: true, emitDecoratorMetadata: true } }).outputText.replace(/'https:\/\/sqs\.[^']*'/, 'process.env.QUEUE_URL');
    return { at: `/app/${name.replace(/\.ts$/, '.js')}`, text };
  });
  const script = (name: string): string => `./${name.replace(/\.ts$/, '.js')}`;
  const main = [...(call ? [`import { ${call.name} } from '${script(call.file)}';`, `import '${script(entry)}';`, `${call.name}();`] : [`import '${script(entry)}';`]), ''].join('\n');
  return {
    broker: ({ bullmq: 'redis', amqp: 'rabbitmq', sqs: 'sqs' } as const)[kind], saysReady: false, queues: [queue], sender: { is: kind, ...(queueAttributes && { queueAttributes }) },
    image: [...nodeImage(modules), { at: '/app/package.json', text: readFileSync(join(folder, 'package.json'), 'utf8') }, { at: '/app/redirect.mjs', tree: fileURLToPath(new URL('workers/redirect.mjs', import.meta.url)) }, { at: '/app/main.mjs', text: main }, ...compiled],
    command: () => ['node', '--import', './redirect.mjs', 'main.mjs'], environment: {},
  };
}

/** s to SIGKILL in the run. What a worker needs to leave (3 s, exitMarginSeconds) does not shrink with the rest, so it is left out of the scaling. */
export const scaledStop = (stopTimeout: number, scale: number): number => Math.round(((stopTimeout - MARGIN) * scale + MARGIN) * 100) / 100;
const MARGIN = 3;
