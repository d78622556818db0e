#include "engine/proc.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "base/list.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/parse.h"
#include "engine/fcgi.h"
#include "engine/keep.h"
#include "engine/supervisor.h"

/* Two starts of one program are at least so far apart, however often it dies. */
enum { PROC_SPACING_MS = 1000 };

static struct host *proc_host(const struct proc *p)
{
    return p->group->supervisor->host;
}

/* --- Telling ------------------------------------------------------------------------------- */

static void proc_publish(const struct proc *p, enum event_type type, enum proc_state from)
{
    struct event ev = {.type = type,
                       .group = p->group->config->name,
                       .name = p->config->name,
                       .from = (int)from,
                       .state = (int)p->fsm.state,
                       .pid = p->child.pid ? p->child.pid : p->ended_pid,
                       .tries = (int)p->fsm.retries,
                       .expected = p->exit_expected,
                       .code = p->ended_pid ? p->ended_code : 0,
                       .status = p->ended_status,
                       .why = proc_why(p)};
    event_bus_publish(p->group->supervisor->bus, &ev);
    supervisor_settle(p->group->supervisor);
}

static void proc_spawnerr(struct proc *p, const char *text)
{
    (void)snprintf(p->spawnerr, sizeof p->spawnerr, "%s", text);
}

static void proc_log(const struct proc *p, enum fsm_event event)
{
    const char *name = p->config->name;
    if (event == FSM_UP)
        log_info("success: %s entered RUNNING state, process has stayed up for > than %lld "
                 "seconds (startsecs)",
                 name, (long long)p->config->startsecs);
    else if (event == FSM_READY)
        log_info("success: %s entered RUNNING state, process says that it is ready", name);
    else if (event == FSM_GIVE_UP)
        log_info("gave up: %s entered FATAL state, too many start retries too quickly", name);
    else if (event == FSM_KILL_DUE)
        log_warn("killing '%s' (%d) with SIGKILL", name, (int)p->child.pid);
}

/* --- Doing --------------------------------------------------------------------------------- */

void proc_spawn(struct proc *p)
{
    struct err e;
    p->spawnerr[0] = '\0';
    p->exit_status = 0;
    p->said = (struct said){0};
    p->rules.watchdog_ms = p->config->watchdog_ms;
    p->started_wall = host_wall(proc_host(p));
    cgroup_clear(&p->child.cgroup); /* nothing of the last one goes on beside the next */
    if (!child_idle(&p->child)) {
        p->spawn_pending = true;
        return;
    }
    p->tally.starts++; /* before it is kept that there is a process */
    if (proc_take_sockets(p, &e) < 0 ||
        child_start(&p->child, &p->group->supervisor->spawn_context, &e) < 0) {
        log_info("spawnerr: %s", e.text);
        proc_spawnerr(p, e.text);
        p->tally.failures++;
        (void)proc_feed(p, FSM_SPAWN_FAILED);
        return;
    }
    log_info("spawned: '%s' with pid %d", p->config->name, (int)p->child.pid);
    if (p->group->pool)
        pools_started(p);
}

static void proc_kill(struct proc *p, int number, bool group)
{
    char name[16];
    if (p->child.pid == 0) { /* it waits for its pipes: there is nobody to signal */
        p->spawn_pending = false;
        (void)proc_feed(p, p->fsm.state == PROC_STARTING ? FSM_EXIT_EARLY : FSM_EXIT);
        return;
    }
    log_debug("killing %s (pid %d) %swith signal %s", p->config->name, (int)p->child.pid,
              group ? "process group " : "", parse_signal_name(number, name, sizeof name));
    int rc = child_signal(&p->child, number, group);
    if (rc == 0)
        return;
    if (rc == -ESRCH) {
        log_debug("unable to signal %s (pid %d), it probably just exited on its own: %s",
                  p->config->name, (int)p->child.pid, strerror(-rc));
        return;
    }
    log_critical("unknown problem killing %s (%d): %s", p->config->name, (int)p->child.pid,
                 strerror(-rc));
    (void)proc_feed(p, FSM_LOST);
}

static unsigned proc_startup_state(enum proc_state state)
{
    switch (state) {
    case PROC_STARTING:
        return STARTUP_STARTING;
    case PROC_RUNNING:
        return STARTUP_RUNNING;
    case PROC_BACKOFF:
        return STARTUP_BACKOFF;
    case PROC_STOPPING:
        return STARTUP_STOPPING;
    case PROC_EXITED:
        return STARTUP_EXITED;
    case PROC_FATAL:
        return STARTUP_FATAL;
    case PROC_STOPPED:
    case PROC_UNKNOWN:
        break;
    }
    return 0;
}

static void proc_keep(struct proc *p)
{
    struct keep *keep = proc_host(p)->keep;
    if (keep)
        keep->ops->proc_changed(keep, p);
}

void proc_want(struct proc *p)
{
    p->wanted = true;
    p->anew = false;
    p->gate = GRAPH_GO;
    p->blocker = NULL;
    proc_keep(p);
}

static void proc_apply(struct proc *p, enum fsm_event event, enum proc_state from, unsigned actions)
{
    if (p->fsm.deadline == FSM_NEVER)
        host_disarm(proc_host(p), &p->timer);
    else
        host_arm(proc_host(p), &p->timer, p->fsm.deadline);
    if (p->fsm.state != PROC_STARTING)
        p->left_starting = true;
    p->reached |= proc_startup_state(p->fsm.state);
    if (event == FSM_UP || event == FSM_READY)
        child_confirm(&p->child);
    proc_log(p, event);
    if (p->fsm.state != from)
        proc_publish(p, EVENT_PROCESS_STATE, from);
    if (actions & FSM_SPAWN) {
        p->restarts = event == FSM_START ? 0 : p->restarts + 1;
        p->tally.restarts += event != FSM_START;
        proc_spawn(p);
    }
    if (actions & FSM_TERMINATE)
        proc_kill(p, p->config->stopsignal, p->config->stopasgroup);
    if (actions & FSM_ABORT)
        proc_kill(p, SIGABRT, p->config->stopasgroup);
    if (actions & FSM_KILL)
        proc_kill(p, SIGKILL, p->config->killasgroup);
    if (p->fsm.state == PROC_STOPPED && p->anew)
        proc_want(p);
    p->anew = p->anew && p->fsm.state == PROC_STOPPING;
    proc_leave_sockets(p);
}

bool proc_feed(struct proc *p, enum fsm_event event)
{
    enum proc_state from = p->fsm.state;
    struct fsm_result result = fsm_step(&p->fsm, &p->rules, event, host_now(proc_host(p)));
    if (!result.taken) {
        log_debug("'%s': %s means nothing while %s", p->config->name, fsm_event_name(event),
                  proc_state_name(from));
        return false;
    }
    p->fsm = result.next;
    proc_keep(p);
    proc_apply(p, event, from, result.actions);
    return true;
}

void proc_extend(struct proc *p, int64_t ms)
{
    int64_t before = p->fsm.deadline;
    p->fsm = fsm_extend(&p->fsm, &p->rules, ms, host_now(proc_host(p)));
    if (p->fsm.deadline == before)
        return;
    host_arm(proc_host(p), &p->timer, p->fsm.deadline);
    proc_keep(p);
}

static void on_due(struct timer *timer)
{
    struct proc *p = container_of(timer, struct proc, timer);
    enum fsm_event event;
    if (p->spawn_pending && p->fsm.state == PROC_STARTING)
        return; /* it is not up before there is a process: see on_child_idle */
    /* If it was us who slept: what was said in time counts. */
    inbox_drain(&p->child.inbox);
    if (!fsm_due(&p->fsm, &p->rules, host_now(proc_host(p)), &event))
        return;
    if (event == FSM_LATE || event == FSM_SILENT)
        proc_blame(p, event);
    else
        (void)proc_feed(p, event);
}

static void on_child_idle(struct child *child)
{
    struct proc *p = container_of(child, struct proc, child);
    if (p->spawn_pending && p->fsm.state == PROC_STARTING) {
        p->spawn_pending = false;
        fsm_begin_start(&p->fsm, &p->rules, host_now(proc_host(p)));
        host_arm(proc_host(p), &p->timer, p->fsm.deadline);
        proc_spawn(p);
    }
    if (p->group->closing)
        supervisor_settle(p->group->supervisor);
}

/* --- Life ---------------------------------------------------------------------------------- */

void proc_init(struct proc *p, struct pgroup *group, const struct process_config *config)
{
    const char *group_name = group->config->name;
    *p = (struct proc){.group = group, .config = config, .fsm = fsm_new()};
    p->rules = (struct fsm_rules){.startsecs_ms = fsm_ms(config->startsecs),
                                  .stopwaitsecs_ms = fsm_ms(config->stopwaitsecs),
                                  .startretries = config->startretries,
                                  .spacing_ms = PROC_SPACING_MS,
                                  .notify = config->ready == READY_NOTIFY,
                                  .ready_timeout_ms = config->ready_timeout_ms,
                                  .watchdog_ms = config->watchdog_ms};
    p->timer.on_due = on_due;
    p->label = strcmp(group_name, config->name) == 0
                   ? mem_strdup(config->name)
                   : mem_printf("%s:%s", group_name, config->name);
    child_init(&p->child, config, group_name, proc_host(p));
    p->child.label = p->label;
    p->child.on_idle = on_child_idle;
    p->child.protocol = group->pool != NULL;
    proc_hear(p);
    proc_heed(p);
    listen_use_init(&p->listen, &group->supervisor->listens, config);
    child_strip_ansi(&p->child, group->snapshot->strip_ansi);
    if (!group->supervisor->adopting)
        child_make_auto_logs(&p->child, group->snapshot);
    graph_node_init(&p->node, &proc_graph_ops, p->label, group->config->priority);
}

void proc_close(struct proc *p)
{
    host_disarm(proc_host(p), &p->timer);
    child_close(&p->child);
    listen_use_close(&p->listen);
    if (p->has_socket)
        fcgi_drop(p->socket);
    mem_free(p->label);
}

bool proc_waiting(const struct proc *p)
{
    return p->wanted;
}

bool proc_settled(const struct proc *p)
{
    if (p->wanted)
        return p->gate == GRAPH_BLOCKED;
    return p->fsm.state != PROC_STARTING || p->left_starting;
}

void proc_try_start(struct proc *p)
{
    if (!p->wanted)
        return;
    const struct graph_node *blocker = NULL;
    enum graph_gate_kind gate = graph_gate(&p->node, &blocker);
    if (gate == GRAPH_GO) {
        p->wanted = false;
        p->left_starting = false;
        if (!proc_feed(p, FSM_START)) /* it was up already: who waits hears that it still is */
            proc_publish(p, EVENT_PROCESS_NEWS, p->fsm.state);
        return;
    }
    if (gate == p->gate && blocker == p->blocker)
        return;
    p->gate = gate;
    p->blocker = blocker;
    log_info("'%s' %s %s", p->config->name, gate == GRAPH_WAIT ? "waits for" : "stays down without",
             proc_waits_for(p));
    proc_publish(p, EVENT_PROCESS_NEWS, p->fsm.state);
}

void proc_boot(struct proc *p)
{
    if (!p->config->autostart && !p->config->dependent_startup)
        return;
    proc_want(p);
    p->node.at_boot = p->config->wait_for.count > 0;
}

enum proc_start_result proc_start(struct proc *p)
{
    bool waits_at_boot = p->wanted && p->node.at_boot; /* whoever says start means now */
    if (p->fsm.state == PROC_STOPPING)
        return PROC_START_STOPPING;
    if (p->fsm.state == PROC_UNKNOWN)
        return PROC_START_UNKNOWN;
    if (proc_state_is_running(p->fsm.state) ||
        (p->wanted && p->gate != GRAPH_BLOCKED && !waits_at_boot))
        return PROC_START_ALREADY;
    if (p->fsm.again) { /* a restart is due anyway: do not wait for it */
        (void)proc_feed(p, FSM_RESTART);
        return PROC_START_OK;
    }
    p->node.at_boot = false;
    proc_want(p);
    graph_pull(&p->node);
    proc_try_start(p);
    return PROC_START_OK;
}

static int proc_end(struct proc *p)
{
    if (p->wanted) {
        p->wanted = false;
        proc_keep(p);
        proc_publish(p, EVENT_PROCESS_NEWS, p->fsm.state);
        return 0;
    }
    bool may = proc_state_is_running(p->fsm.state) || p->fsm.again;
    if (p->fsm.state == PROC_BACKOFF)
        log_debug("Attempted to kill %s, which is in BACKOFF state.", p->config->name);
    return may && proc_feed(p, FSM_STOP) ? 0 : -ESRCH;
}

int proc_stop(struct proc *p)
{
    if (!p->anew)
        return proc_end(p);
    p->anew = false; /* it is being stopped already: that it starts again was to follow */
    supervisor_settle(p->group->supervisor); /* who is to come after it need not wait any more */
    proc_keep(p);
    return 0;
}

void proc_leave(struct proc *p)
{
    log_critical("'%s' (%d) does not end, not even by SIGKILL: it is left alone", p->config->name,
                 (int)p->child.pid);
    (void)proc_feed(p, FSM_LOST);
}

bool proc_renew(struct proc *p)
{
    if (p->fsm.state != PROC_STARTING && p->fsm.state != PROC_RUNNING)
        return false;
    p->anew = true;
    p->anew = proc_end(p) == 0 && p->anew;
    proc_keep(p);
    return true;
}

int proc_signal(struct proc *p, int number)
{
    char name[16];
    if (!proc_state_has_process(p->fsm.state))
        return -ESRCH;
    log_debug("sending %s (pid %d) sig %s", p->config->name, (int)p->child.pid,
              parse_signal_name(number, name, sizeof name));
    return child_signal(&p->child, number, false);
}

int proc_check_command(const struct proc *p, struct err *e)
{
    struct arena a;
    struct spawn_plan plan;
    arena_init(&a);
    int rc = spawn_plan_make(&plan, p->config, p->group->config->name,
                             &p->group->supervisor->spawn_context, &a, e);
    arena_close(&a);
    return rc;
}
