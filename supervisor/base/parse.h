/*
 * Small values from text: numbers, sizes, times, signals. Pure; surrounding blanks are
 * allowed everywhere. Outputs are written only on success; on failure the return is -EINVAL
 * or -ERANGE and e (may be NULL) holds Supervisor's sentence where Supervisor has one.
 */
#ifndef BASE_PARSE_H
#define BASE_PARSE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

/* Python's int(): optional sign, `_` between digits. "invalid literal for int() with base 10" */
int parse_int(const char *text, int64_t *out, struct err *e);

/* yes true on 1 / no false off 0, any case. "not a valid boolean value: 'maybe'" */
int parse_bool(const char *text, bool *out, struct err *e);

/* Supervisor's byte sizes: N, or N with KB, MB, GB (1024s), any case. */
int parse_size(const char *text, int64_t *out, struct err *e);

/* Limits: above 0, or INT64_MAX for "max" and "infinity". Bytes with K, M, G or T (1024s), or KB
 * and so on; microseconds in 100 ms from CPUs ("1.5") or percent ("150%"); a whole number. */
int parse_memory(const char *text, int64_t *out, struct err *e);
int parse_cpus(const char *text, int64_t *out_us, struct err *e);
int parse_count(const char *text, int64_t *out, struct err *e);

/* Base 8 with optional 0 or 0o. "9 can not be converted to an octal type" */
int parse_octal(const char *text, int64_t *out, struct err *e);

/* ms, s, m, h, d with decimals ("1.5s", "10m"); a bare number is seconds. In milliseconds. */
int parse_duration(const char *text, int64_t *out_ms, struct err *e);

/* Number or name with or without SIG, any case, with the aliases of signal(7). */
int parse_signal(const char *text, int *out, struct err *e);

/* "SIGTERM" for 15; "signal 63" for numbers without a name. `text` holds at least 16 bytes. */
const char *parse_signal_name(int number, char *text, unsigned long size);

/* How many edits (insert, delete, replace, swap) turn a into b: for "did you mean". */
unsigned parse_distance(const char *a, const char *b);

#endif
