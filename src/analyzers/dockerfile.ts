import type { DockerfileFacts, EnvironmentEntry, Facts, ReadProblem } from '../model/index.js';
import { parseDockerfile, type DockerfileSyntax } from '../parsers/dockerfile.js';
import { defaults } from './dockerfile/arguments.js';
import { openStage, type Stage } from './dockerfile/stage.js';

/** A Dockerfile (or Containerfile) by its name, with a FROM in it. */
export function recognises(path: string, text: string): boolean {
  return /(?:docker|container)file[^/]*$/i.test(path) && !/\.(?:mdx?|rst|[cm]?[jt]sx?|ya?ml|json|py|go|html?)$/i.test(path) && /^[ \t\uFEFF]*FROM[ \t]+\S/im.test(text);
}

/** Stages of one file that are read. */
const MAX_STAGES = 200;

/** Stages in order; what a stage takes over from an earlier one is not repeated in it. */
export function facts(text: string, path: string): Facts {
  const syntax = parseDockerfile(text, path);
  const problems: ReadProblem[] = [...syntax.problems];
  const dockerfile = dockerfileOf(syntax, problem => { if (problems.length < 20) problems.push(problem); });
  return { path, format: 'dockerfile', comments: syntax.comments, problems, dockerfile };
}

function dockerfileOf(syntax: DockerfileSyntax, report: (problem: ReadProblem) => void): DockerfileFacts {
  const global = new Map<string, EnvironmentEntry>();
  const written: EnvironmentEntry[] = [];
  const stages: Stage[] = [];
  const named = new Map<string, Stage>();
  for (const instruction of syntax.instructions) {
    const stage = stages.at(-1);
    if (instruction.keyword === 'FROM' && stages.length >= MAX_STAGES) { report({ message: `more than ${MAX_STAGES} stages: what stands from here on was not read`, at: syntax.lines.at(instruction.start, instruction.end) }); break; }
    if (instruction.keyword === 'FROM') {
      const opened = openStage(instruction, { syntax, global, earlier: named, report });
      stages.push(opened);
      if (opened.name !== undefined) named.set(opened.name.toLowerCase(), opened);
    } else if (stage) stage.take(instruction);
    else if (instruction.keyword === 'ARG') {
      for (const entry of defaults(instruction, syntax, name => global.get(name))) { written.push(entry); global.set(entry.name, entry); }
    }
  }
  return { stages: stages.map(stage => stage.facts()), arguments: written };
}
