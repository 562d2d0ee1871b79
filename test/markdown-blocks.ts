/** A fenced block of a Markdown page, with the heading and the line of text that it stands under. */
export interface Block { readonly language: string; readonly text: string; readonly heading: string; readonly lead: string }

export function blocksOf(page: string): readonly Block[] {
  const blocks: Block[] = [];
  const lines = page.split('\n');
  let heading = '', lead = '';
  for (let i = 0; i < lines.length; i++) {
    const [, fence, language] = /^(`{3,})(\w*)$/.exec(lines[i]!) ?? [];
    if (fence === undefined) {
      if (lines[i]!.startsWith('#')) heading = lines[i]!.replace(/^#+ /, '');
      if (lines[i] !== '') lead = lines[i]!;
      continue;
    }
    const end = lines.indexOf(fence, i + 1);
    blocks.push({ language: language!, text: lines.slice(i + 1, end).join('\n'), heading, lead });
    i = end;
  }
  return blocks;
}
