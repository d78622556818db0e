/*
 * Reaps every child of this process, also orphans that a PID 1 or a subreaper inherits, and
 * tells of each in the order of the kernel.
 */
#ifndef ENGINE_REAPER_H
#define ENGINE_REAPER_H

#include <sys/types.h>
#include <uv.h>

#include "engine/pidwatch.h"

/* A code besides those of siginfo_t: a process that a daemon before us has started has ended, and
 * nobody can tell how; status 0. */
enum { REAPER_UNKNOWN = 0 };

struct reaper {
    uv_signal_t sigchld;
    struct pidwatch adopted;
    /* code and status as in siginfo_t of waitid(2), or REAPER_UNKNOWN */
    void (*on_exit)(struct reaper *r, pid_t pid, int code, int status);
};

int reaper_open(struct reaper *r, uv_loop_t *loop,
                void (*on_exit)(struct reaper *r, pid_t pid, int code, int status));
/* Tells of the end of a process that is no child of ours, too. `pidfd` is borrowed for the call. */
int reaper_adopt(struct reaper *r, pid_t pid, int pidfd);
/* Children that had died before there was a reaper: they came with exec and no signal tells. */
void reaper_look(struct reaper *r);
void reaper_close(struct reaper *r); /* the handles close in the loop */

/* "exit status 3", "terminated by SIGTERM (core dumped)": Supervisor's words. */
void reaper_describe(int code, int status, char *text, size_t size);

/* "exited 3", "killed by SIGTERM": what a line about many has room for. */
void reaper_news(int code, int status, char *text, size_t size);

#endif
