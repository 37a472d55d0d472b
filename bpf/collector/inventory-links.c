// SPDX-License-Identifier: MIT
/*
 * RTM_NEWLINK messages: kept as structures, because where their other ends are is found out later.
 */
#include <arpa/inet.h>
#include <linux/if_link.h>
#include <net/if_arp.h>

#include "inventory-state.h"
#include "netlink.h"

#ifndef IFLA_VXLAN_MAX
#define IFLA_VXLAN_MAX 40
#endif

/* Unlike other stacked devices it names the device below among its own settings, not in IFLA_LINK. */
static void read_vxlan(const struct nlattr *data, struct link *link)
{
	struct vxlan *vxlan = &link->vxlan;
	const struct nlattr *table[IFLA_VXLAN_MAX + 1];

	netlink_nested(data, table, IFLA_VXLAN_MAX);
	if (table[IFLA_VXLAN_ID])
		vxlan->vni = mnl_attr_get_u32(table[IFLA_VXLAN_ID]);
	if (table[IFLA_VXLAN_LINK])
		link->other = (int)mnl_attr_get_u32(table[IFLA_VXLAN_LINK]);
	if (table[IFLA_VXLAN_PORT])
		vxlan->port = ntohs(mnl_attr_get_u16(table[IFLA_VXLAN_PORT]));
	if (table[IFLA_VXLAN_LEARNING])
		vxlan->learning = mnl_attr_get_u8(table[IFLA_VXLAN_LEARNING]);
	if (table[IFLA_VXLAN_LOCAL])
		netlink_ip(vxlan->local, table[IFLA_VXLAN_LOCAL]);
	if (table[IFLA_VXLAN_LOCAL6])
		netlink_ip(vxlan->local, table[IFLA_VXLAN_LOCAL6]);
	if (table[IFLA_VXLAN_GROUP])
		netlink_ip(vxlan->remote, table[IFLA_VXLAN_GROUP]);
	if (table[IFLA_VXLAN_GROUP6])
		netlink_ip(vxlan->remote, table[IFLA_VXLAN_GROUP6]);
}

static void read_kind(const struct nlattr *info, struct link *link)
{
	const struct nlattr *table[IFLA_INFO_MAX + 1];

	netlink_nested(info, table, IFLA_INFO_MAX);
	if (!table[IFLA_INFO_KIND])
		return;
	snprintf(link->kind, sizeof(link->kind), "%s", mnl_attr_get_str(table[IFLA_INFO_KIND]));
	if (strcmp(link->kind, "vxlan") == 0 && table[IFLA_INFO_DATA]) {
		link->is_vxlan = true;
		read_vxlan(table[IFLA_INFO_DATA], link);
	}
}

void links_add(const struct nlmsghdr *message, void *ctx)
{
	const struct ifinfomsg *header = mnl_nlmsg_get_payload(message);
	const struct nlattr *table[IFLA_MAX + 1];
	struct netns *netns = ctx;
	struct link *link;

	if (message->nlmsg_type != RTM_NEWLINK)
		return;
	netlink_attributes(message, sizeof(*header), table, IFLA_MAX);
	netns->links = grown(netns->links, (netns->link_count + 1) * sizeof(*link));
	link = &netns->links[netns->link_count++];
	*link = (struct link){ .ifindex = header->ifi_index, .flags = header->ifi_flags, .other_nsid = -1 };
	if (header->ifi_type == ARPHRD_LOOPBACK)
		strcpy(link->kind, "loopback");
	if (table[IFLA_IFNAME])
		snprintf(link->name, sizeof(link->name), "%s", mnl_attr_get_str(table[IFLA_IFNAME]));
	if (table[IFLA_ADDRESS])
		netlink_mac(link->mac, table[IFLA_ADDRESS]);
	if (table[IFLA_MTU])
		link->mtu = mnl_attr_get_u32(table[IFLA_MTU]);
	if (table[IFLA_MASTER])
		link->master = (int)mnl_attr_get_u32(table[IFLA_MASTER]);
	if (table[IFLA_LINK])
		link->other = (int)mnl_attr_get_u32(table[IFLA_LINK]);
	if (table[IFLA_LINK_NETNSID])
		link->other_nsid = (int)mnl_attr_get_u32(table[IFLA_LINK_NETNSID]);
	if (table[IFLA_LINKINFO])
		read_kind(table[IFLA_LINKINFO], link);
	if (link->other && link->other_nsid < 0)
		link->other_netns = netns->cookie;
}
