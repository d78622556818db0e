/*
 * mainstayd: wiring only. The one file that sees every layer: it makes the parts, tells each of
 * the others, and lets the loop run. What is decided is decided elsewhere.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <uv.h>

#include "base/list.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/parse.h"
#include "config/check.h"
#include "config/diff.h"
#include "config/doc.h"
#include "config/load.h"
#include "engine/closer.h"
#include "engine/daemon.h"
#include "jobs/essential.h"
#include "mainstay.h"
#include "output/autolog.h"
#include "output/catalog.h"
#include "output/journal.h"
#include "systemd/sweep.h"

static const int mainstay_signal_numbers[MAINSTAY_SIGNALS] = {SIGTERM, SIGINT,  SIGQUIT, SIGPWR,
                                                              SIGHUP,  SIGUSR1, SIGUSR2};

/* --- Configuration ------------------------------------------------------------------------- */

int mainstay_read_config(struct mainstay *m, struct config **out, struct err *e)
{
    struct problem_list problems;
    problem_list_init(&problems);
    int rc = config_load(&m->cmdline.load, out, &problems, e);
    startlog_problems(&problems);
    problem_list_close(&problems);
    return rc;
}

/* Also of one after SIGHUP. */
void mainstay_log_started(const struct mainstay *m)
{
    if (m->pidfile.fd < 0)
        log_critical("could not write pidfile %s", m->config->pidfile);
    else
        log_info("supervisord started with pid %d", (int)getpid());
}

int mainstay_open_log(struct mainstay *m, struct err *e)
{
    struct mainlog_options o = {.path = m->config->logfile,
                                .maxbytes = m->config->logfile_maxbytes,
                                .backups = m->config->logfile_backups,
                                .to_stdout = m->config->nodaemon && !m->config->silent};
    log_set_level((enum log_level)m->config->loglevel);
    return mainlog_open(&m->mainlog, &o, e);
}

static void mainstay_tell_url(struct mainstay *m)
{
    mem_free(m->server_url);
    m->server_url = config_server_url(m->config);
    m->supervisor.spawn_context.server_url = m->server_url;
    m->jobs.spawn_context.server_url = m->server_url;
}

/* Of what outlives the daemon; the caller's. NULL: there is none. */
static char *mainstay_state_folder(const struct mainstay *m)
{
    const char *given = getenv("STATE_DIRECTORY"); /* by systemd; several are separated by colons */
    if (m->config->statedir)
        return mem_strdup(m->config->statedir);
    return given ? mem_printf("%.*s", (int)strcspn(given, ":"), given) : NULL;
}

static void mainstay_open_history(struct mainstay *m)
{
    char *folder = mainstay_state_folder(m);
    history_open(&m->history, folder);
    m->jobs.history = &m->history;
    memo_open(&m->memo, folder);
    m->jobs.memo = &m->memo;
    if (m->arrears.jobs)
        arrears_move(&m->arrears, folder);
    else
        arrears_open(&m->arrears, &m->shutdown, &m->bus, folder);
    power_keep(&m->power, folder);
    mem_free(folder);
}

/* --- Up ------------------------------------------------------------------------------------ */

void mainstay_run_config(struct mainstay *m)
{
    if (!m->config->nocleanup) {
        struct err e;
        if (autolog_clean(m->config->childlogdir, m->config->identifier, &e) < 0)
            log_warn("Could not clear childlog dir: %s", e.text);
    }
    jobs_load(&m->jobs, m->config);
    jobs_relink(&m->jobs);
    supervisor_load(&m->supervisor, m->config);
    jobs_relink(&m->jobs);
    keeper_begin(&m->keeper);
    jobs_start(&m->jobs, JOB_WHEN_BOOT);
    arrears_begin(&m->arrears, !m->arrears.known);
    supervisor_autostart(&m->supervisor);
    bridge_look(&m->bridge); /* with nothing to start, nothing would happen that makes it look */
}

/* Everything of the old configuration is down: the new one goes up. */
static void mainstay_restart(struct mainstay *m)
{
    struct err e;
    keeper_rest(&m->keeper);
    jobs_unload(&m->jobs);
    supervisor_unload(&m->supervisor);
    config_unref(m->config);
    m->config = m->whole.config = m->next;
    m->next = NULL;
    const char *fixed = config_fixed_change(m->first, m->config);
    life_change(&m->life, m->config);
    mainlog_close(&m->mainlog);
    if (mainstay_open_log(m, &e) < 0)
        log_error("%s: the log goes to standard error", e.text);
    shutdown_again(&m->shutdown);
    bridge_reloaded(&m->bridge);
    daemon_warn_root(m->config);
    startlog_included(m->config);
    daemon_log_user(m->config);
    control_change(&m->control, m->config);
    mainstay_tell_url(m);
    history_close(&m->history);
    memo_close(&m->memo);
    mainstay_open_history(m);
    control_announce(&m->control);
    mainstay_log_started(m);
    if (fixed)
        log_warn("'%s' has changed: a reload does not do that, restart mainstayd itself", fixed);
    mainstay_run_config(m);
}

/* --- Down ---------------------------------------------------------------------------------- */

static void on_control_closed(struct control *c)
{
    struct mainstay *m = container_of(c, struct mainstay, control);
    bridge_last_words(&m->bridge, m->exit);
    power_close(&m->power);
    bridge_close(&m->bridge);
    upgrade_close(&m->upgrade);
    keeper_close(&m->keeper);
    reaper_close(&m->reaper);
    supervisor_unload(&m->supervisor);
    supervisor_abandon(&m->supervisor);
    machine_close(&m->machine);
    journal_close();
    for (int i = 0; i < MAINSTAY_SIGNALS; i++)
        uv_close((uv_handle_t *)&m->signals[i], NULL);
}

static void on_shutdown_done(struct shutdown *sd)
{
    struct mainstay *m = container_of(sd, struct mainstay, shutdown);
    cgroups_end(&m->cgroups);
    if (m->supervisor.state == SUPERVISOR_RESTARTING)
        mainstay_restart(m);
    else
        control_close(&m->control, on_control_closed);
}

static void mainstay_begin_shutdown(struct mainstay *m, enum stop_reason why)
{
    bridge_stopping(&m->bridge);
    shutdown_begin(&m->shutdown, SUPERVISOR_SHUTDOWN, why);
}

static void mainstay_asked_to_end(void *owner)
{
    mainstay_begin_shutdown(owner, reason_here());
}

/* A configuration that does not load changes nothing. */
static void mainstay_begin_restart(void *owner)
{
    struct mainstay *m = owner;
    struct config *next;
    struct err e;
    if (m->supervisor.state == SUPERVISOR_RESTARTING)
        bridge_reloading(&m->bridge); /* it goes on, and whoever asks again is to know */
    if (shutdown_under_way(&m->shutdown))
        return;
    config_unref(m->next); /* of a restart that a power-off came before */
    m->next = NULL;
    if (mainstay_read_config(m, &next, &e) < 0) {
        log_error("the restart is refused, everything stays as it is: %s", e.text);
        bridge_refused(&m->bridge);
        return;
    }
    m->next = next;
    bridge_reloading(&m->bridge);
    shutdown_begin(&m->shutdown, SUPERVISOR_RESTARTING, STOP_NOT_KNOWN);
}

/* The daemon before us had begun it, and crashed. */
void mainstay_begin_again(struct mainstay *m, enum supervisor_state what)
{
    if (what == SUPERVISOR_RESTARTING)
        mainstay_begin_restart(m);
    else
        mainstay_begin_shutdown(m, STOP_NOT_KNOWN);
}

/* --- What the others ask of the owner of everything ---------------------------------------- */

static int mainstay_reread(void *owner, struct config **out, struct err *e)
{
    return mainstay_read_config(owner, out, e);
}

static int mainstay_reread_good(void *owner, const struct name_list *groups, struct config **out,
                                struct problem_list *left, struct err *e)
{
    struct mainstay *m = owner;
    int rc = config_load_good(&m->cmdline.load, groups, out, left, e);
    startlog_problems(left);
    return rc;
}

static int mainstay_upgrade(void *owner, const char *program, struct err *e)
{
    struct mainstay *m = owner;
    return upgrade_begin(&m->upgrade, program, e);
}

static json_t *mainstay_info(void *owner)
{
    const struct mainstay *m = owner;
    struct buf waits = BUF_EMPTY;
    shutdown_describe(&m->shutdown, &waits);
    json_t *info =
        json_pack("{s:s, s:i, s:I, s:I, s:s, s:b, s:s, s:s}", "version", MAINSTAY_VERSION, "pid",
                  (int)getpid(), "start", (json_int_t)(m->whole.began_wall / 1000), "upgrades",
                  (json_int_t)m->whole.upgrades, "refused", m->upgrade.refused, "stopping",
                  shutdown_under_way(&m->shutdown), "reason",
                  stop_reason_name(shutdown_reason(&m->shutdown)), "waits", buf_str(&waits));
    buf_close(&waits);
    return info;
}

static const char *mainstay_main_log(void *owner)
{
    struct mainstay *m = owner;
    return mainlog_path(&m->mainlog);
}

static int mainstay_clear_main_log(void *owner, struct err *e)
{
    struct mainstay *m = owner;
    return mainlog_clear(&m->mainlog, e);
}

static const struct control_host mainstay_control_host = {
    .shutdown = mainstay_asked_to_end,
    .restart = mainstay_begin_restart,
    .reread = mainstay_reread,
    .reread_good = mainstay_reread_good,
    .upgrade = mainstay_upgrade,
    .daemon_info = mainstay_info,
    .main_log = mainstay_main_log,
    .clear_main_log = mainstay_clear_main_log,
};

/* --- What happens -------------------------------------------------------------------------- */

static void on_exit_of(struct reaper *r, pid_t pid, int code, int status)
{
    struct mainstay *m = container_of(r, struct mainstay, reaper);
    char how[64];
    if (supervisor_exited(&m->supervisor, pid, code, status) ||
        jobs_exited(&m->jobs, pid, code, status) ||
        upgrade_exited(&m->upgrade, pid, code, status) ||
        power_exited(&m->power, pid, code, status) || closer_exited(pid) ||
        scope_exited(&m->bridge.scope, pid))
        return;
    reaper_describe(code, status, how, sizeof how);
    log_info("reaped unknown pid %d (%s)", (int)pid, how);
}

static void mainstay_look_essential(struct mainstay *m, const struct event *ev)
{
    char *why = shutdown_under_way(&m->shutdown) ? NULL : essential_lost(&m->supervisor, ev);
    if (!why)
        return;
    log_critical("%s: everything is stopped", why);
    m->exit = DAEMON_EXIT_ESSENTIAL;
    bridge_failed(&m->bridge, why);
    mem_free(why);
    mainstay_begin_shutdown(m, STOP_FAILURE);
}

static void on_event(struct event_subscriber *sub, const struct event *ev)
{
    struct mainstay *m = container_of(sub, struct mainstay, subscriber);
    if (!event_is_change(ev))
        return;
    if (ev->type == EVENT_GROUP_ADDED || ev->type == EVENT_GROUP_REMOVED) {
        jobs_relink(&m->jobs);
        bridge_updating(&m->bridge);
    }
    mainstay_look_essential(m, ev);
    jobs_settle(&m->jobs);
    shutdown_look(&m->shutdown);
    bridge_look(&m->bridge);
}

static void on_jobs_changed(struct jobs *j)
{
    struct mainstay *m = container_of(j, struct mainstay, jobs);
    supervisor_settle(&m->supervisor);
    shutdown_look(&m->shutdown);
    bridge_look(&m->bridge);
    arrears_look(&m->arrears);
    if (m->power.holder[0]) /* the job may have been who put it off */
        power_ask_again(&m->power);
}

static void on_jobs_wall(struct jobs *j)
{
    power_look(&container_of(j, struct mainstay, jobs)->power);
}

static void on_power_exit(struct power *p)
{
    mainstay_begin_shutdown(container_of(p, struct mainstay, power), STOP_EXIT);
}

static void on_power_news(struct power *p)
{
    bridge_look(&container_of(p, struct mainstay, power)->bridge);
}

static void on_jobs_news(struct jobs *j)
{
    bridge_look(&container_of(j, struct mainstay, jobs)->bridge);
}

static void mainstay_reopen_logs(struct mainstay *m)
{
    struct err e;
    log_info("supervisord logreopen");
    if (mainlog_reopen(&m->mainlog, &e) < 0)
        log_error("%s", e.text);
    supervisor_reopen_logs(&m->supervisor);
}

static void on_signal(uv_signal_t *handle, int number)
{
    struct mainstay *m = handle->data;
    char name[16];
    struct err e;
    (void)parse_signal_name(number, name, sizeof name);
    if (number == SIGUSR1) {
        log_info("received %s indicating upgrade request", name);
        if (upgrade_begin(&m->upgrade, NULL, &e) < 0)
            log_error("the upgrade is refused: %s", e.text);
    } else if (number == SIGUSR2) {
        log_info("received %s indicating log reopen request", name);
        mainstay_reopen_logs(m);
    } else if (number == SIGHUP && m->supervisor.state == SUPERVISOR_SHUTDOWN) {
        log_warn("ignored SIGHUP indicating restart request (shutdown in progress)");
    } else if (number == SIGHUP) {
        log_warn("received SIGHUP indicating restart request");
        mainstay_begin_restart(m);
    } else {
        log_warn("received %s indicating exit request", name);
        mainstay_begin_shutdown(m, STOP_NOT_KNOWN);
    }
}

/* --- Parts --------------------------------------------------------------------------------- */

int mainstay_open_loop(struct mainstay *m, struct err *e)
{
    int rc = uv_loop_init(&m->loop);
    if (rc == 0)
        rc = machine_open(&m->machine, &m->loop);
    if (rc == 0)
        rc = reaper_open(&m->reaper, &m->loop, on_exit_of);
    for (int i = 0; rc == 0 && i < MAINSTAY_SIGNALS; i++) {
        rc = uv_signal_init(&m->loop, &m->signals[i]);
        m->signals[i].data = m;
        if (rc == 0)
            rc = uv_signal_start(&m->signals[i], on_signal, mainstay_signal_numbers[i]);
    }
    if (rc < 0)
        return err_set(e, rc, "cannot set up the event loop: %s", uv_strerror(rc));
    daemon_hear_signals();
    return 0;
}

void mainstay_make_parts(struct mainstay *m)
{
    struct spawn_context spawn = {.program_folder = daemon_program_folder(&m->arena)};
    cgroups_open(&m->cgroups, &m->machine.host);
    m->machine.host.cgroups = &m->cgroups;
    event_bus_init(&m->bus);
    supervisor_init(&m->supervisor, &m->machine.host, &m->bus);
    m->supervisor.spawn_context = spawn;
    jobs_init(&m->jobs, &m->machine.host, &m->bus, &m->supervisor.graph);
    m->jobs.spawn_context = spawn;
    m->jobs.machine = jitter_machine();
    m->jobs.on_changed = on_jobs_changed;
    m->jobs.on_news = on_jobs_news;
    m->jobs.on_wall = on_jobs_wall;
    mainstay_tell_url(m);
    shutdown_init(&m->shutdown, &m->supervisor, &m->jobs);
    m->shutdown.on_done = on_shutdown_done;
    power_init(&m->power, &m->jobs, &m->shutdown);
    mainstay_open_history(m);
    m->power.on_exit = on_power_exit;
    m->power.on_news = on_power_news;
    m->machine.host.inherited = &m->inherited;
    m->machine.host.reaper = &m->reaper;
    control_open(&m->control, &m->loop, &m->supervisor, &m->jobs, &mainstay_control_host, m);
    m->control.inherited = &m->inherited;
    m->control.power = &m->power;
    bridge_open(&m->bridge, &m->loop, &m->supervisor, &m->jobs, &m->shutdown);
    bridge_use_power(&m->bridge, &m->power);
    journal_open(&m->loop);
    life_open(&m->life, &m->bus, m->config);
    m->whole.supervisor = &m->supervisor;
    m->whole.jobs = &m->jobs;
    m->whole.control = &m->control;
    m->whole.power = &m->power;
    m->whole.inherited = &m->inherited;
    m->upgrade = (struct upgrade){.whole = &m->whole,
                                  .control = &m->control,
                                  .shutdown = &m->shutdown,
                                  .bridge = &m->bridge,
                                  .argv = m->argv};
    upgrade_init(&m->upgrade, &m->machine.host);
    m->subscriber.on_event = on_event;
    event_bus_subscribe(&m->bus, &m->subscriber);
}

int main(int argc, char **argv)
{
    static struct mainstay mainstay; /* zeroed; libuv's handles live in it */
    struct err e;
    int rc = 0;
    if (cmdline_parse(&mainstay.cmdline, argc, argv, &e) < 0) {
        (void)fprintf(stderr, "Error: %s\nFor help, use %s -h\n", e.text, argv[0]);
        cmdline_close(&mainstay.cmdline);
        return 2;
    }
    switch (mainstay.cmdline.action) {
    case CMDLINE_HELP:
        cmdline_help(stdout, argv[0]);
        break;
    case CMDLINE_VERSION:
        (void)puts(mainstay.cmdline.load.as_supervisor ? CONTROL_SUPERVISOR_VERSION
                                                       : MAINSTAY_VERSION);
        break;
    case CMDLINE_CHECK:
        rc = check_main(&mainstay.cmdline.load, mainstay_check, stdout);
        break;
    case CMDLINE_DUMP:
        rc = dump_main(&mainstay.cmdline.load, stdout);
        break;
    case CMDLINE_KEYS:
        rc = doc_main(stdout);
        break;
    case CMDLINE_CATALOG:
        rc = catalog_main(stdout);
        break;
    case CMDLINE_HANDOVER:
        rc = predecessor_check_main(mainstay.cmdline.handover, stdout);
        break;
    case CMDLINE_SWEEP:
        rc = sweep_main();
        break;
    case CMDLINE_RUN:
        rc = mainstay_main(&mainstay, argv);
        break;
    }
    cmdline_close(&mainstay.cmdline);
    return rc;
}
