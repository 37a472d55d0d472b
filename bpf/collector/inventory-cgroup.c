// SPDX-License-Identifier: MIT
/*
 * What a cgroup path says of containers. A container is a component that ends in 64 hexadecimal digits, alone (cgroupfs driver) or as
 * `docker-ID.scope`, `cri-containerd-ID.scope`, `crio-ID.scope`, `libpod-ID.scope` (systemd driver); it may have cgroups of its
 * own below, and containers within. A pod is the component right around its containers: `podUID`, or
 * `kubepods-burstable-podUID.slice` with _ for -. What else is within a pod's container is another's.
 */
#include <ctype.h>

#include "inventory-state.h"

#define ID_LEN 64
#define UID_LEN 36

static bool all_hex(const char *string, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (!isxdigit((unsigned char)string[i]))
			return false;
	return true;
}

static size_t without_suffix(const char *name, size_t len, const char *suffix)
{
	size_t extra = strlen(suffix);

	return len > extra && strncmp(name + len - extra, suffix, extra) == 0 ? len - extra : len;
}

static bool container_of(const char *name, size_t len, char *out)
{
	len = without_suffix(name, len, ".scope");
	if (len < ID_LEN || !all_hex(name + len - ID_LEN, ID_LEN))
		return false;
	if (len > ID_LEN && name[len - ID_LEN - 1] != '-')
		return false;
	snprintf(out, ID_LEN + 1, "%.*s", ID_LEN, name + len - ID_LEN);
	return true;
}

/* 8-4-4-4-12 hexadecimal digits; of a pod that the kubelet made of a file, 32 without a break. */
static bool is_uid(const char *text, size_t len)
{
	if (len == 32)
		return all_hex(text, len);
	if (len != UID_LEN)
		return false;
	for (size_t i = 0; i < len; i++) {
		bool gap = i == 8 || i == 13 || i == 18 || i == 23;

		if (gap ? text[i] != '-' && text[i] != '_' : !isxdigit((unsigned char)text[i]))
			return false;
	}
	return true;
}

static void pod_of(const char *name, size_t len, char *out)
{
	static const size_t lengths[] = { UID_LEN, 32 };

	*out = 0;
	len = without_suffix(name, len, ".slice");
	for (int i = 0; i < 2; i++) {
		size_t uid = lengths[i];
		const char *text;

		if (len < uid + 3)
			continue;
		text = name + len - uid;
		if (strncmp(text - 3, "pod", 3) != 0 || !is_uid(text, uid))
			continue;
		if (len > uid + 3 && text[-4] != '-')
			continue;
		snprintf(out, UID_LEN + 1, "%.*s", (int)uid, text);
		for (char *c = out; *c; c++)
			if (*c == '_')
				*c = '-';
	}
}

void cgroup_read(const char *path, struct cgroup *out)
{
	char above[UID_LEN + 1] = "";

	memset(out, 0, sizeof(*out));
	while (*path && *path != '\n') {
		size_t len = strcspn(path, "/\n");
		char container[ID_LEN + 1];

		if (container_of(path, len, container)) {
			snprintf(out->within, sizeof(out->within), "%s", out->container);
			snprintf(out->container, sizeof(out->container), "%s", container);
			snprintf(out->pod, sizeof(out->pod), "%s", above);
		}
		pod_of(path, len, above);
		path += len;
		if (*path == '/')
			path++;
	}
}
