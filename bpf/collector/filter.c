// SPDX-License-Identifier: MIT
#include "filter.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *add_key(struct filter *f, __u64 key, __u32 a, __u32 b)
{
	struct filter_bucket *bucket = &f->buckets[(key >> 8) & (FILTER_BUCKETS - 1)];
	int i;

	for (i = 0; i < 4; i++)
		if (!bucket->key[i] || bucket->key[i] == key)
			break;
	if (i == 4)
		return "too many addresses are watched: give a CIDR instead";
	bucket->a[i] |= a;
	bucket->b[i] |= b;
	bucket->key[i] = key;
	return NULL;
}

static __u8 marks_of(__u32 a, __u32 b)
{
	return (a ? MARK_A : 0) | (b ? MARK_B : 0);
}

static struct address mask_of(unsigned int bits)
{
	union {
		unsigned char bytes[16];
		struct address address;
	} mask = {};

	for (unsigned int i = 0; i < bits; i++)
		mask.bytes[i / 8] |= 0x80 >> i % 8;
	return mask.address;
}

/* Both families as 128 bits; IPv4 as ::ffff:a.b.c.d. */
static int parse_address(const char *text, struct address *out)
{
	unsigned char bytes[16] = {[10] = 0xff, [11] = 0xff};

	if (inet_pton(AF_INET, text, bytes + 12) != 1 && inet_pton(AF_INET6, text, bytes) != 1)
		return -1;
	memcpy(out, bytes, sizeof(*out));
	return 0;
}

static const char *add_address(struct filter *f, char *text, __u32 a, __u32 b)
{
	char *slash = strchr(text, '/');
	struct filter_prefix *prefix;
	struct address address;
	unsigned long bits = 128;
	int v4;

	if (slash)
		*slash = 0;
	v4 = !strchr(text, ':');
	if (parse_address(text, &address))
		return "not an address";
	if (slash) {
		char *end;

		bits = strtoul(slash + 1, &end, 10) + (v4 ? 96 : 0);
		if (*end || end == slash + 1 || bits > 128)
			return "not a prefix length";
	}
	if (bits == 128) {
		f->marks[address_mark(address)] |= marks_of(a, b);
		return add_key(f, address_key(address), a, b);
	}
	if (f->prefix_count == FILTER_PREFIXES)
		return "too many CIDRs are watched at once (8)";
	prefix = &f->prefixes[f->prefix_count++];
	prefix->mask = mask_of(bits);
	prefix->address.hi = address.hi & prefix->mask.hi;
	prefix->address.lo = address.lo & prefix->mask.lo;
	prefix->a = a;
	prefix->b = b;
	return NULL;
}

static const char *add_side(struct filter *f, unsigned int rule, char side, char *what)
{
	__u32 a = side == 'a' ? 1U << rule : 0;
	__u32 b = side == 'b' ? 1U << rule : 0;

	if (!a && !b)
		return "a side is a or b";
	if (!strncmp(what, "netns:", 6)) {
		__u64 cookie = strtoull(what + 6, NULL, 10);

		f->has_netns = 1;
		f->marks[netns_mark(cookie)] |= marks_of(a, b);
		return add_key(f, netns_key(cookie), a, b);
	}
	if (strcmp(what, "any"))
		return add_address(f, what, a, b);
	f->any_a |= a;
	f->any_b |= b;
	f->any_marks |= marks_of(a, b);
	f->all = f->any_a & f->any_b;
	return NULL;
}

static const char *add_rule(struct filter *f, unsigned int rule, const char *proto)
{
	__u32 bit = 1U << rule;

	f->active |= bit;
	if (!strcmp(proto, "any"))
		f->any_proto |= bit;
	else if (!strcmp(proto, "tcp"))
		f->tcp |= bit;
	else if (!strcmp(proto, "udp"))
		f->udp |= bit;
	else if (!strcmp(proto, "icmp"))
		f->icmp |= bit;
	else
		return "a protocol is any, tcp, udp or icmp";
	return NULL;
}

/* own NETNS ADDRESS PORT ADDRESS PORT; 0 is any */
static const char *add_own(struct filter *f, const char *line)
{
	struct own own = {};
	unsigned long long netns;
	unsigned int a_port, b_port;
	char a[64], b[64];

	if (sscanf(line, "own %llu %63s %u %63s %u", &netns, a, &a_port, b, &b_port) != 5 || a_port > 65535 || b_port > 65535)
		return "own takes a namespace and two ends";
	if ((strcmp(a, "0") && parse_address(a, &own.a)) || (strcmp(b, "0") && parse_address(b, &own.b)))
		return "not an address";
	if (f->own_count == FILTER_OWN)
		return "too many own conversations (4)";
	own.netns = netns;
	own.a_port = htons(a_port);
	own.b_port = htons(b_port);
	f->own[f->own_count++] = own;
	return NULL;
}

const char *filter_command(struct filter *f, char *line)
{
	char word[64], side;
	unsigned int number;

	if (!strcmp(line, "begin")) {
		memset(f, 0, sizeof(*f));
		return NULL;
	}
	if (sscanf(line, "tunnel %u", &number) == 1) {
		for (int i = 0; i < FILTER_TUNNELS; i++) {
			if (f->tunnel_ports[i] && f->tunnel_ports[i] != htons(number))
				continue;
			f->tunnel_ports[i] = htons(number);
			return NULL;
		}
		return "too many tunnel ports (4)";
	}
	if (!strncmp(line, "own ", 4))
		return add_own(f, line);
	if (sscanf(line, "rule %u %63s", &number, word) == 2 && number < FILTER_RULES)
		return add_rule(f, number, word);
	if (sscanf(line, "side %u %c %63s", &number, &side, word) == 3 && number < FILTER_RULES)
		return add_side(f, number, side, word);
	return "not a command";
}
