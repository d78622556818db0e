/*
 * Starting a process: everything is computed in the parent (the plan), so that between fork and
 * exec only async-signal-safe calls are left. What fails in the child comes back through a
 * close-on-exec pipe as {stage, errno}.
 */
#ifndef ENGINE_SPAWN_H
#define ENGINE_SPAWN_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/arena.h"
#include "base/err.h"
#include "config/config.h"
#include "engine/host.h"

/* What every child of one daemon is told. Borrowed; lives as long as the supervisor. */
struct spawn_context {
    const char *server_url;     /* SUPERVISOR_SERVER_URL; NULL: none */
    const char *program_folder; /* where mainstayd lives: its companions are found there too */
};

enum {
    SPAWN_PASS_MAX = 64,    /* descriptors that a program is given */
    SPAWN_GATE_STATUS = 94, /* its exit status when its daemon dies before the gate opens */
};

struct spawn_plan {
    const char *name; /* for messages */
    const char *path; /* to execute; relative paths are seen from `directory` */
    char **argv;
    char **envp;
    const char *directory; /* NULL: inherited */
    int64_t umask;         /* CONFIG_UNSET: inherited */
    bool set_user;
    uid_t uid;
    const char *uid_text; /* for messages */
    gid_t gid;
    gid_t *groups;
    int group_count;
    bool redirect_stderr;
    int in;          /* the child's descriptor 0, borrowed; -1: a new pipe */
    int cgroup;      /* a folder of cgroup v2 to be born in, borrowed; -1: ours */
    const int *pass; /* its descriptors from 3 on, borrowed */
    int pass_count;
    char *pid_at[2]; /* where in envp its own pid is to be written: 11 bytes each; or NULL */
    bool gated;      /* it waits for spawned.gate */
};

/*
 * Splits the command, finds the program, builds argument and environment vectors in `a`.
 * -ENOENT (no such command) or -ENOEXEC (it cannot be run) with Supervisor's sentence in e.
 */
int spawn_plan_make(struct spawn_plan *plan, const struct process_config *config, const char *group,
                    const struct spawn_context *ctx, struct arena *a, struct err *e);

/* host_ops.spawn of the real machine. Descriptors in `out` are non-blocking but for `in`. */
int spawn_process(const struct spawn_plan *plan, struct spawned *out, struct err *e);

/*
 * Reads what the child said before exec. True: exec failed, and `why` says at which step.
 * False: it has worked, or nothing is known yet.
 */
bool spawn_report_read(int fd, const struct process_config *config, struct err *why);

#endif
