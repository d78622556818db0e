/*
 * Who sees to it that children, and what is known of them, outlive this process: the hand-over
 * (handover/) fills this table in, the engine and the jobs call it. Without one (host.keep is
 * NULL) a child that has lost its daemon is an orphan.
 *
 * A child starts behind a gate: it goes on to exec when what it needs is kept, and ends when its
 * daemon does before that. So a process that runs is a process that somebody knows of.
 */
#ifndef ENGINE_KEEP_H
#define ENGINE_KEEP_H

#include <stdbool.h>

struct child;
struct job;
struct listen_socket;
struct keep;
struct proc;

struct keep_ops {
    /* It waits behind its gate: keep it, then child_release, at once or later. */
    void (*child_started)(struct keep *k, struct child *c);
    /* Its gate is open, which may be later than child_release. */
    void (*child_let_go)(struct keep *k, struct child *c);
    /* It was reaped, and all that it wrote is read. */
    void (*child_ended)(struct keep *k, struct child *c);
    /* The state is new; what it asks for (a start, a signal) is done after this. */
    void (*proc_changed)(struct keep *k, struct proc *p);
    void (*job_changed)(struct keep *k, struct job *job);
    /* What is known of it as an event listener is new. */
    void (*member_changed)(struct keep *k, struct proc *p);
    /* Something is on its way to who keeps it: not a moment to become another program. */
    bool (*busy)(const struct keep *k);
    /* Another process has taken its place (MAINPID=): pid and pidfd are new. May be NULL. */
    void (*child_replaced)(struct keep *k, struct child *c);
    /* Another configuration was read: limits are the new ones already, and jobs are next. */
    void (*config_changed)(struct keep *k);
    /* A socket of listen= was opened, or, with `closing`, is closed next. May be NULL. */
    void (*listen_changed)(struct keep *k, struct listen_socket *s, bool closing);
};

/* Embedded in whoever does it. */
struct keep {
    const struct keep_ops *ops;
};

#endif
