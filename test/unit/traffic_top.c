/* Protects the most frequent texts: exact while there is room, honest and bounded when not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "traffic/top.h"

static void add(struct top *t, const char *text)
{
    top_add(t, text, strlen(text), 10);
}

static void add_number(struct top *t, unsigned number)
{
    char text[32];
    (void)snprintf(text, sizeof text, "/%u", number);
    add(t, text);
}

static void assert_best(const struct top *t, const char *expected)
{
    const struct top_text *best[100];
    char told[4096] = "";
    size_t n = top_best(t, best, 100);
    for (size_t i = 0; i < n; i++) {
        size_t len = strlen(told);
        (void)snprintf(told + len, sizeof told - len, "%.*s=%lu ", (int)best[i]->len,
                       top_text(t, best[i]), (unsigned long)best[i]->count);
    }
    assert_string_equal(told, expected);
}

static void texts_are_counted_and_ordered(void **state)
{
    (void)state;
    struct top t;
    top_init(&t);
    assert_best(&t, "");
    add(&t, "/b");
    add(&t, "/a");
    add(&t, "/abcdefghijklmnopqrstuvwxyz");
    add(&t, "/a");
    add(&t, "/aa");
    add(&t, "");
    add(&t, "/abcdefghijklmnopqrstuvwxyz");
    add(&t, "/b/");
    assert_best(&t, "/a=2 /abcdefghijklmnopqrstuvwxyz=2 =1 /aa=1 /b=1 /b/=1 ");
    const struct top_text *best[1];
    assert_int_equal(top_best(&t, best, 1), 1);
    assert_int_equal(best[0]->bytes, 20);
    assert_int_equal(t.total, 8);
    assert_true(top_exact(&t));
    top_close(&t);
}

static void exact_while_there_is_room(void **state)
{
    (void)state;
    struct top t;
    top_init(&t);
    for (unsigned n = 0; n < TOP_TEXTS; n++)
        for (unsigned times = 0; times <= n % 5; times++)
            add_number(&t, n);
    assert_true(top_exact(&t));
    assert_int_equal(t.count, TOP_TEXTS);
    for (size_t i = 0; i < t.count; i++)
        assert_int_equal(t.texts[i].count, 1 + i % 5);
    add_number(&t, TOP_TEXTS);
    assert_false(top_exact(&t));
    top_close(&t);
}

/* Against a plain array of counts: never too high, never off by more than told, none missed. */
static void honest_when_there_is_none(void **state)
{
    (void)state;
    enum { DIFFERENT = 100000, TIMES = 600000 };
    static uint32_t truth[DIFFERENT];
    static uint8_t is_here[DIFFERENT];
    struct top t;
    top_init(&t);
    uint64_t chance = 11;
    for (int i = 0; i < TIMES; i++) {
        chance = chance * 6364136223846793005ULL + 1442695040888963407ULL;
        double x = (double)(chance >> 40) / (1 << 24);
        unsigned n = (unsigned)(x * x * x * x * DIFFERENT);
        truth[n]++;
        add_number(&t, n);
        assert_in_range(t.count, 1, TOP_TEXTS);
    }
    assert_int_equal(t.total, TIMES);
    assert_true(t.forgotten > 0);
    /* a table of k texts may miss what came less than once in k/2 */
    assert_in_range(t.forgotten, 1, TIMES / (TOP_TEXTS / 2));
    for (size_t i = 0; i < t.count; i++) {
        char text[32] = "";
        unsigned n = 0;
        memcpy(text, top_text(&t, &t.texts[i]), t.texts[i].len);
        assert_int_equal(sscanf(text, "/%u", &n), 1);
        is_here[n] = 1;
        assert_in_range(truth[n], t.texts[i].count, t.texts[i].count + t.texts[i].more);
    }
    for (size_t n = 0; n < DIFFERENT; n++)
        if (!is_here[n] && truth[n] > t.forgotten)
            fail_msg("/%zu came %u times and is not here", n, truth[n]);
    const struct top_text *best[10];
    assert_int_equal(top_best(&t, best, 10), 10);
    for (int i = 0; i < 10; i++)
        assert_int_equal(best[i]->more, 0); /* those that matter are exact */
    top_close(&t);
}

static void long_texts_are_bounded(void **state)
{
    (void)state;
    static char text[TOP_TEXT_LEN + 1];
    struct top t;
    top_init(&t);
    memset(text, 'x', sizeof text);
    top_add(&t, text, sizeof text, 1);
    assert_int_equal(t.count, 0);
    assert_int_equal(t.too_long, 1);
    for (unsigned n = 0; n < 3000; n++) {
        int len = snprintf(text, sizeof text, "%u", n);
        text[len] = 'x';
        top_add(&t, text, TOP_TEXT_LEN, 1);
        top_add(&t, "/often", 6, 1);
        assert_in_range(t.text_len, 1, TOP_TEXT_BYTES);
        assert_in_range(t.text_room, t.text_len, TOP_TEXT_BYTES);
    }
    assert_false(top_exact(&t));
    const struct top_text *best[1];
    assert_int_equal(top_best(&t, best, 1), 1);
    assert_int_equal(best[0]->count, 3000);
    assert_int_equal(best[0]->more, 0);
    top_close(&t);
}

static void what_was_restored_goes_on(void **state)
{
    (void)state;
    struct top t;
    struct top again;
    top_init(&t);
    top_init(&again);
    for (unsigned n = 0; n < 30000; n++)
        add_number(&t, n % (n % 3 == 0 ? 100 : 20000));
    for (size_t i = 0; i < t.count; i++)
        assert_true(top_restore(&again, top_text(&t, &t.texts[i]), &t.texts[i]));
    assert_false(top_restore(&again, top_text(&t, &t.texts[0]), &t.texts[0])); /* twice */
    again.forgotten = t.forgotten;
    for (unsigned n = 0; n < 30000; n++) {
        add_number(&t, n % 9000);
        add_number(&again, n % 9000);
    }
    assert_int_equal(t.count, again.count);
    assert_int_equal(t.forgotten, again.forgotten);
    assert_int_equal(t.text_len, again.text_len);
    assert_memory_equal(t.text, again.text, t.text_len);
    assert_memory_equal(t.texts, again.texts, t.count * sizeof *t.texts);
    struct top_text too_long = {.len = TOP_TEXT_LEN + 1};
    assert_false(top_restore(&again, t.text, &too_long));
    top_close(&t);
    top_close(&again);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_are_counted_and_ordered),
        cmocka_unit_test(exact_while_there_is_room),
        cmocka_unit_test(honest_when_there_is_none),
        cmocka_unit_test(long_texts_are_bounded),
        cmocka_unit_test(what_was_restored_goes_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
