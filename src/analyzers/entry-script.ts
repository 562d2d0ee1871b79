import type { Facts } from '../model/index.js';
import { lineComments } from '../parsers/line-comments.js';
import { lineTable } from '../parsers/lines.js';
import { parseShell } from '../parsers/shell.js';
import { baseName, isShell } from '../parsers/shell/invocation.js';

/** Names that start containers, without an ending. */
const START_NAME = /^(?:docker-)?(?:entry-?point|entry|start|run|launch|boot|init|worker|celery|beat|flower|cmd|command)(?:[-_][\w-]*)?$/i;
const SHELL_ENDING = /\.(?:sh|bash|ash|ksh|zsh)$/i;
/** Commands and syntax that a text without shebang must hold at the start of a line to count as a shell's. */
const SHELL_LINE = /^[ \t]*(?:exec|set -|export|if \[|source|\. \/|trap|echo|cd|python|celery|node|npm|gunicorn)\b|^[ \t]*(?:fi|done|esac)[ \t]*$/m;
/** Programs in a shebang that start the interpreter named behind them. */
const WRAPPERS = /^(?:env|with-contenv|dumb-init|tini|catatonit|busybox)$/;

/** A script of a POSIX shell: by its shebang, else by its ending, else by a name that starts containers and a text that looks like one. */
export function recognises(path: string, text: string): boolean {
  const shebang = shebangOf(text);
  const name = baseName(path);
  if (shebang !== undefined) return isShell(interpreterOf(shebang) ?? '');
  if (SHELL_ENDING.test(name)) return true;
  return START_NAME.test(name) && !/\.|rc$/.test(name) && !text.includes('\0') && SHELL_LINE.test(text.slice(0, 20_000));
}

/** The commands of the script, in order. */
export function facts(text: string, path: string): Facts {
  const lines = lineTable(text, path);
  const shebang = shebangOf(text);
  const interpreter = shebang === undefined ? undefined : interpreterOf(shebang);
  // A byte order mark would be part of the first word.
  const { commands, problems } = parseShell(text.replace(/^\uFEFF/, ' '), lines.at);
  return { path, format: 'entry-script', comments: lineComments(lines), problems, script: { ...(interpreter !== undefined && { interpreter }), commands } };
}

function shebangOf(text: string): string | undefined {
  return /^\uFEFF?#![ \t]*([^\r\n]{0,500})/.exec(text.slice(0, 600))?.[1];
}

/** `bash` of `/usr/bin/env -S FOO=1 bash -eu`, `/command/with-contenv bash`, `/usr/bin/dumb-init /bin/sh`. */
function interpreterOf(shebang: string): string | undefined {
  const words = shebang.split(/[ \t]+/).filter(word => word !== '' && !word.startsWith('-') && !/^[A-Za-z_]\w*=/.test(word)).map(baseName);
  return words.find((word, i) => !WRAPPERS.test(word) || i === words.length - 1);
}
