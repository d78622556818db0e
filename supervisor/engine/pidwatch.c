#include "engine/pidwatch.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/mem.h"
#include "engine/reaper.h"

/* What <linux/pidfd.h> of Linux 6.15 says; the kernel takes this first version for ever. */
struct pidwatch_info {
    uint64_t mask, cgroup;
    uint32_t pid, tgid, ppid, ruid, rgid, euid, egid, suid, sgid, fsuid, fsgid;
    int32_t exit_code;
};
#define PIDWATCH_GET_INFO _IOWR(0xFF, 11, struct pidwatch_info)
enum { PIDWATCH_INFO_EXIT = 8, PIDWATCH_EVENTS = 32 };

struct pidwatch_item {
    struct list link;
    pid_t pid;
    int pidfd;     /* ours: a duplicate */
    int64_t until; /* ms: when it is given up to learn how it ended; 0: it has not ended */
    bool gone;     /* the kernel has said so before */
};

/* --- How one has ended --------------------------------------------------------------------- */

enum pidwatch_answer { PIDWATCH_KNOWN, PIDWATCH_LATER, PIDWATCH_GONE, PIDWATCH_NEVER };

static enum pidwatch_answer pidwatch_ask(int pidfd, int *code, int *status)
{
    struct pidwatch_info info = {.mask = PIDWATCH_INFO_EXIT};
    if (ioctl(pidfd, PIDWATCH_GET_INFO, &info) < 0)
        return errno == ESRCH ? PIDWATCH_GONE : PIDWATCH_NEVER;
    if (!(info.mask & PIDWATCH_INFO_EXIT))
        return PIDWATCH_LATER;
    *code = WIFEXITED(info.exit_code)   ? CLD_EXITED
            : WCOREDUMP(info.exit_code) ? CLD_DUMPED
                                        : CLD_KILLED;
    *status = WIFEXITED(info.exit_code) ? WEXITSTATUS(info.exit_code) : WTERMSIG(info.exit_code);
    return PIDWATCH_KNOWN;
}

static void pidwatch_drop(struct pidwatch *w, struct pidwatch_item *item)
{
    /* Others hold the same open file: closing ours alone would not take it out. */
    (void)epoll_ctl(w->epoll, EPOLL_CTL_DEL, item->pidfd, NULL);
    list_remove(&item->link);
    fd_close(&item->pidfd);
    mem_free(item);
}

/* Its parent has died and it has come to us: the reaper learns how it ended. */
static bool pidwatch_is_ours(const struct pidwatch_item *item)
{
    siginfo_t info = {0};
    return waitid(P_PIDFD, (id_t)item->pidfd, &info, WEXITED | WNOHANG | WNOWAIT) == 0;
}

static void pidwatch_look(struct pidwatch *w, struct pidwatch_item *item)
{
    int code = REAPER_UNKNOWN;
    int status = 0;
    pid_t pid = item->pid;
    enum pidwatch_answer answer =
        pidwatch_is_ours(item) ? PIDWATCH_LATER : pidwatch_ask(item->pidfd, &code, &status);
    if (item->until == 0)
        item->until = clock_now() + PIDWATCH_PATIENCE_MS;
    /* said in the middle of the reaping, too: how it ended is known a moment later */
    if (answer == PIDWATCH_GONE) {
        answer = item->gone ? PIDWATCH_NEVER : PIDWATCH_LATER;
        item->gone = true;
    }
    if (answer == PIDWATCH_LATER && clock_now() < item->until) {
        struct epoll_event quiet = {.data.ptr = item}; /* it hangs up when it is reaped */
        (void)epoll_ctl(w->epoll, EPOLL_CTL_MOD, item->pidfd, &quiet);
        return;
    }
    pidwatch_drop(w, item);
    w->on_exit(w, pid, code, status);
}

static bool pidwatch_waits(const struct pidwatch *w)
{
    const struct pidwatch_item *item;
    list_each (item, &w->items, link) {
        if (item->until != 0)
            return true;
    }
    return false;
}

static void on_again(uv_timer_t *timer)
{
    struct pidwatch *w = container_of(timer, struct pidwatch, again);
    struct pidwatch_item *item;
    list_each (item, &w->items, link) {
        if (item->until != 0)
            pidwatch_look(w, item);
    }
    if (!pidwatch_waits(w))
        (void)uv_timer_stop(timer);
}

static void on_readable(uv_poll_t *poll, int status, int events)
{
    struct pidwatch *w = container_of(poll, struct pidwatch, poll);
    struct epoll_event ended[PIDWATCH_EVENTS];
    (void)status;
    (void)events;
    int count = epoll_wait(w->epoll, ended, PIDWATCH_EVENTS, 0);
    for (int i = 0; i < count; i++)
        pidwatch_look(w, ended[i].data.ptr);
    if (pidwatch_waits(w) && !uv_is_active((uv_handle_t *)&w->again))
        (void)uv_timer_start(&w->again, on_again, PIDWATCH_AGAIN_MS, PIDWATCH_AGAIN_MS);
}

/* --- Life ---------------------------------------------------------------------------------- */

void pidwatch_init(struct pidwatch *w, uv_loop_t *loop,
                   void (*on_exit)(struct pidwatch *w, pid_t pid, int code, int status))
{
    *w = (struct pidwatch){.loop = loop, .epoll = -1, .on_exit = on_exit};
    list_init(&w->items);
}

static int pidwatch_open(struct pidwatch *w)
{
    w->epoll = epoll_create1(EPOLL_CLOEXEC);
    int rc = w->epoll < 0 ? -errno : uv_poll_init(w->loop, &w->poll, w->epoll);
    if (rc < 0) {
        fd_close(&w->epoll);
        return rc;
    }
    (void)uv_timer_init(w->loop, &w->again);
    w->open = true;
    return uv_poll_start(&w->poll, UV_READABLE, on_readable);
}

int pidwatch_add(struct pidwatch *w, pid_t pid, int pidfd)
{
    int rc = w->open ? 0 : pidwatch_open(w);
    if (rc < 0)
        return rc;
    struct pidwatch_item *item = mem_alloc(sizeof *item);
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = item};
    item->pid = pid;
    item->pidfd = fcntl(pidfd, F_DUPFD_CLOEXEC, 3);
    list_append(&w->items, &item->link);
    if (item->pidfd >= 0 && epoll_ctl(w->epoll, EPOLL_CTL_ADD, item->pidfd, &event) == 0)
        return 0;
    rc = -errno;
    pidwatch_drop(w, item);
    return rc;
}

void pidwatch_forget(struct pidwatch *w, pid_t pid)
{
    struct pidwatch_item *item;
    list_each (item, &w->items, link) {
        if (item->pid == pid)
            pidwatch_drop(w, item);
    }
}

void pidwatch_close(struct pidwatch *w)
{
    struct pidwatch_item *item;
    if (!w->open)
        return;
    list_each (item, &w->items, link)
        pidwatch_drop(w, item);
    w->open = false;
    uv_close((uv_handle_t *)&w->poll, NULL);
    uv_close((uv_handle_t *)&w->again, NULL);
    fd_close(&w->epoll);
}

/* --- Signals ------------------------------------------------------------------------------- */

int pidwatch_signal(int pidfd, pid_t group, int number)
{
    struct pollfd ended = {.fd = pidfd, .events = POLLIN};
    if (group <= 0)
        return syscall(SYS_pidfd_send_signal, pidfd, number, NULL, 0) < 0 ? -errno : 0;
    if (poll(&ended, 1, 0) != 0)
        return -ESRCH;
    /* Not yet ended, it cannot have been reaped: pid and group are its own. */
    return kill(-group, number) < 0 ? -errno : 0;
}
