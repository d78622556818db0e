/* The end of a process: how it ended, and what follows for the program. */
#include "engine/proc.h"

#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>

#include "base/log.h"
#include "engine/reaper.h"
#include "engine/supervisor.h"

static struct host *proc_host(const struct proc *p)
{
    return p->group->supervisor->host;
}

static bool proc_expects(const struct proc *p, int code, int status)
{
    for (size_t i = 0; code == CLD_EXITED && i < p->config->exitcodes.count; i++) {
        if (p->config->exitcodes.values[i] == status)
            return true;
    }
    return false;
}

static bool proc_wants_again(const struct proc *p)
{
    if (p->group->supervisor->stopping_all)
        return false;
    return p->config->autorestart == AUTORESTART_ALWAYS ||
           (p->config->autorestart == AUTORESTART_UNEXPECTED && !p->exit_expected);
}

static void proc_log_exit(const struct proc *p, enum fsm_event event, const char *how)
{
    const char *name = p->config->name;
    if (p->fsm.state == PROC_STOPPING || p->fsm.state == PROC_UNKNOWN)
        log_line(p->exit_expected ? LOG_LEVEL_INFO : LOG_LEVEL_WARN, "stopped: %s (%s)", name, how);
    else if (p->exit_expected && event != FSM_EXIT_EARLY && event != FSM_SPAWN_FAILED)
        log_info("exited: %s (%s; expected)", name, how);
    else
        log_warn("exited: %s (%s; not expected)", name, how);
}

static void proc_count_exit(struct proc *p, enum fsm_event event, bool exec_failed)
{
    bool stopped = p->fsm.state == PROC_STOPPING || p->fsm.state == PROC_UNKNOWN;
    bool good = p->exit_expected && event != FSM_EXIT_EARLY;
    if (exec_failed)
        p->tally.failures++;
    else if (stopped)
        p->tally.exits[PROC_EXIT_STOPPED]++;
    else
        p->tally.exits[good ? PROC_EXIT_EXPECTED : PROC_EXIT_UNEXPECTED]++;
}

/* Did the kernel kill the process itself for want of memory? If only others of it, that is said. */
static bool proc_out_of_memory(const struct proc *p, int code, int status)
{
    char how[96];
    int64_t kills = cgroup_oom_kills(&p->child.cgroup);
    bool itself = code != CLD_EXITED && status == SIGKILL && p->fsm.state != PROC_STOPPING;
    cgroup_oom_text(&p->child.cgroup, how, sizeof how);
    if (kills > 0 && !itself)
        log_warn("%lld process%s of '%s' %s %s", (long long)kills, kills == 1 ? "" : "es",
                 p->config->name, kills == 1 ? "was" : "were", how);
    return kills > 0 && itself;
}

/* What it has left behind ends now, unless it ended by itself and for good: a program may be one
 * that only starts others, as Supervisor lets it. */
static void proc_leave_cgroup(struct proc *p)
{
    if (p->fsm.state == PROC_EXITED && !p->fsm.again)
        cgroup_leave(&p->child.cgroup);
    else if (p->child.pid == 0)
        cgroup_clear(&p->child.cgroup);
}

static void proc_goes_on(struct proc *p)
{
    log_info("'%s' goes on: process %d has ended, and is no longer the program", p->config->name,
             (int)p->ended_pid);
    p->ended_pid = 0;
}

/* It is as if it were only now to be started. */
static void proc_start_over(struct proc *p)
{
    struct err why;
    log_info("'%s' had not begun when mainstayd died: it is started anew", p->config->name);
    (void)child_exited(&p->child, &why);
    if (p->fsm.state == PROC_STARTING)
        proc_spawn(p);
    else
        (void)proc_feed(p, p->fsm.state == PROC_RUNNING ? FSM_EXIT_AGAIN : FSM_EXIT);
}

void proc_exited(struct proc *p, int code, int status)
{
    struct err why;
    char how[96];
    int64_t now = host_now(proc_host(p));
    if (child_never_ran(&p->child, code, status)) {
        proc_start_over(p);
        return;
    }
    bool out_of_memory = proc_out_of_memory(p, code, status);
    p->ended_pid = p->child.pid;
    inbox_drain(&p->child.inbox); /* its last words come before its end */
    if (p->child.pid != p->ended_pid) {
        proc_goes_on(p); /* they were that another process has taken its place */
        return;
    }
    p->ended_code = code;
    p->ended_status = status;
    bool exec_failed = child_exited(&p->child, &why);
    enum fsm_event event;
    /* A process whose startsecs have passed was up, also when nobody had looked yet. */
    if (!exec_failed && p->fsm.state == PROC_STARTING && fsm_due(&p->fsm, &p->rules, now, &event) &&
        event == FSM_UP)
        (void)proc_feed(p, event);
    p->stopped_wall = host_wall(proc_host(p));
    p->exit_expected = proc_expects(p, code, status) && !p->fsm.blamed;
    event = fsm_exit(&p->fsm, &p->rules, proc_wants_again(p), now);
    reaper_describe(code, status, how, sizeof how);
    reaper_news(code, status, p->last_exit, sizeof p->last_exit);
    if (out_of_memory) {
        cgroup_oom_text(&p->child.cgroup, how, sizeof how);
        cgroup_oom_text(&p->child.cgroup, p->last_exit, sizeof p->last_exit);
    }
    p->exit_status = event == FSM_EXIT_EARLY ? 0 : code == CLD_EXITED ? status : -1;
    if (exec_failed) {
        log_info("spawnerr: %s", why.text);
        event = p->fsm.state == PROC_STARTING ? FSM_SPAWN_FAILED : event;
    }
    proc_log_exit(p, event, how);
    proc_count_exit(p, event, exec_failed);
    if (exec_failed)
        (void)snprintf(p->spawnerr, sizeof p->spawnerr, "%s", why.text);
    else if (out_of_memory)
        (void)snprintf(p->spawnerr, sizeof p->spawnerr, "%s", how);
    else if (p->fsm.blamed)
        log_info("spawnerr: %s", p->spawnerr);
    else if (event == FSM_EXIT_EARLY)
        (void)snprintf(p->spawnerr, sizeof p->spawnerr, "%s",
                       "Exited too quickly (process log may have details)");
    else if (p->fsm.state == PROC_RUNNING && !p->exit_expected)
        (void)snprintf(p->spawnerr, sizeof p->spawnerr, "Bad exit code %d", p->exit_status);
    (void)proc_feed(p, event);
    proc_leave_cgroup(p);
    proc_leave_sockets(p); /* in whatever state it was */
    p->ended_pid = 0;
    if (p->group->pool)
        pools_ended(p);
}
