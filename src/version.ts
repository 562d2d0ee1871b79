import about from '../package.json' with { type: 'json' };

/** Set by the build. */
declare const __COMMIT__: string | undefined;
declare const __BUILD__: string | undefined;

export const VERSION: string = about.version;
/** The commit this was built from, where the build knew it. */
export const COMMIT: string | undefined = typeof __COMMIT__ === 'string' && __COMMIT__ !== '' ? __COMMIT__ : undefined;
/** A hash of what this was built from; undefined where it was not built. */
export const BUILD: string | undefined = typeof __BUILD__ === 'string' ? __BUILD__ : undefined;
/**
 * Where the guides and the rules' pages are: in the repository that package.json names (GitHub and GitLab show its files below `blob`),
 * below another home page, else `docs` in the package's own repository.
 */
export function docsOf({ homepage, repository }: { readonly homepage?: string; readonly repository?: string | { readonly url: string } }): string {
  const url = (typeof repository === 'object' ? repository.url : repository) ?? homepage ?? '';
  const [, host, path] = /^(?:git\+)?https:\/\/(github\.com|gitlab\.com)\/([^#]+?)(?:\.git)?\/?(?:#.*)?$/.exec(url) ?? [];
  if (host !== undefined) return `https://${host}/${path}${host === 'gitlab.com' ? '/-' : ''}/blob/HEAD/docs`;
  return homepage === undefined ? 'docs' : `${homepage.replace(/\/$/, '')}/docs`;
}
export const GUIDES: string = docsOf(about as object);
export const DOCS: string = `${GUIDES}/rules`;
