/*
 * A request and its answer. The server makes exchanges of what comes in and hands them to the
 * router; whatever the router does with one ends in an answer.
 */
#ifndef CONTROL_EXCHANGE_H
#define CONTROL_EXCHANGE_H

#include <stdbool.h>
#include <sys/types.h>
#include <time.h>
#include <uv.h>

#include "base/buf.h"
#include "base/list.h"
#include "control/door.h"

struct MHD_Connection;
struct MHD_Response;
struct server;

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
    bool modern;      /* of HTTP/1.1: a body without a known length comes in chunks */
    bool watching;    /* `hangup` is in the loop */
    uv_poll_t hangup; /* while nothing is sent we would not learn that the client has left */
    struct body_source *source;
    struct MHD_Response *response;
    unsigned status;
};

/*
 * Each exchange that the router gets is answered once, at once or later, by one of these, unless
 * the router is told that it is gone. The body is taken.
 */
void exchange_answer(struct exchange *x, unsigned status, const char *type, struct buf *body);
void exchange_error(struct exchange *x, unsigned status);
/* `source` is the exchange's from here on. Only while the server has room for one more. */
bool exchange_may_stream(const struct exchange *x, unsigned others); /* besides so many others */
void exchange_stream(struct exchange *x, const char *type, time_t modified,
                     struct body_source *source);
/* Its headers and all that its source has given are with the kernel, and nothing is under way. */
bool exchange_at_rest(const struct exchange *x);
void exchange_more(struct exchange *x); /* the source has more, or has ended */

/* Borrowed until the answer; NULL: the client has not sent it. */
const char *exchange_header(const struct exchange *x, const char *name);
const char *exchange_query(const struct exchange *x, const char *name); /* decoded, "" for none */

/* To the answer that was just given. */
void exchange_add_header(struct exchange *x, const char *name, const char *value);

/* For the server. While an exchange is suspended libmicrohttpd leaves the connection alone. */
void exchange_suspend(struct exchange *x);
void exchange_resume(struct exchange *x);
void exchange_watch(struct exchange *x); /* nobody else would notice that the client has left */

#endif
