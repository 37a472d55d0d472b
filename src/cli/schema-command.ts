import { Argument, Command } from 'commander';
import { flowSchema, journeySchema } from '../model/schema.generated.ts';

export function schemaCommand(): Command {
  return new Command('schema')
    .summary('the JSON Schema of what is printed with -o json')
    .addArgument(new Argument('[WHAT]', 'journey or flow').choices(['journey', 'flow']).default('journey'))
    .action((what: string) => {
      process.stdout.write(`${JSON.stringify(what === 'flow' ? flowSchema : journeySchema, undefined, 2)}\n`);
    });
}
