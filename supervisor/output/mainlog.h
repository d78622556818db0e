/*
 * The daemon's own log: the writer behind base/log.h. To a rotating file, to syslog or to the
 * journal, and to
 * standard output when in the foreground, but never twice to the same place.
 */
#ifndef OUTPUT_MAINLOG_H
#define OUTPUT_MAINLOG_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "output/file.h"

struct mainlog_options {
    const char *path; /* or "syslog", or "journal"; NULL: no file. Copied */
    int64_t maxbytes;
    int64_t backups;
    bool to_stdout; /* nodaemon and not silent */
};

struct mainlog {
    struct file_log file; /* path NULL: none */
    struct file_log terminal;
    bool syslog;
    bool journal;
    bool to_stdout; /* the wish; the terminal is shut while it is the file */
};

/* Opens and becomes the log's writer. On failure the log stays as it was. */
int mainlog_open(struct mainlog *m, const struct mainlog_options *o, struct err *e);

int mainlog_reopen(struct mainlog *m, struct err *e); /* after USR2 */
int mainlog_clear(struct mainlog *m, struct err *e);  /* -ENOENT: logs to no file */
const char *mainlog_path(const struct mainlog *m);    /* NULL: logs to no file */
void mainlog_close(struct mainlog *m);                /* the log goes to stderr again */

#endif
