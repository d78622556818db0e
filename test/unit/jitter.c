/* Protects jitter=: by how much runs are put off is bounded, the same whenever it is worked out,
 * spread out, and another one elsewhere; no run comes as late as the next; and what came last. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "dice.h"
#include "jobs/jitter.h"

static struct arena arena;
static int64_t berlin(const struct calendar_zone *z, int64_t at)
{
    (void)z;
    return at >= 1774746000 && at < 1792890000 ? 7200 : 3600; /* the summer of 2026 */
}
static const struct calendar_zone zone = {berlin};
static const int64_t start = 1770000000; /* February 2026 */

static struct schedules parse(const char *text)
{
    struct schedules s;
    struct err e;
    if (schedules_parse(text, &arena, &s, &e) < 0)
        fail_msg("'%s': %s", text, e.text);
    return s;
}

static const char *const texts[] = {
    "0 3 * * *", "* * * * *", "@hourly", "*/7 * * * mon", "30 2 * * *\n0 0 1 * *", "0 0 29 2 *"};
static const int64_t mosts[] = {0, 1, 59, 600, 3600, 86400};

static struct jitter draw(struct schedules *s)
{
    *s = parse(texts[dice(6)]);
    return (struct jitter){s, &zone, mosts[dice(6)], jitter_seed(dice(3), "job:x")};
}

static void runs_come_in_order(void **state)
{
    (void)state;
    for (int i = 0; i < 300; i++) {
        struct schedules s;
        struct jitter j = draw(&s);
        int64_t at = start + dice(300 * 86400);
        int64_t due = -1;
        for (int k = 0; k < 20; k++) {
            struct moment m = jitter_next(&j, at);
            assert_true(m.at > at && m.due > due);
            assert_in_range(m.at - m.due, 0, j.most);
            int64_t follows = calendar_next_of(&s, &zone, m.due);
            assert_true(follows < 0 || m.at < follows);
            if (k > 0) /* none is left out */
                assert_int_equal(m.due, calendar_next_of(&s, &zone, due));
            int64_t between =
                at + (int64_t)dice((unsigned)(m.at - at < 1 << 30 ? m.at - at : 1 << 30));
            struct moment again = jitter_next(&j, between);
            assert_int_equal(again.at, m.at); /* whenever it is worked out */
            assert_int_equal(again.due, m.due);
            at = m.at;
            due = m.due;
        }
    }
}

static void what_came_last(void **state)
{
    (void)state;
    for (int i = 0; i < 1000; i++) {
        struct schedules s;
        struct jitter j = draw(&s);
        int64_t after = start + dice(300 * 86400);
        int64_t until = after + dice(20000);
        struct moment last = {-1, -1};
        for (struct moment m = jitter_next(&j, after); m.at >= 0 && m.at <= until;
             m = jitter_next(&j, m.at))
            last = m;
        struct moment found = jitter_last(&j, after, until);
        assert_int_equal(found.at, last.at);
        assert_int_equal(found.due, last.due);
    }
}

/* Far apart, in a few steps: a clock that was decades off. */
static void what_came_last_of_many(void **state)
{
    (void)state;
    struct schedules s = parse("* * * * *");
    struct jitter j = {&s, &zone, 30, 7};
    struct moment last = jitter_last(&j, 0, INT64_C(1) << 33);
    assert_true((INT64_C(1) << 33) - last.at < 120);
    struct schedules none = parse("");
    j.schedule = &none;
    assert_int_equal(jitter_last(&j, start, start + 100000).at, -1);
    assert_int_equal(jitter_next(&j, start).at, -1);
}

static void it_looks_like_chance(void **state)
{
    (void)state;
    enum { MOST = 3600, DAYS = 6000, BINS = 10 };
    struct schedules s = parse("0 3 * * *");
    struct jitter here = {&s, &zone, MOST - 1, jitter_seed(1, "job:x")};
    struct jitter there = {&s, &zone, MOST - 1, jitter_seed(2, "job:x")};
    struct jitter other = {&s, &zone, MOST - 1, jitter_seed(1, "job:y")};
    int bins[BINS] = {0};
    int same[2] = {0};
    int64_t at = start;
    for (int i = 0; i < DAYS; i++) {
        struct moment m = jitter_next(&here, at);
        bins[(m.at - m.due) * BINS / MOST]++;
        same[0] += jitter_next(&there, m.due - 1).at == m.at;
        same[1] += jitter_next(&other, m.due - 1).at == m.at;
        at = m.at;
    }
    for (int i = 0; i < BINS; i++)
        assert_in_range(bins[i], DAYS / BINS * 8 / 10, DAYS / BINS * 12 / 10);
    assert_in_range(same[0], 0, 20);
    assert_in_range(same[1], 0, 20);
    assert_true(jitter_machine() == jitter_machine());
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(runs_come_in_order),
        cmocka_unit_test(what_came_last),
        cmocka_unit_test(what_came_last_of_many),
        cmocka_unit_test(it_looks_like_chance),
    };
    arena_init(&arena);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    arena_close(&arena);
    return failed;
}
