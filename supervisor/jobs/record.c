#include "jobs/record.h"

#include <stdio.h>
#include <string.h>

#include "jobs/say.h"

const char *const job_outcome_names[JOB_OUTCOMES] = {
    [JOB_OUTCOME_SUCCEEDED] = "succeeded",
    [JOB_OUTCOME_FAILED] = "failed",
    [JOB_OUTCOME_TIMED_OUT] = "timed out",
    [JOB_OUTCOME_STOPPED] = "stopped",
};

/* JOB_OUTCOMES: none; it was skipped, say. */
static enum job_outcome outcome_find(const char *name)
{
    int i = 0;
    while (i < JOB_OUTCOMES && strcmp(job_outcome_names[i], name) != 0)
        i++;
    return (enum job_outcome)i;
}

void record_recall(struct job_record *r, const struct history_fact *fact)
{
    enum job_outcome outcome = outcome_find(fact->result);
    if (fact->attempt > 0)
        r->begun = fact->end ? 0 : fact->start;
    if (fact->end <= r->end || outcome == JOB_OUTCOMES)
        return;
    r->outcome = outcome;
    r->start = fact->start;
    r->end = fact->end;
    r->took = fact->end > fact->start ? fact->end - fact->start : 0;
    r->begun = 0;
    (void)snprintf(r->why, sizeof r->why, "%s", fact->why);
}

bool record_describe(const struct job_record *r, struct buf *out)
{
    char when[32];
    char took[32];
    say_clock(r->begun ? r->begun : r->end, when, sizeof when);
    if (r->begun) {
        buf_printf(out, "last begun at %s, and has no end: the daemon or the machine went down",
                   when);
        return true;
    }
    if (r->end == 0)
        return false;
    buf_printf(out, "last %s at %s", job_outcome_names[r->outcome], when);
    if (r->why[0]) {
        buf_printf(out, ": %s", r->why);
        return true;
    }
    say_duration(r->took, took, sizeof took);
    buf_printf(out, ", took %s", took);
    return true;
}
