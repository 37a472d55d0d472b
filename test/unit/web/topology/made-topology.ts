/** Topologies of any size: a machine, nodes with a bridge and a tunnel or without, pods. */
import fc from 'fast-check';
import type { Topology, TopologyLink, TopologyPlace } from '../../../../src/model/topology.ts';

export interface Shape {
  readonly nodes: number;
  readonly podsOf: (node: number) => number;
  readonly bridged: boolean;
}

const space = (
  cookie: string,
  kind: TopologyPlace['kind'],
  name: string,
  parent?: string,
): TopologyPlace => ({
  id: `netns:${cookie}`,
  kind,
  name,
  netns: cookie,
  ...(parent === undefined ? {} : { parent: `netns:${parent}` }),
});

const device = (
  cookie: string,
  ifindex: number,
  name: string,
  kind: TopologyPlace['kind'] = 'dev',
): TopologyPlace => ({
  id: `dev:${cookie}:${ifindex}`,
  kind,
  name,
  parent: `netns:${cookie}`,
  netns: cookie,
  ifindex,
});

const link = (kind: TopologyLink['kind'], a: string, b: string): TopologyLink => ({
  id: `${kind}:${a}:${b}`,
  kind,
  a,
  b,
});

export function madeTopology({ nodes, podsOf, bridged }: Shape): Topology {
  const places: TopologyPlace[] = [space('1', 'host', 'host'), device('1', 2, 'docker0', 'bridge')];
  const links: TopologyLink[] = [];
  for (let n = 0; n < nodes; n++) {
    const node = String(100 + n);
    places.push(
      space(node, 'node', `node-${n + 1}`, '1'),
      device(node, 2, 'eth0'),
      device('1', 10 + n, `veth${n}`),
    );
    links.push(link('veth', `dev:1:${10 + n}`, `dev:${node}:2`), link('port', 'dev:1:2', `dev:1:${10 + n}`));
    if (bridged) {
      places.push(device(node, 3, 'cni0', 'bridge'), device(node, 4, 'flannel.1', 'tunnel'));
      links.push(link('lower', `dev:${node}:4`, `dev:${node}:2`));
      if (n > 0) links.push(link('tunnel', `dev:${node}:4`, 'dev:100:4'));
    }
    for (let p = 0; p < podsOf(n); p++) {
      const pod = String(10_000 + n * 1000 + p);
      places.push(
        space(pod, 'pod', `web-${n}-${p}`, node),
        device(pod, 2, 'eth0'),
        device(node, 20 + p, `veth${pod}`),
      );
      links.push(link('veth', `dev:${node}:${20 + p}`, `dev:${pod}:2`));
      if (bridged) links.push(link('port', `dev:${node}:3`, `dev:${node}:${20 + p}`));
    }
  }
  return { rev: 1, places, links };
}

/** Of anything that a daemon might tell, also what no machine looks like: loops of parents, links to nothing. */
export const anyTopology: fc.Arbitrary<Topology> = fc
  .array(
    fc.record({
      kind: fc.constantFrom<TopologyPlace['kind'][]>(
        'host',
        'node',
        'pod',
        'netns',
        'dev',
        'bridge',
        'tunnel',
        'service',
      ),
      name: fc.string({ maxLength: 40 }),
      parent: fc.option(fc.nat(30), { nil: undefined }),
      cluster: fc.option(fc.constantFrom('lab:one', 'lab:two'), { nil: undefined }),
    }),
    { maxLength: 30 },
  )
  .chain(drafts =>
    fc
      .array(
        fc.record({
          kind: fc.constantFrom<TopologyLink['kind'][]>('veth', 'port', 'tunnel', 'lower'),
          a: fc.nat(31),
          b: fc.nat(31),
        }),
        { maxLength: 30 },
      )
      .map(joints => ({
        rev: 1,
        places: drafts.map(({ kind, name, parent, cluster }, i) => ({
          id: `p${i}`,
          kind,
          name,
          ...(parent === undefined ? {} : { parent: `p${parent}` }),
          ...(cluster === undefined ? {} : { cluster }),
        })),
        links: joints.map(({ kind, a, b }) => link(kind, `p${a}`, `p${b}`)),
      })),
  );
