#include "jobs/recall.h"

#include <stdio.h>
#include <string.h>

#include "jobs/history.h"
#include "jobs/jobs.h"
#include "jobs/say.h"

static void on_line(const struct history_fact *fact, void *ctx)
{
    struct job *job = fact->attempt > 0 ? jobs_find(ctx, fact->job) : NULL;
    if (!job || job->past.known)
        return;
    job->past = (struct job_past){.start = fact->start, .end = fact->end};
    (void)snprintf(job->past.result, sizeof job->past.result, "%s", fact->result);
    (void)snprintf(job->past.why, sizeof job->past.why, "%s", fact->why);
}

/* What has run since is known by itself. */
static bool recall_wants(const struct job *job)
{
    return !job->past.known && job->state == JOB_IDLE;
}

void jobs_recall(const struct jobs *j)
{
    struct buf text = BUF_EMPTY;
    bool wanted = false;
    for (size_t i = 0; i < j->count; i++)
        wanted = wanted || recall_wants(j->items[i]);
    if (!wanted || !j->history)
        return;
    history_read(j->history, &text);
    history_facts(buf_str(&text), text.len, on_line, (void *)(uintptr_t)j);
    buf_close(&text);
    for (size_t i = 0; i < j->count; i++)
        j->items[i]->past.known = true;
}

void recall_describe(const struct job_past *past, struct buf *out)
{
    char when[32];
    char took[32];
    say_clock(past->end ? past->end : past->start, when, sizeof when);
    if (!past->end) {
        buf_printf(out, "last begun at %s, and has no end: the daemon or the machine went down",
                   when);
        return;
    }
    buf_printf(out, "last %s at %s", past->result, when);
    if (past->why[0]) {
        buf_printf(out, ": %s", past->why);
        return;
    }
    say_duration(past->end - past->start, took, sizeof took);
    buf_printf(out, ", took %s", took);
}
