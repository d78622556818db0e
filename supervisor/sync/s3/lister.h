/*
 * All objects under a prefix as one stream in the order of S3 (by the bytes of the key), page
 * after page. The next page is asked for while this one is used, LISTER_AHEAD pages at most.
 *
 * The stream ends well only after a page that says it is the last: everything else is a failure.
 */
#ifndef SYNC_S3_LISTER_H
#define SYNC_S3_LISTER_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "sync/exit.h"
#include "sync/s3/list.h"
#include "sync/s3/wire.h"

enum { LISTER_AHEAD = 4 };

enum lister_state {
    LISTER_READY,  /* there is one */
    LISTER_WAIT,   /* on_change will tell */
    LISTER_END,    /* every page was read whole */
    LISTER_FAILED, /* why and err say it */
};

struct lister_page {
    struct listing listing;
    size_t next; /* object to be used next */
};

struct lister {
    struct wire *wire;
    const struct s3_place *place;
    const char *prefix;
    struct wire_request request;
    struct list_page *page;                 /* being read, or NULL */
    struct lister_page pages[LISTER_AHEAD]; /* a ring */
    unsigned first;
    unsigned count;
    char *token;    /* owned; of the page to ask for next */
    char *last_key; /* owned: each key must follow the one before; NULL: none yet */
    size_t last_len;
    unsigned idle; /* pages in a row without an object */
    bool asking;
    bool whole;    /* the last page was read */
    bool waiting;  /* LISTER_WAIT was the answer */
    size_t listed; /* objects, of all pages read so far */
    enum sync_exit why;
    struct err err;
    void *ctx;
    void (*on_change)(struct lister *l); /* out of LISTER_WAIT */
};

/* ctx and on_change are set after this. The prefix is borrowed, as place is. */
void lister_start(struct lister *l, struct wire *w, const struct s3_place *place,
                  const char *prefix);
enum lister_state lister_look(struct lister *l, const struct object **object);
void lister_next(struct lister *l); /* the object before is gone then */
void lister_close(struct lister *l);

#endif
