import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { Module } from 'node:module';
import { dirname, join, sep } from 'node:path';
import { Script } from 'node:vm';
import { crc32 } from 'node:zlib';
import { cacheDirectory, claim } from './sources/cache-directory.js';
import { prune } from './sources/pack-file.js';

/** How Node compiles a CommonJS module: what `require` calls for each file. The same in all of Node 20, which gets no new features. */
interface Compiled { require(id: string): unknown; readonly exports: unknown }
type Compile = (this: Compiled, source: string, file: string, ...more: unknown[]) => unknown;

/** What is large, and imports nothing by `import()`: that needs a host that code compiled here does not have. */
const LARGE = /[\\/]@?ts-morph[\\/]/;

/** Bytes of what is kept of all builds. */
const MOST_KEPT = 64 * 1024 * 1024;

/** A number of 32 bits as hex digits. */
const hex = (sum: number): string => sum.toString(16).padStart(8, '0');

/**
 * Keeps the machine's code of our modules and of the compiler of TypeScript between runs, as `module.enableCompileCache` does from Node 22 on, under the
 * same switches (NODE_DISABLE_COMPILE_CACHE, NODE_COMPILE_CACHE; nodejs.org/api/module.html). In the user's own cache, whatever DRAINLINT_CACHE_DIR says: what
 * lies there runs, and a repository must not be able to bring it. What is not as it was written is compiled anew. `flags`: of V8, set by this run before.
 */
export function keepCompiled(flags: readonly string[]): void {
  const directory = directoryOf(process.env);
  if (directory === undefined || typeof crc32 !== 'function') return; // before 20.15
  const { prototype } = Module as unknown as { readonly prototype: { _compile: Compile } };
  const compile = prototype._compile;
  const under = `${dirname(__filename)}${sep}`;
  const made: { readonly script: Script; readonly at: string }[] = [];
  const settings = crc32([process.version, process.arch, process.env.NODE_OPTIONS ?? '', ...process.execArgv, ...flags].join('\0'));

  prototype._compile = function (source, file, ...more) {
    if (!file.startsWith(under) && !LARGE.test(file)) return compile.call(this, source, file, ...more);
    const at = join(directory, `${hex(crc32(source))}${hex(source.length)}${hex(crc32(file))}${hex(settings)}.code`);
    const cachedData = read(at);
    const script = new Script(Module.wrap(source), { filename: file, ...(cachedData && { cachedData }) });
    if (!cachedData) made.push({ script, at });
    const require = Object.assign((id: string) => this.require(id), { resolve: (id: string) => Module.createRequire(file).resolve(id) });
    return (script.runInThisContext() as Function).call(this.exports, this.exports, require, this, file, dirname(file));
  };
  process.on('exit', () => { if (made.length > 0) keep(directory, made); });
}

/** undefined: it is not wanted, or another user could put code there. */
function directoryOf({ NODE_DISABLE_COMPILE_CACHE: off, NODE_COMPILE_CACHE: given, DRAINLINT_CACHE_DIR: _ours, ...env }: NodeJS.ProcessEnv): string | undefined {
  const ours = cacheDirectory(env);
  const directory = off ? undefined : given || (ours && join(ours, 'code'));
  try {
    if (directory !== undefined && existsSync(directory)) claim(directory);
    return directory;
  } catch {
    return undefined;
  }
}

/** The code in a file, in front of which its sum stands; undefined: there is none, or it is not what was written. */
function read(at: string): Buffer | undefined {
  try {
    const bytes = readFileSync(at);
    return bytes.length > 4 && crc32(bytes.subarray(4)) === bytes.readUInt32LE() ? bytes.subarray(4) : undefined;
  } catch {
    return undefined;
  }
}

/** With the functions that this run has compiled. Where nothing can be written, the next run compiles again. */
function keep(directory: string, made: readonly { readonly script: Script; readonly at: string }[]): void {
  try {
    claim(directory);
    for (const { script, at } of made) {
      const code = script.createCachedData();
      const sum = Buffer.alloc(4);
      sum.writeUInt32LE(crc32(code));
      const temporary = `${at}.${crypto.randomUUID()}.tmp`;
      writeFileSync(temporary, Buffer.concat([sum, code]), { mode: 0o600, flag: 'wx' });
      renameSync(temporary, at);
    }
    prune(directory, MOST_KEPT);
  } catch {
    // a full disk, a home that is not ours
  }
}
