import type { ErrorHandler, Expr, Handler, Statement } from '../../model/index.js';
import { exceptionsOf, dottedName, expressionsOf, nested, walk } from '../../model/index.js';
import { PURE } from '../../knowledge/libraries/index.js';
import { VALUE_METHODS } from '../../knowledge/libraries/node.js';
import { isScript } from '../find-scripts.js';
import type { Resolver, Scope } from '../modules.js';
import { calleeName } from '../node/walk.js';

type Call = Extract<Expr, { is: 'call' }>;

/** Calls that tell a person or a log, and change nothing about the work. */
const TELLS = /(?:^|[._])(?:log|logs|logger|logging|print|capture_exception|capture_message|record_exception|log_exception|format_exc|format_exception|print_exc|rollback|strip|format|join)$|(?:^|[._])(?:telemetry|span|metrics?|statsd|sentry_sdk|newrelic)(?:[._]|$)/i;
const ANY = /(?:^|\.)(?:Exception|BaseException)$/;
/** Errors of a connection, which another try may not see. */
const TRANSIENT = /(?:^|\.)(?:RequestException|ConnectionError|Timeout|TimeoutError|OperationalError|HTTPError|TransportError|APIConnectionError|\w*APIError)$/;

/** Calls of JavaScript that tell a service that watches: `trackJobError(…)`, `captureException(…)`. */
const TRACKS = /(?:^|\.)(?:(?:track|capture)(?:[A-Z]\w*)?(?:Error|Exception|Event|Metric|Start(?:ed)?|Complet(?:e|ed|ion)|Fail(?:ure|ed)|Success|Duration|Timing)s?|(?:report|log)(?:[A-Z]\w*)?(?:Error|Exception)s?)$/;

/** Libraries that count and time for who watches: OpenTelemetry, prom-client, statsd, Sentry, Datadog. */
const METRICS = /^(?:@opentelemetry\/api(?:-\w+)?|prom-client|hot-shots|node-statsd|@sentry\/[\w-]+|dd-trace)\b/;

/** Takes away the files that were made for the work, and changes nothing about it. */
const CLEARS_FILES = /^(?:os\.(?:remove|unlink|rmdir)|shutil\.rmtree|(?:fs|fsp|fsPromises|fs\.promises)\.(?:unlink|rm|rmdir)(?:Sync)?)$/;

/** What JavaScript computes of values and of the clock. */
const VALUES = /^(?:Date|Math|JSON|String|Number|Boolean|Object|Array|performance)(?:\.\w+)?$/;

/** logger.info(), LOG.exception(): reaches nothing that matters here. */
export function isLogging(call: Call): boolean {
  return call.callee.is === 'member' && /^(debug|info|warning|warn|error|exception|critical|log)$/.test(call.callee.name) && /log|^console$/i.test(dottedName(call.callee.object) ?? '');
}

/** What an exception handler catches, and whether the error ends there. */
export function judgeHandler(handler: Handler, before: readonly Handler[], scope: Scope, resolver: Resolver): Pick<ErrorHandler, 'catches' | 'types' | 'outcome' | 'passesOn' | 'isMinor'> {
  const types = typesOf(handler);
  const catches = types.length === 0 || types.some(type => ANY.test(type)) ? 'any' : types.some(type => TRANSIENT.test(type)) ? 'transient' : 'named';
  return { types, catches, outcome: outcomeOf(handler.body, scope, resolver), ...(isScript(scope.path) && isMinor(handler.body) && { isMinor: true as const }), passesOn: before.filter(other => endsInRaise(other.body)).flatMap(typesOf).map(type => type.split('.').pop()!) };
}

/** What a log says of an error that was left out on purpose. */
const MINOR = /non-?\s?(?:fatal|critical|blocking)|best[- ]effort|ignor(?:ed|ing)\b/i;

const isMinor = (body: readonly Statement[]): boolean => flat(body).some(({ statement }) => statement.do === 'call' && statement.value.is === 'call' && isLogging(statement.value) && walk(statement.value).some(part => part.is === 'literal' && MINOR.test(String(part.value))));

/** The error that all others of a library are of: requests 2, httpx 0.28, urllib3 2, aiohttp 3, smtplib, redis-py 5, pymongo 4, stripe 12. */
const BASE_ERROR = /^(?:(requests)(?:\.[\w.]+)?\.RequestException|(httpx|urllib3)(?:\.[\w.]+)?\.HTTPError|(aiohttp)(?:\.[\w.]+)?\.ClientError|(smtplib)\.SMTPException|(redis)(?:\.[\w.]+)?\.RedisError|(pymongo)(?:\.[\w.]+)?\.PyMongoError|(stripe)(?:\.[\w.]+)?\.StripeError)$/;

/** Does a handler before this one catch what the call of a library (`requests.post(…)`) raises? */
export function isCaughtBefore(call: string, earlier: readonly Handler[], scope: Scope, resolver: Resolver): boolean {
  const library = /^(\w+)\./.exec(call)?.[1];
  const bases = earlier.flatMap(exceptionsOf).map(type => BASE_ERROR.exec(resolver.externalName(type, scope) ?? dottedName(type) ?? ''));
  return library !== undefined && bases.some(base => base?.slice(1).includes(library));
}

/** `except A:`, `except (A, B):` */
export const typesOf = (handler: Handler): readonly string[] => exceptionsOf(handler).map(type => dottedName(type) ?? '…');

function outcomeOf(body: readonly Statement[], scope: Scope, resolver: Resolver): ErrorHandler['outcome'] {
  if (endsInRaise(body)) return 'raises';
  const parts = flat(body);
  if (parts.some(({ statement, test }) => statement.do === 'raise' && !picksByType(test))) return 'other';
  const isQuiet = parts.every(({ statement, test }) => (statement.do === 'raise' && picksByType(test)) || tellsOnly(statement, scope, resolver));
  if (isQuiet) return 'logs';
  if (isScript(scope.path) && parts.every(({ statement }) => tellsOnly(statement, scope, resolver) || readsOnly(statement) || recordsOnly(statement, scope, resolver))) return 'records';
  const last = body.at(-1);
  return last?.do === 'return' && last.value && isValue(last.value, scope, resolver) && outcomeOf(body.slice(0, -1), scope, resolver) === 'logs' ? 'returns' : 'other';
}

/** Hands an error on without a `raise` of its own. */
const PASSES = /(?:^|\.)(?:reject|retry|rethrow|throw\w*|raise\w*|fail|exit|_exit|abort|next|done|callback|cb)$/i;

/** Does every error end in this handler, whatever it does about it? What calls a function of the repository that raises may hand it on. */
export function endsError(handler: Handler, scope: Scope, resolver: Resolver): boolean {
  const types = typesOf(handler);
  return (types.length === 0 || types.some(type => ANY.test(type))) && keeps(handler.body, scope, resolver);
}

/** `work().catch(error => log(error))`: the same of a promise. */
export function catchesAll({ callee, positional: [given] }: Call, scope: Scope, resolver: Resolver): boolean {
  return callee.is === 'member' && callee.name === 'catch' && given?.is === 'function' && given.code !== undefined && keeps(given.code.body, scope, resolver);
}

function keeps(body: readonly Statement[], scope: Scope, resolver: Resolver): boolean {
  return flat(body).every(({ statement }) => statement.do !== 'raise' && expressionsOf(statement).every(expr => walk(expr).every(part => part.is !== 'call' || !mayRaise(part, scope, resolver))));
}

function mayRaise(call: Call, scope: Scope, resolver: Resolver): boolean {
  const target = resolver.resolve(call.callee, scope);
  return PASSES.test(calleeName(call)) || (target.is === 'function' && flat(target.function.body).some(({ statement }) => statement.do === 'raise'));
}

const endsInRaise = (body: readonly Statement[]): boolean => body.at(-1)?.do === 'raise' && !body.some(statement => statement.do !== 'raise' && flat([statement]).some(({ statement: inner }) => inner.do === 'return'));

/** `if isinstance(e, S3Error): raise`: some errors go on, the others end here. */
const picksByType = (test: Expr | undefined): boolean => test !== undefined && walk(test).some(part => part.is === 'call' && dottedName(part.callee) === 'isinstance');

function flat(body: readonly Statement[], test?: Expr): readonly { readonly statement: Statement; readonly test: Expr | undefined }[] {
  return body.flatMap(statement => [{ statement, test }, ...flat(nested(statement), statement.do === 'if' ? statement.test : test)]);
}

/** Logs, passes, leaves, or keeps a local value; a field that is written may be the record of the failure. */
function tellsOnly(statement: Statement, scope: Scope, resolver: Resolver): boolean {
  if (statement.do === 'assign' && statement.targets.some(target => target.is !== 'name')) return false;
  // what is returned may be the record of the failure too: `return (False, e)`
  if (statement.do === 'return' && statement.value && !(statement.value.is === 'literal' && !statement.value.value)) return false;
  if (statement.do === 'function' || statement.do === 'class' || statement.do === 'delete') return false;
  return expressionsOf(statement).every(expr => isQuietValue(expr, scope, resolver));
}

const RECORDS = /^(?:update|updateMany|upsert|\$executeRaw|save)$/;

/** `await prisma.run.update({ data: { status: 'failed' } })`, or a function around it that is called with it. */
function recordsOnly(statement: Statement, scope: Scope, resolver: Resolver): boolean {
  if (statement.do !== 'call' && statement.do !== 'return') return false;
  const value = statement.do === 'call' ? statement.value : statement.value;
  if (value?.is !== 'call') return false;
  const held = value.callee.is === 'member' && value.callee.name === 'catch' && value.callee.object.is === 'call' ? value.callee.object : value;
  if (held.callee.is === 'member' && RECORDS.test(held.callee.name)) return true;
  const inner = held.positional.flatMap(argument => (argument.is === 'function' && argument.code ? [argument.code.body] : []));
  return inner.length > 0 && inner.every(body => body.length > 0 && body.every(one => tellsOnly(one, scope, resolver) || recordsOnly(one, scope, resolver)));
}

/** `const left = await prisma.item.count()`: a name for what is stored. */
function readsOnly(statement: Statement): boolean {
  return statement.do === 'assign' && statement.targets.every(target => target.is === 'name') && walk(statement.value).every(part => part.is !== 'call' || READS.test(dottedName(part.callee)?.split('.').pop() ?? (part.callee.is === 'member' ? part.callee.name : '')));
}
const READS = /^(?:\$queryRaw|find(?:First|Unique|Many)\w*|count|aggregate|Number|String|Boolean|isArray|catch)$/;

/** `return {"error": str(error)}`: made of values alone. */
const isValue = (value: Expr, scope: Scope, resolver: Resolver): boolean => walk(value).every(part => part.is !== 'call' || isTelling(part, scope, resolver));

/** What is logged is only read. */
function isQuietValue(value: Expr | undefined, scope: Scope, resolver: Resolver): boolean {
  return value === undefined || (value.is === 'call' && isLogging(value)) || walk(value).every(part => part.is !== 'call' || isTelling(part, scope, resolver));
}

/** A log, a trace, a metric, a value made of others. */
export function isTelling(call: Call, scope: Scope, resolver: Resolver): boolean {
  const name = calleeName(call);
  const external = resolver.externalName(call.callee, scope) ?? name;
  return isLogging(call) || TELLS.test(name) || CLEARS_FILES.test(name) || (isScript(scope.path) && (TRACKS.test(name) || VALUES.test(name) || (call.callee.is === 'member' && VALUE_METHODS.test(call.callee.name)) || METRICS.test(external))) || PURE.test(external);
}

/** Is nothing left to do in these statements, other than to tell and to leave? */
export function isIdle(statements: readonly Statement[], scope: Scope, resolver: Resolver): boolean {
  return statements.every(statement => statement.do !== 'raise' && statement.do !== 'for' && statement.do !== 'while' && (statement.do === 'return' ? isQuietValue(statement.value, scope, resolver) : tellsOnly(statement, scope, resolver)) && isIdle(nested(statement), scope, resolver));
}

/** `if again: raise self.retry()` behind a handler that has set `again = False`. */
export function isSkipped(statement: Statement, { body }: Handler): boolean {
  if (statement.do !== 'if' || statement.test.is !== 'name' || statement.otherwise.length > 0) return false;
  const flag = statement.test.name;
  return body.some(part => part.do === 'assign' && part.value.is === 'literal' && !part.value.value && part.targets.some(target => target.is === 'name' && target.name === flag));
}

/** Does a loop's body leave the loop somewhere? Inner loops keep their own `break`. */
export function leavesLoop(body: readonly Statement[]): boolean {
  return body.some(statement => statement.do === 'break' || statement.do === 'return' || statement.do === 'raise' || (statement.do === 'for' || statement.do === 'while' ? leavesFunction(nested(statement)) : leavesLoop(nested(statement))));
}
const leavesFunction = (body: readonly Statement[]): boolean => body.some(statement => statement.do === 'return' || statement.do === 'raise' || leavesFunction(nested(statement)));

/** What an iterator or a queue raises when nothing is left. */
export const endsLoop = (type: Expr): boolean => /(?:^|\.)(?:StopIteration|StopAsyncIteration|IndexError|KeyError|Empty|QueueEmpty|EOFError)$/.test(dottedName(type) ?? '');

/** An error that says what went wrong, not any. */
export function isNarrow(type: Expr): boolean {
  return !/(?:^|\.)(?:Exception|BaseException|RequestException|HTTPError)$/.test(dottedName(type) ?? '');
}
