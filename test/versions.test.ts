import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { facts } from '../src/analyzers/lockfile.js';
import { RELEASES } from '../src/knowledge/celery/releases.js';
import { versionsFor } from '../src/link/versions.js';
import { allows, assumptionOf, compareVersions, newestIn, type FactStore } from '../src/model/index.js';

const options = { workers: [], assume: {}, durations: {} };
function versions(files: Readonly<Record<string, string>>, path = 'app/celery.py', assume: Readonly<Record<string, string>> = {}) {
  const paths = Object.keys(files);
  const store: FactStore = { paths, candidates: paths, has: each => paths.includes(each), facts: each => (files[each] === undefined ? undefined : facts(files[each], each)) };
  const { celery, billiard } = versionsFor(path, store, { ...options, assume });
  return `${celery.version ?? `~${celery.assumed}`}, billiard ${billiard.version ?? `~${billiard.assumed}`}`;
}
const PYPROJECT = (range: string) => `[project]\nname = "shop"\ndependencies = [\n  "celery[redis]${range}",\n]\n`;

describe('the installed version', () => {
  test.each<readonly [string, Readonly<Record<string, string>>, string]>([
    ['nothing says', {}, '~5.7.0, billiard ~4.3.2'],
    ['a pin with extras', { 'requirements.txt': 'celery[redis,sqs]==5.4.0\n' }, '5.4.0, billiard ~4.3.2'],
    ['a pin with hashes', { 'requirements.txt': 'celery==5.4.0 \\\n    --hash=sha256:aa \\\n    --hash=sha256:bb\nbilliard==4.2.0 \\\n    --hash=sha256:cc\n' }, '5.4.0, billiard 4.2.0'],
    ['a marker', { 'requirements.txt': 'celery==5.4.0 ; python_version >= "3.8"\n' }, '5.4.0, billiard ~4.3.2'],
    ['billiard comes with celery', { 'requirements.txt': 'celery==5.2.7\n' }, '5.2.7, billiard ~3.6.4.0'],
    ['an included file', { 'requirements.txt': '-r requirements/base.txt\n', 'requirements/base.txt': 'celery==5.3.6\n' }, '5.3.6, billiard ~4.3.2'],
    ['a constraint on a range', { 'requirements.txt': '-c constraints.txt\ncelery>=5\n', 'constraints.txt': 'celery<5.5\n' }, '~5.4.0, billiard ~4.3.2'],
    ['a constraint that pins', { 'requirements.txt': '-c constraints.txt\ncelery\n', 'constraints.txt': 'celery==5.5.1\nbilliard==4.2.1\n' }, '5.5.1, billiard 4.2.1'],
    ['PEP 621', { 'pyproject.toml': PYPROJECT('>=5.3,<5.6') }, '~5.5.3, billiard ~4.3.2'],
    ['a lock beats a range', { 'pyproject.toml': PYPROJECT('>=5.3'), 'uv.lock': '[[package]]\nname = "celery"\nversion = "5.5.3"\n\n[[package]]\nname = "billiard"\nversion = "4.2.1"\n' }, '5.5.3, billiard 4.2.1'],
    ['poetry.lock', { 'poetry.lock': '[[package]]\nname = "celery"\nversion = "5.3.1"\ndescription = ""\n' }, '5.3.1, billiard ~4.3.2'],
    ['pdm.lock', { 'pdm.lock': '[[package]]\nname = "celery"\nversion = "5.3.4"\n' }, '5.3.4, billiard ~4.3.2'],
    ['Pipfile.lock', { 'Pipfile.lock': '{\n "default": {\n  "celery": {\n   "version": "==5.3.5"\n  }\n }\n}\n' }, '5.3.5, billiard ~4.3.2'],
    ['Pipfile', { Pipfile: '[packages]\ncelery = "~=5.3.0"\n' }, '~5.3.6, billiard ~4.3.2'],
    ['Poetry, caret', { 'pyproject.toml': '[tool.poetry.dependencies]\ncelery = { version = "^5.2", extras = ["redis"] }\n' }, '~5.7.0, billiard ~4.3.2'],
    ['setup.cfg', { 'setup.cfg': '[options]\ninstall_requires =\n    celery>=5.0,<5.3\n' }, '~5.2.7, billiard ~3.6.4.0'],
    ['setup.py', { 'setup.py': 'from setuptools import setup\nsetup(\n    name="shop",\n    install_requires=[\n        "celery>=5.0,<5.3",\n    ],\n)\n' }, '~5.2.7, billiard ~3.6.4.0'],
    ['a dependency group', { 'pyproject.toml': '[dependency-groups]\nworker = ["celery==5.6.2"]\n' }, '5.6.2, billiard ~4.3.2'],
    ['another service\'s pin', { 'app/requirements.txt': 'celery>=5.5\n', 'other/requirements.txt': 'celery==4.4.7\n' }, '~5.7.0, billiard ~4.3.2'],
    ['a range that nothing meets', { 'requirements.txt': 'celery>=9\n' }, '~5.7.0, billiard ~4.3.2'],
    ['prose', { 'requirements.txt': '# celery==4.0\ncelery is great\n' }, '~5.7.0, billiard ~4.3.2'],
  ])('%s', (_name, files, expected) => {
    expect(versions(files)).toBe(expected);
  });

  test('what the team declares wins', () => {
    expect(versions({ 'requirements.txt': 'celery==5.4.0\n' }, 'app/celery.py', { celery: '5.6', billiard: '4.2.4' })).toBe('5.6.3, billiard 4.2.4');
  });

  test('what is assumed is said, with the place of the range', () => {
    const at = { path: 'pyproject.toml', startLine: 12, startColumn: 1, endLine: 12, endColumn: 9 };
    expect(assumptionOf('celery', { assumed: '5.7.0', range: '>=5.3', at })).toBe('celery is not pinned (pyproject.toml:12 says >=5.3): judged as 5.7.0');
    expect(assumptionOf('celery', { assumed: '5.7.0' })).toBe('celery is not pinned: judged as 5.7.0');
    expect(assumptionOf('celery', { version: '5.4.0', assumed: '5.4.0' })).toBeUndefined();
  });
});

describe('ranges', () => {
  test.each([
    ['>=5.3,<6', '5.7.0'], ['~=5.3.0', '5.3.6'], ['~=5.3', '5.7.0'], ['==5.*', '5.7.0'], ['==5.3.*', '5.3.6'], ['^5.2', '5.7.0'], ['^4', '4.4.7'], ['~5.2', '5.2.7'], ['~5.2.1', '5.2.7'], ['!=5.7.0', '5.6.3'], ['<5.0', '4.4.7'],
    ['<=5.5.0', '5.5.0'], ['>5.6.3', '5.7.0'], ['*', '5.7.0'], ['', '5.7.0'], ['4.4.7', '4.4.7'], ['^4.4 || ^5.0', '5.7.0'], ['===5.4.0', '5.4.0'], ['>=5.0.0rc1,<5.1', '5.0.5'], ['nonsense', undefined], ['>=9', undefined],
  ])('%s gets %s', (range, expected) => {
    expect(newestIn(range, RELEASES.celery)).toBe(expected);
  });

  const release = fc.constantFrom(...RELEASES.celery);
  test('bounds agree with the order of the releases', () => {
    fc.assert(fc.property(release, release, (bound, other) => {
      const order = RELEASES.celery.indexOf(bound) - RELEASES.celery.indexOf(other); // newest first
      expect(Math.sign(compareVersions(other, bound))).toBe(Math.sign(order));
      expect(allows(`>=${bound}`, other)).toBe(order >= 0);
      expect(allows(`<${bound}`, other)).toBe(order < 0);
      expect(allows(`==${bound}`, other)).toBe(order === 0);
      expect(allows(`!=${bound}`, other)).toBe(order !== 0);
      expect(allows(`>=${bound},<=${bound}`, other)).toBe(order === 0);
    }));
  });
});
