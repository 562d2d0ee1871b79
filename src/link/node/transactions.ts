import type { Expr, PublishInTransaction, SourceLocation, Statement } from '../../model/index.js';
import { dottedName, expressionsOf, nested, shorten, walk } from '../../model/index.js';
import { OPENS_TRANSACTION } from '../../knowledge/libraries/node.js';
import type { Resolver, Scope } from '../modules.js';
import { render } from '../render.js';
import { codeSites, functionNamed, type Call } from './walk.js';

/** Decorators that run a method in one transaction (typeorm-transactional, @nestjs-cls/transactional, MikroORM). */
const TRANSACTIONAL = /(?:^|\.)(?:Transactional|Transaction|RunInTransaction)$/;
const WRITES = /^(?:insert|insertMany|insertOne|create|createMany|save|update|updateMany|updateOne|upsert|delete|deleteMany|remove|persist|persistAndFlush|flush|increment|decrement)$/;
/** Puts a message into a queue. */
const SENDS = /^(?:add|addBulk|sendToQueue|publish|sendMessage|enqueue|emit|dispatch|send)$/;
const QUEUE = /(?:^|[._])(?:\w{0,60}(?:queue|Queue|publisher|Publisher|producer|Producer|broker|Broker|amqp|channel|jobs|flow|Flow\w{0,60}))$/;

/** Messages that TypeScript sends inside a transaction that has written before. */
export function sentInScriptTransactions(modules: readonly Scope[], resolver: Resolver): readonly PublishInTransaction[] {
  const found: PublishInTransaction[] = [];
  for (const module of modules) {
    for (const { statement, scope } of codeSites(module.statements, module, resolver)) {
      if (statement.do === 'function') {
        const decorator = statement.function.decorators.find(one => TRANSACTIONAL.test(dottedName(one.is === 'call' ? one.callee : one) ?? ''));
        if (decorator) found.push(...sentIn(statement.function.body, { at: decorator.at, text: `@${dottedName(decorator.is === 'call' ? decorator.callee : decorator)}()` }));
      }
      for (const call of expressionsOf(statement).flatMap(expr => walk(expr))) {
        if (call.is !== 'call' || call.callee.is !== 'member' || !OPENS_TRANSACTION.test(call.callee.name)) continue;
        const fn = call.positional.map(argument => functionNamed(argument, scope, resolver)).find(target => target !== undefined);
        if (fn) found.push(...sentIn(fn.function.body, { at: { ...call.at, endLine: call.callee.at.endLine, endColumn: call.callee.at.endColumn }, text: `${dottedName(call.callee) ?? call.callee.name}()` }));
      }
    }
  }
  return found;
}

function sentIn(body: readonly Statement[], opened: { readonly at: SourceLocation; readonly text: string }): readonly PublishInTransaction[] {
  const found: PublishInTransaction[] = [];
  let wrote: { readonly at: SourceLocation; readonly text: string; readonly name?: string } | undefined;
  const visit = (statements: readonly Statement[]): void => {
    for (const statement of statements) {
      if (statement.do === 'function' || statement.do === 'class') continue;
      for (const call of expressionsOf(statement).flatMap(expr => walk(expr))) {
        if (call.is !== 'call' || call.callee.is !== 'member') continue;
        const holder = dottedName(call.callee.object) ?? render(call.callee.object);
        if (SENDS.test(call.callee.name) && QUEUE.test(holder) && wrote) { found.push(messageOf(call, holder, opened, wrote)); continue; }
        if (WRITES.test(call.callee.name) && call.awaited && !QUEUE.test(holder)) wrote = { at: call.at, text: shorten(render(call), 60), ...(statement.do === 'assign' && statement.targets[0]?.is === 'name' && { name: statement.targets[0].name }) };
      }
      visit(nested(statement));
    }
  };
  visit(body);
  return found;
}

function messageOf(call: Call, holder: string, opened: { readonly at: SourceLocation; readonly text: string }, wrote: { readonly at: SourceLocation; readonly text: string; readonly name?: string }): PublishInTransaction {
  const names = new Set(call.positional.flatMap(part => walk(part)).flatMap((part: Expr) => (part.is === 'name' ? [part.name] : [])));
  const { name, ...write } = wrote;
  return {
    at: call.at, target: `a message of ${holder.replace(/^this\./, '')}`, countdown: { state: 'unset', at: call.at, slots: [] }, via: [], text: shorten(render(call), 60), opened, wrote: write,
    namesWritten: name !== undefined && names.has(name), behind: 'end',
  };
}
