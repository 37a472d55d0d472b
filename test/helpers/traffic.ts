/**
 * Mixed traffic in a lab: every kind of packet that the tracer claims to follow, in a few seconds. Step after step, so that a
 * mistake can be told by its time; within a step several senders at once, so that both CPUs and the address cache are busy.
 */
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { enterArgv } from '../../src/lab/enter.ts';
import { labTarget } from '../../src/lab/status.ts';
import { inLab } from './lab.ts';

/** As TypeScript or, built for a guest, as JavaScript. */
const program = fileURLToPath(new URL(`../fixtures/traffic/udp${extname(import.meta.url)}`, import.meta.url));
const PORT = 9999;

/** The lab's addresses: src/lab/dataplane/plan.ts. */
const at = {
  nginx1: '10.244.1.6',
  nginx2: '10.244.2.7',
  nginx3: '10.244.2.8',
  nginx1v6: 'fd00:10:244:1::6',
  nginx2v6: 'fd00:10:244:2::7',
  nginx3v6: 'fd00:10:244:2::8',
  service: '10.96.45.123',
  ownService: '10.96.45.124',
  noEndpoints: '10.96.45.200',
  node1: '172.18.0.2',
  loadBalancer: '172.18.255.200',
  outside: '203.0.113.10',
  outsidev6: '2001:db8:113::10',
} as const;

export interface Payloads {
  /** Names of datagrams (test/fixtures/traffic/udp.ts), one entry each time. */
  readonly sent: readonly string[];
  readonly received: readonly string[];
}

export interface TrafficStep {
  readonly name: string;
  /** Many packets a second, none like another: where some are not told, it is known which. */
  readonly load?: true;
  readonly run: (traffic: Traffic) => Promise<unknown>;
}

export class Traffic {
  readonly #lab: string;
  readonly #servers: Server[] = [];
  readonly sent: string[] = [];
  readonly received: string[] = [];

  private constructor(lab: string) {
    this.#lab = lab;
  }

  /** With UDP servers in nginx-1 and nginx-2 that listen. */
  static async start(lab: string): Promise<Traffic> {
    const traffic = new Traffic(lab);
    for (const pod of ['nginx-1', 'nginx-2']) traffic.#servers.push(await startServer(lab, pod));
    return traffic;
  }

  /** Sends the steps; what the servers received is known afterwards. */
  async run(steps: readonly TrafficStep[], onStep?: (name: string) => void): Promise<Payloads> {
    try {
      for (const step of steps) {
        onStep?.(step.name);
        await step.run(this);
      }
    } finally {
      for (const server of this.#servers.splice(0)) {
        const received = await server.stop();
        this.received.push(...received);
        // A server answers what it gets: what it sent are those.
        this.sent.push(...received.flatMap(name => (name[0] === 'n' ? `r${name.slice(1)}` : [])));
      }
    }
    return { sent: this.sent, received: this.received };
  }

  async in(place: string, ...argv: readonly string[]): Promise<string> {
    return (await inLab(this.#lab, place, ...argv)).output;
  }

  /**
   * `count` requests one after the other from `place`, each waiting for its answer. `tag`: two letters of its own, the first of them
   * c where the datagrams are longer than an MTU.
   */
  async ask(place: string, ip: string, count: number, len: number, tag: string): Promise<void> {
    const { sent, answered } = await this.#udp(place, 'ask', ip, count, len, tag);
    this.sent.push(...sent);
    this.received.push(...answered);
  }

  /** `count` datagrams that are alike, from one CPU, so that they keep their order. */
  async pour(place: string, ip: string, count: number, len: number, tag: string): Promise<void> {
    const { sent } = await this.#udp(place, 'pour', ip, count, len, tag);
    this.sent.push(...sent);
  }

  async #udp(
    place: string,
    mode: string,
    ip: string,
    count: number,
    len: number,
    tag: string,
  ): Promise<{ sent: string[]; answered: string[] }> {
    const numbers = [PORT, count, len].map(String);
    const argv = ['taskset', '-c', '0', process.execPath, program, mode, ip, ...numbers, tag];
    return { answered: [], ...JSON.parse(await this.in(place, ...argv)) };
  }
}

interface Server {
  readonly stop: () => Promise<string[]>;
}

async function startServer(lab: string, pod: string): Promise<Server> {
  const [file, ...args] = enterArgv(labTarget(lab, pod), [process.execPath, program, 'serve', String(PORT)]);
  const child = execa(file, args, { stdin: 'pipe' });
  await new Promise<void>((resolve, reject) => {
    child.stderr.once('data', () => resolve());
    void child.then(() => reject(new Error(`the UDP server in ${pod} ended`)), reject);
  });
  return {
    stop: async () => {
      child.stdin.end();
      return (JSON.parse((await child).stdout) as { received: string[] }).received;
    },
  };
}

const curl = (...args: readonly string[]) => ['curl', '-sS', '-g', '-m', '3', '-o', '/dev/null', ...args];
const ping = (ip: string, ...args: readonly string[]) => ['ping', '-n', '-q', '-W', '1', ...args, ip];
const together = (...all: readonly Promise<unknown>[]) => Promise.all(all);
const upload = (bytes: number, url: string) => [
  'sh',
  '-c',
  `head -c ${bytes} /dev/zero | curl -sS -g -m 5 -o /dev/null --data-binary @- '${url}'`,
];

const largeTcp: TrafficStep = {
  load: true,
  name: 'large TCP both ways, same node and across',
  run: t =>
    together(
      t.in('pod-a', ...curl(`http://${at.service}/big?bytes=2000000`)),
      t.in('pod-a', ...curl(`http://${at.nginx1}:8080/big?bytes=2000000`)),
      t.in('pod-a', ...upload(2_000_000, `http://${at.nginx3}:8080/sink`)),
      t.in('two-containers', ...upload(1_000_000, `http://${at.nginx1}:8080/sink`)),
    ),
};

const smallSegments: TrafficStep = {
  load: true,
  name: 'TCP without segmentation offload',
  run: async t => {
    await t.in('pod-a', 'ip', 'link', 'set', 'eth0', 'gso_max_segs', '1');
    await t.in('pod-a', ...upload(600_000, `http://${at.nginx2}:8080/sink`));
    await t.in('pod-a', ...upload(300_000, `http://${at.nginx1}:8080/sink`));
    await t.in('pod-a', 'ip', 'link', 'set', 'eth0', 'gso_max_segs', '65535');
  },
};

const udp: TrafficStep = {
  name: 'UDP, numbered and alike, and ICMP',
  run: async t => {
    await together(
      t.ask('pod-a', at.nginx2, 150, 64, 'aa'),
      t.ask('two-containers', at.nginx1, 150, 900, 'ab'),
      t.in('pod-a', ...ping(at.nginx3, '-c', '40', '-i', '0.01')),
      t.in('node-1', ...ping(at.nginx1, '-c', '20', '-i', '0.01')),
    );
    await t.pour('pod-a', at.nginx2, 150, 32, 'ac');
    await t.pour('pod-a', at.nginx1, 150, 32, 'ad');
  },
};

const ip6: TrafficStep = {
  name: 'IPv6: TCP, UDP, ICMP',
  run: async t => {
    await together(
      t.in('pod-a', ...curl(`http://[${at.nginx1v6}]:8080/big?bytes=500000`)),
      t.in('pod-a', ...curl(`http://[${at.nginx2v6}]:8080/big?bytes=1000000`)),
      t.in('pod-a', ...ping(at.nginx3v6, '-c', '30', '-i', '0.01')),
    );
    await together(
      t.ask('pod-a', at.nginx1v6, 80, 64, 'ba'),
      t.ask('two-containers', at.nginx2v6, 80, 64, 'bb'),
    );
    await t.pour('pod-a', at.nginx1v6, 100, 32, 'bc');
    await t.pour('pod-a', at.nginx2v6, 100, 32, 'bd');
  },
};

const services: TrafficStep = {
  name: 'DNS, services, NodePort, hairpin, outside, lo, ARP',
  run: async t => {
    await together(
      t.in('pod-a', 'getent', 'ahosts', 'nginx-service'),
      t.in('denied', 'getent', 'ahostsv4', 'example.com'),
      t.in('pod-a', 'ip', 'neigh', 'flush', 'dev', 'eth0'),
      t.in('node-1', 'ip', 'neigh', 'flush', 'nud', 'reachable'),
      t.in('host', ...curl(`http://${at.node1}:30080/`)),
      t.in('host', ...curl(`http://${at.loadBalancer}/`)),
    );
    await together(
      t.in('nginx-1', ...curl(`http://${at.ownService}/big?bytes=200000`)),
      t.in('pod-a', ...curl(`http://${at.outside}/big?bytes=500000`)),
      t.in('host', ...curl(`http://${at.node1}:30080/big?bytes=500000`)),
      t.in('two-containers', ...curl('http://127.0.0.1:9000/big?bytes=2000000')),
      t.in('node-1', ...curl(`http://${at.service}/`)),
      t.in('two-containers', ...ping('127.0.0.1', '-c', '5', '-i', '0.01')),
    );
  },
};

const refusals: TrafficStep = {
  name: 'closed ports, no endpoints, policy, no route',
  run: t =>
    together(
      t.in('pod-a', ...curl(`http://${at.nginx2}:81/`)),
      t.in('pod-a', ...curl(`http://[${at.nginx2v6}]:81/`)),
      t.in('pod-a', ...curl('http://127.0.0.1:6443/')),
      t.in('pod-a', ...curl(`http://${at.noEndpoints}/`)),
      t.in('denied', ...curl('-m', '0.5', `http://${at.nginx2}:8080/`)),
      t.in('pod-a', ...ping('10.244.9.9', '-c', '1')),
      t.in('pod-a', ...ping(at.service, '-c', '1')),
      t.pour('nginx-1', at.nginx3, 3, 32, 'ea'), // nobody listens there
    ),
};

const fragments: TrafficStep = {
  name: 'fragments',
  run: async t => {
    await t.ask('pod-a', at.nginx2, 15, 4000, 'ca');
    await t.ask('pod-a', at.nginx1, 15, 3000, 'cb');
    await t.ask('pod-a', at.nginx2v6, 15, 4000, 'cc');
    await t.in('pod-a', ...ping(at.nginx3, '-c', '5', '-i', '0.01', '-s', '4000'));
    await t.in('pod-a', ...ping(at.nginx1v6, '-c', '5', '-i', '0.01', '-s', '4000'));
  },
};

const lossy: TrafficStep = {
  name: 'retransmissions behind a lossy rule',
  run: async t => {
    const rule = '-m statistic --mode random --probability 0.04 -j DROP'.split(' ');
    for (const tables of ['iptables', 'ip6tables']) await t.in('node-2', tables, '-I', 'FORWARD', ...rule);
    await together(
      t.in('pod-a', ...upload(3_000_000, `http://${at.nginx3}:8080/sink`)),
      t.in('pod-a', ...curl(`http://${at.nginx2}:8080/big?bytes=3000000`)),
      t.in('two-containers', ...curl(`http://[${at.nginx3v6}]:8080/big?bytes=1000000`)),
      t.ask('two-containers', at.nginx2, 60, 64, 'da'),
    );
    // Each segment behind a lost one is answered by the same acknowledgement: over IPv6 nothing but the time stamp tells them apart.
    await t.in('denied', 'ip', 'link', 'set', 'eth0', 'gso_max_segs', '1');
    await t.in('denied', ...upload(800_000, `http://[${at.nginx3v6}]:8080/sink`));
    await t.in('denied', 'ip', 'link', 'set', 'eth0', 'gso_max_segs', '65535');
    for (const tables of ['iptables', 'ip6tables']) await t.in('node-2', tables, '-D', 'FORWARD', ...rule);
  },
};

const mtu: TrafficStep = {
  name: 'a link that is too narrow, first with and then without a word',
  run: async t => {
    const veth = 'veth0af40208';
    const link = (place: string, dev: string, size: number) =>
      t.in(place, 'ip', 'link', 'set', dev, 'mtu', String(size));
    const before = Number(/mtu (\d+)/.exec(await t.in('nginx-3', 'ip', 'link', 'show', 'eth0'))?.[1]);
    await link('nginx-3', 'eth0', 1300);
    await link('node-2', veth, 1300);
    const big = ping(at.nginx3, '-c', '2', '-i', '0.05', '-M', 'do', '-s', '1400');
    await t.in('pod-a', ...big);
    const silence = 'OUTPUT -p icmp --icmp-type fragmentation-needed -j DROP'.split(' ');
    await t.in('node-2', 'iptables', '-I', ...silence);
    await t.in('two-containers', ...ping(at.nginx3, '-c', '2', '-i', '0.05', '-M', 'do', '-s', '1400'));
    await t.in('node-2', 'iptables', '-D', ...silence);
    await link('node-2', veth, before);
    await link('nginx-3', 'eth0', before);
  },
};

export const oneRequest: TrafficStep = {
  name: 'one request on one node',
  run: t => t.in('pod-a', ...curl(`http://${at.nginx1}:8080/`)),
};

/** A few packets of everything that rules translate, let through or refuse. */
export const ruledTraffic: TrafficStep = {
  name: 'services on both nodes, masquerade, verdicts',
  run: async t => {
    for (let i = 0; i < 8; i++) await t.in('pod-a', ...curl(`http://${at.service}/`)); // a pod by chance
    await together(
      t.in('host', ...curl(`http://${at.node1}:30080/`)),
      t.in('host', ...curl(`http://${at.loadBalancer}/`)),
      t.in('nginx-1', ...curl(`http://${at.ownService}/`)),
      t.in('pod-a', ...curl(`http://${at.outside}/`)),
      t.in('node-1', ...curl(`http://${at.service}/`)),
      t.in('pod-a', 'getent', 'ahostsv4', 'nginx-service'),
      t.in('pod-a', 'getent', 'ahostsv4', 'example.com'),
    );
    await together(
      t.in('pod-a', ...ping(at.nginx1, '-c', '5', '-i', '0.01')),
      t.in('pod-a', ...ping(at.nginx3, '-c', '5', '-i', '0.01')),
      t.in('pod-a', ...ping(at.outside, '-c', '5', '-i', '0.01')),
      t.in('pod-a', ...curl(`http://${at.nginx2}:8080/big?bytes=300000`)),
      t.in('pod-a', ...curl(`http://${at.noEndpoints}/`)),
      t.in('node-1', ...curl(`http://${at.noEndpoints}/`)),
      t.in('pod-a', ...curl(`http://${at.nginx2}:81/`)),
      t.in('pod-a', ...curl(`http://[${at.nginx1v6}]:8080/`)),
      t.in('pod-a', ...curl(`http://[${at.nginx2v6}]:8080/big?bytes=100000`)),
      t.in('pod-a', ...curl(`http://[${at.outsidev6}]/`)),
      t.in('pod-a', ...curl(`http://[${at.nginx2v6}]:81/`)),
      t.in('pod-a', ...ping(at.nginx3v6, '-c', '5', '-i', '0.01')),
      t.in('denied', ...curl('-m', '0.5', `http://${at.nginx2}:8080/`)),
      t.in('pod-a', ...ping('10.244.9.9', '-c', '1')),
    );
  },
};

export const mixedTraffic: readonly TrafficStep[] = [
  largeTcp,
  udp,
  ip6,
  services,
  refusals,
  fragments,
  lossy,
  mtu,
  smallSegments,
];
