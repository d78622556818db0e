/*
 * What one process is told: a program after numprocs expansion, or the process of a job. Part of
 * a snapshot (config.h), which owns every text.
 */
#ifndef CONFIG_PROCESS_H
#define CONFIG_PROCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/logs.h"
#include "config/startup.h"

enum { CONFIG_UNSET = -1 }; /* umask, uid, gid, limits that no key set */

#define CONFIG_NO_LIMIT INT64_MAX /* "max" */

struct socket_config;

struct env_var {
    const char *name;
    const char *value;
};

struct env_list {
    struct env_var *vars; /* in the order of the text, a later duplicate replaces the value */
    size_t count;
};

struct name_list {
    const char **names;
    size_t count;
};

struct int_list {
    int64_t *values;
    size_t count;
};

/* Where something was written, for messages. */
struct config_place {
    const char *file;
    unsigned line; /* from 1 */
};

enum autorestart { AUTORESTART_NEVER, AUTORESTART_UNEXPECTED, AUTORESTART_ALWAYS };

/* When a process counts as up. */
enum ready_kind {
    READY_DELAY,  /* startsecs after its start */
    READY_NOTIFY, /* when it says so, as in sd_notify(3) */
};

/* What all processes of a program together may use; each CONFIG_UNSET, or CONFIG_NO_LIMIT. */
struct limits {
    int64_t memory_max;  /* bytes: above it the kernel kills */
    int64_t memory_high; /* bytes: above it the kernel slows down and takes memory back */
    int64_t cpu_weight;  /* 1 to 10000 */
    int64_t cpu_max;     /* us of CPU time in each 100 ms */
    int64_t tasks_max;   /* processes and threads */
};

/* One process to run: a program after numprocs expansion, or the process of a job. */
struct process_config {
    const char *name;    /* unique in its group */
    const char *program; /* x of [program:x]: what requires= and after= may name */
    const char *section; /* "program:x", "job:x", "sync:x" */
    struct config_place place;
    const char *command;
    const char *directory; /* NULL: inherited */
    struct env_list environment;
    struct env_list hidden; /* on top of it; nobody is shown these: see notify.c */
    bool speaks;            /* of [notify:x]: it says how its messages fare */
    const char *serverurl;  /* NULL: AUTO; "": none */
    const char *user;       /* NULL: unchanged */
    int64_t uid;            /* CONFIG_UNSET without user= (or with --unresolved) */
    int64_t gid;            /* the user's primary group, CONFIG_UNSET likewise */
    struct limits limits;
    int64_t umask; /* CONFIG_UNSET: inherited */
    int64_t priority;
    bool autostart;
    enum autorestart autorestart;
    bool essential;       /* native: without it all the others are of no use */
    int64_t startsecs;    /* s; may be negative: counts as 0 */
    int64_t startretries; /* may be negative: gives up at once */
    int64_t stopwaitsecs; /* s */
    int stopsignal;
    bool stopasgroup;
    bool killasgroup;
    struct int_list exitcodes;
    bool redirect_stderr;
    const struct socket_config *socket; /* NULL: standard input is a pipe */
    struct log_config out;
    struct log_config err;
    struct name_list requires; /* native: must be up (program) or have succeeded (job) */
    struct name_list after;    /* native: order only */
    /* of the plug-in supervisord-dependent-startup, see startup.c */
    bool dependent_startup;       /* starts at boot, whatever autostart says */
    bool inherit_priority;        /* done: priority is what it was to be */
    const char *wait_for_text;    /* as it is written */
    struct startup_list wait_for; /* what it means */
    /* native, of programs; see engine/notice.h and engine/listen.h */
    enum ready_kind ready;
    int64_t ready_timeout_ms; /* READY_NOTIFY: a start that takes longer has failed; 0: none does */
    int64_t watchdog_ms;      /* it must give a sign of life so often; 0: it need not */
    struct name_list listen;  /* sockets that it is given: as in config/listen.h, normalised */
    int64_t listen_mode;      /* of those that are files */
};

#endif
