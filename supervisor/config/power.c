#include "config/power.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"
#include "base/parse.h"

enum { POWER_LIST_MAX = 100 }; /* warnings, inhibitors */

#define POWER_WARN_MAX (INT64_C(7) * 86400 * 1000) /* ms */

static const char exec_prefix[] = "exec:";
static const char job_prefix[] = "job:";

// clang-format off
static const char *const action_names[] = {
    [POWER_OFF] = "poweroff", [POWER_REBOOT] = "reboot", [POWER_HALT] = "halt",
    [POWER_EXIT] = "exit",    [POWER_EXEC] = "exec",
};
// clang-format on
_Static_assert(sizeof action_names / sizeof *action_names == POWER_ACTIONS, "a name for each");

const char *power_action_name(enum power_action action)
{
    return action_names[action];
}

/* What stands behind the prefix, without blanks in front; NULL: it is not there. */
static const char *behind(const char *text, const char *prefix)
{
    size_t len = strlen(prefix);
    if (strncasecmp(text, prefix, len) != 0)
        return NULL;
    text += len;
    return text + strspn(text, " \t");
}

int power_action_parse(const char *text, enum power_action *action, const char **command,
                       struct err *e)
{
    const char *rest = behind(text, exec_prefix);
    if (rest && !*rest)
        return err_set(e, -EINVAL, "exec: has no command: write exec:/path/of/it");
    for (int i = 0; !rest && i < POWER_EXEC; i++) {
        if (strcasecmp(text, action_names[i]) != 0)
            continue;
        *action = (enum power_action)i;
        *command = NULL;
        return 0;
    }
    if (!rest)
        return err_set(e, -EINVAL,
                       "'%.100s' is not one of poweroff, reboot, halt, exit or exec:COMMAND", text);
    *action = POWER_EXEC;
    *command = rest;
    return 0;
}

/* --- Lists --------------------------------------------------------------------------------- */

/* A walk over what commas and ends of lines separate. */
struct item {
    const char *next; /* of the text */
    char *text;       /* owned, without blanks at both ends; never empty */
};

static bool item_next(struct item *i)
{
    mem_free(i->text);
    i->text = NULL;
    i->next += strspn(i->next, ", \t\r\n");
    if (!*i->next)
        return false;
    size_t len = strcspn(i->next, behind(i->next, exec_prefix) ? "\n" : ",\n");
    size_t shown = len;
    while (strchr(" \t\r", i->next[shown - 1])) /* the first one is no blank */
        shown--;
    i->text = mem_strndup(i->next, shown);
    i->next += len;
    return true;
}

static int too_many(const struct item *i, struct err *e)
{
    return err_set(e, -EINVAL, "'%.100s' is one too many: at most %d", i->text, POWER_LIST_MAX);
}

static void warns_insert(struct power_config *c, int64_t ms)
{
    size_t at = 0;
    while (at < c->warn_count && c->warns[at] > ms)
        at++;
    if (at < c->warn_count && c->warns[at] == ms)
        return;
    memmove(c->warns + at + 1, c->warns + at, (c->warn_count - at) * sizeof *c->warns);
    c->warns[at] = ms;
    c->warn_count++;
}

static int warns_add(const struct item *i, struct power_config *c, struct err *e)
{
    int64_t ms = 0;
    int rc = parse_duration(i->text, &ms, e);
    if (rc < 0)
        return rc;
    if (ms < 1000 || ms > POWER_WARN_MAX)
        return err_set(e, -EINVAL, "'%.100s' is no time for a warning: between 1s and 7d", i->text);
    if (c->warn_count == POWER_LIST_MAX)
        return too_many(i, e);
    warns_insert(c, ms);
    return 0;
}

int power_warns_parse(const char *text, struct arena *a, struct power_config *c, struct err *e)
{
    struct item i = {.next = text};
    int rc = 0;
    c->warns = arena_array(a, POWER_LIST_MAX, sizeof *c->warns);
    c->warn_count = 0;
    while (rc == 0 && item_next(&i))
        rc = warns_add(&i, c, e);
    mem_free(i.text);
    return rc;
}

static int inhibitor_read(const char *text, struct power_inhibitor *out, struct err *e)
{
    const char *job = behind(text, job_prefix);
    const char *command = behind(text, exec_prefix);
    if (strcasecmp(text, "jobs") == 0)
        *out = (struct power_inhibitor){POWER_BY_JOBS, NULL};
    else if (strcasecmp(text, "sessions") == 0)
        *out = (struct power_inhibitor){POWER_BY_SESSIONS, NULL};
    else if (job && *job)
        *out = (struct power_inhibitor){POWER_BY_JOB, job};
    else if (command && *command)
        *out = (struct power_inhibitor){POWER_BY_EXEC, command};
    else
        return err_set(e, -EINVAL,
                       "'%.100s' is not one of jobs, job:NAME, sessions or exec:COMMAND", text);
    return 0;
}

static int inhibitor_add(const struct item *i, struct arena *a, struct power_config *c,
                         struct err *e)
{
    if (c->inhibitor_count == POWER_LIST_MAX)
        return too_many(i, e);
    struct power_inhibitor *out = &c->inhibitors[c->inhibitor_count];
    int rc = inhibitor_read(i->text, out, e);
    if (rc < 0)
        return rc;
    out->what = arena_strdup(a, out->what);
    c->inhibitor_count++;
    return 0;
}

int power_inhibitors_parse(const char *text, struct arena *a, struct power_config *c, struct err *e)
{
    struct item i = {.next = text};
    int rc = 0;
    c->inhibitors = arena_array(a, POWER_LIST_MAX, sizeof *c->inhibitors);
    c->inhibitor_count = 0;
    while (rc == 0 && item_next(&i))
        rc = inhibitor_add(&i, a, c, e);
    mem_free(i.text);
    return rc;
}
