/**
 * The web server of the lab's pods: a program of its own, started with `node http-server.ts '{…}'`. It says which pod
 * answered, so that a learner sees where a service sent a request.
 *   GET /             one line: who answers, at which address, to whom
 *   GET /big?bytes=N  N bytes
 *   POST /…           reads the body and says how long it was
 *   GET /version, /healthz  what an API server says (it stands for one on node-1)
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';

export interface HttpServerOptions {
  /** Process name, as `ps` and the tracer show it. */
  readonly title: string;
  /** The first words of the answer, e.g. `nginx-2 on node-2`. */
  readonly says: string;
  readonly listen: readonly { readonly host: string; readonly port: number }[];
}

const chunk = Buffer.alloc(64 * 1024, 'x');
const maxBytes = 1 << 30;

function address(host: string | undefined, port: number | undefined): string {
  return host?.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

function sendBytes(response: ServerResponse, wanted: number): void {
  let left = Math.min(Math.max(Number.isFinite(wanted) ? Math.trunc(wanted) : 0, 0), maxBytes);
  response.writeHead(200, { 'content-type': 'application/octet-stream', 'content-length': left });
  const more = () => {
    while (left > 0) {
      const size = Math.min(left, chunk.length);
      left -= size;
      if (!response.write(size === chunk.length ? chunk : chunk.subarray(0, size))) {
        response.once('drain', more);
        return;
      }
    }
    response.end();
  };
  more();
}

function answer(options: HttpServerOptions, request: IncomingMessage, response: ServerResponse): void {
  const url = new URL(request.url ?? '/', 'http://pod');
  const { localAddress, localPort, remoteAddress, remotePort } = request.socket;
  if (request.method === 'POST' || request.method === 'PUT') {
    let lenBytes = 0;
    request.on('data', (data: Buffer) => {
      lenBytes += data.length;
    });
    request.on('end', () => response.end(`${options.says} read ${lenBytes} bytes\n`));
  } else if (url.pathname === '/big') {
    sendBytes(response, Number(url.searchParams.get('bytes') ?? 0));
  } else if (url.pathname === '/version') {
    response.setHeader('content-type', 'application/json');
    response.end('{"major":"1","minor":"36","gitVersion":"v1.36.2"}\n');
  } else if (url.pathname === '/healthz') {
    response.end('ok');
  } else {
    response.end(
      `${options.says} (${address(localAddress, localPort)}) answers ${address(remoteAddress, remotePort)}\n`,
    );
  }
}

const options = JSON.parse(process.argv[2] ?? '{}') as HttpServerOptions;
process.title = options.title;
for (const { host, port } of options.listen) {
  const server = createServer((request, response) => answer(options, request, response));
  // Without IPv6 in the kernel the IPv6 address cannot be listened on; whoever waits for it knows.
  server.on('error', error => {
    console.error(`${address(host, port)}: ${error.message}`);
    process.exitCode = 1;
  });
  server.listen({ host, port, ipv6Only: host.includes(':') });
}
