// Generated from bpf/record.h by scripts/generate-layout.ts: do not edit, run npm run build.

/** Byte offsets in struct frame. */
export const frameLayout = {
  size: 8,
  len: 0,
  type: 4,
  reserved: 6,
} as const;

/** Byte offsets in struct event. */
export const eventLayout = {
  size: 136,
  frame: 0,
  timeNs: 8,
  packet: 16,
  skb: 24,
  head: 32,
  sk: 40,
  netns: 48,
  location: 56,
  ct: 64,
  netnsInode: 72,
  ifindex: 76,
  skbLen: 80,
  mark: 84,
  reason: 88,
  cpu: 92,
  protocol: 94,
  gsoSize: 96,
  gsoSegs: 98,
  vlanTci: 100,
  headersLen: 102,
  networkOffset: 104,
  tap: 106,
  flags: 107,
  identity: 108,
  pktType: 109,
  nfHook: 110,
  nfPf: 111,
  nfPriority: 112,
  reserved2: 114,
  iif: 116,
  dev: 120,
} as const;

/** Byte offsets in struct event_ct. */
export const eventCtLayout = {
  size: 88,
  origSrc: 0,
  origDst: 16,
  replySrc: 32,
  replyDst: 48,
  origSport: 64,
  origDport: 66,
  replySport: 68,
  replyDport: 70,
  status: 72,
  mark: 76,
  zone: 80,
  l3num: 82,
  proto: 83,
  ctinfo: 84,
  reserved: 85,
} as const;

/** Byte offsets in struct process. */
export const processLayout = {
  size: 56,
  frame: 0,
  timeNs: 8,
  sk: 16,
  netns: 24,
  pid: 32,
  cpu: 36,
  comm: 40,
} as const;

/** Byte offsets in struct loss. */
export const lossLayout = {
  size: 40,
  frame: 0,
  fromNs: 8,
  toNs: 16,
  tap: 24,
  cpu: 28,
  count: 32,
  cause: 36,
} as const;

/** Byte offsets in struct heartbeat. */
export const heartbeatLayout = {
  size: 24,
  frame: 0,
  timeNs: 8,
  events: 16,
} as const;

export const frameType = {
  hello: 1,
  event: 2,
  loss: 3,
  heartbeat: 4,
  inventory: 5,
  reply: 6,
  cluster: 7,
  stats: 8,
  process: 9,
  symbol: 10,
  note: 11,
} as const;

export const tap = {
  netDevQueue: 1,
  netifReceiveSkb: 2,
  kfreeSkb: 3,
  consumeSkb: 4,
  netDevStartXmit: 5,
  copyDatagram: 6,
  tcpRetransmit: 7,
  groEntry: 8,
  groExit: 9,
  netfilter: 10,
  dataReady: 11,
  process: 12,
  neighbour: 13,
  tcpReset: 14,
  max: 16,
} as const;

export const identity = {
  same: 0,
  first: 1,
  fingerprint: 2,
  ttl: 3,
  place: 4,
  birth: 5,
} as const;

export const lossCause = {
  ring: 1,
  recursion: 2,
  map: 3,
} as const;

export const recordVersion = 1;
export const eventHasCt = 0x01;
export const eventHasHeaders = 0x02;
export const eventOwnSocket = 0x04;
export const eventRouted = 0x08;
export const eventEvicted = 0x10;
export const eventLeftOut = 0x20;
export const eventUntrackedEnd = 0x40;
export const headersMax = 320;
