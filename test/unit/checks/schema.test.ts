import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { generateSchemaText, schemaFile } from '../../../scripts/generate-schema.ts';

test('src/model/schema.generated.ts is what the types say now (npm run build renews it)', () => {
  expect(readFileSync(schemaFile, 'utf8')).toBe(generateSchemaText());
});
