#include "watch.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "jobs/backoff.h"

enum { SPACING_MS = 1000 }; /* what engine/fsm.h promises between two starts of one program */

void watch_fail(const struct watch *w, const char *fmt, ...)
{
    va_list args;
    int64_t t = w->sim->now - 1000000;
    printf("not ok seed %llu, day %lld %02lld:%02lld:%02lld.%03lld, step %llu: ",
           (unsigned long long)w->seed, (long long)(t / 86400000), (long long)(t / 3600000 % 24),
           (long long)(t / 60000 % 60), (long long)(t / 1000 % 60), (long long)(t % 1000),
           (unsigned long long)w->sim->steps);
    va_start(args, fmt);
    vprintf(fmt, args);
    va_end(args);
    printf("\n  replay: %s\n", w->replay);
    (void)fflush(stdout);
    _exit(1);
}

static struct seen *watch_find(const struct watch *w, const char *name)
{
    int number = world_number(w->world, name);
    if (number < 0)
        watch_fail(w, "'%s' is told of, and there is nothing of that name", name);
    return &w->seen[number];
}

/* --- The graph, read from the configuration once more --------------------------------------- */

enum sight { SIGHT_UP, SIGHT_COMING, SIGHT_DOWN };

static enum sight watch_sight_proc(const struct proc *p)
{
    if (p->anew)
        return SIGHT_COMING;
    if (p->wanted)
        return p->gate == GRAPH_BLOCKED ? SIGHT_DOWN : SIGHT_COMING;
    switch (p->fsm.state) {
    case PROC_RUNNING:
        return SIGHT_UP;
    case PROC_STARTING:
    case PROC_BACKOFF:
        return SIGHT_COMING;
    case PROC_EXITED: /* one that has done its work as expected counts as up */
        return p->fsm.again ? SIGHT_COMING : p->exit_expected ? SIGHT_UP : SIGHT_DOWN;
    case PROC_STOPPED:
    case PROC_STOPPING:
    case PROC_FATAL:
    case PROC_UNKNOWN:
        break;
    }
    return SIGHT_DOWN;
}

/* A job in a state in which nothing of it is on its way: may start what requires it? */
static bool watch_was_good(const struct seen *seen, enum job_state state)
{
    bool forgiven = seen->job->config->on_failure == JOB_ON_FAILURE_CONTINUE;
    return state == JOB_SUCCEEDED || (state == JOB_FAILED && (forgiven || seen->good));
}

static enum sight watch_sight(const struct seen *seen)
{
    if (seen->p)
        return watch_sight_proc(seen->p);
    if (job_state_active(seen->job->state))
        return seen->good ? SIGHT_UP : SIGHT_COMING;
    if (watch_was_good(seen, seen->job->state))
        return SIGHT_UP;
    return job_active(seen->job) ? SIGHT_COMING : SIGHT_DOWN; /* its next run is queued */
}

/* Calls `each` for everything that one name means; stops when it says true. */
static bool watch_each(const struct watch *w, const char *name,
                       bool (*each)(const struct seen *seen, void *ctx), void *ctx)
{
    int number = world_number(w->world, name);
    int count = world_is_job(w->world, number) ? 1 : WORLD_PROCS;
    for (int i = number; i < number + count; i++) {
        if ((w->seen[i].p || w->seen[i].job) && each(&w->seen[i], ctx))
            return true;
    }
    return false;
}

static bool each_not_up(const struct seen *seen, void *ctx)
{
    (void)ctx;
    return watch_sight(seen) != SIGHT_UP;
}

static bool each_there(const struct seen *seen, void *ctx)
{
    (void)seen;
    (void)ctx;
    return true;
}

static bool each_coming(const struct seen *seen, void *ctx)
{
    (void)ctx;
    return watch_sight(seen) == SIGHT_COMING;
}

/* The name that keeps it from starting, NULL when nothing does. */
static const char *watch_gate(const struct watch *w, const struct process_config *config)
{
    for (size_t i = 0; i < config->requires.count; i++) {
        const char *name = config->requires.names[i];
        if (!watch_each(w, name, each_there, NULL) || watch_each(w, name, each_not_up, NULL))
            return name;
    }
    for (size_t i = 0; i < config->after.count; i++) {
        if (watch_each(w, config->after.names[i], each_coming, NULL))
            return config->after.names[i];
    }
    return NULL;
}

/* --- The order of a stop -------------------------------------------------------------------- */

static const struct process_config *watch_config(const struct seen *seen)
{
    return seen->p ? seen->p->config : &seen->job->config->process;
}

struct rank_ctx {
    const struct watch *w;
    int64_t rank;
};

static int64_t watch_rank(const struct watch *w, const struct seen *seen);

static bool each_rank(const struct seen *seen, void *ctx)
{
    struct rank_ctx *r = ctx;
    int64_t rank = watch_rank(r->w, seen);
    r->rank = rank > r->rank ? rank : r->rank;
    return false;
}

static int64_t watch_rank(const struct watch *w, const struct seen *seen)
{
    const struct process_config *config = watch_config(seen);
    struct rank_ctx r = {.w = w, .rank = seen->p ? seen->p->group->config->priority : 0};
    if (seen->marked)
        return seen->rank;
    for (size_t i = 0; i < config->requires.count; i++)
        (void)watch_each(w, config->requires.names[i], each_rank, &r);
    for (size_t i = 0; i < config->after.count; i++)
        (void)watch_each(w, config->after.names[i], each_rank, &r);
    return r.rank;
}

void watch_stop_all(struct watch *w)
{
    for (size_t i = 0; i < world_numbers(w->world); i++)
        w->seen[i].marked = false;
    for (size_t i = 0; i < world_numbers(w->world); i++) {
        struct seen *seen = &w->seen[i];
        if (!seen->p && !seen->job)
            continue;
        seen->rank = watch_rank(w, seen);
        seen->marked = true;
    }
    w->stopping = true;
}

static bool each_is(const struct seen *seen, void *ctx)
{
    return seen == ctx;
}

static bool watch_names(const struct watch *w, const struct name_list *names, struct seen *seen)
{
    for (size_t i = 0; i < names->count; i++) {
        if (watch_each(w, names->names[i], each_is, seen))
            return true;
    }
    return false;
}

/* Whoever is asked to end: nobody of a higher rank, and nobody who needs it, may be there. */
static void watch_stop_order(const struct watch *w, struct seen *seen)
{
    for (size_t i = 0; i < world_numbers(w->world); i++) {
        struct seen *other = &w->seen[i];
        if (other == seen || !other->p || proc_state_is_stopped(other->p->fsm.state))
            continue;
        if (other->rank > seen->rank)
            watch_fail(w, "%s is stopped before %s, which has a higher rank", seen->p->config->name,
                       other->p->config->name);
        if (watch_names(w, &other->p->config->requires, seen) ||
            watch_names(w, &other->p->config->after, seen))
            watch_fail(w, "%s is stopped before %s, which depends on it", seen->p->config->name,
                       other->p->config->name);
    }
}

/* --- Events ---------------------------------------------------------------------------------- */

static void watch_starting(struct watch *w, struct seen *seen, enum proc_state from)
{
    const struct proc *p = seen->p;
    const char *name = p->config->name;
    int64_t now = w->sim->now;
    if (w->stopping && !w->serving)
        watch_fail(w, "%s is started while everything is being stopped", name);
    if (from == PROC_BACKOFF) {
        w->retries++;
        if (now < seen->since + seen->tries * 1000)
            watch_fail(w, "%s is retried after %lld ms, its failed start %lld", name,
                       (long long)(now - seen->since), (long long)seen->tries);
    } else if (from == PROC_EXITED && seen->again) {
        w->restarts++;
        if (!seen->asked && now < seen->started + SPACING_MS)
            watch_fail(w, "%s is restarted %lld ms after its last start", name,
                       (long long)(now - seen->started));
    } else {
        const char *blocker = watch_gate(w, p->config);
        if (blocker)
            watch_fail(w, "%s starts while %s is in the way", name, blocker);
    }
    w->starts++;
    seen->started = now;
    seen->asked = false;
}

static void watch_proc(struct watch *w, const struct event *ev)
{
    struct seen *seen = watch_find(w, ev->name);
    if (!seen->p)
        watch_fail(w, "%s is told of and has no group", ev->name);
    if (ev->from != seen->state || ev->state != (int)seen->p->fsm.state)
        watch_fail(
            w, "%s goes from %s to %s, but was %s and is %s", ev->name,
            proc_state_name((enum proc_state)ev->from), proc_state_name((enum proc_state)ev->state),
            proc_state_name((enum proc_state)seen->state), proc_state_name(seen->p->fsm.state));
    if (ev->state == PROC_STARTING)
        watch_starting(w, seen, (enum proc_state)ev->from);
    if (ev->state == PROC_STOPPING && w->stopping)
        watch_stop_order(w, seen);
    if (ev->state == PROC_BACKOFF && ev->tries != (ev->from == PROC_STARTING ? seen->tries + 1 : 0))
        watch_fail(w, "%s counts %d failed starts after %lld", ev->name, ev->tries,
                   (long long)seen->tries);
    enum autorestart kind = seen->p->config->autorestart;
    seen->again = kind == AUTORESTART_ALWAYS || (kind == AUTORESTART_UNEXPECTED && !ev->expected);
    seen->tries = ev->tries;
    seen->state = ev->state;
    seen->since = w->sim->now;
    seen->by_itself = seen->by_itself || w->serving;
    w->gave_up += ev->state == PROC_FATAL;
    w->stops += ev->state == PROC_STOPPED;
}

static bool each_active(const struct seen *seen, void *ctx)
{
    (void)ctx;
    return seen->job && job_active(seen->job);
}

static const char *watch_active_job(const struct watch *w, const struct name_list *names)
{
    for (size_t i = 0; i < names->count; i++) {
        bool job = world_is_job(w->world, world_number(w->world, names->names[i]));
        if (job && watch_each(w, names->names[i], each_active, NULL))
            return names->names[i];
    }
    return NULL;
}

/* A job waits for the refresh of another one, too. In the end only the order among the jobs themselves counts. */
static const char *watch_job_gate(const struct watch *w, const struct job *job)
{
    const struct process_config *config = &job->config->process;
    const struct process_config needs = {.requires = config->requires};
    const char *gate = w->down ? NULL : watch_gate(w, w->stopping ? &needs : config);
    if (gate)
        return gate;
    const char *name = watch_active_job(w, &config->requires);
    return name ? name : watch_active_job(w, &config->after);
}

/* A job of the shutdown runs in its step of it, and one for the power-off at no other stop. */
static void watch_job_step(const struct watch *w, const struct job *job)
{
    const struct job_config *config = job->config;
    if (job->cause != JOB_AT_SHUTDOWN)
        return;
    if (!w->stopping)
        watch_fail(w, "%s runs at a shutdown that is none", job->label);
    if ((config->before == JOB_BEFORE_STOP) != !w->down)
        watch_fail(w, "%s runs %s", job->label,
                   w->down ? "when the programs are down" : "before they are stopped");
    if (!(config->when & JOB_WHEN_SHUTDOWN) && !stop_reason_is_off(job->jobs->reason))
        watch_fail(w, "%s runs, but the machine stays", job->label);
}

static void watch_job(struct watch *w, const struct event *ev)
{
    struct seen *seen = watch_find(w, ev->name);
    const struct job_config *config = seen->job->config;
    if (ev->from != seen->state || ev->state != (int)seen->job->state)
        watch_fail(w, "%s goes from %s to %s, but was %s", ev->name,
                   job_state_name((enum job_state)ev->from),
                   job_state_name((enum job_state)ev->state),
                   job_state_name((enum job_state)seen->state));
    if (!job_state_active((enum job_state)ev->from))
        seen->good = watch_was_good(seen, (enum job_state)ev->from);
    if (ev->state == JOB_WAITING && seen->job->cause == JOB_BY_SCHEDULE) {
        /* a jitter or a queue may bring what was due before this part of the clock's life */
        seen->scheduled += seen->job->due >= w->segment / 1000;
        if (w->stopping)
            watch_fail(w, "%s is due while everything is being stopped", ev->name);
    }
    if (ev->state == JOB_RUNNING) {
        w->runs++;
        seen->started = w->sim->now;
        if (ev->from == JOB_RETRYING &&
            w->sim->now < seen->since + backoff_pause(config, ev->tries))
            watch_fail(w, "%s is retried too early", ev->name);
        const char *blocker = ev->from == JOB_WAITING ? watch_job_gate(w, seen->job) : NULL;
        if (blocker)
            watch_fail(w, "%s runs while %s is in the way", ev->name, blocker);
        watch_job_step(w, seen->job);
    }
    if (ev->tries > config->retries + 1)
        watch_fail(w, "%s makes attempt %d of %lld", ev->name, ev->tries,
                   (long long)config->retries + 1);
    seen->state = ev->state;
    seen->since = w->sim->now;
}

static void watch_group(struct watch *w, const struct event *ev)
{
    struct pgroup *g = supervisor_find_group(w->s, ev->group);
    for (size_t i = 0; g && i < g->count; i++) {
        struct seen *seen = watch_find(w, g->procs[i].config->name);
        if (seen->p)
            watch_fail(w, "%s is in two groups", g->procs[i].config->name);
        *seen = (struct seen){.p = &g->procs[i], .alive = seen->alive, .started = seen->started};
    }
    for (size_t i = 0; !g && i < world_numbers(w->world); i++) {
        struct seen *seen = &w->seen[i];
        if (!seen->p || strcmp(seen->p->group->config->name, ev->group) != 0)
            continue;
        if (seen->alive)
            watch_fail(w, "%s still lives and its group is removed", seen->p->config->name);
        seen->p = NULL;
    }
}

static void on_event(struct event_subscriber *sub, const struct event *ev)
{
    struct watch *w = container_of(sub, struct watch, subscriber);
    w->events++;
    switch (ev->type) {
    case EVENT_PROCESS_STATE:
        watch_proc(w, ev);
        break;
    case EVENT_JOB_STATE:
        watch_job(w, ev);
        break;
    case EVENT_GROUP_ADDED:
    case EVENT_GROUP_REMOVED:
        watch_group(w, ev);
        break;
    case EVENT_PROCESS_NEWS:
    case EVENT_JOB_NEWS:
    case EVENT_SUPERVISOR_STATE:
    case EVENT_PROCESS_LOG:
    case EVENT_PROCESS_COMM:
    case EVENT_REMOTE:
    case EVENT_TICK:
    case EVENT_SHUTDOWN:
        break;
    }
}

/* --- The machine's side ---------------------------------------------------------------------- */

void watch_spawn(struct watch *w, const struct sim_child *child)
{
    struct seen *seen = &w->seen[child->owner];
    if (++seen->alive > 1)
        watch_fail(w, "%s lives twice", watch_config(seen)->name);
}

void watch_exit(struct watch *w, const struct sim_child *child)
{
    w->seen[child->owner].alive--;
}

void watch_asked(struct watch *w, const struct proc *p)
{
    watch_find(w, p->config->name)->asked = true;
}

/* --- A look at everything -------------------------------------------------------------------- */

static void watch_scan_child(const struct watch *w, const struct seen *seen, bool has_process)
{
    const struct child *c = seen->p ? &seen->p->child : &seen->job->child;
    const struct sim_child *sim = sim_find(w->sim, c->pid);
    int number = (int)(seen - w->seen);
    if (seen->alive != has_process || (c->pid != 0) != has_process)
        watch_fail(w, "%s: pid %d, %d alive, in its state there is %s", c->config->name,
                   (int)c->pid, seen->alive, has_process ? "one" : "none");
    if (has_process && (!sim || sim->owner != number))
        watch_fail(w, "%s has pid %d, which is not its process", c->config->name, (int)c->pid);
}

static void watch_scan_proc(const struct watch *w, const struct seen *seen, bool quiet)
{
    const struct proc *p = seen->p;
    const char *name = p->config->name;
    if (timer_armed(&p->timer) != (p->fsm.deadline != FSM_NEVER))
        watch_fail(w, "%s is %s, its timer %s", name, proc_state_name(p->fsm.state),
                   timer_armed(&p->timer) ? "is armed for nothing" : "is forgotten");
    if (timer_armed(&p->timer) && p->timer.due != p->fsm.deadline)
        watch_fail(w, "%s: its timer is not at its deadline", name);
    if (seen->state != (int)p->fsm.state)
        watch_fail(w, "%s is %s and nobody was told", name, proc_state_name(p->fsm.state));
    watch_scan_child(w, seen, proc_state_has_process(p->fsm.state));
    if (!quiet)
        return;
    if (timer_armed(&p->timer) && p->timer.due <= w->sim->now)
        watch_fail(w, "%s is %s beyond its deadline", name, proc_state_name(p->fsm.state));
    if (p->wanted && !w->stopping && !watch_gate(w, p->config))
        watch_fail(w, "%s waits and nothing is in the way", name);
}

static void watch_scan_job(const struct watch *w, const struct seen *seen, bool quiet)
{
    const struct job *job = seen->job;
    enum job_state state = job->state;
    bool has_process = state == JOB_RUNNING || state == JOB_ENDING || state == JOB_STOPPING;
    bool timed = state == JOB_RETRYING || state == JOB_ENDING || state == JOB_STOPPING ||
                 (state == JOB_RUNNING && job->config->timeout_ms > 0);
    if (timer_armed(&job->timer) != timed)
        watch_fail(w, "%s is %s, its timer is %sarmed", job->label, job_state_name(state),
                   timed ? "not " : "");
    watch_scan_child(w, seen, has_process);
    if (quiet)
        watch_scan_schedule(w, job);
    if (quiet && timed && job->timer.due <= w->sim->now)
        watch_fail(w, "%s is %s beyond its deadline", job->label, job_state_name(state));
    if (quiet && state == JOB_WAITING && !watch_job_gate(w, job))
        watch_fail(w, "%s waits and nothing is in the way", job->label);
}

void watch_scan(struct watch *w, bool quiet)
{
    for (size_t i = 0; i < world_numbers(w->world); i++) {
        const struct seen *seen = &w->seen[i];
        if (seen->p)
            watch_scan_proc(w, seen, quiet);
        else if (seen->job)
            watch_scan_job(w, seen, quiet);
        else if (seen->alive)
            watch_fail(w, "a process of number %zu lives and belongs to nobody", i);
    }
}

/* --- Life ------------------------------------------------------------------------------------ */

void watch_init(struct watch *w, struct sim_host *sim, struct world *world, struct supervisor *s,
                struct jobs *jobs)
{
    w->sim = sim;
    w->world = world;
    w->s = s;
    w->jobs = jobs;
    w->seen = mem_array(world_numbers(world), sizeof *w->seen);
    w->segment = host_wall(&sim->host);
    w->subscriber.on_event = on_event;
    event_bus_subscribe(s->bus, &w->subscriber);
}

void watch_jobs(struct watch *w)
{
    for (size_t i = 0; i < w->jobs->count; i++)
        watch_find(w, w->jobs->items[i]->label)->job = w->jobs->items[i];
}

void watch_close(struct watch *w)
{
    event_bus_unsubscribe(&w->subscriber);
    mem_free(w->seen);
}
