/*
 * Who is in: the connections of a server, who is let in and who has to make room. Strangers may
 * hold connections, bodies and answers; there are limits for each (base/limits.h), and whoever
 * does nothing with what he holds goes first, so that somebody who asks gets in.
 *
 * A visitor that is sent away only has its socket shut down: libmicrohttpd finds out, and closes.
 */
#ifndef CONTROL_DOOR_H
#define CONTROL_DOOR_H

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "base/list.h"

struct door {
    uv_loop_t *loop;
    const char *name;     /* of the server, for the log; borrowed */
    int listener;         /* borrowed; -1: shut */
    uv_poll_t poll;       /* on the listener; not armed while nobody can be let in */
    uv_timer_t retry;     /* then: when to look again */
    uv_timer_t tidy;      /* gives memory back, some time after it was needed */
    struct list visitors; /* who has been idle for longest is the first */
    unsigned count;       /* of visitors */
    bool held;            /* newcomers wait outside, for who we are next */
    unsigned most;        /* visitors since memory was given back, and bytes that they held */
    size_t most_bytes;
    size_t bodies;  /* bytes that their requests hold */
    size_t answers; /* bytes that their answers hold */
    /* Takes the connection over: false when it could not, and has closed it. */
    bool (*on_visitor)(struct door *d, int fd, const void *from, unsigned from_len);
    void (*on_turn)(struct door *d); /* visitors have come or have been sent away */
};

/* One connection; owned by the door. */
struct visitor {
    struct list link;
    struct door *door;
    int fd;        /* libmicrohttpd's */
    int64_t since; /* ms of the loop: it came, or its last answer was sent */
    bool asking;   /* a request has begun, not yet answered: what is read of it is with us */
    bool busy;     /* its request is complete, and not yet answered to the last byte */
    bool leaving;  /* sent away */
    size_t body;   /* bytes in door.bodies */
    size_t answer; /* bytes in door.answers */
};

/* 0 or libuv's error; then no handle is in use. Three handles, which door_close closes. */
int door_open(struct door *d, uv_loop_t *loop, int listener);
void door_hold(struct door *d, bool hold); /* lets nobody in for a while */
bool door_take(struct door *d, int fd);    /* lets in who was let in by who we were before */
void door_shut(struct door *d); /* nobody is let in any more; the listener may be closed then */
void door_close(struct door *d, uv_close_cb on_closed);

struct visitor *visitor_new(struct door *d, int fd);
void visitor_free(struct visitor *v);

/* Its body takes so many bytes now; others may have to go. False: there is no room. */
bool visitor_asks(struct visitor *v, size_t bytes);
void visitor_waits(struct visitor *v);                /* its request is complete */
void visitor_answer(struct visitor *v, size_t bytes); /* its answer waits to be read */
void visitor_rests(struct visitor *v);                /* request and answer are over */

#endif
