#include "control/web.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "base/limits.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/parse.h"
#include "control/deed.h"
#include "control/exchange.h"
#include "control/form.h"
#include "control/origin.h"
#include "control/page.h"

enum {
    TAIL_LEAST = 1024,  /* bytes of a log on its page; as many as are asked for, or these */
    MESSAGE_MOST = 1024 /* bytes of one: it has to fit into an address */
};

struct web_action {
    const char *name;
    const char *method; /* NULL: none is called */
    const char *then;   /* called after it */
    const char *done;   /* "Process NAME <done>"; without a process "<done> at <time>" */
    bool of_process;
};

// clang-format off
static const struct web_action actions[] = {
    { "refresh",    NULL, NULL, "Page refreshed", false },
    { "stopall",    "supervisor.stopAllProcesses", NULL, "All stopped", false },
    { "restartall", "supervisor.stopAllProcesses", "supervisor.startAllProcesses",
                    "All restarted", false },
    { "start",      "supervisor.startProcess", NULL, "started", true },
    { "stop",       "supervisor.stopProcess", NULL, "stopped", true },
    { "restart",    "supervisor.stopProcess", "supervisor.startProcess", "restarted", true },
    { "clearlog",   "supervisor.clearProcessLogs", NULL, "cleared", true },
};

/* How the page has always called these faults. */
static const struct { enum fault code; const char *words; } fault_words[] = {
    { FAULT_NO_FILE,              "no such file" },
    { FAULT_NOT_EXECUTABLE,       "file not executable" },
    { FAULT_ALREADY_STARTED,      "already started" },
    { FAULT_SPAWN_ERROR,          "spawn error" },
    { FAULT_ABNORMAL_TERMINATION, "abnormal termination" },
};
// clang-format on

/* One that was asked for and has not come to its end. */
struct web_act {
    struct list link; /* in the control, which owns it */
    struct control *control;
    struct exchange *x; /* NULL: the client has left */
    const struct web_action *action;
    char *process; /* owned; NULL for all */
};

static const struct web_action *action_find(const char *name)
{
    for (size_t i = 0; name && i < sizeof actions / sizeof *actions; i++)
        if (strcmp(actions[i].name, name) == 0)
            return &actions[i];
    return NULL;
}

/* --- Answers --------------------------------------------------------------------------------- */

static void answer_page(struct exchange *x, struct buf *body)
{
    exchange_answer(x, 200, "text/html;charset=utf-8", body);
    exchange_add_header(x, "Cache-Control", "no-cache");
    exchange_add_header(x, "Content-Security-Policy",
                        "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; "
                        "base-uri 'none'; frame-ancestors 'self'");
    exchange_add_header(x, "X-Content-Type-Options", "nosniff");
    buf_close(body);
}

/* Back to the page, which shows the message. 301 is what scripts know from Supervisor. */
static void answer_message(struct exchange *x, const char *message)
{
    struct buf to = BUF_EMPTY;
    struct buf none = BUF_EMPTY;
    char *cut = mem_strndup(message, MESSAGE_MOST);
    buf_text(&to, "./?message=");
    url_text(&to, cut);
    mem_free(cut);
    exchange_answer(x, strcmp(x->method, "GET") == 0 ? 301 : 303, "text/html;charset=utf-8", &none);
    exchange_add_header(x, "Location", buf_str(&to));
    exchange_add_header(x, "Cache-Control", "no-cache");
    buf_close(&to);
}

/* --- Actions --------------------------------------------------------------------------------- */

static void say_done(struct buf *out, const struct web_act *a)
{
    char when[64] = "";
    time_t now = time(NULL);
    struct tm tm;
    if (localtime_r(&now, &tm))
        (void)strftime(when, sizeof when, "%a %b %e %T %Y", &tm);
    if (!a->action->of_process)
        buf_printf(out, "%s at %s", a->action->done, when);
    else if (strcmp(a->action->name, "clearlog") == 0)
        buf_printf(out, "Log for %s %s", a->process, a->action->done);
    else
        buf_printf(out, "Process %s %s", a->process, a->action->done);
}

static void say_fault(struct buf *out, const struct web_act *a, int code, const char *text)
{
    buf_printf(out, "ERROR: %s%s", a->process ? "Process " : "", a->process ? a->process : "");
    buf_text(out, a->process ? ": " : "");
    for (size_t i = 0; i < sizeof fault_words / sizeof *fault_words; i++) {
        if ((int)fault_words[i].code == code) {
            buf_text(out, fault_words[i].words);
            return;
        }
    }
    buf_printf(out, "unexpected rpc fault [%d] %s", code, text);
}

static void act_free(struct web_act *a)
{
    list_remove(&a->link);
    mem_free(a->process);
    mem_free(a);
}

/* The answers of both calls are in an array; what counts is the last one. */
static void on_done(struct call *call)
{
    struct web_act *a = call->asker;
    struct buf text = BUF_EMPTY;
    struct buf message = BUF_EMPTY;
    const json_t *last = call->value;
    if (a->action->then)
        last = json_array_get(call->value, 1);
    int code = (int)json_integer_value(json_object_get(last, "faultCode"));
    if (!call->value) {
        fault_text(&call->fault, &text);
        say_fault(&message, a, (int)call->fault.code, buf_str(&text));
    } else if (code != 0) {
        say_fault(&message, a, code, json_string_value(json_object_get(last, "faultString")));
    } else {
        say_done(&message, a);
    }
    if (a->x)
        answer_message(a->x, buf_str(&message));
    buf_close(&text);
    buf_close(&message);
    act_free(a);
}

static json_t *entry(const char *method, const char *process)
{
    json_t *params = process ? json_pack("[s]", process) : json_array();
    return json_pack("{s:s, s:o}", "methodName", method, "params", params);
}

static void act_call(struct web_act *a)
{
    struct rpc *rpc = &a->control->rpc;
    const struct web_action *action = a->action;
    json_t *first = entry(action->method, a->process);
    if (action->then) {
        json_t *calls = json_pack("[[o, o]]", first, entry(action->then, a->process));
        rpc_call(rpc, "system.multicall", calls, NULL, on_done, a);
        return;
    }
    json_t *params = json_incref(json_object_get(first, "params"));
    json_decref(first);
    rpc_call(rpc, action->method, params, NULL, on_done, a);
}

/* Does it, and answers. `process` may be NULL. */
static void web_act(struct control *c, struct exchange *x, const struct web_action *action,
                    const char *process)
{
    struct pgroup *g;
    struct proc *p;
    struct buf message = BUF_EMPTY;
    struct web_act *a = mem_alloc(sizeof *a);
    *a = (struct web_act){.control = c, .x = x, .action = action};
    list_append(&c->web_acts, &a->link);
    if (action->of_process)
        a->process = mem_strdup(process ? process : "");
    if (!action->of_process || (find_named(c, a->process, &g, &p) && p)) {
        if (action->method) {
            act_call(a);
            return;
        }
        say_done(&message, a);
    } else {
        buf_printf(&message, "No such process named %s", a->process);
    }
    answer_message(x, buf_str(&message));
    buf_close(&message);
    act_free(a);
}

void web_gone(struct control *c, const struct exchange *x)
{
    struct web_act *a, *oldest = NULL;
    unsigned orphans = 0;
    list_each (a, &c->web_acts, link) {
        if (a->x == x)
            a->x = NULL;
        if (!a->x && orphans++ == 0)
            oldest = a;
    }
    if (orphans <= LIMIT_ORPHANS)
        return;
    rpc_forget(&c->rpc, oldest);
    act_free(oldest);
}

/* --- Who asks -------------------------------------------------------------------------------- */

/* For a GET, browsers without Sec-Fetch-Site tell nothing about who made them send it. */
static bool may_act_by_get(const struct exchange *x)
{
    const char *agent = exchange_header(x, "User-Agent");
    if (exchange_header(x, "Sec-Fetch-Site"))
        return !origin_is_elsewhere(x);
    return !origin_is_elsewhere(x) && !(agent && strncasecmp(agent, "Mozilla/", 8) == 0);
}

/* --- Requests -------------------------------------------------------------------------------- */

static void show(struct control *c, struct exchange *x, const struct page_text *text)
{
    struct buf body = BUF_EMPTY;
    page_status(&body, c, text);
    answer_page(x, &body);
}

void web_get(struct control *c, struct exchange *x)
{
    const char *name = exchange_query(x, "action");
    const char *process = exchange_query(x, "processname");
    const struct web_action *action = action_find(name);
    if (!name || !*name)
        show(c, x, &(struct page_text){.message = exchange_query(x, "message")});
    else if (!action)
        exchange_error(x, 400);
    else if (may_act_by_get(x))
        web_act(c, x, action, process);
    else
        show(c, x,
             &(struct page_text){.action = action->name,
                                 .process = action->of_process && process ? process : NULL});
}

void web_post(struct control *c, struct exchange *x)
{
    const char *body = buf_str(&x->body);
    char *name = form_value(body, x->body.len, "action");
    char *process = form_value(body, x->body.len, "processname");
    const struct web_action *action =
        action_find(name ? name : exchange_query(x, "action")); /* as Supervisor: from either */
    const char *of = process ? process : exchange_query(x, "processname");
    if (origin_is_elsewhere(x)) {
        log_warn("web page: refused '%s' that another site's page asked for",
                 action ? action->name : "?");
        exchange_error(x, 403);
    } else if (action) {
        web_act(c, x, action, of);
    } else if (name && *name) {
        exchange_error(x, 400);
    } else {
        show(c, x, &(struct page_text){.message = exchange_query(x, "message")});
    }
    mem_free(name);
    mem_free(process);
}

static void on_tail(struct call *call)
{
    struct buf body = BUF_EMPTY;
    struct buf text = BUF_EMPTY;
    struct exchange *x = call->asker;
    const char *process = json_string_value(json_array_get(call->params, 0));
    json_int_t limit = -json_integer_value(json_array_get(call->params, 1));
    const char *stream = strstr(call->method->name, "Stderr") ? "stderr" : "stdout";
    if (call->value) {
        buf_text(&text, json_string_value(call->value));
    } else if (call->fault.code == FAULT_NO_FILE) {
        bool elsewhere = strncmp(call->fault.extra, LOG_IN_JOURNAL, strlen(LOG_IN_JOURNAL)) == 0;
        buf_printf(&text, "No file for %s%s%s", process, elsewhere ? ": " : "",
                   elsewhere ? call->fault.extra : "");
    } else {
        buf_printf(&text, "ERROR: unexpected rpc fault [%d] ", (int)call->fault.code);
        fault_text(&call->fault, &text);
    }
    page_tail(&body, process, stream, (unsigned)limit, buf_str(&text));
    answer_page(x, &body);
    buf_close(&text);
}

void web_tail(struct control *c, struct exchange *x)
{
    struct buf body = BUF_EMPTY;
    const char *process = exchange_query(x, "processname");
    const char *stream = exchange_query(x, "stream");
    const char *limit_text = exchange_query(x, "limit");
    int64_t limit = 0;
    if (!limit_text || parse_int(limit_text, &limit, NULL) < 0 || limit < TAIL_LEAST)
        limit = TAIL_LEAST;
    if (limit > LIMIT_LOG_SLICE)
        limit = LIMIT_LOG_SLICE;
    if (!process || !*process) {
        page_tail(&body, NULL, "log", TAIL_LEAST, "No process name found");
        answer_page(x, &body);
        return;
    }
    bool err = stream && strcmp(stream, "stderr") == 0;
    rpc_call(&c->rpc, err ? "supervisor.readProcessStderrLog" : "supervisor.readProcessStdoutLog",
             json_pack("[s, I, i]", process, (json_int_t)-limit, 0), NULL, on_tail, x);
}

void web_ok(struct exchange *x)
{
    struct buf body = BUF_EMPTY;
    buf_text(&body, "OK");
    exchange_answer(x, 200, "text/plain", &body);
    buf_close(&body);
}
