/* Protects the requests of a sync: what is sent and signed, what comes back, pauses and ends. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"
#include "wire_client.h"

#define TAG "ETag: \"tag\"\r\n"

static struct bench b;

// --- what is sent ------------------------------------------------------------------------------

static char *asked; /* the head and body of the last request */

static void keep_request(struct guest *g)
{
    mem_free(asked);
    asked = mem_strndup(g->in.data, g->head_len + g->body_len);
}

static void forget_request(void)
{
    mem_free(asked);
    asked = NULL;
}

static void say_hello(struct server *s, struct guest *g)
{
    (void)s;
    keep_request(g);
    answer(g, "200 OK", TAG "Last-Modified: Thu, 01 Jan 1970 00:00:10 GMT\r\n", "hello");
}

static void an_object_comes_whole(void **state)
{
    (void)state;
    struct course c;
    bench_open(&b, say_hello);
    bench_start(&b);
    ask(&b, &c, WIRE_GET, "/bucket/a%20b");
    c.r.if_match = "\"tag\"";
    bench_run(&b);
    assert_int_equal(c.why, SYNC_OK);
    assert_string_equal(buf_str(&c.got), "hello");
    assert_string_equal(c.answer.etag, "\"tag\"");
    assert_int_equal(c.answer.status, 200);
    assert_int_equal(c.answer.length, 5);
    assert_int_equal(c.answer.mtime, 10000000000);
    assert_int_equal(c.answer.range_from, -1);
    assert_true(c.begins == 1 && c.ends == 1);
    assert_null(c.r.target);
    assert_non_null(strstr(asked, "GET /bucket/a%20b HTTP/1.1\r\n"));
    assert_non_null(strstr(asked, "\r\nIf-Match: \"tag\"\r\n"));
    buf_close(&c.got);
    forget_request();
}

static void what_amazon_asks_for_is_signed_in_order(void **state)
{
    (void)state;
    struct course c;
    bench_open(&b, say_hello);
    b.options.requester_pays = true;
    const struct wire_header extra[] = {{"x-amz-server-side-encryption-customer-key", "k"}, {0}};
    b.options.extra = extra;
    bench_start(&b);
    bench_keys(&b, "session");
    ask(&b, &c, WIRE_GET, "/bucket/x");
    c.r.headers[0] = (struct wire_header){"x-amz-checksum-mode", "ENABLED"};
    c.r.headers[1] = (struct wire_header){"accept-language", "la"};
    bench_run(&b);
    assert_int_equal(c.why, SYNC_OK);
    assert_non_null(strstr(asked, "SignedHeaders=host;x-amz-checksum-mode;x-amz-content-sha256;"
                                  "x-amz-date;x-amz-request-payer;x-amz-security-token;"
                                  "x-amz-server-side-encryption-customer-key,Signature="));
    assert_non_null(strstr(asked, "\r\nx-amz-request-payer: requester\r\n"));
    assert_non_null(strstr(asked, "\r\nx-amz-security-token: session\r\n"));
    assert_non_null(strstr(asked, "\r\nx-amz-server-side-encryption-customer-key: k\r\n"));
    assert_non_null(strstr(asked, "\r\naccept-language: la\r\n"));
    buf_close(&c.got);
    forget_request();
}

static void without_keys_nothing_is_signed(void **state)
{
    (void)state;
    struct course c;
    bench_open(&b, say_hello);
    b.wire = wire_new(&b.loop, &b.options, &b.place);
    ask(&b, &c, WIRE_GET, "/bucket?list-type=2"); /* waits for the next line */
    wire_set_creds(b.wire, &(struct creds){0});
    bench_run(&b);
    assert_int_equal(c.why, SYNC_OK);
    assert_null(strstr(asked, "Authorization"));
    assert_null(strstr(asked, "x-amz-"));
    buf_close(&c.got);
    forget_request();
}

static void a_proxy_of_the_environment_is_asked(void **state)
{
    (void)state;
    struct course c;
    char proxy[64];
    bench_open(&b, say_hello);
    (void)snprintf(proxy, sizeof proxy, "http://127.0.0.1:%u", b.server.port);
    assert_int_equal(setenv("http_proxy", proxy, 1), 0);
    mem_free(b.place.origin);
    mem_free(b.place.host);
    b.place.host = mem_strdup("s3.example");
    b.place.origin = mem_strdup("http://s3.example");
    bench_start(&b);
    ask(&b, &c, WIRE_GET, "/bucket/..%2F/../x");
    bench_run(&b);
    assert_int_equal(unsetenv("http_proxy"), 0);
    assert_int_equal(c.why, SYNC_OK);
    assert_non_null(strstr(asked, "GET http://s3.example/bucket/..%2F/../x HTTP/1.1\r\n"));
    assert_non_null(strstr(asked, "\r\nHost: s3.example\r\n"));
    buf_close(&c.got);
    forget_request();
}

static void say_no(struct server *s, struct guest *g)
{
    (void)s;
    keep_request(g);
    answer(g, "407 No", "", "");
}

static void a_proxy_may_say_no(void **state)
{
    (void)state;
    struct course c;
    char proxy[64];
    bench_open(&b, say_no);
    (void)snprintf(proxy, sizeof proxy, "http://127.0.0.1:%u", b.server.port);
    assert_int_equal(setenv("https_proxy", proxy, 1), 0);
    mem_free(b.place.origin);
    b.place.origin = mem_strdup("https://s3.example");
    bench_start(&b);
    ask(&b, &c, WIRE_GET, "/bucket/x");
    bench_run(&b);
    assert_int_equal(unsetenv("https_proxy"), 0);
    assert_int_equal(c.why, SYNC_SERVER);
    assert_non_null(strstr(asked, "CONNECT s3.example:443 HTTP/1.1\r\n"));
    assert_null(strstr(asked, "uthorization")); /* nothing is for the proxy's eyes */
    assert_non_null(strstr(c.err.text, "(407): check https_proxy, it wants a password"));
    assert_int_equal(b.server.asked, 1);
    forget_request();
}

static void take_upload(struct server *s, struct guest *g)
{
    (void)s;
    keep_request(g);
    answer(g, "200 OK", TAG, "");
}

static void memory_is_sent(void **state)
{
    (void)state;
    struct course c;
    bench_open(&b, take_upload);
    bench_start(&b);
    ask(&b, &c, WIRE_PUT, "/bucket/new");
    c.r.payload.data = "content";
    c.r.payload.len = 7;
    bench_run(&b);
    assert_int_equal(c.why, SYNC_OK);
    assert_non_null(strstr(asked, "PUT /bucket/new HTTP/1.1\r\n"));
    assert_non_null(strstr(asked, "\r\nContent-Length: 7\r\n"));
    assert_non_null(strstr(asked, "\r\nx-amz-content-sha256: UNSIGNED-PAYLOAD\r\n"));
    assert_non_null(strstr(asked, "\r\n\r\ncontent"));
    forget_request();
}

static void a_part_of_a_file_is_sent(void **state)
{
    (void)state;
    struct course c;
    FILE *file = tmpfile();
    assert_non_null(file);
    assert_int_equal(fputs("0123456789", file), 1);
    assert_int_equal(fflush(file), 0);
    bench_open(&b, take_upload);
    bench_start(&b);
    ask(&b, &c, WIRE_PUT, "/bucket/new?partNumber=1&uploadId=u");
    c.r.payload.fd = fileno(file);
    c.r.payload.offset = 3;
    c.r.payload.length = 5;
    c.r.payload.sha256 = "abc";
    bench_run(&b);
    assert_int_equal(c.why, SYNC_OK);
    assert_non_null(strstr(asked, "\r\nx-amz-content-sha256: abc\r\n"));
    assert_non_null(strstr(asked, "\r\n\r\n34567"));
    assert_null(strstr(asked, "345678"));
    (void)fclose(file);
    forget_request();
}

static void a_file_that_became_shorter_is_no_upload(void **state)
{
    (void)state;
    struct course c;
    FILE *file = tmpfile();
    assert_non_null(file);
    bench_open(&b, take_upload);
    bench_start(&b);
    ask(&b, &c, WIRE_PUT, "/bucket/new");
    c.r.payload.fd = fileno(file);
    c.r.payload.length = 5;
    bench_run(&b);
    assert_int_equal(c.why, SYNC_LOCAL);
    assert_string_equal(c.err.text, "the file became shorter");
    (void)fclose(file);
    forget_request();
}

/* One handle serves all kinds, one after the other. */
static void methods_follow_each_other(void **state)
{
    (void)state;
    static const enum wire_method methods[] = {WIRE_PUT,  WIRE_GET, WIRE_HEAD,   WIRE_GET,
                                               WIRE_POST, WIRE_GET, WIRE_DELETE, WIRE_GET};
    struct course c[sizeof methods / sizeof *methods];
    bench_open(&b, say_hello);
    b.options.concurrency = 1;
    bench_start(&b);
    for (size_t i = 0; i < sizeof methods / sizeof *methods; i++) {
        ask(&b, &c[i], methods[i], "/bucket/x");
        c[i].r.payload.data = "body";
        c[i].r.payload.len = methods[i] == WIRE_PUT || methods[i] == WIRE_POST ? 4 : 0;
    }
    bench_run(&b);
    for (size_t i = 0; i < sizeof methods / sizeof *methods; i++) {
        assert_int_equal(c[i].why, SYNC_OK);
        assert_string_equal(buf_str(&c[i].got), methods[i] == WIRE_HEAD ? "" : "hello");
        assert_int_equal(c[i].answer.length, 5);
        buf_close(&c[i].got);
    }
    assert_int_equal(b.server.guests, 1);
    forget_request();
}

static void say_head_without_end(struct server *s, struct guest *g)
{
    (void)s;
    char line[8003];
    memset(line, 'x', sizeof line);
    memcpy(line, "X-More: ", 8);
    memcpy(line + sizeof line - 2, "\r\n", 2);
    say_bytes(g, "HTTP/1.1 200 OK\r\n", 17);
    for (int i = 0; i < 40; i++)
        say_bytes(g, line, sizeof line);
}

static void a_head_has_a_limit(void **state)
{
    (void)state;
    struct course c;
    bench_open(&b, say_head_without_end);
    bench_start(&b);
    ask(&b, &c, WIRE_GET, "/bucket/x");
    bench_run(&b);
    assert_int_equal(c.why, SYNC_SERVER);
    assert_string_equal(c.err.text, "the server sends header lines without end");
}

// --- many, pauses and ends -----------------------------------------------------------------------

static void connections_are_kept(void **state)
{
    (void)state;
    enum { MANY = 300 };
    static struct course c[MANY];
    bench_open(&b, say_hello);
    bench_start(&b);
    for (size_t i = 0; i < MANY; i++)
        ask(&b, &c[i], WIRE_GET, "/bucket/x");
    assert_int_equal(wire_room(b.wire), 0);
    bench_run(&b);
    for (size_t i = 0; i < MANY; i++) {
        assert_int_equal(c[i].why, SYNC_OK);
        assert_string_equal(buf_str(&c[i].got), "hello");
        buf_close(&c[i].got);
    }
    assert_int_equal(b.server.guests, 4);
    assert_int_equal(b.server.asked, MANY);
    forget_request();
}

enum { LARGE = 3 << 20 };

static void say_much(struct server *s, struct guest *g)
{
    (void)s;
    char *text = mem_alloc(LARGE + 1);
    for (size_t i = 0; i < LARGE; i++)
        text[i] = (char)('a' + i % 23);
    answer(g, "200 OK", TAG, text);
    mem_free(text);
}

static bool is_much(const struct buf *got)
{
    bool right = got->len == LARGE;
    for (size_t i = 0; right && i < LARGE; i++)
        right = got->data[i] == (char)('a' + i % 23);
    return right;
}

static struct course *paused;

static void on_later(uv_timer_t *timer)
{
    wire_resume(b.wire, &paused->r);
    if (paused->done)
        uv_close((uv_handle_t *)timer, NULL);
}

/* Another one passes by meanwhile; what was refused comes again, byte for byte. */
static void an_owner_may_pause(void **state)
{
    (void)state;
    struct course c[2];
    uv_timer_t later;
    bench_open(&b, say_much);
    bench_start(&b);
    ask(&b, &c[0], WIRE_GET, "/bucket/x");
    ask(&b, &c[1], WIRE_GET, "/bucket/y");
    c[0].pauses = 20;
    paused = &c[0];
    (void)uv_timer_init(&b.loop, &later);
    (void)uv_timer_start(&later, on_later, 1, 1);
    bench_run(&b);
    assert_true(c[0].why == SYNC_OK && c[1].why == SYNC_OK);
    assert_int_equal(c[0].pauses, 0);
    assert_true(is_much(&c[0].got) && is_much(&c[1].got));
    buf_close(&c[0].got);
    buf_close(&c[1].got);
}

static void bytes_are_limited(void **state)
{
    (void)state;
    struct course c[2];
    bench_open(&b, say_much);
    b.options.bytes_per_second = 6 << 20;
    bench_start(&b);
    int64_t begun = clock_now();
    ask(&b, &c[0], WIRE_GET, "/bucket/x");
    ask(&b, &c[1], WIRE_GET, "/bucket/y");
    bench_run(&b);
    assert_true(is_much(&c[0].got) && is_much(&c[1].got));
    assert_true(clock_now() - begun > 700); /* 6 MiB in a second, less what the first burst has */
    buf_close(&c[0].got);
    buf_close(&c[1].got);
}

static int cancel_all(struct wire_request *r, const struct wire_answer *a, const char *data,
                      size_t len, struct err *e)
{
    struct course *c = r->ctx;
    (void)a;
    (void)data;
    (void)len;
    (void)e;
    struct course *first = c - (size_t)(c->r.range_from);
    for (size_t i = 0; i < 6; i++) {
        wire_cancel(b.wire, &first[i].r);
        assert_null(first[i].r.target);
    }
    b.open = 1;
    ask(&b, &first[6], WIRE_GET, "/bucket/last");
    b.open = 1;
    return 0;
}

/* Running ones and waiting ones, from the middle of one of them. */
static void a_cancelled_request_is_silent(void **state)
{
    (void)state;
    static struct course c[7];
    bench_open(&b, say_hello);
    bench_start(&b);
    for (size_t i = 0; i < 6; i++) {
        ask(&b, &c[i], WIRE_GET, "/bucket/x");
        c[i].r.on_data = cancel_all;
        c[i].r.range_from = (int64_t)i; /* without a length: only a number for cancel_all */
    }
    bench_run(&b);
    for (size_t i = 0; i < 6; i++)
        assert_true(!c[i].done && c[i].ends == 0);
    assert_int_equal(c[6].why, SYNC_OK);
    assert_string_equal(buf_str(&c[6].got), "hello");
    buf_close(&c[6].got);
    forget_request();
}

static void say_nothing(struct server *s, struct guest *g)
{
    (void)g;
    struct bench *of = s->ctx;
    if (s->asked == 4)
        wire_close(of->wire, bench_closed);
}

static void closing_ends_all_without_a_word(void **state)
{
    (void)state;
    struct course c[6];
    bench_open(&b, say_nothing);
    bench_start(&b);
    for (size_t i = 0; i < 6; i++)
        ask(&b, &c[i], WIRE_GET, "/bucket/x");
    bench_run(&b);
    for (size_t i = 0; i < 6; i++)
        assert_true(!c[i].done && !c[i].r.target);
}

static char order[8];

static void note_order(struct server *s, struct guest *g)
{
    order[s->asked - 1] = strchr(g->in.data, '/')[8];
    answer(g, "200 OK", "", "");
}

static void an_urgent_one_goes_first(void **state)
{
    (void)state;
    struct course c[3];
    bench_open(&b, note_order);
    b.options.concurrency = 1;
    bench_start(&b);
    ask(&b, &c[0], WIRE_GET, "/bucket/a");
    ask(&b, &c[1], WIRE_GET, "/bucket/b");
    prepare(&b, &c[2], WIRE_GET, "/bucket/u");
    c[2].r.urgent = true;
    wire_send(b.wire, &c[2].r);
    bench_run(&b);
    assert_string_equal(order, "uab");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_object_comes_whole),
        cmocka_unit_test(what_amazon_asks_for_is_signed_in_order),
        cmocka_unit_test(without_keys_nothing_is_signed),
        cmocka_unit_test(a_proxy_of_the_environment_is_asked),
        cmocka_unit_test(a_proxy_may_say_no),
        cmocka_unit_test(memory_is_sent),
        cmocka_unit_test(a_part_of_a_file_is_sent),
        cmocka_unit_test(a_file_that_became_shorter_is_no_upload),
        cmocka_unit_test(methods_follow_each_other),
        cmocka_unit_test(a_head_has_a_limit),
        cmocka_unit_test(connections_are_kept),
        cmocka_unit_test(an_owner_may_pause),
        cmocka_unit_test(bytes_are_limited),
        cmocka_unit_test(a_cancelled_request_is_silent),
        cmocka_unit_test(closing_ends_all_without_a_word),
        cmocka_unit_test(an_urgent_one_goes_first),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
