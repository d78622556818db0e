/*
 * Every key that mainstay knows, one row each. The rows drive parsing, range checks, defaults,
 * did-you-mean, the dump, the comparison of two configurations, and the documentation.
 */
#ifndef CONFIG_KEY_H
#define CONFIG_KEY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/expand.h"
#include "config/values.h"

enum key_type {
    KEY_TEXT,        /* const char * */
    KEY_INT,         /* int64_t */
    KEY_BOOL,        /* bool */
    KEY_SIZE,        /* int64_t, bytes */
    KEY_OCTAL,       /* int64_t */
    KEY_SIGNAL,      /* int */
    KEY_EXITCODES,   /* struct int_list */
    KEY_AUTORESTART, /* enum autorestart */
    KEY_LOGFILE,     /* the first two members of struct log_config */
    KEY_ENVIRONMENT, /* struct env_list */
    KEY_USER,        /* const char *, and int64_t uid, gid at `also` */
    KEY_OWNER,       /* int64_t uid, gid */
    KEY_FOLDER,      /* const char *, must exist */
    KEY_FILE,        /* const char *, absolute, its folder must exist */
    KEY_MAINLOG,     /* like KEY_FILE, or "syslog", or "journal" */
    KEY_SOCKET,      /* const char *, absolute */
    KEY_LEVEL,       /* int64_t */
    KEY_DURATION,    /* int64_t, ms */
    KEY_CHOICE,      /* an enum */
    KEY_CHOICES,     /* unsigned, bits */
    KEY_NAMES,       /* struct name_list, separated by commas */
    KEY_EVENTS,      /* struct name_list */
    KEY_ADDRESS,     /* const char * host, and int64_t port at `also` */
    KEY_NAME,        /* const char *, no blank, colon or slash */
    KEY_SERVERURL,   /* const char *, AUTO is NULL */
    KEY_URL,         /* const char *, with a scheme */
    KEY_S3,          /* const char *, s3://bucket/prefix */
    KEY_ABSOLUTE,    /* const char *, starts with / */
    KEY_MEMORY,      /* int64_t, bytes, or CONFIG_NO_LIMIT */
    KEY_CPUS,        /* int64_t, us in 100 ms, or CONFIG_NO_LIMIT */
    KEY_COUNT,       /* int64_t, or CONFIG_NO_LIMIT */
    KEY_TYPES
};

enum key_flag {
    KEY_LIVE = 1,     /* may change without a restart of what runs */
    KEY_SECRET = 2,   /* never shown */
    KEY_NATIVE = 4,   /* not in Supervisor */
    KEY_NEEDED = 8,   /* has no default and must be there */
    KEY_TWICE = 16,   /* Supervisor expands it twice: a %% that is left counts as % */
    KEY_AT_ONCE = 32, /* a change takes effect as soon as it is read: no reason to restart */
};

struct key_choice {
    const char *name; /* NULL ends the array */
    int value;
};

struct key_row {
    const char *name;
    enum key_type type;
    size_t offset;        /* in the struct that its table fills */
    const char *fallback; /* the default, as it would be written; NULL: none */
    unsigned expands;     /* enum expand_class: the names that the value may use */
    unsigned flags;       /* enum key_flag */
    const char *doc;      /* one sentence */
    int64_t min, max;     /* numbers; both 0: any */
    const struct key_choice *choices;
    size_t also; /* offset of a second value, see enum key_type */
};

struct key_table {
    const struct key_row *rows;
    size_t count;
};

extern const struct key_table key_process;      /* what every process has */
extern const struct key_table key_command;      /* command= */
extern const struct key_table key_program;      /* what only programs have */
extern const struct key_table key_startup;      /* struct process_config: of a plug-in */
extern const struct key_table key_group;        /* struct group_values */
extern const struct key_table key_priority;     /* struct group_values */
extern const struct key_table key_listener;     /* struct group_values */
extern const struct key_table key_fcgi;         /* struct group_values */
extern const struct key_table key_job;          /* struct job_config */
extern const struct key_table key_jobonly;      /* struct job_config: job, not sync */
extern const struct key_table key_sync;         /* struct sync_values */
extern const struct key_table key_synconly;     /* struct job_config: sync, not job */
extern const struct key_table key_notify;       /* struct notify_values */
extern const struct key_table key_deadman;      /* struct text_values: of jobs */
extern const struct key_table key_supervisord;  /* struct config */
extern const struct key_table key_shutdown;     /* struct config */
extern const struct key_table key_unix;         /* struct server_config */
extern const struct key_table key_inet;         /* struct server_config */
extern const struct key_table key_ctl;          /* struct ctl_config */
extern const struct key_table key_include;      /* struct text_values */
extern const struct key_table key_rpcinterface; /* struct text_values */

#endif
