/* The methods that tell of methods, and system.multicall. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/limits.h"
#include "base/mem.h"
#include "control/rpc.h"

#define MULTICALL "system.multicall"

/* --- What methods there are ------------------------------------------------------------------ */

static int by_name(const void *a, const void *b)
{
    const struct rpc_method *const *x = a;
    const struct rpc_method *const *y = b;
    return strcmp((*x)->name, (*y)->name);
}

static void list_methods(struct call *c)
{
    const struct rpc *r = c->rpc;
    size_t count = 0;
    for (size_t t = 0; t < r->table_count; t++)
        count += r->tables[t].count;
    const struct rpc_method **all = mem_array(count, sizeof *all);
    count = 0;
    for (size_t t = 0; t < r->table_count; t++)
        for (size_t i = 0; i < r->tables[t].count; i++)
            all[count++] = &r->tables[t].rows[i];
    qsort(all, count, sizeof *all, by_name);
    json_t *names = json_array();
    for (size_t i = 0; i < count; i++)
        json_array_append_new(names, json_string(all[i]->name));
    mem_free(all);
    call_return(c, names);
}

static void method_help(struct call *c)
{
    const struct rpc_method *m = rpc_find(c->rpc, call_text(c, 0));
    if (m)
        call_return(c, json_string(m->help));
    else
        call_fault(c, FAULT_SIGNATURE_UNSUPPORTED, NULL);
}

static const char *type_name(char type)
{
    switch (type) {
    case 'i':
        return "int";
    case 'b':
        return "boolean";
    case 'a':
        return "array";
    default:
        return "string";
    }
}

static void method_signature(struct call *c)
{
    const struct rpc_method *m = rpc_find(c->rpc, call_text(c, 0));
    if (!m) {
        call_fault(c, FAULT_SIGNATURE_UNSUPPORTED, NULL);
        return;
    }
    json_t *types = json_array();
    json_array_append_new(types, json_string(m->result));
    for (const char *p = m->params; *p; p++)
        if (*p != '|')
            json_array_append_new(types, json_string(type_name(*p)));
    call_return(c, types);
}

/* --- Many calls in one ----------------------------------------------------------------------- */

enum { NODE_WEIGHT = 128 }; /* bytes that a value takes besides its text, as JSON and as XML */

/* Strictly in order: each call is answered before the next one begins. */
struct multicall {
    struct call *call;
    size_t next;
    json_t *results;
    size_t room;  /* bytes that the results may still take */
    bool running; /* multicall_run is on the stack and goes on by itself */
    bool waiting; /* for the answer of the call before `next` */
};

static void multicall_add_fault(struct multicall *m, const struct outcome *fault)
{
    struct buf text = BUF_EMPTY;
    fault_text(fault, &text);
    json_array_append_new(m->results, json_pack("{s:i, s:s}", "faultCode", (int)fault->code,
                                                "faultString", buf_str(&text)));
    buf_close(&text);
}

/* About the bytes that a value takes; our own answers are a few levels deep. */
static size_t weight(const json_t *value)
{
    json_t *members = (json_t *)(uintptr_t)value; /* jansson's iterator takes no const */
    size_t sum = NODE_WEIGHT + json_string_length(value);
    for (size_t i = 0; i < json_array_size(value); i++)
        sum += weight(json_array_get(value, i));
    for (void *it = json_object_iter(members); it; it = json_object_iter_next(members, it))
        sum += weight(json_object_iter_value(it));
    return sum;
}

static void multicall_run(struct multicall *m);

static void on_part_done(struct call *part)
{
    struct multicall *m = part->asker;
    m->waiting = false;
    size_t taken = part->value ? weight(part->value) : 0;
    m->room -= taken < m->room ? taken : m->room;
    if (part->value)
        json_array_append(m->results, part->value);
    else
        multicall_add_fault(m, &part->fault);
    if (!m->running)
        multicall_run(m);
}

static void multicall_start(struct multicall *m, const json_t *row)
{
    const char *name = json_string_value(json_object_get(row, "methodName"));
    json_t *params = json_object_get(row, "params");
    struct outcome fault = outcome_fault(FAULT_INCORRECT_PARAMETERS, NULL);
    if (m->room == 0)
        fault = outcome_fault(FAULT_FAILED, "too much for one answer");
    else if (!name)
        fault = outcome_fault(FAULT_INCORRECT_PARAMETERS, "No methodName");
    else if (strcmp(name, MULTICALL) == 0)
        fault = outcome_fault(FAULT_INCORRECT_PARAMETERS, "Recursive system.multicall forbidden");
    else if (!params || json_is_array(params)) {
        m->waiting = true;
        rpc_call(m->call->rpc, name, params ? json_incref(params) : json_array(), m->call,
                 on_part_done, m);
        return;
    }
    multicall_add_fault(m, &fault);
}

/* Ten thousand calls may take minutes: programs, signals and other clients come in between. */
static void multicall_pause(struct multicall *m, int64_t since)
{
    struct rpc *r = m->call->rpc;
    if (m->waiting || !r->pause || r->closing || clock_now() - since < LIMIT_TURN_MS)
        return;
    m->call->paused = true;
    r->pause(r);
}

static void multicall_run(struct multicall *m)
{
    const json_t *rows = json_array_get(m->call->params, 0);
    const int64_t since = clock_now();
    m->running = true;
    while (!m->waiting && m->next < json_array_size(rows) && !m->call->paused) {
        multicall_start(m, json_array_get(rows, m->next++));
        multicall_pause(m, since);
    }
    m->running = false;
    if (m->waiting || m->call->paused)
        return;
    struct call *c = m->call;
    json_t *results = m->results;
    mem_free(m);
    call_return(c, results);
}

static void on_multicall_go_on(struct call *c)
{
    multicall_run(c->work);
}

/* Its part, if one is under way, is gone already. */
static void on_multicall_abandon(struct call *c)
{
    struct multicall *m = c->work;
    json_decref(m->results);
    mem_free(m);
}

static void multicall(struct call *c)
{
    if (json_array_size(json_array_get(c->params, 0)) > LIMIT_MULTICALL) {
        call_fault(c, FAULT_INCORRECT_PARAMETERS, "too many calls");
        return;
    }
    struct multicall *m = mem_alloc(sizeof *m);
    *m = (struct multicall){.call = c, .results = json_array(), .room = LIMIT_CALL_RESULT};
    c->work = m;
    c->abandon = on_multicall_abandon;
    c->go_on = on_multicall_go_on;
    multicall_run(m);
}

// clang-format off
const struct rpc_method system_methods[] = {
    { "system.listMethods",     "array",  "",  list_methods,     RPC_ANYTIME,
      "Return an array listing the available method names." },
    { "system.methodHelp",      "string", "s", method_help,      RPC_ANYTIME,
      "Return a string showing the method's documentation." },
    { "system.methodSignature", "array",  "s", method_signature, RPC_ANYTIME,
      "Return an array with the type of the method's result and those of its parameters." },
    { "system.multicall",       "array",  "a", multicall,        RPC_ANYTIME,
      "Process an array of calls, each a struct {methodName, params}, and return an array of "
      "their results; a fault is a struct {faultCode, faultString}." },
};
// clang-format on
const size_t system_methods_count = sizeof system_methods / sizeof *system_methods;
