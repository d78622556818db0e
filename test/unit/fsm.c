/* Protects the state machine: every state with every event, its deadlines and its classifying. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "engine/fsm.h"

enum { STATES = 8, NOW = 1000000 };

static const enum proc_state states[STATES] = {
    PROC_STOPPED,  PROC_STARTING, PROC_RUNNING, PROC_BACKOFF,
    PROC_STOPPING, PROC_EXITED,   PROC_FATAL,   PROC_UNKNOWN,
};

/*
 * What is expected, drawn as a grid and not as the rows of the implementation: the state after
 * each event, a blank where nothing may change.
 *  p STOPPED  s STARTING  r RUNNING  b BACKOFF  t STOPPING  x EXITED  f FATAL  u UNKNOWN
 */
static const char letters[] = "psrbtxfu";

// clang-format off
static const struct { enum fsm_event on; const char *after; } grid[FSM_EVENTS] = {
    /*                  from: psrbtxfu */
    {FSM_START,              "s    ss "},
    {FSM_SPAWN_FAILED,       " b      "},
    {FSM_UP,                 " r      "},
    {FSM_EXIT_EARLY,         " b      "},
    {FSM_EXIT,               "  x p  p"},
    {FSM_EXIT_AGAIN,         "  x     "},
    {FSM_RESTART,            "     s  "},
    {FSM_RETRY,              "   s    "},
    {FSM_GIVE_UP,            "   f    "},
    {FSM_STOP,               " ttp p  "},
    {FSM_KILL_DUE,           " sr t   "},
    {FSM_LOST,               " uu u   "},
    {FSM_READY,              " r      "},
    {FSM_LATE,               " s      "},
    {FSM_ALIVE,              "  r     "},
    {FSM_SILENT,             " sr     "},
};
// clang-format on

static const struct fsm_rules rule_sets[] = {
    {.startsecs_ms = 1000, .stopwaitsecs_ms = 10000, .startretries = 3, .spacing_ms = 250},
    {.startsecs_ms = 0, .stopwaitsecs_ms = 0, .startretries = 0, .spacing_ms = 0},
    {.startsecs_ms = -1000, .stopwaitsecs_ms = -1, .startretries = -1, .spacing_ms = 5000},
    {.startsecs_ms = 1000, .stopwaitsecs_ms = 10000, .notify = true, .ready_timeout_ms = 90000},
    {.stopwaitsecs_ms = 10000, .notify = true, .watchdog_ms = 30000},
};

/* The actions follow from where it goes and why, without a table. */
static unsigned actions_expected(enum fsm_event on, enum proc_state to)
{
    unsigned actions = 0;
    if (on == FSM_KILL_DUE)
        return FSM_KILL;
    if (on == FSM_ALIVE)
        return 0;
    if (on == FSM_LATE || on == FSM_SILENT)
        return FSM_BLAME | (on == FSM_LATE ? FSM_TERMINATE : FSM_ABORT);
    if (to == PROC_STARTING)
        actions |= FSM_SPAWN;
    if (to == PROC_STOPPING)
        actions |= FSM_TERMINATE;
    if (to == PROC_BACKOFF)
        actions |= FSM_COUNT_RETRY;
    if (to == PROC_STOPPED || to == PROC_RUNNING || to == PROC_EXITED || to == PROC_FATAL)
        actions |= FSM_FORGET_RETRY;
    if (on == FSM_EXIT_AGAIN)
        actions |= FSM_AGAIN;
    return actions;
}

static int64_t deadline_expected(const struct fsm *fsm, const struct fsm_rules *rules, int64_t now)
{
    int64_t delay = 0;
    bool up = fsm->state == PROC_RUNNING;
    bool stopping = fsm->state == PROC_STOPPING;
    if (stopping || (fsm->blamed && (fsm->state == PROC_STARTING || up)))
        delay = rules->stopwaitsecs_ms;
    else if (up || (fsm->state == PROC_STARTING && rules->notify)) {
        delay = up ? rules->watchdog_ms : rules->ready_timeout_ms;
        if (delay == 0)
            return FSM_NEVER;
    } else if (fsm->state == PROC_STARTING)
        delay = rules->startsecs_ms;
    else if (fsm->state == PROC_BACKOFF)
        delay = fsm->retries <= rules->startretries ? 1000 * fsm->retries : 0;
    else if (fsm->state == PROC_EXITED && fsm->again)
        delay = fsm->started + rules->spacing_ms - now;
    else
        return FSM_NEVER;
    return delay > 0 ? now + delay : now;
}

static void check_same(const struct fsm *a, const struct fsm *b)
{
    assert_int_equal(a->state, b->state);
    assert_int_equal(a->retries, b->retries);
    assert_int_equal(a->started, b->started);
    assert_int_equal(a->deadline, b->deadline);
    assert_int_equal(a->again, b->again);
    assert_int_equal(a->blamed, b->blamed);
}

/* Of one that is ended because it broke its word, no word counts. */
static bool is_word(enum fsm_event on)
{
    return on == FSM_READY || on == FSM_LATE || on == FSM_ALIVE || on == FSM_SILENT;
}

static void check_step(const struct fsm *fsm, const struct fsm_rules *rules, size_t column,
                       size_t row)
{
    enum fsm_event on = grid[row].on;
    char after = fsm->blamed && is_word(on) ? ' ' : grid[row].after[column];
    struct fsm before = *fsm;
    struct fsm_result r = fsm_step(fsm, rules, on, NOW);
    check_same(fsm, &before);
    assert_int_equal(r.taken, after != ' ');
    if (after == ' ') {
        assert_int_equal(r.actions, 0);
        check_same(&r.next, fsm);
        return;
    }
    struct fsm want = *fsm;
    want.state = states[strchr(letters, after) - letters];
    unsigned actions = actions_expected(on, want.state);
    assert_int_equal(r.actions, actions);
    if (actions & FSM_COUNT_RETRY)
        want.retries++;
    if (actions & FSM_FORGET_RETRY)
        want.retries = 0;
    if (actions & FSM_SPAWN)
        want.started = NOW;
    want.again = on == FSM_EXIT_AGAIN;
    want.blamed = actions & FSM_SPAWN ? false : want.blamed || (actions & FSM_BLAME);
    want.deadline = deadline_expected(&want, rules, NOW);
    if (on == FSM_KILL_DUE && want.deadline < NOW + rules->spacing_ms)
        want.deadline = NOW + rules->spacing_ms; /* a process that lingers is not a loop */
    check_same(&r.next, &want);
}

static void check_variants(size_t column, size_t row, const struct fsm_rules *rules)
{
    static const int64_t retries[] = {0, 1, 2, 3, 4, 1000};
    static const int64_t deadlines[] = {FSM_NEVER, 0, NOW - 1, NOW, NOW + 1, NOW + 86400000};
    static const int64_t started[] = {FSM_NEVER, NOW - 100000, NOW - 4999, NOW - 1, NOW};
    for (size_t i = 0; i < 6 * 6 * 5 * 2 * 2; i++) {
        struct fsm fsm = {
            .state = states[column],
            .retries = retries[i % 6],
            .deadline = deadlines[i / 6 % 6],
            .started = started[i / 36 % 5],
            .again = i / 180 % 2,
            .blamed = i / 360,
        };
        check_step(&fsm, rules, column, row);
    }
}

static void every_state_with_every_event(void **state)
{
    (void)state;
    unsigned listed = 0;
    for (size_t row = 0; row < FSM_EVENTS; row++) {
        assert_int_equal(strlen(grid[row].after), STATES);
        for (size_t column = 0; column < STATES; column++) {
            listed += grid[row].after[column] != ' ';
            for (size_t k = 0; k < sizeof rule_sets / sizeof *rule_sets; k++)
                check_variants(column, row, &rule_sets[k]);
        }
    }
    assert_int_equal(listed, fsm_table_rows);
}

static void no_pair_is_listed_twice(void **state)
{
    (void)state;
    for (size_t i = 0; i < fsm_table_rows; i++) {
        for (size_t k = 0; k < i; k++)
            assert_false(fsm_table[i].from == fsm_table[k].from &&
                         fsm_table[i].on == fsm_table[k].on);
    }
}

static void every_event_has_its_name(void **state)
{
    (void)state;
    for (size_t row = 0; row < FSM_EVENTS; row++) {
        assert_int_equal(grid[row].on, row);
        assert_true(strlen(fsm_event_name(grid[row].on)) > 1);
        for (size_t k = 0; k < row; k++)
            assert_string_not_equal(fsm_event_name(grid[row].on), fsm_event_name(grid[k].on));
    }
    assert_string_equal(fsm_event_name(FSM_EVENTS), "?");
}

static void a_new_one_is_stopped_and_awaits_nothing(void **state)
{
    (void)state;
    struct fsm fsm = fsm_new();
    struct fsm want = {.state = PROC_STOPPED, .started = FSM_NEVER, .deadline = FSM_NEVER};
    check_same(&fsm, &want);
}

// clang-format off
static const struct { enum proc_state state; int64_t retries; bool due; enum fsm_event event; }
due_rows[] = {
    {PROC_STOPPED,  0, false, FSM_EVENTS},
    {PROC_STARTING, 0, true,  FSM_UP},
    {PROC_RUNNING,  0, false, FSM_EVENTS},
    {PROC_BACKOFF,  1, true,  FSM_RETRY},
    {PROC_BACKOFF,  3, true,  FSM_RETRY},
    {PROC_BACKOFF,  4, true,  FSM_GIVE_UP},
    {PROC_STOPPING, 0, true,  FSM_KILL_DUE},
    {PROC_EXITED,   0, true,  FSM_RESTART},
    {PROC_FATAL,    0, false, FSM_EVENTS},
    {PROC_UNKNOWN,  0, false, FSM_EVENTS},
};
// clang-format on

static void a_deadline_is_due_when_it_is_reached(void **state)
{
    (void)state;
    const struct fsm_rules *rules = &rule_sets[0];
    for (size_t i = 0; i < sizeof due_rows / sizeof *due_rows; i++) {
        struct fsm fsm = {.state = due_rows[i].state, .retries = due_rows[i].retries};
        enum fsm_event event = FSM_EVENTS;
        fsm.deadline = FSM_NEVER;
        assert_false(fsm_due(&fsm, rules, NOW, &event));
        fsm.deadline = NOW + 1;
        assert_false(fsm_due(&fsm, rules, NOW, &event));
        assert_int_equal(event, FSM_EVENTS);
        for (fsm.deadline = NOW; fsm.deadline > NOW - 2; fsm.deadline--) {
            assert_int_equal(fsm_due(&fsm, rules, NOW, &event), due_rows[i].due);
            assert_int_equal(event, due_rows[i].event);
        }
    }
}

static void what_is_due_is_always_taken(void **state)
{
    (void)state;
    for (size_t i = 0; i < STATES * 10; i++) {
        const struct fsm_rules *rules = &rule_sets[i % 5];
        struct fsm fsm = {.state = states[i / 10], .retries = 1, .deadline = NOW};
        fsm.blamed = i / 5 % 2;
        enum fsm_event event;
        if (fsm_due(&fsm, rules, NOW, &event))
            assert_true(fsm_step(&fsm, rules, event, NOW).taken);
    }
}

static enum fsm_event exit_at(enum proc_state in, int64_t startsecs_ms, int64_t age, bool again)
{
    struct fsm fsm = {.state = in, .started = NOW - age};
    struct fsm_rules rules = {.startsecs_ms = startsecs_ms};
    return fsm_exit(&fsm, &rules, again, NOW);
}

static void an_exit_is_judged_by_its_time(void **state)
{
    (void)state;
    for (int again = 0; again < 2; again++) {
        assert_int_equal(exit_at(PROC_STARTING, 1000, 0, again), FSM_EXIT_EARLY);
        assert_int_equal(exit_at(PROC_STARTING, 1000, 999, again), FSM_EXIT_EARLY);
        assert_int_equal(exit_at(PROC_STARTING, 1000, 1000, again), FSM_EXIT);
        assert_int_equal(exit_at(PROC_STARTING, 1000, 1001, again), FSM_EXIT);
        assert_int_equal(exit_at(PROC_STARTING, 0, 0, again), FSM_EXIT);
        assert_int_equal(exit_at(PROC_STARTING, -5000, 0, again), FSM_EXIT);
        assert_int_equal(exit_at(PROC_STOPPING, 1000, 5, again), FSM_EXIT);
        assert_int_equal(exit_at(PROC_UNKNOWN, 1000, 5, again), FSM_EXIT);
        assert_int_equal(exit_at(PROC_RUNNING, 1000, 1000, again),
                         again ? FSM_EXIT_AGAIN : FSM_EXIT);
    }
}

/* At the very millisecond of startsecs the deadline is due first, then it is an exit. */
static void startsecs_and_exit_in_one_moment(void **state)
{
    (void)state;
    struct fsm fsm = fsm_new();
    enum fsm_event event;
    fsm = fsm_step(&fsm, &rule_sets[0], FSM_START, NOW).next;
    assert_true(fsm_due(&fsm, &rule_sets[0], NOW + 1000, &event));
    fsm = fsm_step(&fsm, &rule_sets[0], event, NOW + 1000).next;
    assert_int_equal(fsm.state, PROC_RUNNING);
    event = fsm_exit(&fsm, &rule_sets[0], true, NOW + 1000);
    fsm = fsm_step(&fsm, &rule_sets[0], event, NOW + 1000).next;
    assert_int_equal(fsm.state, PROC_EXITED);
    assert_int_equal(fsm.deadline, NOW + 1000);
}

/* Starts it again and again, each start failing, until it is given up. Counts the starts. */
static int64_t starts_until_fatal(int64_t startretries, int64_t *took)
{
    struct fsm_rules rules = {.startsecs_ms = 1000, .startretries = startretries};
    struct fsm fsm = fsm_new();
    enum fsm_event event = FSM_START;
    int64_t starts = 0, now = NOW;
    while (fsm.state != PROC_FATAL) {
        struct fsm_result r = fsm_step(&fsm, &rules, event, now);
        assert_true(r.taken);
        fsm = r.next;
        starts += (r.actions & FSM_SPAWN) != 0;
        if (fsm.state == PROC_STARTING)
            fsm = fsm_step(&fsm, &rules, FSM_EXIT_EARLY, now).next;
        now = fsm.deadline != FSM_NEVER ? fsm.deadline : now;
        if (fsm.state != PROC_FATAL)
            assert_true(fsm_due(&fsm, &rules, now, &event));
    }
    assert_int_equal(fsm.retries, 0);
    *took = now - NOW;
    return starts;
}

static void failed_starts_are_retried_later_and_later(void **state)
{
    (void)state;
    int64_t took;
    assert_int_equal(starts_until_fatal(3, &took), 4);
    assert_int_equal(took, 6000);
    assert_int_equal(starts_until_fatal(0, &took), 1);
    assert_int_equal(took, 0);
    assert_int_equal(starts_until_fatal(-1, &took), 1);
    assert_int_equal(took, 0);
}

/* startsecs=0 and dead at once: two starts are still `spacing` apart. */
static void restarts_are_spaced(void **state)
{
    (void)state;
    struct fsm_rules rules = {.spacing_ms = 500};
    struct fsm fsm = fsm_new();
    enum fsm_event event = FSM_START;
    int64_t now = NOW, last = 0;
    for (int i = 0; i < 10; i++) {
        fsm = fsm_step(&fsm, &rules, event, now).next;
        assert_true(now - last >= 500);
        last = now;
        assert_true(fsm_due(&fsm, &rules, now, &event));
        fsm = fsm_step(&fsm, &rules, event, now).next;
        now += i * 100;
        fsm = fsm_step(&fsm, &rules, fsm_exit(&fsm, &rules, true, now), now).next;
        assert_int_equal(fsm.deadline, i < 5 ? last + 500 : now);
        now = fsm.deadline;
        assert_true(fsm_due(&fsm, &rules, now, &event));
    }
}

static void states_have_names_and_sets(void **state)
{
    (void)state;
    static const char *const names[] = {"STOPPED",  "STARTING", "RUNNING", "BACKOFF",
                                        "STOPPING", "EXITED",   "FATAL",   "UNKNOWN"};
    for (size_t i = 0; i < STATES; i++) {
        char c = letters[i];
        assert_string_equal(proc_state_name(states[i]), names[i]);
        assert_int_equal(proc_state_is_running(states[i]), strchr("srb", c) != NULL);
        assert_int_equal(proc_state_is_stopped(states[i]), strchr("pxfu", c) != NULL);
        assert_int_equal(proc_state_has_process(states[i]), strchr("srt", c) != NULL);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_state_with_every_event),
        cmocka_unit_test(no_pair_is_listed_twice),
        cmocka_unit_test(every_event_has_its_name),
        cmocka_unit_test(a_new_one_is_stopped_and_awaits_nothing),
        cmocka_unit_test(a_deadline_is_due_when_it_is_reached),
        cmocka_unit_test(what_is_due_is_always_taken),
        cmocka_unit_test(an_exit_is_judged_by_its_time),
        cmocka_unit_test(startsecs_and_exit_in_one_moment),
        cmocka_unit_test(failed_starts_are_retried_later_and_later),
        cmocka_unit_test(restarts_are_spaced),
        cmocka_unit_test(states_have_names_and_sets),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
