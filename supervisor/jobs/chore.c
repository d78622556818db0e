#include "jobs/chore.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include "base/fd.h"
#include "base/list.h"
#include "base/mem.h"
#include "engine/reaper.h"
#include "jobs/say.h"

static void on_said(struct stream *s, const char *data, size_t len)
{
    struct chore *chore = container_of(s, struct chore, stream);
    size_t room = CHORE_SAID - chore->said.len;
    buf_append(&chore->said, data, len < room ? len : room);
}

static void chore_forget(struct chore *chore)
{
    mem_free(chore->command);
    chore->command = NULL;
}

static void chore_clean(struct chore *chore)
{
    host_disarm(chore->host, &chore->limit);
    fd_close(&chore->pidfd);
    fd_close(&chore->report);
    buf_close(&chore->said);
    arena_close(&chore->arena);
    chore->busy = false;
}

static void on_stream_closed(struct stream *s)
{
    struct chore *chore = container_of(s, struct chore, stream);
    chore_clean(chore);
    if (chore->on_done)
        chore->on_done(chore);
    else
        chore_forget(chore);
}

/* Ended, or given up: on_done follows. */
static void chore_over(struct chore *chore)
{
    chore->pid = 0;
    stream_stop(&chore->stream, on_stream_closed);
}

/* It is ended; and what hangs in the kernel is left behind. */
static void on_limit(struct timer *timer)
{
    struct chore *chore = container_of(timer, struct chore, limit);
    char limit[32];
    if (chore->why[0]) {
        chore_over(chore);
        return;
    }
    say_span(chore->limit_ms, limit, sizeof limit);
    (void)snprintf(chore->why, sizeof chore->why, "it has not ended within %s", limit);
    (void)chore->host->ops->kill(chore->host, -chore->pid, SIGKILL);
    host_arm(chore->host, &chore->limit, host_now(chore->host) + CHORE_GRACE_MS);
}

void chore_init(struct chore *chore, struct host *host)
{
    *chore = (struct chore){.host = host, .pidfd = -1, .report = -1};
    arena_init(&chore->arena);
    stream_init(&chore->stream, host->loop);
    sink_init(&chore->sink, "shutdown");
    chore->stream.on_data = on_said;
    chore->limit.on_due = on_limit;
}

static void chore_run(struct chore *chore, const struct spawned *s)
{
    int in = s->in;
    int err = s->err;
    chore->pid = s->pid;
    chore->pidfd = s->pidfd;
    chore->report = s->report;
    chore->busy = true;
    chore->why[0] = '\0';
    chore->good = chore->answered = false;
    fd_close(&in); /* there is nothing to read */
    fd_close(&err);
    host_arm(chore->host, &chore->limit, host_now(chore->host) + chore->limit_ms);
    (void)stream_start(&chore->stream, s->out, &chore->sink); /* failed: then it says nothing */
}

int chore_start(struct chore *chore, const char *command, int64_t limit_ms,
                const struct spawn_context *ctx, struct err *e)
{
    struct spawn_plan plan;
    struct spawned s = {.pidfd = -1, .in = -1, .out = -1, .err = -1, .report = -1};
    char *copy = mem_strdup(command);
    mem_free(chore->command);
    chore->command = copy;
    const struct process_config config = {.command = copy,
                                          .name = "shutdown",
                                          .program = "shutdown",
                                          .umask = CONFIG_UNSET,
                                          .uid = CONFIG_UNSET,
                                          .gid = CONFIG_UNSET,
                                          .redirect_stderr = true};
    chore->limit_ms = limit_ms;
    int rc = spawn_plan_make(&plan, &config, "shutdown", ctx, &chore->arena, e);
    if (rc == 0)
        rc = chore->host->ops->spawn(chore->host, &plan, &s, e);
    if (rc < 0)
        chore_clean(chore);
    else
        chore_run(chore, &s);
    return rc;
}

/* "exit status 1: still uploading": with the first line of what it said. */
static void chore_judge(struct chore *chore, int code, int status)
{
    struct buf said = BUF_EMPTY;
    char how[96];
    chore->answered = code == CLD_EXITED && status < CHORE_NOT_RUN && !chore->why[0];
    chore->good = chore->answered && status == 0;
    if (chore->why[0])
        return;
    reaper_describe(code, status, how, sizeof how);
    size_t len = chore->said.len ? strcspn(buf_str(&chore->said), "\r\n") : 0;
    buf_append(&said, buf_str(&chore->said), len);
    (void)snprintf(chore->why, sizeof chore->why, "%s%s%s", how, len ? ": " : "", buf_str(&said));
    buf_close(&said);
}

bool chore_exited(struct chore *chore, pid_t pid, int code, int status)
{
    const struct process_config config = {.command = chore->command};
    struct err why;
    if (chore->pid == 0 || pid != chore->pid)
        return false;
    stream_drain(&chore->stream);
    chore_judge(chore, code, status);
    if (spawn_report_read(chore->report, &config, &why)) {
        chore->good = chore->answered = false;
        (void)snprintf(chore->why, sizeof chore->why, "%.390s", why.text);
    }
    chore_over(chore);
    return true;
}

void chore_stop(struct chore *chore)
{
    chore->on_done = NULL;
    if (!chore->busy)
        chore_forget(chore);
    if (chore->pid == 0)
        return;
    (void)chore->host->ops->kill(chore->host, -chore->pid, SIGKILL);
    chore_over(chore);
}
