import type { LibraryCall, MethodCall } from './types.js';

/** Calls of Node.js libraries, by the names they are imported under. */
export const NODE_CALLS: readonly LibraryCall[] = [
  // mail: nodemailer.com/usage, SES by the AWS SDK, Resend, SendGrid, Postmark
  { name: /^nodemailer\.createTransport\(\)\.sendMail$/, kind: 'email' },
  { name: /^@aws-sdk\/client-ses(v2)?\.(SendEmailCommand|SendRawEmailCommand|SendTemplatedEmailCommand|SendBulkTemplatedEmailCommand|SendBulkEmailCommand)$/, kind: 'email' },
  { name: /^resend\.Resend\(\)\.(emails|batch)\.(send|create)$|^@sendgrid\/mail\.(send|sendMultiple)$|^postmark\.\w+\(\)\.sendEmail\w*$|^mailgun\.js\b.*\.create$/, kind: 'email' },
  { name: /^twilio\b.*\.messages\.create$/, kind: 'sms' },
  // docs.stripe.com/api/idempotent_requests
  { name: /^stripe\b.*\.(create|capture|confirm|pay|refund)$/, kind: 'payment', timeoutSeconds: 80 },
  { name: /^stripe\b.*\.(retrieve|list|search)$/, kind: 'http-read', timeoutSeconds: 80 },
  // HTTP: axios and node's fetch have no timeout (axios-http.com/docs/req_config, undici: 300 s for headers)
  { name: /^axios(\.create\(\))?(\.(post|patch|request))$|^axios\(\)$/, kind: 'http-write' },
  { name: /^axios(\.create\(\))?\.(put|delete)$/, kind: 'http-write', idempotent: true },
  { name: /^axios(\.create\(\))?\.(get|head)$/, kind: 'http-read' },
  { name: /^(got|ky)(\.extend\(\))?\.(post|patch)$/, kind: 'http-write' },
  { name: /^(got|ky)(\.extend\(\))?\.(get|head)$/, kind: 'http-read' },
  { name: /^(openai|@anthropic-ai\/sdk|ai|@google\/generative-ai|cohere-ai)\b.*\.?(create|generateText|streamText|generateObject|embed|embedMany|generateContent|chat)$/, kind: 'http-read', timeoutSeconds: 600, answers: true },
  // S3: an object of the same key is there once
  { name: /^@aws-sdk\/client-s3\.(PutObjectCommand|CopyObjectCommand|CompleteMultipartUploadCommand)$|^@aws-sdk\/lib-storage\.Upload$/, kind: 'upload', idempotent: true },
  { name: /^@aws-sdk\/client-s3\.Delete\w+Command$/, kind: 'delete', idempotent: true },
  { name: /^@aws-sdk\/client-sqs\.SendMessage(Batch)?Command$|^@aws-sdk\/client-sns\.Publish(Batch)?Command$|^@aws-sdk\/client-eventbridge\.PutEventsCommand$/, kind: 'publish' },
  { name: /^@aws-sdk\/client-\w[\w-]*\.(Get|List|Describe|Head|Query|Scan|BatchGet)\w*Command$/, kind: 'http-read' },
  // child processes
  { name: /^(node:)?child_process\.(exec|execFile|spawn|fork)(Sync)?$|^execa\.execa\w*$/, kind: 'subprocess' },
  { name: /^(node:)?timers\/promises\.setTimeout$/, kind: 'sleep' },
  { name: /^bullmq\.(Queue|FlowProducer)\(\)\.(add|addBulk)$|^bull\(\)\.(add|addBulk)$/, kind: 'publish' },
];

/** Object mappers by the name of their client: Prisma, Drizzle, TypeORM, Mongoose (www.prisma.io/docs/orm/reference/prisma-client-reference). */
export const MAPPER = /(?:^|\.)(?:prisma|db|tx|trx|database|orm|em|manager|\w*[rR]epo(?:sitory)?|\w*Model)(?:\.\w+)?$/;
export const MAPPER_METHODS: Readonly<Record<string, MethodCall>> = {
  create: { kind: 'insert' }, createMany: { kind: 'insert' }, createManyAndReturn: { kind: 'insert' }, insert: { kind: 'insert' }, insertMany: { kind: 'insert' }, insertOne: { kind: 'insert' },
  upsert: { kind: 'insert', guard: 'upsert' }, update: { kind: 'update' }, updateMany: { kind: 'update' }, updateOne: { kind: 'update' }, save: { kind: 'update' },
  increment: { kind: 'increment' }, decrement: { kind: 'increment' },
  delete: { kind: 'delete' }, deleteMany: { kind: 'delete' }, deleteOne: { kind: 'delete' }, remove: { kind: 'delete' },
};
/** Run a function, or several calls, in one transaction: Prisma, TypeORM, Knex, Sequelize, Drizzle, Mongoose. */
export const OPENS_TRANSACTION = /^(?:\$transaction|transaction|transactional|withTransaction|runInTransaction)$/;
/** Rows without an end, where no `take` or `limit` is given. */
export const MAPPER_LISTS = /^(?:findMany|find|findAll|getMany|getAll)$/;

/** Only compute: what they give depends on what they are given, and on the clock. */
export const NODE_PURE = /^(?:node:)?(?:crypto|path|url|util|zlib|buffer|os|querystring|assert|perf_hooks|async_hooks)\.|^(?:node:)?fs(?:\/promises)?\.(?:readFile|write|append|unlink|mkdir|mkdtemp|rm|create)\w*$|^(?:lodash(?:-es)?|ramda|remeda|zod|yup|joi|ajv|superjson|date-fns(?:-tz)?|dayjs|luxon|moment|ms|uuid|nanoid|ulid|@paralleldrive\/cuid2|slugify|cheerio|marked|mammoth|pdf-parse|papaparse|xlsx|exceljs|handlebars|mustache|jsonwebtoken|jose|bcrypt(?:js)?|validator|diff|fast-deep-equal|ts-pattern|change-case|@scure\/\w+|@noble\/\w+|colord|tinycolor2|chroma-js|csv-parse|csv-stringify|pdf-lib|@cantoo\/pdf-lib|@libpdf\/core|jszip|adm-zip|sharp|turndown|sanitize-html|dompurify|he|html-to-text|mjml|react|react-dom|@react-email\/[\w-]+|fast-xml-parser|xml2js|js-yaml|yaml|qs|query-string|mime|mime-types|file-type|semver|croner|cron-parser|rrule|node-html-parser|jsdom|@mozilla\/readability|tiktoken|gpt-tokenizer|libphonenumber-js|bignumber\.js|decimal\.js|big\.js|immer|class-transformer|class-validator|valibot|p-limit|liquidjs|lz-string)(?:[./]|\(|$)/;
/** What JavaScript and Node.js have without an import: values, texts, clocks. */
export const GLOBALS = /^(?:AbortSignal|AbortController|encodeURI(?:Component)?|decodeURI(?:Component)?|isNaN|isFinite|structuredClone|setTimeout|setInterval|setImmediate|clearTimeout|clearInterval|Symbol|BigInt|Intl|URL|URLSearchParams|FormData|Headers|TextDecoder|TextEncoder|Error|TypeError|Uint8Array|WeakMap|performance|crypto|process|console)(?:\.|$)/;
/** Methods of texts, lists, maps, dates and answers, which no client of a database has. */
export const VALUE_METHODS = /^(?:trim|trimStart|trimEnd|match|matchAll|replace|replaceAll|split|join|toString|toLowerCase|toUpperCase|substring|slice|charAt|charCodeAt|padStart|padEnd|toFixed|localeCompare|getTime|getFullYear|getMonth|getDate|getHours|toISOString|toLocale\w+|push|unshift|flatMap|forEach|reduce|sort|findIndex|indexOf|concat|at|flat|fill|reverse|json|text|arrayBuffer|blob|subarray|then|catch|finally|safeParse)$/;
/** Take a statement of SQL: Prisma, pg, mysql2, knex. */
export const SQL_METHODS = /^(?:\$(?:execute|query)Raw(?:Unsafe)?|execute|query|raw)$/;
/** Read what is stored. */
export const MAPPER_READS = /^(?:find\w*|count\w*|aggregate|groupBy|getOne\w*|getMany\w*|exists?\w*|select\w*|query|distinct)$/;
/** Reads the one row of a key. */
export const BY_UNIQUE_KEY = /^(?:findUnique(?:OrThrow)?|findById|findByPk|findOneById|findOneByOrFail|findUniqueOrThrow)$/;

/** Sends a mail, whatever it is made by: `transporter.sendMail(…)`. */
export const MAILS = /^sendMail$/;
/** Runs a step once for each job, and remembers that it did (documenso's `io.runTask`, Inngest's and Trigger's steps). */
export const ONCE = /(?:^|\.)(?:runTask|runOnce|step\.run|ctx\.run|io\.run)$/;
/** Runs a function for each item of what it is called on. */
export const EACH = /^(?:map|forEach|flatMap|filter|some|every|reduce|find)$/;
/** Keeps a function for later. */
export const LATER = /^(?:on|once|addListener|addEventListener|setTimeout|setInterval|setImmediate|nextTick|queueMicrotask|off|removeListener|subscribe|use)$/;
