import type { DockerfileFacts, EnvironmentEntry, Facts, ReadProblem, StageFacts } from '../model/index.js';
import { parseDockerfile, type DockerfileSyntax } from '../parsers/dockerfile.js';
import { defaults } from './dockerfile/arguments.js';
import { openStage, type Stage } from './dockerfile/stage.js';

/** A Dockerfile (or Containerfile) by its name, with a FROM in it. */
export function recognises(path: string, text: string): boolean {
  return /(?:docker|container)file[^/]*$/i.test(path) && !/\.(?:mdx?|rst|[cm]?[jt]sx?|ya?ml|json|py|go|html?)$/i.test(path) && /^[ \t\uFEFF]*FROM[ \t]+\S/im.test(text);
}

/** Stages in order; what a stage takes over from an earlier one is not repeated in it. */
export function facts(text: string, path: string): Facts {
  const syntax = parseDockerfile(text, path);
  const problems: ReadProblem[] = [...syntax.problems];
  const dockerfile = dockerfileOf(syntax, problem => { if (problems.length < 20) problems.push(problem); });
  return { path, format: 'dockerfile', comments: syntax.comments, problems, dockerfile };
}

function dockerfileOf(syntax: DockerfileSyntax, report: (problem: ReadProblem) => void): DockerfileFacts {
  const global: EnvironmentEntry[] = [];
  const stages: StageFacts[] = [];
  const open: Stage[] = [];
  for (const instruction of syntax.instructions) {
    const stage = open.at(-1);
    if (instruction.keyword === 'FROM') open.push(openStage(instruction, { syntax, global, earlier: open, report }));
    else if (stage) stage.take(instruction);
    else if (instruction.keyword === 'ARG') global.push(...defaults(instruction, syntax, name => global.findLast(entry => entry.name === name)));
  }
  for (const stage of open) stages.push(stage.facts());
  return { stages, arguments: global };
}
