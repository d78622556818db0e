/* Protects the reading of a listener's output: the same bytes in any pieces make the same news. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "engine/listener.h"

/* A listener that is sent an event whenever it is ready, if it may be sent any. */
struct bed {
    struct listener l;
    int events;       /* that it is still sent */
    struct buf story; /* news, one after the other */
};

static void hear(struct bed *b, const char *data, size_t len)
{
    for (;;) {
        const char *before = data;
        size_t had = len;
        enum listener_news news = listener_take(&b->l, &data, &len);
        assert_true(len <= had && data == before + (had - len));
        switch (news) {
        case LISTENER_SAYS_NOTHING:
            assert_int_equal(len, 0);
            return;
        case LISTENER_SAYS_READY:
            buf_text(&b->story, "ready ");
            if (b->events-- > 0)
                listener_sent(&b->l);
            break;
        case LISTENER_SAYS_RESULT:
        case LISTENER_SAYS_BAD_RESULT:
            buf_text(&b->story, news == LISTENER_SAYS_RESULT ? "result(" : "bad(");
            buf_append(&b->story, buf_str(&b->l.text), b->l.text.len);
            buf_text(&b->story, ") ");
            break;
        case LISTENER_SAYS_GARBAGE:
            buf_text(&b->story, "garbage ");
            break;
        }
    }
}

static void bed_open(struct bed *b, int events)
{
    memset(b, 0, sizeof *b);
    b->events = events;
    listener_start(&b->l);
}

static void bed_close(struct bed *b, const char *story, enum listener_state state)
{
    assert_string_equal(buf_str(&b->story), story);
    assert_string_equal(listener_state_name(b->l.state), listener_state_name(state));
    buf_close(&b->story);
    listener_close(&b->l);
}

struct row {
    const char *data;
    int events;
    const char *story;
    enum listener_state state;
};

// clang-format off
static const struct row rows[] = {
    { "",                                   9, "",                        LISTENER_ACKNOWLEDGED },
    { "READY",                              9, "",                        LISTENER_ACKNOWLEDGED },
    { "READY\n",                            0, "ready ",                  LISTENER_READY },
    { "READY\n",                            1, "ready ",                  LISTENER_BUSY },
    { "nope",                               9, "",                        LISTENER_ACKNOWLEDGED },
    { "READY!",                             9, "garbage ",                LISTENER_UNKNOWN },
    { "x\nREADY\n",                         9, "garbage ",                LISTENER_UNKNOWN },
    { "READY\r\n",                          9, "garbage ",                LISTENER_UNKNOWN },
    { "READY\nREADY\n",                     0, "ready garbage ",          LISTENER_UNKNOWN },
    { "READY\n\n",                          0, "ready garbage ",          LISTENER_UNKNOWN },
    { "READY\nRESULT 2\nOK",                1, "ready result(OK) ",       LISTENER_ACKNOWLEDGED },
    { "READY\nRESULT 4\nFAILREADY\n",       1, "ready result(FAIL) ready ", LISTENER_READY },
    { "READY\nRESULT 2\nOKREADY\nRESULT 2\nOK", 2, "ready result(OK) ready result(OK) ",
                                                                          LISTENER_ACKNOWLEDGED },
    { "READY\nRESULT 2\nOKOK",              1, "ready result(OK) ",       LISTENER_ACKNOWLEDGED },
    { "READY\nRESULT 2\nOKOKOKOK",          1, "ready result(OK) garbage ", LISTENER_UNKNOWN },
    { "READY\nRESULT 0\nREADY\n",           1, "ready result() ready ",   LISTENER_READY },
    { "READY\nRESULT 0\n",                  1, "ready result() ",         LISTENER_ACKNOWLEDGED },
    { "READY\nRESULT  +1_0 \n0123456789",   1, "ready result(0123456789) ", LISTENER_ACKNOWLEDGED },
    { "READY\nany2\nOK",                    1, "ready bad(any2) ",        LISTENER_UNKNOWN },
    { "READY\nanyword 2\nOK",               1, "ready result(OK) ",       LISTENER_ACKNOWLEDGED },
    { "READY\nRESULT x\nREADY\n",           1, "ready bad(RESULT x) ",    LISTENER_UNKNOWN },
    { "READY\nRESULT -1\nREADY\n",          1, "ready bad(RESULT -1) ",   LISTENER_UNKNOWN },
    { "READY\nRESULT 16777217\nOK",         1, "ready bad(RESULT 16777217) ", LISTENER_UNKNOWN },
    { "READY\nRESULT 99999999999999999999\nOK", 1, "ready bad(RESULT 99999999999999999999) ",
                                                                          LISTENER_UNKNOWN },
    { "READY\nRESULT\nOK",                  1, "ready bad(RESULT) ",      LISTENER_UNKNOWN },
    { "READY\n\nOK",                        1, "ready bad() ",            LISTENER_UNKNOWN },
    { "READY\nRESULT 5\nOK",                1, "ready ",                  LISTENER_BUSY },
};
// clang-format on

static void hear_pieces(const struct row *r, size_t first, size_t second)
{
    struct bed b;
    bed_open(&b, r->events);
    hear(&b, r->data, first);
    hear(&b, r->data + first, second - first);
    hear(&b, r->data + second, strlen(r->data) - second);
    bed_close(&b, r->story, r->state);
}

/* In one piece, cut at every one place, at every two places, and byte by byte. */
static void test_pieces(void **unused)
{
    struct bed b;
    (void)unused;
    for (const struct row *r = rows; r < rows + sizeof rows / sizeof *rows; r++) {
        size_t len = strlen(r->data);
        for (size_t first = 0; first <= len; first++) {
            for (size_t second = first; second <= len; second++)
                hear_pieces(r, first, second);
        }
        bed_open(&b, r->events);
        for (size_t i = 0; i < len; i++)
            hear(&b, r->data + i, 1);
        bed_close(&b, r->story, r->state);
    }
}

/* A line without an end, and one of exactly the limit: it is a bad one, and nothing is kept. */
static void test_long_line(void **unused)
{
    char line[LISTENER_LINE_MAX + 2];
    struct bed b;
    (void)unused;
    for (size_t len = LISTENER_LINE_MAX - 1; len <= LISTENER_LINE_MAX + 1; len++) {
        for (size_t cut = 0; cut <= len; cut += 341) {
            memset(line, ' ', sizeof line);
            memcpy(line, "RESULT 2", 8);
            line[len] = '\n';
            bed_open(&b, 1);
            hear(&b, "READY\n", 6);
            hear(&b, line, cut);
            hear(&b, line + cut, len + 1 - cut);
            bool good = len < LISTENER_LINE_MAX;
            assert_int_equal(b.l.state, good ? LISTENER_BUSY : LISTENER_UNKNOWN);
            assert_true(b.l.text.len <= LISTENER_LINE_MAX);
            buf_close(&b.story);
            listener_close(&b.l);
        }
    }
}

static void test_nul(void **unused)
{
    struct bed b;
    (void)unused;
    bed_open(&b, 1);
    hear(&b, "READY\nRESULT 2\0\nOK", 18);
    assert_int_equal(b.l.state, LISTENER_UNKNOWN);
    buf_close(&b.story);
    listener_close(&b.l);
}

/* A new process begins anew, whatever the old one has left half said. */
static void test_restart(void **unused)
{
    struct bed b;
    (void)unused;
    bed_open(&b, 1);
    hear(&b, "READY\nRESULT 900\nhalf", 21);
    listener_start(&b.l);
    hear(&b, "READY\n", 6);
    bed_close(&b, "ready ready ", LISTENER_READY);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pieces),
        cmocka_unit_test(test_long_line),
        cmocka_unit_test(test_nul),
        cmocka_unit_test(test_restart),
    };
    return cmocka_run_group_tests_name("listener", tests, NULL, NULL);
}
