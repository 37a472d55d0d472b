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

/* Length of the UTF-8 character there, 0 if it is none (RFC 3629: no overlong forms, no surrogates). */
static inline int utf8_length(const unsigned char *at)
{
	static const struct { unsigned char from, to, second_from, second_to; int len; } forms[] = {
		{ 0x01, 0x7f, 0, 0, 1 },       { 0xc2, 0xdf, 0x80, 0xbf, 2 }, { 0xe0, 0xe0, 0xa0, 0xbf, 3 },
		{ 0xe1, 0xec, 0x80, 0xbf, 3 }, { 0xed, 0xed, 0x80, 0x9f, 3 }, { 0xee, 0xef, 0x80, 0xbf, 3 },
		{ 0xf0, 0xf0, 0x90, 0xbf, 4 }, { 0xf1, 0xf3, 0x80, 0xbf, 4 }, { 0xf4, 0xf4, 0x80, 0x8f, 4 },
	};

	for (size_t i = 0; i < sizeof(forms) / sizeof(*forms); i++) {
		if (at[0] < forms[i].from || at[0] > forms[i].to)
			continue;
		if (forms[i].len > 1 && (at[1] < forms[i].second_from || at[1] > forms[i].second_to))
			return 0;
		for (int k = 2; k < forms[i].len; k++)
			if ((at[k] & 0xc0) != 0x80)
				return 0;
		return forms[i].len;
	}
	return 0;
}

/* Quoted. Names and comms are bytes that anybody may choose; what is not UTF-8 becomes U+FFFD, byte by byte. */
static inline void text_string(struct text *text, const char *string)
{
	text_add(text, "\"", 1);
	while (*string) {
		unsigned char byte = *string;
		int len = utf8_length((const unsigned char *)string);

		if (byte == '"' || byte == '\\')
			text_format(text, "\\%c", byte);
		else if (byte < 0x20 || byte == 0x7f)
			text_format(text, "\\u%04x", byte);
		else if (len)
			text_add(text, string, len);
		else
			text_format(text, "\\ufffd");
		string += len ? len : 1;
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
