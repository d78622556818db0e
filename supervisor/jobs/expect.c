#include "jobs/expect.h"

#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "engine/keep.h"
#include "jobs/history.h"
#include "jobs/job_tell.h"
#include "jobs/jobs.h"
#include "jobs/say.h"

enum { EXPECT_GRACE_MAX = 3600 }; /* s */

/* --- Decisions ------------------------------------------------------------------------------ */

int64_t expect_grace(int64_t every, int64_t now)
{
    int64_t grace = every / 10;
    return now + (grace < EXPECT_GRACE_MAX ? grace : EXPECT_GRACE_MAX);
}

int64_t expect_due(const struct job_expect *e, int64_t every)
{
    int64_t due = (e->good ? e->good : e->since) + every;
    return due > e->grace ? due : e->grace;
}

static int64_t adjusted(int64_t at, int64_t now)
{
    return at < agenda_epoch || at > now ? now : at;
}

void expect_adjust(struct job_expect *e, int64_t every, int64_t now)
{
    if (e->good)
        e->good = adjusted(e->good, now);
    if (e->since)
        e->since = adjusted(e->since, now);
    if (e->grace && (e->grace < agenda_epoch || e->grace > now + EXPECT_GRACE_MAX))
        e->grace = expect_grace(every, now);
}

int64_t expect_every(const struct job *job)
{
    return (job->config->expect_every_ms + 999) / 1000;
}

/* --- What is known -------------------------------------------------------------------------- */

static void on_line(const struct history_fact *fact, void *ctx)
{
    struct job *job = jobs_find(ctx, fact->job);
    struct job_expect *e = job ? &job->expect : NULL;
    if (!job || e->known)
        return;
    record_recall(&job->record, fact);
    if (strcmp(fact->result, "succeeded") == 0) {
        e->good = fact->end / 1000 > e->good ? fact->end / 1000 : e->good;
        e->told = false;
    } else if (strcmp(fact->result, "expected") == 0) {
        e->since = e->since ? e->since : fact->start / 1000;
    } else if (strcmp(fact->result, "missed") == 0) {
        e->told = true;
    }
}

static void expect_keep(struct job *job)
{
    struct keep *keep = job->jobs->host->keep;
    if (keep)
        keep->ops->job_changed(keep, job);
}

static void expect_begin(struct job *job, int64_t now)
{
    struct job_expect *e = &job->expect;
    char why[64];
    char span[32];
    e->known = true;
    if (expect_every(job) == 0)
        return; /* what is known of it is for monitoring alone */
    e->grace = expect_grace(expect_every(job), now);
    if (e->good == 0 && e->since == 0) {
        e->since = now;
        say_span(job->config->expect_every_ms, span, sizeof span);
        (void)snprintf(why, sizeof why, "to succeed every %s, from now on", span);
        job_note_fact(job, "expected", why);
    }
    expect_keep(job);
}

/* The history is read once for all that are new. */
static void expect_recall(struct jobs *j, int64_t now)
{
    struct buf text = BUF_EMPTY;
    size_t first = 0;
    while (first < j->count && j->items[first]->expect.known)
        first++;
    if (first == j->count)
        return;
    if (j->history)
        history_read(j->history, &text);
    history_facts(buf_str(&text), text.len, on_line, j);
    buf_close(&text);
    for (size_t i = first; i < j->count; i++) {
        if (!j->items[i]->expect.known)
            expect_begin(j->items[i], now);
    }
}

/* --- Looking -------------------------------------------------------------------------------- */

static void expect_say_why(struct job *job)
{
    struct job_expect *e = &job->expect;
    char span[32];
    char clock[32];
    say_span(job->config->expect_every_ms, span, sizeof span);
    say_clock((e->good ? e->good : e->since) * 1000, clock, sizeof clock);
    (void)snprintf(e->why, sizeof e->why, "no success since %s, expected every %s", clock, span);
}

static void expect_miss(struct job *job)
{
    struct job_expect *e = &job->expect;
    e->missed = true;
    e->at = -1;
    expect_say_why(job);
    log_error("job '%s' is missed: %s", job->label, e->why);
    if (!e->told) {
        job_note_fact(job, "missed", e->why);
        job_tell_missed(job);
    }
    e->told = true;
    expect_keep(job);
}

static void expect_clear(struct job *job)
{
    job->expect.missed = job->expect.told = false;
    job->expect.why[0] = '\0';
    expect_keep(job);
}

static void expect_look_at(struct job *job, int64_t now)
{
    struct job_expect *e = &job->expect;
    int64_t every = expect_every(job);
    e->at = -1;
    if (every == 0)
        return;
    expect_adjust(e, every, now);
    int64_t due = expect_due(e, every);
    if (now >= due && !e->missed)
        expect_miss(job);
    else if (now < due && e->missed)
        expect_clear(job); /* the clock was wrong */
    if (now < due)
        e->at = due;
}

void expect_look(struct jobs *j, int64_t now)
{
    expect_recall(j, now);
    for (size_t i = 0; i < j->count; i++)
        expect_look_at(j->items[i], now);
}

void expect_succeeded(struct job *job)
{
    struct job_expect *e = &job->expect;
    int64_t every = expect_every(job);
    e->good = job->ended_wall / 1000;
    if (every == 0) {
        expect_keep(job);
        return;
    }
    if (e->missed)
        log_info("job '%s' is no longer missed", job->label);
    expect_clear(job);
    e->at = expect_due(e, every);
    agenda_arm(job->jobs);
}
