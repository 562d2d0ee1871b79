import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { holds } from './holds.js';
import { inputOf, type Saved } from './saved.js';

/** Inputs of `npm run fuzz` that once failed: what it keeps in .fuzz, put here. */
const FOUND = new URL('found/', import.meta.url);

test.each(readdirSync(FOUND))('%s', async name => {
  const saved = JSON.parse(readFileSync(new URL(name, FOUND), 'utf8')) as Saved;
  expect(Object.keys(saved.tree).length).toBeGreaterThan(0);
  await holds(inputOf(saved));
});
