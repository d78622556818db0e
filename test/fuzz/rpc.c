/*
 * Calls every method with anything, on a simulated machine: an XML-RPC document, or, in fewer
 * bytes, a row of calls with typed parameters between which time passes and callers leave. Each
 * call is answered once or forgotten, each answer can be read, and the machine comes down.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../sim/desk.h"
#include "base/log.h"
#include "base/mem.h"
#include "control/xmlrpc.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { CALLS_MAX = 64 };

static struct desk desk;
static char answered[CALLS_MAX]; /* by call: their addresses are who asks */
static size_t asked;

struct input {
    const uint8_t *at;
    const uint8_t *end;
};

static uint8_t byte(struct input *in)
{
    return in->at < in->end ? *in->at++ : 0;
}

// clang-format off
static const char *const words[] = {
    "p0000", "p0000:p0000_0", "p0001", "p0001:*", "p0002:p0002_0", "p0003", "p0004", "p0005",
    "g00", "g00:*", "p0003:p0003_1", "j00", "job:j01", "", ":", "*", "TERM", "HUP", "9", "SIGKILL",
    "x\n\t&<\xc3\xa9", "system.listMethods", "supervisor.getState", "system.multicall",
};
// clang-format on

/* --- Answers --------------------------------------------------------------------------------- */

static void on_done(struct call *c)
{
    char *mark = c->asker;
    struct buf xml = BUF_EMPTY;
    struct xmlrpc_answer a = {0};
    desk_must(*mark == 0);
    *mark = 1;
    if (c->value) {
        xmlrpc_write_value_answer(&xml, c->value);
    } else {
        struct buf text = BUF_EMPTY;
        fault_text(&c->fault, &text);
        xmlrpc_write_fault(&xml, (int)c->fault.code, buf_str(&text));
        buf_close(&text);
    }
    desk_must(xmlrpc_read_answer(buf_str(&xml), xml.len, &a, NULL) == 0);
    desk_must(a.fault == !c->value);
    xmlrpc_answer_close(&a);
    buf_close(&xml);
}

static void ask(const char *method, json_t *params)
{
    char *mark = &answered[asked++];
    *mark = 0;
    rpc_call(&desk.control.rpc, method, params, NULL, on_done, mark);
}

static void forget(size_t which)
{
    if (which >= asked || answered[which])
        return;
    rpc_forget(&desk.control.rpc, &answered[which]);
    desk_must(answered[which] == 0);
    answered[which] = 2;
}

/* --- From bytes to calls --------------------------------------------------------------------- */

static json_t *any_number(struct input *in)
{
    uint8_t bytes[8] = {0};
    int64_t number;
    uint8_t len = byte(in) % 9;
    for (uint8_t i = 0; i < len; i++)
        bytes[i] = byte(in);
    memcpy(&number, bytes, sizeof number);
    return json_integer(len == 1 ? (int8_t)bytes[0] : number);
}

static json_t *any_text(struct input *in)
{
    uint8_t first = byte(in);
    if (first < sizeof words / sizeof *words)
        return json_string(words[first]);
    size_t len = first & 31;
    if (len > (size_t)(in->end - in->at))
        len = (size_t)(in->end - in->at);
    json_t *text = xmlrpc_string((const char *)in->at, len);
    in->at += len;
    return text;
}

static const struct rpc_method *any_method(uint8_t number)
{
    const struct rpc *r = &desk.control.rpc;
    for (size_t t = 0; t < r->table_count; t++) {
        if (number < r->tables[t].count)
            return &r->tables[t].rows[number];
        number = (uint8_t)(number - r->tables[t].count);
    }
    return NULL;
}

/* One of two that call each other, once: multicalls are one level deep. */
static json_t *any_params(struct input *in, const struct rpc_method *m, bool outer);

static json_t *any_calls(struct input *in)
{
    json_t *calls = json_array();
    for (uint8_t left = byte(in) % 6; left > 0; left--) {
        const struct rpc_method *m = any_method(byte(in));
        json_t *row = json_object();
        if (m)
            json_object_set_new(row, "methodName", json_string(m->name));
        json_object_set_new(row, "params", any_params(in, m, false));
        json_array_append_new(calls, row);
    }
    return calls;
}

static json_t *any_value(struct input *in, char type, bool outer)
{
    switch (type) {
    case 'i':
        return any_number(in);
    case 'b':
        return json_boolean(byte(in) & 1);
    case 's':
        return any_text(in);
    case 'g':
        return byte(in) & 1 ? any_text(in) : any_number(in);
    case 'a':
        return outer ? any_calls(in) : json_pack("[s]", "x");
    case 'r':
        return json_real(byte(in) / 3.0);
    case 'o':
        return json_pack("{s:o}", "name", any_text(in));
    default:
        return json_null();
    }
}

/* As the method wants them, or not at all. */
static json_t *any_params(struct input *in, const struct rpc_method *m, bool outer)
{
    static const char types[] = "ibsgaron";
    json_t *params = json_array();
    uint8_t how = byte(in);
    if (m && how < 200) {
        for (const char *type = m->params; *type; type++) {
            if (*type == '|' && (how & 1))
                break;
            if (*type != '|')
                json_array_append_new(params, any_value(in, *type, outer));
        }
        return params;
    }
    for (int left = how & 3; left > 0; left--)
        json_array_append_new(params, any_value(in, types[byte(in) & 7], outer));
    return params;
}

static void any_deeds(struct input *in)
{
    while (in->at < in->end && asked < CALLS_MAX) {
        uint8_t what = byte(in);
        if (what >= 240) {
            desk_live(&desk, (int64_t)1 << (what - 240));
            desk_turn(&desk);
        } else if (what >= 230) {
            forget(byte(in));
        } else {
            const struct rpc_method *m = any_method(what);
            ask(m ? m->name : "supervisor.no_such_method", any_params(in, m, true));
        }
    }
}

static void from_document(const char *text, size_t len)
{
    struct xmlrpc_call c;
    if (xmlrpc_read_call(text, len, &c, NULL) < 0)
        return;
    ask(c.method, json_incref(c.params));
    xmlrpc_call_close(&c);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static char log[64];
    if (!log[0]) {
        (void)snprintf(log, sizeof log, "/tmp/fuzz-rpc.%d.log", (int)getpid());
        log_set_level(LOG_LEVEL_CRITICAL);
    }
    FILE *file = fopen(log, "w");
    desk_must(file && fputs("a log\xc3\xa9\nof two lines\x01\n", file) >= 0 && fclose(file) == 0);
    struct input in = {data, data + size};
    asked = 0;
    desk_open(&desk, log, NULL);
    if (size > 0 && data[0] == '<')
        from_document((const char *)data, size);
    else
        any_deeds(&in);
    desk_live(&desk, 5000);
    desk_turn(&desk);
    desk_close(&desk);
    for (size_t i = 0; i < asked; i++)
        desk_must(answered[i] != 0);
    (void)unlink(log);
    return 0;
}
