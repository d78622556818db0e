/* Whether a local file is an object, from all its bytes, on the work queue: --checksum. */
#ifndef SYNC_CHECK_H
#define SYNC_CHECK_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "sync/remote.h"

struct check {
    uv_work_t work;
    bool busy;
    bool known; /* `same` is the answer to the last question; the owner's to clear */
    bool same;
    atomic_bool stop; /* the answer is of no more use */
    int folder;       /* borrowed while busy */
    char *path;       /* owned, as is etag */
    char *etag;
    int64_t size;
    void (*on_checked)(struct check *c);
};

/* Reads the file in `folder`. Not while one is busy. */
void check_start(struct check *c, uv_loop_t *loop, int folder, const struct remote_file *o,
                 void (*on_checked)(struct check *c));

#endif
