/*
 * How far a large file is that is being fetched: kept behind its last byte, in the same file, so
 * that the two are never apart. What belongs there is cut off before the file gets its name.
 *
 * What is said of the parts holds until the machine crashes; once sealed it holds for good.
 */
#ifndef SYNC_LOCAL_PARTIAL_H
#define SYNC_LOCAL_PARTIAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Which object's bytes they are. Without an ETag nobody can tell. */
struct partial {
    const char *path;
    const char *etag; /* "": none, and nothing is ever taken over */
    int64_t size;
    int64_t part_size;
};

size_t partial_parts(const struct partial *p); /* how many there are */

/* Makes the note anew, with no part there. All return 0 or -errno. */
int partial_begin(int fd, const struct partial *p);

/* 0, and a byte per part: 1 is there. -ESTALE: it is of something else or not to be trusted. */
int partial_load(int fd, const struct partial *p, unsigned char *parts);

int partial_mark(int fd, const struct partial *p, size_t part, bool there);

/* Flushes what was written, and notes that. */
int partial_seal(int fd, const struct partial *p);

#endif
