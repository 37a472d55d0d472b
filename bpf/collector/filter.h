/* SPDX-License-Identifier: MIT */
#ifndef TRACER_COLLECTOR_FILTER_H
#define TRACER_COLLECTOR_FILTER_H

#include "../lib/filter.h"

/*
 * What is followed, put together from command lines and handed to the kernel as a whole:
 *   begin                         forget everything (in the idle copy)
 *   rule N any|tcp|udp|icmp       rule N, 0 … 31
 *   side N a|b any                one side of it
 *   side N a|b ADDRESS[/LENGTH]
 *   side N a|b netns:COOKIE
 *   tunnel PORT                   a UDP port that carries VXLAN
 * Returns NULL, or why the line was refused.
 */
const char *filter_command(struct filter *f, char *line);

#endif
