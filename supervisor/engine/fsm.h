/*
 * The state machine of a process: one table, and a pure, total step over it.
 *
 * Supervisor's behaviour (states, retries, delays) with these differences, each on purpose:
 * a stop forgets the failed starts; two starts are at least `spacing` apart, so that a program
 * that dies at once with startsecs=0 cannot spin, and so are two SIGKILLs, for stopwaitsecs=0;
 * an exit is judged by when it happened.
 * Beyond Supervisor, a process may have to say that it is ready (rules.notify) and that it is alive
 * (rules.watchdog_ms). One that does not is ended, and that is to blame on it: `blamed`.
 * Times are milliseconds of CLOCK_MONOTONIC.
 */
#ifndef ENGINE_FSM_H
#define ENGINE_FSM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/state.h"

enum { FSM_NEVER = -1 }; /* a deadline that is not set */

/* Facts, already classified: fsm_due and fsm_exit make them from what was seen. */
enum fsm_event {
    FSM_START,        /* somebody wants it up */
    FSM_SPAWN_FAILED, /* there is no process: no command, no descriptor, no fork, no exec */
    FSM_UP,           /* startsecs have passed */
    FSM_EXIT_EARLY,   /* died before startsecs */
    FSM_EXIT,         /* died, and stays down */
    FSM_EXIT_AGAIN,   /* died, and is to be started again */
    FSM_RESTART,      /* ... now */
    FSM_RETRY,        /* the delay after a failed start is over */
    FSM_GIVE_UP,      /* ... and no retry is left */
    FSM_STOP,         /* somebody wants it down */
    FSM_KILL_DUE,     /* stopwaitsecs have passed since it was asked to end */
    FSM_LOST,         /* it cannot be signalled */
    FSM_READY,        /* it says that it is up */
    FSM_LATE,         /* it should have said so by now */
    FSM_ALIVE,        /* it says that it is alive */
    FSM_SILENT,       /* it should have said so by now */
    FSM_EVENTS,       /* how many there are */
};

/* What the caller has to do, besides being in the new state. */
enum fsm_action {
    FSM_SPAWN = 1,         /* start a process */
    FSM_TERMINATE = 2,     /* send the stop signal */
    FSM_KILL = 4,          /* send SIGKILL */
    FSM_COUNT_RETRY = 8,   /* done by the step: one more failed start */
    FSM_FORGET_RETRY = 16, /* done by the step: no failed start any more */
    FSM_AGAIN = 32,        /* done by the step: a restart is due */
    FSM_ABORT = 64,        /* send SIGABRT */
    FSM_BLAME = 128,       /* done by the step: it has broken its word */
};

struct fsm {
    enum proc_state state;
    int64_t retries;  /* failed starts in a row */
    int64_t started;  /* when the last start was made; FSM_NEVER before the first */
    int64_t deadline; /* when fsm_due has something to say; FSM_NEVER: nothing is awaited */
    bool again;       /* EXITED: a restart is due */
    bool blamed;      /* since this start it has broken its word, and is ended for that */
};

/* What the configuration says of one process; all times in ms. */
struct fsm_rules {
    int64_t startsecs_ms;
    int64_t stopwaitsecs_ms;
    int64_t startretries;
    int64_t spacing_ms;       /* shortest time between a start and the restart after an exit, and
                           between one SIGKILL and the next */
    bool notify;              /* it is up when it says so, not when startsecs have passed */
    int64_t ready_timeout_ms; /* ... and must say so in this time; 0: there is no hurry */
    int64_t watchdog_ms;      /* between two signs of life; 0: none is awaited */
};

struct fsm_row {
    enum proc_state from;
    enum fsm_event on;
    enum proc_state to;
    unsigned actions;
};

struct fsm_result {
    struct fsm next;
    unsigned actions; /* enum fsm_action */
    bool taken;       /* false: no such row, nothing has changed */
};

/* Seconds of the configuration, which takes any number: negative is 0, a century is for ever. */
int64_t fsm_ms(int64_t seconds);

extern const struct fsm_row fsm_table[];
extern const size_t fsm_table_rows;

struct fsm fsm_new(void); /* STOPPED, never started */
struct fsm_result fsm_step(const struct fsm *fsm, const struct fsm_rules *rules,
                           enum fsm_event event, int64_t now);

/* STARTING, and the process comes only now: its startsecs begin. */
void fsm_begin_start(struct fsm *fsm, const struct fsm_rules *rules, int64_t now);

/* Is the deadline here? Then *event is what that means in this state. */
bool fsm_due(const struct fsm *fsm, const struct fsm_rules *rules, int64_t now,
             enum fsm_event *event);

/*
 * What the process asks for: as it is now, it may take `ms` from now on to start, to stop or to
 * give the next sign of life. What it may already does not become less.
 */
struct fsm fsm_extend(const struct fsm *fsm, const struct fsm_rules *rules, int64_t ms,
                      int64_t now);

/* What an exit at `now` means; `again` says whether autorestart wants it back. */
enum fsm_event fsm_exit(const struct fsm *fsm, const struct fsm_rules *rules, bool again,
                        int64_t now);

const char *fsm_event_name(enum fsm_event event);

#endif
