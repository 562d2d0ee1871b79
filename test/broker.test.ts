import { describe, expect, test } from 'vitest';
import { brokerKind } from '../src/link/broker.js';
import type { Setting } from '../src/model/index.js';
import { at } from './model-builders.js';

const set = (value: string, certainty: 'written' | 'unless-environment' = 'written'): Setting<unknown> => ({ state: 'set', value, at: at('settings.py', 1), certainty, origin: [], overridden: [], slots: [] });
const unknown = (expression: string, ...candidates: string[]): Setting<unknown> => ({ state: 'unknown', at: at('settings.py', 1), expression, candidates });

describe('what a broker is, and what that rests on', () => {
  test.each([
    ['redis://h/0', 'redis'], ['rediss://h', 'redis'], ['redis+socket:///s', 'redis'], ['sqs://', 'sqs'], ['pyamqp://h//', 'rabbitmq'], ['memory://', 'memory'], ['django://', 'other'],
  ] as const)('%s, written', (url, kind) => expect(brokerKind(new Map([['broker_url', set(url)]]))).toEqual({ kind, by: 'written' }));

  test.each([
    ['a fallback of a real broker', set('redis://localhost', 'unless-environment'), { kind: 'redis', by: 'fallback' }],
    ['a stand-in as fallback', set('django://', 'unless-environment'), { kind: 'unknown', by: 'written' }],
    ['the same scheme in every candidate', unknown('env("URL")', 'amqp://a', 'amqps://b'), { kind: 'rabbitmq', by: 'fallback' }],
    ['a variable with a name that says it', unknown('env("REDIS_URL")'), { kind: 'redis', by: 'name' }],
    ['one that says nothing', unknown('env("BROKER_URL")'), { kind: 'unknown', by: 'written' }],
    ['two variables, one of which says nothing', unknown('env("CELERY_BROKER_URL", env("CLOUDAMQP_URL"))'), { kind: 'unknown', by: 'written' }],
    ['two variables that agree', unknown('env("RABBITMQ_URL", env("CLOUDAMQP_URL"))'), { kind: 'rabbitmq', by: 'name' }],
    ['a scheme in front of what is unknown', unknown('"sqs://" + env("KEY")'), { kind: 'sqs', by: 'written' }],
  ] as const)('%s', (_, setting, found) => expect(brokerKind(new Map([['broker_url', setting as Setting<unknown>]]))).toEqual(found));
});
