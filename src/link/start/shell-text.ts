import type { Expr, ShellCommand, SourceLocation } from '../../model/index.js';

/**
 * A program text that joins of files made (`entryPoint: ["sh", "-c"]` with the text as command, GNU parallel's arguments): words,
 * quotes, variables and the operators between simple commands. undefined for anything more.
 */
export function programOfText(text: string, at: SourceLocation): readonly ShellCommand[] | undefined {
  const tokens = tokensOf(text, at);
  if (!tokens) return undefined;
  const commands: ShellCommand[] = [];
  for (const { tokens: part, end } of splitAt(tokens, [';', '&', '\n'])) {
    const command = chainOf(part, end === '&', at);
    if (command === 'unreadable') return undefined;
    if (command) commands.push(command);
  }
  return commands;
}

type Token = { readonly operator: string } | { readonly word: Expr; readonly text: string };
const KEYWORDS: ReadonlySet<string> = new Set(['if', 'then', 'else', 'elif', 'fi', 'for', 'while', 'until', 'do', 'done', 'case', 'esac', 'function', '{', '}', '!', 'trap']);

function splitAt(tokens: readonly Token[], operators: readonly string[]): readonly { readonly tokens: readonly Token[]; readonly end?: string }[] {
  const parts: { tokens: Token[]; end?: string }[] = [{ tokens: [] }];
  for (const token of tokens) {
    if ('operator' in token && operators.includes(token.operator)) { parts.at(-1)!.end = token.operator; parts.push({ tokens: [] }); } else parts.at(-1)!.tokens.push(token);
  }
  return parts;
}

function chainOf(tokens: readonly Token[], background: boolean, at: SourceLocation): ShellCommand | undefined | 'unreadable' {
  if (tokens.length === 0) return undefined;
  const parts = splitAt(tokens, ['&&', '||']);
  const commands = parts.map(part => pipelineOf(part.tokens, parts.length === 1 && background, at));
  if (commands.includes(undefined)) return 'unreadable';
  const flat = commands as readonly (readonly ShellCommand[])[];
  if (flat.length === 1) return flat[0]!.length === 1 ? flat[0]![0] : { do: 'group', body: flat[0]!, subshell: false, background: false, at };
  return { do: 'chain', operator: parts[0]!.end === '||' ? '||' : '&&', parts: flat.flat(), background, at };
}

function pipelineOf(tokens: readonly Token[], background: boolean, at: SourceLocation): readonly ShellCommand[] | undefined {
  const parts = splitAt(tokens, ['|']);
  const commands = parts.map((part, i) => simple(part.tokens, background, parts.length === 1 ? undefined : i === 0 ? 'first' : i === parts.length - 1 ? 'last' : 'middle', at));
  return commands.includes(undefined) ? undefined : (commands as readonly ShellCommand[]);
}

function simple(tokens: readonly Token[], background: boolean, piped: 'first' | 'middle' | 'last' | undefined, at: SourceLocation): ShellCommand | undefined {
  const words = tokens.flatMap(token => ('word' in token ? [token] : []));
  if (words.length === 0 || words.length !== tokens.length || KEYWORDS.has(words[0]!.text)) return undefined;
  const exec = words[0]!.text === 'exec' && words.length > 1;
  const rest = exec ? words.slice(1) : words;
  return { do: 'run', words: rest.map(token => token.word), text: words.map(token => token.text).join(' '), assignments: [], exec, background, ...(piped && { piped }), slots: [], at };
}

/** undefined: something this reader does not know. */
function tokensOf(text: string, at: SourceLocation): readonly Token[] | undefined {
  const tokens: Token[] = [];
  for (let i = 0; i < text.length;) {
    const char = text[i]!;
    if (char === ' ' || char === '\t' || char === '\r') { i++; continue; }
    if ('(){}'.includes(char) && char !== '{') return undefined;
    const operator = ['&&', '||', ';', '&', '|', '\n'].find(candidate => text.startsWith(candidate, i));
    if (operator) { tokens.push({ operator }); i += operator.length; continue; }
    const redirection = /^(\d*>{1,2}&?|\d*<|&>)\s*[^\s;&|]+/.exec(text.slice(i, i + 400));
    if (redirection) { i += redirection[0].length; continue; }
    const word = wordAt(text, i, at);
    if (!word) return undefined;
    tokens.push({ word: word.expr, text: text.slice(i, word.end) });
    i = word.end;
  }
  return tokens;
}

function wordAt(text: string, start: number, at: SourceLocation): { readonly expr: Expr; readonly end: number } | undefined {
  const parts: Expr[] = [];
  let plain = '', quote = '', i = start;
  const flush = (): void => { if (plain !== '') parts.push({ is: 'literal', value: plain, at }); plain = ''; };
  for (; i < text.length; i++) {
    const char = text[i]!;
    if (quote === '' && /[\s;&|<>()]/.test(char)) break;
    if (char === '`' && quote !== "'") return undefined;
    if (char === quote) { quote = ''; continue; }
    if (quote === '' && (char === '"' || char === "'")) { quote = char; continue; }
    if (char === '\\' && quote !== "'") { plain += text[++i] ?? ''; continue; }
    if (char !== '$' || quote === "'") { plain += char; continue; }
    const variable = /^\$(?:(\w+|[@*#?])|\{(\w+|[@*])(?::?-([^}$]*))?\})/.exec(text.slice(i, i + 400));
    if (!variable) return undefined;
    flush();
    const fallback: Expr | undefined = variable[3] === undefined ? undefined : { is: 'literal', value: variable[3], at };
    parts.push({ is: 'environment', name: (variable[1] ?? variable[2])!, at, ...(fallback && { fallback }) });
    i += variable[0].length - 1;
  }
  if (quote !== '') return undefined;
  flush();
  const expr: Expr = parts.length === 1 ? parts[0]! : parts.length === 0 ? { is: 'literal', value: '', at } : { is: 'operation', operator: 'concat', operands: parts, at };
  return { expr, end: i };
}
