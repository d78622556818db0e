/* What the tables of key.h fill while a configuration is read, where that is no final struct. */
#ifndef CONFIG_VALUES_H
#define CONFIG_VALUES_H

#include "config/config.h"

/* What the tables key_process, key_command and key_program fill: one program-like section. */
struct program_values {
    struct process_config process; /* must be first: dump and comparison rely on it */
    const char *name_format;       /* process_name, not yet expanded */
    int64_t numprocs;
    int64_t numprocs_start;
};

/* key_group, key_priority, key_listener, key_fcgi */
struct group_values {
    struct group_config group; /* must be first */
    struct name_list programs;
};

/* key_sync */
struct sync_values {
    const char *source;
    const char *target;
    int publish;
    bool delete;
    struct name_list include;
    struct name_list exclude;
    const char *filter; /* a rule in each line */
    bool size_only;
    bool checksum;
    int bad_keys;
    int64_t bwlimit; /* bytes a second; CONFIG_UNSET */
    const char *endpoint;
    const char *region;
    const char *profile;
    int64_t concurrency;
    int64_t stale_ok_ms;
};

/* key_notify */
struct notify_values {
    struct group_config group; /* must be first: dump and comparison rely on it */
    const char *url;           /* secret; one of three */
    const char *url_file;
    const char *command;
    const char *ca_file; /* NULL: the machine's */
    int format;          /* 1: Slack's */
    int64_t quiet_ms;
    int64_t timeout_ms;
    int64_t retry_delay_ms;
    int64_t retry_delay_max_ms;
    const char *spool; /* NULL: chosen */
    int64_t spool_max;
};

/* key_include, key_rpcinterface, key_deadman */
struct text_values {
    const char *text;
};

#endif
