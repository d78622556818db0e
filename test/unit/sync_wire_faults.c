/* Protects what a sync makes of servers and networks that fail, and of those that correct it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <time.h>

#include "base/clock.h"
#include "wire_client.h"

static struct bench b;
static struct course c;

static char *error_body(const char *code)
{
    return mem_printf("<?xml version=\"1.0\"?><Error><Code>%s</Code></Error>", code);
}

static void refuse(struct guest *g, const char *status, const char *lines, const char *code)
{
    char *body = error_body(code);
    answer(g, status, lines, body);
    mem_free(body);
}

static enum sync_exit get(const char *target, void (*on_request)(struct server *, struct guest *))
{
    bench_open(&b, on_request);
    bench_start(&b);
    ask(&b, &c, WIRE_GET, target);
    bench_run(&b);
    return c.why;
}

static void assert_got(const char *text)
{
    assert_string_equal(buf_str(&c.got), text);
    buf_close(&c.got);
}

// --- what a second try sets right ----------------------------------------------------------------

static void throttle_twice(struct server *s, struct guest *g)
{
    if (s->asked <= 2)
        refuse(g, "503 Slow Down", "", "SlowDown");
    else
        answer(g, "200 OK", "", "hello");
}

static void a_busy_server_is_asked_again(void **state)
{
    (void)state;
    assert_int_equal(get("/bucket/x", throttle_twice), SYNC_OK);
    assert_int_equal(c.begins, 3);
    assert_got("hello");
}

static void on_shut(uv_shutdown_t *shut, int status)
{
    struct guest *g = shut->data;
    (void)status;
    mem_free(shut);
    hang_up(g);
}

/* After what was said has left. */
static void hang_up_later(struct guest *g)
{
    uv_shutdown_t *shut = mem_alloc(sizeof *shut);
    shut->data = g;
    if (uv_shutdown(shut, (uv_stream_t *)&g->tcp, on_shut) < 0)
        on_shut(shut, 0);
}

static void cut_once(struct server *s, struct guest *g)
{
    if (s->asked > 1) {
        answer(g, "200 OK", "", "hello");
        return;
    }
    say_bytes(g, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhe", 40);
    (void)uv_read_stop((uv_stream_t *)&g->tcp);
    hang_up_later(g);
}

static void half_a_body_is_none(void **state)
{
    (void)state;
    assert_int_equal(get("/bucket/x", cut_once), SYNC_OK);
    assert_true(c.begins == 2 && c.ends == 1);
    assert_got("hello");
}

static void always_fail(struct server *s, struct guest *g)
{
    (void)s;
    refuse(g, "500 Oops", "", "InternalError");
}

static void nobody_is_asked_for_ever(void **state)
{
    (void)state;
    assert_int_equal(get("/bucket/x", always_fail), SYNC_SERVER);
    assert_int_equal(b.server.asked, 4);
    assert_string_equal(c.err.text,
                        "after 4 tries: the server has an internal error (500 InternalError)");
}

static void refuse_later(struct server *s, struct guest *g)
{
    char *body = error_body("InternalError");
    answer(g, "200 OK", "", s->asked == 1 ? body : "<Done/>");
    mem_free(body);
}

/* As CompleteMultipartUpload does it. */
static void an_error_with_status_200_is_one(void **state)
{
    (void)state;
    bench_open(&b, refuse_later);
    bench_start(&b);
    ask(&b, &c, WIRE_POST, "/bucket/x?uploadId=u");
    c.r.on_data = NULL;
    bench_run(&b);
    assert_int_equal(c.why, SYNC_OK);
    assert_int_equal(b.server.asked, 2);
    assert_got("<Done/>");
}

static void stall_once(struct server *s, struct guest *g)
{
    if (s->asked > 1)
        answer(g, "200 OK", "", "hello");
    else
        say_bytes(g, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhe", 40);
}

static void silence_ends(void **state)
{
    (void)state;
    bench_open(&b, stall_once);
    b.options.stall_ms = 200;
    bench_start(&b);
    ask(&b, &c, WIRE_GET, "/bucket/x");
    bench_run(&b);
    assert_int_equal(c.why, SYNC_OK);
    assert_int_equal(c.begins, 2);
    assert_got("hello");
}

static void stall(struct server *s, struct guest *g)
{
    (void)s, (void)g;
}

static void silence_is_said(void **state)
{
    (void)state;
    bench_open(&b, stall);
    b.options.stall_ms = 1;
    b.options.tries = 1;
    bench_start(&b);
    ask(&b, &c, WIRE_GET, "/bucket/x");
    bench_run(&b);
    assert_int_equal(c.why, SYNC_SERVER);
    assert_non_null(strstr(c.err.text, "nothing came from 127.0.0.1:"));
}

// --- parts and tags ------------------------------------------------------------------------------

static const char *range_line; /* that the server answers with */
static const char *range_status;

static void say_range(struct server *s, struct guest *g)
{
    (void)s;
    assert_non_null(strstr(g->in.data, "\r\nRange: bytes=10-14\r\n"));
    answer(g, range_status, range_line, "hello");
}

// clang-format off
static const struct { const char *status, *line; enum sync_exit why; unsigned asked; } ranges[] = {
    {"206 Part", "Content-Range: bytes 10-14/100\r\n", SYNC_OK, 1},
    {"206 Part", "Content-Range: bytes 10-14/*\r\n",   SYNC_OK, 1},
    {"206 Part", "Content-Range: bytes 10-12/13\r\n",  SYNC_OK, 1}, /* the end of it */
    {"206 Part", "Content-Range: bytes 9-13/100\r\n",  SYNC_SERVER, 2},
    {"206 Part", "Content-Range: bytes 10-12/100\r\n", SYNC_SERVER, 2},
    {"206 Part", "Content-Range: bytes 14-10/100\r\n", SYNC_SERVER, 2},
    {"206 Part", "Content-Range: bytes 10-99999999999999999999/9\r\n", SYNC_SERVER, 2},
    {"206 Part", "",                                   SYNC_SERVER, 2},
    {"200 OK",   "",                                   SYNC_SERVER, 1}, /* knows no parts */
    {"206 Part", "Content-Range: bytes 10-14/100\r\nETag: \"other\"\r\n", SYNC_OBJECTS, 1},
    {"206 Part", "Content-Range: bytes 10-14/100\r\nETag: W/\"tag\"\r\n", SYNC_OK, 1},
};
// clang-format on

static void get_range(int end_code)
{
    bench_open(&b, say_range);
    b.options.tries = 2;
    bench_start(&b);
    prepare(&b, &c, WIRE_GET, "/bucket/x");
    c.r.if_match = "\"tag\"";
    c.r.range_from = 10;
    c.r.range_length = 5;
    c.end_code = end_code;
    wire_send(b.wire, &c.r);
    bench_run(&b);
}

static void only_what_was_asked_for_is_taken(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++) {
        range_status = ranges[i].status;
        range_line = ranges[i].line;
        get_range(0);
        assert_int_equal(c.why, ranges[i].why);
        assert_int_equal(b.server.asked, ranges[i].asked);
        assert_string_equal(buf_str(&c.got), c.why == SYNC_OK ? "hello" : "");
        assert_int_equal(c.answer.range_from, c.why == SYNC_OK ? 10 : 0);
        buf_close(&c.got);
    }
}

// --- what a server says of us --------------------------------------------------------------------

static void send_elsewhere(struct server *s, struct guest *g)
{
    if (strstr(g->in.data, "/eu-far-9/s3/aws4_request"))
        answer(g, "200 OK", "", "hello");
    else if (s->asked == 1)
        answer(g, "301 Moved", "x-amz-bucket-region: eu-far-9\r\n", "");
    else
        refuse(g, "400 Bad", "x-amz-bucket-region: eu-far-9\r\n", "AuthorizationHeaderMalformed");
}

/* All that are on their way when the first one learns of it follow. */
static void a_bucket_is_followed_to_its_region(void **state)
{
    (void)state;
    struct course all[4];
    bench_open(&b, send_elsewhere);
    bench_start(&b);
    for (size_t i = 0; i < 4; i++)
        ask(&b, &all[i], WIRE_GET, "/bucket/x");
    bench_run(&b);
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(all[i].why, SYNC_OK);
        assert_string_equal(buf_str(&all[i].got), "hello");
        buf_close(&all[i].got);
    }
}

static void send_round(struct server *s, struct guest *g)
{
    answer(g, "301 Moved",
           s->asked % 2 ? "x-amz-bucket-region: r-2\r\n" : "x-amz-bucket-region: r-1\r\n", "");
}

static void nobody_is_led_in_circles(void **state)
{
    (void)state;
    assert_int_equal(get("/bucket/x", send_round), SYNC_DENIED);
    assert_true(b.server.asked < 10);
    assert_non_null(strstr(c.err.text, "bucket 'bucket' is in region r-"));
}

enum { HOUR = 3600 };

static void want_our_hour(struct server *s, struct guest *g)
{
    char date[64];
    char stamp[32];
    time_t theirs = (time_t)(clock_wall() / 1000) + HOUR;
    struct tm tm;
    (void)s;
    (void)gmtime_r(&theirs, &tm);
    (void)strftime(date, sizeof date, "Date: %a, %d %b %Y %H:%M:%S GMT\r\n", &tm);
    (void)strftime(stamp, sizeof stamp, "x-amz-date: %Y%m%dT%H", &tm);
    if (strstr(g->in.data, stamp))
        answer(g, "200 OK", "", "hello");
    else
        refuse(g, "403 No", date, "RequestTimeTooSkewed");
}

static void a_wrong_clock_is_set_by_the_server(void **state)
{
    (void)state;
    assert_int_equal(get("/bucket/x", want_our_hour), SYNC_OK);
    assert_true(b.server.asked <= 3); /* the hour may change between the two */
    assert_got("hello");
}

static void want_new_token(struct server *s, struct guest *g)
{
    (void)s;
    if (strstr(g->in.data, "x-amz-security-token: new"))
        answer(g, "200 OK", "", "hello");
    else
        refuse(g, "400 Bad", "", "ExpiredToken");
}

static void renew(void *ctx)
{
    struct bench *of = ctx;
    of->renewals++;
    bench_keys(of, of->renewals > 1 ? "new" : "old");
}

static void expired_keys_are_replaced(void **state)
{
    (void)state;
    struct course all[8];
    bench_open(&b, want_new_token);
    b.options.on_expired = renew;
    bench_start(&b);
    for (size_t i = 0; i < 8; i++)
        ask(&b, &all[i], WIRE_GET, "/bucket/x");
    bench_run(&b);
    assert_int_equal(b.renewals, 2);
    for (size_t i = 0; i < 8; i++) {
        assert_int_equal(all[i].why, SYNC_OK);
        buf_close(&all[i].got);
    }
}

static void keys_that_stay_expired_end_it(void **state)
{
    (void)state;
    bench_open(&b, want_new_token);
    bench_start(&b); /* without on_expired */
    ask(&b, &c, WIRE_GET, "/bucket/x");
    bench_run(&b);
    assert_int_equal(c.why, SYNC_DENIED);
    assert_int_equal(b.server.asked, 1);
    assert_string_equal(c.err.text, "the session token has expired: renew it (400 ExpiredToken)");
}

// --- refusals ------------------------------------------------------------------------------------

static const char *refusal_status;
static const char *refusal_code;

static void say_refusal(struct server *s, struct guest *g)
{
    (void)s;
    if (*refusal_code)
        refuse(g, refusal_status, "", refusal_code);
    else
        answer(g, refusal_status, "", "");
}

// clang-format off
static const struct {
    const char *target, *status, *code;
    enum sync_exit why;
    const char *text;
} refusals[] = {
    {"/bucket/x",  "404 No", "",             SYNC_OBJECTS,   "it is gone since the listing (404)"},
    {"/bucket/x",  "404 No", "NoSuchKey",    SYNC_OBJECTS,
     "it is gone since the listing (404 NoSuchKey)"},
    {"/bucket/x",  "403 No", "AccessDenied", SYNC_OBJECTS,
     "access to it is denied (403 AccessDenied)"},
    {"/bucket/x",  "403 No", "SignatureDoesNotMatch", SYNC_DENIED,
     "the server refuses the signature: is the secret key right? (403 SignatureDoesNotMatch)"},
    {"/bucket/x",  "404 No", "NoSuchBucket", SYNC_NOT_FOUND,
     "there is no bucket 'bucket': check its name and the endpoint (404 NoSuchBucket)"},
    {"/bucket?x=", "404 No", "",             SYNC_NOT_FOUND,
     "there is no bucket 'bucket' at this endpoint: check both (404)"},
    {"/bucket?x=", "403 No", "AccessDenied", SYNC_DENIED,
     "access to bucket 'bucket' is denied: do policies allow it? (403 AccessDenied)"},
    {"/bucket/x",  "412 No", "",             SYNC_OBJECTS,   "it changed since the listing (412)"},
    {"/bucket/x",  "416 No", "InvalidRange", SYNC_OBJECTS,
     "it changed since the listing (416 InvalidRange)"},
    {"/bucket/x",  "501 No", "",             SYNC_SERVER,    "the server failed (501)"},
    {"/bucket/x",  "400 No", "",             SYNC_SERVER,
     "the server refuses the request: is it an S3 endpoint? (400)"},
};
// clang-format on

static void refusals_are_said_once(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++) {
        refusal_status = refusals[i].status;
        refusal_code = refusals[i].code;
        assert_int_equal(get(refusals[i].target, say_refusal), refusals[i].why);
        assert_string_equal(c.err.text, refusals[i].text);
        assert_int_equal(b.server.asked, 1);
    }
}

static void say_endless_error(struct server *s, struct guest *g)
{
    (void)s;
    char *text = mem_alloc(100001);
    memset(text, 'x', 100000);
    say_bytes(g, "HTTP/1.1 403 No\r\nContent-Length: 1000000000\r\n\r\n", 47);
    say_bytes(g, text, 100000);
    mem_free(text);
}

static void no_error_is_too_long(void **state)
{
    (void)state;
    assert_int_equal(get("/bucket/x", say_endless_error), SYNC_OBJECTS);
    assert_string_equal(c.err.text, "access to it is denied (403)");
}

static void say_too_much(struct server *s, struct guest *g)
{
    (void)s;
    char *text = mem_alloc(WIRE_BODY_MAX + 2);
    memset(text, 'x', WIRE_BODY_MAX + 1);
    answer(g, "200 OK", "", text);
    mem_free(text);
}

static void a_collected_answer_has_a_limit(void **state)
{
    (void)state;
    bench_open(&b, say_too_much);
    bench_start(&b);
    ask(&b, &c, WIRE_GET, "/bucket?location=");
    c.r.on_data = NULL;
    bench_run(&b);
    assert_int_equal(c.why, SYNC_SERVER);
    assert_non_null(strstr(c.err.text, "longer than"));
}

static void a_refused_connection_is_said(void **state)
{
    (void)state;
    struct bench closed;
    bench_open(&closed, stall); /* only its port is wanted, which nobody has then */
    uv_close((uv_handle_t *)&closed.server.tcp, NULL);
    uv_close((uv_handle_t *)&closed.deadline, NULL);
    bench_run(&closed);
    bench_open(&b, stall);
    b.options.tries = 2;
    mem_free(b.place.origin);
    b.place.origin = mem_printf("http://127.0.0.1:%u", closed.server.port);
    bench_start(&b);
    ask(&b, &c, WIRE_GET, "/bucket/x");
    bench_run(&b);
    assert_int_equal(c.why, SYNC_SERVER);
    assert_non_null(strstr(c.err.text, "after 2 tries: cannot connect to 127.0.0.1:"));
    assert_non_null(strstr(c.err.text, ": Connection refused"));
}

static void an_owner_may_want_it_again(void **state)
{
    (void)state;
    // clang-format off
    static const struct { int code; enum sync_exit why; unsigned asked; } ends[] = {
        {-EBADMSG, SYNC_SERVER,  2},
        {-ESTALE,  SYNC_OBJECTS, 1},
        {-ENOSPC,  SYNC_LOCAL,   1},
    };
    // clang-format on
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        range_status = "206 Part";
        range_line = "Content-Range: bytes 10-14/100\r\n";
        get_range(ends[i].code);
        assert_int_equal(c.why, ends[i].why);
        assert_int_equal(b.server.asked, ends[i].asked);
        assert_non_null(strstr(c.err.text, "not what was wanted"));
        buf_close(&c.got);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_busy_server_is_asked_again),
        cmocka_unit_test(half_a_body_is_none),
        cmocka_unit_test(nobody_is_asked_for_ever),
        cmocka_unit_test(an_error_with_status_200_is_one),
        cmocka_unit_test(silence_ends),
        cmocka_unit_test(silence_is_said),
        cmocka_unit_test(only_what_was_asked_for_is_taken),
        cmocka_unit_test(a_bucket_is_followed_to_its_region),
        cmocka_unit_test(nobody_is_led_in_circles),
        cmocka_unit_test(a_wrong_clock_is_set_by_the_server),
        cmocka_unit_test(expired_keys_are_replaced),
        cmocka_unit_test(keys_that_stay_expired_end_it),
        cmocka_unit_test(refusals_are_said_once),
        cmocka_unit_test(no_error_is_too_long),
        cmocka_unit_test(a_collected_answer_has_a_limit),
        cmocka_unit_test(a_refused_connection_is_said),
        cmocka_unit_test(an_owner_may_want_it_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
