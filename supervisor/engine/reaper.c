#include "engine/reaper.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>

#include "base/list.h"
#include "base/log.h"
#include "base/parse.h"

static void reaper_reap(struct reaper *r)
{
    for (;;) {
        siginfo_t info = {0};
        int rc = waitid(P_ALL, 0, &info, WEXITED | WNOHANG);
        if (rc < 0 && errno == EINTR)
            continue;
        if (rc < 0 && errno != ECHILD)
            log_critical("waitpid error %d; a process may not be cleaned up properly", errno);
        if (rc < 0 || info.si_pid == 0)
            return;
        pidwatch_forget(&r->adopted, info.si_pid);
        r->on_exit(r, info.si_pid, info.si_code, info.si_status);
    }
}

static void on_sigchld(uv_signal_t *handle, int number)
{
    (void)number;
    reaper_reap(container_of(handle, struct reaper, sigchld));
    log_debug("received SIGCHLD indicating a child quit");
}

static void on_adopted_exit(struct pidwatch *w, pid_t pid, int code, int status)
{
    struct reaper *r = container_of(w, struct reaper, adopted);
    r->on_exit(r, pid, code, status);
}

int reaper_open(struct reaper *r, uv_loop_t *loop,
                void (*on_exit)(struct reaper *r, pid_t pid, int code, int status))
{
    r->on_exit = on_exit;
    pidwatch_init(&r->adopted, loop, on_adopted_exit);
    int rc = uv_signal_init(loop, &r->sigchld);
    return rc < 0 ? rc : uv_signal_start(&r->sigchld, on_sigchld, SIGCHLD);
}

int reaper_adopt(struct reaper *r, pid_t pid, int pidfd)
{
    return pidwatch_add(&r->adopted, pid, pidfd);
}

void reaper_look(struct reaper *r)
{
    reaper_reap(r);
}

void reaper_close(struct reaper *r)
{
    if (!uv_is_closing((uv_handle_t *)&r->sigchld))
        uv_close((uv_handle_t *)&r->sigchld, NULL);
    pidwatch_close(&r->adopted);
}

void reaper_describe(int code, int status, char *text, size_t size)
{
    char name[16];
    if (code == CLD_EXITED)
        (void)snprintf(text, size, "exit status %d", status);
    else if (code == REAPER_UNKNOWN)
        (void)snprintf(text, size, "exit status unknown");
    else
        (void)snprintf(text, size, "terminated by %s%s",
                       parse_signal_name(status, name, sizeof name),
                       code == CLD_DUMPED ? " (core dumped)" : "");
}

void reaper_news(int code, int status, char *text, size_t size)
{
    char name[16];
    if (code == CLD_EXITED)
        (void)snprintf(text, size, "exited %d", status);
    else if (code == REAPER_UNKNOWN)
        (void)snprintf(text, size, "exited, status unknown");
    else
        (void)snprintf(text, size, "killed by %s", parse_signal_name(status, name, sizeof name));
}
