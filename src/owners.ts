import { ACROSS, FOLDERS, globOf, ONE, signs, WITHIN, type Glob } from './model/index.js';

/** Where CODEOWNERS stands, the first that is there counts. https://docs.github.com/en/repositories/managing-your-repositorys-settings-and-features/customizing-your-repository/about-code-owners and https://docs.gitlab.com/user/project/codeowners/ */
export const CODEOWNERS = ['.github/CODEOWNERS', 'CODEOWNERS', 'docs/CODEOWNERS', '.gitlab/CODEOWNERS'] as const;

/** Longer lines name no path. */
const LONGEST = 1000;

interface Entry { readonly pattern: Glob; readonly owners: string; readonly section: number }

/**
 * Reads a CODEOWNERS file: who owns a path from the root. The last pattern that fits wins, also where it names nobody; each of
 * GitLab's sections has its own, with the owners of its heading where the line names none.
 */
export function readCodeowners(text: string): (path: string) => string | undefined {
  const entries: Entry[] = [];
  let [section, usual] = [0, ''];
  for (const line of text.split(/\r?\n/).map(each => each.slice(0, LONGEST).trim())) {
    if (line === '' || line.startsWith('#')) continue;
    const heading = /^\^?\[[^\]]+\](?:\[\d+\])?(?:\s([^]*))?$/.exec(line);
    if (heading) { section++; usual = ownersOf(heading[1] ?? ''); continue; }
    const [, pattern = '', rest = ''] = /^((?:\\.|[^\s\\])+)([^]*)/.exec(line) ?? [];
    // GitHub does not know `!` and character ranges
    if (pattern === '' || pattern.startsWith('!')) continue;
    entries.push({ pattern: ownerPattern(pattern), owners: ownersOf(rest) || usual, section });
  }
  return path => {
    const bySection = new Map<number, string>();
    for (const { pattern, owners, section: own } of entries) if (pattern.test(path)) bySection.set(own, owners);
    return [...new Set([...bySection.values()].filter(owners => owners !== ''))].join(' ') || undefined;
  };
}

const ownersOf = (text: string): string => text.replace(/(?:^|\s)#[^]*$/, '').trim().split(/\s+/).join(' ');

/** gitignore's patterns: a slash at the start or inside binds it to the root, one at the end means folders only. */
export function ownerPattern(pattern: string): Glob {
  const folder = /(?<!\\)\/$/.test(pattern);
  const bare = folder ? pattern.slice(0, -1) : pattern;
  const rooted = bare.includes('/');
  const steps = bare.replace(/^\//, '').split('/').flatMap((part, i, all) => {
    if (part !== '**') return [...words(part), ...(i < all.length - 1 ? ['/'] : [])];
    return i < all.length - 1 ? FOLDERS : BELOW;
  });
  // `docs/*` is what lies directly in it, not below: GitHub's own example
  const end = folder ? ['/', ...BELOW] : /(?:^|\/)\*$/.test(bare) && rooted ? [] : [{ optional: 1 + BELOW.length }, '/', ...BELOW];
  return globOf([...(rooted ? [] : FOLDERS), ...steps, ...end]);
}

/** At least one sign. */
const BELOW = [ONE, ACROSS] as const;

const words = (part: string): ReturnType<typeof signs> => (part.match(/\\.|\*+|[^]/gu) ?? []).flatMap(found => (found.length > 1 && found.startsWith('\\') ? signs(found.slice(1)) : found.startsWith('*') ? [WITHIN] : found === '?' ? [ONE] : signs(found)));
