/*
 * The target: where it is, who may write it now, and how new data takes the place of old.
 *
 * Atomic: the target is a symbolic link to a version beside it,
 *     /srv/data -> .data.mainstay/20261121T083015.123Z
 * A new version is built whole, flushed to disk, and then the link is replaced by rename, so
 * that a reader sees all of the old or all of the new. Of the old versions the last is kept
 * (the link `previous` in the store names it). A target that is a folder of its own is
 * exchanged for the link in one step and becomes the previous version.
 *
 * In place: files are renamed one by one into the target, or into the version that it shows;
 * a target that is no link of ours has its store inside, .mainstay.
 *
 * One process at a time holds a target: the lock ends with the process. What a killed one left
 * behind is removed by the next.
 */
#ifndef SYNC_LOCAL_PUBLISH_H
#define SYNC_LOCAL_PUBLISH_H

#include <stdbool.h>

#include "base/err.h"
#include "sync/local/mode.h"
#include "sync/local/target.h"
#include "sync/local/tree.h"

#define PUBLISH_RESERVED ".mainstay" /* in place: first part of no key */

struct publish {
    enum publish_mode mode;
    bool dry; /* nothing is made, changed or locked */
    struct target at;
    char *store;      /* path of the store; owned, as next */
    char *next;       /* version being built, or NULL */
    bool took_folder; /* the target is a folder still */
    int parent_fd;    /* -1: none; all descriptors are owned */
    int store_fd;
    int lock_fd;
    struct tree old;   /* what is there now; fd -1 when nothing is */
    struct tree fresh; /* where files are written (in place: the target itself) */
};

/* Finds and locks the target. -EBUSY: somebody else has it. */
int publish_open(struct publish *p, const char *target, enum publish_mode mode, bool dry,
                 struct err *e);
void publish_close(struct publish *p); /* a version that was not committed is removed */

/* Path of the list of what was fetched: of the data there now, and of the data being written. */
char *publish_old_index(const struct publish *p);
char *publish_new_index(const struct publish *p);

int publish_begin(struct publish *p, struct err *e);

/* A file being fetched in `slot`: create gives a descriptor; accept puts it in its place. */
int publish_create(struct publish *p, const char *path, unsigned slot, struct err *e);
int publish_accept(struct publish *p, const char *path, unsigned slot, struct err *e);

/* Flushes, switches, forgets what is older than the version before. */
int publish_commit(struct publish *p, struct err *e);

/*
 * The target is whole as of now, also when nothing was new: the time of the file `confirmed` in
 * the store says so. What depends on the data can so tell how old it is (stale_ok of [sync:x]).
 */
int publish_confirm(const struct publish *p, struct err *e);

#endif
