#include "engine/child.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/list.h"
#include "base/log.h"
#include "base/mem.h"
#include "engine/keep.h"
#include "engine/pidwatch.h"
#include "engine/reaper.h"
#include "output/autolog.h"

static void on_placed(struct cgroup *cg)
{
    struct child *c = container_of(cg, struct child, cgroup);
    if (c->released)
        child_release(c);
}

static void child_handle_closed(struct child *c)
{
    if (child_idle(c) && c->on_idle)
        c->on_idle(c);
}

static void on_empty(struct cgroup *cg)
{
    child_handle_closed(container_of(cg, struct child, cgroup));
}

void child_init(struct child *c, const struct process_config *config, const char *group,
                struct host *host)
{
    *c = (struct child){.config = config,
                        .group = group,
                        .host = host,
                        .pidfd = -1,
                        .gate = -1,
                        .in = -1,
                        .given = -1,
                        .report = -1};
    cgroup_init(&c->cgroup, host->cgroups, &config->limits);
    c->cgroup.on_placed = on_placed;
    c->cgroup.on_empty = on_empty;
    inbox_init(&c->inbox, host->loop);
    feed_init(&c->feed, host->loop);
    stream_init(&c->out, host->loop);
    stream_init(&c->err, host->loop);
    sink_init(&c->out_sink, config->name);
    sink_init(&c->err_sink, config->name);
}

static char *child_auto_log(const struct child *c, const struct config *config, const char *channel)
{
    struct autolog_name name = {.folder = config->childlogdir,
                                .process = c->config->name,
                                .channel = channel,
                                .identifier = config->identifier};
    struct err e;
    char *path = NULL;
    if (autolog_create(&name, &path, &e) < 0)
        log_warn("'%s' %s is not logged: %s", c->config->name, channel, e.text);
    return path;
}

void child_make_auto_logs(struct child *c, const struct config *config)
{
    if (!c->host->loop)
        return;
    if (c->config->out.kind == LOG_KIND_AUTO)
        c->out_auto = child_auto_log(c, config, "stdout");
    if (c->config->err.kind == LOG_KIND_AUTO && !c->config->redirect_stderr)
        c->err_auto = child_auto_log(c, config, "stderr");
}

void child_strip_ansi(struct child *c, bool strip)
{
    c->err.strip_ansi = strip;
    c->out.strip_ansi = strip && !c->protocol;
}

void child_close(struct child *c)
{
    cgroup_close(&c->cgroup);
    fd_close(&c->in);
    fd_close(&c->report);
    sink_close(&c->out_sink);
    sink_close(&c->err_sink);
    mem_free(c->out_auto);
    mem_free(c->err_auto);
    c->out_auto = c->err_auto = NULL;
}

bool child_idle(const struct child *c)
{
    return c->pid == 0 && !c->cgroup.emptying && inbox_idle(&c->inbox) && feed_idle(&c->feed) &&
           stream_idle(&c->out) && stream_idle(&c->err);
}

static int child_open_sink(struct child *c, struct sink *sink, const struct log_config *log,
                           const char *auto_path, struct err *e)
{
    struct err why;
    int rc = sink_open(sink, log, auto_path, &why);
    if (rc == 0)
        return 0;
    log_warn("'%s' cannot start: %s", c->config->name, why.text);
    return err_set(e, rc, "unknown error making dispatchers for '%s': %s", c->config->name,
                   strerrorname_np(-rc));
}

static int child_open_sinks(struct child *c, struct err *e)
{
    if (!c->host->loop)
        return 0;
    struct log_config out = c->config->out;
    out.syslog = out.syslog && !c->protocol;
    int rc = child_open_sink(c, &c->out_sink, &out, c->out_auto, e);
    if (rc == 0 && !c->config->redirect_stderr)
        rc = child_open_sink(c, &c->err_sink, &c->config->err, c->err_auto, e);
    return rc;
}

static void child_close_sinks(struct child *c)
{
    sink_close(&c->out_sink);
    sink_close(&c->err_sink);
}

static void on_out_data(struct stream *s, const char *data, size_t len)
{
    struct child *c = container_of(s, struct child, out);
    c->on_output(c, false, data, len);
}

static void on_err_data(struct stream *s, const char *data, size_t len)
{
    struct child *c = container_of(s, struct child, err);
    c->on_output(c, true, data, len);
}

static void on_out_message(struct stream *s, const char *data, size_t len)
{
    struct child *c = container_of(s, struct child, out);
    c->on_message(c, false, data, len);
}

static void on_err_message(struct stream *s, const char *data, size_t len)
{
    struct child *c = container_of(s, struct child, err);
    c->on_message(c, true, data, len);
}

static size_t child_capture_max(const struct log_config *log)
{
    return log->capture_maxbytes > 0 ? (size_t)log->capture_maxbytes : 0;
}

void child_capture(struct child *c, bool out_too,
                   void (*on_message)(struct child *, bool is_err, const char *data, size_t len))
{
    c->on_message = on_message;
    c->out.on_message = on_out_message;
    c->err.on_message = on_err_message;
    c->out.capture_max = out_too ? child_capture_max(&c->config->out) : 0;
    c->err.capture_max = child_capture_max(&c->config->err);
}

static void child_start_stream(struct child *c, struct stream *s, int fd, struct sink *sink)
{
    if (fd < 0)
        return;
    int rc = stream_start(s, fd, sink);
    if (rc < 0)
        log_error("'%s': its output cannot be read: %s", c->config->name, strerror(-rc));
}

static void child_begin_sink(const struct child *c, struct sink *sink, bool is_err)
{
    const struct journal_source source = {.name = c->config->name,
                                          .group = c->of_job ? NULL : c->group,
                                          .pid = c->pid,
                                          .is_err = is_err};
    sink_begin(sink, &source);
}

/* Beside the first socket by which people ask us, where its user may send to it. */
static int child_open_inbox(struct child *c, const struct spawn_context *ctx, struct err *e)
{
    static const char scheme[] = "unix://";
    bool is_unix = ctx->server_url && strncmp(ctx->server_url, scheme, sizeof scheme - 1) == 0;
    struct inbox_place place = {.near = is_unix ? ctx->server_url + sizeof scheme - 1 : NULL,
                                .serial = c->host->serials + 1,
                                .uid = c->config->uid == CONFIG_UNSET ? geteuid()
                                                                      : (uid_t)c->config->uid};
    if (!c->speaks || !c->host->loop)
        return 0;
    int rc = inbox_open(&c->inbox, &place, e);
    c->gift.notify = rc == 0 ? c->inbox.address : NULL;
    return rc;
}

/* The process and our ends of its pipes become the child's. */
static void child_take(struct child *c, const struct spawned *s)
{
    int rc = inbox_listen(&c->inbox);
    if (rc < 0)
        log_error("'%s': what it says cannot be heard: %s", c->config->name, strerror(-rc));
    c->released = false;
    c->killed = 0;
    c->pid = c->born = s->pid;
    child_begin_sink(c, &c->out_sink, false);
    child_begin_sink(c, &c->err_sink, true);
    c->pidfd = s->pidfd;
    c->gate = s->gate;
    c->in = s->in;
    c->report = s->report;
    if (c->on_output) {
        c->out.on_data = on_out_data;
        c->err.on_data = on_err_data;
    }
    c->out.id = flight_id(c->serial, false);
    c->err.id = flight_id(c->serial, true);
    child_start_stream(c, &c->out, s->out, &c->out_sink);
    child_start_stream(c, &c->err, s->err, &c->err_sink);
}

void child_release(struct child *c)
{
    c->released = true;
    if (c->cgroup.waits)
        return;
    if (c->gate < 0)
        return;
    (void)!write(c->gate, "", 1);
    fd_close(&c->gate);
    if (c->host->keep)
        c->host->keep->ops->child_let_go(c->host->keep, c);
}

static void child_name_cgroup(struct child *c)
{
    c->cgroup.label = c->label;
    c->cgroup.of_job = c->of_job;
}

void child_claim_cgroup(struct child *c)
{
    child_name_cgroup(c);
    cgroup_claim(&c->cgroup);
}

/* Spawns, in its cgroup; what it left there before must be gone. */
static int child_spawn(struct child *c, struct spawn_plan *plan, struct spawned *out, struct err *e)
{
    child_name_cgroup(c);
    plan->cgroup = cgroup_enter(&c->cgroup);
    plan->gated = c->host->keep || c->cgroup.waits;
    int rc = c->host->ops->spawn(c->host, plan, out, e);
    if (rc < 0)
        cgroup_clear(&c->cgroup);
    else if (out->strayed)
        cgroup_put(&c->cgroup, out->pid);
    return rc;
}

int child_start(struct child *c, const struct spawn_context *ctx, struct err *e)
{
    struct arena a;
    struct spawn_plan plan;
    struct spawned spawned = {
        .pidfd = -1, .gate = -1, .in = -1, .out = -1, .err = -1, .report = -1};
    arena_init(&a);
    int rc = spawn_plan_make(&plan, c->config, c->group, ctx, &a, e);
    plan.in = c->given;
    if (rc == 0)
        rc = child_open_sinks(c, e);
    if (rc == 0)
        rc = child_open_inbox(c, ctx, e);
    if (rc == 0)
        gift_give(&c->gift, &plan, &a);
    if (rc == 0)
        rc = child_spawn(c, &plan, &spawned, e);
    arena_close(&a);
    if (rc < 0) {
        inbox_close(&c->inbox, NULL);
        child_close_sinks(c);
        return rc;
    }
    c->adopted = c->held = false;
    c->serial = ++c->host->serials;
    child_take(c, &spawned);
    if (c->host->keep)
        c->host->keep->ops->child_started(c->host->keep, c);
    else
        child_release(c);
    return 0;
}

int child_adopt(struct child *c, const struct spawned *s, struct err *e)
{
    int rc = child_open_sinks(c, e);
    if (rc < 0)
        child_close_sinks(c);
    child_take(c, s);
    child_claim_cgroup(c);
    return rc;
}

void child_replace(struct child *c, pid_t pid, int pidfd)
{
    fd_close(&c->pidfd);
    c->pid = pid;
    c->killed = 0;
    c->pidfd = pidfd;
}

static void on_out_closed(struct stream *s)
{
    child_handle_closed(container_of(s, struct child, out));
}

static void on_err_closed(struct stream *s)
{
    child_handle_closed(container_of(s, struct child, err));
}

static void on_inbox_closed(struct inbox *b)
{
    child_handle_closed(container_of(b, struct child, inbox));
}

static void on_feed_closed(struct feed *f)
{
    child_handle_closed(container_of(f, struct child, feed));
}

/* A pipe that came to its end before is idle already. */
static void child_stop_stream(struct stream *s, stream_closed_fn *on_closed)
{
    if (stream_idle(s))
        return;
    stream_drain(s);
    stream_stop(s, on_closed);
}

void child_abandon(struct child *c)
{
    fd_close(&c->gate);
    fd_close(&c->report);
    feed_stop(&c->feed, on_feed_closed);
    inbox_close(&c->inbox, on_inbox_closed);
    fd_close(&c->in);
    child_stop_stream(&c->out, on_out_closed);
    child_stop_stream(&c->err, on_err_closed);
    if (c->host->keep)
        c->host->keep->ops->child_ended(c->host->keep, c);
    fd_close(&c->pidfd);
    c->adopted = false;
    c->pid = 0; /* its last words were still its own */
    child_close_sinks(c);
}

bool child_exited(struct child *c, struct err *why)
{
    bool exec_failed = spawn_report_read(c->report, c->config, why);
    child_abandon(c);
    return exec_failed;
}

bool child_never_ran(const struct child *c, int code, int status)
{
    return c->held &&
           (code == REAPER_UNKNOWN || (code == CLD_EXITED && status == SPAWN_GATE_STATUS));
}

void child_confirm(struct child *c)
{
    struct pollfd p = {.fd = c->report, .events = POLLIN};
    /* Nothing to read and nobody left to write: exec has worked. A report stays where it is. */
    if (c->report >= 0 && poll(&p, 1, 0) == 1 && !(p.revents & POLLIN))
        fd_close(&c->report);
}

int child_write(struct child *c, const char *data, size_t len)
{
    return c->in < 0 ? -EPIPE : feed_write(&c->feed, c->in, data, len);
}

int child_signal(struct child *c, int number, bool group)
{
    if (c->pid <= 0)
        return -ESRCH;
    if (number == SIGKILL && !c->killed)
        c->killed = host_now(c->host);
    pid_t all = c->pid == c->born ? c->pid : getpgid(c->pid);
    bool has_group = all > 0 && all != getpgrp(); /* another process may be in none of its own */
    group = group && has_group;
    if (c->adopted && c->pidfd >= 0) /* reaped by others, its pid may be somebody else's */
        return pidwatch_signal(c->pidfd, group ? all : 0, number);
    return c->host->ops->kill(c->host, group ? -all : c->pid, number);
}

static const char *child_log_path(const struct log_config *log, const char *auto_path)
{
    switch (log->kind) {
    case LOG_KIND_AUTO:
        return auto_path;
    case LOG_KIND_FILE:
        return log->path;
    case LOG_KIND_NONE:
    case LOG_KIND_JOURNAL:
        break;
    }
    return NULL;
}

const char *child_out_path(const struct child *c)
{
    return child_log_path(&c->config->out, c->out_auto);
}

const char *child_err_path(const struct child *c)
{
    return c->config->redirect_stderr ? NULL : child_log_path(&c->config->err, c->err_auto);
}

static void child_reopen_log(struct child *c, struct sink *sink)
{
    struct err e;
    if (sink_reopen(sink, &e) < 0)
        log_warn("'%s': %s", c->config->name, e.text);
}

void child_reopen_logs(struct child *c)
{
    if (c->pid == 0)
        return;
    child_reopen_log(c, &c->out_sink);
    child_reopen_log(c, &c->err_sink);
}

int child_clear_logs(struct child *c, struct err *e)
{
    if (c->pid != 0) {
        int rc = sink_clear(&c->out_sink, e);
        return rc < 0 ? rc : sink_clear(&c->err_sink, e);
    }
    const char *out = child_out_path(c);
    const char *err = child_err_path(c);
    int rc = out ? file_clear_path(out, e) : 0;
    return rc == 0 && err ? file_clear_path(err, e) : rc;
}
