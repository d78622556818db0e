/* What makes a process a daemon: before the loop exists, in the order of this file. */
#ifndef ENGINE_DAEMON_H
#define ENGINE_DAEMON_H

#include "base/arena.h"
#include "base/err.h"
#include "config/config.h"

/* How mainstayd ends; mainstayd(8) has the same rows, and the unit restarts none of these. */
enum daemon_exit {
    DAEMON_EXIT_DONE = 0,      /* as it was told to */
    DAEMON_EXIT_CHECK = 1,     /* --check, --dump-config: the configuration does not load */
    DAEMON_EXIT_AGAIN = 1,     /* it cannot go on with what runs now; another try may */
    DAEMON_EXIT_REFUSED = 2,   /* it could not start */
    DAEMON_EXIT_ESSENTIAL = 3, /* an essential program could not be kept running */
};

/* Descriptors 0 to 2 exist, no other one is inherited by children, SIGPIPE and SIGXFSZ are ignored,
 * orphans come to us. */
int daemon_prepare(struct err *e);
void daemon_hear_signals(void); /* none is blocked any more; once there are handlers */

/*
 * Goes to the background. The parent waits for what the child has to say and exits with it:
 * 0 after daemon_tell(0), 2 with the sentence otherwise. *fd is where the child says so.
 */
int daemon_detach(int *fd, struct err *e);
/* To the waiting parent: NULL, all is well, or why not. Closes *fd (-1: nobody waits). */
void daemon_tell(int *fd, const char *sentence);

void daemon_warn_root(const struct config *config);                  /* logs that root stays root */
void daemon_log_user(const struct config *config);                   /* logs who we are now */
int daemon_become(const struct config *config, struct err *e);       /* user= of [supervisord] */
int daemon_raise_limits(const struct config *config, struct err *e); /* minfds, minprocs */
void daemon_enter_folder(const struct config *config);               /* directory= and umask= */

/*
 * Gives back what only the start has needed: the read-only pages of our libraries, most of which
 * are never looked at again. They stay in the machine's page cache; what is needed comes back
 * with a fault that reads no disk.
 */
void daemon_trim(void);

/* The folder of our own executable; NULL when it cannot be told. */
const char *daemon_program_folder(struct arena *a);

#endif
