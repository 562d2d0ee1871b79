/** What an XML document holds: elements with their attributes, and the text directly inside. */
export interface Element { readonly name: string; readonly attributes: Readonly<Record<string, string>>; readonly children: Element[]; text: string }

const NAME = '[A-Za-z_][\\w.-]*';
const TAG = new RegExp(`^(?:</(${NAME})\\s*>|<(${NAME})((?:\\s+${NAME}="[^"<]*")*)\\s*(/?)>)`);
/** XML 1.0, section 2.2. */
const LEGAL = /^[\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]*$/u;

/** Reads XML of the kind reporters write: no comments, no doctype, no CDATA. Throws where it is not well-formed. */
export function parseXml(document: string): Element {
  if (!LEGAL.test(document)) throw new Error('a character that XML 1.0 forbids');
  const head = /^<\?xml version="1\.0" encoding="UTF-8"\?>\n/.exec(document);
  if (!head) throw new Error('no XML declaration');
  const top: Element = { name: '', attributes: {}, children: [], text: '' };
  const open = [top];
  for (let rest = document.slice(head[0].length); rest !== '';) {
    const text = /^[^<]*/.exec(rest)![0];
    open.at(-1)!.text += unescape(text);
    rest = rest.slice(text.length);
    if (rest === '') break;
    const [tag, closed, name, attributes = '', empty] = TAG.exec(rest) ?? [];
    if (tag === undefined) throw new Error(`no tag: ${rest.slice(0, 60)}`);
    if (closed !== undefined) {
      if (open.pop()!.name !== closed) throw new Error(`</${closed}> closes nothing`);
    } else {
      const element: Element = { name: name!, attributes: attributesOf(attributes), children: [], text: '' };
      open.at(-1)!.children.push(element);
      if (!empty) open.push(element);
    }
    rest = rest.slice(tag.length);
  }
  if (open.length !== 1 || top.children.length !== 1 || top.text.trim() !== '') throw new Error('not one element that is closed');
  return top.children[0]!;
}

function attributesOf(text: string): Readonly<Record<string, string>> {
  const pairs = [...text.matchAll(/([^\s=]+)="([^"]*)"/g)].map(([, name, value]) => [name!, unescape(value!.replace(/[\t\n\r]/g, ' '))] as const);
  if (new Set(pairs.map(([name]) => name)).size !== pairs.length) throw new Error(`an attribute twice: ${text}`);
  return Object.fromEntries(pairs);
}

function unescape(text: string): string {
  if (text.includes(']]>')) throw new Error('"]]>" in a text');
  return text.replace(/&(?:#(\d+);)?/g, (all, code: string | undefined) => {
    if (code === undefined) throw new Error(`no reference: ${all}`);
    return String.fromCodePoint(Number(code));
  });
}
