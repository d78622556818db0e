#include "jobs/arrears.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/mem.h"
#include "jobs/job_tell.h"
#include "jobs/say.h"
#include "jobs/slate.h"

static struct host *arrears_host(const struct arrears *r)
{
    return r->jobs->host;
}

static int64_t arrears_now(const struct arrears *r)
{
    return host_wall(arrears_host(r)) / 1000;
}

/* --- The file ------------------------------------------------------------------------------- */

static void arrears_write(struct arrears *r)
{
    struct buf text = BUF_EMPTY;
    if (!r->path)
        return;
    debts_text(&r->debts, &text);
    int rc = slate_write(r->path, &text);
    if (rc < 0 && !r->failing)
        log_error("which shutdown jobs are still to run cannot be written to %s: %s", r->path,
                  strerror(-rc));
    r->failing = rc < 0;
    buf_close(&text);
}

static void arrears_read(struct arrears *r)
{
    struct buf text = BUF_EMPTY;
    struct stat st;
    if (!r->path)
        return;
    if (stat(r->path, &st) < 0 || fd_read_file(r->path, ARREARS_READ_MAX, &text, NULL) < 0)
        st = (struct stat){0};
    r->alive = (int64_t)st.st_mtime;
    if (text.len == 0) /* a power cut has left nothing of it */
        (void)slate_read_old(r->path, ARREARS_READ_MAX, &text, &r->alive);
    size_t bad = debts_parse(&r->debts, buf_str(&text), text.len);
    if (bad > 0) {
        char *aside = mem_printf("%s.bad", r->path);
        int rc = rename(r->path, aside);
        log_error("which shutdown jobs are still to run, in %s, has %zu line%s that make%s no "
                  "sense: it is %s %s, what makes sense stays",
                  r->path, bad, bad == 1 ? "" : "s", bad == 1 ? "s" : "",
                  rc == 0 ? "moved to" : "not to be moved to", aside);
        mem_free(aside);
    }
    buf_close(&text);
}

/* --- Alive ---------------------------------------------------------------------------------- */

/* Soon, and when another day has begun: the date is what matters. */
static void arrears_wait(struct arrears *r)
{
    int64_t left = ARREARS_ALIVE_S;
    time_t now = (time_t)arrears_now(r);
    struct tm tm;
    host_disarm(arrears_host(r), &r->seen);
    if (!r->path || r->debts.count == 0)
        return;
    if (localtime_r(&now, &tm)) {
        int64_t midnight = 86401 - (tm.tm_hour * 3600 + tm.tm_min * 60 + tm.tm_sec);
        left = midnight < left && midnight > 0 ? midnight : left;
    }
    host_arm(arrears_host(r), &r->seen, host_now(arrears_host(r)) + left * 1000);
}

static void on_seen(struct timer *timer)
{
    struct arrears *r = container_of(timer, struct arrears, seen);
    if (utimensat(AT_FDCWD, r->path, NULL, AT_SYMLINK_NOFOLLOW) < 0)
        arrears_write(r);
    arrears_wait(r);
}

/* --- What is owed --------------------------------------------------------------------------- */

static bool arrears_wants(const struct job *job)
{
    return job->config->catch_up && (job->config->when & JOB_WHEN_STOP);
}

/* What this life owes, by the jobs there are. */
static void arrears_note(struct arrears *r)
{
    for (size_t i = r->debts.count; i > 0; i--) {
        const struct debt *debt = &r->debts.items[i - 1];
        const struct job *job = jobs_find(r->jobs, debt->job);
        if (!job || !arrears_wants(job))
            debts_drop(&r->debts, debt->job, debt->due);
    }
    for (size_t i = 0; i < r->jobs->count; i++) {
        if (arrears_wants(r->jobs->items[i]))
            debts_add(&r->debts, r->jobs->items[i]->label, 0);
    }
    r->known = r->jobs->snapshot;
    arrears_write(r);
    arrears_wait(r);
}

static void arrears_run(struct debt *debt, struct job *job)
{
    char text[32];
    say_clock(debt->due * 1000, text, sizeof text);
    log_warn("job '%s' did not run at the end of what was cut off after %s: it runs now",
             job->label, text);
    debt->tried = true;
    (void)job_run(job, JOB_OWED, debt->due);
}

/* One of a job after the other, the oldest first. */
static void on_next(struct timer *timer)
{
    struct arrears *r = container_of(timer, struct arrears, next);
    for (size_t i = 0; !r->jobs->resting && i < r->debts.count; i++) {
        struct debt *debt = &r->debts.items[i];
        struct job *job = debt->due && !debt->tried ? jobs_find(r->jobs, debt->job) : NULL;
        if (job && !job_active(job))
            arrears_run(debt, job);
    }
}

static void arrears_settle(struct arrears *r)
{
    if (!timer_armed(&r->next))
        host_arm(arrears_host(r), &r->next, host_now(arrears_host(r)));
}

/* A run that was cut off, or never began, is still owed. */
static bool arrears_is_through(const struct job *job, enum job_state from)
{
    if (job->state == JOB_SUCCEEDED)
        return true;
    return job->state == JOB_FAILED && from != JOB_WAITING &&
           strcmp(job_result_name(job, from), "stopped") != 0;
}

static void arrears_hear(struct arrears *r, const struct job *job, enum job_state from)
{
    int64_t due = job->cause == JOB_AT_SHUTDOWN ? 0 : job->due;
    bool ours =
        job->cause == JOB_AT_SHUTDOWN || job->cause == JOB_OWED || job->cause == JOB_RESUMED;
    arrears_settle(r);
    if (!ours || !arrears_is_through(job, from) || !debts_find(&r->debts, job->label, due))
        return;
    debts_drop(&r->debts, job->label, due);
    arrears_write(r);
}

static void on_event(struct event_subscriber *sub, const struct event *ev)
{
    struct arrears *r = container_of(sub, struct arrears, subscriber);
    if (ev->type != EVENT_JOB_STATE || r->debts.count == 0 ||
        job_state_active((enum job_state)ev->state))
        return;
    const struct job *job = jobs_find(r->jobs, ev->name);
    if (job)
        arrears_hear(r, job, (enum job_state)ev->from);
}

/* --- Life ----------------------------------------------------------------------------------- */

static void arrears_find(struct arrears *r, const char *folder)
{
    r->path = folder ? mem_printf("%s/shutdown", folder) : NULL;
}

void arrears_open(struct arrears *r, struct shutdown *sd, struct event_bus *bus, const char *folder)
{
    *r = (struct arrears){.shutdown = sd, .jobs = sd->jobs};
    r->next.on_due = on_next;
    r->seen.on_due = on_seen;
    r->subscriber.on_event = on_event;
    event_bus_subscribe(bus, &r->subscriber);
    arrears_find(r, folder);
    arrears_read(r);
    sd->arrears = r;
}

void arrears_close(struct arrears *r)
{
    if (!r->jobs)
        return;
    host_disarm(arrears_host(r), &r->next);
    host_disarm(arrears_host(r), &r->seen);
    event_bus_unsubscribe(&r->subscriber);
    debts_close(&r->debts);
    mem_free(r->path);
    *r = (struct arrears){0};
}

void arrears_move(struct arrears *r, const char *folder)
{
    char *before = r->path;
    arrears_find(r, folder);
    if (before && (!r->path || strcmp(before, r->path) != 0))
        slate_remove(before); /* arrears_begin writes the other one */
    mem_free(before);
}

void arrears_begin(struct arrears *r, bool first)
{
    int64_t now = arrears_now(r);
    time_t alive = (time_t)debts_moment(r->alive, now);
    struct tm tm = {0};
    (void)localtime_r(&alive, &tm);
    if (first && !debts_age(&r->debts, (int64_t)alive, tm.tm_gmtoff))
        log_error("more than %d runs of shutdown jobs are still to be made up for: the oldest are "
                  "left out",
                  DEBT_MOST);
    arrears_note(r);
    arrears_settle(r);
    if (r->path || r->debts.count == 0)
        return;
    log_warn("job '%s' has catch_up, but there is no folder to remember in that it has not run: "
             "set statedir in [supervisord]",
             r->debts.items[0].job);
}

void arrears_look(struct arrears *r)
{
    if (r->known == r->jobs->snapshot || shutdown_under_way(r->shutdown))
        return;
    arrears_note(r);
}

/* Who was to run, and did not come to its end, still owes; whom this stop was not for does not. */
void arrears_end(struct arrears *r)
{
    for (size_t i = r->debts.count; i > 0; i--) {
        const struct debt *debt = &r->debts.items[i - 1];
        const struct job *job = jobs_find(r->jobs, debt->job);
        bool meant = job && (shutdown_has(r->shutdown, job->config, true) ||
                             shutdown_has(r->shutdown, job->config, false));
        if (debt->due == 0 && !meant)
            debts_drop(&r->debts, debt->job, 0);
    }
    arrears_write(r);
    host_disarm(arrears_host(r), &r->seen);
}
