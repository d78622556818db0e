/*
 * Remote calls: a table of methods, the checks before one runs, and answers that may come later.
 *
 * A method's function answers its call exactly once, with call_return or call_fault, at once or
 * later; after that the call is gone. What happens to the answer (sent to a client, or put among
 * others by system.multicall) is the asker's business.
 */
#ifndef CONTROL_RPC_H
#define CONTROL_RPC_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/list.h"
#include "control/fault.h"

struct call;

enum {
    RPC_ANYTIME = 1,    /* flag: answers also while the daemon shuts down */
    RPC_TABLES_MAX = 9, /* of methods */
};

struct rpc_method {
    const char *name;   /* "supervisor.getState" */
    const char *result; /* "struct" */
    /* One letter each: s string, i int (or what Python's int() takes), b what is true or not, g
     * signal (string or int), a array, v anything where a string belongs; those after `|` may be
     * left out. */
    const char *params;
    void (*run)(struct call *c);
    unsigned flags;
    const char *help; /* one sentence */
};

struct rpc {
    struct {
        const struct rpc_method *rows; /* borrowed */
        size_t count;
    } tables[RPC_TABLES_MAX];
    size_t table_count;
    struct list calls; /* not answered yet */
    bool closing;
    bool (*available)(const struct rpc *r); /* false: only RPC_ANYTIME; NULL: always */
    void (*pause)(struct rpc *r); /* wants rpc_go_on after others had their turn; NULL: does not */
};

struct call {
    struct list link; /* in the rpc, which owns it */
    struct rpc *rpc;
    struct call *outer;              /* the call that this one is part of; NULL */
    const struct rpc_method *method; /* NULL when there is none of that name */
    json_t *params;                  /* owned; checked against the method's row */
    size_t *room;                    /* bytes that the answer may still have; shared */
    size_t own_room;
    /* the answer, for on_done */
    json_t *value;       /* owned; NULL: fault or document */
    struct buf document; /* owned: the whole answer as it is sent; empty: value or fault */
    struct outcome fault;
    void (*on_done)(struct call *c); /* told once, with the answer; then the call is freed */
    void *asker;
    bool paused; /* goes on, by this, after others had their turn */
    void (*go_on)(struct call *c);
    /* while the answer is awaited: lets go of `work` when the daemon cannot wait any longer */
    void (*abandon)(struct call *c);
    void *work;
};

void rpc_init(struct rpc *r);
void rpc_register(struct rpc *r, const struct rpc_method *rows, size_t count);
void rpc_close(struct rpc *r); /* every call that still waits is answered with a fault */

/* Those that wait get a fault with this text; not `but` (may be NULL) and what it is part of. */
void rpc_put_off(struct rpc *r, const struct call *but, const char *text);

/* One of the calls that pause goes on. True: there are more, or it pauses again. */
bool rpc_go_on(struct rpc *r);

/* Nobody wants the answer for `asker` any more: its call is dropped without one. */
void rpc_forget(struct rpc *r, const void *asker);

/*
 * Checks and runs; `params` is taken. `outer` is the call that this one is part of, or NULL.
 * on_done may be called before this returns.
 */
void rpc_call(struct rpc *r, const char *name, json_t *params, struct call *outer,
              void (*on_done)(struct call *c), void *asker);

void call_return(struct call *c, json_t *value); /* takes the value */
/* Takes the answer as it is sent, for large ones; only of a call that is not part of another. */
void call_return_document(struct call *c, struct buf *document);
void call_fault(struct call *c, enum fault code, const char *extra);
void call_outcome(struct call *c, const struct outcome *o); /* true or the fault */

/*
 * Parameters that the checks have let through; beyond those that were given, the default. A flag
 * is what Python takes for true: dashboards in PHP send the text "1".
 */
const char *call_text(const struct call *c, size_t at);
json_int_t call_number(const struct call *c, size_t at);
bool call_flag(const struct call *c, size_t at, bool otherwise);

const struct rpc_method *rpc_find(const struct rpc *r, const char *name);

/* system.listMethods, methodHelp, methodSignature, multicall */
extern const struct rpc_method system_methods[];
extern const size_t system_methods_count;

#endif
