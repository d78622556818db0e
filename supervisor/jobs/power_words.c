/* What people and listeners hear of a power-off that is planned. */
#include <stdarg.h>

#include "base/log.h"
#include "engine/supervisor.h"
#include "jobs/power_inner.h"
#include "jobs/say.h"

// clang-format off
static const char *const nouns[] = {
    [POWER_OFF] = "power-off", [POWER_REBOOT] = "reboot", [POWER_HALT] = "halt",
    [POWER_EXIT] = "end of mainstayd", [POWER_EXEC] = "shutdown",
};
// clang-format on
_Static_assert(sizeof nouns / sizeof *nouns == POWER_ACTIONS, "a noun for each");

const char *power_noun(enum power_action action)
{
    return nouns[action];
}

enum power_action power_action_of(const struct power *p)
{
    return powerplan_action(&p->plan, power_config(p));
}

/* Its moment, or a later one when the warning came late; who holds it up moves nothing. */
static int64_t power_at(const struct power *p)
{
    int64_t due = powerplan_due(&p->plan);
    return !p->holder[0] && p->plan.ask > due ? p->plan.ask : due;
}

void power_tell(struct power *p, enum power_news news, const char *fmt, ...)
{
    struct buf text = BUF_EMPTY;
    char words[512];
    int64_t due = power_at(p);
    int64_t left = due - power_clock(p).wall;
    va_list args;
    va_start(args, fmt);
    (void)vsnprintf(words, sizeof words, fmt, args);
    va_end(args);
    buf_text(&text, words);
    const struct event ev = {.type = EVENT_SHUTDOWN,
                             .name = power_action_name(power_action_of(p)),
                             .cause = p->plan.hand >= 0 ? "hand" : "schedule",
                             .power = news,
                             .when = due / 1000,
                             .took = left > 0 ? left : 0,
                             .data = buf_str(&text),
                             .len = text.len};
    event_bus_publish(p->jobs->bus, &ev);
    buf_close(&text);
}

void power_tell_held(struct power *p)
{
    char until[32];
    const char *noun = power_noun(power_action_of(p));
    say_clock(powerplan_limit(&p->plan, power_config(p)), until, sizeof until);
    power_tell(p, POWER_POSTPONED, "the %s is put off by %s, until %s at most", noun, p->holder,
               until);
    log_warn("the %s is put off by %s, until %s at most", noun, p->holder, until);
}

/* Full minutes as people count them: of 9m 59.8s there are ten left. */
static void say_left(int64_t ms, char *text, size_t size)
{
    say_span((ms + 999) / 1000 * 1000, text, size);
}

void power_warn(struct power *p, int64_t left)
{
    enum power_action action = power_action_of(p);
    int64_t due = power_at(p);
    char when[32];
    char span[32];
    struct buf wall = BUF_EMPTY;
    say_clock(due, when, sizeof when);
    say_left(left, span, sizeof span);
    power_tell(p, POWER_WARNING, "%s in %s, at %s", power_noun(action), span, when);
    log_warn("%s in %s, at %s", power_noun(action), span, when);
    buf_printf(&wall, "mainstay: %s in %s; `mainstayctl shutdown --postpone 1h` puts it off.",
               power_noun(action), span);
    if (p->ops)
        p->ops->wall(p, action, due, buf_str(&wall));
    buf_close(&wall);
}

static void describe_step(const struct power *p, bool left, struct buf *out)
{
    char when[32];
    char span[32];
    int64_t due = power_at(p);
    int64_t ms = due - power_clock(p).wall;
    say_clock(due, when, sizeof when);
    buf_printf(out, " at %s", when);
    if (left && ms > 0) {
        say_left(ms, span, sizeof span);
        buf_printf(out, ", in %s", span);
    }
    if (!p->holder[0])
        return;
    say_clock(powerplan_limit(&p->plan, power_config(p)), when, sizeof when);
    buf_printf(out, ", put off by %s, until %s at most", p->holder, when);
}

void power_describe(const struct power *p, bool left, struct buf *out)
{
    if (!p->config || (p->step == POWER_IDLE && powerplan_due(&p->plan) < 0))
        return;
    buf_text(out, power_noun(power_action_of(p)));
    switch (p->step) {
    case POWER_IDLE:
    case POWER_ASKING:
    case POWER_TRYING:
        describe_step(p, left, out);
        break;
    case POWER_STOPPING:
        buf_text(out, " as soon as all is stopped");
        break;
    case POWER_GOING:
        buf_text(out, " now");
        break;
    }
}

json_t *power_info(const struct power *p)
{
    struct buf words = BUF_EMPTY;
    int64_t due = p->config ? power_at(p) : -1;
    bool planned = due >= 0 || power_under_way(p);
    power_describe(p, true, &words);
    json_t *info = json_pack("{s:b, s:f, s:s, s:s, s:b, s:s}", "planned", planned, "at",
                             planned ? (double)due / 1000 : 0.0, "action",
                             planned ? power_action_name(power_action_of(p)) : "", "cause",
                             !planned            ? ""
                             : p->plan.hand >= 0 ? "hand"
                                                 : "schedule",
                             "begun", power_under_way(p), "holder", p->holder);
    (void)json_object_set_new(info, "description",
                              json_string(words.len ? buf_str(&words) : "nothing is planned"));
    buf_close(&words);
    return info;
}
