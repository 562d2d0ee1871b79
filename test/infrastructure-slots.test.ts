import { beforeAll, describe, expect, test } from 'vitest';
import { analyzers } from '../src/analyzers/index.js';
import { applyEdits } from '../src/model/index.js';
import type { Analyzer, Facts, Field } from '../src/model/index.js';
import { editAt } from '../src/rules/shared.js';
import { BASE, FORMATS } from './metamorphic/formats.js';
import { specOf } from './metamorphic/spec.js';

/** What is written at a slot is what is read there afterwards: every number of a service, in every format of Amazon's and HashiCorp's. */
const loaded = new Map<string, Analyzer>();
beforeAll(async () => { for (const entry of analyzers) if (['cloudformation', 'terraform', 'ecs-json', 'cdk', 'copilot'].includes(entry.format)) loaded.set(`${entry.format} ${entry.name.source}`, await entry.load({ shortRun: false })); });

const read = (path: string, text: string): Facts | undefined => [...loaded.values()].find(analyzer => analyzer.recognises(path, text))?.facts(text, path);
const FIELDS: Readonly<Record<string, (facts: Facts) => Field | undefined>> = {
  stopTimeout: facts => facts.taskDefinitions?.[0]?.containers[0]?.stopTimeout,
  desiredCount: facts => facts.services?.[0]?.desiredCount,
  minimumHealthyPercent: facts => facts.services?.[0]?.minimumHealthyPercent,
  maximumPercent: facts => facts.services?.[0]?.maximumPercent,
};

describe.each([BASE, ...FORMATS].map(format => [format.name, format] as const))('%s', (_name, format) => {
  test.each(Object.entries(FIELDS))('%s', (field, of) => {
    let written = 0;
    for (let n = 0; n < 60; n++) {
      const spec = specOf(9, n);
      if (format.expresses && !format.expresses(spec)) continue;
      for (const [path, text] of Object.entries(format.files(spec))) {
        const before = read(path, text);
        for (const slot of (before && of(before)?.slots) ?? []) {
          const changed = applyEdits(text, [editAt(slot, 77)]);
          const after = read(path, changed);
          const value = after && of(after)?.value;
          expect(value?.is === 'literal' ? value.value : value, `${path}\n${changed}`).toBe(77);
          expect(after?.problems).toEqual(before?.problems);
          written++;
        }
      }
    }
    if (!isElsewhere(format.name, field)) expect(written).toBeGreaterThan(10);
  });
});

/** Written in another file, or not at all: a plan is made, Compose has tests of its own,  Copilot fixes most of it, variables and templates hold their values elsewhere, and an object that is missing in troposphere would need an import. */
const isElsewhere = (format: string, field: string): boolean => format === 'Copilot' || format === 'Terraform, plan' || format === 'Compose' || (/^(?:CloudFormation, intrinsics|Terraform, module|Terraform, for_each)$/.test(format) && field === 'desiredCount') || (format === 'troposphere' && /Percent$/.test(field)) || (format === 'Terraform, variables' && /^(?:stopTimeout|desiredCount)$/.test(field)) || (format === 'Terraform, template file' && field === 'stopTimeout');
