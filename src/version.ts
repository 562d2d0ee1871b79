import about from '../package.json' with { type: 'json' };

/** Set by the build. */
declare const __COMMIT__: string | undefined;

export const VERSION: string = about.version;
/** The commit this was built from, where the build knew it. */
export const COMMIT: string | undefined = typeof __COMMIT__ === 'string' && __COMMIT__ !== '' ? __COMMIT__ : undefined;
/** Where the rules' pages are: on the project's home page where it has one, else in the package's repository. */
export const DOCS: string = `${'homepage' in about ? `${String(about.homepage)}/` : ''}docs/rules`;
