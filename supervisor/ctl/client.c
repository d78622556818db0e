#include "ctl/client.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/limits.h"
#include "control/xmlrpc.h"
#include "ctl/print.h"

void client_init(struct client *c, const struct invocation *o)
{
    *c = (struct client){.o = o};
    http_init(&c->http);
}

void client_close(struct client *c)
{
    http_close(&c->http);
}

int client_fail(struct client *c, enum failure_kind kind, int code, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    c->failure = (struct failure){.kind = kind, .code = code};
    (void)vsnprintf(c->failure.text, sizeof c->failure.text, fmt, ap);
    va_end(ap);
    return -1;
}

bool client_faulted(const struct client *c, enum fault code)
{
    return c->failure.kind == FAILURE_FAULT && c->failure.code == (int)code;
}

bool client_socket_failed(const struct client *c, int error)
{
    return c->failure.kind == FAILURE_SOCKET && c->failure.code == error;
}

/* A failure from what http.h returns. */
static int fail_http(struct client *c, int rc, const struct err *e)
{
    enum failure_kind kind = FAILURE_SOCKET;
    if (rc == -ENODATA)
        kind = FAILURE_CLOSED;
    else if (rc == -EPROTO || rc == -EMSGSIZE)
        kind = FAILURE_ANSWER;
    else if (rc == -EADDRNOTAVAIL)
        kind = FAILURE_RESOLVE;
    else if (rc == -EPROTONOSUPPORT)
        kind = FAILURE_URL;
    return client_fail(c, kind, -rc, "%s", e->text);
}

/* 0 when the status is 200. */
static int client_status(struct client *c, const struct answer *a)
{
    if (a->status == 200)
        return 0;
    http_close(&c->http);
    return client_fail(c, FAILURE_HTTP, a->status, "%s", a->reason);
}

/* Sends the request and reads the answer's head. */
static int client_ask(struct client *c, const struct http_request *r, struct answer *a)
{
    struct err e = {{0}};
    answer_init(a);
    int rc = http_send(&c->http, r, &e);
    while (rc == 0)
        rc = http_head(&c->http, a, &e);
    return rc < 0 ? fail_http(c, rc, &e) : client_status(c, a);
}

/* The answer's value, or a failure. */
static int client_decode(struct client *c, const struct buf *body, json_t **value)
{
    struct xmlrpc_answer a = {0};
    struct err e = {{0}};
    if (xmlrpc_read_answer(buf_str(body), body->len, &a, &e) < 0)
        return client_fail(c, FAILURE_ANSWER, 0, "%s", e.text);
    if (a.fault)
        (void)client_fail(c, FAILURE_FAULT, a.code, "%s", a.text);
    else
        *value = json_incref(a.value);
    int rc = a.fault ? -1 : 0;
    xmlrpc_answer_close(&a);
    return rc;
}

int client_call(struct client *c, const char *method, json_t *params, json_t **value)
{
    struct buf body = BUF_EMPTY;
    struct answer a;
    xmlrpc_write_call(&body, method, params);
    json_decref(params);
    const struct http_request r = {
        .url = c->o->serverurl,
        .method = "POST",
        .path = "/RPC2",
        .username = c->o->username,
        .password = c->o->password,
        .type = "text/xml",
        .body = body.data,
        .body_len = body.len,
    };
    int rc = client_ask(c, &r, &a);
    buf_clear(&body);
    if (rc == 0) {
        struct err e = {{0}};
        int got = http_body(&c->http, &a, LIMIT_ANSWER, &body, &e);
        rc = got < 0 ? fail_http(c, got, &e) : client_decode(c, &body, value);
    }
    buf_close(&body);
    return rc;
}

int client_call_array(struct client *c, const char *method, json_t *params, json_t **value)
{
    json_t *got = NULL;
    if (client_call(c, method, params, &got) < 0)
        return -1;
    if (!json_is_array(got)) {
        json_decref(got);
        return client_fail(c, FAILURE_ANSWER, 0, "%s did not answer with an array", method);
    }
    *value = got;
    return 0;
}

json_t *client_text(const char *text)
{
    return xmlrpc_string(text, strlen(text));
}

int client_get(struct client *c, const char *path)
{
    const struct http_request r = {
        .url = c->o->serverurl,
        .method = "GET",
        .path = path,
        .username = c->o->username,
        .password = c->o->password,
    };
    struct err e = {{0}};
    int rc = http_send(&c->http, &r, &e);
    return rc < 0 ? fail_http(c, rc, &e) : 0;
}

int client_piece(struct client *c, struct answer *a, answer_sink *sink, void *ctx)
{
    struct err e = {{0}};
    int rc = 0;
    if (answer_has_head(a)) {
        rc = http_piece(&c->http, a, sink, ctx, &e);
    } else {
        rc = http_head(&c->http, a, &e);
        if (rc > 0 && client_status(c, a) < 0)
            return -1;
        if (rc > 0)
            rc = answer_take(a, &c->http.in, sink, ctx, &e);
    }
    return rc < 0 ? fail_http(c, rc, &e) : rc;
}

/* --- Failures in words --------------------------------------------------------------------- */

/* The names of Python's exceptions for errno; the rest is OSError. */
static const char *python_name(int error)
{
    // clang-format off
    static const struct { int error; const char *name; } rows[] = {
        {ENOENT, "FileNotFoundError"},      {ECONNREFUSED, "ConnectionRefusedError"},
        {EACCES, "PermissionError"},        {EPERM, "PermissionError"},
        {ECONNRESET, "ConnectionResetError"}, {EPIPE, "BrokenPipeError"},
        {ETIMEDOUT, "TimeoutError"},        {ECONNABORTED, "ConnectionAbortedError"},
        {ENOTDIR, "NotADirectoryError"},
    };
    // clang-format on
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (rows[i].error == error)
            return rows[i].name;
    }
    return "OSError";
}

/*
 * supervisorctl prints what its language throws. Scripts look at the class and the text; the
 * place in the source at the end of the line is different in every release.
 */
static void python_text(const struct failure *f, struct buf *out)
{
    struct buf text = BUF_EMPTY;
    print_quoted(&text, f->text);
    switch (f->kind) {
    case FAILURE_FAULT:
        buf_printf(out, "<class 'xmlrpc.client.Fault'>, <Fault %d: %s>", f->code, text.data);
        break;
    case FAILURE_SOCKET:
        buf_printf(out, "<class '%s'>, [Errno %d] %s", python_name(f->code), f->code, f->text);
        break;
    case FAILURE_RESOLVE:
        buf_printf(out, "<class 'socket.gaierror'>, %s", f->text);
        break;
    case FAILURE_CLOSED:
        buf_text(out, "<class 'http.client.RemoteDisconnected'>, "
                      "Remote end closed connection without response");
        break;
    case FAILURE_HTTP:
        buf_printf(out,
                   "<class 'xmlrpc.client.ProtocolError'>, "
                   "<ProtocolError for 127.0.0.1/RPC2: %d %s>",
                   f->code, f->text);
        break;
    case FAILURE_INPUT:
        buf_printf(out, "<class 'EOFError'>, %s", f->text);
        break;
    case FAILURE_RANGE:
        buf_text(out, "<class 'OverflowError'>, int exceeds XML-RPC limits");
        break;
    case FAILURE_NONE:
    case FAILURE_URL:
    case FAILURE_ANSWER:
    case FAILURE_RESULT:
        buf_printf(out, "<class 'ValueError'>, %s", f->text);
        break;
    }
    buf_text(out, ": file: mainstayctl line: 0");
    buf_close(&text);
}

static const char *socket_advice(int error)
{
    if (error == EACCES || error == EPERM)
        return " (are you root?)";
    if (error == ENOENT || error == ECONNREFUSED)
        return " (is the daemon running?)";
    return "";
}

static const char *http_advice(int status)
{
    if (status == 401)
        return " (give -u and -p, or username= and password= in [supervisorctl])";
    return "";
}

static void plain_text(const struct failure *f, const char *url, struct buf *out)
{
    switch (f->kind) {
    case FAILURE_FAULT:
        buf_printf(out, "the daemon refused: %s (fault %d)", f->text, f->code);
        break;
    case FAILURE_SOCKET:
        buf_printf(out, "cannot connect to %s: %s%s", url, f->text, socket_advice(f->code));
        break;
    case FAILURE_RESOLVE:
        buf_printf(out, "cannot find the host of %s: %s", url, f->text);
        break;
    case FAILURE_URL:
        buf_printf(out, "%s is no address of a daemon: %s", url, f->text);
        break;
    case FAILURE_CLOSED:
        buf_printf(out, "%s closed the connection without an answer", url);
        break;
    case FAILURE_HTTP:
        buf_printf(out, "%s answered %d %s%s", url, f->code, f->text, http_advice(f->code));
        break;
    case FAILURE_ANSWER:
        buf_printf(out, "cannot understand the answer of %s: %s", url, f->text);
        break;
    case FAILURE_NONE:
    case FAILURE_RANGE:
    case FAILURE_RESULT:
        buf_text(out, f->text);
        break;
    case FAILURE_INPUT:
        buf_text(out, "the input ended where an answer was wanted");
        break;
    }
}

void failure_text(const struct failure *f, const struct invocation *o, struct buf *out)
{
    buf_text(out, "error: ");
    if (o->native)
        plain_text(f, o->serverurl, out);
    else
        python_text(f, out);
}
