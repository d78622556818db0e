/*
 * One HTTP server on the loop: a listening socket, its connections, and the exchanges (a request
 * and its answer) on them. What is asked and answered is the router's business.
 *
 * libmicrohttpd does the HTTP, without threads: its epoll descriptor is polled by the loop, and
 * a timer runs only while it has asked for one. Without a client nothing wakes up. We accept the
 * connections ourselves: when there are no descriptors left, it would turn in circles, or wait
 * until one of its own connections ends, which may be a log that is followed for days.
 */
#ifndef CONTROL_SERVER_H
#define CONTROL_SERVER_H

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "base/err.h"
#include "base/list.h"
#include "config/config.h"
#include "control/auth.h"
#include "control/door.h"
#include "control/exchange.h"
#include "control/route.h"
#include "control/socket.h"

enum { SERVER_FINISH_MS = 1000 }; /* how long server_close waits for answers in flight */

struct MHD_Daemon;

struct server {
    uv_loop_t *loop;
    struct router *router; /* borrowed */
    char *section;         /* "unix_http_server", owned */
    struct auth auth;
    struct socket listener;
    struct MHD_Daemon *daemon;
    uv_poll_t poll;      /* on the daemon's epoll descriptor */
    uv_timer_t timer;    /* when libmicrohttpd wants to be woken; not armed without connections */
    uv_timer_t deadline; /* of server_close */
    struct door door;
    struct list exchanges;
    unsigned streams;    /* of them */
    size_t open_handles; /* the loop still knows them: these six and one for each hangup */
    uint64_t turn_end;   /* uv_hrtime: calls that come later wait for the next turn */
    bool queued;         /* some do */
    bool resumed;        /* an exchange goes on: the daemon must be run once more */
    bool held;           /* streams are to come to rest: nothing more is read for them */
    bool closing;
    void (*on_closed)(struct server *s);
};

/*
 * Listens at a socket that is inherited (NULL: none is), or at one of its own. On failure the
 * server is closed and uses no handle.
 */
int server_open(struct server *s, uv_loop_t *loop, const struct server_config *c, struct router *r,
                struct inherited *inherited, struct err *e);

/* Takes over the section's name and credentials; the address stays. */
void server_rename(struct server *s, const struct server_config *c);

/* Takes no more requests, finishes the answers, closes all; on_closed from the loop. */
void server_close(struct server *s, void (*on_closed)(struct server *s));

/* Streams come to rest, or go on. */
void server_hold(struct server *s, bool hold);

/* For exchanges: libmicrohttpd has something to do, in the next turn. */
void server_wake(struct server *s);

#endif
