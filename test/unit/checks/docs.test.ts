/** What the documents point at is there: files, headings, commands, options, npm scripts. */
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path/posix';
import type { Command } from 'commander';
import { describe, expect, test } from 'vitest';
import { completionCommand } from '../../../src/cli/completion/completion-command.ts';
import { daemonCommand } from '../../../src/cli/daemon-command.ts';
import { diffCommand } from '../../../src/cli/diff-command.ts';
import { doctorCommand } from '../../../src/cli/doctor-command.ts';
import { explainCommand } from '../../../src/cli/explain-command.ts';
import { exportCommand } from '../../../src/cli/export-command.ts';
import { followCommand } from '../../../src/cli/follow-command.ts';
import { importCommand } from '../../../src/cli/import-command.ts';
import { lsCommand, topologyCommand } from '../../../src/cli/inventory-commands.ts';
import { labCommand } from '../../../src/cli/lab-command.ts';
import { recordCommand } from '../../../src/cli/record-command.ts';
import { replayCommand } from '../../../src/cli/replay-command.ts';
import { schemaCommand } from '../../../src/cli/schema-command.ts';
import { scenarios } from '../../../src/lab/scenarios/run.ts';
import { projectFiles, root, textOf } from './project-files.ts';

const documents = projectFiles().filter(path => path.endsWith('.md') && !path.includes('/fixtures/'));

/** Code may hold anything that looks like a link or a heading. */
function withoutCode(text: string): string {
  return text.replaceAll(/^```[\s\S]*?^```$/gm, '').replaceAll(/`[^`\n]*`/g, '');
}

/** As the usual renderers of Markdown make them. */
function anchorsOf(path: string): string[] {
  const headings = [...textOf(path).matchAll(/^#+ (.*)$/gm)].map(([, heading]) => heading!);
  return headings.map(heading =>
    heading
      .toLowerCase()
      .replaceAll(/[^\w\s-]/g, '')
      .replaceAll(' ', '-'),
  );
}

test('there are documents to check', () => {
  expect(documents).toEqual(expect.arrayContaining(['README.md', 'ARCHITECTURE.md', 'docs/errors.md']));
});

describe.each(documents)('%s', document => {
  const text = textOf(document);

  test('links to what is there', () => {
    const targets = [...withoutCode(text).matchAll(/\]\(([^)\s]+)\)/g)].map(([, target]) => target!);
    const broken = targets.filter(target => {
      if (/^https?:/.test(target)) return false;
      const [file = '', anchor] = target.split('#');
      const path = file === '' ? document : join(dirname(document), file);
      if (!existsSync(`${root}${path}`)) return true;
      return anchor !== undefined && !anchorsOf(path).includes(anchor);
    });
    expect(broken).toEqual([]);
  });

  test('names npm scripts that there are', () => {
    const scripts: Record<string, string> = JSON.parse(textOf('package.json')).scripts;
    const named = [...text.matchAll(/\bnpm run ([\w:]+)/g)].map(([, name]) => name!);
    expect(named.filter(name => !(name in scripts))).toEqual([]);
  });

  test('calls tracer with commands and options that it has', () => {
    expect(callsIn(text).flatMap(mistakesOf)).toEqual([]);
  });
});

const commands = [
  recordCommand(),
  replayCommand(),
  followCommand(),
  exportCommand(),
  explainCommand(),
  diffCommand(),
  importCommand(),
  labCommand(),
  lsCommand(),
  topologyCommand(),
  daemonCommand(),
  doctorCommand(),
  schemaCommand(),
  completionCommand(),
];

/** `tracer …` and `bin/tracer …` in code, without comments: words up to the end of the code, a pipe, or ` -- `. */
function callsIn(text: string): string[][] {
  const code = [...text.matchAll(/^```[\s\S]*?^```$|^ {4}\S.*$|`[^`\n]+`/gm)].map(([found]) =>
    found.replaceAll(/\s# .*$/gm, ''),
  );
  const calls = code.flatMap(found => [...found.matchAll(/(?:^|[\s`/])tracer (?!error\b)([a-z][^`\n]*)/g)]);
  return calls.map(([, words]) =>
    words!
      .split(/ -- | *\||\s{2,}/)[0]!
      .trim()
      .split(/\s+/),
  );
}

/** What is wrong with a call; words that only stand for something (SRC, `…`, [-- CMD]) are let be. */
function mistakesOf(call: readonly string[]): string[] {
  const [first = '', second = ''] = call.map(word => word.replace(/[,.;:)]$/, ''));
  let command = commands.find(each => each.name() === first);
  if (command === undefined) return [`there is no tracer ${first}`];
  if (command.commands.length > 0 && /^[a-z]/.test(second)) {
    command = command.commands.find(each => each.name() === second);
    if (command === undefined) return [`there is no tracer ${first} ${second}`];
  }
  const known = optionsOf(command);
  const options = call.map(word => word.replace(/[,.;:)]$/, '')).filter(word => /^--?[a-z]/.test(word));
  return options
    .filter(option => !known.has(option.replace(/=.*/, '')))
    .map(option => `tracer ${command.name()} has no ${option}`);
}

function optionsOf(command: Command): Set<string> {
  const own = command.options.flatMap(({ short, long }) => [short, long]);
  return new Set([...own, '-h', '--help'].filter(flag => flag !== undefined));
}

describe('the checks themselves', () => {
  test('find calls in blocks, lines of code and between backticks', () => {
    const text =
      'a `tracer ls pods`\n\n    sudo bin/tracer lab up --name x   # text\n\n```\n$ tracer schema | jq -r .x\n```\n';
    expect(callsIn(text)).toEqual([['ls', 'pods'], ['lab', 'up', '--name', 'x'], ['schema']]);
  });

  test('find commands and options that do not exist', () => {
    expect(mistakesOf(['rewind', '-r', 'x'])).toEqual(['there is no tracer rewind']);
    expect(mistakesOf(['lab', 'dance'])).toEqual(['there is no tracer lab dance']);
    expect(mistakesOf(['lab', 'up', '--cni', 'flannel', '--fast'])).toEqual(['tracer up has no --fast']);
  });

  test('find headings as links name them', () => {
    expect(anchorsOf('docs/errors.md')).toContain('not_root-exit-code-1');
  });
});

test('README.md names no option alone that no command has', () => {
  const known = new Set(
    commands.flatMap(each => [each, ...each.commands]).flatMap(each => [...optionsOf(each)]),
  );
  const named = [...textOf('README.md').matchAll(/`(--?[a-z][\w-]*)(?: [^`\n]*)?`/g)].map(
    ([, option]) => option!,
  );
  expect(named.length).toBeGreaterThan(2);
  expect(named.filter(option => !known.has(option))).toEqual([]);
});

test('README.md fits its page, and each README of a folder half of one', () => {
  const lines = (path: string): number => textOf(path).split('\n').length - 1;
  expect(lines('README.md')).toBeLessThanOrEqual(150);
  for (const path of documents.filter(each => each.endsWith('/README.md')))
    expect(lines(path), path).toBeLessThanOrEqual(40);
});

test('docs/lab.md lists the scenarios in the order of tracer lab run --help', () => {
  const rows = [...textOf('docs/lab.md').matchAll(/^\| `([\w-]+)` \| ([^|]+) \|$/gm)].map(row =>
    row.slice(1),
  );
  expect(rows).toEqual(scenarios.map(({ name, title }) => [name, title]));
});
