// SPDX-License-Identifier: MIT
/*
 * UDP datagrams of 64 payload bytes, numbered from 0, as fast as possible or at a rate; and their counter.
 *
 *   udp-load send ADDRESS PORT MILLISECONDS RATE    RATE in packets a second, 0 = as many as go; prints {"sent","ns",
 *                                                   "cpuNs"}: the CPU's time for it, also where others want the CPU
 *   udp-load count PORT                             until stdin closes; prints {"received","distinct","ns"}, ns from the
 *                                                   first to the last one
 *
 * Batches of 64 a system call, so that neither end is what limits: nearly all the time of `send` is the packets' way.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define BATCH   64
#define BYTES   64
#define NUMBERS (1U << 27) /* bits that remember which numbers were received */

static struct batch {
	struct mmsghdr headers[BATCH];
	struct iovec parts[BATCH];
	unsigned char bytes[BATCH][BYTES];
} batch;

static uint64_t clock_ns(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return t.tv_sec * 1000000000ULL + t.tv_nsec;
}

static uint64_t now_ns(void)
{
	return clock_ns(CLOCK_MONOTONIC);
}

static void fail(const char *what)
{
	perror(what);
	exit(1);
}

static int open_socket(int buffer, int bytes)
{
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	if (fd < 0 || setsockopt(fd, SOL_SOCKET, buffer, &bytes, sizeof(bytes)))
		fail("socket");
	for (int i = 0; i < BATCH; i++) {
		batch.parts[i] = (struct iovec){batch.bytes[i], BYTES};
		batch.headers[i].msg_hdr = (struct msghdr){.msg_iov = &batch.parts[i], .msg_iovlen = 1};
	}
	return fd;
}

/* How many are due now; waits when none is. */
static unsigned int due(uint64_t sent, uint64_t started_ns, uint64_t rate)
{
	uint64_t wanted = (now_ns() - started_ns) * rate / 1000000000ULL + 1;
	struct timespec pause = {.tv_nsec = 100000};

	if (!rate || wanted >= sent + BATCH)
		return BATCH;
	if (wanted > sent)
		return wanted - sent;
	nanosleep(&pause, NULL);
	return 0;
}

static int send_all(const char *address, int port, uint64_t milliseconds, uint64_t rate)
{
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port)};
	int fd = open_socket(SO_SNDBUFFORCE, 8 << 20);
	uint64_t sent = 0, started_ns = now_ns(), end_ns = started_ns + milliseconds * 1000000ULL;

	if (inet_pton(AF_INET, address, &to.sin_addr) != 1 || connect(fd, (void *)&to, sizeof(to)))
		fail("connect");
	while (now_ns() < end_ns) {
		unsigned int count = due(sent, started_ns, rate);
		int n;

		for (unsigned int i = 0; i < count; i++) {
			uint64_t number = sent + i;

			memcpy(batch.bytes[i], &number, sizeof(number));
		}
		n = count ? sendmmsg(fd, batch.headers, count, 0) : 0;
		if (n < 0 && errno != ENOBUFS && errno != EAGAIN)
			fail("sendmmsg");
		sent += n > 0 ? n : 0;
	}
	printf("{\"sent\":%llu,\"ns\":%llu,\"cpuNs\":%llu}\n", (unsigned long long)sent,
	       (unsigned long long)(now_ns() - started_ns), (unsigned long long)clock_ns(CLOCK_PROCESS_CPUTIME_ID));
	return 0;
}

static int count_all(int port)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = INADDR_ANY};
	int fd = open_socket(SO_RCVBUFFORCE, 64 << 20);
	struct pollfd polled[] = {{.fd = fd, .events = POLLIN}, {.fd = STDIN_FILENO, .events = POLLIN}};
	unsigned char *seen = calloc(NUMBERS / 8, 1);
	uint64_t received = 0, distinct = 0, first_ns = 0, last_ns = 0;

	if (!seen || bind(fd, (void *)&at, sizeof(at)))
		fail("bind");
	puts("ready");
	fflush(stdout);
	for (;;) {
		int n = recvmmsg(fd, batch.headers, BATCH, MSG_DONTWAIT, NULL);

		if (n <= 0) {
			if (polled[1].revents)
				break;
			poll(polled, 2, -1);
			continue;
		}
		last_ns = now_ns();
		first_ns = first_ns ? first_ns : last_ns;
		received += n;
		for (int i = 0; i < n; i++) {
			uint64_t number;

			memcpy(&number, batch.bytes[i], sizeof(number));
			number %= NUMBERS;
			distinct += !(seen[number / 8] & 1 << number % 8);
			seen[number / 8] |= 1 << number % 8;
		}
	}
	printf("{\"received\":%llu,\"distinct\":%llu,\"ns\":%llu}\n", (unsigned long long)received,
	       (unsigned long long)distinct, (unsigned long long)(last_ns - first_ns));
	return 0;
}

int main(int argc, char **argv)
{
	if (argc == 6 && !strcmp(argv[1], "send"))
		return send_all(argv[2], atoi(argv[3]), strtoull(argv[4], NULL, 10), strtoull(argv[5], NULL, 10));
	if (argc == 3 && !strcmp(argv[1], "count"))
		return count_all(atoi(argv[2]));
	fputs("usage: udp-load send ADDRESS PORT MILLISECONDS RATE | udp-load count PORT\n", stderr);
	return 2;
}
