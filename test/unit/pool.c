/* Protects the delivery of events: order, serials, overflow, rejection, with listeners of paper. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "engine/pool.h"

enum { MEMBERS = 2 };

struct bed {
    struct pool pool;
    bool running[MEMBERS];
    int refuses[MEMBERS]; /* errno of sending */
    struct buf got[MEMBERS];
    struct buf log;
    uint64_t serial;
    int64_t now;
};

static struct bed *bed_of(const struct pool *p)
{
    return p->owner;
}

static const char *name(const struct pool *p, size_t member)
{
    (void)p;
    return member == 0 ? "a" : "b";
}

static bool running(const struct pool *p, size_t member)
{
    return bed_of(p)->running[member];
}

static int send_event(struct pool *p, size_t member, const char *data, size_t len)
{
    struct bed *b = bed_of(p);
    if (b->refuses[member])
        return -b->refuses[member];
    buf_append(&b->got[member], data, len);
    return 0;
}

static const struct pool_ops ops = {name, running, send_event, pool_judge_ok};

static void log_to_bed(void *ctx, enum log_level level, const char *line, size_t len)
{
    struct bed *b = ctx;
    (void)level;
    buf_append(&b->log, line + 24, len - 24); /* without the time */
}

static int bed_open(void **state)
{
    static struct bed bed;
    bed = (struct bed){.now = 1000};
    pool_init(&bed.pool, &ops, MEMBERS);
    bed.pool.owner = &bed;
    bed.pool.name = "ears";
    bed.pool.server = "id";
    bed.pool.types = EVENTTYPE_BIT(EVENTTYPE_REMOTE_COMMUNICATION);
    bed.pool.buffer_size = 3;
    log_set_writer(log_to_bed, &bed);
    log_set_level(LOG_LEVEL_DEBUG);
    *state = &bed;
    return 0;
}

static int bed_close(void **state)
{
    struct bed *b = *state;
    pool_close(&b->pool);
    for (int i = 0; i < MEMBERS; i++)
        buf_close(&b->got[i]);
    buf_close(&b->log);
    log_set_writer(NULL, NULL);
    return 0;
}

static void happen(struct bed *b, const char *data)
{
    struct event ev = {.type = EVENT_REMOTE, .name = "t", .data = data, .len = strlen(data)};
    struct pool_event *event = pool_event_new(&ev, b->serial++);
    if (pool_wants(&b->pool, event->type))
        pool_accept(&b->pool, event);
    pool_event_unref(event);
}

static void say(struct bed *b, size_t member, const char *text)
{
    pool_heard(&b->pool, member, text, strlen(text), b->now);
    pool_dispatch(&b->pool, b->now);
}

static void get_up(struct bed *b, size_t member)
{
    b->running[member] = true;
    pool_started(&b->pool, member);
    say(b, member, "READY\n");
}

/* The data of the events that a member was sent, in a row: each is one letter. */
static void check_got(struct bed *b, size_t member, const char *want)
{
    char got[64] = "";
    const char *at = buf_str(&b->got[member]);
    for (size_t n = 0; (at = strstr(at, "\ntype:t\n")) && n < sizeof got - 1; n++) {
        at += 8;
        got[n] = *at;
    }
    assert_string_equal(got, want);
}

static void check_log(struct bed *b, const char *want)
{
    assert_string_equal(buf_str(&b->log), want);
    buf_clear(&b->log);
}

static void test_order(void **state)
{
    struct bed *b = *state;
    happen(b, "1");
    happen(b, "2");
    get_up(b, 0);
    check_got(b, 0, "1");
    assert_string_equal(buf_str(&b->got[0]), "ver:3.0 server:id serial:0 pool:ears poolserial:0 "
                                             "eventname:REMOTE_COMMUNICATION len:8\ntype:t\n1");
    say(b, 0, "RESULT 2\nOK");
    check_got(b, 0, "1"); /* it has not said that it is ready */
    say(b, 0, "READY\n");
    check_got(b, 0, "12");
    check_log(b, "DEBG a: ACKNOWLEDGED -> READY\n"
                 "DEBG event 0 sent to listener a\n"
                 "DEBG rebuffering event 1 for pool ears (buf size=0, max=3)\n"
                 "DEBG a: event was processed\n"
                 "DEBG a: BUSY -> ACKNOWLEDGED\n"
                 "DEBG a: ACKNOWLEDGED -> READY\n"
                 "DEBG event 1 sent to listener a\n");
}

static void test_members(void **state)
{
    struct bed *b = *state;
    get_up(b, 1);
    get_up(b, 0);
    b->running[0] = false; /* STARTING or STOPPING: its READY does not count */
    happen(b, "1");
    pool_dispatch(&b->pool, b->now);
    b->running[0] = true;
    happen(b, "2");
    happen(b, "3");
    pool_dispatch(&b->pool, b->now);
    check_got(b, 1, "1");
    check_got(b, 0, "2");
    say(b, 1, "RESULT 2\nOKREADY\n");
    check_got(b, 1, "13");
}

static void test_overflow(void **state)
{
    struct bed *b = *state;
    for (char c[2] = "1"; c[0] <= '5'; c[0]++)
        happen(b, c);
    check_log(b, "ERRO pool ears event buffer overflowed, discarding event 0\n"
                 "ERRO pool ears event buffer overflowed, discarding event 1\n");
    get_up(b, 0);
    say(b, 0, "RESULT 2\nOKREADY\n");
    check_got(b, 0, "34");
}

/* It goes back to the head; with a full buffer the oldest goes, which is the one after it. */
static void test_rejected(void **state)
{
    struct bed *b = *state;
    get_up(b, 0);
    happen(b, "1");
    pool_dispatch(&b->pool, b->now);
    happen(b, "2");
    happen(b, "3");
    happen(b, "4");
    buf_clear(&b->log);
    pool_heard(&b->pool, 0, "RESULT 4\nFAIL", 13, b->now);
    check_log(b, "WARN a: event was rejected\n"
                 "DEBG a: BUSY -> ACKNOWLEDGED\n"
                 "DEBG rebuffering event 0 for pool ears (buf size=3, max=3)\n"
                 "ERRO pool ears event buffer overflowed, discarding event 1\n");
    say(b, 0, "READY\n");
    check_got(b, 0, "11");
    assert_non_null(strstr(strstr(buf_str(&b->got[0]), "\n1ver:"), "serial:0 pool:ears "
                                                                   "poolserial:0 "));
    say(b, 0, "RESULT 2\nOKREADY\n");
    check_got(b, 0, "113");
}

static void test_always_rejected(void **state)
{
    struct bed *b = *state;
    int64_t began = b->now;
    get_up(b, 0);
    happen(b, "1");
    pool_dispatch(&b->pool, b->now);
    for (int i = 0; i < 20; i++) {
        pool_heard(&b->pool, 0, "RESULT 4\nFAILREADY\n", 19, b->now);
        int64_t due = pool_due(&b->pool);
        assert_true(due >= 0 && due <= b->now + POOL_PAUSE_MAX_MS);
        if (due > b->now) { /* it is not sent a moment too soon */
            pool_dispatch(&b->pool, due - 1);
            assert_int_equal(b->pool.waiting_count, 1);
            b->now = due;
        }
        pool_dispatch(&b->pool, b->now);
        assert_int_equal(b->pool.waiting_count, 0);
    }
    check_got(b, 0, "111111111111111111111");
    assert_in_range(b->now - began, 14 * POOL_PAUSE_MAX_MS, 20 * POOL_PAUSE_MAX_MS);
    say(b, 0, "RESULT 2\nOKREADY\n");
    happen(b, "2");
    assert_int_equal(pool_due(&b->pool), 0); /* a good one, and all is forgotten */
}

static void test_death(void **state)
{
    struct bed *b = *state;
    get_up(b, 0);
    happen(b, "1");
    happen(b, "2");
    pool_dispatch(&b->pool, b->now);
    b->running[0] = false;
    pool_ended(&b->pool, 0);
    pool_ended(&b->pool, 0); /* has no event any more */
    assert_int_equal(b->pool.waiting_count, 2);
    get_up(b, 0);
    check_got(b, 0, "11");
    say(b, 0, "RESULT 2\nOKREADY\n");
    check_got(b, 0, "112");
}

/* On the way down: who is waited for. */
static void test_quiet(void **state)
{
    struct bed *b = *state;
    happen(b, "1");
    assert_true(pool_quiet(&b->pool)); /* nobody is there to hear it */
    get_up(b, 0);
    assert_false(pool_quiet(&b->pool));
    say(b, 0, "RESULT 2\nOK");
    assert_true(pool_quiet(&b->pool));
    happen(b, "2");
    assert_false(pool_quiet(&b->pool));
    say(b, 0, "garbage");
    assert_true(pool_quiet(&b->pool)); /* it will never hear anything again */
    get_up(b, 0);
    assert_false(pool_quiet(&b->pool));
    b->running[0] = false;
    assert_true(pool_quiet(&b->pool));
}

static void test_bad_result(void **state)
{
    struct bed *b = *state;
    get_up(b, 0);
    get_up(b, 1);
    happen(b, "1");
    pool_dispatch(&b->pool, b->now);
    buf_clear(&b->log);
    say(b, 0, "RESULT caf\xe9\nREADY\n");
    check_log(b, "WARN a: bad result line: 'Undecodable: b'RESULT caf\\xe9''\n"
                 "DEBG a: BUSY -> UNKNOWN\n"
                 "WARN a: has entered the UNKNOWN state and will no longer receive events, this "
                 "usually indicates the process violated the eventlistener protocol\n"
                 "DEBG rebuffering event 0 for pool ears (buf size=0, max=3)\n"
                 "DEBG event 0 sent to listener b\n");
    check_got(b, 1, "1");
    happen(b, "2");
    assert_int_equal(pool_due(&b->pool), -1);
    get_up(b, 0); /* a new process is heard again */
    check_got(b, 0, "12");
}

/* One that cannot be written to does not hold the other, and does not make the loop spin. */
static void test_closed_input(void **state)
{
    struct bed *b = *state;
    b->refuses[0] = EPIPE;
    get_up(b, 0);
    happen(b, "1");
    buf_clear(&b->log);
    pool_dispatch(&b->pool, b->now);
    check_log(b, "DEBG epipe occurred while sending event 0 to listener a, listener state "
                 "unchanged\n"
                 "DEBG rebuffering event 0 for pool ears (buf size=0, max=3)\n");
    assert_int_equal(pool_due(&b->pool), b->now + POOL_PAUSE_MAX_MS);
    get_up(b, 1);
    check_got(b, 1, "1");
    for (char c[2] = "2"; c[0] <= '9'; c[0]++) {
        happen(b, c);
        say(b, 1, "RESULT 2\nOKREADY\n");
    }
    check_got(b, 1, "123456789");
}

static void test_bytes(void **state)
{
    struct bed *b = *state;
    static char big[1 << 20];
    memset(big, 'x', sizeof big - 1);
    b->pool.buffer_size = INT64_MAX;
    for (int i = 0; i < 100; i++) {
        big[0] = (char)i;
        happen(b, big);
        assert_true(b->pool.bytes <= POOL_BYTES_MAX);
    }
    assert_in_range(b->pool.waiting_count, 60, 64);
}

static void test_wants(void **state)
{
    struct bed *b = *state;
    assert_true(pool_wants(&b->pool, EVENTTYPE_REMOTE_COMMUNICATION));
    assert_false(pool_wants(&b->pool, EVENTTYPE_TICK_5));
    assert_false(pool_wants(&b->pool, EVENTTYPES));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, bed_open, bed_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_order),      TEST(test_members),         TEST(test_overflow),
        TEST(test_rejected),   TEST(test_always_rejected), TEST(test_death),
        TEST(test_bad_result), TEST(test_closed_input),    TEST(test_bytes),
        TEST(test_wants),      TEST(test_quiet),
    };
    return cmocka_run_group_tests_name("pool", tests, NULL, NULL);
}
