/* How mainstayd begins, also as a new version of itself, and how it ends. */
#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/mem.h"
#include "engine/commands.h"
#include "mainstay.h"
#include "output/journal.h"

/* Of the version before us: what it was, instead of what the files say now. */
static int mainstay_inherit(struct mainstay *m)
{
    struct predecessor *p = &m->predecessor;
    adopt_daemon(&p->adoption, &m->whole, &p->numbers.carrier);
    adopt_servers(&p->adoption, &m->inherited, &p->numbers.carrier);
    m->config = config_ref(m->whole.config);
    m->first = config_ref(m->whole.first);
    pidfile_adopt(&m->pidfile, m->first->pidfile, m->whole.pidfile);
    kept_inherit(&m->recovery.kept, &m->whole);
    return 0;
}

/* What ran before the crash, instead of what the files say now. */
static int mainstay_recall(struct mainstay *m)
{
    struct recovery *r = &m->recovery;
    adopt_daemon(&r->adoption, &m->whole, &r->carrier);
    adopt_servers(&r->adoption, &m->inherited, &r->carrier);
    m->config = config_ref(m->whole.config);
    m->first = config_ref(m->whole.first);
    return 0;
}

static int mainstay_choose_config(struct mainstay *m, struct err *e)
{
    if (m->recovery.taken)
        return mainstay_recall(m);
    int rc = mainstay_read_config(m, &m->config, e);
    if (rc < 0)
        return rc;
    m->first = config_ref(m->config);
    m->whole = (struct whole){.first = m->first,
                              .config = m->config,
                              .folder = getcwd(NULL, 0),
                              .program = upgrade_program(m->argv[0]),
                              .journal = -1,
                              .kept = {-1, -1, -1},
                              .began_wall = clock_wall()};
    return 0;
}

/* A process that begins: it goes to the background, and becomes who it is to be. */
static int mainstay_begin(struct mainstay *m, struct err *e)
{
    int rc = mainstay_choose_config(m, e);
    if (rc < 0)
        return rc;
    if (!m->config->nodaemon)
        rc = daemon_detach(&m->told, e);
    if (rc == 0)
        rc = pidfile_take_configured(&m->pidfile, m->config, e);
    m->whole.pidfile = m->pidfile.fd;
    if (rc == 0)
        startlog_included(m->config);
    if (rc == 0)
        rc = daemon_become(m->config, e);
    return rc == 0 ? daemon_raise_limits(m->config, e) : rc;
}

static bool mainstay_takes_over(const struct mainstay *m)
{
    return m->predecessor.taken || m->recovery.taken;
}

/* Who has taken over has programs to look after: it goes on without a log. */
static int mainstay_open_first_log(struct mainstay *m, struct err *e)
{
    int rc = mainstay_open_log(m, e);
    if (rc == 0 || !mainstay_takes_over(m))
        return rc;
    log_set_writer(NULL, NULL);
    log_error("%s: the log goes to standard error", e->text);
    return 0;
}

/* ... and without servers, which a reload may bring back. */
static int mainstay_listen(struct mainstay *m, struct err *e)
{
    int rc = 0;
    if (mainstay_takes_over(m))
        control_change(&m->control, m->config); /* one that fails is not the end of the others */
    else
        rc = control_listen(&m->control, m->config, e);
    if (rc == 0)
        startlog_tell(&m->startlog);
    return rc; /* the log may be that of the daemon which listens already: nothing is said */
}

/* All that can go wrong goes wrong here, before anything runs. */
static int mainstay_start(struct mainstay *m, struct err *e)
{
    int rc = daemon_prepare(e);
    if (rc == 0)
        rc = m->predecessor.taken ? mainstay_inherit(m) : mainstay_begin(m, e);
    if (rc == 0 && m->cmdline.load.path)
        m->cmdline.load.path = m->first->path; /* absolute: directory= takes us elsewhere */
    if (rc == 0)
        rc = mainstay_open_first_log(m, e);
    if (rc == 0)
        rc = mainstay_open_loop(m, e);
    if (rc < 0)
        return rc;
    mainstay_make_parts(m);
    keeper_open(&m->keeper, &m->loop, &m->recovery.kept, &m->whole);
    recovery_sockets(&m->recovery, &m->keeper);
    rc = mainstay_listen(m, e);
    if (rc < 0 || m->predecessor.taken)
        return rc;
    control_announce(&m->control);
    if (!m->config->nodaemon)
        daemon_enter_folder(m->config);
    return 0;
}

/* The programs and jobs of the version before us go on. */
static void mainstay_adopt(struct mainstay *m)
{
    struct predecessor *p = &m->predecessor;
    predecessor_journal(&m->whole);
    adopt_all(&p->adoption, &m->whole, &p->numbers.carrier);
    predecessor_clients(p, &m->control);
    adopt_watch(&m->whole, &m->reaper);
    supervisor_claim_cgroups(&m->supervisor);
    jobs_claim_cgroups(&m->jobs);
    (void)cgroups_sweep(&m->cgroups);
    keeper_begin(&m->keeper);
    adopt_go_on(&m->whole);
    predecessor_tell(p, &m->whole);
    life_upgraded(&m->life, p->reason);
    if (p->reason)
        (void)snprintf(m->upgrade.refused, sizeof m->upgrade.refused, "%s", p->reason);
    arrears_begin(&m->arrears, false);
    bridge_adopted(&m->bridge, m->whole.ready);
}

/* Those of the daemon that has crashed go on. */
static void mainstay_recover(struct mainstay *m)
{
    struct recovery *r = &m->recovery;
    enum supervisor_state was = recovery_state(r);
    adopt_all(&r->adoption, &m->whole, &r->carrier);
    recovery_deliver(r, &m->keeper);
    adopt_watch(&m->whole, &m->reaper);
    supervisor_claim_cgroups(&m->supervisor);
    jobs_claim_cgroups(&m->jobs);
    (void)cgroups_sweep(&m->cgroups);
    keeper_begin(&m->keeper);
    adopt_go_on(&m->whole);
    recovery_tell(r);
    m->life.started = true;
    arrears_begin(&m->arrears, false);
    bridge_adopted(&m->bridge, false);
    if (power_under_way(&m->power))
        power_again(&m->power);
    else if (was != SUPERVISOR_RUNNING)
        mainstay_begin_again(m, was);
}

static void mainstay_end(struct mainstay *m)
{
    arrears_close(&m->arrears);
    jobs_close(&m->jobs);
    supervisor_close(&m->supervisor);
    shutdown_close(&m->shutdown);
    history_close(&m->history);
    memo_close(&m->memo);
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
    mem_free(m->whole.folder);
    mem_free(m->whole.program);
    mem_free(m->whole.kept_sockets);
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
    /* A failure, not a refusal: systemd tries again, and what runs runs on. */
    return m->recovery.taken ? DAEMON_EXIT_AGAIN : DAEMON_EXIT_REFUSED;
}

void mainstay_check(const struct config *c, struct buf *out)
{
    commands_check(c, out);
    patience_check(c, out);
}

int mainstay_main(struct mainstay *m, char **argv)
{
    struct err e;
    m->argv = argv;
    m->told = -1;
    m->pidfile.fd = -1;
    arena_init(&m->arena);
    startlog_begin(&m->startlog);
    inherited_read(&m->inherited);
    int rc = predecessor_find(&m->predecessor, argv, &e);
    if (rc == 0 && !m->predecessor.taken)
        rc = recovery_find(&m->recovery, &m->inherited, &e);
    if (rc == 0)
        rc = mainstay_start(m, &e);
    if (rc < 0) {
        predecessor_return(&m->predecessor, argv, &e);
        return mainstay_refuse(m, argv[0], rc, &e);
    }
    if (m->predecessor.taken) {
        mainstay_adopt(m);
    } else if (m->recovery.taken) {
        mainstay_log_started(m);
        mainstay_recover(m);
    } else {
        mainstay_log_started(m);
        (void)cgroups_sweep(&m->cgroups);
        power_recall(&m->power);
        mainstay_run_config(m);
    }
    keeper_settle(&m->keeper, &m->inherited);
    inherited_settle(&m->inherited);
    predecessor_close(&m->predecessor);
    recovery_sweep(&m->recovery, &m->keeper);
    recovery_close(&m->recovery);
    daemon_tell(&m->told, NULL);
    daemon_trim();
    reaper_look(&m->reaper);
    /* From here on, we must not die. */
    (void)uv_run(&m->loop, UV_RUN_DEFAULT);
    mainstay_end(m);
    return m->exit;
}
