/* Protects how much a server is asked at a time, and how the head of its answer is read. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "sync/s3/wire_pace.h"
#include "sync/s3/wire_reply.h"

// --- at a time -----------------------------------------------------------------------------------

static void one_burst_halves_once(void **state)
{
    (void)state;
    struct wire_pace p;
    wire_pace_init(&p, 16, 0, 1);
    for (int64_t begun = 90; begun < 100; begun++) /* all were on their way at 100 */
        wire_pace_slow_down(&p, begun, 100);
    assert_int_equal(p.limit, 8);
    wire_pace_slow_down(&p, 100, 200);
    assert_int_equal(p.limit, 4);
    for (int64_t now = 300; now < 1000; now += 100)
        wire_pace_slow_down(&p, now - 1, now);
    assert_int_equal(p.limit, 1);
}

static void it_begins_with_few(void **state)
{
    (void)state;
    struct wire_pace p;
    wire_pace_init(&p, 64, 0, 1);
    for (int i = 0; i < WIRE_FIRST; i++) {
        assert_int_equal(p.limit, WIRE_FIRST);
        wire_pace_success(&p, false);
    }
    assert_int_equal(p.limit, WIRE_FIRST + 1);
    for (int i = 0; i < 10000; i++)
        wire_pace_success(&p, false);
    assert_int_equal(p.limit, 64);
}

static void it_grows_back_by_successes(void **state)
{
    (void)state;
    struct wire_pace p;
    wire_pace_init(&p, 4, 0, 1);
    wire_pace_slow_down(&p, 5, 10);
    assert_int_equal(p.limit, 2);
    wire_pace_success(&p, false);
    assert_int_equal(p.limit, 2);
    wire_pace_success(&p, false);
    assert_int_equal(p.limit, 3);
    for (int i = 0; i < 100; i++)
        wire_pace_success(&p, false);
    assert_int_equal(p.limit, 4);
}

static void none_at_a_time_is_one(void **state)
{
    (void)state;
    struct wire_pace p;
    wire_pace_init(&p, 0, 0, 0);
    assert_int_equal(p.limit, 1);
    assert_true(p.seed != 0); /* zero would stay zero */
}

// --- again ---------------------------------------------------------------------------------------

static unsigned retries_of(struct wire_pace *p)
{
    unsigned n = 0;
    while (n < 100000 && wire_pace_retry(p))
        n++;
    return n;
}

static void the_quota_ends_and_fills_again(void **state)
{
    (void)state;
    struct wire_pace p;
    wire_pace_init(&p, 10, 0, 1);
    unsigned all = retries_of(&p);
    assert_true(all >= 100 && all < 1000);
    assert_int_equal(retries_of(&p), 0);
    wire_pace_success(&p, true); /* a retry that helped costs nothing */
    assert_int_equal(retries_of(&p), 1);
    for (int i = 0; i < 100 * WIRE_RETRY_COST; i++)
        wire_pace_success(&p, false);
    assert_int_equal(retries_of(&p), 100);
    for (int i = 0; i < 1000000; i++)
        wire_pace_success(&p, false);
    assert_int_equal(retries_of(&p), all);
}

static void pauses_double_and_differ(void **state)
{
    (void)state;
    struct wire_pace p;
    wire_pace_init(&p, 1, 0, 42);
    bool differ = false;
    int64_t last = 0;
    for (unsigned tried = 1; tried < 40; tried++) {
        int64_t most = tried < 7 ? (int64_t)WIRE_BACKOFF_MS << (tried - 1) : WIRE_BACKOFF_MAX_MS;
        most = most < WIRE_BACKOFF_MAX_MS ? most : WIRE_BACKOFF_MAX_MS;
        int64_t ms = wire_pace_backoff(&p, tried, 0);
        assert_true(ms >= most / 2 && ms <= most);
        differ = differ || (tried > 10 && ms != last);
        last = ms;
    }
    assert_true(differ);
}

static void the_server_may_wish_for_longer(void **state)
{
    (void)state;
    struct wire_pace p;
    wire_pace_init(&p, 1, 0, 42);
    assert_int_equal(wire_pace_backoff(&p, 1, 30000), 30000);
    assert_int_equal(wire_pace_backoff(&p, 1, 3600000), 60000);
    assert_true(wire_pace_backoff(&p, 1, 1) >= WIRE_BACKOFF_MS / 2);
}

// --- bytes a second --------------------------------------------------------------------------------

/* Passes pieces whenever it may, on a clock of its own; returns the bytes of `seconds`. */
static int64_t pass(int64_t rate, int64_t piece, int64_t seconds)
{
    struct wire_pace p;
    int64_t passed = 0;
    wire_pace_init(&p, 1, rate, 1);
    for (int64_t now = 1000; now < 1000 + seconds * 1000;) {
        int64_t wait = wire_pace_wait(&p, now);
        now += wait;
        if (wait == 0) {
            wire_pace_spend(&p, piece);
            passed += piece;
        }
    }
    return passed;
}

static void assert_about(int64_t got, int64_t want)
{
    assert_true(got > want * 9 / 10 && got < want * 11 / 10);
}

static void the_rate_is_kept(void **state)
{
    (void)state;
    assert_about(pass(1 << 20, 16384, 60), 60LL << 20);
    assert_about(pass(1000, 16384, 6000), 6000 * 1000); /* less than a piece in a second */
    assert_about(pass(1LL << 30, 16384, 10), 10LL << 30);
    assert_about(pass(7, 1, 60000), 7 * 60000);
}

static void what_was_not_used_is_not_saved_up(void **state)
{
    (void)state;
    struct wire_pace p;
    wire_pace_init(&p, 1, 1 << 20, 1);
    assert_int_equal(wire_pace_wait(&p, 1000), 0);
    assert_int_equal(wire_pace_wait(&p, 3600000), 0);
    wire_pace_spend(&p, 1 << 20);
    assert_true(wire_pace_wait(&p, 3600000) > 800);
}

static void without_a_rate_nothing_waits(void **state)
{
    (void)state;
    struct wire_pace p;
    wire_pace_init(&p, 1, 0, 1);
    wire_pace_spend(&p, INT64_MAX);
    assert_int_equal(wire_pace_wait(&p, 1), 0);
}

// --- the head of an answer -------------------------------------------------------------------------

static void read_lines(struct wire_reply *r, const char *text)
{
    wire_reply_clear(r);
    for (const char *end; *text; text = end) {
        const char *at = strstr(text, "\r\n");
        end = at ? at + 2 : text + strlen(text);
        wire_reply_line(r, text, (size_t)(end - text));
    }
}

static void headers_are_read(void **state)
{
    (void)state;
    struct wire_reply r = {0};
    read_lines(&r, "HTTP/1.1 206 Partial Content\r\n"
                   "eTAG:\t\"a b\" \r\n"
                   "Content-Range: bytes 5-9/10\r\n"
                   "Last-Modified: Fri, 24 May 2013 00:00:00 GMT\r\n"
                   "Date: Sat, 25 May 2013 00:00:00 GMT\r\n"
                   "x-amz-bucket-region: eu-1\r\n"
                   "X-Amz-Checksum-CRC32C: AAAAAA==\r\n"
                   "x-amz-checksum-type: FULL_OBJECT\r\n\r\n");
    assert_int_equal(r.answer.status, 206);
    assert_string_equal(r.answer.etag, "\"a b\"");
    assert_true(r.answer.range_from == 5 && r.range_last == 9 && r.answer.range_size == 10);
    assert_int_equal(r.answer.mtime, 1369353600LL * 1000000000);
    assert_string_equal(r.date, "Sat, 25 May 2013 00:00:00 GMT");
    assert_string_equal(r.region, "eu-1");
    assert_string_equal(r.answer.checksum, "crc32c:AAAAAA==");
    assert_false(r.answer.opaque_etag);
}

static void an_answer_before_the_answer_is_forgotten(void **state)
{
    (void)state;
    struct wire_reply r = {0};
    read_lines(&r, "HTTP/1.1 100 Continue\r\nETag: \"x\"\r\n\r\nHTTP/2 200\r\n\r\n");
    assert_int_equal(r.answer.status, 200);
    assert_string_equal(r.answer.etag, "");
}

static void encryption_makes_tags_opaque(void **state)
{
    (void)state;
    struct wire_reply r = {0};
    read_lines(&r, "HTTP/1.1 200\r\nx-amz-server-side-encryption: AES256\r\n");
    assert_false(r.answer.opaque_etag);
    read_lines(&r, "HTTP/1.1 200\r\nx-amz-server-side-encryption: aws:kms\r\n");
    assert_true(r.answer.opaque_etag);
    read_lines(&r, "HTTP/1.1 200\r\nx-amz-server-side-encryption-customer-algorithm: AES256\r\n");
    assert_true(r.answer.opaque_etag);
}

/* What is no such value is as if it were not there. */
static void nonsense_is_not_read(void **state)
{
    (void)state;
    static const char *const lines[] = {
        "Content-Range: bytes 9-5/10",
        "Content-Range: bytes 5-9/9",
        "Content-Range: bytes 5-/10",
        "Content-Range: bytes */10",
        "Content-Range: lines 5-9/10",
        "Content-Range: bytes",
        "Content-Range: bytes 5-9",
        "Content-Range: bytes 99999999999999999999-9/*",
        "Last-Modified: yesterday",
        "x-amz-checksum-sha256: AAAA-3",
        "x-amz-checksum-: AAAA",
        "x-amz-checksum-waytoolongname: AAAA",
        "etagg: \"x\"",
        "eta: \"x\"",
        ": x",
        "etag",
        "x-amz-server-side-encryptio: x",
        "",
    };
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        struct wire_reply r = {0};
        read_lines(&r, lines[i]);
        assert_true(r.answer.range_from == -1 && r.range_last == -1 && r.answer.mtime == -1);
        assert_true(!r.answer.checksum[0] && !r.answer.etag[0] && !r.answer.opaque_etag);
    }
}

static void what_does_not_fit_is_not_cut(void **state)
{
    (void)state;
    struct wire_reply r;
    char line[400];
    memset(line, 'x', sizeof line);
    memcpy(line, "etag: ", 6);
    memset(&r, 0, sizeof r);
    wire_reply_line(&r, line, sizeof line);
    assert_string_equal(r.answer.etag, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_burst_halves_once),
        cmocka_unit_test(it_begins_with_few),
        cmocka_unit_test(it_grows_back_by_successes),
        cmocka_unit_test(none_at_a_time_is_one),
        cmocka_unit_test(the_quota_ends_and_fills_again),
        cmocka_unit_test(pauses_double_and_differ),
        cmocka_unit_test(the_server_may_wish_for_longer),
        cmocka_unit_test(the_rate_is_kept),
        cmocka_unit_test(what_was_not_used_is_not_saved_up),
        cmocka_unit_test(without_a_rate_nothing_waits),
        cmocka_unit_test(headers_are_read),
        cmocka_unit_test(an_answer_before_the_answer_is_forgotten),
        cmocka_unit_test(encryption_makes_tags_opaque),
        cmocka_unit_test(nonsense_is_not_read),
        cmocka_unit_test(what_does_not_fit_is_not_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
