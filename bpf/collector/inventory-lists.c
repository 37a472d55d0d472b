// SPDX-License-Identifier: MIT
/*
 * Addresses, routes, neighbours and forwarding entries: nothing but the frame needs them, so each message becomes JSON
 * at once.
 */
#include <arpa/inet.h>
#include <linux/neighbour.h>

#include "inventory-state.h"
#include "netlink.h"

void lists_address(const struct nlmsghdr *message, void *ctx)
{
	const struct ifaddrmsg *header = mnl_nlmsg_get_payload(message);
	const struct nlattr *table[IFA_MAX + 1];
	const struct nlattr *address;
	struct netns *netns = ctx;
	char ip[INET6_ADDRSTRLEN];

	if (message->nlmsg_type != RTM_NEWADDR)
		return;
	netlink_attributes(message, sizeof(*header), table, IFA_MAX);
	/* On a point-to-point device IFA_ADDRESS is the other end's. */
	address = table[IFA_LOCAL] ? table[IFA_LOCAL] : table[IFA_ADDRESS];
	if (!address)
		return;
	netlink_ip(ip, address);
	text_comma(&netns->addresses);
	text_format(&netns->addresses, "{\"ifindex\":%u,\"ip\":\"%s\",\"prefixLen\":%u}", header->ifa_index, ip,
		    header->ifa_prefixlen);
}

static const char *route_type(unsigned int type)
{
	static const char *const names[] = {
		[RTN_UNSPEC] = "none", [RTN_UNICAST] = "unicast", [RTN_LOCAL] = "local",
		[RTN_BROADCAST] = "broadcast", [RTN_ANYCAST] = "anycast", [RTN_MULTICAST] = "multicast",
		[RTN_BLACKHOLE] = "blackhole", [RTN_UNREACHABLE] = "unreachable", [RTN_PROHIBIT] = "prohibit",
		[RTN_THROW] = "throw", [RTN_NAT] = "nat", [RTN_XRESOLVE] = "xresolve",
	};

	return type < sizeof(names) / sizeof(*names) ? names[type] : "unknown";
}

struct route {
	const struct rtmsg *header;
	const struct nlattr **table;
	unsigned int number;
};

static void add_route_way(struct text *out, const struct route *route, const struct nlattr *gateway,
			  const struct nlattr *via, uint32_t ifindex)
{
	const struct nlattr **table = route->table;
	char ip[INET6_ADDRSTRLEN];

	text_comma(out);
	if (table[RTA_DST])
		netlink_ip(ip, table[RTA_DST]);
	else
		strcpy(ip, route->header->rtm_family == AF_INET6 ? "::" : "0.0.0.0");
	text_format(out, "{\"table\":%u,\"dst\":\"%s/%u\",\"type\":\"%s\"", route->number, ip, route->header->rtm_dst_len,
		    route_type(route->header->rtm_type));
	if (gateway) {
		netlink_ip(ip, gateway);
		text_format(out, ",\"via\":\"%s\"", ip);
	} else if (via) {
		/* struct rtvia: an IPv4 route by an IPv6 neighbour. */
		const struct rtvia *hop = mnl_attr_get_payload(via);

		inet_ntop(hop->rtvia_family, hop->rtvia_addr, ip, sizeof(ip));
		text_format(out, ",\"via\":\"%s\"", ip);
	}
	if (ifindex)
		text_format(out, ",\"ifindex\":%u", ifindex);
	if (table[RTA_PREFSRC]) {
		netlink_ip(ip, table[RTA_PREFSRC]);
		text_format(out, ",\"src\":\"%s\"", ip);
	}
	if (table[RTA_PRIORITY])
		text_format(out, ",\"metric\":%u", mnl_attr_get_u32(table[RTA_PRIORITY]));
	text_add(out, "}", 1);
}

/* One entry for each next hop of a multipath route. */
static void add_route_ways(struct text *out, const struct route *route, const struct nlattr *multipath)
{
	const struct rtnexthop *hop = mnl_attr_get_payload(multipath);
	int left = mnl_attr_get_payload_len(multipath);

	while (left >= (int)sizeof(*hop) && hop->rtnh_len >= sizeof(*hop) && hop->rtnh_len <= left) {
		const struct nlattr *gateway = NULL;
		const struct nlattr *via = NULL;
		const struct nlattr *attr;

		mnl_attr_for_each_payload((const void *)RTNH_DATA(hop), hop->rtnh_len - sizeof(*hop))
		{
			if (mnl_attr_get_type(attr) == RTA_GATEWAY)
				gateway = attr;
			if (mnl_attr_get_type(attr) == RTA_VIA)
				via = attr;
		}
		add_route_way(out, route, gateway, via, (uint32_t)hop->rtnh_ifindex);
		if ((int)RTNH_ALIGN(hop->rtnh_len) >= left)
			break;
		left -= RTNH_ALIGN(hop->rtnh_len);
		hop = RTNH_NEXT(hop);
	}
}

void lists_route(const struct nlmsghdr *message, void *ctx)
{
	const struct nlattr *table[RTA_MAX + 1];
	struct route route = { mnl_nlmsg_get_payload(message), table, 0 };
	struct netns *netns = ctx;

	if (message->nlmsg_type != RTM_NEWROUTE || route.header->rtm_flags & RTM_F_CLONED)
		return;
	netlink_attributes(message, sizeof(*route.header), table, RTA_MAX);
	route.number = table[RTA_TABLE] ? mnl_attr_get_u32(table[RTA_TABLE]) : route.header->rtm_table;
	/* What it says is in the addresses already. */
	if (route.number == RT_TABLE_LOCAL)
		return;
	if (table[RTA_MULTIPATH])
		add_route_ways(&netns->routes, &route, table[RTA_MULTIPATH]);
	else
		add_route_way(&netns->routes, &route, table[RTA_GATEWAY], table[RTA_VIA],
			      table[RTA_OIF] ? mnl_attr_get_u32(table[RTA_OIF]) : 0);
}

static const char *neighbour_state(unsigned int state)
{
	switch (state) {
	case NUD_INCOMPLETE: return "incomplete";
	case NUD_REACHABLE: return "reachable";
	case NUD_STALE: return "stale";
	case NUD_DELAY: return "delay";
	case NUD_PROBE: return "probe";
	case NUD_FAILED: return "failed";
	case NUD_NOARP: return "noarp";
	case NUD_PERMANENT: return "permanent";
	default: return NULL;
	}
}

/*
 * An entry that works goes round through reachable, stale, delay and probe by itself; as a change of the namespace that
 * counts as nothing, or a busy host would be told anew every few seconds.
 */
void lists_neighbour(const struct nlmsghdr *message, void *ctx)
{
	const struct ndmsg *header = mnl_nlmsg_get_payload(message);
	const struct nlattr *table[NDA_MAX + 1];
	const char *state = neighbour_state(header->ndm_state);
	bool working = header->ndm_state & (NUD_REACHABLE | NUD_STALE | NUD_DELAY | NUD_PROBE);
	struct netns *netns = ctx;
	char ip[INET6_ADDRSTRLEN];
	char mac[3 * 32] = "";
	char entry[256];
	int len;

	/* NOARP: loopback and multicast, which nobody asks the network about. */
	if (message->nlmsg_type != RTM_NEWNEIGH || !state || header->ndm_state == NUD_NOARP)
		return;
	netlink_attributes(message, sizeof(*header), table, NDA_MAX);
	if (!table[NDA_DST])
		return;
	netlink_ip(ip, table[NDA_DST]);
	if (table[NDA_LLADDR])
		netlink_mac(mac, table[NDA_LLADDR]);
	len = snprintf(entry, sizeof(entry), "%d %s %s %s", header->ndm_ifindex, ip, mac, working ? "" : state);
	netns->aging_hash += hash_of(entry, len);
	text_comma(&netns->neighbours);
	text_format(&netns->neighbours, "{\"ifindex\":%d,\"ip\":\"%s\",", header->ndm_ifindex, ip);
	if (*mac)
		text_format(&netns->neighbours, "\"mac\":\"%s\",", mac);
	text_format(&netns->neighbours, "\"state\":\"%s\"}", state);
}

/* Of bridge ports, bridges and tunnels, unicast only: what a switch has learned or was told. */
void lists_fdb(const struct nlmsghdr *message, void *ctx)
{
	const struct ndmsg *header = mnl_nlmsg_get_payload(message);
	const struct nlattr *table[NDA_MAX + 1];
	const unsigned char *bytes;
	struct netns *netns = ctx;
	char ip[INET6_ADDRSTRLEN] = "";
	char mac[3 * 32];
	char entry[256];
	int len;

	if (message->nlmsg_type != RTM_NEWNEIGH)
		return;
	netlink_attributes(message, sizeof(*header), table, NDA_MAX);
	if (!table[NDA_LLADDR] || (!table[NDA_MASTER] && !table[NDA_DST]))
		return;
	bytes = mnl_attr_get_payload(table[NDA_LLADDR]);
	/* A port's own address is listed for no VLAN and again for each. */
	if (bytes[0] & 1 || (table[NDA_VLAN] && header->ndm_state & NUD_PERMANENT))
		return;
	netlink_mac(mac, table[NDA_LLADDR]);
	if (table[NDA_DST])
		netlink_ip(ip, table[NDA_DST]);
	len = snprintf(entry, sizeof(entry), "fdb %d %s %s", header->ndm_ifindex, mac, ip);
	netns->aging_hash += hash_of(entry, len);
	text_comma(&netns->fdb);
	text_format(&netns->fdb, "{\"ifindex\":%d,\"mac\":\"%s\"", header->ndm_ifindex, mac);
	if (*ip)
		text_format(&netns->fdb, ",\"dst\":\"%s\"", ip);
	text_add(&netns->fdb, "}", 1);
}
