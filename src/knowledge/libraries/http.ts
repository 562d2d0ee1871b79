import type { LibraryCall } from './types.js';

/**
 * HTTP clients with their default timeouts: requests "do not time out unless a timeout value is set explicitly"
 * (requests.readthedocs.io/en/latest/user/advanced), urllib3 and urllib the same; httpx 5 s (www.python-httpx.org/advanced/timeouts);
 * aiohttp 300 s in all (docs.aiohttp.org/en/stable/client_reference.html); openai and anthropic 600 s and 2 retries (their READMEs).
 */
export const HTTP_CALLS: readonly LibraryCall[] = [
  { name: /^requests\.((Session|session)\(\)\.)?post$/, kind: 'http-write', endless: true },
  { name: /^requests\.((Session|session)\(\)\.)?(put|delete)$/, kind: 'http-write', idempotent: true, endless: true },
  { name: /^requests\.((Session|session)\(\)\.)?(patch|request)$/, kind: 'http-write', endless: true },
  { name: /^requests\.((Session|session)\(\)\.)?(get|head|options)$/, kind: 'http-read', endless: true },
  { name: /^httpx\.((AsyncClient|Client)\(\)\.)?(post|patch|request|stream)$/, kind: 'http-write', timeoutSeconds: 5 },
  { name: /^httpx\.((AsyncClient|Client)\(\)\.)?(put|delete)$/, kind: 'http-write', idempotent: true, timeoutSeconds: 5 },
  { name: /^httpx\.((AsyncClient|Client)\(\)\.)?(get|head|options)$/, kind: 'http-read', timeoutSeconds: 5 },
  { name: /^aiohttp\.(ClientSession\(\)\.|client\.)?(post|patch|request)$/, kind: 'http-write', timeoutSeconds: 300 },
  { name: /^aiohttp\.(ClientSession\(\)\.|client\.)?(put|delete)$/, kind: 'http-write', idempotent: true, timeoutSeconds: 300 },
  { name: /^aiohttp\.(ClientSession\(\)\.|client\.)?(get|head|options)$/, kind: 'http-read', timeoutSeconds: 300 },
  { name: /^urllib3\.((PoolManager|ProxyManager|HTTPS?ConnectionPool)\(\)\.)?(request|urlopen)$/, kind: 'http-read', endless: true },
  { name: /^urllib\.request\.urlopen$/, kind: 'http-read', endless: true },
  { name: /^(openai|anthropic|litellm|cohere|mistralai)\.|^pydantic_ai\.Agent\(\)\.run(_sync)?$/, kind: 'http-read', timeoutSeconds: 600, answers: true },
  // docs.slack.dev/tools/python-slack-sdk/web: 30 s
  { name: /^slack_sdk\.(\w+\.)*(WebClient|AsyncWebClient)\(\)\.(chat_\w+|files_upload\w*)$/, kind: 'http-write', timeoutSeconds: 30 },
  { name: /^slack_sdk\.(\w+\.)*(WebhookClient|AsyncWebhookClient)\(\)\.send$/, kind: 'http-write', timeoutSeconds: 30 },
  { name: /^slack_sdk\./, kind: 'http-read', timeoutSeconds: 30 },
  // elasticsearch-py and opensearch-py wait 10 s (request_timeout)
  { name: /^(elasticsearch|opensearchpy)\./, kind: 'http-read', timeoutSeconds: 10 },
  { name: /^(hvac|ldap3?|paramiko|ftplib|imaplib|poplib|imap_tools|pysftp|arango|web3|google\.cloud|googleapiclient|azure)\./, kind: 'http-read' },
];
