/*
 * systemd's descriptor store: what it holds for us outlives us, and comes back to whoever is
 * started after us, as descriptors from 3 on with the names that they were given.
 *
 * Nothing here waits: what systemd does not take at once waits in order in a queue and is sent
 * again. Without NOTIFY_SOCKET, or where the unit has no room (FDSTORE=0, which systemd tells from
 * version 254 on), store_is_there is false and nothing may be kept.
 */
#ifndef SYSTEMD_STORE_H
#define SYSTEMD_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <uv.h>

#include "systemd/channel.h"

enum {
    STORE_NAME_MAX = 32, /* all of them come back in one variable of the environment */
    STORE_QUEUE = 4096,  /* messages that wait; one more is refused */
    STORE_RETRY = 10,    /* ms between two attempts */
};

struct store_message {
    char name[STORE_NAME_MAX];
    int fd; /* owned; -1: the name is to be forgotten */
};

struct store {
    struct channel channel;
    struct store_message *queue; /* owned, a ring; NULL before the first that waits */
    size_t first, queued;
    uv_timer_t retry; /* runs while the queue is not empty */
    bool closed;
    /* What waited was taken: it is kept from now on. Not told of what store_keep says of itself. */
    void (*on_kept)(struct store *s, const char *name);
};

void store_init(struct store *s, uv_loop_t *loop);
void store_close(struct store *s); /* what waits is dropped; the handle closes in the loop */
bool store_is_there(const struct store *s);

/*
 * Keeps `fd`, which is taken, under the name: letters, digits and '-'. 1: it is kept, 0: it
 * waits, and on_kept tells; -ENOBUFS: too much waits; other errors: systemd cannot be reached.
 */
int store_keep(struct store *s, const char *name, int fd);

/* All that is kept under the name is let go. */
void store_drop(struct store *s, const char *name);

#endif
