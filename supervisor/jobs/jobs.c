#include "jobs/jobs.h"

#include <string.h>

#include "base/mem.h"
#include "config/diff.h"

enum { JOBS_NEWS_MS = 200 }; /* a job that talks without end costs no more than that */

static void on_settle(struct timer *timer)
{
    struct jobs *j = container_of(timer, struct jobs, settle);
    for (size_t i = 0; i < j->count; i++) {
        job_take_turn(j->items[i]);
        job_try(j->items[i]);
    }
}

void jobs_settle(struct jobs *j)
{
    if (!timer_armed(&j->settle))
        host_arm(j->host, &j->settle, host_now(j->host));
}

static void on_news(struct timer *timer)
{
    struct jobs *j = container_of(timer, struct jobs, news);
    if (j->on_news)
        j->on_news(j);
}

void jobs_news(struct jobs *j)
{
    if (!timer_armed(&j->news))
        host_arm(j->host, &j->news, host_now(j->host) + JOBS_NEWS_MS);
}

void jobs_init(struct jobs *j, struct host *host, struct event_bus *bus, struct graph *graph)
{
    *j = (struct jobs){.host = host, .bus = bus, .graph = graph};
    j->settle.on_due = on_settle;
    j->news.on_due = on_news;
    agenda_init(j);
}

void jobs_close(struct jobs *j)
{
    jobs_unload(j);
    host_disarm(j->host, &j->settle);
    host_disarm(j->host, &j->news);
    agenda_close(j);
}

static struct job *job_new(struct jobs *j, struct config *config, const struct job_config *c)
{
    struct job *job = mem_alloc(sizeof *job);
    job_init(job, j, config, c);
    agenda_begin(job);
    graph_add(j->graph, &job->node);
    return job;
}

static void job_free(struct job *job)
{
    job_close(job);
    mem_free(job);
}

void jobs_set_snapshot(struct jobs *j, struct config *config)
{
    config_ref(config);
    config_unref(j->snapshot);
    j->snapshot = config;
}

void jobs_load(struct jobs *j, struct config *config)
{
    jobs_set_snapshot(j, config);
    j->resting = j->shutting_down = false;
    j->count = config->job_count;
    j->items = mem_array(j->count, sizeof *j->items);
    for (size_t i = 0; i < j->count; i++)
        j->items[i] = job_new(j, config, &config->jobs[i]);
    agenda_enter_all(j); /* what catch_up= knows of others is forgotten */
}

struct job *jobs_adopt(struct jobs *j, struct config *snapshot, const struct job_config *config)
{
    j->items = mem_grow(j->items, j->count + 1, sizeof *j->items);
    j->items[j->count] = job_new(j, snapshot, config);
    return j->items[j->count++];
}

/* --- Another configuration ----------------------------------------------------------------- */

static bool job_busy(const struct job *job)
{
    return job_active(job) || !child_idle(&job->child);
}

/* The job of this name, out of the old array: the caller's, or NULL. */
static struct job *jobs_take(struct jobs *j, const char *name)
{
    for (size_t i = 0; i < j->count; i++) {
        struct job *job = j->items[i];
        if (!job || strcmp(job->config->name, name) != 0)
            continue;
        j->items[i] = NULL;
        return job;
    }
    return NULL;
}

static struct job *jobs_next(struct jobs *j, struct config *config, const struct job_config *c)
{
    struct job *old = jobs_take(j, c->name);
    if (old && (job_busy(old) || config_same_job(old->config, c))) {
        cgroup_set_limits(&old->child.cgroup, &c->process.limits);
        return old;
    }
    if (old)
        job_free(old);
    return job_new(j, config, c);
}

void jobs_update(struct jobs *j, struct config *config)
{
    struct job **items = mem_array(config->job_count + j->count, sizeof *items);
    size_t count = 0;
    for (size_t i = 0; i < config->job_count; i++)
        items[count++] = jobs_next(j, config, &config->jobs[i]);
    for (size_t i = 0; i < j->count; i++) {
        if (j->items[i] && job_busy(j->items[i]))
            items[count++] = j->items[i];
        else if (j->items[i])
            job_free(j->items[i]);
    }
    for (size_t i = 0; i < count; i++)
        items[i]->waits_for = NULL; /* it may be gone */
    mem_free(j->items);
    j->items = items;
    j->count = count;
    agenda_enter_all(j);
    jobs_set_snapshot(j, config);
    jobs_relink(j);
    jobs_settle(j);
    agenda_look(j);
    if (j->on_changed)
        j->on_changed(j);
}

void jobs_claim_cgroups(struct jobs *j)
{
    for (size_t i = 0; i < j->count; i++) {
        struct job *job = j->items[i];
        const struct job_config *next = config_find_job(j->snapshot, job->config->name);
        if (job->state == JOB_SUCCEEDED)
            child_claim_cgroup(&job->child);
        cgroup_set_limits(&job->child.cgroup,
                          next ? &next->process.limits : &job->config->process.limits);
    }
}

void jobs_relink(struct jobs *j)
{
    for (size_t i = 0; i < j->count; i++) {
        struct job *job = j->items[i];
        graph_unlink_all(&job->node);
        graph_link_names(j->graph, &job->node, &job->config->process.requires, GRAPH_REQUIRES);
        graph_link_names(j->graph, &job->node, &job->config->process.after, GRAPH_AFTER);
    }
}

void jobs_unload(struct jobs *j)
{
    for (size_t i = 0; i < j->count; i++)
        job_free(j->items[i]);
    mem_free(j->items);
    j->items = NULL;
    j->count = 0;
    config_unref(j->snapshot);
    j->snapshot = NULL;
}

bool jobs_idle(const struct jobs *j)
{
    for (size_t i = 0; i < j->count; i++) {
        if (!child_idle(&j->items[i]->child))
            return false;
    }
    return true;
}

void jobs_start(struct jobs *j, enum job_when when)
{
    for (size_t i = 0; i < j->count; i++) {
        if (j->items[i]->config->when & when)
            (void)job_run(j->items[i], when == JOB_WHEN_SHUTDOWN ? JOB_AT_SHUTDOWN : JOB_AT_BOOT,
                          0);
    }
    if (when != JOB_WHEN_BOOT)
        return;
    j->rested = 0;
    agenda_warn(j);
    agenda_look(j);
}

bool jobs_done(const struct jobs *j, enum job_when when)
{
    for (size_t i = 0; i < j->count; i++) {
        if ((j->items[i]->config->when & when) && job_active(j->items[i]))
            return false;
    }
    return true;
}

bool jobs_any_active(const struct jobs *j)
{
    for (size_t i = 0; i < j->count; i++) {
        if (job_active(j->items[i]))
            return true;
    }
    return false;
}

void jobs_stop_all(struct jobs *j)
{
    bool first = !j->resting;
    if (first)
        j->rested = host_wall(j->host) / 1000;
    j->resting = true;
    agenda_look(j);
    for (size_t i = 0; i < j->count; i++) {
        struct job *job = j->items[i];
        if (first)
            job->resume = job_active(job) && job->state != JOB_STOPPING;
        (void)job_stop(job);
    }
}

void jobs_leave(struct jobs *j, int64_t killed_until)
{
    for (size_t i = 0; i < j->count; i++) {
        int64_t killed = j->items[i]->child.killed;
        if (killed && killed <= killed_until)
            job_leave(j->items[i]);
    }
}

void jobs_resume(struct jobs *j)
{
    j->resting = j->shutting_down = false;
    for (size_t i = 0; i < j->count; i++) {
        if (j->items[i]->resume)
            (void)job_run(j->items[i], JOB_RESUMED, j->items[i]->due);
        j->items[i]->resume = false;
    }
    j->rested = 0;
    agenda_look(j);
}

bool jobs_exited(struct jobs *j, pid_t pid, int code, int status)
{
    for (size_t i = 0; i < j->count; i++) {
        if (j->items[i]->child.pid == pid) {
            job_exited(j->items[i], code, status);
            return true;
        }
    }
    return false;
}

struct job *jobs_find(struct jobs *j, const char *name)
{
    for (size_t i = 0; i < j->count; i++) {
        if (strcmp(j->items[i]->config->name, name) == 0 || strcmp(j->items[i]->label, name) == 0)
            return j->items[i];
    }
    return NULL;
}
