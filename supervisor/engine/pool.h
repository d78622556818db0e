/*
 * A pool of event listeners: the events that wait, and who has been sent which.
 *
 * It knows processes only through struct pool_ops, so that it can be tried without any; pools.h
 * puts it between the bus and the processes. Owned by its group. Serials, order, overflow and the
 * log's words are Supervisor's, but: an event of several subscriptions comes once; a rejected
 * event goes back to this pool alone, and one that is rejected again and again is sent ever
 * more slowly, at least once a second.
 */
#ifndef ENGINE_POOL_H
#define ENGINE_POOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/list.h"
#include "engine/listener.h"
#include "engine/payload.h"

enum {
    POOL_BYTES_MAX = 64 * 1024 * 1024, /* of what waits; more overflows like buffer_size */
    POOL_EVENT_COST = 256,             /* bytes that each event counts besides its payload */
    POOL_PAUSE_MS = 50,                /* before an event is sent the third time; then doubled */
    POOL_PAUSE_MAX_MS = 1000,
    POOL_PATIENCE_MS = 1000, /* on the way down: for a pool to hear what has happened by then */
};

/* One event, shared by the pools that it waits in. */
struct pool_event {
    unsigned refs;
    uint64_t serial;
    enum eventtype type;
    size_t points;
    struct buf payload; /* owned */
};

struct pool_event *pool_event_new(const struct event *ev, uint64_t serial); /* one reference */
void pool_event_unref(struct pool_event *ev);                               /* NULL is fine */

struct pool_entry {
    struct pool_event *event; /* a reference; NULL: none */
    uint64_t serial;          /* in this pool */
};

struct pool;

struct pool_ops {
    const char *(*name)(const struct pool *p, size_t member);
    bool (*running)(const struct pool *p, size_t member);
    int (*send)(struct pool *p, size_t member, const char *data, size_t len); /* 0 or -errno */
    bool (*judge)(struct pool *p, const struct buf *result); /* false: the event is rejected */
};

struct pool_member {
    struct listener listener;
    struct pool_entry held; /* what it is busy with */
    bool kept_busy;         /* whoever keeps it knows that it is busy */
};

struct pool {
    struct list link; /* in struct pools */
    void *owner;
    const struct pool_ops *ops;
    const char *name;   /* borrowed */
    const char *server; /* the daemon's identifier, borrowed */
    uint64_t types;     /* EVENTTYPE_BIT of those that it wants */
    int64_t buffer_size;
    struct pool_member *members; /* owned array */
    size_t count;
    struct pool_entry *waiting; /* owned ring: the oldest is at `first` */
    size_t first, waiting_count, room;
    size_t bytes; /* of what waits */
    uint64_t next_serial;
    unsigned rejections; /* in a row */
    int64_t resume;      /* when events may be sent again; 0: at once */
    int64_t patience;    /* on the way down: how long it is waited for; 0: nobody has yet */
};

void pool_init(struct pool *p, const struct pool_ops *ops, size_t members);
void pool_close(struct pool *p);

bool pool_wants(const struct pool *p, enum eventtype type);
void pool_accept(struct pool *p, struct pool_event *ev); /* takes a reference of its own */

/* After a hand-over: one that waited (holder: p->count) or that a member was busy with. Takes the
 * reference. */
void pool_restore(struct pool *p, struct pool_entry entry, size_t holder);

/* Sends what can be sent. To be called, from the loop, after each of the others. */
void pool_dispatch(struct pool *p, int64_t now);

/* When pool_dispatch has something to do: 0 now, -1 not before something happens. */
int64_t pool_due(const struct pool *p);

/* Has it heard all that it can hear? False: a running member has an event, or will get one. */
bool pool_quiet(const struct pool *p);

void pool_started(struct pool *p, size_t member); /* its process */
void pool_ended(struct pool *p, size_t member);
void pool_heard(struct pool *p, size_t member, const char *data, size_t len, int64_t now);

/* ops.judge of Supervisor's default handler: OK, or not. */
bool pool_judge_ok(struct pool *p, const struct buf *result);

#endif
