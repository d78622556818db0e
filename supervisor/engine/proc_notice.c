/* What a process says of itself, and what follows. Who may say it, see kin.h. */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/list.h"
#include "base/log.h"
#include "engine/keep.h"
#include "engine/kin.h"
#include "engine/reaper.h"
#include "engine/supervisor.h"

enum { REFUSAL_MS = 10000 }; /* between two lines about messages of strangers */

static struct host *notice_host(const struct proc *p)
{
    return p->group->supervisor->host;
}

static void notice_keep(struct proc *p)
{
    struct keep *keep = notice_host(p)->keep;
    if (keep)
        keep->ops->proc_changed(keep, p);
}

/* "90s", "1500ms" */
static const char *notice_time(int64_t ms, char *text, size_t size)
{
    bool whole = ms % 1000 == 0;
    (void)snprintf(text, size, "%lld%s", (long long)(whole ? ms / 1000 : ms), whole ? "s" : "ms");
    return text;
}

/* --- Broken words -------------------------------------------------------------------------- */

static void notice_late(struct proc *p)
{
    char time[32];
    (void)snprintf(p->spawnerr, sizeof p->spawnerr, "not ready after %s",
                   notice_time(p->rules.ready_timeout_ms, time, sizeof time));
    log_warn("'%s' (%d) is %s (ready_timeout): it is stopped", p->config->name, (int)p->child.pid,
             p->spawnerr);
}

static void notice_silent(struct proc *p)
{
    char time[32];
    (void)snprintf(p->spawnerr, sizeof p->spawnerr, "watchdog: no sign of life for %s",
                   notice_time(p->rules.watchdog_ms, time, sizeof time));
    log_warn("'%s' (%d) gets SIGABRT: %s", p->config->name, (int)p->child.pid, p->spawnerr);
}

void proc_blame(struct proc *p, enum fsm_event event)
{
    if (event == FSM_LATE)
        notice_late(p);
    else
        notice_silent(p);
    (void)proc_feed(p, event);
}

static void notice_trigger(struct proc *p)
{
    bool may = p->fsm.state == PROC_STARTING || p->fsm.state == PROC_RUNNING;
    if (!may || p->fsm.blamed)
        return;
    (void)snprintf(p->spawnerr, sizeof p->spawnerr, "watchdog: it asked to be ended");
    log_warn("'%s' (%d) gets SIGABRT: %s", p->config->name, (int)p->child.pid, p->spawnerr);
    (void)proc_feed(p, FSM_SILENT);
}

/* --- What does not count -------------------------------------------------------------------- */

/* A flood of them must not become a flood of lines. */
static bool notice_may_warn(struct proc *p)
{
    int64_t now = host_now(notice_host(p));
    p->said.refused++;
    if (now < p->said.refuse_at)
        return false;
    p->said.refuse_at = now + REFUSAL_MS;
    return true;
}

static void notice_refuse(struct proc *p, const struct inbox_message *m, const char *why)
{
    if (!notice_may_warn(p))
        return;
    log_warn("'%s': a message of process %d (user %u) does not count: %s%s", p->config->name,
             (int)m->pid, (unsigned)m->uid, why,
             p->said.refused > 1 ? "; nor did others before it" : "");
    p->said.refused = 0;
}

static void notice_refuse_main(struct proc *p, pid_t pid)
{
    if (!notice_may_warn(p))
        return;
    log_warn("'%s' says MAINPID=%d, which is none of its processes: it stays %d", p->config->name,
             (int)pid, (int)p->child.pid);
    p->said.refused = 0;
}

/* --- Another main process ------------------------------------------------------------------ */

static struct kin notice_kin(const struct proc *p)
{
    return (struct kin){.main = p->child.pid,
                        .group = p->child.born,
                        .uid = p->config->uid == CONFIG_UNSET ? geteuid() : (uid_t)p->config->uid};
}

/* The descriptor comes first: what is checked then is the process that it stands for. */
static int notice_find_main(const struct proc *p, pid_t pid)
{
    struct kin kin = notice_kin(p);
    int pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
    struct pollfd ended = {.fd = pidfd, .events = POLLIN};
    if (pidfd >= 0 && (!kin_lives(&kin, pid) || poll(&ended, 1, 0) != 0))
        fd_close(&pidfd);
    return pidfd;
}

static void notice_replace(struct proc *p, pid_t pid)
{
    if (pid == p->child.pid)
        return;
    int pidfd = notice_find_main(p, pid);
    if (pidfd < 0) {
        notice_refuse_main(p, pid);
        return;
    }
    log_info("'%s' is process %d from now on, no longer %d, as it says", p->config->name, (int)pid,
             (int)p->child.pid);
    struct host *host = notice_host(p);
    if (host->reaper && reaper_adopt(host->reaper, pid, pidfd) < 0)
        log_warn("'%s': the end of process %d is seen only when it comes to us", p->config->name,
                 (int)pid);
    child_replace(&p->child, pid, pidfd);
    notice_keep(p);
    struct keep *keep = notice_host(p)->keep;
    if (keep && keep->ops->child_replaced)
        keep->ops->child_replaced(keep, &p->child);
}

/* --- Words --------------------------------------------------------------------------------- */

static void notice_ready(struct proc *p)
{
    p->said.reloading = false;
    if (p->rules.notify && p->fsm.state == PROC_STARTING && !p->fsm.blamed)
        (void)proc_feed(p, FSM_READY);
}

static void notice_stopping(struct proc *p)
{
    p->said.stopping = true;
    if (p->fsm.state == PROC_RUNNING)
        proc_extend(p, p->rules.stopwaitsecs_ms);
}

static void notice_show(struct proc *p, const struct notice *n)
{
    if (n->words & NOTICE_STATUS)
        memcpy(p->said.status, n->status, sizeof p->said.status);
    if (n->words & NOTICE_ERRNO)
        p->said.error = n->error;
    if (n->words & NOTICE_RELOADING)
        p->said.reloading = true;
    if (n->words & NOTICE_POST) {
        p->said.posts = true;
        p->said.post = n->post;
    }
    if (n->words & (NOTICE_STATUS | NOTICE_ERRNO | NOTICE_RELOADING | NOTICE_POST))
        notice_keep(p);
}

/* As many as come in one message, those that others rest on first. */
static void notice_apply(struct proc *p, const struct notice *n)
{
    if (n->words & NOTICE_MAINPID)
        notice_replace(p, n->main_pid);
    if (n->words & NOTICE_INTERVAL)
        p->rules.watchdog_ms = n->watchdog_ms;
    notice_show(p, n);
    if (n->words & NOTICE_READY)
        notice_ready(p);
    if ((n->words & (NOTICE_ALIVE | NOTICE_INTERVAL)) && p->fsm.state == PROC_RUNNING &&
        !p->fsm.blamed)
        (void)proc_feed(p, FSM_ALIVE);
    if (n->words & NOTICE_STOPPING)
        notice_stopping(p);
    if (n->words & NOTICE_EXTEND)
        proc_extend(p, n->extend_ms);
    if (n->words & NOTICE_TRIGGER)
        notice_trigger(p);
}

static void on_message(struct inbox *b, const struct inbox_message *m)
{
    struct proc *p = container_of(b, struct proc, child.inbox);
    struct kin kin = notice_kin(p);
    struct notice n;
    struct err why;
    if (!kin_has(&kin, m->pid)) {
        notice_refuse(p, m, "it is none of the program's, or it has ended already");
        return;
    }
    if (m->cut) {
        notice_refuse(p, m, "it is longer than 4096 bytes");
        return;
    }
    if (!notice_parse(m->data, m->len, &n, &why))
        notice_refuse(p, m, why.text);
    notice_apply(p, &n);
}

void proc_heed(struct proc *p)
{
    p->child.inbox.on_message = on_message;
    p->child.speaks =
        p->config->speaks || p->config->ready == READY_NOTIFY || p->config->watchdog_ms > 0;
    p->child.gift.watchdog_us = p->config->watchdog_ms * 1000;
}
