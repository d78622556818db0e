/*
 * Lines (line.h) in memory that outlives us: two memory files, of which one holds. Lines are
 * appended as things happen; when most of them are outdated, all that holds is written into the
 * other file, which takes over once it is whole. So at any instruction that we may die at, one of
 * the two is complete up to its last line.
 *
 * No system calls but to grow: a line is a copy into mapped memory and a new length.
 */
#ifndef HANDOVER_STATELOG_H
#define HANDOVER_STATELOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

enum { STATELOG_HELD = 1000 };

struct statelog_front;

struct statelog_half {
    int fd;                     /* owned */
    struct statelog_front *map; /* what the file begins with, and all of it */
    size_t room;                /* bytes of the file */
};

struct statelog {
    struct statelog_half halves[2];
    int current;  /* -1: neither holds */
    size_t whole; /* bytes that the current one began with */
};

/*
 * `fds` are those of a daemon before us, taken also on failure; -1: made anew. Then neither
 * holds, until statelog_rewrite. -EINVAL when they are of another version, or broken.
 */
int statelog_open(struct statelog *l, const int fds[2], struct err *e);
void statelog_close(struct statelog *l); /* what holds, holds on */

/* All lines; borrowed until the next call that writes. False: neither holds. */
bool statelog_text(const struct statelog *l, const char **text, size_t *len);

/* All of `text` or nothing, whenever we die. 0 or -errno: there is no memory. */
int statelog_append(struct statelog *l, const char *text, size_t len);
int statelog_rewrite(struct statelog *l, const char *text, size_t len);
bool statelog_is_long(const struct statelog *l); /* it is time for statelog_rewrite */

/* An orderly end: nothing is to be taken over. */
void statelog_end(struct statelog *l);

/* A set of numbers (not 0) that is kept with the lines: who waits behind a gate now. What there is
 * no room for, after STATELOG_HELD, is not in it. */
void statelog_hold(struct statelog *l, uint64_t number);
void statelog_let_go(struct statelog *l, uint64_t number);
bool statelog_holds(const struct statelog *l, uint64_t number);

#endif
