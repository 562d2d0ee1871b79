const CODES = { red: '31;1', yellow: '33;1', cyan: '36;1', blue: '34;1', bold: '1', dim: '2' } as const;
export type Paint = (style: keyof typeof CODES, text: string) => string;

/** Colours a text for a terminal, or leaves it as it is. */
export function painter(color: boolean): Paint {
  return (style, text) => (color && text !== '' ? `\u001b[${CODES[style]}m${text}\u001b[0m` : text);
}

/** The colour of a severity. */
export const SEVERITY_STYLE = { error: 'red', warning: 'yellow', note: 'cyan' } as const;
