/*
 * Reaps every child of this process, also orphans that a PID 1 or a subreaper inherits, and
 * tells of each in the order of the kernel.
 */
#ifndef ENGINE_REAPER_H
#define ENGINE_REAPER_H

#include <sys/types.h>
#include <uv.h>

struct reaper {
    uv_signal_t sigchld;
    /* code and status as in siginfo_t of waitid(2) */
    void (*on_exit)(struct reaper *r, pid_t pid, int code, int status);
};

int reaper_open(struct reaper *r, uv_loop_t *loop,
                void (*on_exit)(struct reaper *r, pid_t pid, int code, int status));
/* Children that had died before there was a reaper: they came with exec and no signal tells. */
void reaper_look(struct reaper *r);
void reaper_close(struct reaper *r); /* the handle closes in the loop */

/* "exit status 3", "terminated by SIGTERM (core dumped)": Supervisor's words. */
void reaper_describe(int code, int status, char *text, size_t size);

/* "exited 3", "killed by SIGTERM": what a line about many has room for. */
void reaper_news(int code, int status, char *text, size_t size);

#endif
