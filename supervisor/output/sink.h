/*
 * Where the bytes of one stream go: a file, the journal, or nowhere; and, besides, to syslog line
 * by line.
 * Owned by the process that owns the stream; opened at each start, closed when the process is
 * gone. Like file.h it never fails towards the writer.
 */
#ifndef OUTPUT_SINK_H
#define OUTPUT_SINK_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "config/config.h"
#include "output/file.h"
#include "output/flight.h"
#include "output/journal.h"
#include "output/journal_lines.h"
#include "output/syslog.h"

enum sink_kind { SINK_NONE, SINK_FILE, SINK_JOURNAL };

struct sink {
    const char *name; /* of the process, for syslog; borrowed */
    enum sink_kind kind;
    struct file_log file;
    struct journal_lines journal;
    bool syslog;
    struct syslog_lines lines;
};

void sink_init(struct sink *s, const char *name);

/*
 * `auto_path` is the file of a LOG_KIND_AUTO log (autolog.h); with NULL such a log goes nowhere.
 * 0, or the negative errno of the open that failed (its name belongs into Supervisor's
 * "unknown error making dispatchers for 'NAME': EISDIR"); then the sink is closed.
 */
int sink_open(struct sink *s, const struct log_config *c, const char *auto_path, struct err *e);

/* What is written comes by way of `flight` (borrowed); after each sink_open. NULL: it does not. */
void sink_come_by(struct sink *s, struct flight *flight);

/* Whose output it is: known when the process is there, before the first sink_write. */
void sink_begin(struct sink *s, const struct journal_source *source);

void sink_write(struct sink *s, const char *data, size_t len);

/* After USR2: opens the path anew. 0 when there is no file. */
int sink_reopen(struct sink *s, struct err *e);

/* Empties the log as clearProcessLog does. 0 when there is no file. */
int sink_clear(struct sink *s, struct err *e);

/* The file, for tail and getProcessInfo; NULL when there is none. Borrowed until sink_close. */
const char *sink_path(const struct sink *s);

/* It takes more, but who writes should wait (journal_wait) until there is room. */
bool sink_full(const struct sink *s);

/* As file_trouble: a sentence for the main log, or NULL. */
const char *sink_trouble(struct sink *s);

/* Sends the last unfinished line to journal and syslog, closes the file. Twice is fine. */
void sink_close(struct sink *s);

#endif
