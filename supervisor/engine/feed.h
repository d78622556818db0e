/*
 * Input for a process: what it was given and has not read yet.
 *
 * Embedded in its child. It writes to the process's standard input as fast as the process reads,
 * and keeps the rest, up to LIMIT_STDIN. The descriptor stays the child's.
 */
#ifndef ENGINE_FEED_H
#define ENGINE_FEED_H

#include <stdbool.h>
#include <stddef.h>
#include <uv.h>

#include "base/buf.h"

enum feed_state {
    FEED_IDLE,    /* the loop knows no handle */
    FEED_OPEN,    /* it knows one, which sleeps while nothing waits */
    FEED_CLOSING, /* the loop still knows the handle */
};

struct feed {
    uv_loop_t *loop;
    uv_poll_t poll;
    enum feed_state state;
    int fd; /* borrowed, non-blocking */
    struct buf data;
    void (*on_closed)(struct feed *f);
};

void feed_init(struct feed *f, uv_loop_t *loop);

/*
 * All or nothing: 0; -EPIPE when nobody can read any more; -ENOBUFS when something waits already
 * and would become too much; or what libuv says of the descriptor.
 */
int feed_write(struct feed *f, int fd, const char *data, size_t len);

/* Forgets what waits. on_closed follows from the loop, unless the feed is idle then. */
void feed_stop(struct feed *f, void (*on_closed)(struct feed *f));

bool feed_idle(const struct feed *f);

#endif
