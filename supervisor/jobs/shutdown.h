/*
 * The one orderly way down: stop what runs (programs in reverse order, running jobs at once),
 * then the jobs for the shutdown in the order of the graph, then on_done. A restart of
 * everything goes the same way without the jobs.
 *
 * Before the machine goes down, the same is done in advance (shutdown_prepare): then we stay, and
 * what follows is shutdown_begin, or shutdown_cancel when the machine stays up after all.
 */
#ifndef JOBS_SHUTDOWN_H
#define JOBS_SHUTDOWN_H

#include "engine/supervisor.h"
#include "jobs/jobs.h"
#include "jobs/reason.h"

enum shutdown_step {
    SHUTDOWN_NONE,
    SHUTDOWN_STOPPING, /* programs and running jobs */
    SHUTDOWN_JOBS,     /* the jobs with when=shutdown */
    SHUTDOWN_ABORTING, /* they took longer than [shutdown] timeout: they are stopped */
    SHUTDOWN_DONE,
};

struct shutdown {
    struct supervisor *supervisor; /* borrowed */
    struct jobs *jobs;             /* borrowed */
    enum shutdown_step step;
    enum stop_reason reason; /* of what is under way */
    bool stays;              /* on_down instead of on_done: whoever wants us to end will say so */
    bool cancelled;          /* what is under way is finished, then everything goes on */
    struct timer deadline;   /* of SHUTDOWN_JOBS */
    struct timer next;       /* the next step is taken from the loop */
    void (*on_done)(struct shutdown *sd);
    void (*on_down)(struct shutdown *sd);   /* all is down, in advance; may be NULL */
    void (*on_resume)(struct shutdown *sd); /* all is to go on, after shutdown_cancel; or NULL */
    void *owner;
};

void shutdown_init(struct shutdown *sd, struct supervisor *s, struct jobs *j);
void shutdown_close(struct shutdown *sd);

/*
 * `what`: SUPERVISOR_SHUTDOWN or SUPERVISOR_RESTARTING; a shutdown overrules a restart. Why, is what
 * jobs are told; STOP_NOT_KNOWN: it is found out meanwhile. Of a stop that is under way the
 * graver reason counts.
 */
void shutdown_begin(struct shutdown *sd, enum supervisor_state what, enum stop_reason why);
/* The machine will go down, and then we do. */
void shutdown_prepare(struct shutdown *sd, enum stop_reason why);
void shutdown_cancel(struct shutdown *sd);         /* ... it will not: what ran before runs again */
bool shutdown_prepared(const struct shutdown *sd); /* all is down, and we are still here */
void shutdown_again(struct shutdown *sd);          /* after a restart: ready for the next one */

void shutdown_look(struct shutdown *sd); /* something has stopped or ended: look, from the loop */
/* Also when it is done: what is down stays down, until shutdown_again. */
bool shutdown_under_way(const struct shutdown *sd);

#endif
