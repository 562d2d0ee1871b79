import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { audit } from '../src/audit.js';
import { rules } from '../src/rules/index.js';

/** Real faults, reduced: each in three forms (other names, another configuration form, split over files), before and after its repair. */
const ROOT = new URL('../fixtures/incidents/', import.meta.url).pathname;

async function rulesOn(folder: string): Promise<readonly string[]> {
  const report = await audit({ root: folder, rules });
  return report.findings.map(finding => finding.ruleId);
}

for (const incident of readdirSync(ROOT)) {
  const { rule } = JSON.parse(readFileSync(join(ROOT, incident, 'incident.json'), 'utf8')) as { rule: string };
  describe(`${incident}: ${rule}`, () => {
    for (const variant of readdirSync(join(ROOT, incident)).filter(name => name !== 'incident.json')) {
      test(`${variant} is caught before the fix and quiet after it`, async () => {
        expect(await rulesOn(join(ROOT, incident, variant, 'bad'))).toContain(rule);
        expect(await rulesOn(join(ROOT, incident, variant, 'good'))).not.toContain(rule);
      });
    }
  });
}
