/*
 * The reading end of a child's output pipe on the loop: what comes out of it goes to a sink.
 *
 * Embedded by value in its owner; one loop thread. Life: stream_init, then any number of
 * (stream_start ... stream_stop ... on_closed). The memory may go, or stream_start be called
 * again, when stream_idle says so, which is at the latest inside on_closed.
 *
 * While the sink is full nothing is read: the child waits in its write(2). stream_drain takes what
 * is there all the same, because there is no later.
 *
 * A trouble of the sink (disk full) becomes one line in the main log, with the process's name.
 *
 * In capture mode what comes between the tags does not go to the sink: it becomes a message. As
 * in Supervisor's daemon, not in its documentation, on_data is shown it as well.
 */
#ifndef OUTPUT_STREAM_H
#define OUTPUT_STREAM_H

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "output/ansi.h"
#include "output/capture.h"
#include "output/flight.h"
#include "output/sink.h"

enum {
    STREAM_CHUNK = FLIGHT_CHUNK,         /* one read, and all that one wakeup takes */
    STREAM_DRAIN_MAX = 16 * 1024 * 1024, /* a pipe is that large only by root's wish */
};

struct stream;

/* A second reader of the same bytes (bus, debug log), or who is told of a captured message. The
 * data is shared: copy, do not keep. */
typedef void stream_data_fn(struct stream *s, const char *data, size_t len);
typedef void stream_closed_fn(struct stream *s);

enum stream_state {
    STREAM_IDLE,    /* no descriptor, no handle */
    STREAM_READING, /* both */
    STREAM_CLOSING, /* the descriptor is closed, the loop still knows the handle */
};

struct stream {
    uv_loop_t *loop;
    union {
        uv_handle_t any;
        uv_poll_t poll; /* while reading */
        uv_idle_t none; /* only to be closed, so that on_closed always comes from the loop */
    } handle;
    enum stream_state state;
    int fd; /* owned; -1 after the end of the pipe */
    struct sink *sink;
    uint64_t id;                 /* flight_id: set before start by whose bytes must survive us; 0 */
    struct journal_waiter pause; /* waits while the sink is full: then nothing is read */
    bool strip_ansi;             /* the owner may set these four between init and start */
    size_t capture_max;          /* bytes of a message; 0: no capture mode */
    stream_data_fn *on_data;     /* or NULL */
    stream_data_fn *on_message;  /* needed for capture mode */
    struct ansi ansi;
    struct capture capture;
    stream_closed_fn *on_closed;
    uint64_t total; /* bytes read since stream_start */
};

void stream_init(struct stream *s, uv_loop_t *loop);

/* All streams with an id read by way of `f` (borrowed) from their next start on; NULL: no more. */
void stream_use_flight(struct flight *f);

/* What a stream remembers between two chunks is one number in the flight. */
static inline enum ansi_state stream_state_ansi(uint32_t state)
{
    return state % 4 <= ANSI_SEQUENCE ? (enum ansi_state)(state % 4) : ANSI_TEXT;
}

static inline bool stream_state_inside(uint32_t state)
{
    return (state & 4) != 0;
}

static inline size_t stream_state_matched(uint32_t state)
{
    return state >> 3;
}

/* Delivers the chunk that a daemon before us has left (flight_left), to this stream of its. */
void stream_resume(struct stream *s, uint32_t state, const char *data, size_t len);

/*
 * Reads `fd` (taken: closed here also on failure) into `sink` (borrowed until stream_stop
 * returns, never NULL). 0, -EBUSY unless stream_idle, or what libuv says of the descriptor.
 * The end of the pipe closes the descriptor; the child may live on, the owner is not told.
 */
int stream_start(struct stream *s, int fd, struct sink *sink);

/*
 * Takes what is in the pipe at this moment, at most STREAM_DRAIN_MAX, before the exit of a child
 * is announced. What a grandchild writes meanwhile stays in the pipe: it cannot hold us.
 */
void stream_drain(struct stream *s);

/*
 * Closes descriptor and handle, once, in any state. on_closed (may be NULL) is always called
 * from the loop, never from here, once for the last stream_stop that named one.
 */
void stream_stop(struct stream *s, stream_closed_fn *on_closed);

bool stream_idle(const struct stream *s);

#endif
