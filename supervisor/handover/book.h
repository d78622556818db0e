/*
 * A book of lines (line.h) as it is read by whoever takes over: for each kind and key the last
 * line, in the order in which the keys came first.
 */
#ifndef HANDOVER_BOOK_H
#define HANDOVER_BOOK_H

#include <jansson.h>
#include <stddef.h>

#include "base/err.h"

struct book_entry {
    json_t *line; /* owned; NULL: gone */
    const char *kind;
    char *key;   /* owned: the bytes */
    size_t next; /* in its bucket, + 1; 0: the last */
};

struct book {
    struct book_entry *entries; /* owned */
    size_t count, room;
    size_t *buckets; /* owned: heads of chains of entries, + 1 */
    size_t bucket_count;
    const char *version; /* of who wrote it, borrowed from the first line; NULL: there is none */
};

/*
 * -EINVAL when the first line says another format than ours or a line is none of ours; one
 * sentence in e. -EFBIG beyond the limits. `kinds` are those that are known, up to a NULL: another
 * one is refused, because it is something that we would lose. Close it also after a failure.
 */
int book_read(struct book *b, const char *text, size_t len, const char *const *kinds,
              struct err *e);
void book_close(struct book *b);

const json_t *book_find(const struct book *b, const char *kind, const char *key); /* NULL: none */

/* All lines of one kind, in order; *at begins with 0. NULL behind the last one. */
const struct book_entry *book_next(const struct book *b, const char *kind, size_t *at);

#endif
