#include "control/metric.h"

#include <math.h>

#include "jobs/job_tell.h"

static double flag(bool holds)
{
    return holds ? 1 : 0;
}

/* Of milliseconds since 1970; 0: never. */
static double moment(int64_t ms)
{
    return ms > 0 ? (double)ms / 1000 : NAN;
}

/* --- The daemon ------------------------------------------------------------------------------ */

static const char *const versions[] = {MAINSTAY_VERSION, NULL};

static double daemon_number(const struct metric_subject *s, const char *name)
{
    const json_t *number = json_object_get(s->daemon, name);
    return number ? (double)json_integer_value(number) : NAN;
}

static double each_info(const struct metric_subject *s, size_t value)
{
    (void)s;
    (void)value;
    return 1;
}

static double read_stopping(const struct metric_subject *s)
{
    return flag(s->control->supervisor->state != SUPERVISOR_RUNNING);
}

static double read_upgrades(const struct metric_subject *s)
{
    return daemon_number(s, "upgrades");
}

static double read_planned(const struct metric_subject *s)
{
    const struct power *p = s->control->power;
    return p ? moment(powerplan_due(&p->plan)) : NAN;
}

static double read_held(const struct metric_subject *s)
{
    const struct power *p = s->control->power;
    return flag(p && powerplan_due(&p->plan) > 0 && p->holder[0] != '\0');
}

static double read_daemon_start(const struct metric_subject *s)
{
    return daemon_number(s, "start");
}

/* --- What something uses --------------------------------------------------------------------- */

static double read_memory(const struct metric_subject *s)
{
    return s->alive && s->usage.memory >= 0 ? (double)s->usage.memory : NAN;
}

static double read_cpu(const struct metric_subject *s)
{
    return s->alive && s->usage.cpu_us >= 0 ? (double)s->usage.cpu_us / 1e6 : NAN;
}

static double read_tasks(const struct metric_subject *s)
{
    return s->alive ? (double)s->usage.tasks : NAN;
}

/* --- Processes ------------------------------------------------------------------------------- */

static const enum proc_state proc_states[] = {
    PROC_STOPPED,  PROC_STARTING, PROC_RUNNING, PROC_BACKOFF,
    PROC_STOPPING, PROC_EXITED,   PROC_FATAL,   PROC_UNKNOWN,
};
static const char *const proc_state_names[] = {
    "STOPPED", "STARTING", "RUNNING", "BACKOFF", "STOPPING", "EXITED", "FATAL", "UNKNOWN", NULL,
};
static const char *const proc_exits[] = {
    [PROC_EXIT_EXPECTED] = "expected",
    [PROC_EXIT_UNEXPECTED] = "unexpected",
    [PROC_EXIT_STOPPED] = "stopped",
    [PROC_EXITS] = NULL,
};

static double each_proc_state(const struct metric_subject *s, size_t value)
{
    return flag(proc_shown_state(s->proc) == proc_states[value]);
}

static double read_proc_up(const struct metric_subject *s)
{
    return flag(s->proc->child.pid > 0);
}

static double read_proc_ready(const struct metric_subject *s)
{
    const struct proc *p = s->proc;
    return flag(p->fsm.state == PROC_RUNNING && !p->said.reloading && !p->said.stopping);
}

static double read_proc_waiting(const struct metric_subject *s)
{
    return flag(proc_waiting(s->proc) && proc_shown_state(s->proc) != PROC_STARTING);
}

static double read_proc_start(const struct metric_subject *s)
{
    return moment(s->proc->started_wall);
}

static double read_proc_end(const struct metric_subject *s)
{
    return moment(s->proc->stopped_wall);
}

static double read_proc_starts(const struct metric_subject *s)
{
    return (double)s->proc->tally.starts;
}

static double read_proc_failures(const struct metric_subject *s)
{
    return (double)s->proc->tally.failures;
}

static double read_proc_restarts(const struct metric_subject *s)
{
    return (double)s->proc->tally.restarts;
}

static double each_proc_exits(const struct metric_subject *s, size_t value)
{
    return (double)s->proc->tally.exits[value];
}

static double read_proc_memory_max(const struct metric_subject *s)
{
    int64_t max = s->proc->child.cgroup.limits.memory_max;
    return max == CONFIG_UNSET || max == CONFIG_NO_LIMIT ? NAN : (double)max;
}

static double read_post_waiting(const struct metric_subject *s)
{
    return s->proc->said.posts ? (double)s->proc->said.post.waiting : NAN;
}

static double read_post_sent(const struct metric_subject *s)
{
    return s->proc->said.posts ? (double)s->proc->said.post.sent : NAN;
}

static double read_post_lost(const struct metric_subject *s)
{
    return s->proc->said.posts ? (double)s->proc->said.post.lost : NAN;
}

/* --- Listeners ------------------------------------------------------------------------------- */

static double read_pool_events(const struct metric_subject *s)
{
    return (double)s->pool->waiting_count;
}

static double read_pool_bytes(const struct metric_subject *s)
{
    return (double)s->pool->bytes;
}

/* --- Jobs ------------------------------------------------------------------------------------ */

static const char *const job_state_names[] = {
    [JOB_IDLE] = "IDLE",           [JOB_WAITING] = "WAITING", [JOB_RUNNING] = "RUNNING",
    [JOB_RETRYING] = "RETRYING",   [JOB_ENDING] = "ENDING",   [JOB_STOPPING] = "STOPPING",
    [JOB_SUCCEEDED] = "SUCCEEDED", [JOB_FAILED] = "FAILED",   [JOB_STATES] = NULL,
};
static const char *const job_outcomes[] = {
    [JOB_OUTCOME_SUCCEEDED] = "succeeded",
    [JOB_OUTCOME_FAILED] = "failed",
    [JOB_OUTCOME_TIMED_OUT] = "timed_out",
    [JOB_OUTCOME_STOPPED] = "stopped",
    [JOB_OUTCOMES] = NULL,
};

static double each_job_state(const struct metric_subject *s, size_t value)
{
    return flag((size_t)s->job->state == value);
}

static double read_job_missed(const struct metric_subject *s)
{
    return flag(s->job->expect.missed);
}

static double read_job_expected(const struct metric_subject *s)
{
    int64_t every = expect_every(s->job);
    return every > 0 ? (double)every : NAN;
}

static double read_job_running(const struct metric_subject *s)
{
    return flag(s->job->child.pid > 0);
}

static double read_job_start(const struct metric_subject *s)
{
    return job_state_active(s->job->state) ? moment(s->job->started_wall) : NAN;
}

static double read_job_last_start(const struct metric_subject *s)
{
    return moment(s->job->record.start);
}

static double read_job_last_end(const struct metric_subject *s)
{
    return moment(s->job->record.end);
}

static double read_job_last_took(const struct metric_subject *s)
{
    return s->job->record.end > 0 ? (double)s->job->record.took / 1000 : NAN;
}

static double read_job_last_good(const struct metric_subject *s)
{
    return s->job->record.end > 0 ? flag(s->job->record.outcome == JOB_OUTCOME_SUCCEEDED) : NAN;
}

static double read_job_success(const struct metric_subject *s)
{
    return s->job->expect.good > 0 ? (double)s->job->expect.good : NAN;
}

static double read_job_next(const struct metric_subject *s)
{
    return s->job->next > 0 && !s->job->jobs->resting ? (double)s->job->next : NAN;
}

static double each_job_runs(const struct metric_subject *s, size_t value)
{
    return (double)s->job->record.runs[value];
}

static double read_job_attempts(const struct metric_subject *s)
{
    return (double)s->job->record.attempts;
}

static double read_job_skips(const struct metric_subject *s)
{
    return (double)s->job->record.skips;
}

static double read_job_objects(const struct metric_subject *s)
{
    return s->job->said.objects >= 0 ? (double)s->job->said.objects : NAN;
}

static double read_job_bytes(const struct metric_subject *s)
{
    return s->job->said.bytes >= 0 ? (double)s->job->said.bytes : NAN;
}

/* --- The tables ------------------------------------------------------------------------------ */

// clang-format off
static const struct metric daemon_rows[] = {
    {"mainstay_info", METRIC_GAUGE, NULL,
     "Always 1; the version of the daemon.",
     "version", versions, each_info},
    {"mainstay_stopping", METRIC_GAUGE, read_stopping,
     "1 while everything is being stopped or restarted, else 0."},
    {"mainstay_upgrades_total", METRIC_COUNTER, read_upgrades,
     "Upgrades in place since the daemon was started."},
    {"mainstay_shutdown_planned_timestamp_seconds", METRIC_GAUGE, read_planned,
     "When the machine is to go down; missing while nothing is planned."},
    {"mainstay_shutdown_held", METRIC_GAUGE, read_held,
     "1 while an inhibitor holds up the power-off that is planned, else 0."},
    {"mainstay_start_time_seconds", METRIC_GAUGE, read_daemon_start,
     "When the daemon was started; an upgrade in place does not count."},
    {"mainstay_cpu_seconds_total", METRIC_COUNTER, read_cpu,
     "CPU time of the daemon itself."},
    {"mainstay_resident_memory_bytes", METRIC_GAUGE, read_memory,
     "Memory of the daemon itself."},
};

static const struct metric process_rows[] = {
    {"mainstay_process_state", METRIC_GAUGE, NULL,
     "1 for the state that it is in, 0 for the others.",
     "state", proc_state_names, each_proc_state},
    {"mainstay_process_up", METRIC_GAUGE, read_proc_up,
     "1 while there is a process, else 0."},
    {"mainstay_process_ready", METRIC_GAUGE, read_proc_ready,
     "1 while it is RUNNING and does not say that it is reloading or stopping, else 0."},
    {"mainstay_process_waiting", METRIC_GAUGE, read_proc_waiting,
     "1 while it is wanted and waits for what it requires or comes after, else 0."},
    {"mainstay_process_start_time_seconds", METRIC_GAUGE, read_proc_start,
     "When it was last started; missing before the first start."},
    {"mainstay_process_last_exit_timestamp_seconds", METRIC_GAUGE, read_proc_end,
     "When it last ended; missing before the first end."},
    {"mainstay_process_starts_total", METRIC_COUNTER, read_proc_starts,
     "Starts, by itself or by somebody, also those that failed."},
    {"mainstay_process_start_failures_total", METRIC_COUNTER, read_proc_failures,
     "Starts that came to no process, such as of a command that is not there."},
    {"mainstay_process_restarts_total", METRIC_COUNTER, read_proc_restarts,
     "Starts by itself, after an end or a failed start."},
    {"mainstay_process_exits_total", METRIC_COUNTER, NULL,
     "Ends, by kind: by itself as exitcodes expects it, by itself otherwise, stopped.",
     "kind", proc_exits, each_proc_exits},
    {"mainstay_process_memory_bytes", METRIC_GAUGE, read_memory,
     "Memory of all that runs in its cgroup, else of the process; missing while nothing runs."},
    {"mainstay_process_memory_limit_bytes", METRIC_GAUGE, read_proc_memory_max,
     "The limit of that memory, memory_max; missing without one."},
    {"mainstay_process_cpu_seconds_total", METRIC_COUNTER, read_cpu,
     "CPU time since its start of all that runs in its cgroup, else of the process."},
    {"mainstay_process_tasks", METRIC_GAUGE, read_tasks,
     "Processes and threads in its cgroup, else threads of the process."},
    {"mainstay_notify_waiting_messages", METRIC_GAUGE, read_post_waiting,
     "Messages in the spool of a [notify:x]; missing for other programs."},
    {"mainstay_notify_sent_messages_total", METRIC_COUNTER, read_post_sent,
     "Messages of a [notify:x] that were delivered since its process was started."},
    {"mainstay_notify_lost_messages_total", METRIC_COUNTER, read_post_lost,
     "Messages of a [notify:x] that were refused for good, or had no room, since then."},
};

static const struct metric listener_rows[] = {
    {"mainstay_listener_waiting_events", METRIC_GAUGE, read_pool_events,
     "Events that wait until an event listener of the group takes them."},
    {"mainstay_listener_waiting_bytes", METRIC_GAUGE, read_pool_bytes,
     "Memory of the events that wait until an event listener of the group takes them."},
};

static const struct metric job_rows[] = {
    {"mainstay_job_state", METRIC_GAUGE, NULL,
     "1 for the state that it is in, 0 for the others; missed is told apart.",
     "state", job_state_names, each_job_state},
    {"mainstay_job_missed", METRIC_GAUGE, read_job_missed,
     "1 while it has not succeeded for longer than expect_every, else 0."},
    {"mainstay_job_expect_every_seconds", METRIC_GAUGE, read_job_expected,
     "How often it is expected to succeed, expect_every; missing without one."},
    {"mainstay_job_running", METRIC_GAUGE, read_job_running,
     "1 while a process of it runs, else 0."},
    {"mainstay_job_start_timestamp_seconds", METRIC_GAUGE, read_job_start,
     "When the run that is on its way was asked for; missing while there is none."},
    {"mainstay_job_last_start_timestamp_seconds", METRIC_GAUGE, read_job_last_start,
     "When the last run that is over was asked for; missing before one is over."},
    {"mainstay_job_last_end_timestamp_seconds", METRIC_GAUGE, read_job_last_end,
     "When the last run ended; missing before one has."},
    {"mainstay_job_last_duration_seconds", METRIC_GAUGE, read_job_last_took,
     "How long the last run took, with its retries and what it waited for."},
    {"mainstay_job_last_run_succeeded", METRIC_GAUGE, read_job_last_good,
     "1 when the last run that is over succeeded, else 0; missing before one is over."},
    {"mainstay_job_last_success_timestamp_seconds", METRIC_GAUGE, read_job_success,
     "When a run last succeeded; missing when none is known."},
    {"mainstay_job_next_run_timestamp_seconds", METRIC_GAUGE, read_job_next,
     "When it is due by its schedule; missing without one."},
    {"mainstay_job_runs_total", METRIC_COUNTER, NULL,
     "Runs that are over, by result.",
     "result", job_outcomes, each_job_runs},
    {"mainstay_job_attempts_total", METRIC_COUNTER, read_job_attempts,
     "Attempts of all runs: each retry is one more."},
    {"mainstay_job_skipped_runs_total", METRIC_COUNTER, read_job_skips,
     "Runs that were left out because the one before was still on its way."},
    {"mainstay_job_objects", METRIC_GAUGE, read_job_objects,
     "Objects that the last attempt has dealt with; missing unless it says so, as a sync does."},
    {"mainstay_job_bytes", METRIC_GAUGE, read_job_bytes,
     "Bytes that the last attempt has dealt with; missing unless it says so, as a sync does."},
};

#define TABLE(rows) {(rows), sizeof(rows) / sizeof *(rows)}
const struct metric_table metric_tables[METRIC_KINDS] = {
    [METRIC_DAEMON] = TABLE(daemon_rows),
    [METRIC_PROCESS] = TABLE(process_rows),
    [METRIC_LISTENER] = TABLE(listener_rows),
    [METRIC_JOB] = TABLE(job_rows),
};
// clang-format on
