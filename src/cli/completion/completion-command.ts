/** `tracer completion SHELL` prints what the shell reads at its start; `tracer complete` is what it then asks. */
import { Argument, Command } from 'commander';
import { durationMs } from '../arguments.ts';
import { liveNames } from './live-names.ts';
import { placeIn } from './place.ts';
import { type Shell, scripts, shells } from './scripts.ts';

/** So long somebody waits at a prompt. */
const PATIENCE_MS = 2000;

export function completionCommand(): Command {
  return new Command('completion')
    .summary('names at the press of a key: source <(tracer completion bash)')
    .addArgument(new Argument('<SHELL>', 'whose').choices(shells))
    .action((shell: Shell) => void process.stdout.write(scripts[shell]));
}

/** Hidden. Says nothing where it knows nothing: a prompt is no place for errors. */
export function completeCommand(): Command {
  return new Command('complete')
    .argument('[WORDS...]', 'behind tracer, the last one as far as it is written')
    .option('--patience <TIME>', 'how long a cluster may take to answer', durationMs, PATIENCE_MS)
    .action(
      async (words: readonly string[], { patience }: { readonly patience: number }, command: Command) => {
        const found = await completions(command.parent!, words, patience).catch(() => []);
        process.stdout.write(found.map(each => `${each}\n`).join(''), () => process.exit(0));
      },
    );
}

/** `patienceMs`: for an API server. */
export async function completions(
  program: Command,
  words: readonly string[],
  patienceMs: number,
): Promise<string[]> {
  const place = placeIn(program, words);
  if (place === undefined) return [];
  const live = place.live === undefined ? [] : await liveNames(place.live, place, patienceMs);
  const all = new Set([...place.fixed, ...live].filter(each => each.startsWith(place.prefix)));
  return [...all].sort();
}
