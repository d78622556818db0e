#include "engine/fsm.h"

// clang-format off
const struct fsm_row fsm_table[] = {
    /* up */
    {PROC_STOPPED,  FSM_START,        PROC_STARTING, FSM_SPAWN},
    {PROC_EXITED,   FSM_START,        PROC_STARTING, FSM_SPAWN},
    {PROC_FATAL,    FSM_START,        PROC_STARTING, FSM_SPAWN},
    {PROC_STARTING, FSM_UP,           PROC_RUNNING,  FSM_FORGET_RETRY},
    /* a start that fails is tried again, later and later, until it is given up */
    {PROC_STARTING, FSM_SPAWN_FAILED, PROC_BACKOFF,  FSM_COUNT_RETRY},
    {PROC_STARTING, FSM_EXIT_EARLY,   PROC_BACKOFF,  FSM_COUNT_RETRY},
    {PROC_BACKOFF,  FSM_RETRY,        PROC_STARTING, FSM_SPAWN},
    {PROC_BACKOFF,  FSM_GIVE_UP,      PROC_FATAL,    FSM_FORGET_RETRY},
    /* an exit after startsecs is an exit, and autorestart decides what follows */
    {PROC_RUNNING,  FSM_EXIT,         PROC_EXITED,   FSM_FORGET_RETRY},
    {PROC_RUNNING,  FSM_EXIT_AGAIN,   PROC_EXITED,   FSM_FORGET_RETRY | FSM_AGAIN},
    {PROC_EXITED,   FSM_RESTART,      PROC_STARTING, FSM_SPAWN},
    /* down */
    {PROC_STARTING, FSM_STOP,         PROC_STOPPING, FSM_TERMINATE},
    {PROC_RUNNING,  FSM_STOP,         PROC_STOPPING, FSM_TERMINATE},
    {PROC_BACKOFF,  FSM_STOP,         PROC_STOPPED,  FSM_FORGET_RETRY},
    {PROC_EXITED,   FSM_STOP,         PROC_STOPPED,  FSM_FORGET_RETRY},
    {PROC_STOPPING, FSM_KILL_DUE,     PROC_STOPPING, FSM_KILL},
    {PROC_STOPPING, FSM_EXIT,         PROC_STOPPED,  FSM_FORGET_RETRY},
    /* out of reach, and back */
    {PROC_STARTING, FSM_LOST,         PROC_UNKNOWN,  0},
    {PROC_RUNNING,  FSM_LOST,         PROC_UNKNOWN,  0},
    {PROC_STOPPING, FSM_LOST,         PROC_UNKNOWN,  0},
    {PROC_UNKNOWN,  FSM_EXIT,         PROC_STOPPED,  FSM_FORGET_RETRY},
    /* what it says itself, and what follows when it does not: its exit is then a failed start, or
       one that nobody expected */
    {PROC_STARTING, FSM_READY,        PROC_RUNNING,  FSM_FORGET_RETRY},
    {PROC_STARTING, FSM_LATE,         PROC_STARTING, FSM_TERMINATE | FSM_BLAME},
    {PROC_STARTING, FSM_SILENT,       PROC_STARTING, FSM_ABORT | FSM_BLAME},
    {PROC_STARTING, FSM_KILL_DUE,     PROC_STARTING, FSM_KILL},
    {PROC_RUNNING,  FSM_ALIVE,        PROC_RUNNING,  0},
    {PROC_RUNNING,  FSM_SILENT,       PROC_RUNNING,  FSM_ABORT | FSM_BLAME},
    {PROC_RUNNING,  FSM_KILL_DUE,     PROC_RUNNING,  FSM_KILL},
};
const size_t fsm_table_rows = sizeof fsm_table / sizeof *fsm_table;
_Static_assert(sizeof fsm_table / sizeof *fsm_table == 28, "a row was added: add its test");

static const char *const fsm_event_names[FSM_EVENTS] = {
    [FSM_START] = "start",           [FSM_SPAWN_FAILED] = "spawn failed", [FSM_UP] = "up",
    [FSM_EXIT_EARLY] = "exit early", [FSM_EXIT] = "exit",     [FSM_EXIT_AGAIN] = "exit again",
    [FSM_RESTART] = "restart",       [FSM_RETRY] = "retry",   [FSM_GIVE_UP] = "give up",
    [FSM_STOP] = "stop",             [FSM_KILL_DUE] = "kill due", [FSM_LOST] = "lost",
    [FSM_READY] = "ready",           [FSM_LATE] = "late",     [FSM_ALIVE] = "alive",
    [FSM_SILENT] = "silent",
};
// clang-format on

const char *fsm_event_name(enum fsm_event event)
{
    return event < FSM_EVENTS ? fsm_event_names[event] : "?";
}

int64_t fsm_ms(int64_t seconds)
{
    const int64_t century = INT64_C(100) * 366 * 86400;
    if (seconds <= 0)
        return 0;
    return (seconds < century ? seconds : century) * 1000;
}

struct fsm fsm_new(void)
{
    return (struct fsm){.state = PROC_STOPPED, .started = FSM_NEVER, .deadline = FSM_NEVER};
}

static int64_t fsm_later(int64_t now, int64_t delay)
{
    return now + (delay > 0 ? delay : 0);
}

/* The deadline is a function of the state, so that no state can forget its timer. */
static int64_t fsm_deadline(const struct fsm *fsm, const struct fsm_rules *rules, int64_t now)
{
    switch (fsm->state) {
    case PROC_STARTING:
        if (fsm->blamed)
            return fsm_later(now, rules->stopwaitsecs_ms);
        if (!rules->notify)
            return fsm_later(now, rules->startsecs_ms);
        return rules->ready_timeout_ms > 0 ? now + rules->ready_timeout_ms : FSM_NEVER;
    case PROC_RUNNING:
        if (fsm->blamed)
            return fsm_later(now, rules->stopwaitsecs_ms);
        return rules->watchdog_ms > 0 ? now + rules->watchdog_ms : FSM_NEVER;
    case PROC_BACKOFF:
        return fsm->retries > rules->startretries ? now : now + fsm->retries * 1000;
    case PROC_STOPPING:
        return fsm_later(now, rules->stopwaitsecs_ms);
    case PROC_EXITED:
        if (!fsm->again)
            return FSM_NEVER;
        return now > fsm->started + rules->spacing_ms ? now : fsm->started + rules->spacing_ms;
    case PROC_STOPPED:
    case PROC_FATAL:
    case PROC_UNKNOWN:
        return FSM_NEVER;
    }
    return FSM_NEVER;
}

/* Of one that is being ended for breaking its word, no word counts any more. */
static bool fsm_listens(const struct fsm *fsm, enum fsm_event event)
{
    bool word =
        event == FSM_READY || event == FSM_LATE || event == FSM_ALIVE || event == FSM_SILENT;
    return !word || !fsm->blamed;
}

struct fsm_result fsm_step(const struct fsm *fsm, const struct fsm_rules *rules,
                           enum fsm_event event, int64_t now)
{
    struct fsm_result result = {.next = *fsm};
    struct fsm *next = &result.next;
    for (size_t i = 0; fsm_listens(fsm, event) && i < fsm_table_rows && !result.taken; i++) {
        if (fsm_table[i].from != fsm->state || fsm_table[i].on != event)
            continue;
        result.taken = true;
        result.actions = fsm_table[i].actions;
        next->state = fsm_table[i].to;
    }
    if (!result.taken)
        return result;
    if (result.actions & FSM_COUNT_RETRY)
        next->retries++;
    if (result.actions & FSM_FORGET_RETRY)
        next->retries = 0;
    if (result.actions & FSM_SPAWN)
        next->started = now;
    next->again = (result.actions & FSM_AGAIN) != 0;
    next->blamed = (next->blamed && !(result.actions & FSM_SPAWN)) || (result.actions & FSM_BLAME);
    next->deadline = fsm_deadline(next, rules, now);
    if ((result.actions & FSM_KILL) && next->deadline < now + rules->spacing_ms)
        next->deadline = now + rules->spacing_ms;
    return result;
}

void fsm_begin_start(struct fsm *fsm, const struct fsm_rules *rules, int64_t now)
{
    fsm->started = now;
    fsm->deadline = fsm_deadline(fsm, rules, now);
}

bool fsm_due(const struct fsm *fsm, const struct fsm_rules *rules, int64_t now,
             enum fsm_event *event)
{
    if (fsm->deadline == FSM_NEVER || now < fsm->deadline)
        return false;
    switch (fsm->state) {
    case PROC_STARTING:
        *event = fsm->blamed ? FSM_KILL_DUE : rules->notify ? FSM_LATE : FSM_UP;
        return true;
    case PROC_RUNNING:
        if (!fsm->blamed && rules->watchdog_ms <= 0)
            return false;
        *event = fsm->blamed ? FSM_KILL_DUE : FSM_SILENT;
        return true;
    case PROC_BACKOFF:
        *event = fsm->retries > rules->startretries ? FSM_GIVE_UP : FSM_RETRY;
        return true;
    case PROC_STOPPING:
        *event = FSM_KILL_DUE;
        return true;
    case PROC_EXITED:
        *event = FSM_RESTART;
        return true;
    case PROC_STOPPED:
    case PROC_FATAL:
    case PROC_UNKNOWN:
        return false;
    }
    return false;
}

struct fsm fsm_extend(const struct fsm *fsm, const struct fsm_rules *rules, int64_t ms, int64_t now)
{
    struct fsm next = *fsm;
    bool may = (fsm->state == PROC_STARTING && rules->notify) || fsm->state == PROC_RUNNING ||
               fsm->state == PROC_STOPPING;
    if (may && !fsm->blamed && fsm->deadline != FSM_NEVER && next.deadline < fsm_later(now, ms))
        next.deadline = fsm_later(now, ms);
    return next;
}

enum fsm_event fsm_exit(const struct fsm *fsm, const struct fsm_rules *rules, bool again,
                        int64_t now)
{
    bool early = rules->notify || fsm->blamed || now < fsm_later(fsm->started, rules->startsecs_ms);
    if (fsm->state == PROC_STARTING && early)
        return FSM_EXIT_EARLY;
    return fsm->state == PROC_RUNNING && again ? FSM_EXIT_AGAIN : FSM_EXIT;
}
