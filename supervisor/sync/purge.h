/* Objects that go: the paths of a spool, several requests at a time. */
#ifndef SYNC_PURGE_H
#define SYNC_PURGE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "sync/exit.h"
#include "sync/local/spool.h"
#include "sync/s3/wire.h"

enum { PURGE_AHEAD = 16 };

struct purge;

struct purge_one {
    struct purge *purge;
    struct wire_request request;
    bool active;
};

/* Embedded; stays until on_done has come or the wire is closed. */
struct purge {
    struct wire *wire; /* borrowed, as are the next two */
    const struct s3_place *place;
    struct spool *paths; /* rewound; below the place's prefix */
    size_t *gone;        /* counts those that are gone */
    void *ctx;
    void (*on_done)(void *ctx, enum sync_exit why, const struct err *e); /* once */

    struct purge_one ones[PURGE_AHEAD];
    bool over;
};

void purge_start(struct purge *p);

#endif
