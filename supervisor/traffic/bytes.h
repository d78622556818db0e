/* Looking at bytes sixteen at a time, as most fields of a line are shorter than a call of memchr is
 * worth. Nothing at or behind `limit` is read. */
#ifndef TRAFFIC_BYTES_H
#define TRAFFIC_BYTES_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "traffic/sixteen.h"

/*
 * The first byte of the set in [at, end), or end. Most are near, but farther than one step: two
 * steps at once cost less than a branch that nobody can foretell.
 */
static inline const char *bytes_find(const char *at, const char *end, const char *limit,
                                     const char set[2])
{
    while (limit - at >= BYTES_TWO_STEPS) {
        unsigned found = bytes_are(at, set[0], set[1]);
        found |= bytes_are(at + BYTES_STEP, set[0], set[1]) << BYTES_STEP;
        if (found != 0) {
            at += __builtin_ctz(found);
            return at < end ? at : end;
        }
        at += BYTES_TWO_STEPS;
        if (at >= end)
            return end;
    }
    while (at < end && *at != set[0] && *at != set[1])
        at++;
    return at;
}

/* The end of the printable bytes without blanks and quotes at `at`. */
static inline const char *bytes_word_end(const char *at, const char *limit)
{
    while (limit - at >= BYTES_STEP) {
        unsigned found = bytes_no_word(at);
        if (found != 0)
            return at + __builtin_ctz(found);
        at += BYTES_STEP;
    }
    while (at < limit && bytes_in_word(*at))
        at++;
    return at;
}

/* The end of the digits at `at`. */
static inline const char *bytes_digits_end(const char *at, const char *limit)
{
    while (limit - at >= BYTES_STEP) {
        unsigned found = bytes_no_digit(at);
        if (found != 0)
            return at + __builtin_ctz(found);
        at += BYTES_STEP;
    }
    while (at < limit && *at >= '0' && *at <= '9')
        at++;
    return at;
}

/* Eight bytes as a number, in the order of the machine. */
static inline uint64_t bytes_eight(const char *at)
{
    uint64_t value;
    memcpy(&value, at, sizeof value);
    return value;
}

#endif
