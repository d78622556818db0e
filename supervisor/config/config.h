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

#include "base/arena.h"
#include "config/job.h"
#include "config/power.h"
#include "config/process.h"
#include "config/server.h"

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
    bool lasts;                  /* is stopped behind the shutdown jobs, to hear of them */
    struct socket_config socket; /* GROUP_FCGI */
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
    const char *path;               /* of the main file, absolute */
    const char *here;               /* its folder */
    struct name_list included;      /* files that [include] brought in, in the order of reading */
    struct config_sources *sources; /* what it was made of, see source.h; NULL: a merger */

    /* [supervisord] or [mainstay] */
    const char *logfile; /* absolute, or "syslog", or "journal" */
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
    const char *statedir; /* native; NULL */
    const char *user;     /* NULL */
    int64_t uid, gid;
    const char *directory; /* NULL */
    bool strip_ansi;
    struct env_list environment;
    const char *identifier;
    enum ready_when ready_when; /* native */

    /* [shutdown] */
    int64_t shutdown_timeout_ms; /* all shutdown jobs together */
    struct power_config power;

    struct ctl_config ctl;
    struct server_config *servers;
    size_t server_count;
    struct group_config *groups; /* in start order: (priority, name) */
    size_t group_count;
    struct job_config *jobs; /* in file order */
    size_t job_count;

    /* Of a merger: references to whose each group is, and behind them whose the rest is; or NULL */
    struct config **parts;
};

struct config *config_ref(struct config *c);
void config_unref(struct config *c); /* NULL is fine */

const struct group_config *config_find_group(const struct config *c, const char *name);
const struct job_config *config_find_job(const struct config *c, const char *name);

bool config_uses_journal(const struct config *c); /* does any log go to the journal? */

bool name_list_has(const struct name_list *l, const char *name);

#endif
