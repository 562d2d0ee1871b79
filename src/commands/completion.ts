import { reporters } from '../reporters/index.js';
import { bash, fish, zsh, type Offered, type Takes } from '../reporters/completions.js';
import { loadRules } from './judging.js';

/** What is asked of commander's own description of the command line. */
export interface CommandLine {
  name(): string;
  description(): string;
  readonly registeredArguments: readonly CommandArgument[];
  createHelp(): { visibleCommands(command: CommandLine): readonly CommandLine[]; visibleOptions(command: CommandLine): readonly CommandOption[] };
}
interface CommandOption { readonly long?: string | undefined; readonly short?: string | undefined; readonly flags: string; readonly description: string; readonly argChoices?: readonly string[] | undefined; readonly required: boolean; readonly optional: boolean }
interface CommandArgument { name(): string; readonly argChoices?: readonly string[] | undefined }

const SCRIPTS = { bash, zsh, fish };

/** `drainlint completion SHELL`: prints a script that completes the command line as it is defined. */
export async function completion(root: CommandLine, shell: keyof typeof SCRIPTS): Promise<number> {
  const words: Words = { rules: (await loadRules()).map(({ id }) => id).sort(), formats: Object.keys(reporters) };
  const commands = root.createHelp().visibleCommands(root).map(command => offered(command, words));
  process.stdout.write(SCRIPTS[shell]({ ...offered(root, words), takes: commands.map(({ name }) => name) }, commands.map(command => (command.name === 'help' ? { ...command, takes: commands.map(({ name }) => name) } : command))));
  return 0;
}

interface Words { readonly rules: readonly string[]; readonly formats: readonly string[] }

function offered(command: CommandLine, words: Words): Offered {
  const help = command.createHelp();
  const [argument] = command.registeredArguments;
  return {
    name: command.name(), about: command.description(),
    takes: argument ? argument.argChoices ?? named(argument.name(), words) : 'nothing',
    options: help.visibleOptions(command).map(option => ({
      names: [option.long, option.short].filter(name => name !== undefined), about: option.description, isOptional: option.optional && !option.required,
      takes: option.required || option.optional ? option.argChoices ?? named(/[<[]([^\]>]*)/.exec(option.flags)?.[1] ?? '', words) : 'nothing',
    })),
  };
}

/** What a value's name in the help says it is. */
function named(name: string, { rules, formats }: Words): Takes {
  if (name === 'rule') return rules;
  if (name.startsWith('format')) return formats;
  return name === 'file' || name.startsWith('path') ? 'file' : 'anything';
}
