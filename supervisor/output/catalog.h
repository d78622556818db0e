/*
 * What the journal is told of the life of processes and jobs: one row for each kind of news, with
 * its MESSAGE_ID. units/mainstay.catalog, which `journalctl -x` shows, is printed from these rows,
 * and mainstay-journal(7) has the same.
 */
#ifndef OUTPUT_CATALOG_H
#define OUTPUT_CATALOG_H

#include <stdio.h>

#include "base/buf.h"

enum catalog_kind {
    CATALOG_DAEMON_STARTED,
    CATALOG_DAEMON_UPGRADED,
    CATALOG_DAEMON_STOPPING,
    CATALOG_DAEMON_STOPPED,
    CATALOG_RELOADING,
    CATALOG_RELOADED,
    CATALOG_PROCESS_STARTING,
    CATALOG_PROCESS_RUNNING,
    CATALOG_PROCESS_BACKOFF,
    CATALOG_PROCESS_STOPPING,
    CATALOG_PROCESS_STOPPED,
    CATALOG_PROCESS_EXITED,
    CATALOG_PROCESS_FATAL,
    CATALOG_PROCESS_UNKNOWN,
    CATALOG_JOB_STARTED,
    CATALOG_JOB_RETRYING,
    CATALOG_JOB_TIMED_OUT,
    CATALOG_JOB_STOPPING,
    CATALOG_JOB_SUCCEEDED,
    CATALOG_JOB_FAILED,
    CATALOG_JOB_MISSED,
    CATALOG_JOB_SKIPPED,
    CATALOG_POWER_PLANNED,
    CATALOG_POWER_WARNING,
    CATALOG_POWER_POSTPONED,
    CATALOG_POWER_CANCELLED,
    CATALOG_POWER_FAILED,
    CATALOG_LOST,
    CATALOG_KINDS,
};

struct catalog_row {
    const char *id;      /* 32 hexadecimal digits, for ever */
    int level;           /* as in syslog(3): PRIORITY, unless the news is better or worse */
    const char *subject; /* a line */
    const char *text;    /* lines; @FIELD@ stands for a field of the entry */
};

extern const struct catalog_row catalog_rows[CATALOG_KINDS];

/* Begins an entry: MESSAGE_ID and SYSLOG_IDENTIFIER. PRIORITY and MESSAGE are the caller's. */
void catalog_begin(struct buf *entry, enum catalog_kind kind);

/* All rows in journald's format of catalogs. */
void catalog_print(struct buf *out);

int catalog_main(FILE *out); /* mainstayd --catalog: the exit status */

#endif
