/*
 * mainstayd: wiring only. The one file that sees every layer: it makes the parts, tells each of
 * the others, and lets the loop run. What is decided is decided elsewhere.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <uv.h>

#include "base/fd.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/parse.h"
#include "config/check.h"
#include "config/cmdline.h"
#include "config/diff.h"
#include "config/doc.h"
#include "config/load.h"
#include "control/control.h"
#include "engine/daemon.h"
#include "engine/inherited.h"
#include "engine/machine.h"
#include "engine/pidfile.h"
#include "engine/reaper.h"
#include "engine/startlog.h"
#include "engine/supervisor.h"
#include "jobs/essential.h"
#include "jobs/job.h"
#include "jobs/shutdown.h"
#include "output/autolog.h"
#include "output/catalog.h"
#include "output/journal.h"
#include "output/mainlog.h"
#include "systemd/bridge.h"
#include "systemd/life.h"

/* What the daemon listens to besides SIGCHLD, which is the reaper's. */
enum {
    MAINSTAY_SIGNALS = 6,
};
static const int mainstay_signal_numbers[MAINSTAY_SIGNALS] = {SIGTERM, SIGINT,  SIGQUIT,
                                                              SIGHUP,  SIGUSR1, SIGUSR2};

struct mainstay {
    uv_loop_t loop;
    struct arena arena; /* lives as long as the daemon */
    struct cmdline cmdline;
    struct config *config; /* what runs */
    struct config *first;  /* what the daemon was started with: some of it stays */
    struct config *next;   /* what a restart of everything will run; NULL: none is under way */
    char *server_url;      /* what children are told; owned */
    struct pidfile pidfile;
    struct mainlog mainlog;
    struct inherited inherited;
    struct machine machine;
    struct cgroups cgroups;
    struct reaper reaper;
    struct event_bus bus;
    struct supervisor supervisor;
    struct jobs jobs;
    struct shutdown shutdown;
    struct control control;
    struct bridge bridge;
    struct life life;
    struct event_subscriber subscriber;
    uv_signal_t signals[MAINSTAY_SIGNALS];
    struct startlog startlog;
    enum daemon_exit exit;
    int told; /* where the parent waits to hear that we are up; -1 */
};

/* --- Configuration ------------------------------------------------------------------------- */

/* Loads the file anew; what is wrong with it is in `e`, and all that is odd is logged. */
static int mainstay_read_config(struct mainstay *m, struct config **out, struct err *e)
{
    struct problem_list problems;
    problem_list_init(&problems);
    int rc = config_load(&m->cmdline.load, out, &problems, e);
    startlog_problems(&problems);
    problem_list_close(&problems);
    return rc;
}

/* The last line of the start, also of one after SIGHUP. */
static void mainstay_log_started(const struct mainstay *m)
{
    if (m->pidfile.fd < 0)
        log_critical("could not write pidfile %s", m->config->pidfile);
    else
        log_info("supervisord started with pid %d", (int)getpid());
}

static int mainstay_open_log(struct mainstay *m, struct err *e)
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

/* --- Up ------------------------------------------------------------------------------------ */

static void mainstay_run_config(struct mainstay *m)
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
    jobs_start(&m->jobs, JOB_WHEN_BOOT);
    supervisor_autostart(&m->supervisor);
    bridge_look(&m->bridge); /* with nothing to start, nothing would happen that makes it look */
}

/* Everything of the old configuration is down: the new one goes up. */
static void mainstay_restart(struct mainstay *m)
{
    struct err e;
    jobs_unload(&m->jobs);
    supervisor_unload(&m->supervisor);
    config_unref(m->config);
    m->config = m->next;
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
    bridge_close(&m->bridge);
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

static void mainstay_begin_shutdown(void *owner)
{
    struct mainstay *m = owner;
    bridge_stopping(&m->bridge);
    shutdown_begin(&m->shutdown, SUPERVISOR_SHUTDOWN);
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
    shutdown_begin(&m->shutdown, SUPERVISOR_RESTARTING);
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
    .shutdown = mainstay_begin_shutdown,
    .restart = mainstay_begin_restart,
    .reread = mainstay_reread,
    .reread_good = mainstay_reread_good,
    .main_log = mainstay_main_log,
    .clear_main_log = mainstay_clear_main_log,
};

/* --- What happens -------------------------------------------------------------------------- */

static void on_exit_of(struct reaper *r, pid_t pid, int code, int status)
{
    struct mainstay *m = container_of(r, struct mainstay, reaper);
    char how[64];
    if (supervisor_exited(&m->supervisor, pid, code, status) ||
        jobs_exited(&m->jobs, pid, code, status))
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
    mainstay_begin_shutdown(m);
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
    (void)parse_signal_name(number, name, sizeof name);
    if (number == SIGUSR1 || number == SIGUSR2) {
        log_info("received %s indicating log reopen request", name);
        mainstay_reopen_logs(m);
    } else if (number == SIGHUP && m->supervisor.state == SUPERVISOR_SHUTDOWN) {
        log_warn("ignored SIGHUP indicating restart request (shutdown in progress)");
    } else if (number == SIGHUP) {
        log_warn("received SIGHUP indicating restart request");
        mainstay_begin_restart(m);
    } else {
        log_warn("received %s indicating exit request", name);
        mainstay_begin_shutdown(m);
    }
}

/* --- Start --------------------------------------------------------------------------------- */

static int mainstay_open_loop(struct mainstay *m, struct err *e)
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
    return rc == 0 ? 0 : err_set(e, rc, "cannot set up the event loop: %s", uv_strerror(rc));
}

static void mainstay_make_parts(struct mainstay *m)
{
    m->first = config_ref(m->config);
    struct spawn_context spawn = {.program_folder = daemon_program_folder(&m->arena)};
    cgroups_open(&m->cgroups, &m->machine.host);
    m->machine.host.cgroups = &m->cgroups;
    event_bus_init(&m->bus);
    supervisor_init(&m->supervisor, &m->machine.host, &m->bus);
    m->supervisor.spawn_context = spawn;
    jobs_init(&m->jobs, &m->machine.host, &m->bus, &m->supervisor.graph);
    m->jobs.spawn_context = spawn;
    m->jobs.on_changed = on_jobs_changed;
    mainstay_tell_url(m);
    shutdown_init(&m->shutdown, &m->supervisor, &m->jobs);
    m->shutdown.on_done = on_shutdown_done;
    m->machine.host.inherited = &m->inherited;
    control_open(&m->control, &m->loop, &m->supervisor, &m->jobs, &mainstay_control_host, m);
    m->control.inherited = &m->inherited;
    bridge_open(&m->bridge, &m->loop, &m->supervisor, &m->jobs, &m->shutdown);
    journal_open(&m->loop);
    life_open(&m->life, &m->bus, m->config);
    m->subscriber.on_event = on_event;
    event_bus_subscribe(&m->bus, &m->subscriber);
}

/* One that cannot be written is no reason to stay down; one that belongs to another is. */
static int mainstay_take_pidfile(struct mainstay *m, struct err *e)
{
    mode_t before = m->config->nodaemon ? umask(022) : umask((mode_t)m->config->umask);
    if (m->config->nodaemon)
        (void)umask(before);
    int rc = pidfile_take(&m->pidfile, m->config->pidfile, e);
    (void)umask(before);
    if (rc == 0 && m->config->uid != CONFIG_UNSET)
        pidfile_give(&m->pidfile, (uid_t)m->config->uid, (gid_t)m->config->gid);
    return rc == -EEXIST ? rc : 0;
}

/* All that can go wrong goes wrong here, before anything runs. */
static int mainstay_start(struct mainstay *m, struct err *e)
{
    int rc = daemon_prepare(e);
    if (rc == 0)
        rc = mainstay_read_config(m, &m->config, e);
    if (rc == 0 && !m->config->nodaemon)
        rc = daemon_detach(&m->told, e);
    if (rc == 0)
        rc = mainstay_take_pidfile(m, e);
    if (rc == 0)
        startlog_included(m->config);
    if (rc == 0)
        rc = daemon_become(m->config, e);
    if (rc == 0)
        rc = daemon_raise_limits(m->config, e);
    if (rc == 0)
        rc = mainstay_open_log(m, e);
    if (rc == 0)
        rc = mainstay_open_loop(m, e);
    if (rc < 0)
        return rc;
    mainstay_make_parts(m);
    rc = control_listen(&m->control, m->config, e);
    if (rc < 0)
        return rc; /* the log may be that of the daemon which listens already: nothing is said */
    startlog_tell(&m->startlog);
    control_announce(&m->control);
    if (!m->config->nodaemon)
        daemon_enter_folder(m->config);
    return 0;
}

static void mainstay_end(struct mainstay *m)
{
    jobs_close(&m->jobs);
    supervisor_close(&m->supervisor);
    shutdown_close(&m->shutdown);
    cgroups_close(&m->cgroups);
    host_close(&m->machine.host);
    int rc = uv_loop_close(&m->loop);
    if (rc < 0)
        log_error("the event loop still had work at the end: %s", uv_strerror(rc));
    inherited_close(&m->inherited);
    pidfile_drop(&m->pidfile);
    life_stopped(&m->life);
    mainlog_close(&m->mainlog);
    journal_finish(LIMIT_JOURNAL_END_MS);
    config_unref(m->config);
    config_unref(m->next);
    config_unref(m->first);
    mem_free(m->server_url);
    arena_close(&m->arena);
}

static int mainstay_refuse(struct mainstay *m, const char *program, int rc, const struct err *e)
{
    notify_refused(e->text, DAEMON_EXIT_REFUSED, -rc);
    char *text = mem_printf("Error: %s\nFor help, use %s -h", e->text, program);
    if (m->told >= 0)
        daemon_tell(&m->told, text);
    else
        (void)fprintf(stderr, "%s\n", text);
    mem_free(text);
    startlog_close(&m->startlog);
    log_set_writer(NULL, NULL);
    pidfile_drop(&m->pidfile);
    return DAEMON_EXIT_REFUSED;
}

static int mainstay_main(struct mainstay *m, const char *program)
{
    struct err e;
    m->told = -1;
    m->pidfile.fd = -1;
    arena_init(&m->arena);
    startlog_begin(&m->startlog);
    inherited_read(&m->inherited);
    int rc = mainstay_start(m, &e);
    if (rc < 0)
        return mainstay_refuse(m, program, rc, &e);
    mainstay_log_started(m);
    (void)cgroups_sweep(&m->cgroups);
    mainstay_run_config(m);
    inherited_settle(&m->inherited);
    daemon_tell(&m->told, NULL);
    daemon_trim();
    reaper_look(&m->reaper);
    /* From here on, we must not die. */
    (void)uv_run(&m->loop, UV_RUN_DEFAULT);
    mainstay_end(m);
    return m->exit;
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
        rc = check_main(&mainstay.cmdline.load, patience_check, stdout);
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
    case CMDLINE_RUN:
        rc = mainstay_main(&mainstay, argv[0]);
        break;
    }
    cmdline_close(&mainstay.cmdline);
    return rc;
}
