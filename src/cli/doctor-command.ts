/**
 * `tracer doctor`: what this host allows, which mechanism each tap uses, what is missing, what that costs, how to get it. Whatever can
 * be told without rights is told without.
 */
import { existsSync, readFileSync, readlinkSync } from 'node:fs';
import { release } from 'node:os';
import { Command, Option } from 'commander';
import { TracerError } from '../base/errors.ts';
import { Collector, collectorProgram } from '../collect/collector.ts';
import { readMechanisms } from '../collect/mechanisms.ts';
import { listLabs } from '../lab/status.ts';
import type { Chapter, Finding } from './doctor/finding.ts';
import { type HostFiles, kernelFindings } from './doctor/kernel.ts';
import { rightsFinding } from './doctor/rights.ts';
import { indispensable, mechanismFindings, noTaps, tapFindings } from './doctor/taps.ts';
import { toolFindings } from './doctor/tools.ts';
import { clusterFindings } from './doctor-clusters.ts';
import { kubeOptions } from './kube-options.ts';
import { kubeconfigOption } from './render/options.ts';

interface Asked {
  readonly output: string;
  readonly kube?: true;
  readonly kubeconfig?: string;
  readonly context?: string;
}

export function doctorCommand(): Command {
  return new Command('doctor')
    .summary('what this host allows, and what is missing')
    .description(
      'Says what this host allows, what each tap uses, and what is missing. Exit code 0: packets can be followed here by this user (and, with --kube, all of the cluster that runs here is known), 1: not.',
    )
    .addOption(new Option('-o, --output <FORMAT>', 'format').choices(['text', 'json']).default('text'))
    .option('--kube', 'also the Kubernetes cluster: who answers, and which of its nodes and pods are here')
    .addOption(kubeconfigOption())
    .option('--context <CLUSTER>', 'of the kubeconfig; the current one otherwise')
    .action(async ({ output, kube, kubeconfig, context }: Asked) => {
      const chapters = await examine();
      const canFollow = indispensable.every(tap =>
        chapters.some(({ findings }) => findings.some(({ what, state }) => what === tap && state === 'yes')),
      );
      const isAsked = kube === true || kubeconfig !== undefined || context !== undefined;
      const clusters = isAsked
        ? await clusterFindings(kubeOptions({ cluster: context, kubeconfig }), canFollow)
        : [];
      if (isAsked) chapters.push({ title: 'clusters', findings: clusters });
      const findings = chapters.flatMap(chapter => chapter.findings);
      if (output === 'json')
        process.stdout.write(`${JSON.stringify({ kernel: release(), canFollow, findings })}\n`);
      else process.stdout.write(textOf(chapters, canFollow));
      process.exitCode = canFollow && !clusters.some(({ state }) => state === 'no') ? 0 : 1;
    });
}

async function examine(): Promise<Chapter[]> {
  const program = collectorProgram();
  const isBuilt = existsSync(program);
  const found = isBuilt ? await readMechanisms() : undefined;
  const isHidden =
    found?.mechanisms.some(({ name, state }) => name === 'tp_btf' && state === 'unknown') === true;
  const rights = found === undefined ? [] : [rightsFinding(found.capabilities, program)];
  return [
    { title: 'this host', findings: kernelFindings(files) },
    {
      title: 'what the kernel lets tracer do',
      findings: [
        collector(program, isBuilt, found !== undefined),
        ...rights,
        ...mechanismFindings(found?.mechanisms ?? []),
      ],
    },
    {
      title: 'taps',
      findings: isBuilt ? await taps(isHidden) : noTaps('there is no collector', 'npm run setup', 'no'),
    },
    { title: 'tools', findings: [...toolFindings(), lab()] },
  ];
}

function collector(program: string, isBuilt: boolean, answered: boolean): Finding {
  const what = 'collector';
  if (!isBuilt) return { what, state: 'no', detail: `${program} is not built`, hint: 'npm run setup' };
  return answered
    ? { what, state: 'yes', detail: program }
    : { what, state: 'unknown', detail: `${program} does not say what it can do`, hint: 'npm run setup' };
}

const files: HostFiles = {
  release: release(),
  exists: existsSync,
  read: path => orUndefined(() => readFileSync(path, 'utf8')),
  link: path => orUndefined(() => readlinkSync(path)),
};

function orUndefined(read: () => string): string | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}

/** `isHidden`: what this user may not do says nothing of the kernel. */
async function taps(isHidden: boolean): Promise<Finding[]> {
  try {
    const { collector, hello } = await Collector.start({ onFrame: () => {}, onDied: () => {} });
    await collector.stop();
    return tapFindings(hello);
  } catch (error) {
    if (!(error instanceof TracerError)) throw error;
    return noTaps(error.message, error.hint, isHidden ? 'unknown' : 'no');
  }
}

function lab(): Finding {
  const labs = listLabs();
  return {
    what: 'lab',
    state: labs.length > 0 ? 'yes' : 'no',
    detail:
      labs.length > 0
        ? labs.map(each => `${each.name} (${each.kind})`).join(', ')
        : 'no practice cluster is up',
    hint: 'tracer lab up',
  };
}

const marks = { yes: '✓', no: '✗', unknown: '?' } as const;

function textOf(chapters: readonly Chapter[], canFollow: boolean): string {
  const width = Math.max(...chapters.flatMap(({ findings }) => findings.map(({ what }) => what.length)));
  const lines = chapters.flatMap(({ title, findings }) => [
    title,
    ...findings.flatMap(({ what, state, detail, hint }) => [
      `  ${marks[state]} ${what.padEnd(width)}  ${detail}`,
      ...(state === 'yes' || hint === undefined ? [] : [`    ${' '.repeat(width)}  → ${hint}`]),
    ]),
  ]);
  const sum = canFollow ? 'packets can be followed here' : 'packets cannot be followed here, by this user';
  return `${[...lines, '', sum].join('\n')}\n`;
}
