/*
 * One line of text about everything that is supervised, for STATUS= and `systemctl status`:
 * counts, then the worst news in words. "7 running; api in backoff: exited 1". Pure.
 */
#ifndef SYSTEMD_STATUS_H
#define SYSTEMD_STATUS_H

#include "base/buf.h"

/* What a process or job is doing, from good to bad: the worst one is told by name. */
enum notify_kind {
    NOTIFY_RUNNING,
    NOTIFY_STARTING,
    NOTIFY_STOPPING,
    NOTIFY_STOPPED,
    NOTIFY_EXITED,  /* as it should */
    NOTIFY_WAITING, /* for what it requires */
    NOTIFY_BACKOFF,
    NOTIFY_FAILED, /* exited as it should not, or a job that failed for good */
    NOTIFY_MISSED, /* a job that has not succeeded for too long */
    NOTIFY_FATAL,
    NOTIFY_UNKNOWN,
    NOTIFY_KINDS,
};

struct notify_counts {
    unsigned of[NOTIFY_KINDS];
    enum notify_kind worst; /* meaningful when name is set */
    const char *name;       /* the first of the worst; borrowed; NULL: no bad news */
    const char *why;        /* of that one; borrowed, may be NULL or empty */
};

/*
 * Adds one; start with zeroed counts. `why`: "exited 1", for NOTIFY_WAITING who is in the way
 * ("sync:data"); borrowed until the text is made.
 */
void notify_count(struct notify_counts *c, enum notify_kind kind, const char *name,
                  const char *why);

/* Appends the line. `phase` ("shutting down; job:analytics runs") comes first; may be NULL. */
void notify_status_text(const struct notify_counts *c, const char *phase, struct buf *out);

#endif
