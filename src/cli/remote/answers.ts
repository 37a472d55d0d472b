/** What a daemon answers when it does not do what it was asked for. */
import { type ErrorCode, errorRegistry, TracerError } from '../../base/errors.ts';

export function gone(socket: string, cause?: unknown): TracerError {
  return new TracerError('DAEMON_GONE', `the daemon on ${socket} does not answer any more`, { cause });
}

/** `{error: {code, message, hint}}` as it was thrown in the daemon. */
export function errorOf(answer: unknown): TracerError {
  const { code, message, hint } = (answer as { readonly error?: Record<string, unknown> }).error ?? {};
  const isKnown = typeof code === 'string' && code in errorRegistry;
  return new TracerError(isKnown ? (code as ErrorCode) : 'INTERNAL', String(message ?? 'no reason given'), {
    ...(typeof hint === 'string' ? { hint } : {}),
  });
}
