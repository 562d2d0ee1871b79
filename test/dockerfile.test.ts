import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { DockerfileParser } from 'dockerfile-ast';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { facts, recognises } from '../src/analyzers/dockerfile.js';
import { inDirectory, join } from '../src/analyzers/dockerfile/paths.js';
import { literalText, type CommandFacts, type Expr } from '../src/model/index.js';
import { parseDockerfile } from '../src/parsers/dockerfile.js';

const fixtures = fileURLToPath(new URL('../fixtures/', import.meta.url));
const dockerfiles = readdirSync(fixtures, { recursive: true, withFileTypes: true }).filter(entry => entry.isFile() && /dockerfile$/i.test(entry.name))
  .map(entry => `${entry.parentPath}/${entry.name}`.slice(fixtures.length).replaceAll('\\', '/')).filter(path => !path.includes('/broken/')).sort();

const stageOf = (lines: string) => facts(`FROM x\n${lines}`, 'Dockerfile').dockerfile!.stages[0]!;
const texts = (command: CommandFacts | undefined) => command?.words.map(literalText);
const valueOf = (expr: Expr | 'secret' | undefined) => (expr !== 'secret' && expr?.is === 'literal' ? expr.value : expr);

describe('as dockerfile-ast splits it', () => {
  it('has Dockerfiles to compare', () => expect(dockerfiles.length).toBeGreaterThan(20));

  it.each(dockerfiles)('%s', path => {
    const text = readFileSync(`${fixtures}${path}`, 'utf8');
    const { instructions, lines, problems } = parseDockerfile(text, path);
    expect(problems).toEqual([]);
    expect(instructions.map(({ keyword, start, end }) => [keyword, lines.at(start, end).startLine]))
      .toEqual(DockerfileParser.parse(text).getInstructions().map(instruction => [instruction.getKeyword(), instruction.getRange().start.line + 1]));
  });
});

describe('instructions', () => {
  it('joins lines, skips comments and empty lines between them, and keeps the places', () => {
    const text = 'FROM x\nCMD a \\\n  # not this\n\n  b \\  \n\tc\\\\\nWORKDIR /y';
    const { instructions, lines } = parseDockerfile(text, 'Dockerfile');
    expect(instructions.map(({ keyword }) => keyword)).toEqual(['FROM', 'CMD', 'WORKDIR']);
    const args = instructions[1]!.arguments;
    expect(args.text).toBe('a   b \tc\\\\');
    expect(lines.at(...args.range(args.text.indexOf('b'), args.text.indexOf('b') + 1))).toMatchObject({ startLine: 5, startColumn: 3, endColumn: 4 });
    expect(lines.at(...args.range(0, args.text.length))).toMatchObject({ startLine: 2, startColumn: 5, endLine: 6, endColumn: 5 });
  });

  it('obeys escape directives at the top only', () => {
    expect(texts(facts('# syntax=x\n# escape=`\nFROM x\nCMD a `\n b\\\n', 'Dockerfile').dockerfile!.stages[0]!.command)).toEqual(['a  b\\']);
    expect(texts(facts('# a comment\n# escape=`\nFROM x\nCMD a \\\n b\n', 'Dockerfile').dockerfile!.stages[0]!.command)).toEqual(['a  b']);
  });

  it.each<[string, string[]]>([
    ['RUN <<A <<-"B"\nCMD 1\nA\nCMD 2\n\tB\nCMD 3\n', ['FROM', 'RUN', 'CMD']],
    ['RUN cat <<A > x && echo "<<B" <<<C\nA\nCMD 1\n', ['FROM', 'RUN', 'CMD']],
    ['COPY <<EOF /x\n# y\nEOF\nCMD 1\n', ['FROM', 'COPY', 'CMD']],
    ['RUN echo $((1<<2))\nCMD 1\n', ['FROM', 'RUN', 'CMD']],
    ['CMD cat <<A\nRUN x\n', ['FROM', 'CMD', 'RUN']],
    ['ONBUILD RUN <<A\nCMD 1\nA\nCMD 2', ['FROM', 'ONBUILD', 'CMD']],
    ['RUN <<NEVER\nCMD 1\n', ['FROM', 'RUN', 'CMD']],
  ])('knows where heredocs end: %j', (lines, keywords) => expect(parseDockerfile(`FROM x\n${lines}`, 'Dockerfile').instructions.map(({ keyword }) => keyword)).toEqual(keywords));
});

describe('stages', () => {
  it('reads ENV in both forms, with what was known before the instruction put in', () => {
    const { environment } = stageOf('ARG V=1\nENV A=1\nENV A=2 B="x $A ${V}" C=\'$A\' D=a\\ b E=${NONE:-d}\nENV F  g "h" $A \nENV PATH=/x:$PATH');
    const named = Object.fromEntries(environment.map(entry => [entry.name, entry.value]));
    expect(Object.fromEntries(Object.entries(named).filter(([name]) => 'ACDF'.includes(name)).map(([name, value]) => [name, valueOf(value)]))).toEqual({ A: '2', C: '$A', D: 'a b', F: 'g h 2' });
    expect(named['B']).toMatchObject({ operator: 'concat', operands: [{ value: 'x 1 ' }, { is: 'environment', name: 'V', fallback: { value: '1' } }] });
    expect(named['E']).toMatchObject({ is: 'environment', name: 'NONE', fallback: { value: 'd' } });
    expect(named['PATH']).toMatchObject({ operator: 'concat', operands: [{ value: '/x:' }, { is: 'environment', name: 'PATH' }] });
  });

  it('follows WORKDIR through stages and variables', () => {
    const { stages } = facts('FROM x AS a\nENV R=/r\nWORKDIR $R\nWORKDIR b/../c\nFROM A AS b\nCOPY . d/\nWORKDIR e\nFROM y\nWORKDIR f\nCOPY g .\nWORKDIR $NONE/h\nCOPY i j\nWORKDIR k\nWORKDIR /l\nCOPY m ./n\n', 'Dockerfile').dockerfile!;
    expect(stages.map(stage => stage.workingDirectory)).toEqual(['/r/c', '/r/c/e', '/l']);
    expect(stages.flatMap(stage => stage.copies.map(copy => [copy.target, copy.workingDirectory]))).toEqual([['/r/c/d/', '/r/c'], ['f/', 'f'], ['j', undefined], ['/l/n', '/l']]);
  });

  it('reads COPY in both forms', () => {
    expect(stageOf('COPY --from=build --chown=a:b --link x y /z/\nADD ["a b", "/c d"]\nCOPY --from=img:1 <<EOF /e\nEOF\nCOPY alone').copies)
      .toMatchObject([{ from: 'build', sources: ['x', 'y'], target: '/z/' }, { sources: ['a b'], target: '/c d' }, { from: 'img:1', sources: [], target: '/e' }]);
  });

  it('takes the last CMD, in the form that is written', () => {
    expect(stageOf('CMD ["a"]\nCMD b c').command).toMatchObject({ form: 'shell', text: 'b c', program: [{ do: 'run' }] });
    expect(stageOf('CMD []').command).toMatchObject({ form: 'exec', words: [] });
    const single = facts('FROM x\nCMD [\'a\', "b"]', 'Dockerfile');
    expect(single.dockerfile!.stages[0]!.command?.form).toBe('shell');
    expect(single.problems).toMatchObject([{ at: { startLine: 2 } }]);
    expect(stageOf('SHELL ["powershell", "-Command"]\nCMD a').command?.program).toBeUndefined();
    expect(stageOf('SHELL ["powershell", "-Command"]').shell).toEqual(['powershell', '-Command']);
  });

  it('keeps the base as written', () => {
    const { stages, arguments: global } = facts('ARG TAG=1\nARG NONE\nFROM --platform=x r/img:${TAG} AS One\nFROM one\nFROM $NONE', 'Dockerfile').dockerfile!;
    expect(global.map(entry => [entry.name, valueOf(entry.value)])).toEqual([['TAG', '1'], ['NONE', null]]);
    expect(stages.map(({ name, base }) => [name, base.is])).toEqual([['One', 'operation'], [undefined, 'literal'], [undefined, 'environment']]);
    expect(stages[2]!.base).not.toHaveProperty('fallback');
  });
});

it.each<[boolean, string, string]>([
  [true, 'Dockerfile', 'FROM x'], [true, 'docker/worker.Dockerfile', '# c\n from x'], [true, 'Dockerfile.prod', 'ARG A\nFROM x'], [true, 'Containerfile', 'FROM x'],
  [false, 'Dockerfile', ''], [false, 'Dockerfile.dockerignore', 'node_modules'], [false, 'dockerfile.md', 'FROM x'], [false, 'notes', 'FROM x'],
])('%s: %s %j', (expected, path, text) => expect(recognises(path, text)).toBe(expected));

it.each([['', 'a/b', 'a/b'], ['/a', 'b', '/a/b'], ['/a', '/b/', '/b'], ['/a', '../../b', '/b'], ['a', '../..', '..'], ['/a/b', '.', '/a/b']])('%j + %j is %j', (directory, path, joined) => expect(join(directory, path)).toBe(joined));
it.each([['/a', '.', '/a/'], ['/a', 'b', '/a/b'], ['/a', 'b/', '/a/b/'], [undefined, 'b', 'b'], ['', './', './'], ['/', '.', '/']])('%j holds %j as %j', (directory, target, whole) => expect(inDirectory(directory, target)).toBe(whole));

describe('bad input', () => {
  it('bounds what variables grow to', () => {
    const text = `FROM x\nENV A=xx\n${'ENV A=$A$A\n'.repeat(200)}ARG B=yy\n${'ARG B=$B$B\n'.repeat(200)}CMD celery worker`;
    expect(JSON.stringify(facts(text, 'Dockerfile')).length).toBeLessThan(2_000_000);
  });

  it('reads long files with open ends', () => {
    for (const text of ['RUN <<A\n'.repeat(20_000), 'CMD "$(${'.repeat(50_000), 'ENV A=${'.repeat(20_000), 'CMD a \\\n'.repeat(50_000), `CMD [${'"a",'.repeat(50_000)}]`, `COPY ${'a '.repeat(50_000)}`])
      expect(facts(`FROM x\n${text}`, 'Dockerfile').dockerfile!.stages).toHaveLength(1);
  });

  it('never throws, and its facts are plain data within the file', () => {
    const token = fc.constantFrom('FROM x\n', 'FROM $A as b\n', 'ARG A=${B:-c}\n', 'ENV ', 'RUN <<EOF\n', 'EOF\n', 'CMD ', 'ENTRYPOINT ["', 'COPY --from=', 'WORKDIR ', 'SHELL ["', '"]\n', ' a=b', '\\\n', '\\\r\n', '\r\n', '\n', '# c\n', '$', '${', '}', '"', '\'', '`', '\0', ' /x', '# escape=`\n', '\uFEFF');
    fc.assert(fc.property(fc.array(token, { maxLength: 40 }), tokens => {
      const text = tokens.join('');
      const read = facts(text, 'Dockerfile');
      expect(structuredClone(read)).toEqual(read);
      expect(JSON.parse(JSON.stringify(read))).toEqual(read);
      for (const stage of read.dockerfile!.stages) expect(stage.at.startLine).toBeLessThanOrEqual(text.split('\n').length);
    }), { numRuns: 500 });
  });

  it('gives an exec form back word by word', () => {
    fc.assert(fc.property(fc.array(fc.string({ unit: 'grapheme' })), argv => {
      const stage = stageOf(`CMD ${JSON.stringify(argv)}`);
      expect(stage.command?.form).toBe('exec');
      expect(texts(stage.command)).toEqual(argv);
    }), { numRuns: 200 });
  });

  it('gives a value of ENV back, however it is quoted', () => {
    const value = fc.string({ unit: fc.constantFrom('a', ' ', '$', '"', '\'', '\\', '=', '#', 'é') });
    fc.assert(fc.property(value, text => {
      const quoted = `"${text.replace(/["\\$]/g, '\\$&')}"`;
      expect(stageOf(`ENV A=${quoted} B=1`).environment.map(entry => valueOf(entry.value))).toEqual([text, '1']);
    }), { numRuns: 300 });
  });
});
