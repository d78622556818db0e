/*
 * One run of a download, on one loop: keys, then the listing, the target, the streams side by side
 * (stream.c), and in the end the switch. Everything ends by run_end, from wherever; what is then
 * still under way is dropped from a clean stack.
 */
#ifndef SYNC_RUN_H
#define SYNC_RUN_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "base/err.h"
#include "sync/arguments.h"
#include "sync/check.h"
#include "sync/download.h"
#include "sync/exit.h"
#include "sync/local/release.h"
#include "sync/local/walk.h"
#include "sync/local/writer.h"
#include "sync/merge.h"
#include "sync/remote.h"
#include "sync/report.h"
#include "sync/s3/lister.h"
#include "sync/session.h"

enum run_stage {
    RUN_KEYS,   /* credentials are being found */
    RUN_LIST,   /* the first page is asked for: whether there is anything at all */
    RUN_SINGLE, /* there is not, but perhaps one object of that name */
    RUN_OPEN,   /* the target is being opened, on the work queue */
    RUN_STREAM, /* what is there beside what should be there */
    RUN_DRAIN,  /* all is decided; objects are still coming */
    RUN_COMMIT, /* on the work queue */
    RUN_END,
};

/* One object instead of many: see single.c. */
struct single {
    struct wire_request head;
    enum sync_exit instead; /* if there is none: how the run ends; SYNC_OK: it goes on */
    struct err err;         /* and its sentence */
    int64_t size;
    int64_t mtime;
    struct buf etag;
    bool chosen; /* release.fresh is the folder that it goes to */
};

struct run {
    const struct arguments *o;
    struct report *report;
    struct session session;
    uv_work_t work; /* opening the target, and the end */
    char *source;   /* endpoint, bucket and prefix: what a manifest belongs to; owned */
    struct lister lister;
    struct remote remote;
    struct walk *walk;
    struct release release;
    struct writer *writer; /* NULL until the first object is to be fetched, as is download */
    struct download *download;
    struct check check;
    struct single single;
    struct manifest_reader backlog; /* what is to be fetched, read from the manifest of this run */
    size_t pending;                 /* of it, that download does not know yet */
    struct buf key;                 /* of the next of these */
    struct merge_rules rules;
    enum run_stage stage;
    bool opened;       /* release is */
    bool changed;      /* the target will not be what it was */
    bool closed;       /* all is on its way out */
    struct buf inside; /* the last local path that was no folder */
    size_t wanted;     /* objects that the target is to have */
    int64_t space;     /* when the first object was to be fetched; -1: unknown */
    int64_t needed;    /* of it */
    int64_t largest;   /* object */
    size_t to_delete;
    size_t removed;
    bool committed; /* what follows may still fail */
    int work_rc;
    struct err work_err;
    atomic_bool stop;
    enum sync_exit why; /* the first reason to end */
    struct err *err;
};

/* The one way out; only the first counts. The sentence may be NULL when all is well. */
void run_end(struct run *x, enum sync_exit why, const struct err *e);
void run_end_local(struct run *x, int rc, const struct err *e);

void run_end_listing(struct run *x); /* the lister has failed */

/* Goes on with whatever is next; from any callback of the loop. */
void run_pump(struct run *x);
void run_later(struct run *x); /* the same, after others had their turn */
void run_open_target(struct run *x);

/* In single.c. `instead` and e: how the run ends if there is no such object. */
bool single_is_possible(const struct run *x);
void single_start(struct run *x, enum sync_exit instead, const struct err *e);
void single_close(struct run *x);

/* In stream.c: decides about paths as long as nothing has to be waited for; true: about all. */
bool stream_pump(struct run *x);

/* In intake.c; false: the run ends. */
bool run_fetch(struct run *x, const struct merge_heads *same);
bool run_note(struct run *x, const struct remote_file *o, enum manifest_state state, int64_t mtime,
              int64_t *id);

/* Makes writer and download, for release.fresh. */
void run_open_download(struct run *x,
                       void (*on_result)(void *ctx, const struct download_result *result,
                                         struct err *e));
bool run_check_space(struct run *x, int64_t size, const struct walk_entry *old);

void run_feed(struct run *x); /* hands it to download, as much as that takes */
void run_feed_close(struct run *x);

#endif
