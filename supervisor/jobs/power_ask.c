/* Who may hold up a power-off, and what people may ask for. */
#include <errno.h>
#include <string.h>

#include "base/log.h"
#include "base/parse.h"
#include "jobs/power_inner.h"

/* --- Inhibitors ---------------------------------------------------------------------------- */

/* One that waits for something that may never come is not at work. */
static bool job_works(const struct job *job)
{
    return job && job_active(job) && job->state != JOB_WAITING;
}

static const struct job *power_find_job(const struct power *p, const char *name)
{
    struct jobs *j = p->jobs;
    if (name)
        return jobs_find(j, name);
    for (size_t i = 0; i < j->count; i++) {
        if (job_works(j->items[i]))
            return j->items[i];
    }
    return NULL;
}

bool power_is_held(struct power *p, const struct power_inhibitor *one, char *who, size_t size)
{
    const struct job *job = NULL;
    switch (one->reason) {
    case POWER_BY_JOBS:
    case POWER_BY_JOB:
        job = power_find_job(p, one->what);
        if (job_works(job))
            (void)snprintf(who, size, "%s", job->label);
        return job_works(job);
    case POWER_BY_SESSIONS:
        return p->ops && p->ops->session(p, who, size);
    case POWER_BY_EXEC:
        break;
    }
    return false;
}

/* --- By hand ------------------------------------------------------------------------------- */

static int power_is_free(const struct power *p, struct err *e)
{
    if (!p->config)
        return err_set(e, -ESHUTDOWN, "everything is being restarted: ask again");
    if (shutdown_under_way(p->shutdown))
        return err_set(e, -ESHUTDOWN, "everything is being stopped already");
    return 0;
}

static int power_choose(const struct power *p, const char *text, int64_t *action, struct err *e)
{
    enum power_action chosen = power_config(p)->action;
    const char *command = NULL;
    int rc = 0;
    *action = -1;
    if (text && *text) {
        rc = power_action_parse(text, &chosen, &command, e);
        *action = (int64_t)chosen;
    }
    if (rc == 0 && command)
        rc = err_set(e, -EPERM, "a command is run only if [shutdown] action= names it");
    if (rc == 0 && p->ops)
        rc = p->ops->possible(p, chosen, e);
    return rc;
}

/* What was on its way by the plan before is so no more. */
static void power_replanned(struct power *p)
{
    p->step = POWER_IDLE;
    p->holder[0] = '\0';
    p->forced = false;
    powerplan_settle(&p->plan, power_config(p), power_zone(p), power_clock(p));
    power_changed(p);
    power_look(p);
}

static void power_say_plan(struct power *p, const char *verb)
{
    struct buf words = BUF_EMPTY;
    power_describe(p, true, &words);
    log_warn("%s by hand: %s", verb, buf_str(&words));
    power_tell(p, POWER_PLANNED, "%s by hand: %s", verb, buf_str(&words));
    buf_close(&words);
}

int power_set(struct power *p, const char *when, const char *action, struct err *e)
{
    struct power_clock now = power_clock(p);
    int64_t chosen = -1;
    int64_t at = 0;
    bool in = false;
    int rc = power_is_free(p, e);
    if (rc == 0)
        rc = power_choose(p, action, &chosen, e);
    if (rc == 0)
        rc = powerplan_when(when, power_zone(p), now.wall, &at, &in, e);
    if (rc < 0)
        return rc;
    powerplan_set(&p->plan, at, in, now);
    p->plan.action = chosen;
    power_replanned(p);
    power_say_plan(p, "planned");
    return 0;
}

int power_postpone(struct power *p, const char *by, struct err *e)
{
    int64_t ms = 0;
    int rc = power_is_free(p, e);
    if (rc == 0)
        rc = parse_duration(by, &ms, e);
    if (rc == 0)
        rc = powerplan_postpone(&p->plan, ms, power_clock(p), e);
    if (rc < 0)
        return rc;
    power_replanned(p);
    power_say_plan(p, "put off");
    return 0;
}

/* Everything is being stopped for it: as long as the machine has not been told, it may go on. */
static int power_cancel_stop(struct power *p, struct err *e)
{
    if (p->step == POWER_GOING || power_action_of(p) == POWER_EXIT || !p->shutdown->stays)
        return err_set(e, -ESHUTDOWN, "it is too late: %s is on its way",
                       power_noun(power_action_of(p)));
    shutdown_cancel(p->shutdown);
    return 0;
}

int power_cancel(struct power *p, struct err *e)
{
    struct buf words = BUF_EMPTY;
    bool stops = power_under_way(p);
    int rc = stops ? 0 : power_is_free(p, e);
    if (rc == 0 && powerplan_due(&p->plan) < 0)
        rc = err_set(e, -ENOENT, "nothing is planned");
    if (rc < 0)
        return rc;
    power_describe(p, false, &words);
    if (stops)
        rc = power_cancel_stop(p, e);
    if (rc == 0) {
        log_warn("cancelled by hand: %s", buf_str(&words));
        power_tell(p, POWER_CANCELLED, "cancelled by hand: %s", buf_str(&words));
        (void)powerplan_cancel(&p->plan, power_clock(p).wall, e);
        power_replanned(p);
    }
    buf_close(&words);
    return rc;
}
