/* Protects what a process says of itself: ready, alive, give me time; and what follows when not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "engine/fsm.h"

enum { NOW = 1000000 };

/* Goes on with one event, which must mean something; what is to be done. */
static unsigned go(struct fsm *fsm, const struct fsm_rules *rules, enum fsm_event on, int64_t now)
{
    struct fsm_result r = fsm_step(fsm, rules, on, now);
    assert_true(r.taken);
    *fsm = r.next;
    return r.actions;
}

static enum fsm_event due(const struct fsm *fsm, const struct fsm_rules *rules)
{
    enum fsm_event event = FSM_EVENTS;
    assert_false(fsm_due(fsm, rules, fsm->deadline - 1, &event));
    assert_true(fsm_due(fsm, rules, fsm->deadline, &event));
    return event;
}

static const struct fsm_rules speaks = {.startsecs_ms = 1000,
                                        .stopwaitsecs_ms = 10000,
                                        .startretries = 1,
                                        .spacing_ms = 1000,
                                        .notify = true,
                                        .ready_timeout_ms = 90000,
                                        .watchdog_ms = 30000};

static void it_is_up_when_it_says_so(void **state)
{
    (void)state;
    struct fsm fsm = fsm_new();
    (void)go(&fsm, &speaks, FSM_START, NOW);
    assert_int_equal(fsm.deadline, NOW + 90000);
    for (int64_t age = 0; age < 100000; age += 1000) /* whatever startsecs say */
        assert_int_equal(fsm_exit(&fsm, &speaks, true, NOW + age), FSM_EXIT_EARLY);
    (void)go(&fsm, &speaks, FSM_READY, NOW + 5);
    assert_int_equal(fsm.state, PROC_RUNNING);
    assert_int_equal(fsm.deadline, NOW + 5 + 30000);
    assert_int_equal(fsm_exit(&fsm, &speaks, true, NOW + 6), FSM_EXIT_AGAIN);
    assert_false(fsm_step(&fsm, &speaks, FSM_READY, NOW + 6).taken);
}

static void who_never_says_so_has_failed_to_start(void **state)
{
    (void)state;
    struct fsm fsm = fsm_new();
    (void)go(&fsm, &speaks, FSM_START, NOW);
    int64_t now = fsm.deadline;
    assert_int_equal(due(&fsm, &speaks), FSM_LATE);
    assert_int_equal(go(&fsm, &speaks, FSM_LATE, now), FSM_TERMINATE | FSM_BLAME);
    assert_int_equal(fsm.state, PROC_STARTING);
    assert_int_equal(fsm.deadline, now + 10000);
    assert_false(fsm_step(&fsm, &speaks, FSM_READY, now).taken); /* too late */
    assert_int_equal(fsm_extend(&fsm, &speaks, 60000, now).deadline, now + 10000);
    for (int i = 0; i < 3; i++) { /* as long as it takes */
        assert_int_equal(due(&fsm, &speaks), FSM_KILL_DUE);
        assert_int_equal(go(&fsm, &speaks, FSM_KILL_DUE, fsm.deadline), FSM_KILL);
    }
    (void)go(&fsm, &speaks, fsm_exit(&fsm, &speaks, true, now), now);
    assert_int_equal(fsm.state, PROC_BACKOFF);
    assert_int_equal(fsm.retries, 1);
    assert_true(fsm.blamed);
    assert_int_equal(go(&fsm, &speaks, FSM_RETRY, now), FSM_SPAWN);
    assert_false(fsm.blamed);
    assert_int_equal(go(&fsm, &speaks, FSM_STOP, now), FSM_TERMINATE);
    assert_int_equal(due(&fsm, &speaks), FSM_KILL_DUE);
}

static void who_falls_silent_is_ended(void **state)
{
    (void)state;
    struct fsm fsm = fsm_new();
    (void)go(&fsm, &speaks, FSM_START, NOW);
    (void)go(&fsm, &speaks, FSM_READY, NOW);
    for (int i = 1; i < 10; i++) {
        assert_int_equal(go(&fsm, &speaks, FSM_ALIVE, NOW + i * 20000), 0);
        assert_int_equal(fsm.deadline, NOW + i * 20000 + 30000);
    }
    int64_t now = fsm.deadline;
    assert_int_equal(due(&fsm, &speaks), FSM_SILENT);
    assert_int_equal(go(&fsm, &speaks, FSM_SILENT, now), FSM_ABORT | FSM_BLAME);
    assert_int_equal(fsm.state, PROC_RUNNING);
    assert_false(fsm_step(&fsm, &speaks, FSM_ALIVE, now).taken);
    assert_int_equal(due(&fsm, &speaks), FSM_KILL_DUE);
    (void)go(&fsm, &speaks, fsm_exit(&fsm, &speaks, true, now), now);
    assert_int_equal(fsm.state, PROC_EXITED);
    assert_true(fsm.again && fsm.blamed);
    (void)go(&fsm, &speaks, FSM_RESTART, now);
    assert_false(fsm.blamed);
}

static void more_time_is_given_never_less(void **state)
{
    (void)state;
    static const struct fsm_rules quiet = {.startsecs_ms = 1000, .stopwaitsecs_ms = 10000};
    struct fsm fsm = fsm_new();
    assert_int_equal(fsm_extend(&fsm, &speaks, 1, NOW).deadline, FSM_NEVER);
    (void)go(&fsm, &speaks, FSM_START, NOW);
    assert_int_equal(fsm_extend(&fsm, &quiet, 60000, NOW).deadline, fsm.deadline);
    fsm = fsm_extend(&fsm, &speaks, 1000, NOW);
    assert_int_equal(fsm.deadline, NOW + 90000);
    fsm = fsm_extend(&fsm, &speaks, 60000, NOW + 80000);
    assert_int_equal(fsm.deadline, NOW + 140000);
    (void)go(&fsm, &speaks, FSM_READY, NOW + 100000);
    fsm = fsm_extend(&fsm, &speaks, 50000, NOW + 100000);
    assert_int_equal(fsm.deadline, NOW + 150000);
    assert_int_equal(due(&fsm, &speaks), FSM_SILENT);
    (void)go(&fsm, &speaks, FSM_STOP, NOW + 100000);
    assert_int_equal(fsm.deadline, NOW + 110000);
    fsm = fsm_extend(&fsm, &speaks, 20000, NOW + 100000);
    assert_int_equal(fsm.deadline, NOW + 120000);
    assert_int_equal(due(&fsm, &speaks), FSM_KILL_DUE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_is_up_when_it_says_so),
        cmocka_unit_test(who_never_says_so_has_failed_to_start),
        cmocka_unit_test(who_falls_silent_is_ended),
        cmocka_unit_test(more_time_is_given_never_less),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
