/*
 * What a sync will do, from the listing and what is there now. Pure: no file is touched, and
 * what is on disk comes in as values.
 */
#ifndef SYNC_PLAN_H
#define SYNC_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "sync/filter.h"
#include "sync/local/index.h"
#include "sync/s3/list.h"
#include "sync/s3/s3key.h"

struct item {
    const char *path; /* relative to the target; borrowed from the object's key */
    const struct object *object;
    bool fetch;    /* else what is there is the object */
    int64_t mtime; /* that the file has or will get */
};

struct reject {
    const struct object *object;
    enum s3key_fault fault;
};

struct plan {
    struct item *items; /* owned, ordered by s3key_compare, no path twice */
    size_t count;
    struct reject *rejects; /* owned */
    size_t reject_count;
    size_t excluded; /* objects that the filter does not want */
    size_t to_fetch; /* items */
    int64_t to_fetch_bytes;
};

/* A regular file on disk. */
struct local_file {
    bool exists;
    int64_t size;
    int64_t mtime;
};

/*
 * Selects and orders; everything is to be fetched until plan_compare says otherwise. `reserved`
 * (may be NULL) is a first part that no path may have. -EBADMSG: an object is listed twice.
 */
int plan_make(struct plan *p, const struct listing *l, const struct filter *f, const char *reserved,
              struct err *e);
void plan_close(struct plan *p);

/* Decides about one item. */
void plan_compare(struct plan *p, struct item *item, const struct local_file *file,
                  const struct index *x);

const struct item *plan_find(const struct plan *p, const char *path);

/* The item that is inside the folder `path`, or NULL. */
const struct item *plan_find_inside(const struct plan *p, const char *path);

#endif
