/*
 * Input for processes: what sendProcessStdin gives and a process has not taken yet.
 *
 * A feed writes to a duplicate of the process's standard input as fast as it reads, and ends
 * with its last byte or when nobody can read any more.
 */
#ifndef CONTROL_FEED_H
#define CONTROL_FEED_H

#include <uv.h>

#include "base/buf.h"
#include "control/control.h"

enum { FEED_MAX = 1 << 20 }; /* bytes that may wait for one process */

struct feed {
    struct list link; /* in the control, which owns it */
    struct control *control;
    pid_t pid; /* of the process */
    int fd;    /* -1: ended */
    struct buf data;
    uv_poll_t poll;
};

/* 0; -ENOBUFS when too much waits already; -EPIPE when the process has closed its input */
int feed_write(struct control *c, const struct child *child, const char *data, size_t len);

void feed_close_all(struct control *c);

#endif
