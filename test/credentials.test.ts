import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Setting } from '../src/model/index.js';
import { isSecret, withoutPasswords } from '../src/reporters/credentials.js';
import { hidden, inventory } from '../src/reporters/inventory.js';
import { settings as page } from '../src/reporters/settings.js';
import { app, model, report } from './report-fixtures.js';
import { set } from './model-builders.js';

describe('credentials are never printed', () => {
  test.each([
    ['redis://:hunter2@cache:6379/0', 'redis://:*******@cache:6379/0'],
    ['amqps://shop:hunter2@mq.example:5671//', 'amqps://shop:*******@mq.example:5671//'],
    ['sqs://AKIA123:hunter2@', 'sqs://AKIA123:*******@'],
    ['rediss://cache:6379/0?ssl_cert_reqs=none&password=hunter2', 'rediss://cache:6379/0?ssl_cert_reqs=none&password=*******'],
    ['https://host/?api_key=hunter2&x=1', 'https://host/?api_key=*******&x=1'],
    ['redis://:${REDIS_PASSWORD}@cache', 'redis://:${REDIS_PASSWORD}@cache'],
    ['redis://cache:6379/0', 'redis://cache:6379/0'],
  ])('%s', (text, expected) => expect(withoutPasswords(text)).toBe(expected));

  test.each(['broker_password', 'redis_password', 's3_secret_access_key', 'security_key_password', 'SECRET_KEY', 'api_key', 'auth_token', 'aws_secret_access_key', 'broker_transport_options.password'])('%s is a credential', name => expect(isSecret(name)).toBe(true));
  test.each(['task_default_routing_key', 'security_key', 'task_acks_late', 'visibility_timeout', 'broker_url', 'result_backend', 'token_bucket_size'])('%s is none', name => expect(isSecret(name)).toBe(false));

  const password = fc.stringMatching(/^[A-Za-z0-9_-]{8,24}$/).map(text => `Zq${text}7`);
  test('in no output, wherever they are kept', () => {
    fc.assert(fc.property(password, secret => {
      const values: readonly (readonly [string, unknown])[] = [
        ['broker_url', `amqp://shop:${secret}@mq//`], ['result_backend', `db+postgresql://u:${secret}@host/db`], ['redis_password', secret],
        ['broker_transport_options', new Map<string, unknown>([['sentinel_kwargs', new Map([['password', secret]])], ['predefined_queues', new Map([['mail', new Map([['secret_access_key', secret]])]])]])],
        ['broker_transport_options.password', secret],
      ];
      const all = new Map(values.map(([name, value]): [string, Setting<unknown>] => [name, set(value)]));
      const worker = { ...model.workers[0]!, settings: all };
      const changed = { ...model, workers: [worker], apps: [{ ...app, settings: all, ineffective: [{ ...app.ineffective[0]!, name: 'CELERY_REDIS_PASSWORD', value: secret }] }] };
      expect(page(report([], { model: changed }), { color: false, verbose: true })).not.toContain(secret);
      expect(JSON.stringify(inventory(changed))).not.toContain(secret);
      expect(JSON.stringify(hidden('options', { auth: { token: secret } }))).not.toContain(secret);
    }), { numRuns: 200 });
  });
});
