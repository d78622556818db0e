/*
 * How new data takes the place of old: where the target is, who may write it now, what a killed
 * run left, the switch, the way back.
 *
 * Atomic: the target is a symbolic link to a version beside it,
 *     /srv/data -> .data.mainstay/20261121T083015.123Z
 * The next version is built in .data.mainstay/next, whole, is flushed to disk, gets its name, and
 * then the link is replaced by rename: a reader sees all of the old or all of the new. The version
 * before is kept (the link `previous` in the store names it), for release_rollback. A target that
 * is a folder of its own is exchanged for the link in one step and becomes the previous version.
 *
 * In place: files get their names one by one, in the target, or in the version that it shows; a
 * target that is no link of ours has its store inside, .mainstay.
 *
 * One process at a time holds a target: the lock ends with the process. What a killed run left in
 * `next` (or in place) is used by the next run of the same source, or removed.
 */
#ifndef SYNC_LOCAL_RELEASE_H
#define SYNC_LOCAL_RELEASE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "sync/local/manifest.h"
#include "sync/local/mode.h"
#include "sync/local/spool.h"
#include "sync/local/target.h"
#include "sync/local/tree.h"

#define RELEASE_RESERVED ".mainstay"     /* first part of no key: the store of a target in place */
#define RELEASE_PARTIAL ".mainstay-get-" /* files being fetched: 16 hex digits of the path follow */

struct release {
    enum publish_mode mode;
    bool dry; /* nothing is made, changed or locked */
    struct target at;
    char *store;      /* path of the store; owned */
    char *source;     /* what manifests belong to; owned */
    bool took_folder; /* atomic: the target is a folder still */
    bool begun;       /* fresh and manifest are open */
    bool resumed;     /* a killed run left something; atomic: fresh is open for a look at it */
    int parent_fd;    /* -1: none; all descriptors are owned */
    int store_fd;
    int lock_fd;
    int other_lock_fd;             /* of a store in the other place, of syncs in the other mode */
    struct tree old;               /* what is there now; fd -1 when nothing is */
    struct tree fresh;             /* where new files go (in place: the target itself) */
    struct manifest_reader known;  /* of what is there now */
    struct manifest_reader staged; /* of a run that did not end; empty when it cannot be trusted */
    struct manifest_writer manifest; /* of this run; open from release_open on, unless dry */
    struct spool extras;             /* what is there and no object of the source; likewise */
};

/*
 * Finds and locks the target. `source` is what manifests belong to. -EBUSY: somebody has it;
 * -EINVAL: it is no name for a folder.
 */
int release_open(struct release *p, const char *target, enum publish_mode mode, bool dry,
                 const char *source, struct err *e);

/* Something is to be fetched or removed: makes `fresh`. More than once is fine. */
int release_begin(struct release *p, struct err *e);

/* Bytes that may still be written where `fresh` is, or -1: unknown. */
int64_t release_space(const struct release *p);

/*
 * The end, on the work queue: brings what is kept and the extras into `fresh` (or removes extras in
 * place), flushes all, switches, forgets what is older than the version before. -EINTR once *stop
 * is set; nothing was switched then. *removed counts extras that are gone: those that were to go,
 * and atomic those that were in the way of the source's. After a failure release_close follows.
 */
int release_commit(struct release *p, atomic_bool *stop, size_t *removed, struct err *e);

/*
 * Nothing was different, nothing was fetched: forgets the manifest of this run, unless the target
 * has none that fits, and what a killed run left. The streams were read to their ends. Not for a
 * target that is not there yet, or atomic and still a folder: that wants a release_commit.
 */
int release_unchanged(struct release *p, struct err *e);

/*
 * The target is whole as of now, also when nothing was new: the time of the file `confirmed` in
 * the store says so. What depends on the data can so tell how old it is (stale_ok of [sync:x]).
 */
int release_confirm(const struct release *p, struct err *e);

/* A run that failed: `keep` what was fetched for the next one (flushed and sealed), or not. */
void release_close(struct release *p, bool keep);

/*
 * Points the target at its previous version, and `previous` at the one it showed, so that a second
 * one undoes it. -ENOENT: there is none; -EINVAL: the target is not one of an atomic sync.
 */
int release_rollback(const char *target, struct err *e);

#endif
