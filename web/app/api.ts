/** What the page asks of the daemon. A failure is one of the daemon's own, with a hint, or that it cannot be reached. */

export class ApiError extends Error {
  readonly code: string;
  readonly hint: string;

  constructor(code: string, message: string, hint: string) {
    super(message);
    this.name = 'ApiError';
    this.code = code;
    this.hint = hint;
  }
}

type Method = 'GET' | 'POST' | 'DELETE';

/** @throws ApiError; code UNREACHABLE where nobody answers. */
export async function ask<T>(method: Method, path: string, body?: unknown): Promise<T> {
  let answer: Response;
  try {
    answer = await fetch(path, {
      method,
      credentials: 'same-origin',
      ...(method === 'GET'
        ? {}
        : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body ?? {}) }),
    });
  } catch {
    throw new ApiError('UNREACHABLE', 'the daemon does not answer', 'is it still running?');
  }
  const said: unknown = await answer.json().catch(() => undefined);
  if (answer.ok) return said as T;
  throw errorOf(said, answer.status);
}

function errorOf(said: unknown, status: number): ApiError {
  const { error } = Object(said) as { readonly error?: Partial<ApiError> };
  const { code = 'INTERNAL', message = `the daemon answered ${status}`, hint = '' } = error ?? {};
  return new ApiError(code, message, hint);
}
