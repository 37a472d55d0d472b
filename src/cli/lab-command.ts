import { Command, Option } from 'commander';
import { TracerError } from '../base/errors.ts';
import type { Cni } from '../lab/dataplane/plan.ts';
import { labDown } from '../lab/down.ts';
import {
  findScenario,
  runScenarioTraffic,
  scenarioFollow,
  scenarios,
  withScenario,
} from '../lab/scenarios/run.ts';
import { type Scenario, scenarioStory } from '../lab/scenarios/scenario.ts';
import { readLabState } from '../lab/state.ts';
import { labShell, labStatus, listLabs } from '../lab/status.ts';
import { labUp } from '../lab/up.ts';
import { follow } from './follow.ts';
import { colorOption, outputOption } from './render/options.ts';
import type { OutputFormat } from './render/renderer.ts';
import type { ColorMode } from './render/style.ts';
import { styleFor, wrap } from './render/style.ts';

interface Named {
  readonly name: string;
}

const say = (text: string): void => void process.stderr.write(`${text}\n`);

export function labCommand(): Command {
  return new Command('lab')
    .summary('a practice cluster made of network namespaces')
    .description(
      'A Kubernetes dataplane of two nodes on this machine, without images or a cluster. Nothing of it is in the machine’s own network.',
    )
    .addCommand(upCommand())
    .addCommand(downCommand())
    .addCommand(statusCommand())
    .addCommand(runCommand())
    .addCommand(shellCommand());
}

function nameOption(): Option {
  return new Option('--name <NAME>', 'which lab; several can be up at once').default('default');
}

function upCommand(): Command {
  return new Command('up')
    .summary('start it')
    .addOption(nameOption())
    .addOption(
      new Option(
        '--cni <CNI>',
        'how pods are wired: flannel (bridge, VXLAN) or kindnet (routes only)',
      ).choices(['flannel', 'kindnet']),
    )
    .action(async ({ name, cni }: Named & { readonly cni?: Cni }) => {
      const abort = new AbortController();
      const onSignal = (): void => abort.abort();
      process.once('SIGINT', onSignal);
      const started = performance.now();
      const { state, already } = await labUp({
        name,
        onProgress: step => say(`lab: ${step}`),
        signal: abort.signal,
        ...(cni === undefined ? {} : { cni }),
      });
      process.off('SIGINT', onSignal);
      say(
        already
          ? `lab: "${name}" (${state.cni}) was up already`
          : `lab: "${name}" (${state.cni}) is up after ${((performance.now() - started) / 1000).toFixed(1)} s`,
      );
      const context = listLabs().length > 1 ? ` --context lab:${name}` : '';
      if (!already)
        say(`lab: try  tracer follow pod-a nginx-service${context} --in -- curl -s nginx-service`);
    });
}

function downCommand(): Command {
  return new Command('down')
    .summary('remove every trace of it')
    .addOption(nameOption())
    .action(async ({ name }: Named) => {
      say((await labDown({ name })) ? `lab: "${name}" is gone` : `lab: there was no "${name}"`);
    });
}

function statusCommand(): Command {
  return new Command('status')
    .summary('what is up')
    .addOption(nameOption().default(undefined))
    .addOption(new Option('-o, --output <FORMAT>', 'format').choices(['text', 'json']).default('text'))
    .action(({ name, output }: { readonly name?: string; readonly output: string }) => {
      const labs = name === undefined ? listLabs() : [labStatus(name)];
      if (output === 'json') for (const lab of labs) process.stdout.write(`${JSON.stringify(lab)}\n`);
      else if (labs.length === 0) process.stdout.write('no lab is up\n');
      else
        for (const lab of labs)
          process.stdout.write(`${lab.name}: ${lab.kind}${lab.why === undefined ? '' : `, ${lab.why}`}\n`);
    });
}

function shellCommand(): Command {
  return new Command('shell')
    .summary('a shell inside a pod, node, the host or outside')
    .argument('<PLACE>', 'pod-a, default/nginx-1, node-1, host, outside')
    .addOption(nameOption())
    .action(async (place: string, { name }: Named) => {
      process.exitCode = await labShell(name, place);
    });
}

interface RunOptions extends Named {
  readonly quiet?: true;
  readonly output: OutputFormat;
  readonly color: ColorMode;
}

function runCommand(): Command {
  const width = Math.max(...scenarios.map(scenario => scenario.name.length));
  const list = scenarios.map(scenario => `  ${scenario.name.padEnd(width)}  ${scenario.title}`).join('\n');
  return new Command('run')
    .summary('send the traffic of a scenario, follow it, and say what it shows')
    .argument('<SCENARIO>', 'one of the list below')
    .addOption(nameOption())
    .option('--quiet', 'only send the traffic')
    .addOption(outputOption())
    .addOption(colorOption())
    .addHelpText('after', `\nScenarios:\n${list}`)
    .action(async (name: string, options: RunOptions) => {
      process.exitCode = await runScenario(findScenario(name), options);
    });
}

/** 0 if the traffic did what the scenario says, whatever the packets met: a drop is what some of them show. */
async function runScenario(scenario: Scenario, options: RunOptions): Promise<number> {
  const state = readLabState(options.name);
  if (state === undefined)
    throw new TracerError('LAB_NOT_UP', `there is no lab "${options.name}"`, {
      hint: `tracer lab up --name ${options.name} starts it`,
    });
  if (options.quiet === true) {
    const result = await runScenarioTraffic(options.name, scenario);
    process.stdout.write(result.output);
    return result.asExpected ? 0 : 1;
  }
  const story = scenarioStory(scenario, state.cni);
  const style = styleFor(options.color, process.stderr.isTTY === true);
  const tell = (text: string): void => {
    for (const line of wrap(text, Math.min(process.stderr.columns ?? 80, 100))) say(line);
  };
  say(style.bold(scenario.title));
  tell(story.before.join(' '));
  const { src, dst } = scenarioFollow(options.name, scenario);
  const { child } = await withScenario(options.name, scenario, argv =>
    follow(src, dst, {
      output: options.output,
      color: options.color,
      inside: false,
      hooks: true,
      command: argv,
      cluster: `lab:${options.name}`,
    }),
  );
  say('');
  tell(story.after.join(' '));
  if (child?.code === scenario.expect.exitCode) return 0;
  throw new TracerError(
    'LAB_FAILED',
    `the traffic of ${scenario.name} ended with ${child?.code}, expected ${scenario.expect.exitCode}`,
  );
}
