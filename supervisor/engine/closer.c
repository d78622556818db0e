#include "engine/closer.h"

#include <sched.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/fd.h"

static struct {
    pid_t pids[CLOSER_MAX]; /* 0: free */
    struct list waiters;
} the_closers = {.waiters = {&the_closers.waiters, &the_closers.waiters}};

static pid_t *closer_find(pid_t pid)
{
    for (size_t i = 0; i < CLOSER_MAX; i++) {
        if (the_closers.pids[i] == pid)
            return &the_closers.pids[i];
    }
    return NULL;
}

bool closer_free(void)
{
    return closer_find(0) != NULL;
}

/* One that lingers would keep those behind it open. */
static void closer_work(int *fds, size_t count)
{
    const struct linger none = {0};
    for (size_t i = 0; i < count; i++)
        (void)setsockopt(fds[i], SOL_SOCKET, SO_LINGER, &none, sizeof none);
    for (size_t i = 0; i < count; i++)
        fd_close(&fds[i]);
}

void closer_close(int *fds, size_t count)
{
    sigset_t all;
    sigset_t before;
    pid_t *place = closer_find(0);
    (void)sigfillset(&all);
    (void)sigprocmask(SIG_SETMASK, &all, &before);
    long pid =
        place ? syscall(SYS_clone, (unsigned long)CLONE_FILES | SIGCHLD, NULL, NULL, NULL, NULL)
              : -1;
    if (pid <= 0)
        closer_work(fds, count);
    if (pid == 0)
        _exit(0);
    if (pid > 0)
        *place = (pid_t)pid;
    (void)sigprocmask(SIG_SETMASK, &before, NULL);
}

bool closer_exited(pid_t pid)
{
    pid_t *place = closer_find(pid);
    if (!place)
        return false;
    *place = 0;
    while (!list_empty(&the_closers.waiters)) {
        struct closer_waiter *w =
            container_of(the_closers.waiters.next, struct closer_waiter, link);
        list_remove(&w->link);
        w->on_free(w);
    }
    return true;
}

void closer_wait(struct closer_waiter *waiter)
{
    closer_wait_end(waiter);
    list_append(&the_closers.waiters, &waiter->link);
}

void closer_wait_end(struct closer_waiter *waiter)
{
    if (waiter->link.next)
        list_remove(&waiter->link);
}
