/*
 * Paths that something is to be done with in the end, on disk: there may be more than memory
 * should hold. Written once, then read once from the beginning. Folders end in a slash.
 */
#ifndef SYNC_LOCAL_SPOOL_H
#define SYNC_LOCAL_SPOOL_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"

enum spool_what {
    SPOOL_CARRY = 'c',   /* a local file that stays; or a folder, its path ends in a slash */
    SPOOL_REMOVE = 'r',  /* one that goes */
    SPOOL_PARTIAL = 'p', /* what a killed run left half-way; goes unless this run fails, too */
};

struct spool {
    int fd; /* owned, without a name in any folder; -1: not open */
    struct buf text;
    size_t at;
    bool reading;
    size_t counts[3]; /* carry, remove, partial */
};

int spool_open(struct spool *s, int folder, struct err *e);
int spool_add(struct spool *s, enum spool_what what, const char *path, struct err *e);
int spool_rewind(struct spool *s, struct err *e); /* from writing to reading */
/* 1 with an entry, 0 at the end, -errno. The path is borrowed until the next call. */
int spool_next(struct spool *s, enum spool_what *what, const char **path, struct err *e);
void spool_close(struct spool *s);

#endif
