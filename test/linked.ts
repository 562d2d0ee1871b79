import * as nodePackage from '../src/analyzers/node-package.js';
import * as python from '../src/analyzers/python.js';
import * as typescript from '../src/analyzers/typescript.js';
import { link } from '../src/link/index.js';
import type { FactStore, Model, Problem } from '../src/model/index.js';
import { rules } from '../src/rules/index.js';
import { thresholds } from './model-builders.js';

export type Files = Readonly<Record<string, string>>;

/** The model of some files of code by their paths; other files count by their names alone. The grammars that it takes are loaded before. `plain`: files that have no word that would make them worth reading. */
export function linked(files: Files, plain: readonly string[] = []): Model {
  const factsOf = (path: string, text: string) => (path.endsWith('.py') ? python.facts(text, path) : /\.[cm]?[jt]sx?$/.test(path) ? typescript.facts(text, path) : path.endsWith('.json') ? nodePackage.facts(text, path) : undefined);
  const read = new Map(Object.entries(files).map(([path, text]) => [path, factsOf(path, text)]));
  const paths = [...read.keys()].sort();
  const store: FactStore = { paths, candidates: paths.filter(path => read.get(path) && !path.endsWith('.json') && !plain.includes(path)), has: path => read.has(path), facts: path => read.get(path) };
  return link(store, { workers: [], assume: {}, durations: {} });
}

/** What a rule says of a model. */
export const problemsOf = (id: string, model: Model): readonly Problem[] => [...rules.find(rule => rule.id === id)!.check(model, thresholds)];
