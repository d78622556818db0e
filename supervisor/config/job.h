/* What a job is told: [job:NAME] and [sync:NAME]. Part of a snapshot (config.h). */
#ifndef CONFIG_JOB_H
#define CONFIG_JOB_H

#include "config/process.h"
#include "config/schedule.h"

enum job_when {
    JOB_WHEN_BOOT = 1,
    JOB_WHEN_SHUTDOWN = 2,
    JOB_WHEN_MANUAL = 4,
    JOB_WHEN_POWEROFF = 8, /* as for the shutdown, but only when the machine goes and stays off */
    JOB_WHEN_STOP = JOB_WHEN_SHUTDOWN | JOB_WHEN_POWEROFF,
};

/* What one for the shutdown comes before. */
enum job_before {
    JOB_BEFORE_NOTHING, /* it runs when the programs are down */
    JOB_BEFORE_STOP,    /* it runs while they still serve */
};

/* What else depends on a job that has failed for good. */
enum job_on_failure {
    JOB_ON_FAILURE_BLOCK,    /* what requires it stays down */
    JOB_ON_FAILURE_CONTINUE, /* what requires it starts all the same */
};

/* What becomes of a run that is wanted while the one before is on its way. */
enum job_overlap {
    JOB_OVERLAP_SKIP,  /* it is left out */
    JOB_OVERLAP_QUEUE, /* it follows; one at most waits */
    JOB_OVERLAP_KILL,  /* the one before is stopped, and it follows */
};

struct job_config {
    const char *name;
    struct process_config process; /* section "job:x" or "sync:x"; sync's command is generated */
    unsigned when;                 /* JOB_WHEN_* */
    enum job_before before;
    const char *schedule_text; /* as it is written; "": never by itself */
    struct schedules schedule; /* what it means; @reboot is in `when` */
    const char *timezone;      /* of the schedule; "": the machine's */
    int64_t jitter_ms;         /* each of its runs is put off by up to so much; 0: not at all */
    bool catch_up;             /* what was missed while nobody was there runs once */
    int64_t timeout_ms;        /* one attempt; 0: none */
    int64_t retries;
    int64_t retry_delay_ms; /* doubled with each failure; see jobs/backoff.h */
    int64_t retry_delay_max_ms;
    enum job_overlap overlap;
    int64_t expect_every_ms; /* it is missed when it has not succeeded for so long; 0: never */
    enum job_on_failure on_failure;
    struct name_list notify; /* whom to tell when it has changed something: see nudge.h */
    /* sync only: data no older than this lets dependents start after a failure; 0: never */
    int64_t stale_ok_ms;
    const char *target; /* sync only: the folder that stale_ok looks at */
    bool replaces;      /* sync only: what others put there may be gone after a run */
};

#endif
