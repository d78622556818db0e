#include "control/rpc.h"

#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/parse.h"

void rpc_init(struct rpc *r)
{
    *r = (struct rpc){0};
    list_init(&r->calls);
}

void rpc_register(struct rpc *r, const struct rpc_method *rows, size_t count)
{
    if (r->table_count == RPC_TABLES_MAX)
        abort(); /* our own code decides how many there are */
    r->tables[r->table_count].rows = rows;
    r->tables[r->table_count++].count = count;
}

const struct rpc_method *rpc_find(const struct rpc *r, const char *name)
{
    /* linear: a call costs some sixty compares */
    for (size_t t = 0; t < r->table_count; t++)
        for (size_t i = 0; i < r->tables[t].count; i++)
            if (strcmp(r->tables[t].rows[i].name, name) == 0)
                return &r->tables[t].rows[i];
    return NULL;
}

/* What Python's int() makes of a value; clients in other languages send numbers as text. */
static bool number_of(const json_t *value, json_int_t *out)
{
    double real = json_real_value(value);
    int64_t number = 0;
    if (json_is_string(value) && parse_int(json_string_value(value), &number, NULL) < 0)
        return false;
    if (json_is_real(value) && !(real > -9.2e18 && real < 9.2e18))
        return false;
    if (json_is_string(value))
        *out = number;
    else if (json_is_real(value))
        *out = (json_int_t)real;
    else
        *out = json_is_boolean(value) ? json_is_true(value) : json_integer_value(value);
    return json_is_string(value) || json_is_number(value) || json_is_boolean(value);
}

static bool param_fits(char type, const json_t *value)
{
    json_int_t number;
    switch (type) {
    case 's':
        return json_is_string(value);
    case 'i':
        return number_of(value, &number);
    case 'b':
    case 'v':
        return true; /* of flags: whatever it is, it is something or nothing: call_flag */
    case 'g':
        return json_is_string(value) || json_is_integer(value);
    case 'a':
        return json_is_array(value);
    default:
        return false;
    }
}

/* How many parameters a row has; those before `|` must be given. */
static size_t params_most(const char *types)
{
    return strlen(types) - (strchr(types, '|') ? 1 : 0);
}

static bool params_count_fits(const char *types, const json_t *params)
{
    size_t given = json_array_size(params);
    return given >= strcspn(types, "|") && given <= params_most(types);
}

static bool params_fit(const char *types, const json_t *params)
{
    size_t at = 0;
    for (; *types && at < json_array_size(params); types++) {
        if (*types != '|' && !param_fits(*types, json_array_get(params, at++)))
            return false;
    }
    return true;
}

static bool rpc_serves(const struct rpc *r, const struct rpc_method *m)
{
    if (r->closing)
        return false;
    return m->flags & RPC_ANYTIME || !r->available || r->available(r);
}

/* What is wrong with it, in the order in which Supervisor looks; FAULT_SUCCESS: nothing. */
static enum fault call_check(const struct call *c)
{
    const struct rpc_method *m = c->method;
    if (!m)
        return FAULT_UNKNOWN_METHOD;
    if (!params_count_fits(m->params, c->params))
        return FAULT_INCORRECT_PARAMETERS;
    if (!rpc_serves(c->rpc, m))
        return FAULT_SHUTDOWN_STATE;
    return params_fit(m->params, c->params) ? FAULT_SUCCESS : FAULT_INCORRECT_PARAMETERS;
}

static void call_run(struct call *c)
{
    enum fault fault = call_check(c);
    if (fault == FAULT_SUCCESS)
        c->method->run(c);
    else
        call_fault(c, fault, NULL);
}

void rpc_call(struct rpc *r, const char *name, json_t *params, struct call *outer,
              void (*on_done)(struct call *c), void *asker)
{
    struct call *c = mem_alloc(sizeof *c);
    *c = (struct call){.rpc = r,
                       .outer = outer,
                       .method = rpc_find(r, name),
                       .params = params,
                       .own_room = LIMIT_CALL_RESULT,
                       .on_done = on_done,
                       .asker = asker};
    c->room = outer ? outer->room : &c->own_room;
    list_append(&r->calls, &c->link);
    log_line(LOG_LEVEL_TRACE, "XML-RPC method called: %s()", c->method ? c->method->name : "?");
    call_run(c);
}

static void call_free(struct call *c)
{
    json_decref(c->value);
    buf_close(&c->document);
    json_decref(c->params);
    mem_free(c);
}

static void call_done(struct call *c)
{
    list_remove(&c->link);
    c->on_done(c);
    call_free(c);
}

void call_return(struct call *c, json_t *value)
{
    c->value = value;
    call_done(c);
}

void call_return_document(struct call *c, struct buf *document)
{
    c->document = *document;
    *document = (struct buf)BUF_EMPTY;
    call_done(c);
}

void call_fault(struct call *c, enum fault code, const char *extra)
{
    c->fault = outcome_fault(code, extra);
    call_done(c);
}

void call_outcome(struct call *c, const struct outcome *o)
{
    if (o->code == FAULT_SUCCESS)
        call_return(c, json_true());
    else
        call_fault(c, o->code, o->has_extra ? o->extra : NULL);
}

void rpc_close(struct rpc *r)
{
    r->closing = true;
    while (!list_empty(&r->calls)) {
        /* the newest first: the last call of a multicall's answers the multicall too */
        struct call *c = container_of(r->calls.prev, struct call, link);
        if (c->abandon)
            c->abandon(c);
        call_fault(c, FAULT_SHUTDOWN_STATE, NULL);
    }
}

static bool is_part_of(const struct call *c, const struct call *outer)
{
    while (c && c != outer)
        c = c->outer;
    return c != NULL;
}

/* The newest first, as above. */
static struct call *rpc_newest(struct rpc *r, const struct call *but)
{
    struct list *link = r->calls.prev;
    while (link != &r->calls && is_part_of(but, container_of(link, struct call, link)))
        link = link->prev;
    return link == &r->calls ? NULL : container_of(link, struct call, link);
}

void rpc_put_off(struct rpc *r, const struct call *but, const char *text)
{
    struct call *c;
    while ((c = rpc_newest(r, but)) != NULL) {
        if (c->abandon)
            c->abandon(c);
        call_fault(c, FAULT_FAILED, text);
    }
}

static struct call *rpc_paused(struct rpc *r)
{
    struct call *c;
    list_each (c, &r->calls, link) {
        if (c->paused)
            return c;
    }
    return NULL;
}

bool rpc_go_on(struct rpc *r)
{
    struct call *c = rpc_paused(r);
    if (!c)
        return false;
    c->paused = false;
    list_remove(&c->link); /* behind the others that pause; no part of it is under way */
    list_append(&r->calls, &c->link);
    c->go_on(c);
    return rpc_paused(r) != NULL;
}

/* The part of a call that is under way; NULL. */
static struct call *call_part(const struct call *outer)
{
    struct call *c;
    list_each (c, &outer->rpc->calls, link) {
        if (c->outer == outer)
            return c;
    }
    return NULL;
}

static void call_drop(struct call *c)
{
    struct call *part = call_part(c);
    if (part)
        call_drop(part); /* calls have parts, parts have none */
    if (c->abandon)
        c->abandon(c);
    list_remove(&c->link);
    call_free(c);
}

void rpc_forget(struct rpc *r, const void *asker)
{
    struct call *c;
    list_each (c, &r->calls, link) {
        if (c->asker == asker) {
            call_drop(c);
            return;
        }
    }
}

const char *call_text(const struct call *c, size_t at)
{
    return json_string_value(json_array_get(c->params, at));
}

json_int_t call_number(const struct call *c, size_t at)
{
    json_int_t number = 0;
    return number_of(json_array_get(c->params, at), &number) ? number : 0;
}

bool call_flag(const struct call *c, size_t at, bool otherwise)
{
    const json_t *value = json_array_get(c->params, at);
    if (!value)
        return otherwise;
    if (json_is_number(value))
        return json_number_value(value) < 0 || json_number_value(value) > 0;
    if (json_is_string(value))
        return json_string_length(value) > 0;
    return json_is_true(value) || json_array_size(value) > 0 || json_object_size(value) > 0;
}
