/* SPDX-License-Identifier: MIT
 *
 * A growing piece of JSON text. Memory that cannot be had ends the collector: its reader restarts it.
 */
#ifndef TRACER_INVENTORY_TEXT_H
#define TRACER_INVENTORY_TEXT_H

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct text {
	char *data;
	size_t len;
	size_t cap;
};

static inline void *grown(void *data, size_t size)
{
	data = realloc(data, size);
	if (!data) {
		fprintf(stderr, "tracer: out of memory\n");
		abort();
	}
	return data;
}

static inline void text_reserve(struct text *text, size_t more)
{
	if (text->len + more + 1 <= text->cap)
		return;
	text->cap = (text->len + more + 1) * 2;
	text->data = grown(text->data, text->cap);
}

static inline void text_add(struct text *text, const char *data, size_t len)
{
	if (!len)
		return;
	text_reserve(text, len);
	memcpy(text->data + text->len, data, len);
	text->len += len;
	text->data[text->len] = 0;
}

__attribute__((format(printf, 2, 3)))
static inline void text_format(struct text *text, const char *format, ...)
{
	va_list args;
	int len;

	va_start(args, format);
	len = vsnprintf(NULL, 0, format, args);
	va_end(args);
	if (len <= 0)
		return;
	text_reserve(text, len);
	va_start(args, format);
	vsnprintf(text->data + text->len, len + 1, format, args);
	va_end(args);
	text->len += len;
}

/* Quoted. Names and comms are bytes that anybody may choose: what is not plain ASCII becomes \u00XX, byte by byte. */
static inline void text_string(struct text *text, const char *string)
{
	text_add(text, "\"", 1);
	for (; *string; string++) {
		unsigned char byte = *string;

		if (byte == '"' || byte == '\\')
			text_format(text, "\\%c", byte);
		else if (byte < 0x20 || byte >= 0x7f)
			text_format(text, "\\u%04x", byte);
		else
			text_add(text, string, 1);
	}
	text_add(text, "\"", 1);
}

/* Before the next member of a list or object. */
static inline void text_comma(struct text *text)
{
	if (text->len && text->data[text->len - 1] != '[' && text->data[text->len - 1] != '{')
		text_add(text, ",", 1);
}

static inline void text_clear(struct text *text)
{
	text->len = 0;
	if (text->data)
		text->data[0] = 0;
}

static inline void text_free(struct text *text)
{
	free(text->data);
	*text = (struct text){ 0 };
}

/* FNV-1a. */
static inline uint64_t hash_of(const void *data, size_t len)
{
	const unsigned char *bytes = data;
	uint64_t hash = 0xcbf29ce484222325ULL;

	for (size_t i = 0; i < len; i++)
		hash = (hash ^ bytes[i]) * 0x100000001b3ULL;
	return hash;
}

#endif
