/* How long the stop that is under way may still take, by what is left to stop and to run. */
#include "base/mem.h"
#include "jobs/backoff.h"
#include "jobs/budget.h"
#include "jobs/jobs.h"
#include "jobs/shutdown.h"

static int64_t left_until(const struct timer *timer, int64_t now)
{
    return timer->due > now ? timer->due - now : 0;
}

static int64_t left_of_proc(const struct proc *p, int64_t now)
{
    if (p->fsm.state == PROC_STOPPING && timer_armed(&p->timer))
        return left_until(&p->timer, now);
    return budget_plus(fsm_ms(p->config->stopwaitsecs), p->group->pool ? POOL_PATIENCE_MS : 0);
}

static void left_add_proc(struct budget *b, const struct proc *p, int64_t now)
{
    int64_t ms = left_of_proc(p, now);
    bool spared = p->group->config->lasts;
    if (p->node.ops->stopped(&p->node))
        return;
    if (spared && ms > b->rest)
        b->rest = ms;
    budget_add(b, p->config->program, BUDGET_PROGRAM, spared ? 0 : ms)->rank = p->node.rank;
}

static int64_t left_of_job(const struct job *job, int64_t now)
{
    int64_t stop = fsm_ms(job->config->process.stopwaitsecs);
    int64_t due = timer_armed(&job->timer) ? left_until(&job->timer, now) : BUDGET_FOREVER;
    int64_t next = budget_job(job->config, job->attempts);
    switch (job->state) {
    case JOB_RUNNING:
        return budget_plus(budget_plus(due, stop), next);
    case JOB_RETRYING: /* the pause is in `next`, too */
        return budget_plus(
            due, next - (next < BUDGET_FOREVER ? backoff_pause(job->config, job->attempts) : 0));
    case JOB_ENDING:
        return budget_plus(due, next);
    case JOB_STOPPING:
        return due;
    case JOB_IDLE:
    case JOB_WAITING:
    case JOB_SUCCEEDED:
    case JOB_FAILED:
    case JOB_STATES:
        break;
    }
    return budget_job(job->config, 0);
}

static int64_t left_of_runs(const struct job *job, int64_t now)
{
    bool another = job->queued.wanted && job_state_active(job->state);
    return budget_plus(left_of_job(job, now), another ? budget_job(job->config, 0) : 0);
}

static bool left_is_before(const struct shutdown *sd)
{
    return sd->step == SHUTDOWN_BEFORE || sd->step == SHUTDOWN_CUTTING;
}

/* The jobs of this step run. */
static bool left_is_running(const struct shutdown *sd)
{
    bool jobs = sd->step == SHUTDOWN_BEFORE || sd->step == SHUTDOWN_JOBS;
    return (jobs && sd->begun) || sd->step == SHUTDOWN_CUTTING || sd->step == SHUTDOWN_ABORTING;
}

/* What runs in this step, or is stopped in it. */
static void left_add_active(struct budget *b, const struct shutdown *sd, const struct job *job,
                            int64_t now)
{
    enum budget_kind kind = !left_is_running(sd) ? BUDGET_STOPPED_JOB
                            : left_is_before(sd) ? BUDGET_BEFORE_JOB
                                                 : BUDGET_SHUTDOWN_JOB;
    (void)budget_add(b, job->label, kind,
                     left_is_running(sd) ? left_of_runs(job, now) : left_of_job(job, now));
}

/* ... and what will be run, in this step or in a later one. */
static void left_add_job(struct budget *b, const struct shutdown *sd, const struct job *job,
                         int64_t now)
{
    bool running = left_is_running(sd);
    bool before = left_is_before(sd) && shutdown_has(sd, job->config, true);
    bool last = shutdown_has(sd, job->config, false);
    int64_t stop = fsm_ms(job->config->process.stopwaitsecs);
    if (job_active(job) && !running)
        (void)budget_add(b, job->label, BUDGET_STOPPED_JOB, left_of_job(job, now));
    if (running ? job_active(job) : last)
        (void)budget_add(b, job->label, BUDGET_SHUTDOWN_JOB,
                         running ? left_of_runs(job, now) : budget_job(job->config, 0));
    if (job_active(job))
        left_add_active(b, sd, job, now);
    if (before && !running)
        (void)budget_add(b, job->label, BUDGET_BEFORE_JOB, budget_job(job->config, 0));
    if (last && (!running || left_is_before(sd)))
        (void)budget_add(b, job->label, BUDGET_SHUTDOWN_JOB, budget_job(job->config, 0));
    if (before && stop > b->before_kill)
        b->before_kill = stop;
    if (last && stop > b->jobs_kill)
        b->jobs_kill = stop;
}

/* Items and the nodes they stand for are in one order. */
struct left_nodes {
    const struct graph_node **of;
    size_t count;
};

static void left_note(struct left_nodes *nodes, const struct budget *b,
                      const struct graph_node *node)
{
    nodes->of = mem_grow(nodes->of, b->count, sizeof(struct graph_node *));
    while (nodes->count < b->count)
        nodes->of[nodes->count++] = node;
}

/* quadratic, but of what has not ended yet, and a few times in a stop */
static void left_link(struct budget *b, const struct left_nodes *nodes, size_t from)
{
    const struct graph_node *node = nodes->of[from];
    for (size_t e = 0; e < node->edge_count; e++) {
        for (size_t to = 0; to < nodes->count; to++) {
            if (nodes->of[to] == node->edges[e].to)
                budget_wait(b, from, to);
        }
    }
}

/* Of the jobs with before=stop, or of the others. */
static int64_t left_limit(const struct shutdown *sd, bool before, int64_t now)
{
    bool now_is_theirs = before == left_is_before(sd);
    if (timer_armed(&sd->deadline) && now_is_theirs)
        return left_until(&sd->deadline, now);
    if (now_is_theirs && (sd->step == SHUTDOWN_CUTTING || sd->step == SHUTDOWN_ABORTING))
        return 0;
    int64_t limit = sd->jobs->snapshot ? sd->jobs->snapshot->shutdown_timeout_ms : 0;
    return limit > 0 ? limit : BUDGET_FOREVER;
}

/* What asks for the reason may take some time before jobs can begin. */
static int64_t left_of_asking(const struct shutdown *sd, int64_t now)
{
    return timer_armed(&sd->asking) ? left_until(&sd->asking, now) : 0;
}

int64_t budget_left(const struct shutdown *sd, int64_t now)
{
    struct budget b = {.jobs_limit = left_limit(sd, false, now),
                       .before_limit = left_limit(sd, true, now)};
    struct left_nodes nodes = {0};
    bool last = sd->supervisor->state != SUPERVISOR_RESTARTING && sd->step != SHUTDOWN_TELLING;
    const struct pgroup *g;
    const struct proc *p;
    supervisor_each_proc(p, g, sd->supervisor)
    {
        left_add_proc(&b, p, now);
        left_note(&nodes, &b, &p->node);
    }
    for (size_t i = 0; i < sd->jobs->count && last; i++) {
        left_add_job(&b, sd, sd->jobs->items[i], now);
        left_note(&nodes, &b, &sd->jobs->items[i]->node);
    }
    for (size_t i = 0; i < nodes.count; i++)
        left_link(&b, &nodes, i);
    budget_limit(&b);
    budget_solve(&b);
    int64_t ms = budget_plus(b.ms, left_of_asking(sd, now));
    budget_close(&b);
    mem_free(nodes.of);
    return ms;
}
