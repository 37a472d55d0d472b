// SPDX-License-Identifier: MIT
/*
 * A namespace as JSON: `InventoryFrame` of src/model/inventory.ts. What does not apply is left out.
 */
#include <inttypes.h>

#include "inventory-state.h"

static void add_text_field(struct text *out, const char *name, const char *value)
{
	if (!*value)
		return;
	text_format(out, ",\"%s\":", name);
	text_string(out, value);
}

static void add_processes(const struct netns *netns, struct text *out)
{
	text_format(out, "\"processes\":[");
	for (int i = 0; i < netns->process_count; i++) {
		const struct process *process = &netns->processes[i];

		text_comma(out);
		text_format(out, "{\"pid\":%d,\"comm\":", process->pid);
		text_string(out, process->comm);
		add_text_field(out, "container", process->cgroup.container);
		add_text_field(out, "within", process->cgroup.within);
		add_text_field(out, "pod", process->cgroup.pod);
		text_add(out, "}", 1);
	}
	text_add(out, "]", 1);
}

static void add_other(const struct link *link, struct text *out)
{
	if (!link->other)
		return;
	text_format(out, ",\"%s\":{\"ifindex\":%d", link_has_peer(link) ? "peer" : "lower", link->other);
	if (link->other_netns)
		text_format(out, ",\"netns\":\"%" PRIu64 "\"", link->other_netns);
	text_add(out, "}", 1);
}

static void add_vxlan(const struct vxlan *vxlan, struct text *out)
{
	text_format(out, ",\"vxlan\":{\"vni\":%u,\"port\":%u", vxlan->vni, vxlan->port);
	if (*vxlan->local)
		text_format(out, ",\"local\":\"%s\"", vxlan->local);
	if (*vxlan->remote)
		text_format(out, ",\"remote\":\"%s\"", vxlan->remote);
	text_format(out, ",\"learning\":%s}", vxlan->learning ? "true" : "false");
}

static void add_links(const struct netns *netns, struct text *out)
{
	text_format(out, "\"links\":[");
	for (size_t i = 0; i < netns->link_count; i++) {
		const struct link *link = &netns->links[i];
		/* IFF_RUNNING: it has a carrier too, or is of a kind that knows none. */
		bool up = (link->flags & IFF_UP) && (link->flags & IFF_RUNNING);

		text_comma(out);
		text_format(out, "{\"ifindex\":%d,\"name\":", link->ifindex);
		text_string(out, link->name);
		if (*link->kind) {
			text_format(out, ",\"kind\":");
			text_string(out, link->kind);
		}
		if (*link->mac)
			text_format(out, ",\"mac\":\"%s\"", link->mac);
		text_format(out, ",\"mtu\":%u,\"up\":%s", link->mtu, up ? "true" : "false");
		if (link->master)
			text_format(out, ",\"master\":%d", link->master);
		add_other(link, out);
		if (link->is_vxlan)
			add_vxlan(&link->vxlan, out);
		text_add(out, "}", 1);
	}
	text_add(out, "]", 1);
}

static void add_list(struct text *out, const char *key, const struct text *list)
{
	text_format(out, ",\"%s\":[", key);
	text_add(out, list->data, list->len);
	text_add(out, "]", 1);
}

static void end_frame(struct outbox *out)
{
	out->ends = grown(out->ends, (out->count + 1) * sizeof(*out->ends));
	out->ends[out->count++] = out->text.len;
}

void frame_netns(struct inventory *inventory, struct netns *netns, struct outbox *outbox)
{
	struct text *out = &outbox->text;

	text_format(out, "{\"timeNs\":\"%" PRIu64 "\",\"cookie\":\"%" PRIu64 "\",\"inode\":%u,\"own\":%s", netns->read_ns,
		    netns->cookie, netns->inode, netns->cookie == inventory->home_cookie ? "true" : "false");
	add_list(out, "names", &netns->names);
	text_add(out, ",", 1);
	add_processes(netns, out);
	text_add(out, ",", 1);
	add_links(netns, out);
	add_list(out, "addresses", &netns->addresses);
	add_list(out, "routes", &netns->routes);
	add_list(out, "neighbours", &netns->neighbours);
	add_list(out, "fdb", &netns->fdb);
	if (netns->ip_forward >= 0)
		text_format(out, ",\"ipForward\":%s", netns->ip_forward ? "true" : "false");
	if (netns->unreadable) {
		text_format(out, ",\"unreadable\":");
		text_string(out, netns->unreadable);
	}
	text_add(out, "}", 1);
	end_frame(outbox);
}

void frame_gone(struct netns *netns, struct outbox *outbox)
{
	text_format(&outbox->text, "{\"timeNs\":\"%" PRIu64 "\",\"cookie\":\"%" PRIu64 "\",\"gone\":true}", now_ns(),
		    netns->cookie);
	end_frame(outbox);
}

void outbox_emit(struct outbox *out, inventory_emit emit, void *ctx)
{
	size_t start = 0;

	for (size_t i = 0; i < out->count; start = out->ends[i++])
		emit(ctx, out->text.data + start, out->ends[i] - start);
	out->count = 0;
	text_clear(&out->text);
}

void outbox_free(struct outbox *out)
{
	text_free(&out->text);
	free(out->ends);
}

/* Of all that a frame says, but its time and what merely ages. Never 0, which stands for "not emitted yet". */
uint64_t frame_hash(const struct netns *netns)
{
	struct text text = { 0 };
	uint64_t hash;

	add_processes(netns, &text);
	add_links(netns, &text);
	hash = hash_of(text.data, text.len);
	text_free(&text);
	hash = hash * 31 + hash_of(netns->names.data, netns->names.len);
	hash = hash * 31 + hash_of(netns->addresses.data, netns->addresses.len);
	hash = hash * 31 + hash_of(netns->routes.data, netns->routes.len);
	hash = hash * 31 + netns->aging_hash;
	hash = hash * 31 + (uint64_t)(netns->ip_forward + 1);
	hash = hash * 31 + (netns->unreadable ? hash_of(netns->unreadable, strlen(netns->unreadable)) : 0);
	return hash | 1;
}
