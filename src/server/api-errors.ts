/** Whatever goes wrong is answered in one form: `{error: {code, message, hint}}` with a code of the registry (docs/errors.md). */
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';
import { type ErrorCode, TracerError } from '../base/errors.ts';

export interface ErrorBody {
  readonly error: { readonly code: ErrorCode; readonly message: string; readonly hint: string };
}

/** Of those that are not the server's own fault. */
const statuses: Readonly<Partial<Record<ErrorCode, number>>> = {
  USAGE: 400,
  UNKNOWN_NAME: 400,
  AMBIGUOUS_NAME: 400,
  TOKEN_WANTED: 401,
  FORBIDDEN: 403,
  NOT_FOUND: 404,
  SESSION_FORMAT: 404,
  METHOD_NOT_ALLOWED: 405,
  LAB_NOT_UP: 409,
  FILTER_FULL: 409,
  NOT_LIVE: 409,
  TOO_LARGE: 413,
  NOT_JSON: 415,
  NOT_BUILT: 503,
  TOO_BUSY: 503,
  COLLECTOR_START: 503,
  COLLECTOR_DIED: 503,
  COLLECTOR_STUCK: 503,
  SESSION_FILE: 503,
  LAB_FAILED: 503,
  LAB_TOOL: 503,
};

export function bodyOf({ code, message, hint }: TracerError): ErrorBody {
  return { error: { code, message, hint } };
}

/** `onInternal` is told of bugs: whoever asks gets to know no more than that there is one. */
export function errorHandler(onInternal: (error: unknown) => void) {
  return (error: FastifyError, _request: FastifyRequest, reply: FastifyReply): void => {
    const known = tracerErrorOf(error);
    if (known === undefined) onInternal(error);
    const shown = known ?? new TracerError('INTERNAL', 'something that cannot happen did');
    void reply
      .code(statuses[shown.code] ?? 500)
      .type('application/json; charset=utf-8')
      .send(JSON.stringify(bodyOf(shown)));
  };
}

/** Undefined: a bug of ours. */
function tracerErrorOf(error: FastifyError): TracerError | undefined {
  if (error instanceof TracerError) return error;
  const { statusCode = 500, message } = error;
  if (statusCode === 404) return new TracerError('NOT_FOUND', 'there is nothing here');
  if (statusCode === 413 || statusCode === 414) return new TracerError('TOO_LARGE', message);
  if (statusCode === 415) return new TracerError('NOT_JSON', 'a change is sent as JSON');
  if (statusCode === 503) return new TracerError('TOO_BUSY', message);
  if (statusCode >= 400 && statusCode < 500)
    return new TracerError('USAGE', message, { hint: 'see docs/api.md' });
  return undefined;
}
