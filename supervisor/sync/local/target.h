/*
 * Where a target really is. Links that others made are followed, a link of ours is not: it is
 * what a sync replaces, and names the version that the target shows.
 */
#ifndef SYNC_LOCAL_TARGET_H
#define SYNC_LOCAL_TARGET_H

#include <stdbool.h>

#include "base/err.h"

/* In the store, the link to the version before the current one. */
#define TARGET_PREVIOUS "previous"

struct target {
    char *path;       /* absolute, its folder without links; owned, as all */
    char *store_name; /* ".data.mainstay", beside it */
    char *current;    /* version that our link names, or NULL */
};

/*
 * Makes the folders above it unless `dry`; then a path whose folder is missing stays as given.
 * -EINVAL when it is no name for a folder.
 */
int target_resolve(struct target *t, const char *name, bool dry, struct err *e);
void target_close(struct target *t);

const char *target_base(const struct target *t); /* last part of the path; borrowed */
char *target_folder(const char *path);           /* the folder that path is in, the caller's */
char *target_read_link(const char *path);        /* text of the link, the caller's; NULL: none */

/* This one and those above it, as far as they are not there. */
int target_make_folders(const char *path, struct err *e);

#endif
