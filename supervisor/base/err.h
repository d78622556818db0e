/*
 * One sentence about what went wrong, for a person.
 *
 * A function that can fail takes `struct err *e` last and returns 0 or a negative
 * errno; on failure (only then) e holds one sentence without a final full stop.
 * The caller owns the struct; it holds no heap memory.
 */
#ifndef BASE_ERR_H
#define BASE_ERR_H

#include <stdarg.h>

struct err {
    char text[1024]; /* NUL-terminated, cut at the end when it does not fit */
};

/* Writes the sentence and returns `code`, which must be a negative errno. e may be NULL. */
int err_set(struct err *e, int code, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* Puts "fmt: " in front of the sentence that is already there; returns `code`. */
int err_prefix(struct err *e, int code, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

#endif
