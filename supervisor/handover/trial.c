#include "handover/trial.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/list.h"
#include "engine/reaper.h"
#include "engine/spawn.h"

extern char **environ;

static void on_said(struct stream *s, const char *data, size_t len)
{
    struct trial *t = container_of(s, struct trial, stream);
    size_t room = TRIAL_SAID - t->said.len;
    buf_append(&t->said, data, len < room ? len : room);
}

static void on_limit(struct timer *timer)
{
    struct trial *t = container_of(timer, struct trial, timer);
    (void)snprintf(t->why, sizeof t->why, "it has not ended within %d s", TRIAL_MS / 1000);
    (void)t->host->ops->kill(t->host, -t->pid, SIGKILL);
}

void trial_init(struct trial *t, struct host *host)
{
    *t = (struct trial){.host = host, .pidfd = -1, .report = -1};
    stream_init(&t->stream, host->loop);
    sink_init(&t->sink, "upgrade");
    t->stream.on_data = on_said;
    t->timer.on_due = on_limit;
}

void trial_close(struct trial *t)
{
    host_disarm(t->host, &t->timer);
    fd_close(&t->pidfd);
    fd_close(&t->report);
    buf_close(&t->said);
}

int trial_start(struct trial *t, const struct trial_plan *plan, struct err *e)
{
    struct spawned s;
    const struct spawn_plan how = {.name = plan->program,
                                   .path = plan->program,
                                   .argv = plan->argv,
                                   .envp = environ,
                                   .directory = plan->directory,
                                   .umask = CONFIG_UNSET,
                                   .redirect_stderr = true,
                                   .in = STDIN_FILENO,
                                   .cgroup = -1,
                                   .pass = &plan->fd,
                                   .pass_count = plan->fd < 0 ? 0 : 1};
    buf_clear(&t->said);
    t->program = plan->program;
    t->directory = plan->directory;
    t->why[0] = '\0';
    t->good = false;
    int rc = t->host->ops->spawn(t->host, &how, &s, e);
    if (rc < 0)
        return rc;
    t->pid = s.pid;
    t->pidfd = s.pidfd;
    t->report = s.report;
    host_arm(t->host, &t->timer, host_now(t->host) + TRIAL_MS);
    (void)stream_start(&t->stream, s.out, &t->sink); /* failed: then it has said nothing */
    return 0;
}

static void on_stream_closed(struct stream *s)
{
    struct trial *t = container_of(s, struct trial, stream);
    if (t->on_done)
        t->on_done(t);
}

bool trial_exited(struct trial *t, pid_t pid, int code, int status)
{
    const struct process_config config = {.command = t->program, .directory = t->directory};
    struct err why;
    if (t->pid == 0 || pid != t->pid)
        return false;
    host_disarm(t->host, &t->timer);
    t->begun = !spawn_report_read(t->report, &config, &why);
    if (!t->begun)
        (void)snprintf(t->why, sizeof t->why, "%.500s", why.text);
    else if (!t->why[0])
        reaper_describe(code, status, t->why, sizeof t->why);
    t->good = code == CLD_EXITED && status == 0;
    t->pid = 0;
    fd_close(&t->report);
    fd_close(&t->pidfd);
    stream_drain(&t->stream);
    stream_stop(&t->stream, on_stream_closed);
    return true;
}

void trial_stop(struct trial *t)
{
    t->on_done = NULL;
    if (t->pid != 0)
        (void)t->host->ops->kill(t->host, -t->pid, SIGKILL);
}
