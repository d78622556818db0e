/* The engine and the server of wire_server.h on one loop. */
#ifndef TEST_WIRE_BENCH_H
#define TEST_WIRE_BENCH_H

#include <stdio.h>

#include "sync/s3/wire.h"
#include "wire_server.h"

struct bench {
    uv_loop_t loop;
    uv_timer_t deadline;
    struct server server;
    struct s3_place place;
    struct wire_options options; /* may be changed before bench_start */
    struct wire *wire;
    unsigned open;     /* courses that have not ended */
    unsigned renewals; /* calls of on_expired */
};

static void answer(struct guest *g, const char *status, const char *more, const char *body)
{
    char *text = mem_printf("HTTP/1.1 %s\r\n%sContent-Length: %zu\r\n\r\n%s", status, more,
                            strlen(body), strncmp(g->in.data, "HEAD", 4) == 0 ? "" : body);
    say_bytes(g, text, strlen(text));
    mem_free(text);
}

static void bench_closed(void *ctx)
{
    struct bench *b = ctx;
    (void)uv_timer_stop(&b->deadline);
    uv_close((uv_handle_t *)&b->deadline, NULL);
    uv_close((uv_handle_t *)&b->server.tcp, NULL);
}

static void on_deadline(uv_timer_t *timer)
{
    (void)timer;
    fail_msg("the requests did not end in time");
}

static void bench_keys(struct bench *b, const char *token)
{
    char text[3][16] = {"AKEXAMPLE", "secret", ""};
    (void)snprintf(text[2], sizeof text[2], "%s", token);
    const struct creds keys = {
        .access_key = text[0], .secret = text[1], .token = *token ? text[2] : NULL};
    wire_set_creds(b->wire, &keys);
}

static void bench_open(struct bench *b, void (*on_request)(struct server *, struct guest *))
{
    char endpoint[64];
    struct err e;
    *b = (struct bench){.options = {.concurrency = 4, .tries = 4, .stall_ms = 20000}};
    b->options.connect_ms = 10000;
    b->options.ctx = b;
    (void)uv_loop_init(&b->loop);
    (void)uv_timer_init(&b->loop, &b->deadline);
    (void)uv_timer_start(&b->deadline, on_deadline, 60000, 0);
    server_open(&b->server, &b->loop);
    b->server.ctx = b;
    b->server.on_request = on_request;
    (void)snprintf(endpoint, sizeof endpoint, "http://127.0.0.1:%u", b->server.port);
    const struct s3_where where = {"s3://bucket/p", endpoint, "r-1", S3_STYLE_AUTO};
    assert_int_equal(s3_place_init(&b->place, &where, &e), 0);
}

static void bench_start(struct bench *b)
{
    b->wire = wire_new(&b->loop, &b->options, &b->place);
    bench_keys(b, "");
}

/* Until all requests have ended and nothing is left on the loop. */
static void bench_run(struct bench *b)
{
    (void)uv_run(&b->loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&b->loop), 0);
    s3_place_close(&b->place);
}

#endif
