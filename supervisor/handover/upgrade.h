/*
 * Upgrade in place: this process becomes another version of the program. The pid stays, children
 * stay children, descriptors come along, and what is known goes as lines in a sealed memory
 * (snapshot.h, adopt.h).
 *
 * The new version is tried first, beside the running loop: it has to tell its version, accept the
 * configuration on the disk, and understand the lines that it will be given. Then the calls of
 * clients are finished, and exec happens between two turns of the loop. Whatever fails, the old
 * version goes on; also when the new one finds after exec that it cannot begin (see resume.h).
 */
#ifndef HANDOVER_UPGRADE_H
#define HANDOVER_UPGRADE_H

#include "control/control.h"
#include "handover/snapshot.h"
#include "handover/trial.h"
#include "jobs/shutdown.h"
#include "systemd/bridge.h"

enum {
    UPGRADE_PATIENCE_MS = 10 * 1000, /* for calls that wait: then they are told to ask again */
    UPGRADE_FLUSH_MS = 1000,         /* for the last answers to leave */
};

enum upgrade_step {
    UPGRADE_NONE,
    UPGRADE_VERSION, /* three trials */
    UPGRADE_CHECK,
    UPGRADE_LINES,
    UPGRADE_CALLS, /* calls of clients are awaited */
    UPGRADE_FLUSH, /* who asked for the upgrade was answered: that has to leave */
};

struct upgrade {
    /* set by the owner, all borrowed */
    struct whole *whole;
    struct control *control;
    struct shutdown *shutdown;
    struct bridge *bridge;
    char **argv;

    enum upgrade_step step;
    struct trial trial;
    struct timer look; /* while calls or answers are awaited */
    int64_t until;     /* ... and for how long */
    char *program;     /* that we shall be; owned */
    char *version;     /* owned */
    char refused[512]; /* why the last one did not happen; "" */
};

void upgrade_init(struct upgrade *u, struct host *host);
void upgrade_close(struct upgrade *u);

/* `program`: NULL or "" for the one that we were started from. -EBUSY, -EINVAL ... and why not. */
int upgrade_begin(struct upgrade *u, const char *program, struct err *e);
bool upgrade_exited(struct upgrade *u, pid_t pid, int code, int status); /* false: not of ours */

/* The absolute path of our program as it was called, which need not be the file that runs now:
 * somebody may have put another one there. mem_free. */
char *upgrade_program(const char *argv0);

#endif
