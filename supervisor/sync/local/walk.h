/*
 * What is below a folder, as local/scan.h has it, as a stream that is read ahead on the work queue.
 */
#ifndef SYNC_LOCAL_WALK_H
#define SYNC_LOCAL_WALK_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <uv.h>

#include "base/err.h"

struct walk;

enum walk_state {
    WALK_READY,
    WALK_WAIT, /* on_change will tell */
    WALK_END,
    WALK_FAILED, /* walk_error says why */
};

struct walk_entry {
    const char *path; /* relative; a folder ends in a slash; borrowed until walk_next */
    mode_t type;      /* S_IFREG, S_IFDIR, S_IFLNK, ... */
    int64_t size;     /* of regular files, as are the times */
    int64_t mtime;    /* ns since 1970 */
    int64_t ctime;    /* likewise */
};

struct walk_options {
    bool no_mounts;       /* fails where something is mounted */
    const char *reserved; /* a first part that is passed over, or NULL; borrowed */
    void *ctx;
    void (*on_change)(void *ctx); /* out of WALK_WAIT; from the loop */
};

/* Opens its own copy of `folder`; -1: nothing is there, and the stream is empty. */
struct walk *walk_new(uv_loop_t *loop, int folder, const struct walk_options *o);
enum walk_state walk_look(struct walk *w, const struct walk_entry **entry);
void walk_next(struct walk *w);
int walk_error(const struct walk *w, struct err *e); /* -errno */
/* on_closed (may be NULL) comes from the loop, later; NULL w: it is not called. */
void walk_close(struct walk *w, void (*on_closed)(void *ctx));

#endif
