/**
 * Who may ask. The daemon listens on loopback, where every program and every web page of the machine can reach it:
 *
 * - A page of somebody else's may send requests here by a name that it made point to 127.0.0.1 (DNS rebinding): `Host` has to be
 *   a name of this machine's own, and `Origin`, where there is one, the page that came from here.
 * - Another user of the machine may connect: every route below `/api` wants the token, which only root can read. So does the unix
 *   socket, although its mode says the same: one rule, and none to get wrong when somebody widens the mode.
 * - The page cannot send headers with a WebSocket: it exchanges the token for a cookie that no script can read (HttpOnly), that
 *   goes nowhere else (SameSite=Strict, Path=/api) and that is not the token: cookies reach other servers on this machine, whatever
 *   their port.
 */
import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { TracerError } from '../base/errors.ts';

export const COOKIE = 'tracer';
export const LOGIN_PATH = '/api/login';
const loopback = ['localhost', '127.0.0.1', '[::1]'];

export class Access {
  readonly #token: Buffer;
  readonly #hosts: ReadonlySet<string>;
  /** Whoever has it is let in, as long as the token is the same: also by a daemon that took the place of one that crashed. */
  readonly #cookie: string;
  readonly #cookieHash: Buffer;

  /** `hosts`: by which names, besides those of loopback, the daemon is called. */
  constructor(token: string, hosts: readonly string[] = []) {
    this.#token = hashOf(token);
    this.#cookie = createHmac('sha256', token).update('the cookie of the page').digest('base64url');
    this.#cookieHash = hashOf(this.#cookie);
    this.#hosts = new Set([...loopback, ...hosts.map(host => hostOf(host.toLowerCase()))]);
  }

  /** @throws FORBIDDEN, TOKEN_WANTED. */
  check(request: FastifyRequest): void {
    const { host, origin } = request.headers;
    const name = /^(\[[0-9a-f:.]+\]|[^:]*)(?::\d+)?$/.exec(host?.toLowerCase() ?? '')?.[1];
    if (name === undefined || !this.#hosts.has(name))
      throw new TracerError('FORBIDDEN', `"${host ?? ''}" is no name of this daemon`);
    if (origin !== undefined && origin.toLowerCase() !== `http://${host!.toLowerCase()}`)
      throw new TracerError('FORBIDDEN', 'another page asks');
    // Of a route that matched, else as it was written.
    const path = request.routeOptions.url ?? request.url;
    if (isApi(path) && path !== LOGIN_PATH && !this.#isLet(request))
      throw new TracerError('TOKEN_WANTED', 'the token is missing or wrong');
  }

  /** @throws TOKEN_WANTED. */
  login(token: string, reply: FastifyReply): void {
    if (!this.#isToken(token)) throw new TracerError('TOKEN_WANTED', 'the token is wrong');
    reply.setCookie(COOKIE, this.#cookie, { path: '/api', httpOnly: true, sameSite: 'strict' });
  }

  #isLet({ headers, cookies }: FastifyRequest): boolean {
    const bearer = /^Bearer +(\S+) *$/i.exec(headers.authorization ?? '')?.[1];
    if (bearer !== undefined) return this.#isToken(bearer);
    const cookie = cookies[COOKIE];
    return cookie !== undefined && timingSafeEqual(hashOf(cookie), this.#cookieHash);
  }

  #isToken(text: string): boolean {
    return timingSafeEqual(hashOf(text), this.#token);
  }
}

/** Of equal length whatever was given: comparing takes the same time for every wrong text. */
const hashOf = (text: string): Buffer => createHash('sha256').update(text).digest();
const hostOf = (address: string): string =>
  address.includes(':') && !address.startsWith('[') ? `[${address}]` : address;
const isApi = (path: string): boolean => /^\/api(?:[/?#]|$)/i.test(path);
