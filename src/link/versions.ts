import type { FactStore, InstalledVersion, LinkOptions, VersionFact, Versions } from '../model/index.js';
import { compareVersions, newestIn, oldestIn } from '../model/index.js';
import { BILLIARD_OF, RELEASES } from '../knowledge/celery/releases.js';
import { shared } from './find-modules.js';

/**
 * Versions of celery and billiard as installed for a file: what the nearest lock file or requirement pins, else the newest release that
 * the nearest ranges allow. billiard comes with celery where nothing names it.
 */
export function versionsFor(path: string, store: FactStore, options: LinkOptions): Versions {
  const installed = store.candidates.flatMap(candidate => store.facts(candidate)?.versions ?? []);
  const celery = versionOf('celery', path, installed, options, undefined);
  const implied = BILLIARD_OF.find(([from]) => compareVersions(celery.assumed, from) >= 0)?.[1];
  return { celery, billiard: versionOf('billiard', path, installed, options, implied) };
}

function versionOf(name: 'celery' | 'billiard', path: string, installed: readonly InstalledVersion[], { assume }: LinkOptions, implied: string | undefined): VersionFact {
  const declared = assume[name];
  if (declared !== undefined) return declaredVersion(declared, RELEASES[name]);
  const entries = installed.filter(entry => entry.name === name).sort((a, b) => shared(b.at.path, path) - shared(a.at.path, path) || certainty(b) - certainty(a) || a.at.path.length - b.at.path.length);
  const [best] = entries;
  if (best?.version !== undefined) return { version: best.version, assumed: best.version, at: best.at };
  const near = best ? entries.filter(entry => entry.range !== undefined && entry.version === undefined && shared(entry.at.path, path) === shared(best.at.path, path)) : [];
  const ranges = [...new Set([...near.map(entry => entry.range!), ...(implied === undefined ? [] : [implied])])];
  const releases = RELEASES[name];
  const range = newestIn(ranges.join(','), releases) === undefined ? ranges[0] ?? '*' : ranges.join(',');
  const [assumed, oldest] = [newestIn(range, releases) ?? releases[0]!, oldestIn(range, releases)];
  const [written] = near;
  return { assumed, ...(oldest !== undefined && { oldest }), ...(written && { range: written.range!, at: written.at }) };
}

/** A lock file says what is installed, a pin what is asked for, a range what may come. */
const certainty = ({ version, at }: InstalledVersion): number => (version === undefined ? 0 : /\.lock$/i.test(at.path) ? 2 : 1);

/** `5.6` in the configuration stands for the newest release of that line. */
function declaredVersion(declared: string, releases: readonly string[]): VersionFact {
  const version = releases.includes(declared) ? declared : newestIn(`${declared}.*`, releases) ?? declared;
  return { version, assumed: version };
}
