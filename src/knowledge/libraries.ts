import type { EffectKind } from '../model/index.js';

/** What a library call does. `name` is matched against the full dotted name; a call's result is written `()`. */
export interface LibraryCall {
  readonly name: RegExp;
  readonly kind: EffectKind;
  /** Running it twice is harmless by the call's own meaning (PUT, delete by key). */
  readonly idempotent?: boolean;
  /** s until the library gives up by default; undefined: never, or not known. */
  readonly timeoutSeconds?: number;
  /** Without a `timeout=` of the call it waits for ever (docs.python-requests.org: "do not time out unless a timeout value is set explicitly"). */
  readonly endless?: boolean;
}

const BOTO = String.raw`^(boto3|aioboto3|boto3\.session\.Session\(\)|boto3\.Session\(\))\.(client|resource)\(\)(\.\w+(\(\))?)*\.`;
const BOTO_CLIENT = String.raw`^(boto3|aioboto3|boto3\.session\.Session\(\)|boto3\.Session\(\))\.client\(\)\.`;
/** Objects are made without a call (`Object()`, `Bucket()`); their methods call. */
const BOTO_RESOURCE = String.raw`^(boto3|aioboto3|boto3\.session\.Session\(\)|boto3\.Session\(\))\.resource\(\)(\.[A-Z]\w*(\(\))?)*\.`;

/** Calls known by the library's name. The first match counts. */
export const LIBRARY_CALLS: readonly LibraryCall[] = [
  // mail: docs.djangoproject.com/en/5.2/topics/email, docs.python.org smtplib, boto3 SES
  { name: /^django\.core\.mail\.(send_mail|send_mass_mail|mail_admins|mail_managers)$/, kind: 'email' },
  { name: /^django\.core\.mail\.(message\.)?(EmailMessage|EmailMultiAlternatives)\(\)\.send$/, kind: 'email' },
  { name: /^smtplib\.SMTP(_SSL)?\(\)\.(send_message|sendmail)$/, kind: 'email' },
  { name: new RegExp(`${BOTO}(send_email|send_raw_email|send_templated_email|send_bulk_templated_email)$`), kind: 'email' },
  { name: /^(sendgrid\.SendGridAPIClient\(\)\.send|python_http_client\.|postmarker\.|mailchimp_transactional\.)/, kind: 'email' },
  // text messages
  { name: /^twilio\.rest\.Client\(\)\..*\.create$/, kind: 'sms' },
  // payments: stripe's idempotency_key is looked for in the call
  { name: /^stripe\.(\w+\.)*(create|capture|confirm|pay)$/, kind: 'payment' },
  { name: /^(braintree|adyen|mollie|paypalrestsdk)\..*\.(sale|create|capture|payments|execute)$/i, kind: 'payment' },
  // HTTP: requests has no timeout by default, httpx 5 s, aiohttp 300 s, openai 600 s
  { name: /^requests\.((Session|session)\(\)\.)?post$/, kind: 'http-write', endless: true },
  { name: /^requests\.((Session|session)\(\)\.)?(put|delete)$/, kind: 'http-write', idempotent: true, endless: true },
  { name: /^requests\.((Session|session)\(\)\.)?(patch|request)$/, kind: 'http-write', endless: true },
  { name: /^requests\.((Session|session)\(\)\.)?(get|head|options)$/, kind: 'http-read', endless: true },
  { name: /^httpx\.((AsyncClient|Client)\(\)\.)?(post|patch|request|stream)$/, kind: 'http-write', timeoutSeconds: 5 },
  { name: /^httpx\.((AsyncClient|Client)\(\)\.)?(put|delete)$/, kind: 'http-write', idempotent: true, timeoutSeconds: 5 },
  { name: /^httpx\.((AsyncClient|Client)\(\)\.)?(get|head|options)$/, kind: 'http-read', timeoutSeconds: 5 },
  { name: /^urllib\.request\.urlopen$/, kind: 'http-read', endless: true },
  { name: /^(openai|anthropic|litellm|cohere|mistralai)\.|^pydantic_ai\.Agent\(\)\.run(_sync)?$/, kind: 'http-read', timeoutSeconds: 600 },
  // AWS by boto3: botocore's read timeout is 60 s
  { name: new RegExp(`${BOTO}(put_object|upload_file|upload_fileobj|copy_object|copy|put_item|batch_write_item|put)$`), kind: 'upload', idempotent: true, timeoutSeconds: 60 },
  { name: new RegExp(`${BOTO}(delete\\w*)$`), kind: 'delete', idempotent: true, timeoutSeconds: 60 },
  { name: new RegExp(`${BOTO}(send_message|send_message_batch|publish|put_events|put_record|put_records|start_execution)$`), kind: 'publish', timeoutSeconds: 60 },
  { name: new RegExp(`${BOTO}(run_task|invoke|create_\\w+|start_\\w+|update_\\w+|stop_\\w+|register_\\w+)$`), kind: 'http-write', timeoutSeconds: 60 },
  // what a client answers is a plain mapping: its get() and items() go nowhere
  { name: new RegExp(`${BOTO_CLIENT}(?!get_paginator|get_waiter|can_paginate|generate_presigned|close|exceptions)[a-z]\\w*$`), kind: 'http-read', timeoutSeconds: 60 },
  { name: new RegExp(`${BOTO_RESOURCE}[a-z]\\w*$`), kind: 'http-read', timeoutSeconds: 60 },
  // Django's storage, a bucket where it matters: docs.djangoproject.com/en/5.2/ref/files/storage
  { name: /^django\.core\.files\.storage\.(\w+\.)*default_storage\.delete$/, kind: 'delete', idempotent: true },
  { name: /^django\.core\.files\.storage\.(\w+\.)*default_storage\.save$/, kind: 'upload' },
  // other network clients
  { name: /^(hvac|ldap3?|paramiko|ftplib|imaplib|poplib|imap_tools|pysftp|elasticsearch|opensearchpy|arango|web3)\./, kind: 'http-read' },
  // waiting and processes
  { name: /^(time|gevent|eventlet)\.sleep$/, kind: 'sleep' },
  { name: /^asyncio\.sleep$/, kind: 'sleep' },
  { name: /^subprocess\.(run|call|check_call|check_output|Popen)$/, kind: 'subprocess' },
  { name: /^os\.(system|popen)$/, kind: 'subprocess' },
  // Redis as a store
  { name: /(redis|Redis|get_redis_connection)\b.*\.(incr|incrby|decr|decrby|hincrby|incrbyfloat)$/, kind: 'counter' },
  { name: /(redis|Redis|get_redis_connection)\b.*\.(rpush|lpush|xadd)$/, kind: 'append' },
];

/** Methods known by their name where the object's class cannot be told: Django's ORM, SQLAlchemy's session. */
export const ORM_METHODS: Readonly<Record<string, { readonly kind: EffectKind; readonly guard?: string; /** Only behind a queryset or manager (`.objects`, `.filter()`). */ readonly onQueryset?: boolean; /** Only without positional arguments. */ readonly bare?: boolean; readonly onSession?: boolean }>> = {
  create: { kind: 'insert', onQueryset: true },
  acreate: { kind: 'insert', onQueryset: true },
  bulk_create: { kind: 'insert', onQueryset: true },
  get_or_create: { kind: 'insert', onQueryset: true, guard: 'get_or_create' },
  update_or_create: { kind: 'insert', onQueryset: true, guard: 'update_or_create' },
  bulk_update: { kind: 'update', onQueryset: true },
  update: { kind: 'update', onQueryset: true },
  delete: { kind: 'delete', bare: true },
  save: { kind: 'update', bare: true },
  asave: { kind: 'update', bare: true },
  adelete: { kind: 'delete', bare: true },
  add: { kind: 'insert', onSession: true },
  add_all: { kind: 'insert', onSession: true },
  merge: { kind: 'update', onSession: true },
};

/** What makes an expression a queryset, and which of its methods bound it. */
export const MANAGERS = /^(objects|_default_manager|_base_manager|unscoped|\w+_objects)$/;
/** Asked for where many rows are expected: docs.djangoproject.com/en/5.2/ref/models/querysets/#iterator */
export const ITERATORS: ReadonlySet<string> = new Set(['iterator', 'aiterator', 'yield_per']);
export const QUERYSET_METHODS: ReadonlySet<string> = new Set(['all', 'filter', 'filter_by', 'exclude', 'order_by', 'values', 'values_list', 'only', 'defer', 'annotate', 'select_related', 'prefetch_related', 'distinct', 'iterator', 'aiterator', 'scalars', 'execute', 'fetchall', 'yield_per', 'join', 'outerjoin', 'options', 'group_by', 'having', 'mappings', 'unique', 'partitions', 'where', 'select_from', 'using', 'union', 'none', 'reverse', 'to_list', 'find', 'aggregate', 'with_for_update', 'select_for_update', 'query', 'raw', 'tuples']);
export const BOUNDING_METHODS: ReadonlySet<string> = new Set(['limit', 'first', 'last', 'one', 'one_or_none', 'get', 'slice', 'fetchmany', 'fetchone', 'paginate', 'earliest', 'latest', 'scalar', 'scalar_one', 'scalar_one_or_none', 'none', 'in_bulk', 'head', 'most_common', 'sample', 'top']);
/** Listings without an end of their own. */
export const LISTING_METHODS: ReadonlySet<string> = new Set(['paginate', 'scan_iter', 'hscan_iter', 'sscan_iter', 'zscan_iter', 'list_objects', 'list_objects_v2', 'iter_pages', 'list_blobs']);
/** Functions that hand their argument on, item by item. */
export const PASS_THROUGH: ReadonlySet<string> = new Set(['list', 'sorted', 'set', 'tuple', 'reversed', 'enumerate', 'iter', 'frozenset', 'tqdm', 'tqdm.tqdm', 'tqdm.auto.tqdm', 'filter', 'map', 'zip', 'itertools.chain', 'chain']);
/** What opens a file as text: walking it takes as long as the file is. */
export const FILE_OPENERS = /^(open|io\.open|codecs\.open|gzip\.open|bz2\.open|lzma\.open|smart_open(\.open|\.smart_open)?)$/;
/** Functions that hand on pieces of a known size. */
export const CHUNKERS = /(^|\.)(chunk(s|ed|ify)?|batch(es|ed|ify)?|grouper|get_chunk\w*|chunk_\w+|iter_chunks|make_batches|batched)$/i;

/** Calls that take no time worth counting and reach nothing outside the process. */
export const PURE = /^(print|len|str|int|float|bool|list|dict|set|tuple|range|enumerate|zip|map|filter|sorted|min|max|sum|abs|round|repr|isinstance|issubclass|getattr|setattr|hasattr|type|format|any|all|iter|next|super|id|hash|vars|callable|ValueError|Exception|RuntimeError|TypeError|KeyError|datetime\..*|uuid\..*|json\.(dumps|loads)|logging\..*|math\..*|re\..*|itertools\..*|functools\..*|collections\..*|django\.utils\.timezone\..*|celery\.utils\.log\..*|structlog\..*|os\.path\..*|os\.environ.*|os\.getenv|random\..*|time\.(time|monotonic|perf_counter)|copy\..*|hashlib\..*|decimal\..*)$/;
