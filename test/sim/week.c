/*
 * A week of a machine with a thousand programs, and many short lives of small ones: crashes,
 * forks that fail, programs that do not listen, an operator who starts, stops, changes and
 * removes at random, and in the end a shutdown. test/sim/watch.c says what must hold.
 *
 * usage: week [--seed N [--programs N] [--jobs N] [--hours N]]
 */
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/log.h"
#include "base/mem.h"
#include "jobs/budget.h"
#include "jobs/shutdown.h"
#include "watch.h"

enum { SECOND = 1000, MINUTE = 60 * SECOND, HOUR = 60 * MINUTE };

struct plan {
    uint64_t seed;
    size_t programs, jobs;
    int64_t hours;
    int64_t pause_ms; /* mean time between two things that the operator does */
    uint32_t look;    /* everything is looked at every so many steps */
};

struct week {
    struct plan plan;
    struct sim_host sim; /* not first: container_of */
    struct event_bus bus;
    struct supervisor s;
    struct jobs jobs;
    struct shutdown shutdown;
    struct world world;
    struct watch watch;
    struct event_subscriber subscriber;
    char **updates; /* owned names of groups to be removed, and added when they still exist */
    size_t update_count;
    size_t restart; /* number of the process that is to start again, when it has stopped; 0: none */
    bool done;
    char replay[128];
};

static struct week *week_of(struct sim_host *sim)
{
    return container_of(sim, struct week, sim);
}

/* --- What the machine tells ----------------------------------------------------------------- */

static int on_owner_of(struct sim_host *sim, const char *name)
{
    int number = world_number(&week_of(sim)->world, name);
    if (number < 0)
        watch_fail(&week_of(sim)->watch, "'%s' is started, and there is no such thing", name);
    return number;
}

static void on_draw_fate(struct sim_host *sim, int owner, struct sim_fate *fate)
{
    world_draw_fate(&week_of(sim)->world, owner, fate);
}

static void on_spawn(struct sim_host *sim, const struct sim_child *child)
{
    watch_spawn(&week_of(sim)->watch, child);
}

static void on_kill(struct sim_host *sim, const struct sim_child *child, int number)
{
    const struct seen *seen = &week_of(sim)->watch.seen[child->owner];
    bool asked = seen->state == (seen->p ? (int)PROC_STOPPING : (int)JOB_STOPPING) ||
                 (seen->job && seen->state == JOB_ENDING);
    if ((number == SIGKILL || number == SIGTERM) && !asked)
        watch_fail(&week_of(sim)->watch, "signal %d reaches pid %d, which nobody has stopped",
                   number, (int)child->pid);
}

static void on_exit_of(struct sim_host *sim, const struct sim_child *child, int code, int status)
{
    struct week *w = week_of(sim);
    watch_exit(&w->watch, child);
    bool known = supervisor_exited(&w->s, child->pid, code, status) ||
                 jobs_exited(&w->jobs, child->pid, code, status);
    if (!known)
        watch_fail(&w->watch, "pid %d has ended and nobody knows it", (int)child->pid);
}

static void on_wrong(struct sim_host *sim, const char *sentence)
{
    watch_fail(&week_of(sim)->watch, "%s", sentence);
}

/* --- As main.c wires it ----------------------------------------------------------------------- */

static void on_all_stopped(struct supervisor *s)
{
    struct week *w = s->owner;
    w->watch.down = true;
    shutdown_look(&w->shutdown);
}

static void on_jobs_changed(struct jobs *j)
{
    struct week *w = j->owner;
    supervisor_settle(&w->s);
    shutdown_look(&w->shutdown);
}

static void on_event(struct event_subscriber *sub, const struct event *ev)
{
    struct week *w = container_of(sub, struct week, subscriber);
    if (ev->type == EVENT_GROUP_ADDED || ev->type == EVENT_GROUP_REMOVED)
        jobs_relink(&w->jobs);
    jobs_settle(&w->jobs);
    shutdown_look(&w->shutdown);
}

static void on_step(struct shutdown *sd)
{
    watch_step(&((struct week *)sd->owner)->watch, sd->step);
}

static void on_done(struct shutdown *sd)
{
    struct week *w = sd->owner;
    w->done = true;
}

/* The power stays on after all. */
static void on_resume(struct shutdown *sd)
{
    struct week *w = sd->owner;
    w->watch.stopping = w->watch.down = false;
}

static void week_open(struct week *w)
{
    struct sim_host *sim = &w->sim;
    sim_init(sim, w->plan.seed);
    sim->owner_of = on_owner_of;
    sim->draw_fate = on_draw_fate;
    sim->on_spawn = on_spawn;
    sim->on_kill = on_kill;
    sim->on_exit = on_exit_of;
    sim->on_wrong = on_wrong;
    world_init(&w->world, sim, w->plan.programs, w->plan.jobs);
    event_bus_init(&w->bus);
    supervisor_init(&w->s, &sim->host, &w->bus);
    w->s.on_all_stopped = on_all_stopped;
    jobs_init(&w->jobs, &sim->host, &w->bus, &w->s.graph);
    w->jobs.on_changed = on_jobs_changed;
    shutdown_init(&w->shutdown, &w->s, &w->jobs);
    w->shutdown.on_step = on_step;
    w->shutdown.on_done = on_done;
    w->shutdown.on_resume = on_resume;
    w->s.owner = w->jobs.owner = w->shutdown.owner = w;
    w->watch.seed = w->plan.seed;
    w->watch.replay = w->replay;
    watch_init(&w->watch, sim, &w->world, &w->s, &w->jobs);
    w->subscriber.on_event = on_event;
    event_bus_subscribe(&w->bus, &w->subscriber);
}

static void week_boot(struct week *w)
{
    struct config *config = world_config(&w->world);
    jobs_load(&w->jobs, config);
    watch_jobs(&w->watch);
    jobs_relink(&w->jobs);
    supervisor_load(&w->s, config);
    jobs_relink(&w->jobs);
    config_unref(config);
    jobs_start(&w->jobs, JOB_WHEN_BOOT);
    supervisor_autostart(&w->s);
}

static void week_close(struct week *w)
{
    event_bus_unsubscribe(&w->subscriber);
    shutdown_close(&w->shutdown);
    jobs_close(&w->jobs);
    supervisor_close(&w->s);
    if (timer_next(&w->sim.host.timers) >= 0)
        watch_fail(&w->watch, "a timer is armed after the end");
    if (!list_empty(&w->s.closing) || !list_empty(&w->s.graph.nodes))
        watch_fail(&w->watch, "something is left after the end");
    watch_close(&w->watch);
    world_close(&w->world);
    sim_close(&w->sim);
    for (size_t i = 0; i < w->update_count; i++)
        mem_free(w->updates[i]);
    mem_free(w->updates);
}

/* --- The operator ----------------------------------------------------------------------------- */

static struct proc *week_any(struct week *w)
{
    for (int tries = 0; tries < 20; tries++) {
        size_t number = sim_draw(&w->sim, (uint32_t)(w->world.program_count * WORLD_PROCS));
        if (w->watch.seen[number].p)
            return w->watch.seen[number].p;
    }
    return NULL;
}

static void week_start(struct week *w, struct proc *p)
{
    watch_asked(&w->watch, p);
    (void)proc_start(p);
}

static void week_update(struct week *w, const char *group)
{
    w->updates = mem_grow(w->updates, w->update_count + 1, sizeof *w->updates);
    w->updates[w->update_count++] = mem_strdup(group);
}

/* update: what has changed is stopped, removed, and added as it is now */
static void week_reread(struct week *w)
{
    world_change(&w->world);
    struct config *config = world_config(&w->world);
    supervisor_set_config(&w->s, config);
    config_unref(config);
    for (int i = 0; i < 3; i++) {
        struct proc *p = week_any(w);
        if (p)
            week_update(w, p->group->config->name);
    }
    for (size_t i = 0; i < config->group_count; i++) {
        if (!supervisor_find_group(&w->s, config->groups[i].name))
            week_update(w, config->groups[i].name);
    }
}

/* A process may have moved to another group, which must go before this one comes. */
static bool week_is_free(const struct week *w, const struct group_config *group)
{
    for (size_t i = 0; i < group->process_count; i++) {
        if (w->watch.seen[world_number(&w->world, group->processes[i].name)].p)
            return false;
    }
    return true;
}

/* One group of an update, one step further. True: it is through. */
static bool week_update_one(struct week *w, const char *name)
{
    struct pgroup *g = supervisor_find_group(&w->s, name);
    for (size_t i = 0; g && i < g->count; i++)
        (void)proc_stop(&g->procs[i]);
    if (g && supervisor_remove_group(&w->s, name) < 0)
        return false;
    const struct group_config *config = config_find_group(w->s.config, name);
    if (config && week_is_free(w, config))
        (void)supervisor_add_group(&w->s, name);
    return true;
}

static void week_poll(struct week *w)
{
    for (size_t i = 0; i < w->update_count; i++) {
        if (!week_update_one(w, w->updates[i]))
            continue;
        mem_free(w->updates[i]);
        w->updates[i--] = w->updates[--w->update_count];
    }
    struct proc *p = w->restart ? w->watch.seen[w->restart].p : NULL;
    if (p && !proc_state_is_stopped(p->fsm.state))
        return;
    if (p)
        week_start(w, p);
    w->restart = 0;
}

static void week_restart(struct week *w, struct proc *p)
{
    (void)proc_stop(p);
    w->restart = (size_t)world_number(&w->world, p->config->name);
}

static void week_describe(struct week *w, const struct proc *p)
{
    struct buf text = BUF_EMPTY;
    proc_describe(p, host_wall(&w->sim.host), &text);
    if (p->fsm.state == PROC_RUNNING && !p->wanted && !strstr(buf_str(&text), "uptime"))
        watch_fail(&w->watch, "%s runs and is described as '%s'", p->label, buf_str(&text));
    buf_close(&text);
}

static void week_of_groups(struct week *w, struct pgroup *g, bool start)
{
    for (size_t i = 0; i < g->count; i++) {
        if (start)
            week_start(w, &g->procs[i]);
        else
            (void)proc_stop(&g->procs[i]);
    }
}

static void week_of_jobs(struct week *w)
{
    if (w->jobs.count == 0)
        return;
    struct job *job = w->jobs.items[sim_draw(&w->sim, (uint32_t)w->jobs.count)];
    if (sim_chance(&w->sim, 4))
        (void)job_stop(job);
    else
        (void)job_run(job, JOB_BY_HAND, 0);
}

/* By a little, by half a day, by decades; a watch is told before and after. */
static void week_set_clock(struct week *w)
{
    static const int64_t reach[] = {1, 60, 720, 30000000}; /* minutes */
    int64_t wall = host_wall(&w->sim.host);
    int64_t jump = sim_between(&w->sim, -MINUTE, MINUTE) * reach[sim_draw(&w->sim, 4)];
    int64_t wrong = wall - SIM_WALL;
    if (wrong > INT64_C(10000) * HOUR || wrong < INT64_C(-10000) * HOUR)
        jump = -wrong; /* for long enough */
    watch_clock(&w->watch);
    w->watch.clock_sets++;
    w->watch.segment = wall + jump;
    sim_set_clock(&w->sim, jump);
}

static void week_operate(struct week *w)
{
    struct proc *p = week_any(w);
    uint32_t what = sim_draw(&w->sim, 100);
    if (!p)
        return;
    week_describe(w, p);
    if (what < 30)
        week_start(w, p);
    else if (what < 45)
        (void)proc_stop(p);
    else if (what < 58)
        week_restart(w, p);
    else if (what < 64)
        (void)proc_signal(p, sim_chance(&w->sim, 2) ? SIGHUP : SIGUSR1);
    else if (what < 72)
        week_of_groups(w, p->group, sim_chance(&w->sim, 2));
    else if (what < 84)
        week_of_jobs(w);
    else if (what < 88)
        week_reread(w);
    else if (what < 92)
        week_update(w, p->group->config->name);
    else if (what < 96)
        week_set_clock(w);
    else
        w->sim.now += sim_between(&w->sim, 0, MINUTE); /* the machine sleeps */
}

/* --- The run ---------------------------------------------------------------------------------- */

static void week_live(struct week *w, int64_t until)
{
    while (sim_step(&w->sim, until)) {
        if (w->sim.steps % w->plan.look == 0)
            watch_scan(&w->watch, sim_quiet(&w->sim));
        if (w->done)
            return;
    }
    watch_scan(&w->watch, true);
}

/* A stop of everything has begun: it must be over by then, but for the time that dying takes. */
static int64_t week_budget(struct week *w)
{
    int64_t left = budget_left(&w->shutdown, w->sim.now);
    int64_t dying = 30 * (int64_t)(world_numbers(&w->world) + 100);
    return left < BUDGET_FOREVER ? w->sim.now + left + dying : INT64_MAX;
}

/* A power-off that is cancelled, when all is down already or halfway. */
static void week_power(struct week *w)
{
    watch_note_up(&w->watch);
    watch_stop_all(&w->watch);
    shutdown_prepare(&w->shutdown, STOP_POWEROFF);
    int64_t limit = week_budget(w);
    int64_t patience = sim_chance(&w->sim, 2) ? 12 * HOUR : sim_between(&w->sim, 0, 20 * SECOND);
    int64_t until = w->sim.now + patience;
    while (!shutdown_prepared(&w->shutdown) && sim_step(&w->sim, until))
        watch_scan(&w->watch, false);
    if (w->sim.now > limit)
        watch_fail(&w->watch, "a stop takes longer than it may");
    if (patience > HOUR && !shutdown_prepared(&w->shutdown))
        watch_fail(&w->watch, "it is never down");
    shutdown_cancel(&w->shutdown);
    while (shutdown_under_way(&w->shutdown) && sim_step(&w->sim, w->sim.now + 12 * HOUR))
        watch_scan(&w->watch, false);
    watch_went_on(&w->watch);
}

static void week_run(struct week *w)
{
    int64_t end = w->sim.now + w->plan.hours * HOUR;
    while (w->sim.now < end) {
        int64_t pause = sim_between(&w->sim, 0, 2 * w->plan.pause_ms);
        bool busy = w->update_count || w->restart;
        week_live(w, w->sim.now + (busy && pause > SECOND ? SECOND : pause));
        week_poll(w);
        if (!busy || sim_chance(&w->sim, 10))
            week_operate(w);
        if (sim_chance(&w->sim, 200))
            week_power(w);
    }
}

static void week_end(struct week *w)
{
    watch_clock(&w->watch);
    watch_stop_all(&w->watch);
    shutdown_begin(&w->shutdown, SUPERVISOR_SHUTDOWN, STOP_STOP);
    int64_t limit = week_budget(w);
    week_live(w, w->sim.now + 12 * HOUR);
    if (w->sim.now > limit)
        watch_fail(&w->watch, "the shutdown takes longer than it may");
    if (!w->done)
        watch_fail(&w->watch, "the shutdown takes longer than 12 hours");
    watch_scan(&w->watch, false);
    if (w->sim.alive > 0 || !supervisor_all_stopped(&w->s) || !jobs_idle(&w->jobs))
        watch_fail(&w->watch, "after the shutdown %zu processes are left", w->sim.alive);
}

/* The number of steps it took. */
static uint64_t week_take(const struct plan *plan)
{
    struct week *w = mem_alloc(sizeof *w);
    w->plan = *plan;
    (void)snprintf(w->replay, sizeof w->replay,
                   "week --seed %" PRIu64 " --programs %zu --jobs %zu --hours %" PRId64, plan->seed,
                   plan->programs, plan->jobs, plan->hours);
    week_open(w);
    week_boot(w);
    week_run(w);
    week_end(w);
    const struct watch *seen = &w->watch;
    printf("ok seed %" PRIu64 ": %zu programs, %" PRId64 " h: %" PRIu64 " starts, %" PRIu64
           " restarts, %" PRIu64 " retries, %" PRIu64 " given up, %" PRIu64 " stopped, %" PRIu64
           " runs of jobs, %" PRIu64 " steps\n",
           plan->seed, plan->programs, plan->hours, seen->starts, seen->restarts, seen->retries,
           seen->gave_up, seen->stops, seen->runs, w->sim.steps);
    uint64_t steps = w->sim.steps;
    week_close(w);
    mem_free(w);
    return steps;
}

static struct plan plan_make(uint64_t seed, size_t programs, size_t jobs, int64_t hours)
{
    bool small = programs < 100;
    return (struct plan){.seed = seed,
                         .programs = programs,
                         .jobs = jobs,
                         .hours = hours,
                         .pause_ms = small ? 5 * SECOND : 10 * MINUTE,
                         .look = small ? 1 : 64};
}

int main(int argc, char **argv)
{
    struct plan plan = plan_make(0, 1000, 10, 168);
    for (int i = 1; i + 1 < argc; i += 2) {
        uint64_t n = strtoull(argv[i + 1], NULL, 10);
        if (strcmp(argv[i], "--seed") == 0)
            plan.seed = n;
        else if (strcmp(argv[i], "--programs") == 0)
            plan.programs = n;
        else if (strcmp(argv[i], "--jobs") == 0)
            plan.jobs = n;
        else if (strcmp(argv[i], "--hours") == 0)
            plan.hours = (int64_t)n;
    }
    log_set_level(LOG_LEVEL_CRITICAL);
    (void)setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3", 1);
    if (argc > 1) {
        plan = plan_make(plan.seed, plan.programs, plan.jobs, plan.hours);
        (void)week_take(&plan);
        return 0;
    }
    (void)week_take(&plan);
    uint64_t steps = 0;
    for (uint64_t seed = 1; seed <= 150; seed++) {
        plan = plan_make(seed, 1 + seed % 40, seed % 5, 6);
        steps = week_take(&plan);
    }
    bool same = week_take(&plan) == steps;
    printf("%s seed %" PRIu64 " replays\n", same ? "ok" : "not ok", plan.seed);
    return same ? 0 : 1;
}
