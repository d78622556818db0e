/* Protects the heap of deadlines, against a model that only knows how to look at everything. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "engine/host.h"
#include "engine/timer.h"

enum { TIMERS = 200, STEPS = 60000 };

static uint64_t seed = 20261121;

static uint32_t draw(uint32_t below)
{
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(seed >> 33) % below;
}

struct model {
    struct timer timers[TIMERS];
    bool armed[TIMERS];
    int64_t due[TIMERS];
    uint64_t order[TIMERS]; /* when it was armed */
    uint64_t orders;
};

static int model_first(const struct model *m)
{
    int first = -1;
    for (int i = 0; i < TIMERS; i++) {
        if (!m->armed[i])
            continue;
        if (first < 0 || m->due[i] < m->due[first] ||
            (m->due[i] == m->due[first] && m->order[i] < m->order[first]))
            first = i;
    }
    return first;
}

static void model_arm(struct model *m, struct timer_heap *h, size_t i, int64_t due)
{
    m->armed[i] = true;
    m->due[i] = due;
    m->order[i] = m->orders++;
    timer_arm(h, &m->timers[i], due);
}

static void model_check(const struct model *m, const struct timer_heap *h)
{
    size_t armed = 0;
    for (size_t i = 0; i < TIMERS; i++) {
        assert_int_equal(timer_armed(&m->timers[i]), m->armed[i]);
        armed += m->armed[i];
    }
    assert_int_equal(h->count, armed);
    int first = model_first(m);
    assert_int_equal(timer_next(h), first < 0 ? -1 : m->due[first]);
}

static void model_take(struct model *m, struct timer_heap *h, int64_t now)
{
    int first = model_first(m);
    struct timer *t = timer_take_due(h, now);
    if (first < 0 || m->due[first] > now) {
        assert_null(t);
        return;
    }
    assert_ptr_equal(t, &m->timers[first]);
    m->armed[first] = false;
}

static void as_the_model(void **state)
{
    (void)state;
    static struct model m;
    struct timer_heap h = {0};
    int64_t now = 0;
    for (int step = 0; step < STEPS; step++) {
        uint32_t what = draw(10);
        size_t i = draw(TIMERS);
        if (what < 4) {
            model_arm(&m, &h, i, now + (int64_t)draw(50)); /* few values: many are equal */
        } else if (what < 6) {
            timer_disarm(&h, &m.timers[i]);
            m.armed[i] = false;
        } else {
            model_take(&m, &h, now += (int64_t)draw(3));
        }
        model_check(&m, &h);
    }
    while (model_first(&m) >= 0)
        model_take(&m, &h, INT64_MAX);
    model_check(&m, &h);
    timer_heap_close(&h);
}

static void equal_ones_in_the_order_of_arming(void **state)
{
    (void)state;
    struct timer t[20] = {0};
    struct timer_heap h = {0};
    for (size_t i = 0; i < 20; i++)
        timer_arm(&h, &t[i], 5);
    timer_arm(&h, &t[3], 5); /* again: to the end of the queue */
    assert_null(timer_take_due(&h, 4));
    for (size_t i = 0; i < 20; i++) {
        if (i != 3)
            assert_ptr_equal(timer_take_due(&h, 5), &t[i]);
    }
    assert_ptr_equal(timer_take_due(&h, 5), &t[3]);
    assert_null(timer_take_due(&h, 5));
    timer_disarm(&h, &t[3]);
    timer_heap_close(&h);
}

/* --- host_run_due: each at most once, and the machine is told when to wake us -------------- */

struct fake {
    struct host host;
    int64_t now, wake;
};

static int64_t fake_now(struct host *h)
{
    return ((struct fake *)(void *)h)->now;
}

static void fake_wake_at(struct host *h, int64_t due)
{
    ((struct fake *)(void *)h)->wake = due;
}

static const struct host_ops fake_ops = {
    .now = fake_now, .wall = fake_now, .wake_at = fake_wake_at};

struct again {
    struct timer timer;
    struct fake *fake;
    int fired;
};

static void on_again(struct timer *t)
{
    struct again *a = (struct again *)(void *)t;
    a->fired++;
    host_arm(&a->fake->host, t, a->fake->now);
}

static void on_once(struct timer *t)
{
    ((struct again *)(void *)t)->fired++;
}

static void nothing_spins(void **state)
{
    (void)state;
    struct fake f = {.host = {.ops = &fake_ops}, .now = 10, .wake = -1};
    struct again a = {.timer.on_due = on_again, .fake = &f};
    struct again b = {.timer.on_due = on_once, .fake = &f};
    host_arm(&f.host, &b.timer, 20);
    assert_int_equal(f.wake, 20);
    host_arm(&f.host, &a.timer, 15);
    assert_int_equal(f.wake, 15);
    f.now = 19;
    host_run_due(&f.host);
    assert_int_equal(a.fired, 1);
    assert_int_equal(b.fired, 0);
    assert_int_equal(f.wake, 19);
    f.now = 20;
    host_run_due(&f.host);
    assert_int_equal(a.fired, 2);
    assert_int_equal(b.fired, 1); /* the one that comes again does not keep it from its turn */
    host_disarm(&f.host, &a.timer);
    assert_int_equal(f.wake, -1);
    assert_int_equal(host_now(&f.host), 20);
    assert_int_equal(host_wall(&f.host), 20);
    timer_heap_close(&f.host.timers);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(as_the_model),
        cmocka_unit_test(equal_ones_in_the_order_of_arming),
        cmocka_unit_test(nothing_spins),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
