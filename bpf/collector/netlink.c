// SPDX-License-Identifier: MIT
#include "netlink.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_link.h>
#include <linux/neighbour.h>
#include <linux/net_namespace.h>
#include <linux/netconf.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

/* The kernel fills dumps up to the size of the reader's buffer, at most 32 KiB (netlink_dump, 4.4 and later). */
#define BUFFER_BYTES 32768

/* Not in Debian 12's headers under this name before 5.16; statistics are the larger part of a link's message. */
#ifndef RTEXT_FILTER_SKIP_STATS
#define RTEXT_FILTER_SKIP_STATS (1 << 3)
#endif

struct reply {
	netlink_visit visit;
	void *ctx;
};

int netlink_open(struct netlink *netlink)
{
	netlink->seq = 0;
	netlink->socket = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC);
	if (!netlink->socket)
		return -errno;
	if (mnl_socket_bind(netlink->socket, 0, MNL_SOCKET_AUTOPID) < 0) {
		int error = errno;

		netlink_close(netlink);
		return -error;
	}
	return 0;
}

void netlink_close(struct netlink *netlink)
{
	if (netlink->socket)
		mnl_socket_close(netlink->socket);
	netlink->socket = NULL;
}

static int on_message(const struct nlmsghdr *message, void *data)
{
	struct reply *reply = data;

	reply->visit(message, reply->ctx);
	return MNL_CB_OK;
}

/* Sends and reads until the answer's end (`multi`) or its first message. */
static int ask(struct netlink *netlink, struct nlmsghdr *request, bool multi, struct reply *reply)
{
	_Alignas(struct nlmsghdr) char buffer[BUFFER_BYTES];
	unsigned int port = mnl_socket_get_portid(netlink->socket);
	int result = MNL_CB_OK;

	request->nlmsg_seq = ++netlink->seq;
	if (mnl_socket_sendto(netlink->socket, request, request->nlmsg_len) < 0)
		return -errno;
	while (result > MNL_CB_STOP) {
		ssize_t len = mnl_socket_recvfrom(netlink->socket, buffer, sizeof(buffer));

		if (len < 0)
			return -errno;
		result = mnl_cb_run(buffer, len, netlink->seq, port, on_message, reply);
		if (result < 0)
			return -errno;
		if (!multi)
			break;
	}
	return 0;
}

int netlink_dump(struct netlink *netlink, uint16_t type, uint8_t family, netlink_visit visit, void *ctx)
{
	char buffer[MNL_NLMSG_HDRLEN + 64];
	struct nlmsghdr *request = mnl_nlmsg_put_header(buffer);
	struct reply reply = { visit, ctx };

	request->nlmsg_type = type;
	request->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	/* Each family's header starts with the family byte, and the rest of it is a filter that we leave empty. */
	if (type == RTM_GETLINK) {
		struct ifinfomsg *header = mnl_nlmsg_put_extra_header(request, sizeof(*header));

		header->ifi_family = family;
		mnl_attr_put_u32(request, IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS);
	} else if (type == RTM_GETNEIGH) {
		struct ndmsg *header = mnl_nlmsg_put_extra_header(request, sizeof(*header));

		header->ndm_family = family;
	} else {
		struct rtmsg *header = mnl_nlmsg_put_extra_header(request, sizeof(*header));

		header->rtm_family = family;
	}
	return ask(netlink, request, true, &reply);
}

static void take_nsid(const struct nlmsghdr *message, void *ctx)
{
	const struct nlattr *table[NETNSA_MAX + 1];

	if (message->nlmsg_type != RTM_NEWNSID)
		return;
	netlink_attributes(message, sizeof(struct rtgenmsg), table, NETNSA_MAX);
	if (table[NETNSA_NSID])
		*(int *)ctx = (int)mnl_attr_get_u32(table[NETNSA_NSID]);
}

int netlink_nsid_of(struct netlink *netlink, int fd)
{
	char buffer[MNL_NLMSG_HDRLEN + 64];
	struct nlmsghdr *request = mnl_nlmsg_put_header(buffer);
	struct rtgenmsg *header;
	int nsid = -1;
	struct reply reply = { take_nsid, &nsid };
	int result;

	request->nlmsg_type = RTM_GETNSID;
	request->nlmsg_flags = NLM_F_REQUEST;
	header = mnl_nlmsg_put_extra_header(request, sizeof(*header));
	header->rtgen_family = AF_UNSPEC;
	mnl_attr_put_u32(request, NETNSA_FD, (uint32_t)fd);
	result = ask(netlink, request, false, &reply);
	return result < -1 ? result : nsid;
}

static void take_forwarding(const struct nlmsghdr *message, void *ctx)
{
	const struct nlattr *table[NETCONFA_MAX + 1];

	if (message->nlmsg_type != RTM_NEWNETCONF)
		return;
	netlink_attributes(message, sizeof(struct netconfmsg), table, NETCONFA_MAX);
	if (table[NETCONFA_FORWARDING])
		*(int *)ctx = mnl_attr_get_u32(table[NETCONFA_FORWARDING]) != 0;
}

int netlink_forwarding(struct netlink *netlink)
{
	char buffer[MNL_NLMSG_HDRLEN + 64];
	struct nlmsghdr *request = mnl_nlmsg_put_header(buffer);
	struct netconfmsg *header;
	int forwarding = -ENODATA;
	struct reply reply = { take_forwarding, &forwarding };
	int result;

	request->nlmsg_type = RTM_GETNETCONF;
	request->nlmsg_flags = NLM_F_REQUEST;
	header = mnl_nlmsg_put_extra_header(request, sizeof(*header));
	header->ncm_family = AF_INET;
	mnl_attr_put_u32(request, NETCONFA_IFINDEX, (uint32_t)NETCONFA_IFINDEX_ALL);
	result = ask(netlink, request, false, &reply);
	return result < 0 ? result : forwarding;
}

struct attributes {
	const struct nlattr **table;
	uint16_t max;
};

static int keep_attribute(const struct nlattr *attribute, void *data)
{
	struct attributes *attributes = data;
	uint16_t type = mnl_attr_get_type(attribute);

	if (type <= attributes->max)
		attributes->table[type] = attribute;
	return MNL_CB_OK;
}

void netlink_attributes(const struct nlmsghdr *message, size_t header, const struct nlattr **table, uint16_t max)
{
	struct attributes attributes = { table, max };

	memset(table, 0, (max + 1) * sizeof(*table));
	mnl_attr_parse(message, header, keep_attribute, &attributes);
}

void netlink_nested(const struct nlattr *nest, const struct nlattr **table, uint16_t max)
{
	struct attributes attributes = { table, max };

	memset(table, 0, (max + 1) * sizeof(*table));
	mnl_attr_parse_nested(nest, keep_attribute, &attributes);
}

void netlink_ip(char *out, const struct nlattr *attribute)
{
	int family = mnl_attr_get_payload_len(attribute) == 16 ? AF_INET6 : AF_INET;

	inet_ntop(family, mnl_attr_get_payload(attribute), out, INET6_ADDRSTRLEN);
}

void netlink_mac(char *out, const struct nlattr *attribute)
{
	const unsigned char *bytes = mnl_attr_get_payload(attribute);
	size_t len = mnl_attr_get_payload_len(attribute);

	*out = 0;
	for (size_t i = 0; i < len && i < NETLINK_MAC_BYTES; i++)
		out += sprintf(out, "%s%02x", i ? ":" : "", bytes[i]);
}
