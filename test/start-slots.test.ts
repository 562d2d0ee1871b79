import { describe, expect, it } from 'vitest';
import * as dockerfile from '../src/analyzers/dockerfile.js';
import * as entryScript from '../src/analyzers/entry-script.js';
import * as processManager from '../src/analyzers/process-manager.js';
import { applyEdits } from '../src/model/index.js';
import type { Expr, Facts, Field, ProgramFacts, Scalar, ShellCommand, Slot } from '../src/model/index.js';
import { literalText } from '../src/model/index.js';
import { editAt, execFix } from '../src/rules/shared.js';

/** Writes at a slot what a rule would write there, and reads the file again: the value must come back, and nothing else may change. */
const write = (text: string, slot: Slot, value: Scalar): string => applyEdits(text, [editAt(slot, value)]);

const stageOf = (text: string) => dockerfile.facts(text, 'Dockerfile').dockerfile!.stages[0]!;
const programOf = (text: string, name: string, path = 'supervisord.conf') => processManager.facts(text, path).processes!.programs.find(program => program.name === name)!;
const runs = (commands: readonly ShellCommand[] | undefined): readonly Extract<ShellCommand, { do: 'run' }>[] => (commands ?? []).flatMap(command =>
  (command.do === 'run' ? [command, ...runs(command.program)] : command.do === 'chain' ? runs(command.parts) : command.do === 'group' || command.do === 'loop' ? runs(command.body) : command.do === 'if' ? command.branches.flatMap(branch => runs(branch.body)) : []));
const celeryIn = (commands: readonly ShellCommand[] | undefined) => runs(commands).find(run => run.words.some(word => literalText(word) === 'celery'))!;

/** The text with `exec` written in front of the command that starts celery. */
const withExec = (text: string, commands: readonly ShellCommand[] | undefined): string => applyEdits(text, execFix(celeryIn(commands).slots)!.edits);

describe('exec in front of the worker', () => {
  it.each<[string, (text: string) => readonly ShellCommand[] | undefined, string, string]>([
    ['a script', text => entryScript.facts(text, 'run.sh').script!.commands, 'set -e\r\nmigrate && \\\r\n  A=1 celery worker\r\n', 'set -e\r\nmigrate && \\\r\n  A=1 exec celery worker\r\n'],
    ['a script with a byte order mark', text => entryScript.facts(text, 'run.sh').script!.commands, '\uFEFFcelery worker\n', '\uFEFFexec celery worker\n'],
    ['a program in a script', text => entryScript.facts(text, 'run.sh').script!.commands, 'gosu app sh -c "echo \\"x\\"; celery worker"', 'gosu app sh -c "echo \\"x\\"; exec celery worker"'],
    ['a shell form', text => stageOf(text).command?.program, 'FROM x\nCMD migrate && \\\n  # now\n  celery worker', 'FROM x\nCMD migrate && \\\n  # now\n  exec celery worker'],
    ['an exec form', text => stageOf(text).entryPoint?.program, 'FROM x\nENTRYPOINT ["tini", "--", "sh", "-c", \\\n  "echo \\"\\u00e9\\" && celery worker"]', 'FROM x\nENTRYPOINT ["tini", "--", "sh", "-c", \\\n  "echo \\"\\u00e9\\" && exec celery worker"]'],
    ['a program of supervisord', text => programOf(text, 'w').command.program, '[program:w]\ncommand=bash -c "sleep %(ENV_S)s;\n  celery -n a%%h worker" ; why\n', '[program:w]\ncommand=bash -c "sleep %(ENV_S)s;\n  exec celery -n a%%h worker" ; why\n'],
    ['a Procfile', text => programOf(text, 'w', 'Procfile').command.program, '# x\r\nw:  cd y && celery worker\r\n', '# x\r\nw:  cd y && exec celery worker\r\n'],
  ])('%s', (_, programIn, text, expected) => {
    const mended = withExec(text, programIn(text));
    expect(mended).toBe(expected);
    expect(celeryIn(programIn(mended)).exec).toBe(true);
    expect(celeryIn(programIn(mended)).words.map(literalText)).toEqual(celeryIn(programIn(text)).words.map(literalText));
  });

  it('has no place where a space would split a word', () => {
    for (const text of ['sh -c celery', 'sh -c celery\\ worker', 'sh -c \'celery \'"worker"']) {
      const [run] = entryScript.facts(text, 'run.sh').script!.commands;
      expect(run).toMatchObject({ program: [{ slots: [] }] });
    }
    expect(programOf('[program:w]\ncommand=sh -c celery\n', 'w').command.program).toMatchObject([{ slots: [] }]);
  });
});

describe('words', () => {
  const after = (word: string, words: readonly Expr[]): Slot => words[words.findIndex(one => literalText(one) === word) + 1]!.slot!;
  it.each<[string, (text: string) => readonly Expr[], string]>([
    ['a script', text => celeryIn(entryScript.facts(text, 'run.sh').script!.commands).words, 'celery -c 8 \\\n  worker\n'],
    ['a shell form', text => celeryIn(stageOf(text).command?.program).words, 'FROM x\nCMD celery \\\n  -c 8 worker'],
    ['an exec form', text => stageOf(text).command!.words, 'FROM x\nCMD ["celery", "-c", "8", "worker"]'],
    ['a program in an exec form', text => celeryIn(stageOf(text).command?.program).words, 'FROM x\nCMD ["sh", "-c", "celery -c 8 worker"]'],
    ['supervisord', text => programOf(text, 'w').command.words, '[program:w]\ncommand = celery -c 8 worker\n'],
    ['a Procfile', text => celeryIn(programOf(text, 'w', 'Procfile').command.program).words, 'w: celery -c 8 worker'],
  ])('%s', (_, wordsIn, text) => {
    const before = wordsIn(text).map(literalText);
    const mended = write(text, after('-c', wordsIn(text)), '16');
    expect(wordsIn(mended).map(literalText)).toEqual(before.map(word => (word === '8' ? '16' : word)));
    expect(mended.replace('16', '8')).toBe(text);
  });

  it('can be any text in a script and in an exec form', () => {
    const value = 'a "b" \'c\' $d \\';
    const script = write('x -c 8', after('-c', runs(entryScript.facts('x -c 8', 'run.sh').script!.commands)[0]!.words), value);
    expect(runs(entryScript.facts(script, 'run.sh').script!.commands)[0]!.words.map(literalText)).toEqual(['x', '-c', value]);
    const exec = write('FROM x\nCMD ["-c", "8"]', after('-c', stageOf('FROM x\nCMD ["-c", "8"]').command!.words), value);
    expect(stageOf(exec).command!.words.map(literalText)).toEqual(['-c', value]);
  });
});

describe('whole commands and variables of an image', () => {
  it.each([['FROM x\nCMD celery \\\n  worker\nUSER y\n', 'CMD'], ['FROM x\nENTRYPOINT   ["celery"]  \nUSER y', 'ENTRYPOINT']])('%j', (text, keyword) => {
    const command = (from: string) => (keyword === 'CMD' ? stageOf(from).command : stageOf(from).entryPoint)!;
    const [slot] = command(text).slots;
    const mended = applyEdits(text, [{ at: slot!.at, text: '["celery", "worker"]' }]);
    expect(command(mended)).toMatchObject({ form: 'exec', words: [{ value: 'celery' }, { value: 'worker' }] });
    expect(mended).toMatch(/^FROM x\n\w+ +\["celery", "worker"\] *\nUSER y\n?$/);
  });

  it('ENV, STOPSIGNAL', () => {
    const text = 'FROM x\nENV A=1 \\\n  B="two words"\nSTOPSIGNAL SIGINT\n';
    const b = stageOf(text).environment[1]!.value;
    const mended = write(text, (b as Expr).slot!, 'three "quoted" words');
    expect(stageOf(mended).environment.map(entry => literalText(entry.value as Expr))).toEqual(['1', 'three "quoted" words']);
    expect(literalText(stageOf(write(text, stageOf(text).stopSignal!.slot!, 'SIGTERM')).stopSignal)).toBe('SIGTERM');
  });
});

describe('fields of supervisord', () => {
  const text = '[supervisord]\r\nnodaemon=true\r\n\r\n[program:w]\r\ncommand = celery worker ; comment\r\nstopwaitsecs = 10\r\n; end\r\n\r\n[program:last]\r\ncommand=x\r\n  y';
  const fields: readonly (readonly [keyof ProgramFacts & `${string}`, Scalar])[] = [['stopWait', 600], ['stopSignal', 'QUIT'], ['stopAsGroup', true], ['killAsGroup', false], ['processCount', 2], ['autostart', false]];
  it.each(['w', 'last'].flatMap(name => fields.map(([field, value]) => [name, field, value] as const)))('%s: %s = %s', (name, field, value) => {
    const before = programOf(text, name);
    const mended = write(text, (before[field] as Field).slots[0]!, value);
    const after = programOf(mended, name);
    expect((after[field] as Field).value).toMatchObject({ is: 'literal', value });
    expect((before[field] as Field).value === undefined).toBe(!(name === 'w' && field === 'stopWait'));
    expect(mended.split('\r\n').length - text.split('\r\n').length).toBe((before[field] as Field).value ? 0 : 1);
    for (const [other] of fields) if (other !== field) expect((after[other] as Field).value?.is).toBe((before[other] as Field).value?.is);
    expect(after.command.words.map(literalText)).toEqual(before.command.words.map(literalText));
    expect(processManager.facts(mended, 'supervisord.conf').problems).toEqual([]);
  });

  it('environment', () => {
    const source = '[program:w]\nenvironment=A="1",\n  B=2\ncommand=x\n';
    const b = programOf(source, 'w').environment[1]!.value as Expr;
    expect(programOf(write(source, b.slot!, '3'), 'w').environment.map(entry => literalText(entry.value as Expr))).toEqual(['1', '3']);
  });
});

describe('process managers', () => {
  const read = (text: string): Facts => processManager.facts(text, 'x.conf');
  it('reads comments, expansions and continuations as supervisord does', () => {
    const program = programOf('[program:w]\nCommand: celery -n "a;b#c" ;d "\nenvironment = A = "x, y" , B=\'z\',C=%(ENV_C)s\n', 'w');
    expect(program.command.words.map(word => literalText(word) ?? word.is)).toEqual(['celery', '-n', 'a;b#c']);
    expect(programOf('[program:w]\ncommand=celery %(program_name)s%%x%(ENV_A)s ;c\n\n # skipped\n\t-Q high\n', 'w').command.words).toMatchObject([{ value: 'celery' }, { operator: 'concat', operands: [{ value: 'w%x' }, { is: 'environment', name: 'A' }] }, { value: '-Q' }, { value: 'high' }]);
    expect(program.environment).toMatchObject([{ name: 'A', value: { value: 'x, y' } }, { name: 'B', value: { value: 'z' } }, { name: 'C', value: { is: 'environment', name: 'C' } }]);
  });

  it('says what it cannot read, and reads the rest', () => {
    const { problems, processes } = read('stray\n[program:a]\nno sign\n[program:b]\ncommand=sh -c "x\n[program:c]\ncommand=y\n');
    expect(problems.map(({ at }) => at.startLine)).toEqual([1, 3, 2, 5]);
    expect(processes!.programs.map(({ name }) => name)).toEqual(['b', 'c']);
  });

  it.each<[boolean, string, string]>([
    [true, 'supervisord.conf', '[supervisord]\n'], [true, 'conf/x.ini', '; c\n[program:x]\n'], [true, 'Procfile', 'web: x\n'], [true, 'Procfile.dev', '# c\nweb: x\n'],
    [false, 'setup.cfg', '[metadata]\n'], [false, 'nginx.conf', 'http {}\n'], [false, 'Procfile', ''], [false, 'procfile.py', 'import x\n'],
  ])('%s: %s %j', (expected, path, text) => expect(processManager.recognises(path, text)).toBe(expected));
});
