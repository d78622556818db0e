/*
 * A listing (ListObjectsV2), page by page, and error answers: the home of expat.
 *
 * A listing is whole and well-formed or it is refused: what is not in it may be deleted, so a
 * page that ends early, that is something else with status 200, or that promises more without
 * saying how to get it, must never pass for the end.
 */
#ifndef SYNC_S3_LIST_H
#define SYNC_S3_LIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "sync/s3/s3.h"

struct object {
    char *key;        /* decoded, with the prefix, NUL-terminated; in the arena, as is etag */
    size_t key_len;   /* a key may hold NUL bytes */
    const char *etag; /* as listed, with its quotes; NULL when the server gave none */
    int64_t size;
    int64_t mtime; /* LastModified in nanoseconds since 1970 */
};

struct listing {
    struct arena arena;     /* owns all texts */
    struct object *objects; /* owned, in the order of the server */
    size_t count;
    size_t room;
    const char *prefix; /* every key must begin with it; borrowed */
    char *token;        /* owned; where the next page begins, NULL after the last */
};

enum { LIST_PAGE_MAX = 8 << 20 };

void listing_init(struct listing *l, const char *prefix);
void listing_close(struct listing *l);

/*
 * Reading one page: begin, feed what arrives, end. The objects count only after a successful
 * end; a page that was begun again replaces its first half. -EBADMSG: it is no such page.
 */
struct list_page;
struct list_page *list_page_new(struct listing *l);
int list_page_feed(struct list_page *p, const char *data, size_t len, struct err *e);
int list_page_end(struct list_page *p, struct err *e);
void list_page_free(struct list_page *p);

/* Reads what can be read of an <Error> answer; everything else leaves *error empty. */
void list_read_error(const char *data, size_t len, struct s3_error *error);

/* "2024-05-01T00:00:00.000Z" in nanoseconds since 1970; false when it is no such time. */
bool list_parse_time(const char *text, int64_t *out);

#endif
