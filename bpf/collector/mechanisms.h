/* SPDX-License-Identifier: MIT */
#ifndef TRACER_MECHANISMS_H
#define TRACER_MECHANISMS_H

/*
 * Tries each way to put a program into this kernel with one that does nothing, and prints what came of it as one line of JSON:
 * {"btf":bool,"capabilities":"HEX","mechanisms":[{"name","state":"yes"|"no"|"unknown","reason"?}]}. Nothing stays attached.
 */
void mechanisms_print(void);

#endif
