/** What comes in, held against the schema of its route. */
import type { FastifySchemaCompiler } from 'fastify';
import type { TSchema } from 'typebox';
import { Compile } from 'typebox/compile';

const places: Readonly<Record<string, string>> = { querystring: 'query', params: 'path', body: 'body' };

export const validatorCompiler: FastifySchemaCompiler<TSchema> = ({ schema, httpPart = 'body' }) => {
  const validator = Compile(schema);
  return (given: unknown) => {
    const value = httpPart === 'querystring' ? withNumbers(schema, given) : given;
    if (validator.Check(value)) return { value };
    return { error: new Error(`${places[httpPart] ?? httpPart}${mistakeIn(validator.Errors(value))}`) };
  };
};

/** `/limit must be <= 1000` */
export function mistakeIn(
  errors: readonly { readonly instancePath: string; readonly message: string }[],
): string {
  const [first] = errors;
  if (first === undefined) return ' is not known';
  // How a key is told that no schema names.
  const message = first.message === 'schema is false' ? 'is not known' : first.message;
  return `${first.instancePath} ${message}`;
}

/** A query is text: where a number is wanted, digits are one. Nothing else is changed, so that 1.5 is not taken for 1. */
function withNumbers(schema: TSchema, given: unknown): unknown {
  if (typeof given !== 'object' || given === null) return given;
  const { properties = {} } = schema as { readonly properties?: Readonly<Record<string, { type?: string }>> };
  return Object.fromEntries(
    Object.entries(given).map(([key, value]: [string, unknown]) => {
      const isNumber = Object.hasOwn(properties, key) && properties[key]?.type === 'integer';
      return [key, isNumber && typeof value === 'string' && /^\d{1,16}$/.test(value) ? Number(value) : value];
    }),
  );
}
