/*
 * The machine goes down by [shutdown] schedule=, or because somebody has asked for it: warnings,
 * the questions to the inhibitors, then everything is stopped as for any power-off (shutdown.h),
 * and only when all is down is the machine told. What fails on this way is said, and what had been
 * stopped goes on. When there is what to do is powerplan.h's to know; the machine is told through
 * `ops`, which the systemd bridge fills in.
 */
#ifndef JOBS_POWER_H
#define JOBS_POWER_H

#include <jansson.h>

#include "jobs/chore.h"
#include "jobs/power_note.h"
#include "jobs/powerplan.h"
#include "jobs/shutdown.h"

enum power_step {
    POWER_IDLE,     /* it is planned, or it is not */
    POWER_ASKING,   /* the inhibitors, by a command */
    POWER_TRYING,   /* whether the machine can do it at all */
    POWER_STOPPING, /* everything is being stopped */
    POWER_GOING,    /* all is down, and the machine was told */
};

struct power;

/* What only the machine knows and does. `p->machine` is the bridge's. */
struct power_ops {
    /* 0, or -errno and what to do instead: a look, at once */
    int (*possible)(const struct power *p, enum power_action action, struct err *e);
    void (*ask)(struct power *p, enum power_action action);  /* power_may follows */
    void (*tell)(struct power *p, enum power_action action); /* power_failed, or it goes */
    /* to everybody at a terminal; due in ms since 1970 */
    void (*wall)(struct power *p, enum power_action action, int64_t due, const char *text);
    bool (*session)(struct power *p, char *who, size_t size); /* is somebody logged in? */
};

/* Owned by main.c. */
struct power {
    struct jobs *jobs;           /* borrowed, like the next */
    struct shutdown *shutdown;   /* whose owner, the bridge, tells us of its end */
    const struct power_ops *ops; /* NULL: there is no machine */
    void *machine;
    void (*on_exit)(struct power *p); /* action=exit: the daemon is to end */
    void (*on_news)(struct power *p); /* something is different now; may be NULL */
    struct power_plan plan;
    struct power_note note;
    enum power_step step;
    struct config *config; /* a reference: whose [shutdown] counts */
    size_t asked;          /* POWER_ASKING: which inhibitor */
    bool anew;             /* ... begins as soon as the command of an earlier plan has ended */
    bool forced;           /* it was put off for long enough */
    bool told_impossible;  /* the log has heard that this machine cannot do it */
    bool recalled;         /* the plan is that of a daemon before us: to be looked at */
    bool closed;
    char holder[256]; /* who has put it off, in words; "" */
    struct chore chore;
    struct timer look; /* once for many changes, from the loop */
    struct timer gone; /* POWER_GOING: it should be by now */
};

void power_init(struct power *p, struct jobs *j, struct shutdown *sd);
void power_close(struct power *p); /* what it still runs is killed */

/* Where decisions are remembered (power_note.h); and what the daemon before us has left there. */
void power_keep(struct power *p, const char *folder);
void power_recall(struct power *p);

void power_look(struct power *p);            /* something has changed: from the loop */
void power_ask_again(struct power *p);       /* who has put it off may be done */
bool power_under_way(const struct power *p); /* everything goes down because of it */
void power_again(struct power *p);           /* the daemon before us had begun it, and crashed */
bool power_exited(struct power *p, pid_t pid, int code, int status); /* false: none of ours */

/* For who stops everything: all is down; it goes on after all. */
void power_all_down(struct power *p);
void power_resumed(struct power *p);

/* For the machine: NULL, or why it cannot. */
void power_may(struct power *p, const char *why_not);
void power_failed(struct power *p, const char *why);
void power_goes(struct power *p); /* it is about to go down: it cannot take long */

/* By hand: -errno with one sentence. `action`: NULL or "": as it is configured. */
int power_set(struct power *p, const char *when, const char *action, struct err *e);
int power_postpone(struct power *p, const char *by, struct err *e);
int power_cancel(struct power *p, struct err *e);

const char *power_noun(enum power_action action); /* "power-off" */
/* "power-off at 2026-11-21 22:00:00, in 5m"; appends nothing when nothing is planned. */
void power_describe(const struct power *p, bool left, struct buf *out);
json_t *power_info(const struct power *p); /* mainstay.getShutdown; a new reference */

#endif
