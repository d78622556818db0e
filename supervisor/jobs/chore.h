/*
 * One command that is run beside everything else, with a time limit: what [shutdown] asks with
 * inhibit=exec: and does with action=exec:. It is no job: nobody sees it, it has no log, and it
 * does not outlive the daemon. What it says first is kept, for a sentence about it.
 */
#ifndef JOBS_CHORE_H
#define JOBS_CHORE_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/err.h"
#include "engine/host.h"
#include "engine/spawn.h"
#include "output/stream.h"

enum {
    CHORE_SAID = 200,           /* bytes that are kept of what it says */
    CHORE_GRACE_MS = 10 * 1000, /* after SIGKILL; what does not end by it is left behind */
    CHORE_NOT_RUN = 126, /* from this exit status on, shells say that there was nothing to run */
};

/* Embedded in its owner. */
struct chore {
    struct host *host;
    struct arena arena; /* of the plan, while it runs */
    struct timer limit;
    struct stream stream; /* what it writes */
    struct sink sink;     /* ... goes nowhere else */
    struct buf said;
    char *command; /* owned; of the last one, once it has ended */
    pid_t pid;     /* 0: it does not run */
    int pidfd;
    int report;
    bool busy;     /* from the start until on_done */
    bool answered; /* known at the end: it was run, and exited by itself */
    bool good;     /* likewise: with 0 */
    char why[400]; /* likewise: "exit status 1: still uploading" */
    int64_t limit_ms;
    void (*on_done)(struct chore *chore); /* from the loop */
};

void chore_init(struct chore *chore, struct host *host);

/* -errno with a sentence: it does not begin. */
int chore_start(struct chore *chore, const char *command, int64_t limit_ms,
                const struct spawn_context *ctx, struct err *e);
bool chore_exited(struct chore *chore, pid_t pid, int code, int status); /* false: another's */
void chore_stop(struct chore *chore); /* at the end: kills it; on_done is not called any more */

#endif
