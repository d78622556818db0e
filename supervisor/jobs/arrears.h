/*
 * Jobs with catch_up= for the shutdown that did not run because the daemon was killed hard: a note
 * on disk says what this life owes, and when it was last seen alive. The next start runs it, for
 * the date that it belonged to.
 *
 * The note is the file `shutdown` of the folder of what outlives the daemon; the time of its last
 * change is the moment. It is not synced (slate.h): a life of less than half a minute may leave
 * nothing behind when the power fails, but what lives before it left stays.
 */
#ifndef JOBS_ARREARS_H
#define JOBS_ARREARS_H

#include "event/bus.h"
#include "jobs/debt.h"
#include "jobs/shutdown.h"

enum {
    ARREARS_ALIVE_S = 900,      /* between two moments at which we were seen; and at midnight */
    ARREARS_READ_MAX = 64 << 10 /* bytes: a longer file is not ours */
};

/* Owned by main.c. */
struct arrears {
    struct shutdown *shutdown; /* borrowed */
    struct jobs *jobs;         /* borrowed */
    struct event_subscriber subscriber;
    char *path; /* owned; NULL: there is no folder, and nothing is remembered */
    struct debts debts;
    int64_t alive;        /* s since 1970: when the life before was last seen; 0: never */
    struct config *known; /* whose jobs are noted; only compared */
    struct timer next;    /* a job that is owed may run */
    struct timer seen;    /* it is time to be seen again */
    bool failing;         /* said that it cannot be written */
};

/* `folder` may be NULL. What makes no sense is moved aside, and said. */
void arrears_open(struct arrears *r, struct shutdown *sd, struct event_bus *bus,
                  const char *folder);
void arrears_close(struct arrears *r);
void arrears_move(struct arrears *r, const char *folder); /* the folder is another one now */

/* The jobs of a configuration have come. `first`: of a daemon that goes on from no other one, so
 * that what the one before owed is due. */
void arrears_begin(struct arrears *r, bool first);
void arrears_look(struct arrears *r); /* jobs may have come or gone */
void arrears_end(struct arrears *r);  /* all is down in good order */

#endif
