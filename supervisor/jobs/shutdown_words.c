/* What a stop of everything waits for, in words. */
#include "base/list.h"
#include "jobs/say.h"
#include "jobs/shutdown.h"

enum { WORDS_NAMES = 5 }; /* that are said; the others are counted */

static void words_name(struct buf *names, size_t *count, const char *name)
{
    if (++*count <= WORDS_NAMES)
        buf_printf(names, "%s%s", names->len ? ", " : "", name);
}

static void words_more(struct buf *names, size_t count)
{
    if (count > WORDS_NAMES)
        buf_printf(names, " and %zu more", count - WORDS_NAMES);
}

static void words_programs(const struct shutdown *sd, struct buf *names)
{
    const struct pgroup *g;
    const struct proc *p;
    size_t count = 0;
    supervisor_each_proc(p, g, sd->supervisor)
    {
        if (!p->node.ops->stopped(&p->node) && !supervisor_spares(sd->supervisor, g))
            words_name(names, &count, p->label);
    }
    words_more(names, count);
}

/* Those that run; one that waits for its turn is not what is waited for. */
static void words_jobs(const struct shutdown *sd, struct buf *names)
{
    size_t count = 0;
    for (size_t i = 0; i < sd->jobs->count; i++) {
        const struct job *job = sd->jobs->items[i];
        bool runs = job_active(job) && job->state != JOB_WAITING;
        if (runs || !child_idle(&job->child))
            words_name(names, &count, job->label);
    }
    words_more(names, count);
}

/* By the clock on the wall: what is said stays true while time goes by. */
static void words_until(const struct shutdown *sd, struct buf *out)
{
    struct host *host = sd->supervisor->host;
    char text[32];
    if (!timer_armed(&sd->deadline))
        return;
    say_clock(host_wall(host) + sd->deadline.due - host_now(host), text, sizeof text);
    buf_printf(out, " (until %.8s)", text + sizeof "2026-11-21");
}

static const char *words_of_jobs(const struct shutdown *sd)
{
    if (!sd->begun)
        return sd->jobs->reason == STOP_NOT_KNOWN ? "asks whether the machine goes down" : "";
    return sd->step == SHUTDOWN_BEFORE ? "while programs still serve, waits for "
                                       : "waits for the shutdown jobs: ";
}

void shutdown_describe(const struct shutdown *sd, struct buf *out)
{
    struct buf jobs = BUF_EMPTY;
    struct buf programs = BUF_EMPTY;
    words_jobs(sd, &jobs);
    words_programs(sd, &programs);
    switch (sd->step) {
    case SHUTDOWN_BEFORE:
    case SHUTDOWN_JOBS:
        if (!sd->begun && jobs.len)
            buf_printf(out, "waits for %s to stop", buf_str(&jobs));
        else
            buf_printf(out, "%s%s", words_of_jobs(sd), sd->begun ? buf_str(&jobs) : "");
        words_until(sd, out);
        break;
    case SHUTDOWN_STOPPING:
    case SHUTDOWN_TELLING:
        if (jobs.len || programs.len)
            buf_printf(out, "waits for %s%s%s to stop", buf_str(&programs),
                       jobs.len && programs.len ? ", " : "", buf_str(&jobs));
        break;
    case SHUTDOWN_CUTTING:
    case SHUTDOWN_ABORTING:
        buf_printf(out, "over the time of [shutdown] timeout: waits for %s to stop",
                   buf_str(&jobs));
        break;
    case SHUTDOWN_NONE:
    case SHUTDOWN_DONE:
        break;
    }
    buf_close(&jobs);
    buf_close(&programs);
}
