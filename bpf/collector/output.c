// SPDX-License-Identifier: MIT
#include "output.h"

#include <errno.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../record.h"

static struct {
	pthread_mutex_t lock;
	size_t used;
	char bytes[1 << 20];
} out = {.lock = PTHREAD_MUTEX_INITIALIZER};

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

void output_json(__u16 type, const char *json, size_t len)
{
	static const char padding[8] = "        ";
	size_t pad = -len & 7;
	struct frame head = {.len = sizeof(head) + len + pad, .type = type};

	pthread_mutex_lock(&out.lock);
	put_locked(&head, sizeof(head));
	put_locked(json, len);
	put_locked(padding, pad);
	pthread_mutex_unlock(&out.lock);
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
