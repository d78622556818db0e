#include "jobs/power.h"

#include <errno.h>
#include <string.h>

#include "base/list.h"
#include "base/log.h"
#include "base/parse.h"
#include "engine/keep.h"
#include "jobs/power_inner.h"
#include "jobs/say.h"

enum {
    POWER_GONE_MS = 10 * 60 * 1000, /* a machine that is still there then stays */
    POWER_EXEC_MS = 10 * 60 * 1000, /* that action=exec: may take */
    POWER_STEPS = 8,                /* that follow each other in one look */
};

// clang-format off
static const enum stop_reason reasons[] = {
    [POWER_OFF] = STOP_POWEROFF, [POWER_REBOOT] = STOP_REBOOT, [POWER_HALT] = STOP_HALT,
    [POWER_EXIT] = STOP_EXIT,    [POWER_EXEC] = STOP_POWEROFF,
};
// clang-format on
_Static_assert(sizeof reasons / sizeof *reasons == POWER_ACTIONS, "a reason for each");

static void power_proceed(struct power *p);

const struct power_config *power_config(const struct power *p)
{
    return &p->config->power;
}

struct host *power_host(const struct power *p)
{
    return p->jobs->host;
}

struct power_clock power_clock(const struct power *p)
{
    return (struct power_clock){host_wall(power_host(p)), host_now(power_host(p))};
}

const struct calendar_zone *power_zone(const struct power *p)
{
    return zones_get(&p->jobs->zones, power_config(p)->timezone);
}

/* Another configuration: its schedule counts, and what was asked for by hand stays. */
static void power_follow(struct power *p)
{
    struct config *config = p->jobs->snapshot;
    if (config == p->config || !config)
        return;
    config_ref(config);
    config_unref(p->config);
    p->config = config;
    p->told_impossible = false;
}

/* Is there more to know than the configuration says, and is it not done already? */
static bool power_is_decided(const struct power *p)
{
    bool done =
        p->step == POWER_GOING || (p->step == POWER_STOPPING && power_action_of(p) == POWER_EXIT);
    bool left_out = p->plan.skip > power_clock(p).wall / 1000;
    return !done && (p->plan.hand >= 0 || p->plan.ask >= 0 || left_out);
}

static void power_note(struct power *p)
{
    power_note_write(&p->note, power_is_decided(p) ? &p->plan : NULL);
}

/* Whoever takes over, after a crash or a restart, is to know it. */
void power_changed(struct power *p)
{
    struct keep *keep = power_host(p)->keep;
    power_note(p);
    if (keep)
        keep->ops->config_changed(keep);
    if (p->on_news)
        p->on_news(p);
}

/* --- The end of it ------------------------------------------------------------------------- */

static void power_over(struct power *p)
{
    host_disarm(power_host(p), &p->gone);
    p->step = POWER_IDLE;
    p->forced = false;
    p->holder[0] = '\0';
    powerplan_done(&p->plan, power_clock(p).wall);
    power_changed(p);
    power_look(p);
}

void power_failed(struct power *p, const char *why)
{
    bool down = power_under_way(p) && p->shutdown->stays;
    char name[32];
    (void)snprintf(name, sizeof name, "%s", power_noun(power_action_of(p)));
    power_tell(p, POWER_FAILED, "the %s has failed: %s", name, why);
    log_error("the %s has failed: %s%s", name, why, down ? "; everything goes on" : "");
    power_over(p);
    if (down)
        shutdown_cancel(p->shutdown);
}

void power_goes(struct power *p)
{
    host_disarm(power_host(p), &p->gone);
}

static void on_gone(struct timer *timer)
{
    power_failed(container_of(timer, struct power, gone), "the machine is still there");
}

void power_resumed(struct power *p)
{
    if (!power_under_way(p))
        power_look(p);
    else
        power_failed(p, "it was called off");
}

/* --- Down ---------------------------------------------------------------------------------- */

static void power_wait_gone(struct power *p)
{
    host_arm(power_host(p), &p->gone, host_now(power_host(p)) + POWER_GONE_MS);
}

static void on_command_done(struct chore *chore)
{
    struct power *p = container_of(chore, struct power, chore);
    if (p->step != POWER_GOING)
        return;
    if (!chore->good) {
        power_failed(p, chore->why);
        return;
    }
    log_info("'%s' has seen to it", chore->command);
    power_wait_gone(p);
}

static void power_run_command(struct power *p)
{
    struct err e;
    p->chore.on_done = on_command_done;
    if (chore_start(&p->chore, power_config(p)->command, POWER_EXEC_MS, &p->jobs->spawn_context,
                    &e) < 0)
        power_failed(p, e.text);
}

/* All is down: now the machine is told. */
void power_all_down(struct power *p)
{
    enum power_action action = power_action_of(p);
    if (p->step != POWER_STOPPING)
        return;
    p->step = POWER_GOING;
    power_changed(p);
    log_warn("all is stopped: %s", power_noun(action));
    if (action == POWER_EXEC) {
        power_run_command(p);
        return;
    }
    power_wait_gone(p);
    if (p->ops)
        p->ops->tell(p, action);
}

static void power_stop_all(struct power *p)
{
    enum power_action action = power_action_of(p);
    log_warn("%s%s: everything is stopped", power_noun(action),
             p->forced ? ", which was put off for long enough" : "");
    p->step = POWER_STOPPING;
    p->holder[0] = '\0';
    power_changed(p);
    if (action == POWER_EXIT)
        p->on_exit(p);
    else
        shutdown_prepare(p->shutdown, reasons[action]);
}

void power_again(struct power *p)
{
    power_follow(p);
    power_stop_all(p);
}

/* Meanwhile somebody has everything stopped: if that is not the end, we look again afterwards. */
static bool power_gives_way(struct power *p)
{
    if (!shutdown_under_way(p->shutdown))
        return false;
    p->step = POWER_IDLE;
    p->forced = false;
    return true;
}

void power_may(struct power *p, const char *why_not)
{
    if (p->step != POWER_TRYING || power_gives_way(p))
        return;
    if (why_not)
        power_failed(p, why_not);
    else
        power_stop_all(p);
}

static void power_begin(struct power *p)
{
    enum power_action action = power_action_of(p);
    p->step = POWER_TRYING;
    if (action == POWER_EXIT || action == POWER_EXEC)
        power_stop_all(p);
    else if (p->ops)
        p->ops->ask(p, action);
    else
        power_failed(p, "nobody can do it here");
}

/* --- Inhibitors ---------------------------------------------------------------------------- */

/* Somebody puts it off; false: for no longer. */
static void power_hold(struct power *p, const char *who)
{
    char again[sizeof p->holder];
    (void)snprintf(again, sizeof again, "%s", who);
    bool news = p->plan.ask < 0 || strcmp(again, p->holder) != 0;
    p->step = POWER_IDLE;
    if (!powerplan_held(&p->plan, power_config(p), power_clock(p).wall)) {
        p->forced = true;
        log_warn("%s does not put off the %s any longer", again, power_noun(power_action_of(p)));
        power_begin(p);
        return;
    }
    (void)snprintf(p->holder, sizeof p->holder, "%s", again);
    power_changed(p);
    if (news)
        power_tell_held(p);
    power_look(p);
}

/* One that cannot be asked holds nothing up, but is told of. */
static void power_tell_unasked(const char *command, const char *why)
{
    log_error("[shutdown] inhibit=exec:%s cannot be asked: %s; it puts nothing off", command, why);
}

static void power_answered(struct power *p, const struct chore *chore)
{
    char who[sizeof p->holder];
    (void)snprintf(who, sizeof who, "exec:%s", chore->command);
    if (!chore->answered)
        power_tell_unasked(chore->command, chore->why);
    if (chore->good)
        power_hold(p, who);
    else
        power_proceed(p);
}

static void on_check_done(struct chore *chore)
{
    struct power *p = container_of(chore, struct power, chore);
    bool anew = p->anew;
    if (p->step != POWER_ASKING || power_gives_way(p))
        return;
    p->anew = false;
    if (anew)
        power_proceed(p);
    else
        power_answered(p, chore);
}

static bool power_check(struct power *p, const char *command)
{
    struct err e;
    p->chore.on_done = on_check_done;
    int rc = chore_start(&p->chore, command, POWER_CHECK_MS, &p->jobs->spawn_context, &e);
    if (rc < 0)
        power_tell_unasked(command, e.text);
    return rc == 0;
}

static bool power_asks_more(struct power *p)
{
    const struct power_config *c = power_config(p);
    return p->asked < c->inhibitor_count;
}

/* The next inhibitors, up to one that takes its time. */
static void power_proceed(struct power *p)
{
    char who[sizeof p->holder];
    while (power_asks_more(p)) {
        const struct power_inhibitor *one = &power_config(p)->inhibitors[p->asked++];
        if (one->reason == POWER_BY_EXEC ? power_check(p, one->what) : false)
            return;
        if (power_is_held(p, one, who, sizeof who)) {
            power_hold(p, who);
            return;
        }
    }
    power_begin(p);
}

static void power_ask(struct power *p)
{
    p->step = POWER_ASKING;
    p->asked = 0;
    p->anew = p->chore.busy; /* by an earlier plan: then as soon as that has ended */
    if (!p->anew)
        power_proceed(p);
}

/* --- Looking ------------------------------------------------------------------------------- */

static void power_late(struct power *p)
{
    char when[32];
    say_clock(powerplan_due(&p->plan), when, sizeof when);
    power_tell(p, POWER_CANCELLED, "the %s of %s was missed and is left out",
               power_noun(power_action_of(p)), when);
    log_warn("the %s of %s was missed: it is left out", power_noun(power_action_of(p)), when);
    power_over(p);
}

/* False: there is nothing more to do now; it waits until `at`. */
static bool power_do(struct power *p, int64_t *at)
{
    struct power_verdict v = powerplan_look(&p->plan, power_config(p), power_clock(p).wall);
    *at = v.at;
    switch (v.deed) {
    case POWER_WAIT:
        return false;
    case POWER_WARN:
        power_warn(p, v.left);
        power_changed(p);
        return true;
    case POWER_ASK:
        *at = -1;
        power_ask(p);
        return p->step == POWER_IDLE;
    case POWER_LATE:
        power_late(p);
        return true;
    }
    return false;
}

/* A scheduled one that this machine cannot do is told of when it is read, not at night. */
static void power_foresee(struct power *p)
{
    struct err e;
    if (p->told_impossible || powerplan_due(&p->plan) < 0 || !p->ops ||
        p->ops->possible(p, power_action_of(p), &e) != -ENOSYS)
        return;
    p->told_impossible = true;
    log_warn("the %s that is planned will fail: %s", power_noun(power_action_of(p)), e.text);
}

/* Nobody was there at its moment, to warn and to ask: it is not done out of the blue. */
static void power_look_back(struct power *p)
{
    struct buf words = BUF_EMPTY;
    if (!p->recalled)
        return;
    p->recalled = false;
    if (powerplan_missed(&p->plan, power_clock(p).wall)) {
        power_late(p);
        return;
    }
    power_describe(p, false, &words);
    log_warn("as it was decided before this start: %s", words.len ? buf_str(&words) : "nothing");
    buf_close(&words);
}

static void power_walk(struct power *p, int64_t *at)
{
    int64_t due = powerplan_due(&p->plan);
    powerplan_settle(&p->plan, power_config(p), power_zone(p), power_clock(p));
    power_look_back(p);
    power_foresee(p);
    for (int i = 0; i < POWER_STEPS && power_do(p, at); i++)
        powerplan_settle(&p->plan, power_config(p), power_zone(p), power_clock(p));
    if (powerplan_due(&p->plan) != due && p->step == POWER_IDLE)
        power_changed(p);
}

/* What is under way is done as it was begun. */
static void on_look(struct timer *timer)
{
    struct power *p = container_of(timer, struct power, look);
    int64_t at = -1;
    if (p->step == POWER_IDLE)
        power_follow(p);
    if (p->config && p->step == POWER_IDLE && !shutdown_under_way(p->shutdown))
        power_walk(p, &at);
    agenda_watch(p->jobs, p->step == POWER_IDLE ? at : -1);
}

void power_look(struct power *p)
{
    if (!p->closed && !timer_armed(&p->look))
        host_arm(power_host(p), &p->look, host_now(power_host(p)));
}

void power_ask_again(struct power *p)
{
    if (p->step == POWER_IDLE && p->plan.ask > 0)
        p->plan.ask = 0;
    power_look(p);
}

/* --- Life ---------------------------------------------------------------------------------- */

void power_init(struct power *p, struct jobs *j, struct shutdown *sd)
{
    *p = (struct power){.jobs = j, .shutdown = sd};
    powerplan_init(&p->plan);
    chore_init(&p->chore, j->host);
    p->look.on_due = on_look;
    p->gone.on_due = on_gone;
}

void power_keep(struct power *p, const char *folder)
{
    power_note_open(&p->note, folder);
    if (p->config) /* else nothing is known yet */
        power_note(p);
}

void power_recall(struct power *p)
{
    p->recalled = power_note_read(&p->note, &p->plan);
}

void power_close(struct power *p)
{
    p->closed = true;
    host_disarm(power_host(p), &p->look);
    host_disarm(power_host(p), &p->gone);
    agenda_watch(p->jobs, -1);
    chore_stop(&p->chore);
    power_note_close(&p->note);
    config_unref(p->config);
    p->config = NULL;
}

bool power_under_way(const struct power *p)
{
    return p->step == POWER_STOPPING || p->step == POWER_GOING;
}

bool power_exited(struct power *p, pid_t pid, int code, int status)
{
    return chore_exited(&p->chore, pid, code, status);
}
