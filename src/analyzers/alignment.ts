import type { DataEntry, MapNode } from '../parsers/nodes.js';

/** An entry below which a new one goes. `key`: its name, with the spaces in front of its `=`; `isApart`: an empty line stands between. */
interface Place { readonly behind: DataEntry; readonly key: string; readonly isApart: boolean }

/**
 * Where a new line of HCL leaves `terraform fmt` nothing to do, which aligns the `=` of neighbours that take one line each: among those whose names are as
 * long as `key`; else below one that takes several lines; else below all its neighbours, with an empty line. None where they are not aligned to begin with.
 */
export function placeInLine(map: MapNode, anchor: DataEntry, key: string, text: string): Place | undefined {
  const own = map.entries.filter(entry => isAttribute(entry, text) && columnOf(entry.keyStart, text) === columnOf(anchor.keyStart, text));
  const runs = runsOf(own, text);
  const run = runs.find(one => one.includes(anchor));
  if (!run || runs.some(one => one.some(entry => widthOf(entry, text) !== widthOf(one[0]!, text)))) return undefined;
  if (run.length === 1 && anchor.keyEnd - anchor.keyStart === key.length) return undefined;
  const roomy = [run, ...runs].find(one => widthOf(one[0]!, text) >= key.length && one.some(entry => endsLine(entry, text)));
  if (roomy) return { behind: roomy.find(entry => entry === anchor && endsLine(entry, text)) ?? roomy.find(entry => endsLine(entry, text))!, key: key.padEnd(widthOf(roomy[0]!, text) + 1), isApart: false };
  const long = own.find(entry => !isShort(entry, text) && endsLine(entry, text) && !runs.some(([first]) => isNext(entry, first!, text)));
  if (long) return { behind: long, key: `${key} `, isApart: false };
  const last = run.at(-1)!;
  return endsLine(last, text) && !/^[^\n]*\n[ \t]*[#/]/.test(text.slice(last.value.end, last.value.end + 400)) ? { behind: last, key: `${key} `, isApart: true } : undefined;
}

/** Neighbours that take a line each. */
function runsOf(own: readonly DataEntry[], text: string): readonly (readonly DataEntry[])[] {
  const runs: DataEntry[][] = [];
  for (const entry of own.filter(entry => isShort(entry, text))) {
    const before = runs.at(-1);
    if (before && isNext(before.at(-1)!, entry, text)) before.push(entry); else runs.push([entry]);
  }
  return runs;
}

const isAttribute = (entry: DataEntry, text: string): boolean => /^[ \t]*=[ \t]*$/.test(text.slice(entry.keyEnd, entry.value.start));
const isShort = (entry: DataEntry, text: string): boolean => !text.slice(entry.keyStart, entry.value.end).includes('\n');
const endsLine = (entry: DataEntry, text: string): boolean => /^[ \t]*(?:,[ \t]*)?\r?\n/.test(text.slice(entry.value.end, entry.value.end + 200));
/** On the next line. */
const isNext = (entry: DataEntry, next: DataEntry, text: string): boolean => /^[^\n]*\n[ \t]*$/.test(text.slice(entry.value.end, next.keyStart));
/** Characters from the beginning of the name to the space in front of the `=`. */
const widthOf = (entry: DataEntry, text: string): number => text.indexOf('=', entry.keyEnd) - entry.keyStart - 1;
const columnOf = (offset: number, text: string): number => offset - (text.lastIndexOf('\n', offset - 1) + 1);
