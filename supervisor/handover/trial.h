/*
 * A program that is run to see what it says: beside the loop, with a time limit, and with nothing
 * of ours but one descriptor.
 */
#ifndef HANDOVER_TRIAL_H
#define HANDOVER_TRIAL_H

#include "engine/host.h"
#include "output/sink.h"
#include "output/stream.h"

enum {
    TRIAL_MS = 10 * 1000, /* then it hangs, and is killed */
    TRIAL_SAID = 4096,    /* bytes of its output that are kept */
};

struct trial_plan {
    const char *program;   /* absolute; has to stay until the end of it, like directory */
    char **argv;           /* borrowed for the start, like the rest */
    const char *directory; /* NULL: ours */
    int fd;                /* its descriptor 3; -1: none */
};

/* Embedded in its owner; zeroed, then trial_init. */
struct trial {
    struct host *host;
    pid_t pid; /* 0: none runs */
    int pidfd;
    int report;
    struct stream stream;
    struct sink sink;
    struct timer timer;
    struct buf said; /* what it has written */
    char why[512];   /* on failure: "exit status 3", "it has not ended within 10 s" ... */
    const char *program, *directory; /* of the plan, borrowed */
    bool begun;                      /* exec has worked; false: `why` says all */
    bool good;                       /* exit status 0 */
    /* From the loop. Another trial may be started from here. */
    void (*on_done)(struct trial *t);
};

void trial_init(struct trial *t, struct host *host);
void trial_close(struct trial *t); /* frees what is left; none may run */

/* -errno and a sentence: nothing was started, on_done does not come. */
int trial_start(struct trial *t, const struct trial_plan *plan, struct err *e);

bool trial_exited(struct trial *t, pid_t pid, int code, int status); /* false: not ours */
void trial_stop(struct trial *t); /* on_done does not come any more */

#endif
