/*
 * A log that is followed: its last kilobyte, then whatever is added, through rotation and
 * truncation. The kernel tells of changes; while nothing is written nothing wakes up.
 */
#ifndef CONTROL_FOLLOW_H
#define CONTROL_FOLLOW_H

#include <uv.h>

#include "control/control.h"

enum { FOLLOW_FIRST = 1024 }; /* bytes of the file that are shown first */

/* One log and how far it was read. It goes when its source is closed. */
struct follow {
    struct body_source source;
    struct list link; /* in control.follows */
    struct control *control;
    struct exchange *exchange;      /* that it answers; NULL: it is resumed (resume.h), or over */
    void (*wake)(struct follow *f); /* there may be more to read; NULL: it is over */
    void *taker;                    /* of whoever has set `wake` */
    char *path;                     /* owned */
    int fd;                         /* of the file that had the name when it was opened */
    off_t at;
    uv_fs_event_t file;   /* the file's content */
    uv_fs_event_t folder; /* its name: another file may take it */
    uv_timer_t blind;
    unsigned handles;
};

/* Begins to follow; `fd` is the follow's, `wake` and `taker` are to be set at once. */
struct follow *follow_new(struct control *c, const char *path, int fd, off_t at);

/* Answers the exchange with the file from now on; 404 when there is no such regular file. */
void follow_answer(struct control *c, struct exchange *x, const char *path);

#endif
