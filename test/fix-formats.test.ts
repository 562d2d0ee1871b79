import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { facts } from '../src/analyzers/compose.js';
import { facts as terraform } from '../src/analyzers/terraform.js';
import { applyEdits } from '../src/model/index.js';
import { loadHcl } from '../src/parsers/hcl.js';
import { mended } from './fixes/check.js';
import { APP, DOCKERFILE } from './fixes/projects.js';
import { variants } from './fixes/variants.js';

const COMMAND = 'celery -A app.celery worker';

/** Some of what `npm run fixes` asks 300 of each format. */
test.each(Object.entries(variants))('%s: a fix ends its finding, keeps every other byte, and leaves a file that others can read', async (_name, variant) => {
  await fc.assert(fc.asyncProperty(variant, async one => { expect((await mended(one)).size).toBeGreaterThan(0); }), { numRuns: Number(process.env.RUNS ?? 12) });
});

test('a value behind an alias is not changed for all who use it', () => {
  const text = 'x-grace: &grace 10s\nservices:\n  web:\n    image: a\n    stop_grace_period: *grace\n';
  expect(JSON.stringify(facts(text, 'compose.yml'))).toContain('"stopTimeout":{"value":{"is":"literal","value":10');
  expect(JSON.stringify(facts(text, 'compose.yml'))).not.toMatch(/"stopTimeout":\{[^]*?"slots":\[\{[^]*"startLine":1/);
});

beforeAll(() => loadHcl());

describe('a line of Terraform leaves `terraform fmt` nothing to do', () => {
  const container = (lines: readonly string[]): string => `resource "aws_ecs_task_definition" "worker" {\n  container_definitions = jsonencode([\n    {\n${lines.map(line => `      ${line}\n`).join('')}    }\n  ])\n}\n`;
  const written = (text: string): string => {
    const { slots } = terraform(text, 'main.tf').taskDefinitions![0]!.containers[0]!.stopTimeout;
    return applyEdits(text, [{ at: slots[0]!.at, text: `${slots[0]!.before}120${slots[0]!.after ?? ''}` }]);
  };

  test.each([
    ['among names that are as long', ['name              = "worker"', 'memoryReservation = 512', 'essential         = true'], 1, 'stopTimeout       = 120'],
    ['in another group that has room', ['name  = "worker"', 'image = "worker"', 'logConfiguration = {', '  logDriver = "awslogs"', '}', 'environment = []'], 6, 'stopTimeout = 120'],
    ['below what takes several lines', ['name = "worker"', 'logConfiguration = {', '  logDriver = "awslogs"', '}'], 4, 'stopTimeout = 120'],
    ['apart from shorter names', ['name  = "worker"', 'image = "worker"'], 2, '\n      stopTimeout = 120'],
    ['below the name where nothing is aligned', ['name = "worker"', 'image = "worker"'], 1, 'stopTimeout = 120'],
  ] as const)('%s', (_where, lines, at, line) => {
    expect(written(container(lines))).toBe(container([...lines.slice(0, at), line, ...lines.slice(at)]).replace('      \n', '\n'));
  });
});

test('what one service has from another that is mended as well is written once', async () => {
  const app = { 'requirements.txt': 'celery==5.4.0\n', 'app/__init__.py': '', 'Dockerfile': DOCKERFILE, 'app/celery.py': APP['app/celery.py']! };
  const compose = (first: string, second: string): string => `services:\n  one: &one\n    build: .\n    command: ${COMMAND}${first}\n  two:\n    <<: *one\n    environment:\n      A: b${second}\n`;
  const grace = '\n    stop_grace_period: 103s';
  const variant = { rule: 'container/stop-grace-period-too-short', path: 'docker-compose.yml', written: /103s/ };
  expect((await mended({ ...variant, files: { ...app, 'docker-compose.yml': compose('', '') } })).get('docker-compose.yml')).toBe(compose(grace, ''));
  // of another kind it has it to itself
  const web = compose('', '').replace(COMMAND, 'gunicorn app').replace('    environment', `    command: ${COMMAND}\n    environment`);
  expect((await mended({ ...variant, files: { ...app, 'docker-compose.yml': web } })).get('docker-compose.yml')).toBe(web.replace(`    command: ${COMMAND}`, `    command: ${COMMAND}${grace}`));
});
