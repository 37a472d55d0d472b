/** The `tracer` command: commander's tree, one file a command. Exit codes: CONTRACT 7. */
import { Command, CommanderError } from 'commander';
import { TracerError } from '../base/errors.ts';
import { tracerVersion } from '../base/version.ts';

const program = new Command('tracer')
  .description('Shows what really happens to a packet inside a Kubernetes node, hop by hop.')
  .version(tracerVersion, '-V, --version')
  .showHelpAfterError('  hint: tracer COMMAND --help says more')
  .configureOutput({ outputError: (text, write) => write(ourShape(text)) })
  .configureHelp({ showGlobalOptions: true })
  .addHelpText(
    'after',
    `
Examples:
  tracer lab up                                        a practice cluster on this machine
  tracer follow pod-a nginx-service --in -- curl -s nginx-service
  tracer lab run cross-node                            a scenario, told and shown
  tracer ls pods

Exit codes: 0 fine · 1 error · 2 usage · 3 nothing matched · 4 a flow failed · 5 events were lost`,
  )
  .exitOverride();

/** In the order of the help. */
const commands: Readonly<Record<string, () => Promise<Command>>> = {
  follow: async () => (await import('./follow-command.ts')).followCommand(),
  import: async () => (await import('./import-command.ts')).importCommand(),
  record: async () => (await import('./record-command.ts')).recordCommand(),
  replay: async () => (await import('./replay-command.ts')).replayCommand(),
  export: async () => (await import('./export-command.ts')).exportCommand(),
  explain: async () => (await import('./explain-command.ts')).explainCommand(),
  diff: async () => (await import('./diff-command.ts')).diffCommand(),
  lab: async () => (await import('./lab-command.ts')).labCommand(),
  ls: async () => (await import('./inventory-commands.ts')).lsCommand(),
  topology: async () => (await import('./inventory-commands.ts')).topologyCommand(),
  daemon: async () => (await import('./daemon-command.ts')).daemonCommand(),
  doctor: async () => (await import('./doctor-command.ts')).doctorCommand(),
  schema: async () => (await import('./schema-command.ts')).schemaCommand(),
  completion: async () => (await import('./completion/completion-command.ts')).completionCommand(),
};

// To load all takes longer than most commands do: that is only for the help, to complete what is typed, and for a word that is no command.
const called = process.argv.slice(2).find(word => !word.startsWith('-')) ?? '';
for (const load of Object.hasOwn(commands, called) ? [commands[called]!] : Object.values(commands))
  program.addCommand(await load());
if (called === 'complete') {
  const { completeCommand } = await import('./completion/completion-command.ts');
  program.addCommand(completeCommand(), { hidden: true });
}
inherit(program);

/** Commands that are made apart from their parent do not have its settings. */
function inherit(parent: Command): void {
  for (const command of parent.commands) {
    command.copyInheritedSettings(parent);
    inherit(command);
  }
}

/** Commander's words in the shape of every other message: one line, then the hint. */
function ourShape(text: string): string {
  return `tracer: ${text.trim().replaceAll('\n', ' ')}\n`;
}

// A reader that goes away (`| head`) is no error of a command that only prints; `follow` ends itself.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
});

try {
  await program.parseAsync(process.argv);
} catch (error) {
  process.exitCode = report(error);
}

function report(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2; // commander has printed it
  if (error instanceof TracerError) {
    process.stderr.write(`tracer: error: ${error.message}\n  hint: ${error.hint}\n`);
    return error.exitCode;
  }
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  process.stderr.write(
    `tracer: error: ${text}\n  hint: this is a bug in tracer; please report it with the text above\n`,
  );
  return 1;
}
