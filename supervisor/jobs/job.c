#include "jobs/jobs.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include "base/log.h"
#include "engine/fsm.h"
#include "engine/keep.h"
#include "engine/reaper.h"
#include "jobs/backoff.h"
#include "jobs/job_env.h"
#include "jobs/job_tell.h"
#include "jobs/say.h"
#include "jobs/stale.h"

enum { JOB_KILL_SPACING_MS = 1000 }; /* with stopwaitsecs=0 a process that lingers is not a loop */

static void job_feed(struct job *job, enum job_event event);

static void job_result(struct job *job, const char *text)
{
    (void)snprintf(job->result, sizeof job->result, "%s", text);
}

/* --- After a change ------------------------------------------------------------------------ */

static int64_t job_deadline(const struct job *job, int64_t now)
{
    const struct job_config *config = job->config;
    switch (job->state) {
    case JOB_RUNNING:
        return config->timeout_ms > 0 ? now + config->timeout_ms : -1;
    case JOB_RETRYING:
        return now + backoff_pause(config, job->attempts);
    case JOB_ENDING:
    case JOB_STOPPING:
        return now + fsm_ms(config->process.stopwaitsecs);
    case JOB_IDLE:
    case JOB_WAITING:
    case JOB_SUCCEEDED:
    case JOB_FAILED:
    case JOB_STATES:
        break;
    }
    return -1;
}

/* Before it is kept what has become of it. */
static void job_count_run(struct job *job, enum job_state from)
{
    struct job_record *r = &job->record;
    r->start = job->started_wall;
    r->end = job->ended_wall = host_wall(job->jobs->host);
    r->took = host_now(job->jobs->host) - job->started;
    r->outcome = job_outcome(job, from);
    r->runs[r->outcome]++;
    r->why[0] = '\0';
    r->begun = 0;
}

static void job_ended(struct job *job)
{
    struct host *host = job->jobs->host;
    char took[32];
    say_duration(host_now(host) - job->started, took, sizeof took);
    if (job->state == JOB_SUCCEEDED) {
        log_info("job '%s' succeeded after %s", job->label, took);
        expect_succeeded(job);
        return;
    }
    log_error("job '%s' failed: %s", job->label, job->result);
    job->stale_ok = stale_is_young(job->config, job->ended_wall);
    if (job->stale_ok)
        log_warn("what requires '%s' starts on the data there is: it is younger than stale_ok",
                 job->label);
}

static void job_spawn(struct job *job)
{
    struct job_env env = {0};
    struct err e;
    cgroup_clear(&job->child.cgroup); /* nothing of the last attempt goes on beside this one */
    if (!child_idle(&job->child)) {
        job->start_pending = true;
        return;
    }
    job->attempts++;
    job->record.attempts++;
    job_said_begin(job);
    job_note_begin(job);
    job_env_make(&env, job);
    job->child.gift.vars = env.vars;
    int rc = child_start(&job->child, &job->jobs->spawn_context, &e);
    job->child.gift.vars = NULL;
    if (rc < 0) {
        job_result(job, e.text);
        job_feed(job, job->attempts > job->config->retries ? JOB_GIVE_UP : JOB_ATTEMPT_FAILED);
        return;
    }
    log_info("job '%s' started with pid %d", job->label, (int)job->child.pid);
    job_tell_started(job);
}

static void job_abandon(struct job *job)
{
    child_abandon(&job->child);
    cgroup_clear(&job->child.cgroup);
    job_feed(job, JOB_GIVE_UP);
}

/* A job is asked and killed as a group: what it started ends with it. */
static void job_signal(struct job *job, int number)
{
    if (job->child.pid == 0) {
        job->start_pending = false;
        job_feed(job, JOB_GIVE_UP);
        return;
    }
    int rc = child_signal(&job->child, number, true);
    if (rc == 0 || rc == -ESRCH)
        return;
    /* it runs as somebody whom we may not signal: it would hold every shutdown for ever */
    (void)snprintf(job->result, sizeof job->result, "pid %d cannot be signalled: %s",
                   (int)job->child.pid, strerror(-rc));
    job_abandon(job);
}

static void job_apply(struct job *job, enum job_event event, enum job_state from, unsigned actions)
{
    struct host *host = job->jobs->host;
    int64_t due = job_deadline(job, host_now(host));
    bool over = !job_state_active(job->state) && job_state_active(from);
    if ((actions & JOB_KILL) && due < host_now(host) + JOB_KILL_SPACING_MS)
        due = host_now(host) + JOB_KILL_SPACING_MS;
    if (due < 0)
        host_disarm(host, &job->timer);
    else
        host_arm(host, &job->timer, due);
    if (over)
        job_count_run(job, from);
    job_owe(job, from);
    agenda_note(job);
    if (host->keep) /* with its deadline */
        host->keep->ops->job_changed(host->keep, job);
    if (event == JOB_ATTEMPT_FAILED)
        log_warn("job '%s' failed: %s; retry %lld of %lld in %lld s", job->label, job->result,
                 (long long)job->attempts, (long long)job->config->retries,
                 (long long)(backoff_pause(job->config, job->attempts) / 1000));
    if (over)
        job_ended(job);
    job_note_end(job, from);
    job_nudge(job);
    if (job->state != from)
        job_publish(job, from);
    if (actions & JOB_SPAWN) {
        job->attempt_wall = 0;
        job_spawn(job);
    }
    if (actions & JOB_TERMINATE)
        job_signal(job, job->config->process.stopsignal);
    if (actions & JOB_KILL)
        job_signal(job, SIGKILL);
}

/* The one place where a job's state is written. */
static void job_feed(struct job *job, enum job_event event)
{
    enum job_state from = job->state;
    const struct job_row *row = job_step(from, event);
    if (!row)
        return;
    job->state = row->to;
    job_apply(job, event, from, row->actions);
}

static void on_due(struct timer *timer)
{
    struct job *job = container_of(timer, struct job, timer);
    char limit[32];
    if (job->state == JOB_RUNNING) {
        say_duration(job->config->timeout_ms, limit, sizeof limit);
        (void)snprintf(job->result, sizeof job->result, "timed out after %s", limit);
        log_warn("job '%s' %s", job->label, job->result);
        job_feed(job, JOB_TIMEOUT);
    } else {
        job_feed(job, job->state == JOB_RETRYING ? JOB_RETRY : JOB_KILL_DUE);
    }
}

static void on_child_idle(struct child *child)
{
    struct job *job = container_of(child, struct job, child);
    if (job->start_pending) {
        job->start_pending = false;
        job_spawn(job);
    }
    if (job->jobs->on_changed)
        job->jobs->on_changed(job->jobs);
}

/* --- Life ---------------------------------------------------------------------------------- */

void job_init(struct job *job, struct jobs *jobs, struct config *snapshot,
              const struct job_config *config)
{
    *job = (struct job){.jobs = jobs,
                        .snapshot = config_ref(snapshot),
                        .config = config,
                        .next = -1,
                        .expect = {.at = -1},
                        .label = config->process.section};
    job->timer.on_due = on_due;
    child_init(&job->child, &config->process, config->name, jobs->host);
    job->child.label = job->label;
    job->child.of_job = true;
    job->child.on_idle = on_child_idle;
    job_heed(job);
    child_strip_ansi(&job->child, snapshot->strip_ansi);
    if (!jobs->adopting)
        child_make_auto_logs(&job->child, snapshot);
    graph_node_init(&job->node, &job_graph_ops, job->label, 0);
}

void job_close(struct job *job)
{
    host_disarm(job->jobs->host, &job->timer);
    graph_node_close(job->jobs->graph, &job->node);
    child_close(&job->child);
    config_unref(job->snapshot);
}

bool job_active(const struct job *job)
{
    return job_state_active(job->state) || job->queued.wanted;
}

void job_try(struct job *job)
{
    const struct graph_node *blocker = NULL;
    if (job->state != JOB_WAITING)
        return;
    enum graph_gate_kind gate = job_gate(job, &blocker);
    job->waits_for = blocker ? blocker->label : NULL;
    if (gate == GRAPH_BLOCKED) {
        bool failed = blocker && blocker->ops->status(blocker) == GRAPH_FAILED;
        (void)snprintf(job->result, sizeof job->result, "it requires %s, which %s",
                       blocker ? blocker->label : graph_missing(&job->node),
                       failed ? "has failed" : "is not up");
        job_feed(job, JOB_BLOCKED);
    } else if (gate == GRAPH_GO) {
        job_feed(job, JOB_GO);
    }
}

int job_run(struct job *job, enum job_cause cause, int64_t due)
{
    if (job_active(job))
        return job_overlap(job, cause, due);
    job->attempts = 0;
    job->cause = cause;
    job->result[0] = '\0';
    job->refresh = job_is_good(job);
    job->stale_ok = false;
    job->said.status[0] = '\0';
    job->started = host_now(job->jobs->host);
    job->started_wall = host_wall(job->jobs->host);
    job->due = due ? due : job->started_wall / 1000;
    job->ended_wall = 0;
    job_feed(job, JOB_RUN);
    if (!job->jobs->resting)
        graph_pull(&job->node);
    jobs_settle(job->jobs);
    return 0;
}

void job_cut(struct job *job, const char *why)
{
    if (job->state != JOB_ENDING)
        job_result(job, why);
    job_feed(job, JOB_STOP);
}

int job_stop(struct job *job)
{
    if (!job_active(job))
        return -ESRCH;
    job->queued.wanted = false;
    if (job_state_active(job->state))
        job_cut(job, "stopped");
    else if (job->jobs->on_changed) /* it was between two runs */
        job->jobs->on_changed(job->jobs);
    return 0;
}

void job_leave(struct job *job)
{
    (void)snprintf(job->result, sizeof job->result, "pid %d does not end, not even by SIGKILL",
                   (int)job->child.pid);
    job_abandon(job);
}

static bool job_expects(const struct job *job, int code, int status)
{
    const struct int_list *codes = &job->config->process.exitcodes;
    for (size_t i = 0; code == CLD_EXITED && i < codes->count; i++) {
        if (codes->values[i] == status)
            return true;
    }
    return false;
}

void job_exited(struct job *job, int code, int status)
{
    struct err why;
    char how[96];
    int64_t kills = cgroup_oom_kills(&job->child.cgroup);
    job->ended_pid = job->child.pid;
    job->ended_code = code;
    job->ended_status = status;
    inbox_drain(&job->child.inbox); /* its last words come before its end */
    bool never_ran = child_never_ran(&job->child, code, status);
    bool exec_failed = child_exited(&job->child, &why);
    if (never_ran && job->state == JOB_RUNNING) {
        log_info("job '%s' had not begun when mainstayd died: it is started anew", job->label);
        job->attempts--;
        job->record.attempts--;
        job_spawn(job);
        return;
    }
    reaper_describe(code, status, how, sizeof how);
    if (kills > 0 && code != CLD_EXITED && status == SIGKILL)
        cgroup_oom_text(&job->child.cgroup, how, sizeof how);
    else if (kills > 0)
        log_warn("job '%s': the kernel has killed %lld of its processes: out of memory", job->label,
                 (long long)kills);
    if (job->state == JOB_RUNNING)
        job_result(job, exec_failed ? why.text : how);
    if (job->state == JOB_STOPPING)
        job_feed(job, JOB_GIVE_UP);
    else if (job->state == JOB_RUNNING && !exec_failed && job_expects(job, code, status))
        job_feed(job, JOB_EXIT_OK);
    else
        job_feed(job, job->attempts > job->config->retries ? JOB_GIVE_UP : JOB_ATTEMPT_FAILED);
    if (job->state == JOB_SUCCEEDED) /* a job may be one that starts something */
        cgroup_leave(&job->child.cgroup);
    else if (job->child.pid == 0)
        cgroup_clear(&job->child.cgroup);
    job->ended_pid = 0;
}
