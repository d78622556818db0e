/*
 * One event listener's side of the protocol: what its standard output means.
 *
 * Pure: bytes go in, in any pieces, and news come out; the pool (pool.h) acts on them. Whatever
 * the pieces, the same bytes make the same news. A listener holds at most LISTENER_LINE_MAX bytes
 * of a line, or as many of a result as it has announced, which is at most LISTENER_RESULT_MAX.
 */
#ifndef ENGINE_LISTENER_H
#define ENGINE_LISTENER_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

/* Supervisor's numbers. */
enum listener_state {
    LISTENER_READY = 10,        /* may be sent one event */
    LISTENER_BUSY = 20,         /* was sent one; its result is awaited */
    LISTENER_ACKNOWLEDGED = 30, /* was started, or has given a result: READY is awaited */
    LISTENER_UNKNOWN = 40,      /* broke the protocol: hears nothing more until it is restarted */
};

enum {
    LISTENER_LINE_MAX = 1024,               /* bytes of the line "RESULT n" */
    LISTENER_RESULT_MAX = 16 * 1024 * 1024, /* bytes of a result */
};

/* What has come of the bytes. */
enum listener_news {
    LISTENER_SAYS_NOTHING, /* yet: all bytes are taken */
    LISTENER_SAYS_READY,
    LISTENER_SAYS_RESULT,     /* `text` is the result */
    LISTENER_SAYS_BAD_RESULT, /* `text` is the line that should have been "RESULT n" */
    LISTENER_SAYS_GARBAGE,    /* something else than READY, or something at the wrong time */
};

struct listener {
    enum listener_state state;
    struct buf text; /* what has come of a line or of a result */
    bool told;       /* somebody was told of `text`: the next call drops it */
    bool in_result;  /* the line "RESULT n" has come */
    size_t length;   /* of the result */
};

void listener_start(struct listener *l); /* its process was started: ACKNOWLEDGED */
void listener_close(struct listener *l); /* frees its memory */
void listener_sent(struct listener *l);  /* READY, and an event is on its way: BUSY */

/*
 * Takes bytes from the front until there are news, or no bytes. The state is then the new one;
 * `text` stays until the next call. To be called again until it says nothing.
 */
enum listener_news listener_take(struct listener *l, const char **data, size_t *len);

const char *listener_state_name(enum listener_state state); /* "BUSY" */

#endif
