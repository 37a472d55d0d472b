/** Stop-gap until the command line exists: main.ts up|down|status|exec PLACE -- CMD, each with --name and --cni. */
import { parseArgs } from 'node:util';
import { TracerError } from '../base/errors.ts';
import type { Cni } from './dataplane/plan.ts';
import { labDown } from './down.ts';
import { labExec, labShell, labStatus } from './status.ts';
import { labUp } from './up.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { name: { type: 'string', default: 'default' }, cni: { type: 'string', default: 'flannel' } },
});
const [command, place = '', ...argv] = positionals;
const { name } = values;
const start = performance.now();
try {
  if (command === 'up') {
    const { already } = await labUp({
      name,
      cni: values.cni as Cni,
      onProgress: step => console.error(step),
    });
    console.error(already ? 'is up' : `up in ${Math.round(performance.now() - start)} ms`);
  } else if (command === 'down') {
    console.error(
      (await labDown({ name })) ? `down in ${Math.round(performance.now() - start)} ms` : 'nothing to do',
    );
  } else if (command === 'status') console.log(JSON.stringify(labStatus(name), undefined, 1));
  else if (command === 'exec') process.exitCode = await labExec(name, place, argv);
  else if (command === 'shell') process.exitCode = await labShell(name, place);
  else console.error('up|down|status|exec PLACE -- CMD|shell PLACE');
} catch (error) {
  if (!(error instanceof TracerError)) throw error;
  console.error(`${error.message}\n${error.hint}`);
  process.exitCode = error.exitCode;
}
