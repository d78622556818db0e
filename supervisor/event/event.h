/*
 * What can happen: facts in the past tense, published after the change they tell of.
 * Names and texts are borrowed and live only while the event is being delivered.
 */
#ifndef EVENT_EVENT_H
#define EVENT_EVENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum event_type {
    EVENT_PROCESS_STATE, /* a process is in another state */
    EVENT_PROCESS_NEWS,  /* what a process waits for, or why it stays down, has changed */
    EVENT_GROUP_ADDED,
    EVENT_GROUP_REMOVED,
    EVENT_JOB_STATE,
    EVENT_JOB_NEWS,         /* `news` of a job that is in the same state as before */
    EVENT_SUPERVISOR_STATE, /* running, restarting, shutting down */
    EVENT_PROCESS_LOG,      /* a process with *_events_enabled has written `data` */
    EVENT_PROCESS_COMM,     /* it has written `data` between the tags of capture mode */
    EVENT_REMOTE,           /* a client has sent `data` of the type `name` to the listeners */
    EVENT_TICK,             /* a slice of `period` seconds has begun */
    EVENT_SHUTDOWN,         /* `power` of a power-off that is planned, in words in `data` */
};

/* What listeners hear of jobs. */
enum job_news {
    JOB_NEWS_NONE,
    JOB_NEWS_STARTED,   /* its process; of JOB_NEWS, like those without a word here */
    JOB_NEWS_SUCCEEDED, /* of JOB_STATE */
    JOB_NEWS_FAILED,    /* likewise: for good */
    JOB_NEWS_MISSED,    /* it has not succeeded for its expect_every */
    JOB_NEWS_SKIPPED,   /* it was wanted, but not run */
};

/* What has become of a power-off that is planned (jobs/power.h). */
enum power_news {
    POWER_PLANNED,   /* by hand: a new one, or put off */
    POWER_WARNING,   /* it is about to be done */
    POWER_POSTPONED, /* somebody holds it up */
    POWER_CANCELLED, /* by hand, or its moment was missed */
    POWER_FAILED,    /* it could not be done */
};

struct event {
    enum event_type type;
    const char *group; /* NULL for jobs and the supervisor */
    const char *name;
    int from;      /* enum proc_state, enum job_state */
    int state;     /* likewise; enum supervisor_state for EVENT_SUPERVISOR_STATE */
    pid_t pid;     /* 0: none */
    int tries;     /* failed starts so far */
    bool expected; /* of an exit */
    int code;      /* of an exit that this state follows from: si_code, CLD_EXITED...; 0: none */
    int status;    /* likewise si_status */
    const char
        *why; /* of PROCESS_STATE, JOB_STATE and JOB_NEWS, in a few words; NULL or "": none */
    enum job_news news; /* of JOB_STATE and JOB_NEWS */
    const char *cause;  /* likewise, of the run: "by schedule"; of SHUTDOWN: "schedule", "hand" */
    const char *result; /* of JOB_NEWS_FAILED: "failed", "stopped", "timed out" */
    enum power_news power; /* of SHUTDOWN */
    int64_t took; /* of JOB_STATE: ms since the run has begun; of SHUTDOWN: ms that are left */
    bool is_err;  /* of LOG and COMM: standard error, not standard output */
    const char *data;
    size_t len;
    int64_t period; /* s: of TICK; of JOB_NEWS_MISSED: expect_every= */
    /* s since 1970: of TICK the slice's first second; of a job the moment that its run belongs to;
     * of JOB_NEWS_MISSED its last success, 0: never; of SHUTDOWN the moment it is planned for */
    int64_t when;
};

/* Is anything different now? False: somebody has said something, or time has passed. */
bool event_is_change(const struct event *ev);

#endif
