/** Names of deployment environments in folder and file names. */
const NAMES = /^(dev|devel|development|sandbox|sbx|test|testing|qa|uat|perf|performance|load|demo|int|integration|stage|staging|stg|preprod|preproduction|pre-prod|preview|beta|canary|prod|production|prd|live|internal)$/i;

/**
 * The environment each name stands for, where several names differ in nothing but it: `dev/worker.json` and `prod/worker.json`,
 * `worker-staging.json` and `worker-production.json`. A name that stands alone says nothing.
 */
export function environmentNames(names: readonly string[]): ReadonlyMap<string, string> {
  const shapes = new Map<string, { readonly name: string; readonly environment: string }[]>();
  for (const name of new Set(names)) {
    for (const { shape, environment } of shapesOf(name)) {
      const list = shapes.get(shape);
      if (list) list.push({ name, environment }); else shapes.set(shape, [{ name, environment }]);
    }
  }
  const found = new Map<string, string>();
  for (const list of shapes.values()) {
    if (new Set(list.map(entry => entry.environment)).size < 2) continue;
    for (const { name, environment } of list) if (!found.has(name)) found.set(name, environment);
  }
  return found;
}

/** Every way to read one part of the name as an environment. */
function shapesOf(name: string): readonly { readonly shape: string; readonly environment: string }[] {
  const parts = name.split(/([/._-])/);
  return parts.flatMap((part, i) => (NAMES.test(part) ? [{ shape: parts.map((other, j) => (j === i ? '*' : other)).join(''), environment: part.toLowerCase() }] : []));
}
