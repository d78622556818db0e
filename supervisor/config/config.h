/*
 * A loaded configuration: one immutable snapshot in one arena.
 *
 * config_load makes it whole or not at all. Everything in it is borrowed from the snapshot
 * and lives until config_unref drops the last reference: running groups keep the snapshot
 * they were started with. Text is UTF-8 as found; an absent text is NULL.
 */
#ifndef CONFIG_CONFIG_H
#define CONFIG_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/arena.h"

enum { CONFIG_UNSET = -1 }; /* umask, uid, gid that no key set */

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

enum log_kind {
    LOG_KIND_AUTO, /* a generated name in childlogdir, deleted at the next start */
    LOG_KIND_NONE, /* read and dropped */
    LOG_KIND_FILE,
};

/* One of a process's two outputs: the keys stdout_* or stderr_*. */
struct log_config {
    enum log_kind kind;
    const char *path;         /* LOG_KIND_FILE only */
    int64_t maxbytes;         /* rotate at this size; 0: never */
    int64_t backups;          /* how many rotated files are kept */
    int64_t capture_maxbytes; /* 0: no capture mode */
    bool events_enabled;
    bool syslog;
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
    const char *serverurl; /* NULL: AUTO */
    const char *user;      /* NULL: unchanged */
    int64_t uid;           /* CONFIG_UNSET without user= (or with --unresolved) */
    int64_t gid;           /* the user's primary group, CONFIG_UNSET likewise */
    int64_t umask;         /* CONFIG_UNSET: inherited */
    int64_t priority;
    bool autostart;
    enum autorestart autorestart;
    int64_t startsecs;    /* s; may be negative: counts as 0 */
    int64_t startretries; /* may be negative: gives up at once */
    int64_t stopwaitsecs; /* s */
    int stopsignal;
    bool stopasgroup;
    bool killasgroup;
    struct int_list exitcodes;
    bool redirect_stderr;
    struct log_config out;
    struct log_config err;
    struct name_list requires; /* native: must be up (program) or have succeeded (job) */
    struct name_list after;    /* native: order only */
};

enum group_kind { GROUP_PROGRAM, GROUP_LISTENER, GROUP_FCGI };

struct group_config {
    const char *name;
    enum group_kind kind;
    int64_t priority;
    struct process_config *processes; /* array */
    size_t process_count;
    /* GROUP_LISTENER */
    struct name_list events; /* canonical upper-case names */
    int64_t buffer_size;
    const char *result_handler;
    /* GROUP_FCGI: socket as the normalised URL */
    const char *socket;
    int64_t socket_backlog;         /* CONFIG_UNSET: SOMAXCONN */
    int64_t socket_mode;            /* octal, CONFIG_UNSET for tcp */
    int64_t socket_uid, socket_gid; /* CONFIG_UNSET: unchanged */
};

enum job_when {
    JOB_WHEN_BOOT = 1,
    JOB_WHEN_SHUTDOWN = 2,
    JOB_WHEN_MANUAL = 4,
};

/* What else depends on a job that has failed for good. */
enum job_on_failure {
    JOB_ON_FAILURE_BLOCK,    /* what requires it stays down */
    JOB_ON_FAILURE_CONTINUE, /* what requires it starts all the same */
};

struct job_config {
    const char *name;
    struct process_config process; /* section "job:x" or "sync:x"; sync's command is generated */
    unsigned when;                 /* JOB_WHEN_* */
    int64_t timeout_ms;            /* one attempt; 0: none */
    int64_t retries;
    int64_t retry_delay_ms;
    enum job_on_failure on_failure;
    /* sync only: data no older than this lets dependents start after a failure; 0: never */
    int64_t stale_ok_ms;
    const char *target; /* sync only: the folder that stale_ok looks at */
};

struct server_config {
    const char *section; /* "unix_http_server", "inet_http_server:two" */
    bool is_unix;
    const char *path;     /* unix */
    int64_t mode;         /* unix: chmod, 0700 unless set */
    int64_t uid, gid;     /* unix: chown, CONFIG_UNSET: unchanged */
    const char *host;     /* inet: "" for every address */
    int64_t port;         /* inet */
    const char *username; /* NULL: no authentication */
    const char *password; /* clear or {SHA}hex; never shown */
};

struct ctl_config {
    const char *serverurl;
    const char *username; /* NULL */
    const char *password; /* NULL; never shown */
    const char *prompt;
    const char *history_file; /* NULL */
};

/* When READY=1 is sent to systemd. */
enum ready_when {
    READY_WHEN_UP,        /* boot jobs done and every autostart program has left STARTING */
    READY_WHEN_JOBS,      /* boot jobs done */
    READY_WHEN_LISTENING, /* as soon as the control socket answers */
};

struct config {
    struct arena arena; /* owns everything below, and this struct itself */
    unsigned refs;
    const char *path;          /* of the main file, absolute */
    const char *here;          /* its folder */
    struct name_list included; /* files that [include] brought in, in the order of reading */

    /* [supervisord] or [mainstay] */
    const char *logfile; /* absolute, or "syslog" */
    int64_t logfile_maxbytes;
    int64_t logfile_backups;
    int64_t loglevel; /* enum log_level */
    const char *pidfile;
    int64_t umask;
    bool nodaemon;
    bool silent;
    int64_t minfds;
    int64_t minprocs;
    bool nocleanup;
    const char *childlogdir;
    const char *user; /* NULL */
    int64_t uid, gid;
    const char *directory; /* NULL */
    bool strip_ansi;
    struct env_list environment;
    const char *identifier;
    enum ready_when ready_when; /* native */

    /* [shutdown] */
    int64_t shutdown_timeout_ms; /* all shutdown jobs together */

    struct ctl_config ctl;
    struct server_config *servers;
    size_t server_count;
    struct group_config *groups; /* in start order: (priority, name) */
    size_t group_count;
    struct job_config *jobs; /* in file order */
    size_t job_count;
};

struct config *config_ref(struct config *c);
void config_unref(struct config *c); /* NULL is fine */

const struct group_config *config_find_group(const struct config *c, const char *name);
const struct job_config *config_find_job(const struct config *c, const char *name);

#endif
