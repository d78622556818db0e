#include "jobs/powerplan.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/arena.h"
#include "base/parse.h"

enum {
    BACK = 3 * 3600,  /* s: set back no further, a clock may be about to show the same again */
    LEAST_ASK = 1000, /* ms between two questions */
    LAST_WARNING = 60 * 1000, /* ms: that is given where none has been */
};
static const int64_t epoch = 1577836800; /* s: 2020; before that the clock is wrong for sure */

void powerplan_init(struct power_plan *p)
{
    *p = (struct power_plan){
        .hand = -1, .from = -1, .warned = POWERPLAN_UNWARNED, .ask = -1, .action = -1, .next = -1};
}

/* Another moment: nothing is known of it yet. */
static void plan_anew(struct power_plan *p)
{
    p->warned = POWERPLAN_UNWARNED;
    p->ask = -1;
}

static void plan_no_hand(struct power_plan *p)
{
    p->hand = p->from = p->action = -1;
    plan_anew(p);
}

int64_t powerplan_due(const struct power_plan *p)
{
    return p->hand >= 0 ? p->hand : p->next < 0 ? -1 : p->next * 1000;
}

bool powerplan_missed(const struct power_plan *p, int64_t wall)
{
    int64_t due = powerplan_due(p);
    return due >= 0 && p->ask < 0 && due <= wall;
}

enum power_action powerplan_action(const struct power_plan *p, const struct power_config *c)
{
    return p->action >= 0 && p->action < POWER_ACTIONS ? (enum power_action)p->action : c->action;
}

void powerplan_settle(struct power_plan *p, const struct power_config *c,
                      const struct calendar_zone *z, struct power_clock now)
{
    int64_t s = now.wall / 1000;
    int64_t before = powerplan_due(p);
    if (p->hand >= 0 && p->from >= 0)
        p->hand = now.wall + p->from - now.now;
    if (s >= epoch && (p->seen < epoch || p->seen - s > BACK)) {
        p->seen = s; /* the clock was wrong so far */
        p->skip = 0;
    }
    int64_t after = p->skip > p->seen ? p->skip : p->seen;
    p->next = s >= epoch ? calendar_next_of(&c->schedule, z, after) : -1;
    if (p->hand < 0 && powerplan_due(p) != before)
        plan_anew(p);
}

/* --- What is to be done -------------------------------------------------------------------- */

/* The shortest of the warnings whose time has come and that was not given; -1: there is none. */
static int64_t plan_warning(const struct power_plan *p, const struct power_config *c, int64_t left)
{
    for (size_t i = c->warn_count; i-- > 0;) {
        if (c->warns[i] >= left && c->warns[i] < p->warned)
            return c->warns[i];
    }
    return -1;
}

/* How long before its moment the next warning is; 0: it is the moment itself. */
static int64_t plan_next_step(const struct power_plan *p, const struct power_config *c,
                              int64_t left)
{
    for (size_t i = 0; i < c->warn_count; i++) {
        if (c->warns[i] < left && c->warns[i] < p->warned)
            return c->warns[i];
    }
    return 0;
}

static struct power_verdict verdict_wait(int64_t at)
{
    return (struct power_verdict){.deed = POWER_WAIT, .at = at};
}

int64_t powerplan_limit(const struct power_plan *p, const struct power_config *c)
{
    return powerplan_due(p) + c->postpone_max_ms;
}

/* Until when it is done, and not left out, but for POWERPLAN_LATE. */
static int64_t plan_last(const struct power_plan *p, const struct power_config *c)
{
    int64_t limit = powerplan_limit(p, c);
    if (p->ask < 0)
        return powerplan_due(p);
    return p->ask > limit ? p->ask : limit;
}

/* The clock was set beyond it before anybody was warned: nobody is cut off without a word. */
static struct power_verdict look_at_unwarned(struct power_plan *p, const struct power_config *c,
                                             int64_t wall)
{
    int64_t shortest = c->warns[c->warn_count - 1];
    int64_t left = shortest < LAST_WARNING ? shortest : LAST_WARNING;
    p->warned = left;
    p->ask = wall + left;
    return (struct power_verdict){.deed = POWER_WARN, .left = left};
}

static struct power_verdict look_at_due(struct power_plan *p, const struct power_config *c,
                                        int64_t wall)
{
    if (wall - plan_last(p, c) > POWERPLAN_LATE)
        return (struct power_verdict){.deed = POWER_LATE};
    if (p->ask < 0 && p->warned == POWERPLAN_UNWARNED && c->warn_count > 0)
        return look_at_unwarned(p, c, wall);
    if (wall < p->ask)
        return verdict_wait(p->ask);
    return (struct power_verdict){.deed = POWER_ASK};
}

struct power_verdict powerplan_look(struct power_plan *p, const struct power_config *c,
                                    int64_t wall)
{
    int64_t due = powerplan_due(p);
    if (due < 0) /* with the clock before 2020, look again when it is right */
        return verdict_wait(wall / 1000 < epoch && c->schedule.count ? epoch * 1000 : -1);
    if (wall >= due)
        return look_at_due(p, c, wall);
    p->ask = -1; /* somebody has set the clock back */
    int64_t warning = plan_warning(p, c, due - wall);
    if (warning < 0)
        return verdict_wait(due - plan_next_step(p, c, due - wall));
    p->warned = warning;
    return (struct power_verdict){.deed = POWER_WARN, .left = due - wall};
}

bool powerplan_held(struct power_plan *p, const struct power_config *c, int64_t wall)
{
    int64_t limit = powerplan_limit(p, c);
    int64_t pause = c->postpone_max_ms / 20;
    if (wall >= limit)
        return false;
    pause = pause > POWERPLAN_ASK ? POWERPLAN_ASK : pause < LEAST_ASK ? LEAST_ASK : pause;
    p->ask = wall + pause < limit ? wall + pause : limit;
    return true;
}

/* The schedule goes on behind its next moment, whenever that is. */
static void plan_skip(struct power_plan *p)
{
    if (p->next > p->skip)
        p->skip = p->next;
}

void powerplan_done(struct power_plan *p, int64_t wall)
{
    if (p->hand < 0)
        plan_skip(p);
    plan_no_hand(p);
    if (wall / 1000 > p->seen)
        p->seen = wall / 1000;
    p->next = -1;
}

/* --- By hand ------------------------------------------------------------------------------- */

static int when_in(const char *text, int64_t wall, int64_t *at, struct err *e)
{
    int64_t ms = 0;
    int rc = parse_duration(text, &ms, e);
    if (rc == 0 && (ms < 0 || ms > POWERPLAN_FAR))
        rc = err_set(e, -EINVAL, "'%.100s' is too far away: at most 30 days", text);
    if (rc == 0)
        *at = wall + ms;
    return rc;
}

static int when_bad(const char *text, struct err *e)
{
    return err_set(e, -EINVAL,
                   "'%.100s' is no time: write 22:30, or 2026-11-22 06:00, or with --in 30m", text);
}

/* The day that clocks show then. */
static bool is_day(const struct calendar_zone *z, int64_t at, const struct tm *day)
{
    struct tm tm;
    time_t shown = (time_t)(at + z->offset(z, at));
    return gmtime_r(&shown, &tm) && tm.tm_year == day->tm_year && tm.tm_mon == day->tm_mon &&
           tm.tm_mday == day->tm_mday;
}

/* What comes next by this schedule of one line. */
static int64_t when_next(const char *schedule, const struct calendar_zone *z, int64_t wall)
{
    struct arena a;
    struct schedules s;
    arena_init(&a);
    int64_t next =
        schedules_parse(schedule, &a, &s, NULL) < 0 ? -1 : calendar_next_of(&s, z, wall / 1000);
    arena_close(&a);
    return next;
}

int powerplan_when(const char *text, const struct calendar_zone *z, int64_t wall, int64_t *at,
                   bool *in, struct err *e)
{
    char schedule[64];
    struct tm tm = {0};
    *in = *text == '+';
    if (*in)
        return when_in(text + 1, wall, at, e);
    const char *end = strptime(text, "%Y-%m-%d %H:%M", &tm);
    bool dated = end && !*end;
    if (!dated) {
        tm = (struct tm){0};
        end = strptime(text, "%H:%M", &tm);
    }
    if (!end || *end)
        return when_bad(text, e);
    if (dated)
        (void)snprintf(schedule, sizeof schedule, "%d %d %d %d *", tm.tm_min, tm.tm_hour,
                       tm.tm_mday, tm.tm_mon + 1);
    else
        (void)snprintf(schedule, sizeof schedule, "%d %d * * *", tm.tm_min, tm.tm_hour);
    int64_t next = when_next(schedule, z, wall);
    if (next < 0)
        return when_bad(text, e);
    if (dated && !is_day(z, next, &tm))
        return err_set(e, -EINVAL, "'%.100s' is in the past, or too far away", text);
    if (next * 1000 - wall > POWERPLAN_FAR)
        return err_set(e, -EINVAL, "'%.100s' is too far away: at most 30 days", text);
    *at = next * 1000;
    return 0;
}

void powerplan_set(struct power_plan *p, int64_t at, bool in, struct power_clock now)
{
    plan_no_hand(p);
    p->hand = at;
    p->from = in ? at - now.wall + now.now : -1;
    if (at <= now.wall)
        p->warned = 0; /* at once is at once */
}

static int plan_needed(const struct power_plan *p, struct err *e)
{
    return powerplan_due(p) < 0 ? err_set(e, -ENOENT, "nothing is planned") : 0;
}

int powerplan_postpone(struct power_plan *p, int64_t by, struct power_clock now, struct err *e)
{
    int rc = plan_needed(p, e);
    int64_t due = powerplan_due(p);
    if (rc == 0 && (by < 1000 || by > POWERPLAN_FAR || due + by - now.wall > POWERPLAN_FAR))
        rc = err_set(e, -EINVAL, "it can be put off by at least a second, and to at most 30 days");
    if (rc < 0)
        return rc;
    if (p->hand < 0)
        plan_skip(p);
    bool in = p->from >= 0;
    int64_t action = p->action;
    powerplan_set(p, (due > now.wall ? due : now.wall) + by, in, now);
    p->action = action;
    return 0;
}

int powerplan_cancel(struct power_plan *p, int64_t wall, struct err *e)
{
    int rc = plan_needed(p, e);
    if (rc == 0)
        powerplan_done(p, wall);
    return rc;
}
