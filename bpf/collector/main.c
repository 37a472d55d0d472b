// SPDX-License-Identifier: MIT
/*
 * The collector: loads the taps, writes what they see to stdout as frames (record.h), reads commands from stdin.
 * It knows nothing of names or meaning. It ends when stdin closes, and leaves nothing attached: the links are its own.
 *
 * stdin, one command a line: those of filter.h, then
 *   apply SEQ      puts the filter in force; answered by a reply frame {"applied":SEQ}
 *   look           look at the namespaces at once
 *   forget         with the next apply, what was learned of packets followed so far: conversations not asked for any more end
 *   hooks COOKIE 2|10 MASK   netfilter links in that namespace for IPv4 or IPv6, with the next apply; begin forgets them.
 *                            MASK: one bit a hook, 1 << NF_INET_PRE_ROUTING and so on; 31 is all
 *   own NETNS ADDRESS PORT ADDRESS PORT   a TCP conversation that is never followed; 0 = any
 * A refused line is answered by a reply frame {"refused":"LINE","why":"…"}.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#include "../record.h"
#include "filter.h"
#include "hello.h"
#include "hooks.h"
#include "inventory.h"
#include "mechanisms.h"
#include "output.h"
#include "symbols.h"
#include "taps.h"

#define MS 1000000ULL
/*
 * While packets come: a heartbeat, before which the ring is drained. A wake-up disturbs the traffic more than it looks: on a
 * virtual machine of two CPUs 200 a second took 10 % of the packets.
 */
#define HEARTBEAT_NS (20 * MS)
#define REORDER_NS   (5 * MS)
#define IDLE_NS      (200 * MS) /* when none came for this long, and then between heartbeats */
#define REST_NS      (1000 * MS) /* when none came for this long, taps that need one first are taken off; and then */

static struct collector {
	struct tracer_bpf *bpf;
	struct inventory *inventory;
	struct ring_buffer *ring;
	struct filter filter;
	__u64 events;
	__u64 told_ns;  /* time of the last heartbeat */
	__u64 until_ns; /* a drain ends at the first record younger than this */
	__u64 active_ns; /* last time that there was something to do */
	bool resting;
	bool forgets; /* what was learned, with the next filter */
	char line[4096];
	size_t line_len;
} self;

static void name_location(const struct event *e)
{
	const char *name;
	int fresh;

	name = symbol_name(e->location, &fresh);
	if (fresh && name)
		output_jsonf(FRAME_SYMBOL, "{\"address\":\"%llu\",\"name\":\"%s\"}", e->location, name);
}

static void tell_time(__u64 time_ns)
{
	struct heartbeat beat = {.frame = {.len = sizeof(beat), .type = FRAME_HEARTBEAT}};

	beat.time_ns = self.told_ns = time_ns;
	beat.events = self.events;
	output_frame(&beat, sizeof(beat));
}

/*
 * A full ring takes longer to write out than the reader should wait for the time: without it nothing ends, and all is kept. A record
 * may be begun a little before the one that stands before it.
 */
static void tell_time_meanwhile(__u64 time_ns)
{
	if (time_ns < self.told_ns + HEARTBEAT_NS + REORDER_NS)
		return;
	taps_losses(self.bpf, clock_ns(CLOCK_MONOTONIC), 0);
	tell_time(time_ns - REORDER_NS);
}

/* The ring keeps the order in which records were begun, so one younger than the clock ends the drain. */
static int on_record(void *ctx, void *data, size_t len)
{
	const struct event *e = data;

	(void)ctx;
	if (len < sizeof(struct frame) || e->frame.len != len)
		return 0;
	if (e->frame.type == FRAME_EVENT) {
		tell_time_meanwhile(e->time_ns);
		if (e->location)
			name_location(e);
		self.events++;
	}
	output_frame(data, len);
	return e->time_ns > self.until_ns ? -EAGAIN : 0;
}

static void on_inventory(void *ctx, const char *json, size_t len)
{
	(void)ctx;
	output_json_aside(FRAME_INVENTORY, json, len);
}

/* Names first: what is drained next may be of a namespace that was just told. */
static void drain(__u64 until_ns)
{
	__u64 before = self.events;
	bool rest;

	self.until_ns = until_ns;
	output_take_aside();
	ring_buffer__consume(self.ring);
	if (self.events != before)
		self.active_ns = until_ns;
	rest = until_ns > self.active_ns + REST_NS;
	if (rest != self.resting)
		taps_rest(self.bpf, rest);
	self.resting = rest;
}

/* Everything that happened before `now` goes out, then what was lost of it, then the time itself. */
static void beat(int last)
{
	__u64 now_ns = clock_ns(CLOCK_MONOTONIC);

	drain(now_ns);
	taps_losses(self.bpf, now_ns, last);
	hooks_release(self.inventory);
	tell_time(now_ns);
	output_flush();
}

static void apply(const char *seq)
{
	int links;

	taps_filter(self.bpf, &self.filter);
	if (self.forgets)
		taps_forget(self.bpf);
	self.forgets = false;
	links = hooks_apply(self.inventory);
	self.active_ns = clock_ns(CLOCK_MONOTONIC);
	output_jsonf(FRAME_REPLY, "{\"applied\":%ld,\"links\":%d}", strtol(seq, NULL, 10), links);
	output_flush();
}

static void on_command(char *line)
{
	unsigned long long cookie;
	unsigned int pf, hooks;
	const char *why;

	if (!strcmp(line, "begin"))
		hooks_begin();
	if (sscanf(line, "hooks %llu %u %u", &cookie, &pf, &hooks) == 3 && (pf == 2 || pf == 10)) {
		hooks_want(cookie, pf, hooks);
	} else if (!strncmp(line, "apply ", 6)) {
		apply(line + 6);
	} else if (!strcmp(line, "forget")) {
		self.forgets = true;
	} else if (!strcmp(line, "look")) {
		inventory_poke(self.inventory);
	} else {
		why = filter_command(&self.filter, line);
		if (!why)
			return;
		line[strcspn(line, "\"\\")] = 0;
		output_jsonf(FRAME_REPLY, "{\"refused\":\"%.100s\",\"why\":\"%s\"}", line, why);
	}
}

/* False: stdin was closed. */
static int read_commands(void)
{
	ssize_t n = read(STDIN_FILENO, self.line + self.line_len, sizeof(self.line) - self.line_len - 1);
	char *newline;

	if (n < 0)
		return errno == EINTR || errno == EAGAIN;
	if (n == 0)
		return 0;
	self.line_len += n;
	self.line[self.line_len] = 0;
	while ((newline = strchr(self.line, '\n'))) {
		*newline = 0;
		on_command(self.line);
		self.line_len -= newline + 1 - self.line;
		memmove(self.line, newline + 1, self.line_len + 1);
	}
	if (self.line_len == sizeof(self.line) - 1)
		self.line_len = 0; /* no command is that long */
	return 1;
}

/* Told by the first record that comes; what came before it was told is still in the ring. */
static void fall_asleep(void)
{
	taps_reader_sleeps(self.bpf, true);
	drain(clock_ns(CLOCK_MONOTONIC));
	output_flush();
}

/* How long there is nothing to do, if nothing comes. */
static __u64 rest_ns(__u64 now_ns, __u64 beat_ns)
{
	bool is_idle = now_ns - self.active_ns > IDLE_NS;
	/* namespaces that hold nothing but our links are let go at a heartbeat */
	bool rests = self.resting && !hooks_held();
	__u64 due_ns = beat_ns + (rests ? REST_NS : is_idle ? IDLE_NS : HEARTBEAT_NS);

	return due_ns > now_ns ? due_ns - now_ns : 0;
}

static int watch_fd(int poll, int fd)
{
	struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};

	return epoll_ctl(poll, EPOLL_CTL_ADD, fd, &event);
}

static int run(void)
{
	int poll = epoll_create1(EPOLL_CLOEXEC), aside = output_aside_fd();
	struct epoll_event event;
	__u64 beat_ns = 0;

	if (watch_fd(poll, STDIN_FILENO)) {
		fprintf(stderr, "stdin must be a pipe: %s\n", strerror(errno));
		return 1;
	}
	if (watch_fd(poll, ring_buffer__epoll_fd(self.ring)) || watch_fd(poll, aside)) {
		perror("epoll");
		return 1;
	}
	self.active_ns = clock_ns(CLOCK_MONOTONIC);
	for (;;) {
		__u64 now_ns = clock_ns(CLOCK_MONOTONIC), rest = rest_ns(now_ns, beat_ns);
		int n;

		if (!rest) {
			beat(0);
			beat_ns = self.until_ns;
		} else if (rest > HEARTBEAT_NS) {
			fall_asleep();
		}
		/* also where the next heartbeat is due already, because a full ring took longer to write out: commands do not wait for its end */
		n = epoll_wait(poll, &event, 1, (rest + MS - 1) / MS);
		if (n > 0 && event.data.fd == STDIN_FILENO && !read_commands())
			break;
		if (!rest)
			continue;
		taps_reader_sleeps(self.bpf, false);
		drain(clock_ns(CLOCK_MONOTONIC));
		output_flush();
	}
	beat(1);
	return 0;
}

static int usage(void)
{
	fputs("usage: collector [--ring BYTES] [--without-fingerprint] [--without-birth] [--without-sampling] [--location-by-stack]\n"
	      "       collector --mechanisms\n"
	      "Writes frames to stdout, reads commands from stdin; not meant to be run by hand: see bpf/README.md.\n",
	      stderr);
	return 2;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {{"ring", required_argument, NULL, 'r'},
						{"without-fingerprint", no_argument, NULL, 'f'},
						{"without-birth", no_argument, NULL, 'b'},
						{"without-sampling", no_argument, NULL, 's'},
						{"location-by-stack", no_argument, NULL, 'l'},
						{"mechanisms", no_argument, NULL, 'm'},
						{}};
	struct taps_options taps = {.ring_bytes = 16 * 1024 * 1024};
	int option, code;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option == 'r')
			taps.ring_bytes = strtoul(optarg, NULL, 10);
		else if (option == 'f')
			taps.without_fingerprint = 1;
		else if (option == 'b')
			taps.without_birth = 1;
		else if (option == 's')
			taps.without_sampling = 1;
		else if (option == 'l')
			taps.location_by_stack = 1;
		else if (option == 'm')
			return mechanisms_print(), 0;
		else
			return usage();
	}
	if (optind < argc || taps.ring_bytes < 4096 || taps.ring_bytes & (taps.ring_bytes - 1))
		return usage();
	signal(SIGPIPE, SIG_IGN);
	signal(SIGINT, SIG_IGN); /* Ctrl-C reaches the whole group; the reader decides and closes stdin */
	self.bpf = taps_open(&taps);
	if (!self.bpf)
		return 1;
	self.inventory = inventory_start(on_inventory, NULL);
	self.ring = ring_buffer__new(taps_ring(self.bpf), on_record, NULL, NULL);
	if (!self.inventory || !self.ring) {
		fprintf(stderr, "cannot start: %s\n", strerror(errno));
		return 1;
	}
	inventory_wait_first(self.inventory, 5000);
	output_take_aside();
	hello(inventory_how(self.inventory));
	code = run();
	inventory_stop(self.inventory);
	output_take_aside();
	output_flush();
	taps_close(self.bpf);
	return code;
}
