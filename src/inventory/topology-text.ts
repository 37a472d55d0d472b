/** The topology for a terminal, and for Graphviz. */
import type { Topology, TopologyLink, TopologyPlace } from '../model/topology.ts';

interface Shape {
  readonly children: ReadonlyMap<string | undefined, readonly TopologyPlace[]>;
  readonly byId: ReadonlyMap<string, TopologyPlace>;
  readonly linksOf: ReadonlyMap<string, readonly TopologyLink[]>;
}

const isSpace = (place: TopologyPlace): boolean => ['host', 'node', 'pod', 'netns'].includes(place.kind);

/** A tree: host, nodes, pods, with their devices and what these are joined to. */
export function topologyText(topology: Topology): string {
  const shape = shapeOf(topology);
  const lines: string[] = [];
  const roots = (shape.children.get(undefined) ?? []).filter(isSpace);
  const clusters = new Set(roots.map(({ cluster }) => cluster));
  for (const cluster of [...clusters].sort()) {
    if (cluster !== undefined) lines.push(cluster);
    for (const root of roots.filter(place => place.cluster === cluster))
      addSpace(root, cluster === undefined ? '' : '  ', shape, lines);
    if (cluster !== undefined) addServices(cluster, topology, lines);
  }
  return `${lines.join('\n')}\n`;
}

function shapeOf({ places, links }: Topology): Shape {
  const byId = new Map(places.map(place => [place.id, place]));
  const children = new Map<string | undefined, TopologyPlace[]>();
  for (const place of places) {
    const parent = place.parent !== undefined && byId.has(place.parent) ? place.parent : undefined;
    children.set(parent, [...(children.get(parent) ?? []), place]);
  }
  const linksOf = new Map<string, TopologyLink[]>();
  for (const link of links)
    for (const end of [link.a, link.b]) linksOf.set(end, [...(linksOf.get(end) ?? []), link]);
  return { children, byId, linksOf };
}

function addSpace(space: TopologyPlace, indent: string, shape: Shape, lines: string[]): void {
  const inside = shape.children.get(space.id) ?? [];
  lines.push(
    `${indent}${space.kind} ${space.namespace === undefined ? '' : `${space.namespace}/`}${space.name}`,
  );
  for (const dev of inside.filter(place => !isSpace(place))) lines.push(`${indent}  ${describe(dev, shape)}`);
  for (const next of inside.filter(isSpace)) addSpace(next, `${indent}  `, shape, lines);
}

function describe(dev: TopologyPlace, shape: Shape): string {
  const words = [dev.name];
  if (dev.kind !== 'dev') words.push(`(${dev.kind})`);
  if (dev.up === false) words.push('down');
  words.push(...(dev.addresses ?? []).filter(address => !address.startsWith('fe80:')));
  for (const link of shape.linksOf.get(dev.id) ?? []) words.push(...joint(dev, link, shape));
  return words.join(' ');
}

function joint(dev: TopologyPlace, link: TopologyLink, shape: Shape): string[] {
  const other = shape.byId.get(link.a === dev.id ? link.b : link.a)!;
  const owner = shape.byId.get(other.parent ?? '');
  const far = other.netns === dev.netns || owner === undefined ? other.name : `${owner.name}:${other.name}`;
  if (link.kind === 'port') return dev.kind === 'bridge' ? [] : [`port of ${far}`];
  if (link.kind === 'lower') return [`${link.a === dev.id ? 'over' : 'under'} ${far}`];
  return link.kind === 'veth' ? [`— ${far}`] : [`⇢ ${far}`];
}

function addServices(cluster: string, { places }: Topology, lines: string[]): void {
  for (const place of places) {
    if (place.kind !== 'service' || place.cluster !== cluster) continue;
    lines.push(`  service ${place.namespace}/${place.name} ${(place.addresses ?? []).join(' ')}`.trimEnd());
  }
}

const quoted = (text: string): string => `"${text.replaceAll(/["\\]/g, '\\$&')}"`;

export function topologyDot(topology: Topology): string {
  const shape = shapeOf(topology);
  const lines = ['graph tracer {', '  rankdir=LR; compound=true; node [shape=box, fontname="sans-serif"];'];
  for (const root of (shape.children.get(undefined) ?? []).filter(isSpace))
    addDotSpace(root, '  ', shape, lines);
  for (const link of topology.links) {
    const style = link.kind === 'tunnel' ? ' [style=dashed]' : link.kind === 'port' ? ' [color=gray]' : '';
    lines.push(`  ${quoted(link.a)} -- ${quoted(link.b)}${style};`);
  }
  return `${lines.join('\n')}\n}\n`;
}

function addDotSpace(space: TopologyPlace, indent: string, shape: Shape, lines: string[]): void {
  const inside = shape.children.get(space.id) ?? [];
  lines.push(
    `${indent}subgraph ${quoted(`cluster_${space.id}`)} {`,
    `${indent}  label=${quoted(`${space.kind} ${space.name}`)};`,
  );
  for (const place of inside) {
    if (isSpace(place)) addDotSpace(place, `${indent}  `, shape, lines);
    else
      lines.push(
        `${indent}  ${quoted(place.id)} [label=${quoted([place.name, ...(place.addresses ?? [])].join('\n'))}];`,
      );
  }
  lines.push(`${indent}}`);
}
