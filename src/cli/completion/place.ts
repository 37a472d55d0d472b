/** Words of a command line → what may stand in place of the last of them. Pure: commander's tree knows all but the live names. */
import type { Argument, Command, Option } from 'commander';

/** What only a look at clusters can tell. */
export type Live = 'name' | 'context' | 'namespace' | 'scenario' | 'pod';

export interface Place {
  /** As far as it is written. */
  readonly prefix: string;
  readonly fixed: readonly string[];
  readonly live?: Live;
  /** Of options before it, such as `--context`. */
  readonly given: Readonly<Record<string, string>>;
}

const liveValues: Readonly<Record<string, Live>> = { '--context': 'context', '--namespace': 'namespace' };
const liveArguments: Readonly<Record<string, Live>> = {
  SRC: 'name',
  DST: 'name',
  SCENARIO: 'scenario',
  PLACE: 'pod',
};

/** `words`: behind `tracer`, the last one as far as it is written. Undefined: it is not ours to say, as behind `--`. */
export function placeIn(program: Command, words: readonly string[]): Place | undefined {
  const before = words.slice(0, -1);
  const prefix = words.at(-1) ?? '';
  const given: Record<string, string> = {};
  let command = program;
  let position = 0;
  let open: Option | undefined;
  for (const word of before) {
    if (word === '--') return undefined;
    if (open !== undefined) {
      given[open.long ?? ''] = word;
      open = undefined;
    } else if (word.startsWith('-') && word !== '-') open = valueWanted(command, word, given);
    else {
      const child = command.commands.find(each => each.name() === word);
      if (child !== undefined && position === 0) command = child;
      else position++;
    }
  }
  if (open !== undefined) return { prefix, given, ...valuesOf(open) };
  if (prefix.startsWith('-')) return { prefix, given, fixed: optionsOf(command) };
  const children = shown(command);
  if (children.length > 0 && position === 0) return { prefix, given, fixed: children };
  return { prefix, given, ...argumentsOf(command, position) };
}

const shown = (command: Command): string[] =>
  command
    .createHelp()
    .visibleCommands(command)
    .map(each => each.name());

const optionsOf = (command: Command): string[] =>
  command
    .createHelp()
    .visibleOptions(command)
    .flatMap(({ long }) => long ?? []);

function valueWanted(command: Command, word: string, given: Record<string, string>): Option | undefined {
  const [name, value] = word.split('=', 2);
  const option = command.options.find(each => each.long === name || each.short === name);
  if (option === undefined || !option.required) return undefined;
  if (value === undefined) return option;
  given[option.long ?? ''] = value;
  return undefined;
}

function valuesOf(option: Option): Pick<Place, 'fixed' | 'live'> {
  const live = liveValues[option.long ?? ''];
  return { fixed: option.argChoices ?? [], ...(live === undefined ? {} : { live }) };
}

function argumentsOf(command: Command, position: number): Pick<Place, 'fixed' | 'live'> {
  const known: readonly Argument[] = command.registeredArguments;
  const argument = known[position];
  if (argument === undefined) return { fixed: [] };
  const live = liveArguments[argument.name().toUpperCase()];
  return { fixed: argument.argChoices ?? [], ...(live === undefined ? {} : { live }) };
}
