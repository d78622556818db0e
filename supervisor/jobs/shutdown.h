/*
 * The one orderly way down, whoever wants it:
 *
 *   announced   the state and the reason are told; running jobs are stopped
 *   BEFORE      jobs with before=stop, in the order of the graph; programs still serve
 *   STOPPING    programs, in reverse order
 *   JOBS        the other jobs for the shutdown, in the order of the graph
 *   TELLING     those that tell people ([notify:x]), who have heard of all that
 *   DONE        on_done
 *
 * Each step has a limit, and goes on when it is over. A restart of everything goes the same way
 * without the jobs.
 *
 * Before the machine goes down, the same is done in advance (shutdown_prepare): then we stay, and
 * what follows is shutdown_begin, or shutdown_cancel when the machine stays up after all.
 */
#ifndef JOBS_SHUTDOWN_H
#define JOBS_SHUTDOWN_H

#include "engine/supervisor.h"
#include "jobs/jobs.h"
#include "jobs/reason.h"

struct arrears;

enum shutdown_step {
    SHUTDOWN_NONE,
    SHUTDOWN_BEFORE,   /* running jobs are stopped, then those with before=stop run */
    SHUTDOWN_CUTTING,  /* they took longer than [shutdown] timeout: they are stopped */
    SHUTDOWN_STOPPING, /* programs, and running jobs that were not stopped before */
    SHUTDOWN_JOBS,     /* the other jobs for the shutdown */
    SHUTDOWN_ABORTING, /* they took longer: they are stopped */
    SHUTDOWN_TELLING,  /* listeners that last are stopped */
    SHUTDOWN_DONE,
};

enum {
    SHUTDOWN_ASK_MS = 3000,   /* that somebody may look for the reason */
    SHUTDOWN_GRACE_MS = 30000 /* after SIGKILL: what does not end by it is left behind */
};

struct shutdown {
    struct supervisor *supervisor; /* borrowed */
    struct jobs *jobs;             /* borrowed */
    struct arrears *arrears;       /* told when all is down; NULL: nobody remembers. Borrowed */
    enum shutdown_step step;
    bool stays;            /* on_down instead of on_done: whoever wants us to end will say so */
    bool cancelled;        /* what is under way is finished, then everything goes on */
    bool begun;            /* BEFORE, JOBS: its jobs have been started */
    bool ran_before;       /* those with before=stop have been */
    struct timer deadline; /* of the step */
    struct timer next;     /* the next step is taken from the loop */
    struct timer asking;   /* until then somebody may find out the reason */
    struct timer grace;    /* to look for what SIGKILL has not ended */
    void (*on_ask)(struct shutdown *sd);  /* why? shutdown_answer follows; NULL: nobody knows */
    void (*on_step)(struct shutdown *sd); /* another one, or the reason is known; or NULL */
    void (*on_done)(struct shutdown *sd);
    void (*on_down)(struct shutdown *sd);   /* all is down, in advance; may be NULL */
    void (*on_resume)(struct shutdown *sd); /* all is to go on, after shutdown_cancel; or NULL */
    void *owner;
};

void shutdown_init(struct shutdown *sd, struct supervisor *s, struct jobs *j);
void shutdown_close(struct shutdown *sd);

/*
 * `what`: SUPERVISOR_SHUTDOWN or SUPERVISOR_RESTARTING; a shutdown overrules a restart. `why` is
 * what jobs are told; STOP_NOT_KNOWN: on_ask. Of a stop that is under way the graver one counts.
 */
void shutdown_begin(struct shutdown *sd, enum supervisor_state what, enum stop_reason why);
/* The machine will go down, and then we do. */
void shutdown_prepare(struct shutdown *sd, enum stop_reason why);
void shutdown_answer(struct shutdown *sd, enum stop_reason why); /* to on_ask; at once is fine */
void shutdown_cancel(struct shutdown *sd);         /* ... it will not: what ran before runs again */
bool shutdown_prepared(const struct shutdown *sd); /* all is down, and we are still here */
void shutdown_again(struct shutdown *sd);          /* after a restart: ready for the next one */

void shutdown_look(struct shutdown *sd); /* something has stopped or ended: look, from the loop */
/* Also when it is done: what is down stays down, until shutdown_again. */
bool shutdown_under_way(const struct shutdown *sd);

/* Why, as far as it is known. */
enum stop_reason shutdown_reason(const struct shutdown *sd);
/* Does the job run in this step, for this reason? Also for reasons that are not known yet. */
bool shutdown_has(const struct shutdown *sd, const struct job_config *job, bool before);
/* "waits for web, api to stop (until 22:00:10)"; nothing when nothing is awaited. */
void shutdown_describe(const struct shutdown *sd, struct buf *out);

#endif
