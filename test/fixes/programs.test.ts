import { expect, test } from 'vitest';
import { askMany } from './many.js';
import { variants } from './variants.js';

const PROGRAMS = ['cdk', 'pythonSettings', 'pythonDecorators', 'pythonRetries', 'dockerfile', 'shell', 'ini'];

askMany(PROGRAMS);
test('every format is asked', () => {
  expect([...PROGRAMS, 'taskDefinition', 'compose', 'cloudformation', 'copilot', 'terraform', 'systemd', 'terraformBlocks', 'cloudformationServices'].sort()).toEqual(Object.keys(variants).sort());
});
