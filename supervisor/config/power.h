/* When and how the machine is switched off: the rest of [shutdown]. Part of a snapshot. */
#ifndef CONFIG_POWER_H
#define CONFIG_POWER_H

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "config/schedule.h"

/* What is done when everything is down. */
enum power_action {
    POWER_OFF,
    POWER_REBOOT,
    POWER_HALT,
    POWER_EXIT, /* the daemon ends: of the first process of a container, that is the container */
    POWER_EXEC, /* a command sees to it */
    POWER_ACTIONS,
};

/* Who may put it off. */
enum power_reason {
    POWER_BY_JOBS,     /* any job that runs */
    POWER_BY_JOB,      /* the named one */
    POWER_BY_SESSIONS, /* somebody is logged in from elsewhere */
    POWER_BY_EXEC,     /* a command that exits with 0 */
};

struct power_inhibitor {
    enum power_reason reason;
    const char *what; /* the job's name, or the command; NULL */
};

struct power_config {
    const char *schedule_text; /* as it is written; "": never by itself */
    struct schedules schedule;
    const char *timezone;    /* "": the machine's */
    const char *action_text; /* "poweroff", "exec:/sbin/halt" */
    enum power_action action;
    const char *command; /* of POWER_EXEC; NULL */
    const char *warn_text;
    int64_t *warns; /* ms before it, the longest first */
    size_t warn_count;
    const char *inhibit_text;
    struct power_inhibitor *inhibitors; /* in the order in which they are asked */
    size_t inhibitor_count;
    int64_t postpone_max_ms; /* that they may put it off at most */
};

/*
 * One word, in any case: 0, or -EINVAL with a sentence. `command`: of exec:, borrowed from the
 * text; NULL.
 */
int power_action_parse(const char *text, enum power_action *action, const char **command,
                       struct err *e);
const char *power_action_name(enum power_action action); /* "poweroff" */

/* "10m, 1m": into the config, longest first. */
int power_warns_parse(const char *text, struct arena *a, struct power_config *c, struct err *e);

/* "jobs, sessions, job:NAME", and exec:COMMAND up to the end of its line. */
int power_inhibitors_parse(const char *text, struct arena *a, struct power_config *c,
                           struct err *e);

#endif
