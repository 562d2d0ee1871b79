import { spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { rules } from '../src/rules/index.js';
import { drainlint, project } from './run-cli.js';

const COMMANDS = ['check', 'live', 'settings', 'fate', 'explain', 'rules', 'init', 'completion'];
const help = (...command: readonly string[]): string => drainlint('.', [...command, '--help'], { COLUMNS: '200' }).out;
/** The long options that a help lists. */
const optionsIn = (text: string): readonly string[] => [...text.matchAll(/^ {2}(?:-\w, )?(--[\w-]+)/gm)].map(([, name]) => name!);

describe('--help', () => {
  test.each(['', ...COMMANDS])('drainlint %s fits into 80 columns', command => {
    const text = help(...(command ? [command] : []));
    expect(text).toMatch(/^Usage: drainlint/);
    expect(text.split('\n').filter(line => line.length > 80)).toEqual([]);
  });
  test('names every command, and what to try first', async () => {
    expect([...help().matchAll(/^ {2}(\w+)(?: [<[].*?)? {2,}/gm)].map(([, name]) => name)).toEqual(expect.arrayContaining([...COMMANDS, 'help']));
    await expect(help()).toMatchFileSnapshot('__snapshots__/help.txt');
  });
  test('check', async () => { await expect(help('check')).toMatchFileSnapshot('__snapshots__/help-check.txt'); });
  test.each(['', 'check', 'live', 'fate'])('what its examples write exists: drainlint %s', command => {
    const known = new Set([...COMMANDS.flatMap(name => optionsIn(help(name)))]);
    const examples = [...help(...(command ? [command] : [])).matchAll(/^ {2}drainlint(.*)$/gm)].map(([, rest]) => rest!);
    expect(examples.length).toBeGreaterThan(3);
    for (const example of examples) {
      for (const [name] of example.matchAll(/--[\w-]+/g)) expect(known, example).toContain(name);
      const [, id] = /(?:explain|--rule) (\S+)/.exec(example) ?? [];
      if (id) expect(rules.some(rule => rule.id.endsWith(id)), example).toBe(true);
    }
  });
});

const has = (shell: string): boolean => spawnSync(shell, ['--version']).status === 0;
/** What bash offers for the last word of a command line, as readline would hand it over. */
function offered(...words: readonly string[]): string[] {
  const script = `${drainlint('.', ['completion', 'bash']).out}\nCOMP_WORDS=(drainlint "$@"); COMP_CWORD=$#; _drainlint; printf '%s\\n' "\${COMPREPLY[@]}"`;
  const run = spawnSync('bash', ['--norc', '-c', script, 'bash', ...words], { encoding: 'utf8' });
  expect(run.stderr).toBe('');
  return run.stdout.trim().split('\n').filter(Boolean);
}

describe('completion', () => {
  test('commands and options are those of the help', () => {
    expect(offered('')).toEqual([...COMMANDS, 'help']);
    expect(offered('ex')).toEqual(['explain']);
    for (const command of COMMANDS) expect(offered(command, '--').sort(), command).toEqual([...optionsIn(help(command))].sort());
    expect(offered('--')).toEqual(expect.arrayContaining([...optionsIn(help()), ...optionsIn(help('check'))]));
    expect(offered('--fail-on', 'error', '--pre')).toEqual(['--preset']);
  });
  test('rules, formats, choices and shells', () => {
    const ids = rules.map(({ id }) => id).sort();
    expect(offered('explain', '')).toEqual(ids);
    expect(offered('--rule', 'celery/early')).toEqual(['celery/early-ack']);
    expect(offered('live', '--ignore-rule', 'live/d')).toEqual(ids.filter(id => id.startsWith('live/d')));
    expect(offered('check', '--format', 'js')).toEqual(['json']);
    expect(offered('settings', '--format', '')).toEqual(['text', 'json']);
    expect(offered('--fail-on', 'n')).toEqual(['note', 'never']);
    expect(offered('completion', '')).toEqual(['bash', 'zsh', 'fish']);
    expect(offered('help', 'l')).toEqual(['live']);
  });
  test('what readline splits at =', () => {
    expect(offered('--color', '=')).toEqual(['auto', 'always', 'never']);
    expect(offered('check', '--preset', '=', 'st')).toEqual(['strict']);
  });
  test('paths where a path stands: nothing of its own, so that bash completes files', () => {
    for (const words of [['check', 'sr'], ['--config', ''], ['live', '--replay', 'ex'], ['--since', 'ma']]) expect(offered(...words), words.join(' ')).toEqual([]);
    expect(drainlint('.', ['completion', 'bash']).out).toContain('complete -o bashdefault -o default -F _drainlint drainlint');
  });
  test.each(['bash', 'zsh', 'fish'])('%s reads its script', shell => {
    const script = drainlint('.', ['completion', shell]);
    expect(script.code).toBe(0);
    for (const command of COMMANDS) expect(script.out).toContain(command);
    for (const { id } of rules) expect(script.out).toContain(id);
    if (!has(shell)) return;
    const folder = project({ script: script.out });
    expect(spawnSync(shell, ['-n', join(folder, 'script')], { encoding: 'utf8' })).toMatchObject({ status: 0, stderr: '' });
    rmSync(folder, { recursive: true });
  });
  test.skipIf(!has('fish'))('fish offers it', () => {
    const ask = (line: string): string[] => spawnSync('fish', ['--no-config', '-c', `${drainlint('.', ['completion', 'fish']).out}\ncomplete -C ${JSON.stringify(line)}`], { encoding: 'utf8' }).stdout.trim().split('\n').map(row => row.split('\t')[0]!);
    expect(ask('drainlint ').filter(word => COMMANDS.includes(word)).sort()).toEqual([...COMMANDS].sort());
    expect(ask('drainlint explain celery/early')).toEqual(['celery/early-ack']);
    expect(ask('drainlint --fail-on n').sort()).toEqual(['never', 'note']);
  });
  test('another shell is refused', () => expect(drainlint('.', ['completion', 'tcsh'])).toMatchObject({ code: 2, out: '' }));
});
