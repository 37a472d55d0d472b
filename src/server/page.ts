/**
 * The page, from the folder that it was built into. Each file is a route of its own, found when the server starts: a path that is none of
 * them leads nowhere. Nothing of it needs the token; what it asks does.
 */
import { existsSync } from 'node:fs';
import fastifyStatic from '@fastify/static';
import type { FastifyInstance } from 'fastify';
import { TracerError } from '../base/errors.ts';

/** Only what came from here runs, is drawn with or is asked; nobody frames it. */
const policy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "worker-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

const headers: Readonly<Record<string, string>> = {
  'content-security-policy': policy,
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
};

/** Names of these hold a digest of what is in them. */
const isAsset = (path: string): boolean => path.includes('/assets/');

/** `folder` need not be there: then `/` says how it is built. */
export async function addPage(app: FastifyInstance, folder: string): Promise<void> {
  if (!existsSync(`${folder}/index.html`)) {
    app.get('/', async () => {
      throw new TracerError('NOT_BUILT', 'the page was not built', {
        hint: 'npm run setup builds it; then start this again. The API works without',
      });
    });
    return;
  }
  await app.register(fastifyStatic, {
    root: folder,
    wildcard: false,
    preCompressed: true,
    globIgnore: ['**/*.gz', '**/*.br'],
    cacheControl: false,
    setHeaders: (reply, path) => {
      for (const [name, value] of Object.entries(headers)) reply.header(name, value);
      reply.header('cache-control', isAsset(path) ? 'private, max-age=31536000, immutable' : 'no-cache');
    },
  });
}
