/* The longest stop of a configuration of which everything runs. Pure. */
#include "config/dependency.h"
#include "engine/fsm.h"
#include "engine/pool.h"
#include "jobs/backoff.h"
#include "jobs/budget.h"

int64_t budget_job(const struct job_config *config, int64_t attempts_made)
{
    int64_t attempt = config->timeout_ms > 0
                          ? budget_plus(config->timeout_ms, fsm_ms(config->process.stopwaitsecs))
                          : BUDGET_FOREVER;
    int64_t left = config->retries + 1 - attempts_made;
    int64_t ms = 0;
    for (int64_t i = 0; i < left && ms < BUDGET_FOREVER; i++)
        ms = budget_plus(ms, budget_plus(attempt, backoff_pause(config, attempts_made + i)));
    return ms;
}

static void plan_programs(struct budget *b, const struct config *c)
{
    for (size_t i = 0; i < c->group_count; i++) {
        const struct group_config *g = &c->groups[i];
        for (size_t k = 0; k < g->process_count; k++) {
            const struct process_config *p = &g->processes[k];
            int64_t ms = fsm_ms(p->stopwaitsecs);
            if (g->kind == GROUP_LISTENER)
                ms = budget_plus(ms, POOL_PATIENCE_MS);
            if (g->lasts && ms > b->rest)
                b->rest = ms;
            budget_add(b, p->program, BUDGET_PROGRAM, g->lasts ? 0 : ms)->rank = g->priority;
        }
    }
}

/* One that is run at other times may be on its way when the stop begins. */
static void plan_jobs(struct budget *b, const struct config *c)
{
    for (size_t i = 0; i < c->job_count; i++) {
        const struct job_config *job = &c->jobs[i];
        int64_t stop = fsm_ms(job->process.stopwaitsecs);
        bool before = job->before == JOB_BEFORE_STOP;
        int64_t *kill = before ? &b->before_kill : &b->jobs_kill;
        if (!(job->when & JOB_WHEN_STOP)) {
            (void)budget_add(b, job->process.section, BUDGET_STOPPED_JOB, stop);
            continue;
        }
        (void)budget_add(b, job->process.section, before ? BUDGET_BEFORE_JOB : BUDGET_SHUTDOWN_JOB,
                         budget_job(job, 0));
        if (stop > *kill)
            *kill = stop;
    }
}

static void plan_wait_for(struct budget *b, const struct config *c, size_t from, const char *name)
{
    struct dependency d;
    struct err e;
    size_t to = 0;
    if (dependency_find(c, name, &d, &e) < 0)
        return;
    for (size_t i = 0; i < c->group_count; i++) {
        for (size_t k = 0; k < c->groups[i].process_count; k++, to++) {
            if (dependency_covers(&d, &c->groups[i], &c->groups[i].processes[k]))
                budget_wait(b, from, to);
        }
    }
    for (size_t i = 0; i < c->job_count; i++, to++) {
        if (d.kind == DEPENDENCY_JOB && d.job == &c->jobs[i])
            budget_wait(b, from, to);
    }
}

static void plan_edges(struct budget *b, const struct config *c, size_t from,
                       const struct process_config *p)
{
    for (size_t i = 0; i < p->requires.count; i++)
        plan_wait_for(b, c, from, p->requires.names[i]);
    for (size_t i = 0; i < p->after.count; i++)
        plan_wait_for(b, c, from, p->after.names[i]);
    for (size_t i = 0; i < p->wait_for.count; i++)
        plan_wait_for(b, c, from, p->wait_for.waits[i].program);
}

void budget_plan(const struct config *c, struct budget *b)
{
    size_t from = 0;
    int64_t limit = c->shutdown_timeout_ms > 0 ? c->shutdown_timeout_ms : BUDGET_FOREVER;
    *b = (struct budget){.jobs_limit = limit, .before_limit = limit};
    plan_programs(b, c);
    plan_jobs(b, c);
    budget_limit(b);
    for (size_t i = 0; i < c->group_count; i++) {
        for (size_t k = 0; k < c->groups[i].process_count; k++)
            plan_edges(b, c, from++, &c->groups[i].processes[k]);
    }
    for (size_t i = 0; i < c->job_count; i++)
        plan_edges(b, c, from++, &c->jobs[i].process);
    budget_rank(b);
    budget_solve(b);
}
