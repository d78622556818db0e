/* For test/unit/control_server.c: the server under test, its loop, and what it answers. */
#ifndef TEST_CONTROL_ANSWERS_H
#define TEST_CONTROL_ANSWERS_H

#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "control/server.h"

static uv_loop_t loop;
static struct server server;
static char folder[] = "/tmp/control_server.XXXXXX";
static char path[64];
static struct exchange *held;
static struct buf seen = BUF_EMPTY; /* body of the last request */

/* --- What the server under test answers ------------------------------------------------------ */

static void on_echo(struct router *r, struct exchange *x, const char *rest)
{
    (void)r;
    (void)rest;
    buf_clear(&seen);
    buf_append(&seen, x->body.data, x->body.len);
    struct buf body = BUF_EMPTY;
    buf_printf(&body, "%zu bytes", x->body.len);
    exchange_answer(x, 200, "text/plain", &body);
    buf_close(&body);
}

static void on_later(struct router *r, struct exchange *x, const char *rest)
{
    (void)r;
    (void)rest;
    held = x;
}

/* A stream of as many lines as it is fed. */
static struct body_source lines;
static int lines_left, lines_closed;
static struct exchange *lines_exchange;

static ssize_t lines_read(struct body_source *b, char *data, size_t max)
{
    (void)b;
    assert_true(max >= 5);
    if (lines_left < 0)
        return -1;
    if (lines_left == 0)
        return 0;
    lines_left--;
    memcpy(data, "line\n", 5);
    return 5;
}

static void lines_close(struct body_source *b)
{
    (void)b;
    lines_closed++;
    lines_exchange = NULL;
}

static void on_lines(struct router *r, struct exchange *x, const char *rest)
{
    (void)r;
    (void)rest;
    lines = (struct body_source){.read = lines_read, .close = lines_close};
    lines_exchange = x;
    exchange_stream(x, "text/plain", 0, &lines);
}

static const struct route routes[] = {
    {"/echo", "POST", on_echo},
    {"/later", "GET", on_later},
    {"/lines", "GET", on_lines},
};

static void on_gone(struct router *r, struct exchange *x)
{
    (void)r;
    assert_ptr_equal(x, held);
    held = NULL;
}

static struct router router = {routes, sizeof routes / sizeof *routes, on_gone};

#endif
