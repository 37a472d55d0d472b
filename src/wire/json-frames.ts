/** The frames that hold JSON. Each is checked as far as the stages behind rely on it: what does not fit is no frame. */
import type { HelloFrame } from '../model/event.ts';
import type { ClusterFrame, InventoryFrame } from '../model/inventory.ts';
import { frameType, recordVersion } from '../model/layout.generated.ts';
import type { SessionNote } from '../model/session.ts';

export type JsonFrame =
  | { readonly kind: 'hello'; readonly hello: HelloFrame }
  | { readonly kind: 'inventory'; readonly inventory: InventoryFrame }
  | { readonly kind: 'cluster'; readonly cluster: ClusterFrame }
  | { readonly kind: 'reply'; readonly applied?: number; readonly refused?: string; readonly why?: string }
  | { readonly kind: 'stats'; readonly stats: Readonly<Record<string, number | string>> }
  | { readonly kind: 'symbol'; readonly address: number; readonly name: string }
  | { readonly kind: 'note'; readonly note: SessionNote };

type Json = Readonly<Record<string, unknown>>;
type Shape = Readonly<Record<string, 'string' | 'number'>>;

/** `value`: as JSON.parse gave it. */
export function jsonFrame(type: number, value: unknown): JsonFrame | undefined {
  if (!isObject(value)) return undefined;
  switch (type) {
    case frameType.hello:
      return isHello(value) ? { kind: 'hello', hello: value as unknown as HelloFrame } : undefined;
    case frameType.inventory:
      return isInventory(value)
        ? { kind: 'inventory', inventory: value as unknown as InventoryFrame }
        : undefined;
    case frameType.cluster:
      return isCluster(value) ? { kind: 'cluster', cluster: value as unknown as ClusterFrame } : undefined;
    case frameType.reply:
      return replyFrame(value);
    case frameType.stats:
      return { kind: 'stats', stats: value as Record<string, number | string> };
    case frameType.symbol:
      return symbolFrame(value);
    case frameType.note:
      return isNote(value) ? { kind: 'note', note: value as unknown as SessionNote } : undefined;
    default:
      return undefined;
  }
}

function isHello(hello: Json): boolean {
  const { clock, taps, dropReasons, resetReasons = {} } = hello;
  return (
    hello.recordVersion === recordVersion &&
    isObject(clock) &&
    isDecimal(clock.monotonicNs) &&
    isDecimal(clock.realtimeNs) &&
    isListOf(taps, { name: 'string', state: 'string' }) &&
    isListOfNames(dropReasons) &&
    isListOfNames(resetReasons)
  );
}

function isListOfNames(value: unknown): boolean {
  return isObject(value) && Object.values(value).every(name => typeof name === 'string');
}

const netnsLists: Readonly<Record<string, Shape>> = {
  processes: { pid: 'number', comm: 'string' },
  links: { ifindex: 'number', name: 'string' },
  addresses: { ifindex: 'number', ip: 'string', prefixLen: 'number' },
  routes: { table: 'number', dst: 'string', type: 'string' },
  neighbours: { ifindex: 'number', ip: 'string', state: 'string' },
  fdb: { ifindex: 'number', mac: 'string' },
};

function isInventory(frame: Json): boolean {
  if (!isDecimal(frame.timeNs) || !isDecimal(frame.cookie)) return false;
  if (frame.gone === true) return true;
  if ('gone' in frame || typeof frame.inode !== 'number' || !isTextList(frame.names)) return false;
  return Object.entries(netnsLists).every(([list, shape]) => isListOf(frame[list], shape));
}

function isCluster(cluster: Json): boolean {
  const { name, timeNs, gone, namespaces = [] } = cluster;
  if (typeof name !== 'string' || (timeNs !== undefined && !isDecimal(timeNs))) return false;
  if (gone === true) return true;
  if (!isListOfMembers(cluster) || !isTextList(namespaces)) return false;
  if (gone === undefined) return isListOf(cluster.machines, { name: 'string', kind: 'string' }, ['ips']);
  return timeNs !== undefined && isObject(gone) && Object.values(gone).every(isTextList);
}

function isListOfMembers({ nodes, pods, services }: Json): boolean {
  return (
    isListOf(nodes, { name: 'string' }, ['ips', 'podCidrs']) &&
    isListOf(pods, { namespace: 'string', name: 'string', node: 'string' }, ['ips', 'containers']) &&
    isListOf(services, { namespace: 'string', name: 'string', type: 'string' }, serviceIps) &&
    (services as Json[]).every(service => isListOf(service.ports, { protocol: 'string', port: 'number' }))
  );
}

const serviceIps = ['clusterIps', 'externalIps', 'loadBalancerIps'];

function replyFrame({ applied, refused, why }: Json): JsonFrame {
  return {
    kind: 'reply',
    ...(typeof applied === 'number' ? { applied } : {}),
    ...(typeof refused === 'string' ? { refused } : {}),
    ...(typeof why === 'string' ? { why } : {}),
  };
}

function symbolFrame({ address, name }: Json): JsonFrame | undefined {
  if (!isDecimal(address) || typeof name !== 'string' || name === '') return undefined;
  return { kind: 'symbol', address: Number(BigInt(address) & 0x1fffffffffffffn), name };
}

/** An optional field of that type. */
function mayBe(value: unknown, type: 'string' | 'number'): boolean {
  return value === undefined || typeof value === type;
}

function isNote(note: Json): boolean {
  switch (note.kind) {
    case 'follow':
      return isRequest(note.request) && mayBe(note.count, 'number') && mayBe(note.flows, 'number');
    case 'end':
      return (
        (note.child === undefined || isListOf([note.child], { code: 'number' })) &&
        (note.error === undefined ||
          isListOf([note.error], { code: 'string', message: 'string', hint: 'string' }))
      );
    case 'reads-rules':
      return true;
    case 'rules':
      return isRules(note.rules);
    case 'traces-rules':
      return isTextList(note.places);
    case 'traced':
      return isDecimal(note.cookie) && typeof note.text === 'string';
    case 'skipped':
      return typeof note.frames === 'number' && typeof note.events === 'number';
    case 'journeys':
      return (
        isListOf(note.journeys, { packet: 'number', timeNs: 'number', id: 'string', direction: 'string' }) &&
        (note.journeys as Json[]).every(
          ({ flow, into, links }) =>
            mayBe(flow, 'string') &&
            (into === undefined || isTextList(into)) &&
            (links === undefined || isListOf(links, { kind: 'string', role: 'string', journey: 'string' })),
        )
      );
    default:
      return false;
  }
}

/** What the program says is for its reader to check. */
function isFilter(filter: unknown): boolean {
  if (!isObject(filter) || typeof filter.expression !== 'string' || !Array.isArray(filter.program))
    return false;
  return filter.program.every(row => Array.isArray(row) && row.every(value => typeof value === 'number'));
}

function isRules(rules: unknown): boolean {
  if (!isObject(rules) || !isDecimal(rules.timeNs) || !isDecimal(rules.cookie)) return false;
  const { sources = [], failed } = rules;
  return (
    mayBe(failed, 'string') &&
    isListOf(sources, { kind: 'string' }) &&
    (sources as Json[]).every(
      ({ kind, text, family, dialect }) =>
        kind === 'nft' || [text, family, dialect].every(each => typeof each === 'string'),
    )
  );
}

function isRequest(request: unknown): boolean {
  if (!isObject(request)) return false;
  const { src, dst, namespace, selector, cluster, proto, port, filter } = request;
  return (
    typeof src === 'string' &&
    typeof dst === 'string' &&
    [namespace, selector, cluster, proto].every(each => mayBe(each, 'string')) &&
    mayBe(port, 'number') &&
    (filter === undefined || isFilter(filter))
  );
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** An unsigned 64-bit number as text. */
function isDecimal(value: unknown): value is string {
  return typeof value === 'string' && /^\d{1,20}$/.test(value);
}

function isTextList(value: unknown): boolean {
  return Array.isArray(value) && value.every(each => typeof each === 'string');
}

function isListOf(value: unknown, shape: Shape, textLists: readonly string[] = []): boolean {
  if (!Array.isArray(value)) return false;
  return value.every(
    each =>
      isObject(each) &&
      Object.entries(shape).every(([key, type]) => typeof each[key] === type) &&
      textLists.every(key => isTextList(each[key])),
  );
}
