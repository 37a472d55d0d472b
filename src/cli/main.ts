/** The `tracer` command: commander's tree, one file a command. Exit codes: CONTRACT 7. */
import { Command, CommanderError } from 'commander';
import { TracerError } from '../base/errors.ts';
import { tracerVersion } from '../base/version.ts';
import { daemonCommand } from './daemon-command.ts';
import { diffCommand } from './diff-command.ts';
import { doctorCommand } from './doctor-command.ts';
import { explainCommand } from './explain-command.ts';
import { exportCommand } from './export-command.ts';
import { followCommand } from './follow-command.ts';
import { importCommand } from './import-command.ts';
import { lsCommand, topologyCommand } from './inventory-commands.ts';
import { labCommand } from './lab-command.ts';
import { recordCommand } from './record-command.ts';
import { replayCommand } from './replay-command.ts';
import { schemaCommand } from './schema-command.ts';

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

for (const command of [
  followCommand(),
  importCommand(),
  recordCommand(),
  replayCommand(),
  exportCommand(),
  explainCommand(),
  diffCommand(),
  labCommand(),
  lsCommand(),
  topologyCommand(),
  daemonCommand(),
  doctorCommand(),
  schemaCommand(),
])
  program.addCommand(command);
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
