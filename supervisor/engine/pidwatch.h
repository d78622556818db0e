/*
 * Sees the end of processes that are not our children: those of a daemon that died before us.
 *
 * Their process descriptors become readable when they end. How they ended the kernel tells from
 * Linux 6.15 on, once somebody has reaped them; before that it stays unknown, and is called so.
 * Embedded in the reaper; nothing is open until the first process is added.
 */
#ifndef ENGINE_PIDWATCH_H
#define ENGINE_PIDWATCH_H

#include <stdbool.h>
#include <sys/types.h>
#include <uv.h>

#include "base/list.h"

enum {
    PIDWATCH_AGAIN_MS = 20,       /* between two looks whether it was reaped */
    PIDWATCH_PATIENCE_MS = 10000, /* then nobody will reap it, and how it ended is unknown */
};

struct pidwatch {
    uv_loop_t *loop;
    bool open;
    int epoll; /* one descriptor for all of theirs */
    uv_poll_t poll;
    uv_timer_t again; /* runs while one has ended and was not yet reaped */
    struct list items;
    /* code and status as in siginfo_t of waitid(2); code REAPER_UNKNOWN: the kernel cannot tell */
    void (*on_exit)(struct pidwatch *w, pid_t pid, int code, int status);
};

void pidwatch_init(struct pidwatch *w, uv_loop_t *loop,
                   void (*on_exit)(struct pidwatch *w, pid_t pid, int code, int status));

/* `pidfd` is borrowed for the call. 0 or -errno: then its end will not be seen. */
int pidwatch_add(struct pidwatch *w, pid_t pid, int pidfd);
/* It was reaped by us, who are its parent now: nothing more is said of it. */
void pidwatch_forget(struct pidwatch *w, pid_t pid);
void pidwatch_close(struct pidwatch *w); /* the handles close in the loop */

/* A signal to it, or to its process group (0: to it alone), as long as it is there: never to others
 * that have got its number. 0 or -errno. */
int pidwatch_signal(int pidfd, pid_t group, int number);

#endif
