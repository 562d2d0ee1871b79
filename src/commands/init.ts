import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { AuditError, CONFIG_NAMES, DEFAULT_THRESHOLDS } from '../config.js';
import { writing } from './judging.js';
import { rootOf } from './run.js';

const CONFIG = `# yaml-language-server: $schema=./node_modules/drainlint/schema/config.schema.json

# Every value below is the default or an example. Take the # away to set it.

# recommended shows findings of high and medium confidence, strict shows all. Also ./file.yaml, or a package of your own.
# extends: recommended

# rules:
#   celery/early-ack: error
#   ecs/mutable-image-tag: off

# overrides:
#   - paths: [scripts/**]
#     rules: { tasks/long-sleep: off }

# thresholds:
${Object.entries(DEFAULT_THRESHOLDS).map(([name, value]) => `#   ${name}: ${value}`).join('\n')}

# The longest observed seconds of tasks without a limit, by name.
# durations:
#   billing.tasks.export_*: 420

# Which app a service runs, where the files cannot show it.
# workers:
#   - { service: billing-worker, app: billing/celery.py }

# ignore:
#   - { rule: tasks/unbatched-loop, path: scripts/**, reason: one-off jobs, until: 2027-03-31 }
`;

/** `drainlint init`: writes a commented configuration at the root of the repository. Resolves to the exit code. */
export function init({ force }: { readonly force?: boolean }): number {
  const root = rootOf([]);
  const there = CONFIG_NAMES.find(name => existsSync(join(root, name)));
  if (there !== undefined && !force) throw new AuditError(`${there} is there already; --force writes it anew`);
  const name = there ?? CONFIG_NAMES[0];
  writing(name, () => writeFileSync(join(root, name), CONFIG));
  process.stdout.write(`wrote ${name}\n`);
  return 0;
}
