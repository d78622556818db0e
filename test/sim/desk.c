#include "desk.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/log.h"
#include "base/mem.h"

enum { DESK_PROGRAMS = 6, DESK_JOBS = 2, DESK_END_MS = 12 * 3600 * 1000, DESK_TURNS = 10000 };

void desk_must(bool holds)
{
    if (!holds)
        abort();
}

static struct desk *desk_of(struct sim_host *sim)
{
    return container_of(sim, struct desk, sim);
}

/* --- The machine ----------------------------------------------------------------------------- */

static int on_owner_of(struct sim_host *sim, const char *name)
{
    return world_number(&desk_of(sim)->world, name);
}

static void on_draw_fate(struct sim_host *sim, int owner, struct sim_fate *fate)
{
    world_draw_fate(&desk_of(sim)->world, owner, fate);
}

static void on_exit_of(struct sim_host *sim, const struct sim_child *child, int code, int status)
{
    struct desk *d = desk_of(sim);
    desk_must(supervisor_exited(&d->s, child->pid, code, status) ||
              jobs_exited(&d->jobs, child->pid, code, status));
}

static void on_wrong(struct sim_host *sim, const char *sentence)
{
    (void)sim;
    (void)fprintf(stderr, "%s\n", sentence);
    abort();
}

/* --- As main.c wires it ---------------------------------------------------------------------- */

static void on_all_stopped(struct supervisor *s)
{
    struct desk *d = s->owner;
    shutdown_look(&d->shutdown);
}

static void on_jobs_changed(struct jobs *j)
{
    struct desk *d = j->owner;
    supervisor_settle(&d->s);
    shutdown_look(&d->shutdown);
}

static void on_event(struct event_subscriber *sub, const struct event *ev)
{
    struct desk *d = container_of(sub, struct desk, subscriber);
    if (!event_is_change(ev))
        return;
    if (ev->type == EVENT_GROUP_ADDED || ev->type == EVENT_GROUP_REMOVED)
        jobs_relink(&d->jobs);
    jobs_settle(&d->jobs);
    shutdown_look(&d->shutdown);
}

static void on_down(struct shutdown *sd)
{
    struct desk *d = sd->owner;
    d->down = true;
}

static struct config *desk_config(struct desk *d)
{
    struct config *config = world_config(&d->world);
    config->identifier = "desk";
    config->logfile = "/var/log/desk.log";
    for (size_t i = 0; d->log && i < config->group_count; i++) {
        struct process_config *p = &config->groups[i].processes[0];
        p->out = (struct log_config){.kind = LOG_KIND_FILE, .path = d->log};
    }
    return config;
}

static void do_shutdown(void *owner)
{
    struct desk *d = owner;
    shutdown_begin(&d->shutdown, SUPERVISOR_SHUTDOWN, STOP_STOP);
}

static void do_restart(void *owner)
{
    (void)owner; /* as if the new configuration did not load */
}

static int do_reread(void *owner, struct config **out, struct err *e)
{
    struct desk *d = owner;
    if (sim_chance(&d->sim, 8))
        return err_set(e, -EINVAL, "x.conf:1: this does not load");
    world_change(&d->world);
    *out = desk_config(d);
    return 0;
}

/* Nothing is ever broken in part here: the same, with another use of it. */
static int do_reread_good(void *owner, const struct name_list *groups, struct config **out,
                          struct problem_list *left, struct err *e)
{
    (void)groups;
    (void)left;
    return do_reread(owner, out, e);
}

/* There is nothing else that it could become. */
static int do_upgrade(void *owner, const char *program, struct err *e)
{
    (void)owner;
    return err_set(e, -ENOENT, "no such program: %s", program ? program : "");
}

static json_t *do_daemon_info(void *owner)
{
    (void)owner;
    return json_pack("{s:s}", "version", "desk");
}

static const char *do_main_log(void *owner)
{
    struct desk *d = owner;
    return d->log;
}

static int do_clear_main_log(void *owner, struct err *e)
{
    struct desk *d = owner;
    return sim_chance(&d->sim, 2) ? err_set(e, -EACCES, "not this one") : 0;
}

static const struct control_host host = {
    .shutdown = do_shutdown,
    .restart = do_restart,
    .reread = do_reread,
    .reread_good = do_reread_good,
    .upgrade = do_upgrade,
    .daemon_info = do_daemon_info,
    .main_log = do_main_log,
    .clear_main_log = do_clear_main_log,
};

/* --- Up and down ----------------------------------------------------------------------------- */

static void desk_make(struct desk *d)
{
    struct sim_host *sim = &d->sim;
    sim_init(sim, 1);
    sim->owner_of = on_owner_of;
    sim->draw_fate = on_draw_fate;
    sim->on_exit = on_exit_of;
    sim->on_wrong = on_wrong;
    world_init(&d->world, sim, DESK_PROGRAMS, DESK_JOBS);
    event_bus_init(&d->bus);
    supervisor_init(&d->s, &sim->host, &d->bus);
    d->s.on_all_stopped = on_all_stopped;
    jobs_init(&d->jobs, &sim->host, &d->bus, &d->s.graph);
    d->jobs.on_changed = on_jobs_changed;
    shutdown_init(&d->shutdown, &d->s, &d->jobs);
    d->shutdown.on_done = on_down;
    d->s.owner = d->jobs.owner = d->shutdown.owner = d;
    d->subscriber.on_event = on_event;
    event_bus_subscribe(&d->bus, &d->subscriber);
}

void desk_open(struct desk *d, const char *log, struct server_config *server)
{
    struct err e;
    *d = (struct desk){.log = log};
    desk_must(uv_loop_init(&d->loop) == 0);
    desk_make(d);
    control_open(&d->control, &d->loop, &d->s, &d->jobs, &host, d);
    struct config *config = desk_config(d);
    jobs_load(&d->jobs, config);
    jobs_relink(&d->jobs);
    supervisor_load(&d->s, config);
    jobs_relink(&d->jobs);
    config->servers = server;
    config->server_count = server ? 1 : 0;
    desk_must(control_listen(&d->control, config, &e) == 0);
    config_unref(config);
    jobs_start(&d->jobs, JOB_WHEN_BOOT);
    supervisor_autostart(&d->s);
    desk_live(d, 0);
}

void desk_turn(struct desk *d)
{
    int turns = 0;
    do
        (void)uv_run(&d->loop, UV_RUN_NOWAIT);
    while (uv_loop_alive(&d->loop) && uv_backend_timeout(&d->loop) == 0 && ++turns < DESK_TURNS);
    desk_must(turns < DESK_TURNS);
}

void desk_live(struct desk *d, int64_t ms)
{
    int64_t until = d->sim.now + ms;
    while (sim_step(&d->sim, until) && !d->down)
        ;
}

static void on_control_closed(struct control *c)
{
    struct desk *d = container_of(c, struct desk, control);
    d->closed = true;
}

void desk_close(struct desk *d)
{
    shutdown_begin(&d->shutdown, SUPERVISOR_SHUTDOWN, STOP_STOP);
    desk_live(d, DESK_END_MS);
    desk_must(d->down && d->sim.alive == 0 && supervisor_all_stopped(&d->s));
    control_close(&d->control, on_control_closed);
    (void)uv_run(&d->loop, UV_RUN_DEFAULT);
    desk_must(d->closed && uv_loop_close(&d->loop) == 0);
    event_bus_unsubscribe(&d->subscriber);
    shutdown_close(&d->shutdown);
    jobs_close(&d->jobs);
    supervisor_close(&d->s);
    desk_must(list_empty(&d->s.closing) && timer_next(&d->sim.host.timers) < 0);
    world_close(&d->world);
    sim_close(&d->sim);
}
