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
#include <sys/types.h>
#include <time.h>
#include <uv.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/list.h"
#include "config/config.h"
#include "control/auth.h"
#include "control/door.h"
#include "control/route.h"
#include "control/socket.h"

enum { SERVER_FINISH_MS = 1000 }; /* how long server_close waits for answers in flight */

struct MHD_Connection;
struct MHD_Daemon;
struct MHD_Response;

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
    bool closing;
    void (*on_closed)(struct server *s);
};

/* An answer's body that comes bit by bit, such as a log that is followed. */
struct body_source {
    /* bytes put into data; 0: none now, exchange_more follows; -1: that was all */
    ssize_t (*read)(struct body_source *b, char *data, size_t max);
    void (*close)(struct body_source *b); /* the exchange is over: called once, frees */
};

struct exchange {
    struct list link; /* in the server; the exchange is owned by it */
    struct server *server;
    struct MHD_Connection *connection;
    struct visitor *visitor; /* whose connection it is; borrowed */
    const char *method;      /* borrowed until the answer */
    const char *path;        /* decoded, without the query */
    struct buf body;
    unsigned refused; /* status to answer instead of asking the router; 0: none */
    bool queued;      /* complete, and waits for its turn */
    bool routed;      /* the router has it or had it */
    bool answered;    /* and is through with it */
    bool suspended;   /* libmicrohttpd leaves the connection alone */
    bool gone;        /* the client has hung up, or we want to end */
    bool watching;    /* `hangup` is in the loop */
    uv_poll_t hangup; /* while nothing is sent we would not learn that the client has left */
    struct body_source *source;
    struct MHD_Response *response;
    unsigned status;
};

/* On failure the server is closed and uses no handle. */
int server_open(struct server *s, uv_loop_t *loop, const struct server_config *c, struct router *r,
                struct err *e);

/* Takes over the section's name and credentials; the address stays. */
void server_rename(struct server *s, const struct server_config *c);

/* Takes no more requests, finishes the answers, closes all; on_closed from the loop. */
void server_close(struct server *s, void (*on_closed)(struct server *s));

/*
 * Each exchange that the router gets is answered once, at once or later, by one of these, unless
 * the router is told that it is gone. The body is taken.
 */
void exchange_answer(struct exchange *x, unsigned status, const char *type, struct buf *body);
void exchange_error(struct exchange *x, unsigned status);
/* `source` is the exchange's from here on. Only while the server has room for one more. */
bool exchange_may_stream(const struct exchange *x);
void exchange_stream(struct exchange *x, const char *type, time_t modified,
                     struct body_source *source);
void exchange_more(struct exchange *x); /* the source has more, or has ended */

#endif
