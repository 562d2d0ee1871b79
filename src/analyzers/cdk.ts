import type { EcsServiceFacts, Facts } from '../model/index.js';
import { parsePythonConstructs } from '../parsers/python-constructs.js';
import { parseTypeScriptConstructs } from '../parsers/typescript-constructs.js';
import { definitionsIn } from './cdk/definitions.js';
import { patternsIn } from './cdk/patterns.js';
import { programOf } from './cdk/program.js';
import { queuesIn } from './cdk/queues.js';
import { servicesIn } from './cdk/services.js';

const TYPESCRIPT = /["'](?:aws-cdk-lib(?:\/aws-ecs(?:-patterns)?)?|@aws-cdk\/aws-ecs(?:-patterns)?)["']/;
const PYTHON = /^[ \t]*(?:from|import)[ \t]+aws_cdk\b/m;

/** A source file of the AWS CDK (v1 or v2, TypeScript or Python) that makes something of ECS; declarations (`.d.ts`) make nothing. */
export function recognises(path: string, text: string): boolean {
  if (/\.py$/i.test(path)) return PYTHON.test(text) && /\baws_ecs/.test(text);
  return /\.[cm]?tsx?$/i.test(path) && !/\.d\.[cm]?ts$/i.test(path) && TYPESCRIPT.test(text);
}

/** Task definitions, services and queues that a file makes with constructs. What props give is a reference. */
export function facts(text: string, path: string): Facts {
  const parsed = /\.py$/i.test(path) ? parsePythonConstructs(text, path) : parseTypeScriptConstructs(text, path);
  const program = programOf(parsed, path);
  const defined = definitionsIn(program), patterns = patternsIn(program), queues = queuesIn(program);
  const services = [...servicesIn(defined, program), ...patterns.flatMap(({ service }): readonly EcsServiceFacts[] => (service ? [service] : []))];
  const taskDefinitions = [...defined.map(({ facts: definition }) => definition), ...patterns.map(({ definition }) => definition)].filter(({ address, containers }) => containers.length > 0 || !address?.startsWith('cdk.pattern.'));
  return { path, format: 'cdk', comments: parsed.comments, problems: parsed.problems, ...(taskDefinitions.length > 0 && { taskDefinitions }), ...(services.length > 0 && { services }), ...(queues.length > 0 && { queues }) };
}
