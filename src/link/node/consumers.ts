import type { ConsumerKind, Expr, MessageConsumer, Setting, Slot, SourceLocation, Statement } from '../../model/index.js';
import { comparePlaces, dottedName, expressionsOf, literal, nested, shorten, walk } from '../../model/index.js';
import { toSetting } from '../celery/settings.js';
import { argumentsOf } from '../call-arguments.js';
import { bindingsOf } from '../bindings.js';
import { classScope } from '../bodies.js';
import type { FunctionTarget, Resolver, Scope } from '../modules.js';
import { render } from '../render.js';
import { closeOrder, type CloseOrder } from './close-order.js';
import { callsIn, type Calls, type CallSite } from './calls.js';
import { dispatcher, type Dispatch } from './dispatch.js';
import { handlerOf } from './handler.js';
import { processesOf } from './process.js';
import { isSentByClock } from './schedules.js';
import { callsOf, codeSites, entriesOf, functionNamed, queueName, type Call, type CodeSite, type Entries } from './walk.js';

/** Code that runs on a developer's machine alone. */
const TESTS = /(?:^|\/)(?:__tests__|__mocks__|tests?|e2e|specs?|mocks?|fixtures?|benchmarks?|stories|storybook|docs?)\/|\.(?:spec|test|tests|stories|e2e|e2e-spec|mock|bench|config)\.[cm]?[jt]sx?$/i;

/** A consumer as it is found, before the package around it is looked at. */
interface Found {
  readonly kind: ConsumerKind;
  readonly at: SourceLocation;
  readonly text: string;
  readonly queue?: Expr;
  readonly handler?: FunctionTarget;
  readonly options?: Expr;
  readonly call?: Call;
  readonly site: CodeSite;
  readonly isNest?: boolean;
  readonly noAckByDefault?: boolean;
  /** Its library limits what it holds by itself. */
  readonly limited?: boolean;
  /** Its library sends back what the handler returns or throws. */
  readonly replies?: true;
  /** The handler as it is written, and the scope that it and the queue are written in. */
  readonly handlerAs?: Expr;
  readonly inside?: Scope;
  /** What makes it, where that stands in a function that is called for it, and the functions on the way there. */
  readonly made?: { readonly call: Call; readonly site: CodeSite };
  readonly makers?: readonly Maker[];
}
interface Maker { readonly target: FunctionTarget; readonly call: Call }

/** The modules of the tree that may hold a consumer: no tests, and nothing that is compiled from a file beside it. */
export function scriptModules(candidates: readonly string[], resolver: Resolver): readonly Scope[] {
  const stems = new Set(candidates.filter(path => /\.[cm]?tsx?$/i.test(path)).map(path => path.replace(/\.[cm]?tsx?$/i, '')));
  return candidates.filter(path => /\.[cm]?[jt]sx?$/i.test(path) && !TESTS.test(path) && !(/\.[cm]?jsx?$/i.test(path) && stems.has(path.replace(/\.[cm]?jsx?$/i, ''))))
    .map(path => resolver.module(path)).filter(scope => scope !== undefined);
}

/** Every consumer of messages in these modules, in the order of their places. */
export function messageConsumers(modules: readonly Scope[], resolver: Resolver): readonly MessageConsumer[] {
  const calls = callsIn(modules, resolver);
  const found = modules.flatMap(module => consumersIn(module, resolver)).flatMap(one => madeBy(one, calls, resolver)).sort((a, b) => comparePlaces(a.at, b.at));
  if (found.length === 0) return [];
  const processOf = processesOf(modules, resolver);
  const closings = closingsOf(modules, resolver);
  const dispatch = dispatcher(calls, resolver);
  const order = closeOrder(modules, resolver);
  return found.map(one => consumerOf(one, resolver, processOf, closings, dispatch, order, calls));
}

/** Calls between what makes a consumer and who asks for it. */
const MOST_MAKERS = 4;

/** One that a function makes and returns, or makes for a handler that it is given, is one for each call of it: with what it is given there, under the name it has there. */
function madeBy(found: Found, calls: Calls, resolver: Resolver): readonly Found[] {
  const maker = found.site.within.at(-1);
  const { call, makers = [] } = found;
  if (!maker || !call || found.kind === 'sqs' || maker.function.name === 'anonymous' || makers.length === MOST_MAKERS) return [found];
  const takes = (expr: Expr): boolean => expr.is === 'name' && maker.function.parameters.some(({ name }) => name === expr.name);
  // metered(handler), for the queue that it is given
  const wraps = found.queue !== undefined && takes(found.queue) && found.handlerAs !== undefined && walk(found.handlerAs).some(takes);
  if (!returnsIt(maker.function.body, call, nameOf(call, found.site.statement)) && !wraps && !(found.handler === undefined && call.positional.some(takes))) return [found];
  const sites = calls.callersOf(maker);
  return sites.length === 0 ? [found] : sites.flatMap(site => {
    const target = resolver.resolve(site.call.callee, site.scope);
    return target.is === 'function' ? madeBy(asked(found, site, [{ target, call: site.call }, ...makers], resolver), calls, resolver) : [];
  });
}

/** The same consumer as one that is asked for there. `makers`: the functions on the way to it, the outermost first. */
function asked(found: Found, site: CallSite, makers: readonly Maker[], resolver: Resolver): Found {
  const inside = makers.reduce<Scope>((scope, { target, call }) => resolver.inside(target, argumentsOf(target, call, scope)), site.scope);
  const handler = functionNamed(found.handlerAs, inside, resolver) ?? found.handler;
  return { ...found, at: site.call.at, text: shownAs(site.call), site, call: site.call, makers, made: found.made ?? { call: found.call!, site: found.site }, inside, ...(handler && { handler }) };
}

function returnsIt(statements: readonly Statement[], call: Call, name: string | undefined): boolean {
  return statements.some(statement => (statement.do === 'return' && statement.value !== undefined && (statement.value === call || (statement.value.is === 'name' && statement.value.name === name))) || (statement.do !== 'function' && statement.do !== 'class' && returnsIt(nested(statement), call, name)));
}

function consumersIn(module: Scope, resolver: Resolver): readonly Found[] {
  const imported = module.statements.flatMap(statement => (statement.do === 'import-names' || statement.do === 'import-module' ? [statement.module] : []));
  const uses = (name: RegExp): boolean => imported.some(one => name.test(one));
  const found: Found[] = [];
  for (const site of codeSites(module.statements, module, resolver)) {
    const { statement, scope } = site;
    if (statement.do === 'class') found.push(...nestProcessor(statement, site, scope));
    if (statement.do === 'function') found.push(...decoratedMethod(statement, site));
    for (const call of callsOf(statement)) {
      const one = consumerCall(call, site, resolver, uses);
      if (one) found.push(...(one.kind === 'graphile-worker' ? tasksOf(one, call, scope, resolver) : [one]));
    }
  }
  return found;
}

function consumerCall(call: Call, site: CodeSite, resolver: Resolver, uses: (name: RegExp) => boolean): Found | undefined {
  const { scope } = site;
  const external = externalOf(call.callee, scope, resolver);
  const method = call.callee.is === 'member' ? call.callee.name : undefined;
  const [first, second, third] = call.positional;
  const common = { at: call.at, text: shownAs(call), call, site };
  const handled = (expr: Expr | undefined): Pick<Found, 'handler' | 'handlerAs'> => { const handler = functionNamed(expr, scope, resolver); return { ...(expr && { handlerAs: expr }), ...(handler && { handler }) }; };
  const option = (expr: Expr | undefined, name: string): Expr | undefined => entriesOf(expr, scope, resolver).entries.findLast(([key]) => key === name)?.[1];
  if (external === 'bullmq.Worker') return { ...common, kind: 'bullmq', ...(first && { queue: first }), ...handled(second), ...(third && { options: third }) };
  if (/^bull\(\)\.process$/.test(external)) return { ...common, kind: 'bull', ...handled(call.positional.at(-1)) };
  if (/^(?:createMicroservice|connectMicroservice)$/.test(method ?? '')) return microservice(call, common, scope, resolver);
  if (method === 'consume' && second && (/^(?:amqplib|amqp-connection-manager)\b/.test(external) || (uses(/^(?:amqplib|amqp-connection-manager)/) && functionNamed(second, scope, resolver)))) return { ...common, kind: 'amqp', queue: first!, ...handled(second), ...(third && { options: third }) };
  if (external === 'sqs-consumer.Consumer.create' || external === 'sqs-consumer.Consumer') {
    const url = option(first, 'queueUrl');
    return { ...common, kind: 'sqs-consumer', ...(url && { queue: url }), ...handled(option(first, 'handleMessage') ?? option(first, 'handleMessageBatch')), ...(first && { options: first }) };
  }
  if (/(?:^|\.)ReceiveMessageCommand$/.test(external) || (method === 'receiveMessage' && (/^aws-sdk\b/.test(external) || uses(/^aws-sdk|@aws-sdk\/client-sqs/)))) {
    const url = option(first, 'QueueUrl');
    const around = site.within.at(-1);
    const handler: FunctionTarget = around ?? { is: 'function', scope, function: { name: 'module', at: call.at, parameters: [], decorators: [], body: scope.statements, isAsync: true, isGenerator: false } };
    return { ...common, kind: 'sqs', ...(url && { queue: url }), handler, ...(first && { options: first }) };
  }
  if (/^kafkajs\.Kafka\(\)\.consumer\(\)\.run$/.test(external) || (method === 'run' && uses(/^kafkajs$/) && (option(first, 'eachMessage') ?? option(first, 'eachBatch')))) return { ...common, kind: 'kafka', ...handled(option(first, 'eachMessage') ?? option(first, 'eachBatch')), ...(first && { options: first }) };
  if (method === 'work' && first && call.positional.length > 1 && (uses(/^pg-boss$/) || /^pg-boss\b/.test(external) || isNamedBoss(call, resolver))) return { ...common, kind: 'pg-boss', queue: first, ...handled(call.positional.at(-1)) };
  return external === 'graphile-worker.run' ? { ...common, kind: 'graphile-worker', ...(first && { options: first }) } : undefined;
}

/** `boss.work(…)` of an instance that another file makes, in a package that depends on pg-boss. */
const isNamedBoss = ({ at, callee }: Call, resolver: Resolver): boolean => callee.is === 'member' && /(?:^|\.)\w*boss$/i.test(dottedName(callee.object) ?? '') && resolver.scripts.package(resolver.scripts.packageOf(at.path))?.dependencies.includes('pg-boss') === true;

/** `run({ taskList: { mail: async payload => { … } } })`: each task is taken for itself; one that cannot be read stands for all. */
function tasksOf(found: Found, { positional: [options] }: Call, scope: Scope, resolver: Resolver): readonly Found[] {
  const list = entriesOf(options, scope, resolver).entries.findLast(([key]) => key === 'taskList');
  const tasks = list ? entriesOf(list[1], list[2], resolver).entries : [];
  const known = tasks.flatMap(([name, value, from]) => { const handler = functionNamed(value, from, resolver); return handler ? [{ ...found, at: value.at, text: `task ${name}`, queue: literal(name, value.at), handler }] : []; });
  return known.length > 0 ? known : [found];
}

/** `NestFactory.createMicroservice(Module, { transport: Transport.RMQ, options: { queue, noAck: false } })`. */
function microservice(call: Call, common: Pick<Found, 'at' | 'text' | 'site'> & { readonly call: Call }, scope: Scope, resolver: Resolver): Found | undefined {
  const given = entriesOf(call.positional.at(-1), scope, resolver).entries;
  const transport = given.findLast(([key]) => key === 'transport')?.[1], options = given.findLast(([key]) => key === 'options')?.[1];
  if (!transport || !/(?:^|\.)RMQ$/.test(dottedName(transport) ?? '')) return undefined;
  const queue = entriesOf(options, scope, resolver).entries.findLast(([key]) => key === 'queue')?.[1];
  return { ...common, kind: 'amqp', isNest: true, noAckByDefault: true, ...(queue && { queue }), ...(options && { options }) };
}

/** Methods that a library hands messages to: what makes them consumers, and of which kind. `given`: they take a parameter of this class, by which they acknowledge. */
const METHODS: readonly { readonly decorator: RegExp; readonly kind: ConsumerKind; readonly given?: string; readonly replies?: true }[] = [
  { decorator: /(?:^|\.)EventPattern$/, kind: 'amqp', given: 'RmqContext' }, { decorator: /(?:^|\.)MessagePattern$/, kind: 'amqp', given: 'RmqContext', replies: true },
  { decorator: /(?:^|\.)RabbitSubscribe$/, kind: 'amqp' }, { decorator: /(?:^|\.)RabbitRPC$/, kind: 'amqp', replies: true }, { decorator: /(?:^|\.)SqsMessageHandler$/, kind: 'sqs-consumer' },
];

/** `@RabbitSubscribe({ queue: 'mail' }) handle(message)` of @golevelup/nestjs-rabbitmq, `@SqsMessageHandler('mail')` of @ssut/nestjs-sqs, `@EventPattern('mail') handle(data, context: RmqContext)` of @nestjs/microservices. */
function decoratedMethod(statement: Extract<Statement, { do: 'function' }>, site: CodeSite): readonly Found[] {
  for (const decorator of statement.function.decorators) {
    const known = decorator.is === 'call' ? METHODS.find(one => one.decorator.test(dottedName(decorator.callee) ?? '') && (!one.given || statement.function.parameters.some(({ type }) => type === one.given))) : undefined;
    if (!known || decorator.is !== 'call') continue;
    const [first] = decorator.positional;
    const queue = first?.is === 'map' ? first.entries.find(([key]) => key?.is === 'literal' && key.value === 'queue')?.[1] : first;
    return [{ kind: known.kind, at: decorator.at, text: shorten(`@${dottedName(decorator.callee)} ${statement.function.name}`, 60), site, call: decorator, isNest: true, limited: true, ...(known.replies && { replies: true as const }), ...(queue && { queue }), handler: { is: 'function', function: statement.function, scope: site.scope, ...(site.scope.self && { owner: site.scope.self }) } }];
  }
  return [];
}

/** The library's name; of a choice (`pro ? WorkerPro : Worker`) the first that is known. */
function externalOf(callee: Expr, scope: Scope, resolver: Resolver): string {
  const target = resolver.resolve(callee, scope);
  const branches = target.is === 'value' && target.expr.is === 'choice' ? target.expr.branches : [];
  return resolver.externalName(callee, scope) ?? branches.map(branch => resolver.externalName(branch, scope)).find(name => name?.includes('.')) ?? '';
}

/** `Worker("mail", …)`: what makes it, and what its name is. */
function shownAs({ callee, positional: [first] }: Call): string {
  const name = dottedName(callee) ?? (callee.is === 'member' ? callee.name : 'call');
  return shorten(`${name}(${first === undefined ? '' : first.is === 'literal' ? `${JSON.stringify(first.value)}, …` : '…'})`, 60);
}

/** `@Processor('mail') class Mail extends WorkerHost { process(job) }`, `@Process() handle(job)`. */
function nestProcessor(statement: Extract<Statement, { do: 'class' }>, site: CodeSite, scope: Scope): readonly Found[] {
  const facts = statement.class;
  const decorator = facts.decorators.find(one => one.is === 'call' && /(?:^|\.)Processor$/.test(dottedName(one.callee) ?? ''));
  if (decorator?.is !== 'call') return [];
  const self = { is: 'class' as const, class: facts, scope };
  const body = classScope(self);
  const methods = facts.body.filter(one => one.do === 'function').map(one => one.function);
  const isHost = facts.bases.some(base => /WorkerHost$/.test(dottedName(base) ?? ''));
  const handlers = isHost ? methods.filter(({ name }) => name === 'process') : methods.filter(({ decorators }) => decorators.some(one => /(?:^|\.)Process$/.test(dottedName(one.is === 'call' ? one.callee : one) ?? '')));
  const [queue, options] = decorator.positional;
  const name = queue?.is === 'map' ? queue.entries.find(([key]) => key?.is === 'literal' && key.value === 'name')?.[1] : queue;
  const given = options ?? (queue?.is === 'map' ? queue : undefined);
  return handlers.slice(0, 1).map(fn => ({ kind: isHost ? 'bullmq' as const : 'bull' as const, at: decorator.at, text: shorten(`@Processor ${facts.name}`, 60), site, isNest: true, ...(name && { queue: name }), ...(given && { options: given }), call: decorator, handler: { is: 'function' as const, function: fn, scope: body, owner: self } }));
}

function consumerOf(found: Found, resolver: Resolver, processOf: ReturnType<typeof processesOf>, closings: Closings, dispatch: Dispatch, order: CloseOrder, calls: Calls): MessageConsumer {
  const { kind, at, text, site, call } = found;
  const folder = resolver.scripts.packageOf(at.path);
  const process = processOf(folder, (found.made?.site ?? site).scope.path);
  const scope = found.inside ?? site.scope;
  const given = entriesOf(found.options, scope, resolver);
  const name = call && (nameOf(call, site.statement) ?? (kind === 'bull' ? calledOn(call) : undefined));
  const closes = closesOf(found, name, resolver, closings);
  const startedAt = kind === 'sqs' && found.handler ? calls.callersOf(found.handler)[0]?.call.at : undefined;
  const closedFirst = order(closes, connectionOf(given, resolver));
  const queue = found.queue && queueName(found.queue, scope, resolver);
  const isNest = found.isNest === true;
  const handler = found.handler && handlerOf(found.handler, resolver, acks(kind), dispatch, calls);
  const slot = slotOf(found);
  const options = settingsOf(given, resolver, found.makers !== undefined);
  const unknown: Setting<number> = { state: 'unknown', at, expression: 'a default of its library', candidates: [] };
  const prefetch = kind !== 'amqp' ? undefined : ((options.get('prefetchCount') ?? options.get('prefetch')) as Setting<number> | undefined) ?? (found.limited ? unknown : closings.prefetchIn(at.path));
  return {
    id: `${at.path}:${at.startLine}`, kind, at, text, ...(found.noAckByDefault && { noAckByDefault: true }), polls: kind !== 'sqs' || call === undefined || isRepeated(found.handler!.function.body, call), options, openOptions: given.isOpen, isNest, process,
    closes, ...(closedFirst && { closedFirst }), ...(found.replies && { replies: true as const }), ...(startedAt && { startedAt }), ...(kind === 'pg-boss' && isSentByClock(queue, found.queue, scope, resolver, calls) && { isPeriodic: true }),
    ...(found.handlerAs?.is === 'literal' && found.handlerAs.value === null && { byHand: true as const }), ...(queue !== undefined && { queue }), ...(name !== undefined && { name }), ...(handler && { handler }), ...(slot && { optionSlot: slot }), ...(prefetch && { prefetch }),
  };
}

/** The call that makes the connection that it is given. */
function connectionOf({ entries }: Entries, resolver: Resolver): Expr | undefined {
  const given = entries.findLast(([key]) => key === 'connection');
  const target = given && resolver.resolve(given[1], given[2]);
  return target?.is === 'instance' ? target.call : undefined;
}

/** Where it is closed by the name it has; else where what makes it closes it. */
function closesOf({ kind, at, call, made, site }: Found, name: string | undefined, resolver: Resolver, closings: Closings): readonly SourceLocation[] {
  const home = kind === 'bull' && call?.callee.is === 'member' ? homeOf(call.callee.object, site.scope, resolver) : undefined;
  const own = closings.of({ path: at.path, folder: resolver.scripts.packageOf(at.path), ...(name !== undefined && { name }), ...(call && { call: made?.call ?? call }), several: made !== undefined, kind, ...(home !== undefined && { home }) });
  const inner = made && nameOf(made.call, made.site.statement);
  return own.length > 0 || !made || inner === undefined ? own : closings.of({ path: made.call.at.path, folder: resolver.scripts.packageOf(made.call.at.path), name: inner, kind });
}

/** `passedOn`: what is written beside the consumer is what its makers were given; it is changed where that is written. */
function settingsOf({ entries }: Entries, resolver: Resolver, passedOn: boolean): MessageConsumer['options'] {
  return new Map(entries.map(([key, value, scope]): [string, Setting<unknown>] => {
    const setting = toSetting(resolver.evaluate(value, scope), []);
    const written = passedOn && setting.state === 'set' ? setting.origin.at(-1)?.at : undefined;
    return [key, { ...setting, at: written ?? value.at } as Setting<unknown>];
  }));
}

/** `const worker = new Worker(…)`, `this.worker = …`: the last part of the name. */
function nameOf(call: Call, statement: Statement): string | undefined {
  if (statement.do !== 'assign' || !walk(statement.value).includes(call)) return undefined;
  return dottedName(statement.targets[0]!)?.split('.').pop();
}

/** `mailQueue` of `mailQueue.process(…)`. */
const calledOn = ({ callee }: Call): string | undefined => (callee.is === 'member' ? dottedName(callee.object)?.split('.').pop() : undefined);

/** Where a name is declared: a `queue` of one module is not the `queue` of another one, unless it was imported from there. */
function homeOf(expr: Expr, { path }: Scope, resolver: Resolver): string | undefined {
  const module = expr.is === 'name' ? resolver.module(path) : undefined;
  const bindings = expr.is === 'name' && module ? bindingsOf(module.statements).byName.get(expr.name) : undefined;
  const imported = bindings?.find(one => one.kind === 'import');
  if (!bindings || expr.is !== 'name') return undefined;
  if (imported?.kind !== 'import') return `${path}#${expr.name}`;
  const [from] = resolver.find(imported.module, path);
  return from === undefined || imported.name === undefined ? undefined : `${from}#${imported.name}`;
}

/** Behind the last entry of the options, or as a last argument of the call. */
function slotOf({ options, call, kind }: Found): Slot | undefined {
  if (options?.is === 'map') {
    const last = options.entries.at(-1);
    const end = last ? { ...last[1].at, startLine: last[1].at.endLine, startColumn: last[1].at.endColumn } : { ...options.at, startColumn: options.at.startColumn + 1, endLine: options.at.startLine, endColumn: options.at.startColumn + 1 };
    return { kind: 'insert', at: end, encoding: ['typescript'], before: last ? ', ' : ' ', after: last ? '' : ' ' };
  }
  if (options || !call || kind !== 'bullmq' || call.positional.length !== 2) return undefined;
  const end = { ...call.positional[1]!.at, startLine: call.positional[1]!.at.endLine, startColumn: call.positional[1]!.at.endColumn };
  return { kind: 'insert', at: end, encoding: ['typescript'], before: ', { ', after: ' }' };
}

/** A `while` around it, in the same function. */
function isRepeated(statements: readonly Statement[], call: Call): boolean {
  return statements.some(statement => (statement.do === 'while' && holds(statement.body, call)) || (statement.do !== 'function' && statement.do !== 'class' && isRepeated(nested(statement), call)));
}

function holds(statements: readonly Statement[], call: Call): boolean {
  return statements.some(statement => expressionsOf(statement).some(expr => walk(expr).includes(call)) || holds(nested(statement), call));
}

/** What acknowledges a message of this kind. */
const acks = (kind: ConsumerKind) => (call: Call): boolean => {
  const name = call.callee.is === 'member' ? call.callee.name : call.callee.is === 'name' ? call.callee.name : '';
  if (kind === 'amqp') return /^(?:ack|ackMessage)$/.test(name);
  if (kind === 'sqs') return /^(?:DeleteMessage(?:Batch)?Command|deleteMessage(?:Batch)?)$/.test(name);
  return kind === 'kafka' && /^(?:commitOffsets|resolveOffset|commitOffsetsIfNecessary)$/.test(name);
};

interface Closings {
  of(consumer: { readonly path: string; readonly folder: string; readonly name?: string; readonly kind: ConsumerKind; readonly call?: Expr; readonly several?: boolean; /** Where its name is declared. */ readonly home?: string }): readonly SourceLocation[];
  prefetchIn(path: string): Setting<number> | undefined;
}

const CLOSE = /^(?:close|stop|cancel|disconnect|pause|shutdown|destroy|terminate)$/;
/** Names for one of many: `for (const w of workers) await w.close()`. */
const ANY = /^(?:w|c|q|worker|consumer|item|instance|x|it|each|processor|queue|channel|connection|conn|ch|subscriber|resource|closable|server|app|client|boss|runner)$/i;

/** Where things are closed, by the name they have there; what is put into a list may be closed by the name of an item. */
function closingsOf(modules: readonly Scope[], resolver: Resolver): Closings {
  const closed: { readonly at: SourceLocation; readonly folder: string; readonly name: string; readonly made?: Expr; readonly home?: string }[] = [];
  const listed = new Map<string, Set<string>>();
  const prefetches = new Map<string, Setting<number>>();
  for (const module of modules) {
    const folder = resolver.scripts.packageOf(module.path);
    const put = (expr: Expr): void => { const name = dottedName(expr)?.split('.').pop(); if (name !== undefined) listed.set(folder, (listed.get(folder) ?? new Set()).add(name)); };
    for (const { statement, scope } of codeSites(module.statements, module, resolver)) {
      for (const part of expressionsOf(statement).flatMap(expr => walk(expr))) {
        if (part.is === 'list') part.items.forEach(put);
        if (part.is === 'map') part.entries.forEach(([, value]) => put(value));
        if (part.is !== 'call' || part.callee.is !== 'member') continue;
        if (part.callee.name === 'push') part.positional.forEach(put);
        if (part.callee.name === 'prefetch' && part.positional[0]) prefetches.set(module.path, toSetting(resolver.evaluate(part.positional[0], scope), []) as Setting<number>);
        const name = CLOSE.test(part.callee.name) ? (dottedName(part.callee.object) ?? render(part.callee.object)).split('.').pop()!.replace(/\([^]*/, '') : undefined;
        if (name === undefined) continue;
        const target = resolver.resolve(part.callee.object, scope);
        const home = homeOf(part.callee.object, scope, resolver);
        closed.push({ at: part.at, folder, name, ...(target.is === 'instance' && { made: target.call }), ...(home !== undefined && { home }) });
      }
    }
  }
  return {
    of({ folder, name, kind, call, several, home }) {
      // of several that one call makes, the name says which
      const same = call && closed.filter(one => one.made === call && (!several || name === undefined || one.name === name));
      if (same && same.length > 0) return same.map(({ at }) => at);
      const own = closed.filter(one => one.folder === folder && (home !== undefined && one.home !== undefined ? one.home === home : name === undefined || one.name === name));
      if (own.length > 0 && name !== undefined) return own.map(({ at }) => at);
      const generic = closed.filter(one => one.folder === folder && ANY.test(one.name));
      // what has no name of its own, or is kept in a list, is closed where any item is
      return name === undefined || kind === 'amqp' || kind === 'sqs' || kind === 'kafka' || listed.get(folder)?.has(name) ? generic.map(({ at }) => at) : [];
    },
    prefetchIn: path => prefetches.get(path),
  };
}

