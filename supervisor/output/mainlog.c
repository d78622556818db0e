#include "output/mainlog.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>

#include "base/log.h"
#include "output/entry.h"
#include "output/journal.h"
#include "output/syslog.h"

static int mainlog_priority(enum log_level level)
{
    switch (level) {
    case LOG_LEVEL_BLATHER:
    case LOG_LEVEL_TRACE:
    case LOG_LEVEL_DEBUG:
        return LOG_DEBUG;
    case LOG_LEVEL_INFO:
        return LOG_INFO;
    case LOG_LEVEL_WARN:
        return LOG_WARNING;
    case LOG_LEVEL_ERROR:
        return LOG_ERR;
    case LOG_LEVEL_CRITICAL:
        return LOG_CRIT;
    }
    return LOG_INFO;
}

/* About the log itself: where the file cannot be written, standard error hears of it. */
static void mainlog_tell(struct mainlog *m)
{
    const char *trouble = file_trouble(&m->file);
    if (!trouble)
        return;
    char line[1024];
    size_t len = strlen(trouble) < sizeof line - 1 ? strlen(trouble) : sizeof line - 1;
    memcpy(line, trouble, len);
    line[len++] = '\n';
    struct file_log errors;
    if (file_open_fd(&errors, STDERR_FILENO, "standard error", NULL) < 0)
        return;
    file_write(&errors, line, len);
    file_close(&errors);
}

static const char mainlog_head[] = "2026-11-21 05:26:38,205 INFO ";

/* One entry, without the date and the level: the journal has its own. */
static void mainlog_enter(enum log_level level, const char *text, size_t len)
{
    struct buf entry = BUF_EMPTY;
    size_t head = len < sizeof mainlog_head - 1 ? len : sizeof mainlog_head - 1;
    size_t end = len > head && text[len - 1] == '\n' ? len - 1 : len;
    entry_text(&entry, "SYSLOG_IDENTIFIER", "mainstayd");
    entry_number(&entry, "PRIORITY", mainlog_priority(level));
    entry_data(&entry, "MESSAGE", text + head, end - head);
    journal_put_entry(&entry);
    journal_flush();
    buf_close(&entry);
}

/* Each line is a message of its own, with the date and level of the first. */
static void mainlog_send(enum log_level level, const char *text, size_t len)
{
    struct buf line = BUF_EMPTY;
    size_t head_len = len < sizeof mainlog_head - 1 ? len : sizeof mainlog_head - 1;
    const char *from = text + head_len;
    const char *end = text + len;
    while (from < end) {
        const char *stop = memchr(from, '\n', (size_t)(end - from));
        stop = stop ? stop : end;
        buf_clear(&line);
        buf_append(&line, text, head_len);
        buf_append(&line, from, (size_t)(stop - from));
        syslog_send(mainlog_priority(level), NULL, line.data, line.len);
        from = stop + 1;
    }
    buf_close(&line);
}

/* log_writer */
static void mainlog_write(void *ctx, enum log_level level, const char *line, size_t len)
{
    struct mainlog *m = ctx;
    file_write(&m->file, line, len);
    file_write(&m->terminal, line, len);
    if (m->syslog)
        mainlog_send(level, line, len);
    if (m->journal)
        mainlog_enter(level, line, len);
    mainlog_tell(m);
}

/* Is standard output a stream of journald? JOURNAL_STREAM is its "device:inode". */
static bool mainlog_out_is_journal(void)
{
    const char *stream = getenv("JOURNAL_STREAM");
    char ours[64];
    struct stat out;
    if (!stream || fstat(STDOUT_FILENO, &out) < 0)
        return false;
    (void)snprintf(ours, sizeof ours, "%llu:%llu", (unsigned long long)out.st_dev,
                   (unsigned long long)out.st_ino);
    return strcmp(stream, ours) == 0;
}

/* In the foreground with logfile=/dev/stdout, or journal, each line would come twice. */
static bool mainlog_is_terminal(const struct mainlog *m)
{
    struct stat file;
    struct stat out;
    if (m->journal)
        return mainlog_out_is_journal();
    return m->file.path && fstat(m->file.fd, &file) == 0 && fstat(STDOUT_FILENO, &out) == 0 &&
           file.st_dev == out.st_dev && file.st_ino == out.st_ino;
}

static void mainlog_pick_terminal(struct mainlog *m)
{
    bool wanted = m->to_stdout && !mainlog_is_terminal(m);
    if (!wanted)
        file_close(&m->terminal);
    else if (!m->terminal.path)
        (void)file_open_fd(&m->terminal, STDOUT_FILENO, "standard output", NULL);
}

int mainlog_open(struct mainlog *m, const struct mainlog_options *o, struct err *e)
{
    struct file_options file = {.path = o->path, .maxbytes = o->maxbytes, .backups = o->backups};
    *m = (struct mainlog){.file = {.fd = -1}, .terminal = {.fd = -1}, .to_stdout = o->to_stdout};
    m->syslog = o->path && strcmp(o->path, "syslog") == 0;
    m->journal = o->path && strcmp(o->path, "journal") == 0;
    int rc = o->path && !m->syslog && !m->journal ? file_open(&m->file, &file, e) : 0;
    if (rc < 0)
        return rc;
    mainlog_pick_terminal(m);
    log_set_writer(mainlog_write, m);
    return 0;
}

int mainlog_reopen(struct mainlog *m, struct err *e)
{
    int rc = file_reopen(&m->file, e);
    mainlog_pick_terminal(m);
    return rc;
}

int mainlog_clear(struct mainlog *m, struct err *e)
{
    if (!m->file.path)
        return err_set(e, -ENOENT, "the daemon logs to no file");
    return file_clear(&m->file, e);
}

const char *mainlog_path(const struct mainlog *m)
{
    return m->file.path;
}

void mainlog_close(struct mainlog *m)
{
    log_set_writer(NULL, NULL);
    file_close(&m->file);
    file_close(&m->terminal);
    m->syslog = m->journal = false;
}
