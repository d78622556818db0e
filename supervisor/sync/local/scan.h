/*
 * What is below a folder, in the order of path_order (s3/s3key.h), one after the other. Never
 * through a symbolic link. Blocks: local/walk.h is the same for the loop.
 *
 * Of each folder the names are held, of the folders on the way down: memory is that of the largest
 * folder. Folders come after what is in them, as "name/".
 */
#ifndef SYNC_LOCAL_SCAN_H
#define SYNC_LOCAL_SCAN_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"

struct scan;
struct walk_entry; /* of local/walk.h */

struct scan_options {
    bool no_mounts;       /* fails where something is mounted */
    const char *reserved; /* a first part that is passed over, or NULL; borrowed */
};

/* Opens its own copy of `folder`; -1: nothing is there. */
struct scan *scan_new(int folder, const struct scan_options *o);
/* 1 with an entry, 0 at the end, -errno. What vanishes meanwhile is passed over. */
int scan_next(struct scan *s, struct walk_entry *entry, struct err *e);
void scan_free(struct scan *s);

#endif
