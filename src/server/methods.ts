/** Which methods a path takes, and that changes come as JSON. */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { TracerError } from '../base/errors.ts';

export class Methods {
  readonly #byUrl = new Map<string, Set<string>>();

  /** To be called before the routes are added. */
  constructor(app: FastifyInstance) {
    app.addHook('onRoute', ({ url, method }) => {
      const known = this.#byUrl.get(url) ?? new Set();
      this.#byUrl.set(url, known);
      for (const each of [method].flat()) known.add(each);
    });
  }

  /** None: there is no such route. */
  of(path: string): readonly string[] {
    const parts = path.split('?')[0]!.split('/');
    const fits = (url: string): boolean => {
      const wanted = url.split('/');
      return (
        wanted.length === parts.length && wanted.every((part, n) => part.startsWith(':') || part === parts[n])
      );
    };
    return [...this.#byUrl].filter(([url]) => fits(url)).flatMap(([, methods]) => [...methods]);
  }
}

/** A form of somebody else's page can send neither this type nor these methods without being asked. @throws NOT_JSON. */
export function requireJsonBody({ method, body, is404, headers }: FastifyRequest): void {
  if (is404 || method === 'GET' || method === 'HEAD') return;
  if (body === undefined || !/^application\/json\b/i.test(headers['content-type'] ?? ''))
    throw new TracerError('NOT_JSON', `${method} takes a JSON object`);
}
