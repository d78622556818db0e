/* Protects how an HTTP answer is taken apart: the same in whatever pieces it comes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <string.h>

#include "ctl/answer.h"

static int on_piece(void *ctx, const char *data, size_t len)
{
    buf_append(ctx, data, len);
    return 0;
}

static int on_refused(void *ctx, const char *data, size_t len)
{
    (void)ctx;
    (void)data;
    (void)len;
    return -EPIPE;
}

/* Feeds `text` in pieces of `step` bytes and ends it. What the last step returned. */
static int feed(struct answer *a, const char *text, size_t step, struct buf *body)
{
    struct buf in = BUF_EMPTY;
    struct err e;
    int rc = 0;
    answer_init(a);
    for (size_t at = 0, len = strlen(text); at < len && rc == 0; at += step) {
        buf_append(&in, text + at, len - at < step ? len - at : step);
        rc = answer_take(a, &in, on_piece, body, &e);
    }
    if (rc == 0) {
        rc = answer_end(a, &in, &e);
        rc = rc == 0 ? 1 : rc;
    }
    buf_close(&in);
    return rc;
}

// clang-format off
static const struct {
    const char *text;
    int rc, status;
    const char *body;
} rows[] = {
    {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", 1, 200, "hello"},
    {"HTTP/1.1 204 No\nContent-Length: 0\n\n", 1, 204, ""},
    {"HTTP/1.0 200 OK\r\n\r\nto the end", 1, 200, "to the end"},
    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n7;x=y\r\n, world\r\n"
     "0\r\nTrailer: x\r\n\r\n", 1, 200, "hello, world"},
    {"HTTP/1.1 401 Unauthorized\r\nConnection: close\r\n\r\n", 1, 401, ""},
    {"", -ENODATA, 0, ""},
    {"HTTP/1.1 200 OK\r\nContent-", -EPROTO, 200, ""},
    {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell", -EPROTO, 200, "hell"},
    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n", -EPROTO, 200, "hello"},
    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nz\r\n", -EPROTO, 200, ""},
    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nhello", -EMSGSIZE, 200, "h"},
    {"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n", -EPROTO, 200, ""},
    {"HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\n", -EPROTO, 200, ""},
    {"HTTP/1.1 200 OK\r\nno colon\r\n\r\n", -EPROTO, 200, ""},
    {"HTTP/1.1 abc\r\n\r\n", -EPROTO, 0, ""},
    {"HTTP/1.1 99\r\n\r\n", -EPROTO, 0, ""},
    {"SSH-2.0-x\r\n", -EPROTO, 0, ""},
};
// clang-format on

static void the_same_in_any_pieces(void **state)
{
    (void)state;
    static const size_t steps[] = {1, 2, 7, 4096};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        for (size_t k = 0; k < sizeof steps / sizeof *steps; k++) {
            struct answer a;
            struct buf body = BUF_EMPTY;
            assert_int_equal(feed(&a, rows[i].text, steps[k], &body), rows[i].rc);
            assert_int_equal(a.status, rows[i].status);
            assert_string_equal(buf_str(&body), rows[i].body);
            buf_close(&body);
        }
    }
}

static void a_head_has_a_limit(void **state)
{
    (void)state;
    struct buf text = BUF_EMPTY, body = BUF_EMPTY;
    struct answer a;
    buf_text(&text, "HTTP/1.1 200 OK\r\n");
    while (text.len < 2 * ANSWER_HEAD_MAX)
        buf_text(&text, "X: y\r\n");
    assert_int_equal(feed(&a, buf_str(&text), 100, &body), -EMSGSIZE);
    buf_clear(&text);
    while (text.len < 2 * ANSWER_HEAD_MAX)
        buf_char(&text, 'x');
    assert_int_equal(feed(&a, buf_str(&text), 100, &body), -EMSGSIZE);
    buf_close(&text);
    buf_close(&body);
}

static void the_head_alone_leaves_the_body(void **state)
{
    (void)state;
    struct buf in = BUF_EMPTY;
    struct answer a;
    struct err e;
    answer_init(&a);
    buf_text(&in, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello");
    assert_int_equal(answer_take(&a, &in, NULL, NULL, &e), 1);
    assert_true(answer_has_head(&a));
    assert_string_equal(in.data, "hello");
    assert_int_equal(answer_take(&a, &in, on_refused, NULL, &e), -EPIPE);
    buf_close(&in);
}

/* What comes behind an answer belongs to the next one. */
static void two_answers_in_one_piece(void **state)
{
    (void)state;
    struct buf in = BUF_EMPTY, body = BUF_EMPTY;
    struct answer a;
    struct err e;
    buf_text(&in, "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\naHTTP/1.1 404 No\r\n");
    answer_init(&a);
    assert_int_equal(answer_take(&a, &in, on_piece, &body, &e), 1);
    assert_string_equal(body.data, "a");
    assert_string_equal(in.data, "HTTP/1.1 404 No\r\n");
    answer_init(&a);
    assert_int_equal(answer_take(&a, &in, on_piece, &body, &e), 0);
    assert_int_equal(a.status, 404);
    buf_close(&in);
    buf_close(&body);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_same_in_any_pieces),
        cmocka_unit_test(a_head_has_a_limit),
        cmocka_unit_test(the_head_alone_leaves_the_body),
        cmocka_unit_test(two_answers_in_one_piece),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
