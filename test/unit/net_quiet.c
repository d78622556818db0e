/* Protects what is told when: flapping, pauses between attempts, what an answer means. No clock. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "net/answer.h"
#include "net/quiet.h"

static bool tell(struct quiet *q, const char *name, int64_t now)
{
    char key[16], event[16] = "E", text[32];
    (void)snprintf(key, sizeof key, "%s", name);
    (void)snprintf(text, sizeof text, "%s at %d", name, (int)now);
    const struct quiet_entry news = {.key = key, .event = event, .text = text};
    return quiet_tell(q, &news, now);
}

/* Everything that is due, as "text*count ". */
static const char *turn(struct quiet *q, int64_t now, struct buf *out)
{
    const struct quiet_entry *entry;
    buf_clear(out);
    while ((entry = quiet_turn(q, now)) != NULL) {
        buf_printf(out, "%s*%d ", entry->text, (int)entry->count);
        quiet_told(q, entry, now);
    }
    return buf_str(out);
}

static void what_flaps_is_counted(void **state)
{
    (void)state;
    struct quiet q;
    struct buf out = BUF_EMPTY;
    quiet_init(&q, 100);
    assert_int_equal(quiet_due(&q), -1);
    assert_true(tell(&q, "a", 1000));
    assert_int_equal(quiet_due(&q), 1100);
    assert_false(tell(&q, "a", 1001));
    assert_true(tell(&q, "b", 1050));
    assert_false(tell(&q, "a", 1099));
    assert_string_equal(turn(&q, 1099, &out), "");
    assert_string_equal(turn(&q, 1100, &out), "a at 1099*2 ");
    assert_int_equal(quiet_due(&q), 1150);
    assert_false(tell(&q, "a", 1199)); /* the while begins anew */
    assert_string_equal(turn(&q, 1200, &out), "a at 1199*1 ");
    assert_string_equal(turn(&q, 1300, &out), "");
    assert_int_equal(quiet_due(&q), -1); /* and is over when nothing came */
    assert_true(tell(&q, "a", 1300));
    /* over, but nobody has looked yet: what was counted is not lost */
    assert_false(tell(&q, "a", 1350));
    assert_false(tell(&q, "a", 1500));
    assert_string_equal(turn(&q, 1500, &out), "a at 1500*2 ");
    quiet_close(&q);
    buf_close(&out);
}

static void clocks_may_be_set(void **state)
{
    (void)state;
    struct quiet q;
    struct buf out = BUF_EMPTY;
    quiet_init(&q, 100);
    assert_true(tell(&q, "a", 1000000));
    assert_false(tell(&q, "a", 1000010));
    assert_string_equal(turn(&q, 500, &out), ""); /* set back: the while begins anew */
    assert_int_equal(quiet_due(&q), 600);
    assert_string_equal(turn(&q, 600, &out), "a at 1000010*1 ");
    assert_string_equal(turn(&q, 90000000, &out), ""); /* put on: it is over */
    assert_int_equal(q.count, 0);
    quiet_close(&q);
    buf_close(&out);
}

static void nothing_is_lost_beyond_the_limit(void **state)
{
    (void)state;
    struct quiet q;
    quiet_init(&q, 100);
    for (int i = 0; i < QUIET_MAX + 10; i++) {
        char name[16];
        (void)snprintf(name, sizeof name, "%d", i);
        assert_true(tell(&q, name, 1000));
        assert_int_equal(tell(&q, name, 1001), i >= QUIET_MAX);
    }
    quiet_close(&q);
    quiet_init(&q, 0);
    for (int i = 0; i < 3; i++)
        assert_true(tell(&q, "a", 1));
    quiet_close(&q);
}

static void counts_survive_on_disk(void **state)
{
    (void)state;
    static const char *const bad[] = {"", "[", "{}", "[1, {\"key\": \"a\"}]",
                                      "[{\"key\":\"a\",\"event\":\"E\",\"text\":\"t\",\"began\":1,"
                                      "\"count\":-1}]"};
    struct quiet q, again;
    struct buf text = BUF_EMPTY, out = BUF_EMPTY;
    quiet_init(&q, 100);
    (void)tell(&q, "a", 1000);
    (void)tell(&q, "a", 1001);
    (void)tell(&q, "b", 1002);
    quiet_save(&q, &text);
    quiet_init(&again, 100);
    quiet_load(&again, buf_str(&text), text.len);
    assert_int_equal(quiet_due(&again), 1100);
    assert_false(tell(&again, "b", 1003));
    assert_string_equal(turn(&again, 1102, &out), "a at 1001*1 b at 1003*1 ");
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        quiet_load(&again, bad[i], strlen(bad[i]));
    assert_int_equal(again.count, 2);
    quiet_close(&q);
    quiet_close(&again);
    buf_close(&text);
    buf_close(&out);
}

static void pauses_grow(void **state)
{
    (void)state;
    static const int64_t wanted[] = {15, 30, 60, 120, 180, 180};
    for (unsigned i = 0; i < 6; i++)
        assert_int_equal(answer_delay(i + 1, 15, 180), wanted[i]);
    assert_int_equal(answer_delay(4000000000u, 5, 60), 60); /* a day of attempts */
    assert_int_equal(answer_delay(1, 0, 60), ANSWER_DELAY_MIN);
    assert_int_equal(answer_delay(9, 0, 0), ANSWER_DELAY_MIN); /* nobody is asked without a pause */
    assert_int_equal(answer_delay(1, 90, 60), 60);
    assert_int_equal(answer_patience(10, 0), 10);
    assert_int_equal(answer_patience(10, 30), 30);
    assert_int_equal(answer_patience(10, INT64_MAX), 86400000);
}

static void answers_have_their_meaning(void **state)
{
    (void)state;
    static const struct {
        long status;
        enum verdict verdict;
        const char *words;
    } cases[] = {
        {200, VERDICT_DONE, "was taken"},     {204, VERDICT_DONE, "was taken"},
        {301, VERDICT_AGAIN, "redirections"}, {400, VERDICT_REFUSED, "format="},
        {401, VERDICT_AGAIN, "login"},        {403, VERDICT_AGAIN, "valid"},
        {404, VERDICT_AGAIN, "nothing at"},   {410, VERDICT_AGAIN, "no longer"},
        {413, VERDICT_REFUSED, "not take"},   {422, VERDICT_REFUSED, "not take"},
        {429, VERDICT_AGAIN, "less"},         {500, VERDICT_AGAIN, "trouble"},
        {503, VERDICT_AGAIN, "trouble"},      {999, VERDICT_AGAIN, "no answer of HTTP"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct buf words = BUF_EMPTY;
        answer_words(cases[i].status, &words);
        assert_int_equal(answer_judge(cases[i].status), cases[i].verdict);
        if (!strstr(buf_str(&words), cases[i].words))
            fail_msg("%ld: %s", cases[i].status, buf_str(&words));
        buf_close(&words);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_flaps_is_counted),
        cmocka_unit_test(clocks_may_be_set),
        cmocka_unit_test(nothing_is_lost_beyond_the_limit),
        cmocka_unit_test(counts_survive_on_disk),
        cmocka_unit_test(pauses_grow),
        cmocka_unit_test(answers_have_their_meaning),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
