#include "control/server.h"

#include <errno.h>
#include <microhttpd.h>
#include <stdio.h>
#include <string.h>

#include "base/limits.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/parse.h"
#include "control/auth.h"

enum { NS_PER_MS = 1000 * 1000 };

static void exchange_free(struct exchange *x)
{
    buf_close(&x->body);
    mem_free(x);
}

void server_rename(struct server *s, const struct server_config *c)
{
    mem_free(s->section);
    s->door.name = s->section = mem_strdup(c->section);
    auth_set(&s->auth, c->username, c->password);
}

static void server_handle_closed(struct server *s)
{
    if (--s->open_handles > 0)
        return;
    mem_free(s->section);
    s->section = NULL;
    auth_set(&s->auth, NULL, NULL);
    if (s->on_closed)
        s->on_closed(s);
}

static void on_handle_closed(uv_handle_t *handle)
{
    server_handle_closed(handle->data);
}

/* --- Requests -------------------------------------------------------------------------------- */

/* What is wrong with the request line and the headers; 0: nothing. */
static unsigned exchange_check(struct exchange *x)
{
    const char *length = exchange_header(x, MHD_HTTP_HEADER_CONTENT_LENGTH);
    int64_t bytes = 0;
    if (!auth_allows(exchange_header(x, MHD_HTTP_HEADER_AUTHORIZATION), x->server->auth.username,
                     x->server->auth.password))
        return MHD_HTTP_UNAUTHORIZED;
    if (strcmp(x->method, "POST") == 0 && !length)
        return MHD_HTTP_LENGTH_REQUIRED;
    if (length && (parse_int(length, &bytes, NULL) < 0 || bytes > LIMIT_BODY))
        return MHD_HTTP_CONTENT_TOO_LARGE;
    return 0;
}

static struct exchange *exchange_new(struct server *s, struct MHD_Connection *connection,
                                     const char *method, const char *path)
{
    struct exchange *x = mem_alloc(sizeof *x);
    x->server = s;
    x->connection = connection;
    x->visitor =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT)->socket_context;
    x->method = method;
    x->path = path;
    list_append(&s->exchanges, &x->link);
    x->refused = exchange_check(x);
    return x;
}

static void exchange_route(struct exchange *x)
{
    const char *rest = NULL;
    unsigned status = x->refused;
    x->routed = true;
    visitor_waits(x->visitor);
    if (x->server->closing)
        status = MHD_HTTP_SERVICE_UNAVAILABLE;
    const struct route *row =
        status ? NULL : route_find(x->server->router, x->method, x->path, &rest, &status);
    if (row)
        row->handle(x->server->router, x, rest);
    else
        exchange_error(x, status);
    buf_close(&x->body);
}

/* The request is complete, or its answer has come. */
static enum MHD_Result exchange_proceed(struct exchange *x)
{
    if (!x->routed && (x->server->queued || uv_hrtime() >= x->server->turn_end)) {
        x->queued = x->server->queued = true;
        exchange_suspend(x);
        return MHD_YES;
    }
    if (!x->routed)
        exchange_route(x);
    if (x->gone)
        return MHD_NO;
    if (!x->response) {
        exchange_watch(x);
        exchange_suspend(x);
        return MHD_YES;
    }
    enum MHD_Result result = MHD_queue_response(x->connection, x->status, x->response);
    MHD_destroy_response(x->response); /* the connection holds it now */
    x->response = NULL;
    return result;
}

static void exchange_take(struct exchange *x, const char *data, size_t len)
{
    if (!x->refused && !visitor_asks(x->visitor, x->body.len + len)) {
        x->refused = MHD_HTTP_SERVICE_UNAVAILABLE;
        buf_close(&x->body);
    }
    if (!x->refused)
        buf_append(&x->body, data, len);
}

/* NOLINTNEXTLINE(readability-function-size): the library's signature */
static enum MHD_Result on_request(void *owner, struct MHD_Connection *connection, const char *path,
                                  const char *method, const char *version, const char *data,
                                  size_t *len, void **memory)
{
    struct exchange *x = *memory;
    if (!x) {
        *memory = x = exchange_new(owner, connection, method, path);
        x->modern = strcmp(version, MHD_HTTP_VERSION_1_0) != 0;
        /* a body that is too large is not even read */
        return x->refused == MHD_HTTP_CONTENT_TOO_LARGE ? exchange_proceed(x) : MHD_YES;
    }
    if (*len == 0)
        return exchange_proceed(x);
    if (x->body.len + *len > LIMIT_BODY)
        return MHD_NO;
    exchange_take(x, data, *len);
    *len = 0;
    return MHD_YES;
}

static void on_hangup_closed(uv_handle_t *handle)
{
    struct exchange *x = container_of(handle, struct exchange, hangup);
    struct server *s = x->server;
    exchange_free(x);
    server_handle_closed(s);
}

static void exchange_end(struct exchange *x)
{
    struct server *s = x->server;
    list_remove(&x->link);
    visitor_rests(x->visitor);
    if (x->routed && !x->answered && s->router->on_gone)
        s->router->on_gone(s->router, x);
    if (x->source) {
        s->streams--;
        x->source->close(x->source);
    }
    if (x->response)
        MHD_destroy_response(x->response);
    if (x->watching)
        uv_close((uv_handle_t *)&x->hangup, on_hangup_closed);
    else
        exchange_free(x);
}

static void on_completed(void *owner, struct MHD_Connection *connection, void **memory,
                         enum MHD_RequestTerminationCode why)
{
    (void)owner, (void)connection, (void)why;
    if (*memory)
        exchange_end(*memory);
    *memory = NULL;
}

/* --- The daemon on the loop ------------------------------------------------------------------ */

static void server_stop(struct server *s)
{
    struct exchange *x;
    list_each (x, &s->exchanges, link) {
        x->gone = true;
        exchange_resume(x); /* libmicrohttpd insists */
    }
    (void)uv_poll_stop(&s->poll); /* before its descriptor is closed */
    MHD_stop_daemon(s->daemon);
    s->daemon = NULL;
    uv_close((uv_handle_t *)&s->poll, on_handle_closed);
    uv_close((uv_handle_t *)&s->timer, on_handle_closed);
    uv_close((uv_handle_t *)&s->deadline, on_handle_closed);
    door_close(&s->door, on_handle_closed);
}

/* Begins with calls that had to wait for this turn, as many as it has time for. */
static void server_begin_turn(struct server *s)
{
    struct exchange *x;
    s->turn_end = uv_hrtime() + (uint64_t)LIMIT_TURN_MS * NS_PER_MS;
    s->queued = false;
    list_each (x, &s->exchanges, link) {
        if (x->queued && uv_hrtime() < s->turn_end) {
            x->queued = false;
            exchange_route(x);
        }
        s->queued |= x->queued;
    }
}

static void on_timer(uv_timer_t *timer);

/* Lets libmicrohttpd do what there is to do, and learns when it wants to be called again. */
static void server_run(struct server *s)
{
    unsigned MHD_LONG_LONG wait;
    if (!s->daemon)
        return;
    if (!s->queued)
        server_begin_turn(s);
    s->resumed = false;
    (void)MHD_run(s->daemon);
    if (s->closing && list_empty(&s->exchanges))
        server_stop(s);
    else if (s->queued) /* 1: with 0 the loop would do nothing else before */
        (void)uv_timer_start(&s->timer, on_timer, 1, 0);
    else if (s->resumed)
        (void)uv_timer_start(&s->timer, on_timer, 0, 0);
    else if (MHD_get_timeout(s->daemon, &wait) == MHD_YES)
        (void)uv_timer_start(&s->timer, on_timer, wait, 0);
    else
        (void)uv_timer_stop(&s->timer);
}

static void on_timer(uv_timer_t *timer)
{
    struct server *s = container_of(timer, struct server, timer);
    server_begin_turn(s);
    server_run(s);
}

void server_wake(struct server *s)
{
    s->resumed = true;
    (void)uv_timer_start(&s->timer, on_timer, 0, 0);
}

void server_hold(struct server *s, bool hold)
{
    struct exchange *x;
    s->held = hold;
    door_hold(&s->door, hold);
    list_each (x, &s->exchanges, link) {
        if (!hold && exchange_at_rest(x))
            exchange_resume(x);
    }
}

static void on_poll(uv_poll_t *poll, int status, int events)
{
    (void)status;
    (void)events;
    server_run(container_of(poll, struct server, poll));
}

/* The first line of a request is there. What we return is where its exchange will be. */
static void *on_first_line(void *owner, const char *uri, struct MHD_Connection *connection)
{
    struct visitor *v =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT)->socket_context;
    (void)owner;
    (void)uri;
    v->asking = true;
    return NULL;
}

/* libmicrohttpd has begun with a connection, or is done with it */
static void on_connection(void *owner, struct MHD_Connection *connection, void **memory,
                          enum MHD_ConnectionNotificationCode what)
{
    struct server *s = owner;
    if (what == MHD_CONNECTION_NOTIFY_CLOSED) {
        visitor_free(*memory);
        return;
    }
    *memory = visitor_new(
        &s->door,
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd);
}

static bool on_visitor(struct door *d, int fd, const void *from, unsigned from_len)
{
    struct server *s = container_of(d, struct server, door);
    return MHD_add_connection(s->daemon, fd, from, from_len) == MHD_YES;
}

static void on_turn(struct door *d)
{
    server_run(container_of(d, struct server, door));
}

/* --- Life ------------------------------------------------------------------------------------ */

static void on_deadline(uv_timer_t *timer)
{
    struct server *s = container_of(timer, struct server, deadline);
    if (s->daemon)
        server_stop(s);
}

__attribute__((format(printf, 2, 0))) static void on_log(void *owner, const char *fmt, va_list args)
{
    struct server *s = owner;
    char line[512];
    (void)vsnprintf(line, sizeof line, fmt, args);
    line[strcspn(line, "\n")] = '\0';
    log_line(LOG_LEVEL_TRACE, "%s: %s", s->section, line);
}

static int server_start_daemon(struct server *s, struct err *e)
{
    s->daemon = MHD_start_daemon(
        MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG | MHD_USE_NO_LISTEN_SOCKET, 0,
        NULL, NULL, on_request, s, MHD_OPTION_EXTERNAL_LOGGER, on_log, s,
        MHD_OPTION_NOTIFY_CONNECTION, on_connection, s, MHD_OPTION_NOTIFY_COMPLETED, on_completed,
        s, MHD_OPTION_URI_LOG_CALLBACK, on_first_line, NULL, MHD_OPTION_CONNECTION_LIMIT,
        (unsigned)LIMIT_CONNECTIONS, MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)LIMIT_HEAD,
        MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)LIMIT_IDLE_S, MHD_OPTION_END);
    if (!s->daemon)
        return err_set(e, -ENOMEM, "cannot start the HTTP server of [%s]", s->section);
    return 0;
}

static int server_poll(struct server *s, struct err *e)
{
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(s->daemon, MHD_DAEMON_INFO_EPOLL_FD);
    int rc = info ? uv_poll_init(s->loop, &s->poll, info->epoll_fd) : UV_ENOTSUP;
    if (rc == 0)
        rc = door_open(&s->door, s->loop, s->listener.fd);
    if (rc < 0)
        return err_set(e, rc, "cannot wait for clients of [%s]: %s", s->section, uv_strerror(rc));
    (void)uv_timer_init(s->loop, &s->timer);
    (void)uv_timer_init(s->loop, &s->deadline);
    s->poll.data = s->timer.data = s->deadline.data = s;
    s->door.poll.data = s->door.retry.data = s->door.tidy.data = s;
    s->open_handles = 6;
    (void)uv_poll_start(&s->poll, UV_READABLE, on_poll);
    return 0;
}

int server_open(struct server *s, uv_loop_t *loop, const struct server_config *c, struct router *r,
                struct inherited *inherited, struct err *e)
{
    *s = (struct server){.loop = loop, .router = r, .listener.fd = -1};
    list_init(&s->exchanges);
    list_init(&s->door.visitors);
    server_rename(s, c);
    s->door.on_visitor = on_visitor;
    s->door.on_turn = on_turn;
    int rc = socket_inherit(&s->listener, c, inherited) ? 0 : socket_open(&s->listener, c, e);
    if (rc == 0)
        rc = server_start_daemon(s, e);
    if (rc == 0)
        rc = server_poll(s, e);
    if (rc == 0)
        return 0;
    if (s->daemon)
        MHD_stop_daemon(s->daemon);
    s->daemon = NULL;
    socket_close(&s->listener);
    s->open_handles = 1;
    server_handle_closed(s);
    return rc;
}

void server_close(struct server *s, void (*on_closed)(struct server *s))
{
    struct exchange *x;
    s->on_closed = on_closed;
    s->closing = true;
    door_shut(&s->door);
    socket_close(&s->listener);
    list_each (x, &s->exchanges, link) {
        x->gone = x->gone || x->source;
        if (x->source)
            exchange_resume(x);
    }
    (void)uv_timer_start(&s->timer, on_timer, 0, 0); /* not from the callback we may be in */
    (void)uv_timer_start(&s->deadline, on_deadline, SERVER_FINISH_MS, 0);
}
