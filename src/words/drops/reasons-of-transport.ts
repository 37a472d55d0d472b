/**
 * The kernel's reasons to free a packet, in words: sockets and TCP. The list as a whole, and where the words come from:
 * drop-reasons.ts.
 */
import type { DropWords } from './drop-words.ts';

const checksum = [
  'a cable, switch or virtual device that damages packets',
  'a checksum offload that a tunnel or virtual device does wrongly (`ethtool -K DEV tx off` is the test)',
];
const md5 = [
  'only routers use these: BGP speakers (Calico, MetalLB, Cilium) with other passwords on the two sides',
];
const ancient = [
  'the sender restarted, or its address was given to another pod',
  'a NAT that two senders share',
];

/** At the socket. */
const socket: Readonly<Record<string, DropWords>> = {
  NO_SOCKET: {
    means: 'nobody listens on that port',
    causes: [
      'the process listens elsewhere: on 127.0.0.1, on another port than targetPort says',
      'it has not started yet, or has ended',
      'for a packet that is no SYN: the connection is not known here (a pod that was restarted)',
    ],
    look: 'sockets',
  },
  SOCKET_CLOSE: { means: 'the unix socket was closed with this in its queue' },
  SOCKET_RCVBUFF: {
    means: 'the receive buffer of the socket is full: the process reads too slowly',
    causes: [
      'the process is stuck or has too little CPU (a limit)',
      'a burst larger than net.core.rmem_default',
    ],
    look: 'sockets',
  },
  SOCKET_BACKLOG: {
    means: 'the backlog of the socket is full: packets come while the process holds it',
    causes: ['the process has too little CPU'],
    look: 'count TcpExtTCPBacklogDrop',
  },
  PROTO_MEM: {
    means: 'all sockets of the protocol together have used up their memory (net.ipv4.tcp_mem, udp_mem)',
    causes: ['thousands of connections whose processes do not read'],
    look: 'count TcpExtTCPMemoryPressures',
  },
  QUEUE_PURGE: { means: 'it was in the queue of a socket that was closed', harmless: true },
  UDP_CSUM: { means: 'the UDP checksum is wrong', causes: checksum, look: 'count UdpInCsumErrors' },
  UNIX_DISCONNECT: { means: 'the other end of the unix socket was gone' },
  UNIX_SKIP_OOB: { means: 'out-of-band data of a unix socket that the reader skipped', harmless: true },
  PSP_INPUT: { means: 'it does not meet what the socket wants of PSP encryption' },
  PSP_OUTPUT: { means: 'it was to leave without the PSP encryption of its socket' },
};

/** TCP: much of it is a duplicate, or of a connection that is over. */
const tcp: Readonly<Record<string, DropWords>> = {
  TCP_CSUM: { means: 'the TCP checksum is wrong', causes: checksum, look: 'count TcpInCsumErrors' },
  TCP_FLAGS: {
    means: 'these TCP flags make no sense in this state of the connection',
    causes: ['a FIN or RST for a socket that only listens, a packet of a scanner'],
    look: 'sockets',
  },
  TCP_LISTEN_OVERFLOW: {
    means: 'the accept queue is full: the process accepts too slowly',
    causes: ['the process is stuck or has too little CPU', 'a small listen backlog (net.core.somaxconn)'],
    look: 'count TcpExtListenOverflows',
  },
  TCP_ABORT_ON_DATA: {
    means: 'data came for a connection that its process had closed; the kernel answers with RST',
    causes: ['the process gave up earlier than its client: a timeout, a crash, a rolling update'],
    look: 'count TcpExtTCPAbortOnData',
  },
  TCP_CLOSE: { means: 'the connection had been closed', look: 'sockets' },
  TCP_RESET: {
    means: 'a RST: it ends the connection if its sequence number fits, else nothing happens',
    harmless: true,
  },
  TCP_INVALID_SYN: {
    means: 'a SYN in the middle of a connection',
    causes: ['a SYN that was sent again although its answer was on the way'],
    harmless: true,
  },
  TCP_OLD_DATA: { means: 'data that had come before: sent again although it had arrived', harmless: true },
  TCP_OLD_SEQUENCE: {
    means: 'data that had come before: sent again although it had arrived',
    harmless: true,
  },
  TCP_OFOMERGE: { means: 'data that had come before, out of order', harmless: true },
  TCP_OFO_DROP: { means: 'data that had come before', harmless: true },
  // tcp_rcv_state_process() before Linux 6.9, and in SYN_RECV: the whole segment goes, with its data and its FIN.
  TCP_OLD_ACK: {
    means: 'it acknowledges what had been acknowledged before, in a connection that opens or closes',
    causes: ['two packets of the sender that overtook each other: it sends this one again'],
  },
  TCP_TOO_OLD_ACK: {
    means: 'it acknowledges what was acknowledged very long ago',
    causes: ancient,
    look: 'count TcpExtTCPChallengeACK',
  },
  TCP_ACK_UNSENT_DATA: {
    means: 'it acknowledges what was never sent',
    causes: ancient,
    look: 'count TcpExtTCPChallengeACK',
  },
  TCP_INVALID_SEQUENCE: {
    means: 'its sequence number is outside of the window',
    causes: ancient,
    look: 'sockets',
  },
  TCP_INVALID_END_SEQUENCE: {
    means: 'it ends beyond the window that the receiver offered',
    causes: ancient,
    look: 'sockets',
  },
  TCP_INVALID_ACK_SEQUENCE: {
    means: 'it acknowledges what is outside of the window',
    causes: ancient,
    look: 'sockets',
  },
  TCP_OVERWINDOW: {
    means: 'beyond the window that the receiver offered',
    causes: ['the sender does not keep to the window, or the receiver took it back'],
    look: 'sockets',
  },
  TCP_ZEROWINDOW: {
    means: 'the receiver has no room at all: its process does not read',
    causes: ['the process is stuck or has too little CPU (a limit)'],
    look: 'sockets',
  },
  TCP_OFO_QUEUE_PRUNE: {
    means: 'out-of-order data was thrown away because memory of the socket ran out; it will be sent again',
    look: 'count TcpExtOfoPruned',
  },
  TCP_RFC7323_PAWS: {
    means: 'its timestamp is older than one that had come: an old duplicate (PAWS)',
    causes: ancient,
    look: 'count TcpExtPAWSEstab',
  },
  TCP_RFC7323_PAWS_ACK: {
    means: 'an ACK whose timestamp is older than one that had come (PAWS)',
    causes: ['packets that overtook each other'],
    look: 'count TcpExtPAWSOldAck',
    harmless: true,
  },
  TCP_RFC7323_TW_PAWS: {
    means:
      'its timestamp is older than the last of a connection that has just ended on the same ports (TIME_WAIT)',
    causes: ['clients behind one address (SNAT) whose clocks differ'],
    look: 'count TcpExtPAWSTimewait',
  },
  TCP_RFC7323_TSECR: { means: 'it echoes a timestamp that was never sent', causes: ancient, look: 'sockets' },
  TCP_FASTOPEN: { means: 'refused by a connection that TCP Fast Open is setting up', look: 'sockets' },
  TCP_MINTTL: {
    means: 'its TTL is lower than the socket allows (IP_MINTTL)',
    causes: ['a router more on the way than a BGP session expects'],
    look: 'sockets',
  },
  TCP_AUTH_HDR: { means: 'its TCP-MD5 or TCP-AO option is there twice, or damaged', causes: md5 },
  TCP_MD5NOTFOUND: {
    means: 'it has no MD5 signature, and the socket wants one',
    causes: md5,
    look: 'count TcpExtTCPMD5NotFound',
  },
  TCP_MD5UNEXPECTED: {
    means: 'it has an MD5 signature that the socket does not expect',
    causes: md5,
    look: 'count TcpExtTCPMD5Unexpected',
  },
  TCP_MD5FAILURE: { means: 'its MD5 signature is wrong', causes: md5, look: 'count TcpExtTCPMD5Failure' },
  TCP_AONOTFOUND: { means: 'it has no TCP-AO signature, and the socket wants one', causes: md5 },
  TCP_AOUNEXPECTED: { means: 'it has a TCP-AO signature that the socket does not expect', causes: md5 },
  TCP_AOKEYNOTFOUND: { means: 'its TCP-AO key is not known here', causes: md5 },
  TCP_AOFAILURE: { means: 'its TCP-AO signature is wrong', causes: md5 },
};

/** What says nothing. */
const unspecific: Readonly<Record<string, DropWords>> = {
  NOT_SPECIFIED: { means: 'the kernel gives no reason; only the function tells', unspecific: true },
  NOT_DROPPED_YET: { means: 'the kernel gives no reason; only the function tells', unspecific: true },
  CONSUMED: { means: 'an ordinary end, no drop', harmless: true, unspecific: true },
};

export const reasonsOfTransport = { ...socket, ...tcp, ...unspecific };
