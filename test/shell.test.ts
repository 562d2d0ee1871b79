import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { execCommand, shellCommand, stringCommand } from '../src/analyzers/command.js';
import { facts, recognises } from '../src/analyzers/entry-script.js';
import { applyEdits } from '../src/model/index.js';
import type { Expr, ShellCommand, SourceLocation } from '../src/model/index.js';
import { literal } from '../src/model/index.js';
import { lineTable } from '../src/parsers/lines.js';
import { parseShell } from '../src/parsers/shell.js';
import { splitWords } from '../src/parsers/shell/split-words.js';

const at: SourceLocation = { path: 'x', startLine: 1, startColumn: 1, endLine: 1, endColumn: 1 };
const program = (text: string) => parseShell(text, lineTable(text, 'x').at);

/** An expression in short: variables as `$X` or `$X:-default`, lists and concatenations in brackets. */
function short(expr: Expr): unknown {
  switch (expr.is) {
    case 'literal': return expr.value;
    case 'environment': return { env: expr.name, ...(expr.fallback && { or: short(expr.fallback) }) };
    case 'operation': return { [expr.operator]: expr.operands.map(short) };
    case 'list': return expr.items.map(short);
    case 'choice': return { choice: expr.branches.map(short) };
    case 'opaque': return { opaque: expr.text };
    default: return expr.is;
  }
}
const words = (command: ShellCommand | undefined): unknown => (command?.do === 'run' ? command.words.map(short) : command?.do);

/** Every command of a program, outer ones first. */
function* all(commands: readonly ShellCommand[]): Generator<ShellCommand> {
  for (const command of commands) {
    yield command;
    switch (command.do) {
      case 'run': yield* all(command.program ?? []); break;
      case 'trap': yield* all(command.handler); break;
      case 'chain': yield* all(command.parts); break;
      case 'if': for (const branch of command.branches) { yield* all(branch.test); yield* all(branch.body); } yield* all(command.otherwise); break;
      case 'case': for (const branch of command.branches) yield* all(branch.body); break;
      case 'assign': break;
      default: yield* all(command.body);
    }
  }
}

describe('words', () => {
  it.each<[string, unknown[]]>([
    ['celery -A proj', ['celery', '-A', 'proj']],
    ['a\\ b"c\\"d\\$e"\'f$g\'$\'h\\n\'', ['a bc"d$ef$gh\n']],
    ['x $A "$B" ${C} ${D:-4} ${E-"a b"} ${F:?needed}', ['x', { env: 'A' }, { env: 'B' }, { env: 'C' }, { env: 'D', or: '4' }, { env: 'E', or: 'a b' }, { env: 'F' }]],
    ['x "$@" $* $1 ${2}', ['x', { env: '@' }, { env: '*' }, { env: '1' }, { env: '2' }]],
    ['x --n=${A:-${B:-2}}/"c d"', ['x', { concat: ['--n=', { env: 'A', or: { env: 'B', or: '2' } }, '/c d'] }]],
    ['x $(nproc) `id` $((1 + 2)) ${#A} ${A%.*} ${A[0]} <(y)', ['x', ...['$(nproc)', '`id`', '$((1 + 2))', '${#A}', '${A%.*}', '${A[0]}', '<(y)'].map(opaque => ({ opaque }))]],
    ['x ${A:+--flag} "${LIST[@]}"', ['x', { choice: ['--flag', ''] }, { env: 'LIST' }]],
    ['x "" \'\'', ['x', '', '']],
    ['x A=b C="$D"', ['x', 'A=b', { concat: ['C=', { env: 'D' }] }]],
    ['x \\\n  -y # comment', ['x', '-y']],
    ['x >out 2>&1 <in', ['x']],
  ])('%s', (text, expected) => {
    const { commands, problems } = program(text);
    expect(problems).toEqual([]);
    expect(words(commands[0])).toEqual(expected);
  });
});

describe('commands', () => {
  it('takes exec off and keeps what it replaces the shell with', () => {
    expect(program('A=1 exec -a name celery worker').commands[0]).toMatchObject({ do: 'run', exec: true, slots: [], assignments: [{ name: 'A' }], text: 'A=1 exec -a name celery worker' });
    expect(words(program('exec -a name celery worker').commands[0])).toEqual(['celery', 'worker']);
    expect(program('exec > >(tee log)').commands[0]).toMatchObject({ do: 'run', exec: false, slots: [] });
  });

  it('marks background and pipes', () => {
    const { commands } = program('a & b | c | d\n{ e; } | f\nif g; then h; fi &\ni && j &');
    expect(commands.map(command => [command.do, 'background' in command && command.background, 'piped' in command ? command.piped : undefined])).toEqual([
      ['run', true, undefined], ['run', false, 'first'], ['run', false, 'middle'], ['run', false, 'last'],
      ['group', false, 'first'], ['run', false, 'last'], ['group', true, undefined], ['chain', true, undefined],
    ]);
    expect(commands[6]).toMatchObject({ subshell: true, body: [{ do: 'if' }] });
  });

  it('names what a pipe leads to', () => {
    const { commands } = program('a |& tee -a \\\n  log\n{ b; } | c x | d\ne 2>&1 | f');
    expect(commands.map(command => ('into' in command ? command.into : undefined))).toEqual([{ text: 'tee -a log', withErrors: true }, undefined, { text: 'c x | d', withErrors: false }, { text: 'd', withErrors: false }, undefined, { text: 'f', withErrors: false }, undefined]);
  });

  it('binds chains to the left', () => {
    const [chain] = program('a && b || c && d').commands;
    expect(chain).toMatchObject({ do: 'chain', operator: '&&', parts: [{ do: 'chain', operator: '||', parts: [{ do: 'chain', operator: '&&' }, { do: 'run' }] }, { do: 'run' }] });
  });

  it('reads traps, with the signals named alike', () => {
    const [quoted, named, reset, ignored] = program('trap "kill \\"$PID\\"; wait" SIGTERM 2 int\ntrap stop TERM\ntrap - TERM\ntrap "" HUP').commands;
    expect(quoted).toMatchObject({ do: 'trap', signals: ['TERM', 'INT', 'INT'], handler: [{ do: 'run', text: 'kill "$PID"' }, { do: 'run', text: 'wait' }] });
    expect(named).toMatchObject({ do: 'trap', handler: [{ do: 'run', text: 'stop' }] });
    expect(reset).toMatchObject({ do: 'run' });
    expect(ignored).toMatchObject({ do: 'trap', handler: [], signals: ['HUP'] });
  });

  it('tells exported variables from others', () => {
    const assigned = program('A=1; export B=2 C; declare -x D=3; local E=4; export -n F=5; readonly G=6; H=(7 8); I+=9').commands
      .map(command => (command.do === 'assign' ? [command.name, short(command.value), command.exported] : command.do));
    expect(assigned).toEqual([
      ['A', '1', false], ['B', '2', true], ['C', { env: 'C' }, true], ['D', '3', true], ['E', '4', false], ['F', '5', false], ['G', '6', false],
      ['H', ['7', '8'], false], ['I', { concat: [{ env: 'I' }, '9'] }, false],
    ]);
    expect(words(program('export $(cat .env)').commands[0])).toEqual(['export', { opaque: '$(cat .env)' }]);
  });

  it('reads every compound command', () => {
    const text = 'for x in 1 2; do a; done\nuntil b; do c; done\nselect y in 1; do d; done\nfor ((;;)); do e; done\n(f)\n{ g; }\nh() { i; }\nfunction j { k; }\nl() (m)\ncoproc n\n[[ $o == p ]]\n((q++))\ncase $r in s|t*) u ;; *) v ;; esac\n. ./w\n! x';
    const { commands, problems } = program(text);
    expect(problems).toEqual([]);
    expect(commands.map(command => command.do)).toEqual(['loop', 'loop', 'loop', 'loop', 'group', 'group', 'function', 'function', 'function', 'group', 'run', 'run', 'case', 'run', 'run']);
    expect(commands[12]).toMatchObject({ subject: { is: 'environment', name: 'r' }, branches: [{ patterns: ['s', 't*'] }, { patterns: ['*'] }] });
    expect(commands[14]).toMatchObject({ slots: [] });
    expect([...all(commands)].filter(({ do: kind }) => kind === 'run').map(words).flat().filter(word => typeof word === 'string' && /^[a-x]$/.test(word))).toEqual([...'abcdefgikmnuvx']);
  });

  it('finds programs within programs', () => {
    const [run] = program('exec gosu app bash -o pipefail -ec "sh -c \'celery -A \\"proj\\" worker\' && x" name').commands;
    expect(run).toMatchObject({ do: 'run', exec: true, program: [{ do: 'chain', parts: [{ program: [{ do: 'run', text: 'celery -A "proj" worker' }] }, { do: 'run' }] }] });
    expect(program('su - app -c "celery worker"').commands[0]).toMatchObject({ program: [{ text: 'celery worker' }] });
    expect(program('bash script.sh -c x; sh "$A" -c x; python -c "x"').commands.map(command => 'program' in command)).toEqual([false, false, false]);
  });
});

describe('commands of other formats', () => {
  it('splits a string as shlex does', () => {
    const text = 'celery -A "a b" \'c $D\' e\\ f ${G:-h i} --j=$K \\\n  l""m';
    expect(stringCommand(text, at, lineTable(text, 'x').at, []).words.map(short)).toEqual(['celery', '-A', 'a b', { concat: ['c ', { env: 'D' }] }, 'e f', { env: 'G', or: 'h i' }, { concat: ['--j=', { env: 'K' }] }, 'lm']);
    expect(splitWords('a \'b').unclosed).toBe(2);
  });

  it('places the words and programs of a string', () => {
    const text = 'tini -- sh -c "run \\"a\\" && celery worker"';
    const { words: split, program: inner } = stringCommand(text, at, lineTable(text, 'x').at, []);
    expect(split.map(word => text.slice(word.at.startColumn - 1, word.at.endColumn - 1))).toEqual(['tini', '--', 'sh', '-c', '"run \\"a\\" && celery worker"']);
    const celery = [...all(inner!)].find(command => command.do === 'run' && command.text.startsWith('celery'))!;
    expect(text.slice(celery.at.startColumn - 1, celery.at.endColumn - 1)).toBe('celery worker');
  });

  it('reads the program of an argv, and of a word that only an entry point makes a program', () => {
    const argv = ['/bin/sh', '-c', 'cd x; celery worker'].map(word => literal(word, at));
    expect(execCommand(argv, at, 't', []).program).toMatchObject([{ text: 'cd x' }, { text: 'celery worker' }]);
    const alone = execCommand([literal('celery worker', at)], at, 't', []);
    expect(alone.program).toBeUndefined();
    expect(alone.asProgram).toMatchObject([{ text: 'celery worker' }]);
    expect(execCommand([literal('celery', at), literal('a b', at)], at, 't', []).asProgram).toBeUndefined();
  });

  it('offers no place for exec where escapes hide it', () => {
    const word = (text: string, width: number) => literal(text, { ...at, endColumn: 1 + width });
    const text = 'echo "x"; celery worker';
    const slotsOf = (width: number) => [...all(execCommand([word('sh', 4), word('-c', 4), word(text, width)], at, 't', []).program!)].flatMap(command => (command.do === 'run' ? command.slots : []));
    expect(slotsOf(text.length + 2).map(slot => slot.at.startColumn)).toEqual([2, 12]);
    expect(slotsOf(text.length + 4)).toEqual([]);
  });

  it('keeps the text of a shell form', () => {
    expect(shellCommand('a \\\n  b', at, () => at, [])).toMatchObject({ form: 'shell', text: 'a b', words: [{ value: 'a \\\n  b' }], program: [{ text: 'a b' }] });
  });
});

describe('which files are scripts', () => {
  it.each<[boolean, string, string]>([
    [true, 'run', '#!/bin/sh\n'], [true, 'bin/x', '#!/usr/bin/env -S A=1 bash -eu\n'], [true, 'x', '#!/command/with-contenv bash\n'], [true, 'x', '#!/usr/bin/dumb-init /bin/sh\n'],
    [true, 'a.sh', ''], [true, 'docker-entrypoint', 'exec "$@"\n'], [true, 'start_worker', 'celery -A proj worker\n'],
    [false, 'a.sh', '#!/usr/bin/env python3\n'], [false, 'run', '#!/command/execlineb -P\n'], [false, 'run', 'import os\n'], [false, 'worker', '\0\0exec x'], [false, 'LICENSE', 'exec x\n'], [false, 'start.ps1', 'echo x\n'],
  ])('%s: %s %j', (expected, path, text) => expect(recognises(path, text)).toBe(expected));

  it('names the interpreter and the comments that speak to drainlint', () => {
    expect(facts('#!/usr/bin/env -S FOO=1 dash -e\n# drainlint: ignore a/b -- x\ncelery worker  # drainlint: ignore c/d\necho "a#drainlint: no"\n', 'x').comments)
      .toMatchObject([{ text: 'drainlint: ignore a/b -- x', ownLine: true, at: { startLine: 2 } }, { text: 'drainlint: ignore c/d', ownLine: false, at: { startLine: 3, startColumn: 16 } }]);
    expect(facts('#!/usr/bin/env -S FOO=1 dash -e\n', 'x').script).toEqual({ interpreter: 'dash', commands: [] });
  });
});

describe('bad input', () => {
  const deep = 10_000;
  it.each<[string, string]>([
    ['substitutions', 'echo $(' + 'echo $('.repeat(deep)], ['ifs', 'if x; then '.repeat(deep)], ['parentheses', '( '.repeat(deep)], ['braces', '{ '.repeat(deep)],
    ['functions', 'f() '.repeat(deep)], ['cases', 'case x in a) '.repeat(deep)], ['expansions', 'echo ' + '${a:-'.repeat(deep)], ['an open quote', 'celery "worker'],
    ['sh -c', 'sh -c "'.repeat(deep + 1)],
  ])('%s end in a problem, not in a crash', (_, text) => {
    const { problems } = facts(text, 'x.sh');
    expect(problems.length).toBeGreaterThan(0);
    expect(problems.every(({ at: place, message }) => place.startLine === 1 && !message.endsWith('.'))).toBe(true);
  });

  it('reads on after what it does not understand', () => {
    const { script, problems } = facts('celery -A proj worker\ncat <<EOF\nnever closed\n', 'x.sh');
    expect(problems).toEqual([]);
    expect(script!.commands).toHaveLength(2);
    expect(facts('celery -A proj worker\nif x; then\n', 'x.sh')).toMatchObject({ problems: [{ at: { startLine: 3 } }, { at: { startLine: 3 } }], script: { commands: [{ do: 'run' }, { do: 'if' }] } });
  });

  it('treats line ends of Windows, a byte order mark and NUL bytes as what they are', () => {
    const { script } = facts('\uFEFF#!/bin/sh\r\nif a; then\r\n  b \\\r\n    c\r\nfi\r\ncat <<EOF\r\nx\r\nEOF\r\nd\0 e\r\n', 'x.sh');
    const runs = [...all(script!.commands)].flatMap(command => (command.do === 'run' ? [[words(command), command.at.startLine, command.at.startColumn]] : []));
    expect(runs).toEqual([[['a'], 2, 4], [['b', 'c'], 3, 3], [['cat'], 6, 1], [['d\0', 'e'], 9, 1]]);
  });

  it('bounds the nesting of its facts', () => {
    const { script } = facts(Array.from({ length: deep }, (_, i) => (i % 2 ? 'a ||' : 'a &&')).join(' ') + ' a', 'x.sh');
    expect(structuredClone(script)).toEqual(script);
    expect(JSON.stringify(script).length).toBeGreaterThan(deep);
  });

  it('reads 5 MB before the test runs out of time', { timeout: 60_000 }, () => {
    expect(facts('celery -A "proj" worker $OPTIONS\n'.repeat(150_000), 'x.sh').script!.commands).toHaveLength(150_000);
  });

  it('never throws, and its facts are plain data', () => {
    const token = fc.constantFrom(...'\'"`$(){}[]|&;<>#\\!=\n\r\0 '.split(''), 'if', 'then', 'fi', 'do', 'done', 'case', 'esac', 'in', 'a', 'exec', 'trap', 'sh -c', 'export', '<<EOF', '$(', '${', '((', '[[');
    fc.assert(fc.property(fc.array(token, { maxLength: 40 }), tokens => {
      const text = tokens.join('');
      const read = facts(text, 'x.sh');
      expect(structuredClone(read)).toEqual(read);
      for (const command of all(read.script!.commands)) expect(command.at.startLine).toBeLessThanOrEqual(text.split('\n').length);
      expect(() => stringCommand(text, at, lineTable(text, 'x').at, [])).not.toThrow();
    }), { numRuns: 500 });
  });
});

it('whatever is quoted for a shell comes back as one word', () => {
  const quote = (word: string): string => `'${word.replaceAll('\'', '\'\\\'\'')}'`;
  fc.assert(fc.property(fc.array(fc.string().map(text => text.replace(/\r/g, '')), { minLength: 1, maxLength: 5 }), argv => {
    const text = argv.map(quote).join(' ');
    expect(splitWords(text).words.map(word => word.text.text)).toEqual(argv);
    const [run] = program(`x ${text}`).commands;
    expect(words(run)).toEqual(['x', ...argv]);
  }), { numRuns: 300 });
});

it('exec at any of its slots makes that command an exec, and nothing else changes', () => {
  const command = fc.constantFrom('celery -A p worker', 'A=1 celery worker -c "$N"', 'node x.js');
  const shapes = fc.constantFrom((c: string) => c, (c: string) => `a && ${c}`, (c: string) => `if a; then\n  ${c}\nfi`, (c: string) => `(cd x; ${c})`, (c: string) => `f() { ${c}; }`, (c: string) => `sh -c '${c}'`, (c: string) => `${c} &`, (c: string) => `case a in\n  a) ${c} ;;\nesac`);
  fc.assert(fc.property(command, shapes, shapes, (inner, first, second) => {
    const text = second(first(inner));
    for (const run of all(program(text).commands)) {
      if (run.do !== 'run' || run.slots.length === 0) continue;
      const [slot] = run.slots;
      const mended = applyEdits(text, [{ at: slot!.at, text: 'exec ' }]);
      const before = [...all(program(text).commands)].filter(one => one.do === 'run');
      const after = [...all(program(mended).commands)].filter(one => one.do === 'run');
      const argv = (runs: readonly ShellCommand[]): string => JSON.stringify(runs.map(words)).replaceAll('exec ', '');
      expect(argv(after)).toBe(argv(before));
      expect(after.filter(one => one.exec)).toHaveLength(1);
    }
  }), { numRuns: 200 });
});
