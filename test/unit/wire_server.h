/* A server on the test's own loop: it reads requests in turn and says what it is told to. */
#ifndef TEST_WIRE_SERVER_H
#define TEST_WIRE_SERVER_H

#include <arpa/inet.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

#include "base/buf.h"
#include "base/list.h"
#include "base/mem.h"

struct guest {
    uv_tcp_t tcp;
    struct server *server;
    struct buf in;   /* what has come of the request */
    size_t head_len; /* of the request in `in` that is being answered */
    size_t body_len;
};

struct server {
    uv_tcp_t tcp;
    unsigned port;
    unsigned guests; /* connections so far */
    unsigned asked;  /* requests so far, with the one that is being answered */
    void *ctx;
    void (*on_request)(struct server *s, struct guest *g); /* g->in holds head and body */
};

static void on_said(uv_write_t *write, int status)
{
    (void)status;
    mem_free(write->data);
    mem_free(write);
}

static void say_bytes(struct guest *g, const char *data, size_t len)
{
    uv_write_t *w = mem_alloc(sizeof *w);
    w->data = memcpy(mem_alloc(len + 1), data, len);
    uv_buf_t b = uv_buf_init(w->data, (unsigned)len);
    if (uv_write(w, (uv_stream_t *)&g->tcp, &b, 1, on_said) < 0)
        on_said(w, 0);
}

static void on_guest_gone(uv_handle_t *handle)
{
    struct guest *g = container_of((uv_tcp_t *)handle, struct guest, tcp);
    buf_close(&g->in);
    mem_free(g);
}

static void hang_up(struct guest *g)
{
    if (!uv_is_closing((uv_handle_t *)&g->tcp))
        uv_close((uv_handle_t *)&g->tcp, on_guest_gone);
}

static bool whole_request(struct guest *g)
{
    const char *end = strstr(buf_str(&g->in), "\r\n\r\n");
    if (!end)
        return false;
    const char *length = strcasestr(g->in.data, "\r\ncontent-length: ");
    g->head_len = (size_t)(end - g->in.data) + 4;
    g->body_len = length && length < end ? strtoul(length + 18, NULL, 10) : 0;
    return g->in.len >= g->head_len + g->body_len;
}

static void on_guest_bytes(uv_stream_t *stream, ssize_t got, const uv_buf_t *b)
{
    struct guest *g = container_of((uv_tcp_t *)stream, struct guest, tcp);
    if (got < 0) {
        hang_up(g);
        return;
    }
    buf_append(&g->in, b->base, (size_t)got);
    while (!uv_is_closing((uv_handle_t *)&g->tcp) && whole_request(g)) {
        g->server->asked++;
        g->server->on_request(g->server, g);
        buf_drop(&g->in, g->head_len + g->body_len);
    }
}

static void on_guest_room(uv_handle_t *handle, size_t wish, uv_buf_t *b)
{
    static char bytes[65536];
    (void)handle, (void)wish;
    *b = uv_buf_init(bytes, sizeof bytes);
}

static void on_guest(uv_stream_t *stream, int status)
{
    struct server *s = container_of((uv_tcp_t *)stream, struct server, tcp);
    struct guest *g = mem_alloc(sizeof *g);
    (void)status;
    g->server = s;
    s->guests++;
    (void)uv_tcp_init(stream->loop, &g->tcp);
    if (uv_accept(stream, (uv_stream_t *)&g->tcp) < 0)
        abort();
    (void)uv_tcp_nodelay(&g->tcp, 1);
    (void)uv_read_start((uv_stream_t *)&g->tcp, on_guest_room, on_guest_bytes);
}

static void server_open(struct server *s, uv_loop_t *loop)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int len = sizeof at;
    if (uv_tcp_init(loop, &s->tcp) < 0 ||
        uv_tcp_bind(&s->tcp, (const struct sockaddr *)&at, 0) < 0 ||
        uv_listen((uv_stream_t *)&s->tcp, 128, on_guest) < 0 ||
        uv_tcp_getsockname(&s->tcp, (struct sockaddr *)&at, &len) < 0)
        abort();
    s->port = ntohs(at.sin_port);
}

#endif
