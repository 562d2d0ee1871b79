/** What stands where a value does: nothing, a word that nobody can guess, a path, or one of these words. */
export type Takes = 'nothing' | 'anything' | 'file' | readonly string[];

/** A command as a shell completes it. */
export interface Offered {
  readonly name: string;
  readonly about: string;
  /** Its arguments that are no options. */
  readonly takes: Takes;
  /** `isOptional`: the value is written with `=` or not at all. */
  readonly options: readonly { readonly names: readonly string[]; readonly about: string; readonly takes: Takes; readonly isOptional: boolean }[];
}

const isWords = (takes: Takes): takes is readonly string[] => typeof takes !== 'string';
/** Without a command's name `check` runs. */
const DEFAULT = 'check';
const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;

/** For bash from 3.2 on. Where it knows no word, paths are completed. */
export function bash(root: Offered, commands: readonly Offered[]): string {
  const long = [...new Set(commands.flatMap(({ takes, options }) => [takes, ...options.map(option => option.takes)]).filter(isWords).filter(list => list.length > 20).map(list => list.join(' ')))];
  const words = (list: readonly string[]): string => {
    const text = list.join(' ');
    return `COMPREPLY=($(compgen -W ${long.includes(text) ? `"$list${long.indexOf(text)}"` : quoted(text)} -- "$cur")); return`;
  };
  const perCommand = commands.map(command => {
    const values = command.options.flatMap(({ names, takes, isOptional }) => (takes === 'nothing' || isOptional ? [] : [`      ${names.join('|')}) ${isWords(takes) ? words(takes) : 'return'} ;;`]));
    const assigned = command.options.flatMap(({ names, takes, isOptional }) => (isOptional && isWords(takes) ? [`      ${names.join('|')}) ${words(takes)} ;;`] : []));
    return [
      `    ${command.name})`,
      ...(values.length > 0 ? ['      case $prev in', ...values.map(line => `  ${line}`), '      esac'] : []),
      ...(assigned.length > 0 ? ['      case $assigned in', ...assigned.map(line => `  ${line}`), '      esac'] : []),
      `      if [[ $cur == -* ]]; then ${words(command.options.flatMap(({ names }) => names))}; fi`,
      ...(isWords(command.takes) ? [`      ${words(command.takes)}`] : []),
      '      ;;',
    ].join('\n');
  });
  const names = commands.map(({ name }) => name);
  return `# Completion of drainlint in bash: eval "$(drainlint completion bash)"
_drainlint() {
  local cur=\${COMP_WORDS[COMP_CWORD]} prev=\${COMP_WORDS[COMP_CWORD-1]} assigned= command= i
${long.map((text, i) => `  local list${i}=${quoted(text)}\n`).join('')}  if [[ $cur == = ]]; then assigned=$prev cur=
  elif [[ $prev == = ]]; then assigned=\${COMP_WORDS[COMP_CWORD-2]}; fi
  if [[ -n $assigned ]]; then prev=$assigned; fi
  for ((i = 1; i < COMP_CWORD; i++)); do
    case \${COMP_WORDS[i]} in ${names.join('|')}) command=\${COMP_WORDS[i]}; break ;; esac
  done
  if [[ $COMP_CWORD -eq 1 ]]; then
    if [[ $cur != -* ]]; then COMPREPLY=($(compgen -W ${quoted(names.join(' '))} -- "$cur")); return; fi
    COMPREPLY=($(compgen -W ${quoted([...new Set([...root.options, ...optionsOf(commands, DEFAULT)].flatMap(({ names: all }) => all))].join(' '))} -- "$cur")); return
  fi
  case \${command:-${DEFAULT}} in
${perCommand.join('\n')}
  esac
}
complete -o bashdefault -o default -F _drainlint drainlint
`;
}

const optionsOf = (commands: readonly Offered[], name: string): Offered['options'] => commands.find(command => command.name === name)?.options ?? [];

/** For zsh: a file _drainlint in a folder of $fpath, or sourced after compinit. */
export function zsh(root: Offered, commands: readonly Offered[]): string {
  const text = (about: string): string => about.replace(/[\\[\]:]/g, '\\$&');
  const action = (takes: Takes): string => (isWords(takes) ? `(${takes.join(' ')})` : takes === 'file' ? '_files' : ' ');
  const option = ({ names, about, takes, isOptional }: Offered['options'][number]): readonly string[] => names.map(name => {
    const value = takes === 'nothing' ? '' : `${isOptional ? '::' : ':'}value:${action(takes)}`;
    return quoted(`*${name}${takes === 'nothing' ? '' : isOptional ? '=-' : '='}[${text(about)}]${value}`);
  });
  const body = (command: Offered): string => [
    '_arguments -s', ...command.options.flatMap(option), ...(command.takes === 'nothing' ? [] : [quoted(`*:${command.name === DEFAULT ? 'path' : 'argument'}:${action(command.takes)}`)]),
  ].join(' \\\n        ');
  return `#compdef drainlint
# Completion of drainlint in zsh: drainlint completion zsh > ~/.zfunc/_drainlint, with ~/.zfunc in $fpath before compinit
_drainlint() {
  local -a commands
  commands=(
${commands.map(({ name, about }) => `    ${quoted(`${name}:${text(about)}`)}`).join('\n')}
  )
  if (( CURRENT == 2 )) && [[ $words[2] != -* ]]; then
    _describe -t commands command commands
    _files
    return
  fi
  case $words[2] in
${commands.filter(({ name }) => name !== DEFAULT).map(command => `    ${command.name})\n      shift words; (( CURRENT-- ))\n      ${body(command)}\n      ;;`).join('\n')}
    *)
      if [[ $words[2] == ${DEFAULT} ]]; then shift words; (( CURRENT-- )); fi
      ${body({ ...commands.find(({ name }) => name === DEFAULT)!, options: unique([...optionsOf(commands, DEFAULT), ...root.options]) })}
      ;;
  esac
}
if [[ $funcstack[1] == _drainlint ]]; then _drainlint "$@"; else compdef _drainlint drainlint; fi
`;
}

const unique = (options: Offered['options']): Offered['options'] => [...new Map(options.map(option => [option.names[0], option])).values()];

/** For fish: a file in ~/.config/fish/completions. */
export function fish(root: Offered, commands: readonly Offered[]): string {
  const others = commands.map(({ name }) => name).filter(name => name !== DEFAULT);
  const inside = (name: string): string => (name === DEFAULT ? `not __fish_seen_subcommand_from ${others.join(' ')}` : `__fish_seen_subcommand_from ${name}`);
  const line = (condition: string, ...rest: readonly string[]): string => `complete -c drainlint -n ${quoted(condition)} ${rest.join(' ')}`;
  const option = (condition: string) => ({ names, about, takes, isOptional }: Offered['options'][number]): string => line(condition, ...names.map(name => (name.startsWith('--') ? `-l ${name.slice(2)}` : `-s ${name.slice(1)}`)),
    ...(takes === 'nothing' ? [] : isWords(takes) ? [`${isOptional ? '-f' : '-x'} -a ${quoted(takes.join(' '))}`] : takes === 'file' ? ['-r -F'] : isOptional ? [] : ['-x']), `-d ${quoted(about)}`);
  return [
    '# Completion of drainlint in fish: drainlint completion fish > ~/.config/fish/completions/drainlint.fish',
    ...commands.map(({ name, about }) => line('__fish_use_subcommand', `-a ${name}`, `-d ${quoted(about)}`)),
    ...root.options.map(option('__fish_use_subcommand')),
    ...commands.flatMap(({ name, takes, options }) => [
      ...(isWords(takes) ? [line(inside(name), '-f', `-a ${quoted(takes.join(' '))}`)] : takes === 'nothing' ? [line(inside(name), '-f')] : []),
      ...options.map(option(inside(name))),
    ]),
  ].join('\n') + '\n';
}
