import type { Expr, NodeProcess, SignalHandler, SourceLocation, Statement } from '../../model/index.js';
import { dottedName, expressionsOf, nested, walk } from '../../model/index.js';
import type { FunctionTarget, Resolver, Scope } from '../modules.js';
import { calleeName, callsOf, codeSites, functionNamed, type Call } from './walk.js';

/** Libraries that handle SIGTERM for those who use them: their READMEs; graphile-worker's run() unless noHandleSignals (worker.graphile.org/docs/library/run). */
const SIGNAL_LIBRARIES = /^(@godaddy\/terminus|lightship|close-with-grace|exit-hook|async-exit-hook|node-graceful-shutdown|node-graceful|http-graceful-shutdown|fastify-graceful-shutdown|@gquittet\/graceful-server|@medusajs\/framework|moleculer|graceful-shutdown|graphile-worker)$/;
/** What ends or drains something. */
const CLOSES = /^(?:close|stop|cancel|disconnect|shutdown|drain|quit|destroy|terminate|end|dispose|release|flush|\w{0,60}(?:[sS]hutdown|[cC]lose|[dD]rain|[sS]top|[dD]ispose)\w{0,60})$/;

/** What the modules of each package do when the process is told to stop; of a package that has several processes, what a module does about it itself. */
export function processesOf(modules: readonly Scope[], resolver: Resolver): (folder: string, path: string) => NodeProcess {
  const found = new Map<string, { signals: SignalHandler[]; hooks: SourceLocation[]; bootstraps: SourceLocation[]; schedules: { at: SourceLocation; text: string }[]; library?: string; taskProtection?: SourceLocation }>();
  const of = (path: string): NonNullable<ReturnType<typeof found.get>> => {
    const folder = resolver.scripts.packageOf(path);
    let own = found.get(folder);
    if (!own) found.set(folder, (own = { signals: [], hooks: [], bootstraps: [], schedules: [] }));
    return own;
  };
  for (const module of modules) {
    const own = of(module.path);
    const parts = [...codeSites(module.statements, module, resolver)].flatMap(({ statement }) => expressionsOf(statement).flatMap(expr => walk(expr)));
    const speaksOfSigterm = parts.some(part => part.is === 'literal' && part.value === 'SIGTERM');
    const protection = own.taskProtection ?? parts.find(protects)?.at;
    if (protection) own.taskProtection = protection;
    for (const { statement, scope } of codeSites(module.statements, module, resolver)) {
      if ((statement.do === 'import-names' || statement.do === 'import-module') && SIGNAL_LIBRARIES.test(statement.module)) own.library = statement.module;
      if (statement.do === 'function') for (const decorator of statement.function.decorators) if (decorator.is === 'call' && /(?:^|\.)(?:Cron|Interval)$/.test(dottedName(decorator.callee) ?? '') && !keepsOwn(statement.function.body)) own.schedules.push({ at: decorator.at, text: `@${dottedName(decorator.callee)!.split('.').pop()!} ${statement.function.name}` });
      for (const call of callsOf(statement)) {
        const name = calleeName(call);
        if (/^node-cron(?:\.\w+)?\.schedule$|^cron\.(?:CronJob|schedule)$|^node-schedule\.scheduleJob$/.test(resolver.externalName(call.callee, scope) ?? '')) own.schedules.push({ at: call.at, text: `${name}(…)` });
        if (/(?:^|\.)enableShutdownHooks$/.test(name)) own.hooks.push(call.at);
        else if (/(?:^|\.)NestFactory\.create\w*$/.test(name)) own.bootstraps.push(call.at);
        else if (/^process\.(?:on|once|addListener|prependListener)$/.test(name) && isSigterm(call, speaksOfSigterm)) own.signals.push(handlerOf(call, scope, resolver));
      }
    }
  }
  let imported: ReadonlySet<string> | undefined;
  return (folder, path) => {
    const all = withDependents(folder, found, resolver);
    const isImported = (at: string): boolean => (imported ??= new Set(modules.flatMap(module => [...importsOf(module, resolver)]))).has(at);
    // a tool that does not lead here is run by hand
    const process = { ...all, signals: all.signals.filter(({ at }) => !TOOLS.test(at.path) || isImported(at.path) || reaches(at.path, path, resolver)) };
    if (!process.signals.some(({ at }) => at.path === path)) return process;
    // a module that nothing imports, and that does something by itself, begins a process; one that does not lead here begins another one
    const own = process.signals.filter(({ at }) => at.path === path || isImported(at.path) || !begins(at.path, resolver) || reaches(at.path, path, resolver));
    return own.length < process.signals.length ? { ...process, module: path, signals: own } : process;
  };
}

/** Folders of what is run by hand. */
const TOOLS = /(?:^|\/)(?:scripts?|tools?|examples?)\//;
/** Modules that are looked into on the way from one to another. */
const MOST_IMPORTS = 400;

/** Does a module import another one, through others too? Where that takes too long to say: yes. */
function reaches(from: string, to: string, resolver: Resolver): boolean {
  const seen = new Set([from]);
  for (const path of seen) {
    if (path === to || seen.size > MOST_IMPORTS) return true;
    const module = resolver.module(path);
    if (module) for (const next of importsOf(module, resolver)) seen.add(next);
  }
  return false;
}

const begins = (path: string, resolver: Resolver): boolean => resolver.module(path)?.statements.some(({ do: does }) => does === 'call' || does === 'if' || does === 'try' || does === 'for') === true;

const importsOf = ({ statements, path }: Scope, resolver: Resolver): readonly string[] => statements.flatMap(statement => (statement.do === 'import-names' || statement.do === 'import-module' || statement.do === 'import-star' ? resolver.find(statement.module, path) : []));

/** `${agent}/task-protection/v1/state`, UpdateTaskProtection of the SDK (docs.aws.amazon.com/AmazonECS/latest/developerguide/task-scale-in-protection-endpoint.html). */
const protects = (part: Expr): boolean => (part.is === 'literal' ? typeof part.value === 'string' && part.value.includes('task-protection/v1') : part.is === 'call' && /(?:^|\.)(?:UpdateTaskProtectionCommand|updateTaskProtection)$/.test(dottedName(part.callee) ?? ''));

/** `'SIGTERM'`, or the name of a loop over signals in a module that speaks of it. */
function isSigterm(call: Call, speaksOfIt: boolean): boolean {
  const [first] = call.positional;
  return first?.is === 'literal' ? first.value === 'SIGTERM' : first !== undefined && speaksOfIt;
}

/** Steps from a package to what it depends on. */
const DEPENDENCIES = 3;

/** The package with those of the workspace that it depends on; a library is part of the processes of those that depend on it. */
function withDependents(folder: string, found: ReadonlyMap<string, Omit<NodeProcess, 'folder'>>, resolver: Resolver): NodeProcess {
  const { scripts } = resolver;
  const folderOf = new Map(scripts.packages.flatMap((other): readonly [string, string][] => { const name = scripts.package(other)?.name; return name === undefined ? [] : [[name, other]]; }));
  const below = new Set([folder]);
  for (let step = 0, last: readonly string[] = [folder]; step < DEPENDENCIES && last.length > 0; step++) {
    last = last.flatMap(one => scripts.package(one)?.dependencies ?? []).flatMap(name => folderOf.get(name) ?? []).filter(one => !below.has(one));
    for (const one of last) below.add(one);
  }
  const hears = (folders: Iterable<string>): boolean => [...folders].some(one => { const own = found.get(one); return own !== undefined && own.signals.length + own.hooks.length + own.bootstraps.length > 0; });
  const name = scripts.package(folder)?.name;
  const users = hears(below) || name === undefined ? [] : scripts.packages.filter(other => other !== folder && scripts.package(other)?.dependencies.includes(name));
  const all = [...below, ...users].map(one => found.get(one)).filter(one => one !== undefined);
  const library = all.find(one => one.library)?.library, taskProtection = all.find(one => one.taskProtection)?.taskProtection;
  return {
    folder, signals: all.flatMap(one => one.signals), hooks: all.flatMap(one => one.hooks), bootstraps: all.flatMap(one => one.bootstraps), schedules: found.get(folder)?.schedules ?? [], ...(library !== undefined && { library }), ...(taskProtection && { taskProtection }),
  };
}

function handlerOf(call: Call, scope: Scope, resolver: Resolver): SignalHandler {
  const fn = functionNamed(call.positional[1], scope, resolver);
  const exit = fn && exitAtOnce(fn, resolver, 2);
  // () => void shutdown()
  const named = fn?.function.name !== 'anonymous' ? fn : fn.function.body.flatMap(callsOf).map(inner => functionNamed(inner.callee, resolver.inside(fn), resolver)).find(target => target !== undefined);
  const notes = fn !== undefined && fn.function.body.some(statement => statement.do === 'assign') && fn.function.body.every(statement => statement.do === 'assign' || (statement.do === 'call' && /^console\.|(?:^|\.)log(?:ger)?\./i.test(statement.value.is === 'call' ? dottedName(statement.value.callee) ?? '' : '')));
  return { at: call.at, ...(notes && { notes: true as const }), ...(exit && exit !== 'waits' && { exitsAtOnce: exit }), ...(named && { handler: named.function.at }) };
}

/** `this.map = …`: what each copy keeps for itself is refreshed in each copy. */
const keepsOwn = (body: readonly Statement[]): boolean => body.some(statement => (statement.do === 'assign' && statement.targets.some(target => dottedName(target)?.startsWith('this.') === true)) || keepsOwn(nested(statement)));

const EXITS = /^process\.(?:exit|reallyExit|abort)$/;

/** The first `process.exit()` of a handler, unless something that closes was waited for before; functions it calls are followed. */
function exitAtOnce(fn: FunctionTarget, resolver: Resolver, depth: number): SourceLocation | 'waits' | undefined {
  const scope = resolver.inside(fn);
  const visit = (statements: readonly Statement[]): SourceLocation | 'waits' | undefined => {
    for (const statement of statements) {
      for (const call of callsOf(statement)) {
        const name = calleeName(call);
        if (EXITS.test(name)) return call.at;
        // a callback exits when the work is done
        if (call.awaited || call.positional.some(argument => argument.is === 'function') || /(?:^|\.)(?:then|finally)$/.test(name)) return 'waits';
        if (CLOSES.test(name.split('.').pop()!)) {
          const target = depth > 0 ? functionNamed(call.callee, scope, resolver) : undefined;
          const inner = target && exitAtOnce(target, resolver, depth - 1);
          if (inner) return inner;
        }
      }
      const inner = visit(nested(statement));
      if (inner) return inner;
    }
    return undefined;
  };
  return visit(fn.function.body);
}
