/** What the API answers, held against the schemas that describe it, by another validator than the server's own. */
import { Ajv } from 'ajv';
import { expect } from 'vitest';
import * as schemas from '../../../src/server/api-schemas.ts';

type Name = { [K in keyof typeof schemas]: K extends `${string}Reply` ? K : never }[keyof typeof schemas];

/** Each in an Ajv of its own: the parts of several have the same names. */
const compiled = new Map<Name, ReturnType<Ajv['compile']>>();

function validatorOf(name: Name) {
  const known = compiled.get(name);
  if (known !== undefined) return known;
  // biome-ignore lint/performance/noDynamicNamespaceImportAccess: nothing is bundled here
  const { ajv, schema } = withNamesOnce(schemas[name]);
  const made = ajv.compile(schema);
  compiled.set(name, made);
  return made;
}

/** A name may be given once in a schema: where it is met again it is referred to. */
function withNamesOnce(schema: object): { ajv: Ajv; schema: object } {
  const ajv = new Ajv({ allErrors: true });
  const bare = JSON.parse(
    JSON.stringify(schema, (key, value: unknown) => {
      if (key !== '' && typeof value === 'object' && value !== null && '$id' in value) {
        const id = String(value.$id);
        if (ajv.getSchema(id) === undefined) ajv.addSchema(value as { readonly $id: string });
        return { $ref: id };
      }
      return value;
    }),
  ) as object;
  return { ajv, schema: bare };
}

export function expectReply(name: Name, value: unknown): void {
  const validate = validatorOf(name);
  expect(
    validate(value),
    `${JSON.stringify(validate.errors)} in ${JSON.stringify(value).slice(0, 500)}`,
  ).toBe(true);
  expect(JSON.stringify(value)).not.toMatch(/:null|:""/);
}
