/*
 * What was fetched into a version of the target: per file the size, the time we gave it and the
 * ETag it had. With it an object that changed but kept its size and even its time is seen, and
 * a file that somebody touched is fetched again. Derived data: without it only sizes and times
 * are compared.
 */
#ifndef SYNC_LOCAL_INDEX_H
#define SYNC_LOCAL_INDEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

struct index_entry {
    const char *path; /* borrowed from the index's text, as is etag */
    const char *etag; /* NULL: none */
    int64_t size;
    int64_t mtime; /* nanoseconds since 1970 */
};

struct index {
    struct buf text;
    struct index_entry *entries; /* owned, ordered by s3key_compare */
    size_t count;
    bool exists;  /* there is one, so what it does not name was not fetched */
    bool foreign; /* it tells of another source: what is there must not be trusted */
};

/* A missing file is an empty index; one that cannot be understood is a foreign one. */
int index_read(struct index *x, const char *path, const char *source, struct err *e);
void index_close(struct index *x);
const struct index_entry *index_find(const struct index *x, const char *path);

/* Writing: begin, one add per file in the order of s3key_compare, then write `out` to the file. */
void index_begin(struct buf *out, const char *source);
void index_add(struct buf *out, const struct index_entry *entry);

#endif
