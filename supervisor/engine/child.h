/*
 * A child process with its two outputs: what a supervised program and a run of a job share.
 *
 * Embedded in its owner. The owner learns of the exit when everything that the child wrote has
 * been read. The pipes close in the loop; until child_idle the child cannot be started again.
 */
#ifndef ENGINE_CHILD_H
#define ENGINE_CHILD_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/arena.h"
#include "base/err.h"
#include "config/config.h"
#include "engine/cgroup.h"
#include "engine/feed.h"
#include "engine/gift.h"
#include "engine/inbox.h"
#include "engine/spawn.h"
#include "output/sink.h"
#include "output/stream.h"

struct child {
    const struct process_config *config;
    const char *group;
    const char *label; /* of its owner, for whoever keeps it; borrowed, set after init */
    bool of_job;       /* the owner is a job, not a process */
    uint64_t serial;   /* of this start, among all of this daemon; not 0 while there is a pid */
    pid_t pid;         /* 0: none */
    pid_t born;        /* what was started; pid is another one once that took its place */
    int pidfd;         /* -1: none */
    int gate;          /* -1: open, or there is none */
    bool released;     /* the gate may be opened, as soon as its cgroup is what it should be */
    struct cgroup cgroup;
    bool adopted;   /* no child of ours: its daemon died, we look after it */
    bool held;      /* ... before it had opened the gate, as far as is known */
    uint64_t ticks; /* when it began, in the kernel's ticks since boot; 0: nobody has looked */
    int in;         /* write end of its standard input; -1: none */
    int64_t killed; /* ms: since then SIGKILL should have ended it; 0: it was not sent */
    int given;      /* what it gets as standard input, borrowed for the start; -1: a pipe */
    int report;
    struct host *host;
    struct gift gift; /* of its owner, for the start; the variables of the inbox are added */
    bool speaks;      /* it is given an inbox. Set between init and start, with on_message of it */
    struct inbox inbox;
    struct feed feed; /* what is on its way to `in` */
    struct stream out, err;
    struct sink out_sink, err_sink;
    char *out_auto; /* owned names of AUTO logs, NULL otherwise */
    char *err_auto;
    void (*on_idle)(struct child *child); /* NULL, or told when the last pipe is closed */
    /* NULL, or a second reader of what it writes, after the log. Set between init and start. */
    void (*on_output)(struct child *child, bool is_err, const char *data, size_t len);
    /* Told of a message in capture mode. */
    void (*on_message)(struct child *child, bool is_err, const char *data, size_t len);
    /* Its standard output is a protocol: logged as it is, and not sent to syslog. Set likewise. */
    bool protocol;
};

void child_init(struct child *c, const struct process_config *config, const char *group,
                struct host *host);

/* Makes the files of AUTO logs, when the group is activated. Without: such output is dropped. */
void child_make_auto_logs(struct child *c, const struct config *config);
void child_strip_ansi(struct child *c, bool strip); /* before the first start, like protocol */

/* Capture mode as configured, on standard error only or on both. Before the first start. */
void child_capture(struct child *c, bool out_too,
                   void (*on_message)(struct child *, bool is_err, const char *data, size_t len));

void child_close(struct child *c); /* frees what is left; the child must be idle */
bool child_idle(const struct child *c);

/* Starts the process. On failure (sentence in e) there is no process and the child is idle. */
int child_start(struct child *c, const struct spawn_context *ctx, struct err *e);

void child_release(struct child *c); /* opens its gate; twice is fine */

/* From now on this process is the one that is looked after. `pidfd` is taken. */
void child_replace(struct child *c, pid_t pid, int pidfd);

/*
 * Takes over a process that runs already, with its descriptors (`s`; taken). A failure is that its
 * logs cannot be opened: then it is taken over all the same, and what it writes is dropped.
 */
int child_adopt(struct child *c, const struct spawned *s, struct err *e);

/* What lives in its cgroup, although it has no process, is accounted for: no sweep ends it. */
void child_claim_cgroup(struct child *c);

/*
 * The process is gone: reads what is left in the pipes and begins to close them. When exec had
 * failed, returns true and writes why. Afterwards c->pid is 0.
 */
bool child_exited(struct child *c, struct err *why);

/* Did it end at its gate, with the daemon that had started it? Then it never ran at all. */
bool child_never_ran(const struct child *c, int code, int status);

/* Lets go of a process that cannot be ended: nobody reads it or waits for it any more. */
void child_abandon(struct child *c);

/* Exec has surely worked by now, or surely failed: gives its pipe back when it says nothing. */
void child_confirm(struct child *c);

/* To its standard input: 0, -EPIPE when nobody reads it, -ENOBUFS when too much waits already. */
int child_write(struct child *c, const char *data, size_t len);

int child_signal(struct child *c, int number, bool group); /* 0 or -errno */

/* Paths of the logs, NULL when there is none. Borrowed. */
const char *child_out_path(const struct child *c);
const char *child_err_path(const struct child *c);

void child_reopen_logs(struct child *c);
int child_clear_logs(struct child *c, struct err *e);

#endif
