import { existsSync, lstatSync, mkdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, isAbsolute, join, resolve } from 'node:path';

const OTHERS_WRITE = 0o022;

/** Where the user's caches are; undefined where that is not known. */
export function cacheDirectory(env: Readonly<Record<string, string | undefined>> = process.env, platform: string = process.platform): string | undefined {
  const { DRAINLINT_CACHE_DIR: own, XDG_CACHE_HOME: xdg, LOCALAPPDATA: local } = env;
  if (own) return resolve(own);
  if (platform === 'win32' && local) return join(local, 'drainlint', 'Cache');
  if (platform !== 'darwin' && xdg && isAbsolute(xdg)) return join(xdg, 'drainlint');
  const home = env.HOME || homedirOf();
  if (home === undefined || !isAbsolute(home)) return undefined;
  return platform === 'darwin' ? join(home, 'Library', 'Caches', 'drainlint') : join(home, '.cache', 'drainlint');
}

function homedirOf(): string | undefined {
  try {
    return homedir();
  } catch {
    return undefined; // a user without an entry
  }
}

/** Makes the directory, for its owner only. Throws where it is a link, no directory, or another user can write it. */
export function claim(directory: string): void {
  if (!lstatSync(directory, { throwIfNoEntry: false })) make(directory);
  const stats = lstatSync(directory);
  if (!stats.isDirectory()) throw new Error('it is a link or no directory');
  if (isOthers(stats)) throw new Error('another user can write it');
}

/** With the folders above it. Not by `recursive`: node tries without end where the system says ENOENT to a folder that could not be (/proc). */
function make(directory: string): void {
  const above = dirname(directory);
  if (above !== directory && !existsSync(above)) make(above);
  try {
    mkdirSync(directory, { mode: 0o700 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error; // another run was faster
  }
}

/** Does a file or directory belong to another user, or may one change it? */
export const isOthers = ({ uid, mode }: { readonly uid: number; readonly mode: number }): boolean => process.getuid !== undefined && (uid !== process.getuid() || (mode & OTHERS_WRITE) !== 0);
