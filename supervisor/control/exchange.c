#include "control/exchange.h"

#include <microhttpd.h>

#include "base/limits.h"
#include "control/server.h"

enum { STREAM_BLOCK = 16 << 10 };

/* --- Answers --------------------------------------------------------------------------------- */

void exchange_suspend(struct exchange *x)
{
    x->suspended = true;
    MHD_suspend_connection(x->connection);
}

void exchange_resume(struct exchange *x)
{
    if (!x->suspended)
        return;
    x->suspended = false;
    MHD_resume_connection(x->connection);
    server_wake(x->server); /* without threads libmicrohttpd only takes a note: it must be run */
}

static void exchange_set_response(struct exchange *x, unsigned status, const char *type,
                                  struct MHD_Response *response)
{
    x->answered = true;
    if (!response) { /* libmicrohttpd found no memory: the connection is closed */
        x->gone = true;
    } else {
        x->status = status;
        x->response = response;
        (void)MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, type);
    }
    exchange_resume(x);
}

void exchange_answer(struct exchange *x, unsigned status, const char *type, struct buf *body)
{
    size_t len = body->len;
    if (len > 0)
        visitor_answer(x->visitor, body->room);
    struct MHD_Response *response =
        len > 0 ? MHD_create_response_from_buffer(len, body->data, MHD_RESPMEM_MUST_FREE)
                : MHD_create_response_from_buffer(0, NULL, MHD_RESPMEM_PERSISTENT);
    if (len > 0 && response)
        *body = (struct buf)BUF_EMPTY; /* libmicrohttpd frees it, as mem_free does */
    exchange_set_response(x, status, type, response);
}

void exchange_error(struct exchange *x, unsigned status)
{
    struct buf body = BUF_EMPTY;
    buf_printf(&body,
               "<head>\r\n<title>Error response</title>\r\n</head>\r\n<body>\r\n"
               "<h1>Error response</h1>\r\n<p>Error code %u.\r\n<p>Message: %s.\r\n</body>\r\n",
               status, MHD_get_reason_phrase_for(status));
    exchange_answer(x, status, "text/html", &body);
    buf_close(&body);
    if (status == MHD_HTTP_UNAUTHORIZED && x->response)
        (void)MHD_add_response_header(x->response, MHD_HTTP_HEADER_WWW_AUTHENTICATE,
                                      "Basic realm=\"default\"");
    if (x->refused && x->response)
        (void)MHD_add_response_header(x->response, MHD_HTTP_HEADER_CONNECTION, "close");
}

static void on_hangup(uv_poll_t *poll, int status, int events)
{
    struct exchange *x = container_of(poll, struct exchange, hangup);
    (void)status;
    (void)events;
    (void)uv_poll_stop(poll);
    x->gone = true;
    exchange_resume(x);
}

/* While nothing is sent or received nobody else would notice. */
void exchange_watch(struct exchange *x)
{
    if (x->watching || uv_poll_init(x->server->loop, &x->hangup, x->visitor->fd) < 0)
        return;
    x->watching = true;
    x->server->open_handles++;
    (void)uv_poll_start(&x->hangup, UV_DISCONNECT, on_hangup);
}

static ssize_t on_read(void *owner, uint64_t at, char *data, size_t max)
{
    struct exchange *x = owner;
    (void)at;
    if (x->gone)
        return MHD_CONTENT_READER_END_WITH_ERROR;
    ssize_t got = x->server->held ? 0 : x->source->read(x->source, data, max);
    if (got < 0)
        return MHD_CONTENT_READER_END_OF_STREAM;
    if (got == 0)
        exchange_suspend(x);
    return got;
}

bool exchange_may_stream(const struct exchange *x, unsigned others)
{
    return x->server->streams + others < LIMIT_FOLLOWS;
}

/* libmicrohttpd asks for more when it is rid of the rest: then it was suspended. */
bool exchange_at_rest(const struct exchange *x)
{
    return x->source && x->suspended && !x->response && !x->gone && !x->visitor->leaving;
}

void exchange_stream(struct exchange *x, const char *type, time_t modified,
                     struct body_source *source)
{
    char date[64];
    struct tm tm;
    struct MHD_Response *response =
        MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, STREAM_BLOCK, on_read, x, NULL);
    x->source = source;
    x->server->streams++;
    exchange_watch(x);
    exchange_set_response(x, MHD_HTTP_OK, type, response);
    if (!response)
        return;
    /* both in the C locale, which the daemon never leaves */
    if (gmtime_r(&modified, &tm) && strftime(date, sizeof date, "%a, %d %b %Y %T GMT", &tm) > 0)
        (void)MHD_add_response_header(response, MHD_HTTP_HEADER_LAST_MODIFIED, date);
    (void)MHD_add_response_header(response, "X-Accel-Buffering", "no");
}

void exchange_more(struct exchange *x)
{
    exchange_resume(x);
}

/* --- Headers --------------------------------------------------------------------------------- */

const char *exchange_header(const struct exchange *x, const char *name)
{
    return MHD_lookup_connection_value(x->connection, MHD_HEADER_KIND, name);
}

const char *exchange_query(const struct exchange *x, const char *name)
{
    return MHD_lookup_connection_value(x->connection, MHD_GET_ARGUMENT_KIND, name);
}

void exchange_add_header(struct exchange *x, const char *name, const char *value)
{
    if (x->response)
        (void)MHD_add_response_header(x->response, name, value);
}
