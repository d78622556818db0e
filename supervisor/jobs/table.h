/*
 * The state machine of a job: the same shape as that of processes (engine/fsm.h).
 * Pure; facts are classified before they come here (no retry left: JOB_GIVE_UP).
 */
#ifndef JOBS_TABLE_H
#define JOBS_TABLE_H

#include <stdbool.h>
#include <stddef.h>

enum job_state {
    JOB_IDLE,    /* not run since the daemon started */
    JOB_WAITING, /* for what it requires or follows */
    JOB_RUNNING,
    JOB_RETRYING, /* the last attempt failed; the next one follows after retry_delay */
    JOB_ENDING,   /* over its time-out, asked to end: counts as a failed attempt */
    JOB_STOPPING, /* stopped by somebody */
    JOB_SUCCEEDED,
    JOB_FAILED,
    JOB_STATES,
};

enum job_event {
    JOB_RUN,     /* somebody wants it to run */
    JOB_GO,      /* nothing is in the way any more */
    JOB_BLOCKED, /* what it requires has failed */
    JOB_EXIT_OK,
    JOB_ATTEMPT_FAILED, /* and a retry is left */
    JOB_GIVE_UP,        /* and none is left; or it ended after a stop */
    JOB_RETRY,          /* retry_delay is over */
    JOB_TIMEOUT,
    JOB_STOP,
    JOB_KILL_DUE, /* stopwaitsecs are over */
    JOB_EVENTS,
};

enum job_action { JOB_SPAWN = 1, JOB_TERMINATE = 2, JOB_KILL = 4 };

struct job_row {
    enum job_state from;
    enum job_event on;
    enum job_state to;
    unsigned actions; /* enum job_action */
};

extern const struct job_row job_table[];
extern const size_t job_table_rows;

/* The row that applies, NULL when the event means nothing in this state. */
const struct job_row *job_step(enum job_state state, enum job_event event);

bool job_state_active(enum job_state state);      /* on its way to an end */
const char *job_state_name(enum job_state state); /* "RUNNING" */

#endif
