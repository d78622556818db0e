/* For push.c and its parts, which are one machine. */
#ifndef SYNC_PUSH_INNER_H
#define SYNC_PUSH_INNER_H

#include "sync/local/spool.h"
#include "sync/local/tree.h"
#include "sync/purge.h"
#include "sync/push.h"
#include "sync/session.h"
#include "sync/upload.h"

enum push_stage {
    PUSH_KEYS,
    PUSH_STREAM, /* both sides are read */
    PUSH_DRAIN,  /* files are still on their way */
    PUSH_REMOVE,
    PUSH_END,
};

struct push {
    struct session session;
    const struct arguments *o;
    struct report *report;
    struct tree tree; /* the source; of a single file, its folder */
    char *single;     /* the one file, in its folder; owned; NULL: it is a folder */
    const char *name; /* of it, as it was given: links lead elsewhere */
    struct lister lister;
    struct remote remote;
    bool listing;
    struct walk *walk;
    struct upload *upload;
    struct spool doomed; /* objects that go in the end; fd -1: none is to go */
    struct purge purge;
    struct wire_request head; /* of a single object */
    bool asking;
    size_t found; /* files that the source has */
    enum push_stage stage;
    bool closed;
    enum sync_exit why;
    struct err *err;
};

/* push.c */
void push_end(struct push *x, enum sync_exit why, const struct err *e); /* the first one counts */
void push_send(struct push *x, const char *path, const char *key, int64_t size, const char *etag);

/* push_single.c: asks for the object that the one file is to become, then sends the file */
void push_single(struct push *x);

#endif
