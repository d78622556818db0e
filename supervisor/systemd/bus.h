/*
 * The system bus (D-Bus) on the libuv loop. Nothing here waits: the connection is made and
 * authenticated while the loop turns, calls are answered in callbacks, and when the bus goes away
 * it is looked for again, later and later. Whoever uses it does without it meanwhile.
 *
 * It is tried where systemd runs the machine, or where DBUS_SYSTEM_BUS_ADDRESS is set; elsewhere
 * nothing of it happens. Its descriptor is closed by exec: no child ever has it.
 */
#ifndef SYSTEMD_BUS_H
#define SYSTEMD_BUS_H

#include <stdbool.h>
#include <stdint.h>
#include <systemd/sd-bus.h>
#include <uv.h>

#include "base/list.h"

enum {
    BUS_RETRY_FIRST = 500,      /* ms until the bus is looked for again */
    BUS_RETRY_LAST = 60 * 1000, /* ms: twice as long each time, up to this */
    BUS_ANSWER = 25 * 1000,     /* ms that a call may take: then its callback hears of a timeout */
    BUS_TURN = 32               /* messages that are looked at in one turn of the loop */
};

/*
 * Somebody who uses the bus. `on_up` is called each time it is there anew: subscribe and ask then.
 * `on_down`: it is gone, with every subscription and call; calls that were under way have been
 * answered with an error by then.
 */
struct bus_user {
    struct list link;
    void (*on_up)(struct bus_user *u);
    void (*on_down)(struct bus_user *u); /* may be NULL */
};

/*
 * Something that was asked for, or subscribed to: embedded in who wants to know. A new one takes
 * the place of an old one that is under way.
 */
struct bus_ask {
    sd_bus_message_handler_t on_message; /* (message, owner, unused) */
    void *owner;
    sd_bus_slot *slot; /* NULL: nothing is under way */
};

/* Where a call goes. */
struct bus_place {
    const char *service;
    const char *path;
    const char *interface;
};

/* Owned by the bridge (bridge.h). */
struct bus {
    uv_loop_t *loop;
    sd_bus *connection;   /* NULL: there is none */
    uv_poll_t poll;       /* of the connection; closed and made anew with it */
    uv_timer_t due;       /* what sd-bus is to do next */
    uv_timer_t retry;     /* the next attempt to connect */
    struct list users;    /* struct bus_user, borrowed */
    uint64_t retry_after; /* ms */
    bool wanted;          /* this is a machine that may have a bus */
    bool up;              /* connected, and the users know it */
    bool told;            /* the log has heard that there is none */
    bool closed;
};

void bus_open(struct bus *b, uv_loop_t *loop);
void bus_close(struct bus *b); /* handles close in the loop; no user is called any more */

/* on_up is called at once when the bus is there. */
void bus_add(struct bus *b, struct bus_user *u);
void bus_remove(struct bus *b, struct bus_user *u); /* whether it is in the list or not */
bool bus_is_up(const struct bus *b);

/*
 * Sends a call: `ask` hears of the answer, or of the error, once. 0, or a negative errno, also
 * when there is no bus: then it hears nothing. The message is taken (unref'd) in any case.
 */
int bus_send(struct bus *b, struct bus_ask *ask, sd_bus_message *message);

/* The same for a method whose arguments are of basic types, as in sd_bus_message_append(3). */
int bus_call(struct bus *b, struct bus_ask *ask, const struct bus_place *to, const char *method,
             const char *types, ...);

/* A new method call to be filled and sent; NULL when there is no bus. */
sd_bus_message *bus_message(struct bus *b, const struct bus_place *to, const char *method);

/* Asks for a property: the answer holds a variant. */
int bus_get(struct bus *b, struct bus_ask *ask, const struct bus_place *to, const char *property);

/* Subscribes to a signal, until the bus goes. */
int bus_listen(struct bus *b, struct bus_ask *ask, const struct bus_place *to, const char *signal);

/* The same by a rule, as in sd_bus_add_match(3). */
int bus_match(struct bus *b, struct bus_ask *ask, const char *rule);

/* Hears no more of it; fine if it does not. */
void bus_forget(struct bus_ask *ask);

#endif
