/*
 * What flaps is told once: the same event of the same thing within a while is counted, and the
 * count told when the while is over. Pure but for memory; times are ms since 1970, because what
 * was counted survives a restart. A clock that goes back begins the while anew.
 */
#ifndef NET_QUIET_H
#define NET_QUIET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

enum { QUIET_MAX = 256 }; /* things at a time; what comes beyond is always told */

struct quiet_entry {
    char *key;      /* owned, as all texts */
    char *event;    /* its type */
    char *text;     /* its sentence, of the last time */
    int64_t began;  /* when it was told */
    uint64_t count; /* how often it has come since */
};

struct quiet {
    struct quiet_entry *entries; /* owned */
    size_t count;
    int64_t window_ms; /* 0: everything is told */
};

void quiet_init(struct quiet *q, int64_t window_ms);
void quiet_close(struct quiet *q);

/* Is it to be told now? If not, it was counted. */
bool quiet_tell(struct quiet *q, const struct quiet_entry *news, int64_t now);

int64_t quiet_due(const struct quiet *q); /* when quiet_turn has something to do; -1: never */

/*
 * Something that was counted and is to be told now, NULL: nothing more. Borrowed until the next
 * call; it counts from `now` on. What did not come again is forgotten.
 */
const struct quiet_entry *quiet_turn(struct quiet *q, int64_t now);
/* To be called when the entry of quiet_turn was told. */
void quiet_told(struct quiet *q, const struct quiet_entry *entry, int64_t now);

/* All of it as JSON, and back; what is not understood is left out. */
void quiet_save(const struct quiet *q, struct buf *out);
void quiet_load(struct quiet *q, const char *text, size_t len);

#endif
