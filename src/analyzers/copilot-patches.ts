import type { Facts, PatchFacts, ReadProblem } from '../model/index.js';
import { itemsOf, textOf, valueOf, type DataSource } from '../parsers/nodes.js';
import { parseYaml } from '../parsers/yaml.js';
import { replaceSlot } from './insertion.js';
import { exprOf, mapLiteral, placeOf, toNumber } from './node-values.js';

/** `copilot/<name>/overrides/cfn.patches.yml`. */
export function recognises(path: string, text: string): boolean {
  return /(?:^|\/)overrides\/cfn\.patches\.ya?ml$/i.test(path) && /^[ \t-]*(?:op|path)[ \t]*:/m.test(text);
}

/** The changes, in order. Source: Copilot, "YAML patch overrides" (RFC 6902 with add, remove and replace). */
export function facts(text: string, path: string): Facts {
  const { roots, comments, ...parsed } = parseYaml(text, path);
  const problems: ReadProblem[] = [...parsed.problems];
  const source: DataSource = parsed.source;
  const patches = roots.flatMap(itemsOf).flatMap((item): readonly PatchFacts[] => {
    const [pointer, value] = [textOf(valueOf(item, 'path')), valueOf(item, 'value')];
    if (pointer === undefined) return [];
    const at = placeOf(item, source);
    return [{ pointer, at, ...(value && textOf(valueOf(item, 'op')) !== 'remove' && { value: { value: mapLiteral(exprOf(value, source), toNumber), at: placeOf(value, source), slots: [replaceSlot(value, source)] } }) }];
  });
  return { path, format: 'copilot', comments, problems, ...(patches.length > 0 && { patches }) };
}
