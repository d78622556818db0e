/*
 * Calls to the daemon, and what can go wrong with one. A failed call leaves a struct failure,
 * which a command either answers with words of its own or leaves for failure_print.
 */
#ifndef CTL_CLIENT_H
#define CTL_CLIENT_H

#include <jansson.h>

#include "control/fault.h"
#include "ctl/http.h"
#include "ctl/invocation.h"

enum failure_kind {
    FAILURE_NONE,
    FAILURE_FAULT,   /* the daemon says no; code is a fault, text the faultString */
    FAILURE_SOCKET,  /* code is an errno */
    FAILURE_RESOLVE, /* the host has no address; text says why */
    FAILURE_URL,     /* the server's URL is of no kind that we speak */
    FAILURE_CLOSED,  /* the daemon closed the connection without an answer */
    FAILURE_HTTP,    /* code is a status that is not 200, text its reason */
    FAILURE_ANSWER,  /* the answer is not what was asked for; text says how */
    FAILURE_RANGE,   /* a number is larger than a call may hold */
    FAILURE_RESULT,  /* the daemon's result has no words in this command; text says which */
    FAILURE_INPUT,   /* standard input ended where an answer was wanted */
};

struct failure {
    enum failure_kind kind;
    int code;
    char text[1024];
};

struct client {
    const struct invocation *o; /* borrowed */
    struct http http;
    struct failure failure; /* of the last call that failed */
};

void client_init(struct client *c, const struct invocation *o);
void client_close(struct client *c); /* hangs up; usable again */

/* Makes `kind` the client's failure and returns -1. */
int client_fail(struct client *c, enum failure_kind kind, int code, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

bool client_faulted(const struct client *c, enum fault code); /* with this fault */
bool client_socket_failed(const struct client *c, int error); /* with this errno */

/*
 * Calls `method` with `params` (an array or NULL; taken). 0 and *value (the caller's), or -1 and
 * a failure.
 */
int client_call(struct client *c, const char *method, json_t *params, json_t **value);

/* The same, for a method that has to answer with an array. */
int client_call_array(struct client *c, const char *method, json_t *params, json_t **value);

/* A parameter from what somebody typed. */
json_t *client_text(const char *text);

/* GETs `path`: sends the request only. 0, or -1 and a failure. */
int client_get(struct client *c, const char *path);

/*
 * Waits once for what answers client_get and hands it on. 1 when the answer has ended, 0 when it
 * may go on, -1 and a failure.
 */
int client_piece(struct client *c, struct answer *a, answer_sink *sink, void *ctx);

/*
 * The failure in one line: as supervisorctl shows a Python exception, or, when called by our
 * own name, as a sentence. Appends.
 */
void failure_text(const struct failure *f, const struct invocation *o, struct buf *out);

#endif
