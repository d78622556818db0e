/*
 * How people ask: the HTTP servers and the methods behind them. One instance, owned by main.c.
 */
#ifndef CONTROL_CONTROL_H
#define CONTROL_CONTROL_H

#include "config/load.h"
#include "control/metrics.h"
#include "control/rpc.h"
#include "control/server.h"
#include "engine/supervisor.h"
#include "jobs/jobs.h"
#include "jobs/power.h"

/* What clients that ask for Supervisor's version are told: whose behaviour this is. */
#define CONTROL_SUPERVISOR_VERSION "4.2.5"
#define CONTROL_API_VERSION "3.0"

/* What only the owner of everything can do. `owner` is what control_open got. */
struct control_host {
    void (*shutdown)(void *owner); /* both begin from the loop, after the answer */
    void (*restart)(void *owner);
    /* reads the configuration anew: 0 and a reference for us, or what is wrong with it */
    int (*reread)(void *owner, struct config **out, struct err *e);
    /* the same without included files that cannot be used (what is wrong with them is in `left`),
       if these groups have nothing to do with them: only they are of any use then */
    int (*reread_good)(void *owner, const struct name_list *groups, struct config **out,
                       struct problem_list *left, struct err *e);
    /* begins to become another program ("": a new version of ours); control_upgraded says how it
       went, if it went wrong also later. -errno: it does not begin, and why */
    int (*upgrade)(void *owner, const char *program, struct err *e);
    json_t *(*daemon_info)(void *owner);  /* for mainstay.getDaemonInfo; a new reference */
    const char *(*main_log)(void *owner); /* path; NULL: there is none */
    int (*clear_main_log)(void *owner, struct err *e);
};

struct control {
    uv_loop_t *loop;
    struct supervisor *supervisor; /* borrowed, like jobs */
    struct jobs *jobs;
    const struct control_host *host;
    void *owner;
    struct power *power;         /* borrowed; NULL: no power-off is ever planned */
    struct inherited *inherited; /* where servers may be listening already; borrowed; NULL */
    struct rpc rpc;
    struct router router;
    struct list servers; /* struct serving, owned (servers.h) */
    char *identifier;    /* owned */
    struct event_subscriber subscriber;
    struct call *upgrading; /* waits for control_upgraded; NULL */
    struct list web_acts;   /* that the web page has asked for (web.c) */
    struct list deeds;      /* calls with things still to be done to processes (deed.h) */
    struct list waits;      /* calls that wait for processes or jobs (wait.h) */
    struct list follows;    /* logs that are followed (follow.h) */
    struct metrics metrics; /* who asks for them (metrics.h) */
    unsigned resumed;       /* of them, for clients of an earlier process (resume.h) */
    bool held;              /* they are to come to rest */
    uv_timer_t finish;      /* zero: answers what has come true, outside of the event's stack */
    uv_timer_t go_on;       /* lets calls go on that pause */
    size_t open_handles;
    void (*on_closed)(struct control *c);
};

void control_open(struct control *c, uv_loop_t *loop, struct supervisor *s, struct jobs *j,
                  const struct control_host *host, void *owner);

/*
 * Opens every server of the configuration, once. After a failure control_close closes those that
 * are open already.
 */
int control_listen(struct control *c, struct config *cfg, struct err *e);

/* A reload, or a daemon that takes over: servers and identifier become those of this
 * configuration; what cannot be opened is logged, and the others are. */
void control_change(struct control *c, struct config *cfg);

void control_announce(const struct control *c); /* logs which servers there are */

/*
 * Takes no more requests, finishes the answers in flight (what still waits gets a fault), and
 * closes everything; on_closed from the loop.
 */
void control_close(struct control *c, void (*on_closed)(struct control *c));

/*
 * Before this process becomes another version: is every call answered, but for who waits for
 * control_upgraded? What is followed does not count.
 */
bool control_quiet(const struct control *c);
void control_put_off(struct control *c); /* answers what still waits: to be asked again later */

/* Connections on which nothing is asked or answered now: they go along, so that a client that was
 * about to ask does not find its connection broken. Descriptors are borrowed, or taken. */
void control_each_idle(const struct control *c,
                       void (*each)(void *owner, const char *section, int fd), void *owner);
void control_welcome(struct control *c, const char *section, int fd);

/* The upgrade has come so far that it follows the answer (its version), or it is refused. */
void control_upgraded(struct control *c, const char *version, const char *refusal);

/* The control that a call came to. */
struct control *control_of(const struct call *c);

/* Did root, or who we run as, ask for this over a unix socket? Whoever else may ask has a say about
 * what is configured, and about nothing beyond. */
bool control_trusts(const struct call *c);

/* For follows, which count themselves in open_handles: one of them is closed. */
void control_handle_closed(struct control *c);

#endif
