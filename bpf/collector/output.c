// SPDX-License-Identifier: MIT
#include "output.h"

#include <errno.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "../record.h"

#define ASIDE_MAX (64UL << 20)

static struct {
	pthread_mutex_t lock;
	size_t used;
	char bytes[1 << 20];
} out = {.lock = PTHREAD_MUTEX_INITIALIZER};

/* Frames of other threads: they wait here, so that a reader that stalls does not stop who writes them. */
static struct {
	pthread_mutex_t lock;
	pthread_cond_t taken;
	size_t used;
	size_t room;
	char *bytes;
	int wake_fd; /* an eventfd: something lies here */
} aside = {.wake_fd = -1, .lock = PTHREAD_MUTEX_INITIALIZER, .taken = PTHREAD_COND_INITIALIZER};

static void write_all(const char *bytes, size_t len)
{
	while (len) {
		ssize_t n = write(STDOUT_FILENO, bytes, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			_exit(errno == EPIPE ? 0 : 1); /* nobody reads: nothing is left to do, links close with us */
		bytes += n;
		len -= n;
	}
}

static void flush_locked(void)
{
	write_all(out.bytes, out.used);
	out.used = 0;
}

static void put_locked(const void *bytes, size_t len)
{
	if (out.used + len > sizeof(out.bytes))
		flush_locked();
	if (len > sizeof(out.bytes)) {
		write_all(bytes, len);
		return;
	}
	memcpy(out.bytes + out.used, bytes, len);
	out.used += len;
}

void output_flush(void)
{
	pthread_mutex_lock(&out.lock);
	flush_locked();
	pthread_mutex_unlock(&out.lock);
}

void output_frame(const void *frame, size_t len)
{
	pthread_mutex_lock(&out.lock);
	put_locked(frame, len);
	pthread_mutex_unlock(&out.lock);
}

static const char padding[8] = "        ";

static struct frame json_head(__u16 type, size_t len)
{
	return (struct frame){.len = sizeof(struct frame) + len + (-len & 7), .type = type};
}

void output_json(__u16 type, const char *json, size_t len)
{
	struct frame head = json_head(type, len);

	pthread_mutex_lock(&out.lock);
	put_locked(&head, sizeof(head));
	put_locked(json, len);
	put_locked(padding, -len & 7);
	pthread_mutex_unlock(&out.lock);
}

static void put_aside_locked(const void *bytes, size_t len)
{
	memcpy(aside.bytes + aside.used, bytes, len);
	aside.used += len;
}

void output_json_aside(__u16 type, const char *json, size_t len)
{
	struct frame head = json_head(type, len);

	pthread_mutex_lock(&aside.lock);
	while (aside.used && aside.used + head.len > ASIDE_MAX)
		pthread_cond_wait(&aside.taken, &aside.lock);
	if (aside.used + head.len > aside.room) {
		aside.room = (aside.used + head.len) * 2;
		aside.bytes = realloc(aside.bytes, aside.room);
		if (!aside.bytes)
			abort();
	}
	put_aside_locked(&head, sizeof(head));
	put_aside_locked(json, len);
	put_aside_locked(padding, -len & 7);
	eventfd_write(aside.wake_fd, 1);
	pthread_mutex_unlock(&aside.lock);
}

int output_aside_fd(void)
{
	pthread_mutex_lock(&aside.lock);
	if (aside.wake_fd < 0)
		aside.wake_fd = eventfd(aside.used != 0, EFD_CLOEXEC | EFD_NONBLOCK);
	pthread_mutex_unlock(&aside.lock);
	return aside.wake_fd;
}

void output_take_aside(void)
{
	eventfd_t count;
	char *bytes;
	size_t used;

	pthread_mutex_lock(&aside.lock);
	eventfd_read(aside.wake_fd, &count);
	bytes = aside.bytes;
	used = aside.used;
	aside.bytes = NULL;
	aside.used = aside.room = 0;
	pthread_cond_signal(&aside.taken);
	pthread_mutex_unlock(&aside.lock);
	if (used)
		output_frame(bytes, used);
	free(bytes);
}

void output_jsonf(__u16 type, const char *format, ...)
{
	char *text;
	va_list args;
	int len;

	va_start(args, format);
	len = vasprintf(&text, format, args);
	va_end(args);
	if (len < 0)
		return;
	output_json(type, text, len);
	free(text);
}
