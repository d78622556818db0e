#include "control/control.h"

#include <string.h>

#include "base/limits.h"
#include "base/log.h"
#include "base/mem.h"
#include "control/deed.h"
#include "control/follow.h"
#include "control/methods.h"
#include "control/origin.h"
#include "control/resume.h"
#include "control/servers.h"
#include "control/wait.h"
#include "control/web.h"
#include "control/xmlrpc.h"

struct control *control_of(const struct call *c)
{
    return container_of(c->rpc, struct control, rpc);
}

/* --- Requests -------------------------------------------------------------------------------- */

static void on_call_done(struct call *c)
{
    struct exchange *x = c->asker;
    struct buf body = BUF_EMPTY;
    struct buf text = BUF_EMPTY;
    if (c->document.len > 0) {
        body = c->document;
        c->document = (struct buf)BUF_EMPTY;
    } else if (c->value) {
        xmlrpc_write_value_answer(&body, c->value);
    } else {
        fault_text(&c->fault, &text);
        xmlrpc_write_fault(&body, (int)c->fault.code, buf_str(&text));
    }
    if (body.len > LIMIT_ANSWER) {
        buf_close(&body);
        buf_clear(&text);
        struct outcome o = outcome_fault(FAULT_FAILED, "too much for one answer");
        fault_text(&o, &text);
        xmlrpc_write_fault(&body, FAULT_FAILED, buf_str(&text));
    }
    exchange_answer(x, 200, "text/xml", &body);
    buf_close(&body);
    buf_close(&text);
}

bool control_trusts(const struct call *c)
{
    while (c->outer)
        c = c->outer;
    if (c->on_done != on_call_done)
        return false; /* of the web page, which has no way to say who asks */
    const struct exchange *x = c->asker;
    return socket_peer_is_ours(x->visitor->fd);
}

static void on_rpc(struct router *r, struct exchange *x, const char *rest)
{
    struct control *c = container_of(r, struct control, router);
    struct xmlrpc_call call;
    struct err e;
    (void)rest;
    if (origin_is_forged(x)) {
        log_warn("XML-RPC: refused a call that another site's page made a browser send");
        exchange_error(x, 403);
        return;
    }
    if (xmlrpc_read_call(buf_str(&x->body), x->body.len, &call, &e) < 0) {
        log_error("XML-RPC request data is invalid: %s", e.text);
        exchange_error(x, 400);
        return;
    }
    rpc_call(&c->rpc, call.method, json_incref(call.params), NULL, on_call_done, x);
    xmlrpc_call_close(&call);
}

/* "/NAMESPEC", "/NAMESPEC/stdout", "/NAMESPEC/stderr"; NULL when there is no such log. */
static const char *tail_path(struct control *c, const char *rest)
{
    if (*rest != '/')
        return NULL;
    const char *slash = strchr(rest + 1, '/');
    const char *channel = slash ? slash + 1 : "stdout";
    char *spec = slash ? mem_strndup(rest + 1, (size_t)(slash - rest - 1)) : mem_strdup(rest + 1);
    const struct child *child = find_speaker(c, spec);
    mem_free(spec);
    if (child && strcmp(channel, "stdout") == 0)
        return child_out_path(child);
    return child && strcmp(channel, "stderr") == 0 ? child_err_path(child) : NULL;
}

static void on_log_tail(struct router *r, struct exchange *x, const char *rest)
{
    struct control *c = container_of(r, struct control, router);
    follow_answer(c, x, tail_path(c, rest));
}

static void on_main_log_tail(struct router *r, struct exchange *x, const char *rest)
{
    struct control *c = container_of(r, struct control, router);
    (void)rest;
    follow_answer(c, x, c->host->main_log(c->owner));
}

static void on_gone(struct router *r, struct exchange *x)
{
    struct control *c = container_of(r, struct control, router);
    rpc_forget(&c->rpc, x);
    web_gone(c, x);
    metrics_gone(&c->metrics, x);
}

static void on_metrics(struct router *r, struct exchange *x, const char *rest)
{
    struct control *c = container_of(r, struct control, router);
    (void)rest;
    metrics_ask(&c->metrics, x);
}

static void on_web_get(struct router *r, struct exchange *x, const char *rest)
{
    (void)rest;
    web_get(container_of(r, struct control, router), x);
}

static void on_web_post(struct router *r, struct exchange *x, const char *rest)
{
    (void)rest;
    web_post(container_of(r, struct control, router), x);
}

static void on_web_tail(struct router *r, struct exchange *x, const char *rest)
{
    (void)rest;
    web_tail(container_of(r, struct control, router), x);
}

static void on_web_ok(struct router *r, struct exchange *x, const char *rest)
{
    (void)r;
    (void)rest;
    web_ok(x);
}

// clang-format off
static const struct route routes[] = {
    { "/RPC2",        "POST", on_rpc },
    { "/logtail",     "GET",  on_log_tail },
    { "/mainlogtail", "GET",  on_main_log_tail },
    { "=/metrics",    "GET",  on_metrics },
    { "=/metrics",    "HEAD", on_metrics },
    { "=/",           "GET",  on_web_get },
    { "=/",           "POST", on_web_post },
    { "=/index.html", "GET",  on_web_get },
    { "=/index.html", "POST", on_web_post },
    { "=/tail.html",  "GET",  on_web_tail },
    { "=/tail.html",  "POST", on_web_tail },
    { "=/ok.html",    "GET",  on_web_ok },
    { "=/ok.html",    "POST", on_web_ok },
};
// clang-format on

/* --- Life ------------------------------------------------------------------------------------ */

static bool control_available(const struct rpc *r)
{
    const struct control *c = container_of_const(r, struct control, rpc);
    return c->supervisor->state == SUPERVISOR_RUNNING;
}

enum { PAUSE_MS = 1 }; /* with 0 the loop would do nothing else before */

static void on_pause(struct rpc *r);

static void on_go_on(uv_timer_t *timer)
{
    struct control *c = container_of(timer, struct control, go_on);
    if (rpc_go_on(&c->rpc))
        on_pause(&c->rpc);
}

static void on_pause(struct rpc *r)
{
    struct control *c = container_of(r, struct control, rpc);
    (void)uv_timer_start(&c->go_on, on_go_on, PAUSE_MS, 0);
}

static void on_event(struct event_subscriber *sub, const struct event *ev)
{
    if (event_is_change(ev))
        wait_look_all(container_of(sub, struct control, subscriber), ev);
}

static void control_register(struct control *c)
{
    rpc_init(&c->rpc);
    c->rpc.available = control_available;
    c->rpc.pause = on_pause;
    rpc_register(&c->rpc, state_methods, state_methods_count);
    rpc_register(&c->rpc, config_methods, config_methods_count);
    rpc_register(&c->rpc, process_methods, process_methods_count);
    rpc_register(&c->rpc, log_methods, log_methods_count);
    rpc_register(&c->rpc, job_methods, job_methods_count);
    rpc_register(&c->rpc, power_methods, power_methods_count);
    rpc_register(&c->rpc, usage_methods, usage_methods_count);
    rpc_register(&c->rpc, system_methods, system_methods_count);
}

void control_open(struct control *c, uv_loop_t *loop, struct supervisor *s, struct jobs *j,
                  const struct control_host *host, void *owner)
{
    *c = (struct control){.loop = loop, .supervisor = s, .jobs = j, .host = host, .owner = owner};
    c->router = (struct router){routes, sizeof routes / sizeof *routes, on_gone};
    list_init(&c->servers);
    list_init(&c->deeds);
    list_init(&c->waits);
    list_init(&c->follows);
    list_init(&c->web_acts);
    control_register(c);
    c->subscriber.on_event = on_event;
    event_bus_subscribe(s->bus, &c->subscriber);
    (void)uv_timer_init(loop, &c->finish);
    (void)uv_timer_init(loop, &c->go_on);
    metrics_open(&c->metrics, c);
    c->finish.data = c->go_on.data = c;
    c->open_handles = 3;
}

int control_listen(struct control *c, struct config *cfg, struct err *e)
{
    c->identifier = mem_strdup(cfg->identifier);
    return servers_open(c, cfg, e);
}

void control_change(struct control *c, struct config *cfg)
{
    mem_free(c->identifier);
    c->identifier = mem_strdup(cfg->identifier);
    servers_change(c, cfg);
}

void control_handle_closed(struct control *c)
{
    if (--c->open_handles > 0)
        return;
    mem_free(c->identifier);
    c->identifier = NULL;
    if (c->on_closed)
        c->on_closed(c);
}

static void on_timer_closed(uv_handle_t *handle)
{
    control_handle_closed(handle->data);
}

void control_close(struct control *c, void (*on_closed)(struct control *c))
{
    c->on_closed = on_closed;
    wait_finish_all(c);
    rpc_close(&c->rpc);
    wait_close_all(c);
    metrics_close(&c->metrics, on_timer_closed);
    event_bus_unsubscribe(&c->subscriber);
    servers_close(c);
    resume_end(c, NULL);
    uv_close((uv_handle_t *)&c->finish, on_timer_closed);
    uv_close((uv_handle_t *)&c->go_on, on_timer_closed);
}
