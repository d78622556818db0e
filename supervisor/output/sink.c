#include "output/sink.h"

#include <string.h>

void sink_init(struct sink *s, const char *name)
{
    *s = (struct sink){.name = name, .file = {.fd = -1}};
}

int sink_open(struct sink *s, const struct log_config *c, const char *auto_path, struct err *e)
{
    bool automatic = c->kind == LOG_KIND_AUTO;
    struct file_options o = {
        .path = automatic ? auto_path : c->path,
        .maxbytes = c->maxbytes,
        .backups = c->backups,
        .mode = automatic ? 0600 : 0,
        .own = automatic, /* often in a folder that others may write to, such as /tmp */
    };
    sink_init(s, s->name);
    if (c->kind == LOG_KIND_JOURNAL) {
        s->kind = SINK_JOURNAL;
        sink_begin(s, &(struct journal_source){.name = s->name});
    } else if (c->kind != LOG_KIND_NONE && o.path) {
        int rc = file_open(&s->file, &o, e);
        if (rc < 0)
            return rc;
        s->kind = SINK_FILE;
    }
    s->syslog = c->syslog;
    return 0;
}

void sink_come_by(struct sink *s, struct flight *flight)
{
    if (s->kind == SINK_FILE)
        s->file.flight = flight;
}

void sink_begin(struct sink *s, const struct journal_source *source)
{
    if (s->kind == SINK_JOURNAL)
        journal_lines_begin(&s->journal, source);
}

void sink_write(struct sink *s, const char *data, size_t len)
{
    switch (s->kind) {
    case SINK_NONE:
        break;
    case SINK_FILE:
        file_write(&s->file, data, len);
        break;
    case SINK_JOURNAL:
        journal_lines_write(&s->journal, data, len);
        break;
    }
    if (s->syslog)
        syslog_lines_write(&s->lines, s->name, data, len);
}

int sink_reopen(struct sink *s, struct err *e)
{
    return s->kind == SINK_FILE ? file_reopen(&s->file, e) : 0;
}

int sink_clear(struct sink *s, struct err *e)
{
    return s->kind == SINK_FILE ? file_clear(&s->file, e) : 0;
}

const char *sink_path(const struct sink *s)
{
    return s->kind == SINK_FILE ? s->file.path : NULL;
}

bool sink_full(const struct sink *s)
{
    return s->kind == SINK_JOURNAL && journal_full();
}

const char *sink_trouble(struct sink *s)
{
    return s->kind == SINK_FILE ? file_trouble(&s->file) : NULL;
}

void sink_close(struct sink *s)
{
    if (s->syslog)
        syslog_lines_close(&s->lines, s->name);
    s->syslog = false;
    if (s->kind == SINK_FILE)
        file_close(&s->file);
    if (s->kind == SINK_JOURNAL)
        journal_lines_close(&s->journal);
    s->kind = SINK_NONE;
}
