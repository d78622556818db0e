#include "jobs/shutdown.h"

#include "base/log.h"
#include "jobs/arrears.h"
#include "jobs/say.h"

enum { SHUTDOWN_LOOK_MS = 5000 }; /* between two looks at what SIGKILL has not ended */

static struct host *shutdown_host(const struct shutdown *sd)
{
    return sd->supervisor->host;
}

static void shutdown_enter(struct shutdown *sd, enum shutdown_step step)
{
    sd->step = step;
    sd->begun = false;
    host_disarm(shutdown_host(sd), &sd->deadline);
    if (sd->on_step)
        sd->on_step(sd);
}

/* --- The end ------------------------------------------------------------------------------- */

static void shutdown_rest(struct shutdown *sd)
{
    struct host *host = shutdown_host(sd);
    host_disarm(host, &sd->deadline);
    host_disarm(host, &sd->asking);
    host_disarm(host, &sd->grace);
}

static void shutdown_resume(struct shutdown *sd)
{
    shutdown_again(sd);
    if (sd->on_resume)
        sd->on_resume(sd);
    jobs_resume(sd->jobs);
    supervisor_resume(sd->supervisor);
    if (sd->arrears)
        arrears_begin(sd->arrears, false); /* what has run may be owed again */
}

static void shutdown_finish(struct shutdown *sd)
{
    void (*tell)(struct shutdown * sd) = sd->stays ? sd->on_down : sd->on_done;
    shutdown_rest(sd);
    if (sd->arrears && sd->supervisor->state == SUPERVISOR_SHUTDOWN)
        arrears_end(sd->arrears);
    shutdown_enter(sd, SHUTDOWN_DONE);
    if (sd->cancelled)
        shutdown_resume(sd);
    else if (tell)
        tell(sd);
}

void shutdown_again(struct shutdown *sd)
{
    shutdown_rest(sd);
    sd->step = SHUTDOWN_NONE;
    sd->jobs->reason = STOP_NOT_KNOWN;
    sd->stays = sd->cancelled = sd->ran_before = false;
}

/* --- Jobs ---------------------------------------------------------------------------------- */

bool shutdown_has(const struct shutdown *sd, const struct job_config *job, bool before)
{
    enum stop_reason why = sd->jobs->reason;
    bool off =
        (job->when & JOB_WHEN_POWEROFF) && (why == STOP_NOT_KNOWN || stop_reason_is_off(why));
    bool early = job->before == JOB_BEFORE_STOP && (before || sd->ran_before);
    return ((job->when & JOB_WHEN_SHUTDOWN) || off) && early == before;
}

static bool shutdown_has_any(const struct shutdown *sd, bool before)
{
    for (size_t i = 0; i < sd->jobs->count; i++) {
        if (shutdown_has(sd, sd->jobs->items[i]->config, before))
            return true;
    }
    return false;
}

/* All of them, for the graph to put in order. */
static void shutdown_start_jobs(struct shutdown *sd)
{
    bool before = sd->step == SHUTDOWN_BEFORE;
    int64_t limit = sd->jobs->snapshot ? sd->jobs->snapshot->shutdown_timeout_ms : 0;
    sd->begun = true;
    if (limit > 0)
        host_arm(shutdown_host(sd), &sd->deadline, host_now(shutdown_host(sd)) + limit);
    for (size_t i = 0; i < sd->jobs->count; i++) {
        if (shutdown_has(sd, sd->jobs->items[i]->config, before))
            (void)job_run(sd->jobs->items[i], JOB_AT_SHUTDOWN, 0);
    }
    sd->ran_before = sd->ran_before || before;
    if (sd->on_step)
        sd->on_step(sd);
}

/* Nothing of a job runs, waits, or is still being read. */
static bool shutdown_jobs_over(const struct shutdown *sd)
{
    return !jobs_any_active(sd->jobs) && jobs_idle(sd->jobs);
}

/* --- One step after the other --------------------------------------------------------------- */

static void shutdown_stop_programs(struct shutdown *sd)
{
    shutdown_enter(sd, SHUTDOWN_STOPPING);
    supervisor_stop_all(sd->supervisor, sd->supervisor->state);
}

/* Those that tell people what happens have heard how the last jobs went. */
static bool shutdown_stop_rest(struct shutdown *sd)
{
    if (sd->cancelled || supervisor_rest_stopped(sd->supervisor))
        return false;
    shutdown_enter(sd, SHUTDOWN_TELLING);
    supervisor_stop_rest(sd->supervisor);
    return true;
}

/* True: look again. */
static bool shutdown_of_jobs(struct shutdown *sd)
{
    bool wanted = !sd->begun && !sd->cancelled;
    if (!shutdown_jobs_over(sd))
        return false;
    if (wanted && sd->jobs->reason == STOP_NOT_KNOWN &&
        shutdown_has_any(sd, sd->step == SHUTDOWN_BEFORE))
        return false;
    if (wanted) {
        shutdown_start_jobs(sd);
        return true;
    }
    if (sd->step == SHUTDOWN_BEFORE && !sd->cancelled) {
        shutdown_stop_programs(sd);
        return true;
    }
    if (sd->step == SHUTDOWN_JOBS && shutdown_stop_rest(sd))
        return true;
    shutdown_finish(sd);
    return false;
}

/* One step further, if it is time for it. True: look again. */
static bool shutdown_advance(struct shutdown *sd)
{
    switch (sd->step) {
    case SHUTDOWN_BEFORE:
    case SHUTDOWN_JOBS:
        return shutdown_of_jobs(sd);
    case SHUTDOWN_CUTTING:
        if (!shutdown_jobs_over(sd))
            return false;
        if (!sd->cancelled) {
            shutdown_stop_programs(sd);
            return true;
        }
        break;
    case SHUTDOWN_STOPPING:
        if (!supervisor_all_stopped(sd->supervisor) || !shutdown_jobs_over(sd))
            return false;
        if (sd->supervisor->state == SUPERVISOR_RESTARTING || sd->cancelled)
            break;
        sd->jobs->shutting_down = true;
        shutdown_enter(sd, SHUTDOWN_JOBS);
        return true;
    case SHUTDOWN_ABORTING:
        if (!shutdown_jobs_over(sd))
            return false;
        if (shutdown_stop_rest(sd))
            return true;
        break;
    case SHUTDOWN_TELLING:
        if (!supervisor_all_stopped(sd->supervisor))
            return false;
        break;
    case SHUTDOWN_NONE:
    case SHUTDOWN_DONE:
        return false;
    }
    shutdown_finish(sd);
    return false;
}

static void on_next(struct timer *timer)
{
    struct shutdown *sd = container_of(timer, struct shutdown, next);
    while (shutdown_advance(sd))
        continue;
}

void shutdown_look(struct shutdown *sd)
{
    if (shutdown_under_way(sd) && !timer_armed(&sd->next))
        host_arm(shutdown_host(sd), &sd->next, host_now(shutdown_host(sd)));
}

/* --- What takes too long -------------------------------------------------------------------- */

static void on_deadline(struct timer *timer)
{
    struct shutdown *sd = container_of(timer, struct shutdown, deadline);
    bool before = sd->step == SHUTDOWN_BEFORE;
    char limit[32];
    say_duration(sd->jobs->snapshot->shutdown_timeout_ms, limit, sizeof limit);
    log_error("the %s are not done after %s ([shutdown] timeout): they are stopped",
              before ? "jobs before the stop" : "shutdown jobs", limit);
    shutdown_enter(sd, before ? SHUTDOWN_CUTTING : SHUTDOWN_ABORTING);
    jobs_stop_all(sd->jobs);
    shutdown_look(sd);
}

/* A process that hangs in the kernel must not hold up the rest for ever. */
static void on_grace(struct timer *timer)
{
    struct shutdown *sd = container_of(timer, struct shutdown, grace);
    int64_t now = host_now(shutdown_host(sd));
    supervisor_leave(sd->supervisor, now - SHUTDOWN_GRACE_MS);
    jobs_leave(sd->jobs, now - SHUTDOWN_GRACE_MS);
    host_arm(shutdown_host(sd), &sd->grace, now + SHUTDOWN_LOOK_MS);
    shutdown_look(sd);
}

/* --- Why ------------------------------------------------------------------------------------ */

enum stop_reason shutdown_reason(const struct shutdown *sd)
{
    return sd->jobs->reason;
}

void shutdown_answer(struct shutdown *sd, enum stop_reason why)
{
    enum stop_reason before = sd->jobs->reason;
    if (why <= before || !shutdown_under_way(sd) || sd->step == SHUTDOWN_DONE)
        return;
    sd->jobs->reason = why;
    host_disarm(shutdown_host(sd), &sd->asking);
    if (why != STOP_STOP) /* the log of a plain stop is Supervisor's, line by line */
        log_info("stopping everything: %s", stop_reason_text(why));
    if (sd->on_step)
        sd->on_step(sd);
    shutdown_look(sd);
}

static void on_asked(struct timer *timer)
{
    shutdown_answer(container_of(timer, struct shutdown, asking), STOP_STOP);
}

/* Nobody waits for the answer before there is something to do that depends on it. */
static void shutdown_ask(struct shutdown *sd, enum stop_reason why)
{
    struct host *host = shutdown_host(sd);
    if (why != STOP_NOT_KNOWN || !sd->on_ask) {
        shutdown_answer(sd, why == STOP_NOT_KNOWN ? STOP_STOP : why);
        return;
    }
    if (sd->jobs->reason != STOP_NOT_KNOWN)
        return;
    host_arm(host, &sd->asking, host_now(host) + SHUTDOWN_ASK_MS);
    sd->on_ask(sd);
}

/* --- What others say ------------------------------------------------------------------------ */

void shutdown_init(struct shutdown *sd, struct supervisor *s, struct jobs *j)
{
    *sd = (struct shutdown){.supervisor = s, .jobs = j};
    sd->deadline.on_due = on_deadline;
    sd->next.on_due = on_next;
    sd->asking.on_due = on_asked;
    sd->grace.on_due = on_grace;
}

void shutdown_close(struct shutdown *sd)
{
    shutdown_rest(sd);
    host_disarm(shutdown_host(sd), &sd->next);
}

bool shutdown_under_way(const struct shutdown *sd)
{
    return sd->step != SHUTDOWN_NONE;
}

static void shutdown_overrule(struct shutdown *sd, enum supervisor_state what)
{
    if (what != SUPERVISOR_SHUTDOWN)
        return;
    if (sd->step == SHUTDOWN_STOPPING)
        sd->supervisor->state = what;
    bool stayed = shutdown_prepared(sd);
    sd->stays = sd->cancelled = false;
    if (stayed)
        shutdown_finish(sd);
}

void shutdown_begin(struct shutdown *sd, enum supervisor_state what, enum stop_reason why)
{
    bool first = !shutdown_under_way(sd);
    if (first) {
        jobs_stop_all(sd->jobs);
        supervisor_announce(sd->supervisor, what);
        sd->step = SHUTDOWN_BEFORE;
    }
    if (what == SUPERVISOR_SHUTDOWN)
        shutdown_ask(sd, why);
    if (!first) {
        shutdown_overrule(sd, what);
        return;
    }
    host_arm(shutdown_host(sd), &sd->grace, host_now(shutdown_host(sd)) + SHUTDOWN_GRACE_MS);
    if (what == SUPERVISOR_SHUTDOWN && shutdown_has_any(sd, true))
        shutdown_enter(sd, SHUTDOWN_BEFORE);
    else
        shutdown_stop_programs(sd);
    shutdown_look(sd);
}

void shutdown_prepare(struct shutdown *sd, enum stop_reason why)
{
    bool ends = shutdown_under_way(sd) && sd->supervisor->state == SUPERVISOR_SHUTDOWN;
    sd->cancelled = false;
    if (sd->stays || ends) {
        shutdown_answer(sd, why);
        return;
    }
    shutdown_begin(sd, SUPERVISOR_SHUTDOWN, why);
    sd->stays = true;
}

void shutdown_cancel(struct shutdown *sd)
{
    if (!sd->stays)
        return;
    sd->cancelled = true;
    if (sd->step == SHUTDOWN_DONE)
        shutdown_resume(sd);
    else
        shutdown_look(sd);
}

bool shutdown_prepared(const struct shutdown *sd)
{
    return sd->stays && sd->step == SHUTDOWN_DONE;
}
