import { describe, expect, test } from 'vitest';
import { folderRules, importCycle, importsOf, importViolation } from './import-rule.ts';
import { filesIn, textOf } from './project-files.ts';

const sources = new Map(
  [...filesIn('src/', ['.ts']), ...filesIn('web/', ['.ts', '.tsx'])].map(path => [path, textOf(path)]),
);

describe('the sources', () => {
  test('import in the direction of the pipe alone', () => {
    const violations = [...sources].flatMap(([file, text]) =>
      importsOf(text).flatMap(statement => importViolation(file, statement) ?? []),
    );
    expect(violations).toEqual([]);
  });

  test('have no cycle', () => {
    expect(importCycle(sources)).toBeUndefined();
  });
});

describe('the rule itself', () => {
  const violation = (file: string, line: string) =>
    importsOf(line)
      .map(statement => importViolation(`src/${file}`, statement))
      .find(text => text !== undefined);

  test.each([
    ['model/a.ts', "import { assert } from '../base/assert.ts';"],
    ['wire/a.ts', "import type { Hop } from '../model/journey.ts';"],
    ['correlate/a.ts', "import type { Places } from '../inventory/places.ts';"],
    ['explain/deep/a.ts', "import { Places } from '../../inventory/places.ts';"],
    ['cli/follow.ts', "import { execa } from 'execa';"],
    ['lab/a.ts', "import './side-effect.ts';"],
  ])('%s may: %s', (file, line) => {
    expect(violation(file, line)).toBeUndefined();
  });

  test.each([
    ['wire/a.ts', "import { x } from '../resolve/a.ts';", 'wire may not import resolve'],
    ['model/a.ts', "import { x } from '../wire/a.ts';", 'model may not import wire'],
    ['base/a.ts', "import { join } from 'node:path';", 'does not exist in a browser'],
    ['correlate/a.ts', "import { x } from '../inventory/a.ts';", 'by import type alone'],
    ['resolve/a.ts', "import { execa } from 'execa';", 'starts processes'],
    ['store/a.ts', "const m = await import('../server/a.ts');", 'store may not import server'],
    ['wire/a.ts', "export * from '../cli/main.ts';", 'wire may not import cli'],
    ['wire/a.ts', "import {\n  a,\n  b,\n} from '../lab/a.ts';", 'wire may not import lab'],
    ['wire/a.ts', "import { x } from '../model/journey';", 'does not name the file'],
    ['odds/a.ts', "import { x } from '../model/journey.ts';", 'has no import rule'],
  ])('%s may not: %s', (file, line, message) => {
    expect(violation(file, line)).toContain(message);
  });

  test('holds the page to the model', () => {
    const [wire, model] = importsOf("import '../src/wire/a.ts';\nimport '../src/model/a.ts';");
    expect(importViolation('web/app.ts', wire!)).toContain('web may not import wire');
    expect(importViolation('web/app.ts', model!)).toBeUndefined();
  });

  test('does not read comments', () => {
    expect(importsOf("// import { x } from '../cli/main.ts';\n/* import '../cli/main.ts'; */")).toEqual([]);
  });

  test('finds a cycle, not a diamond', () => {
    const diamond = new Map([
      ['cli/a.ts', "import './b.ts';\nimport './c.ts';"],
      ['cli/b.ts', "import './c.ts';"],
      ['cli/c.ts', ''],
    ]);
    expect(importCycle(diamond)).toBeUndefined();
    const cycle = new Map([...diamond, ['cli/c.ts', "import { b } from './b.ts';"] as const]);
    expect(importCycle(cycle)).toEqual(['cli/b.ts', 'cli/c.ts', 'cli/b.ts']);
  });

  test('has no cycle among folders', () => {
    const reach = (folder: string): string[] =>
      (folderRules[folder]?.imports ?? []).flatMap(target => [target, ...reach(target)]);
    for (const folder of Object.keys(folderRules)) expect(reach(folder)).not.toContain(folder);
  });
});
