/*
 * Where the outputs of a process go, as the configuration says it. Part of a snapshot (config.h),
 * which owns every text.
 */
#ifndef CONFIG_LOGS_H
#define CONFIG_LOGS_H

#include <stdbool.h>
#include <stdint.h>

enum log_kind {
    LOG_KIND_AUTO, /* a generated name in childlogdir, deleted at the next start */
    LOG_KIND_NONE, /* read and dropped */
    LOG_KIND_FILE,
    LOG_KIND_JOURNAL, /* line by line to journald */
};

#define JOURNAL_SOCKET "/run/systemd/journal/socket" /* where journald listens */

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

#endif
