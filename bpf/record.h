/* SPDX-License-Identifier: MIT OR GPL-2.0-only
 *
 * Everything that crosses from the kernel to user space, and from the collector to its reader, in one place.
 * src/model/layout.generated.ts is made from the BTF of the object that includes this file; a test fails if it is stale.
 *
 * The collector writes frames to stdout. Every frame starts with `struct frame`; `len` counts the whole frame and is a
 * multiple of 8. Integers are in host order, addresses and ports inside `addr`/`bytes` are in network order.
 * Times are CLOCK_MONOTONIC in ns.
 */
#ifndef TRACER_RECORD_H
#define TRACER_RECORD_H

#define RECORD_VERSION 1

enum frame_type {
	FRAME_HELLO = 1,     /* JSON: facts of the host, what was attached, clock pair */
	FRAME_EVENT = 2,     /* struct event */
	FRAME_LOSS = 3,      /* struct loss */
	FRAME_HEARTBEAT = 4, /* struct heartbeat: every earlier event has been written */
	FRAME_INVENTORY = 5, /* JSON: InventoryFrame */
	FRAME_REPLY = 6,     /* JSON: answer to a command */
	FRAME_CLUSTER = 7,   /* JSON: ClusterSnapshot; written by the reader when it records a session */
	FRAME_STATS = 8,     /* JSON: counters, monotonically growing */
	FRAME_PROCESS = 9,   /* struct process */
	FRAME_SYMBOL = 10,   /* JSON: {address, name} of a kernel function, before the first event that names it */
	FRAME_NOTE = 11,     /* JSON: SessionNote; written by the reader when it records a session */
};

/* The order is that of `tap_names` in collector/taps.c. */
enum tap {
	TAP_NET_DEV_QUEUE = 1,
	TAP_NETIF_RECEIVE_SKB = 2,
	TAP_KFREE_SKB = 3,
	TAP_CONSUME_SKB = 4,
	TAP_NET_DEV_START_XMIT = 5,
	TAP_COPY_DATAGRAM = 6,
	TAP_TCP_RETRANSMIT = 7,
	TAP_GRO_ENTRY = 8,
	TAP_GRO_EXIT = 9,
	TAP_NETFILTER = 10,
	TAP_DATA_READY = 11,
	TAP_PROCESS = 12,
	TAP_NEIGHBOUR = 13,
	TAP_TCP_RESET = 14,
	TAP_MAX = 16,
};

/* Why the kernel side gave a new packet id, or that it did not. */
enum identity {
	IDENTITY_SAME = 0,
	IDENTITY_FIRST = 1,       /* address not seen before */
	IDENTITY_FINGERPRINT = 2, /* headers say it is another packet */
	IDENTITY_TTL = 3,         /* its inner TTL is larger than at the last sight */
	IDENTITY_PLACE = 4,       /* shows again where it was, with the same TTL */
	IDENTITY_BIRTH = 5,       /* at its origin */
};

#define EVENT_HAS_CT      0x01 /* struct event_ct follows the event */
#define EVENT_HAS_HEADERS 0x02 /* `headers_len` bytes follow */
#define EVENT_OWN_SOCKET  0x04 /* skb->sk belongs to the namespace of the device */
#define EVENT_ROUTED      0x08 /* skb has a route: PREROUTING is behind it in this namespace */
#define EVENT_EVICTED     0x10 /* giving this packet an id threw out the state of another one still young */
#define EVENT_LEFT_OUT     0x20 /* what was before this of the packet was left out: overload */
#define EVENT_UNTRACKED_END 0x40 /* an end of an skb that was never seen at a device */

#define HEADERS_MAX 320 /* bytes of headers (and of DNS payload) in an event, at most */

struct frame {
	__u32 len;
	__u16 type;
	__u16 reserved;
};

struct event {
	struct frame frame;
	__u64 time_ns;
	__u64 packet;       /* given in BPF: CPU << 40 | counter, unique in the session */
	__u64 skb;          /* address, for finding clones made of it; never an identity */
	__u64 head;         /* skb->head: shared by the clones of a flood */
	__u64 sk;           /* skb->sk or 0 */
	__u64 netns;        /* net->net_cookie of skb->dev; 0 if the skb has no device here */
	__u64 location;     /* kfree_skb, consume_skb: return address */
	__u64 ct;           /* address of the nf_conn or 0 */
	__u32 netns_inode;
	__u32 ifindex;
	__u32 skb_len;      /* bytes from the network header on */
	__u32 mark;
	__u32 reason;       /* kfree_skb: enum skb_drop_reason of this kernel; GRO_EXIT: gro_result_t; TCP_RESET: enum sk_rst_reason; else see `dev` */
	__u16 cpu;
	__u16 protocol;     /* skb->protocol, host order (ETH_P_*) */
	__u16 gso_size;
	__u16 gso_segs;
	__u16 vlan_tci;     /* 0 = no tag */
	__u16 headers_len;
	__u16 network_offset; /* of the network header within the headers; 0 or 14 */
	__u8 tap;           /* enum tap */
	__u8 flags;         /* EVENT_* */
	__u8 identity;      /* enum identity */
	__u8 pkt_type;      /* skb->pkt_type: 0 host, 1 broadcast, 2 multicast, 3 otherhost, 4 outgoing, 5 loopback */
	__u8 nf_hook;       /* TAP_NETFILTER: hook number */
	__u8 nf_pf;
	__s16 nf_priority;
	__u16 reserved2;
	__u32 iif;          /* skb->skb_iif: device that it came in by in this namespace; 0 = made here */
	/* COPY_DATAGRAM, CONSUME_SKB with ifindex 0: comm of `current`, its pid is `reason`; 0: none. Whether it reads this, the location tells. */
	char dev[16];
};

struct event_ct {
	__u8 orig_src[16];
	__u8 orig_dst[16];
	__u8 reply_src[16];
	__u8 reply_dst[16];
	__u16 orig_sport;   /* network order; ICMP: id */
	__u16 orig_dport;   /* ICMP: type << 8 | code as in memory */
	__u16 reply_sport;
	__u16 reply_dport;
	__u32 status;       /* enum ip_conntrack_status */
	__u32 mark;
	__u16 zone;
	__u8 l3num;         /* 2 or 10 */
	__u8 proto;
	__u8 ctinfo;        /* enum ip_conntrack_info */
	__u8 reserved[3];
};

/* A process that uses a socket, certainly: lib/process.bpf.h says how it is known. */
struct process {
	struct frame frame;
	__u64 time_ns;
	__u64 sk;           /* address of the struct sock; recycled, so valid from `time_ns` on */
	__u64 netns;
	__u32 pid;          /* thread group id in the initial PID namespace; 0: another socket is at this address now, nobody's yet */
	__u32 cpu;
	char comm[16];
};

/* `count` events of one tap could not be written between the two times on that CPU. */
struct loss {
	struct frame frame;
	__u64 from_ns;
	__u64 to_ns;
	__u32 tap;
	__u32 cpu;          /* 0xffffffff: not known */
	__u32 count;
	__u32 cause;        /* enum loss_cause */
};

enum loss_cause {
	LOSS_RING = 1,      /* the ring buffer was full */
	LOSS_RECURSION = 2, /* the program was interrupted on its CPU by an event of the same tap */
	LOSS_MAP = 3,       /* the state of a packet that was still young was thrown out */
};

struct heartbeat {
	struct frame frame;
	__u64 time_ns;
	__u64 events;       /* events written so far */
};

#endif
