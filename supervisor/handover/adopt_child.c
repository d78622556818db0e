#include "handover/adopt_child.h"

#include "base/log.h"
#include "base/mem.h"
#include "engine/keep.h"
#include "handover/rows.h"
#include "handover/snapshot.h"

static void adopt_buf(struct buf *into, struct buf *from)
{
    buf_close(into);
    *into = *from;
    *from = (struct buf)BUF_EMPTY;
}

/* What stream_start has begun anew goes on where it was. */
static void adopt_stream(struct stream *into, struct stream *from)
{
    into->ansi = from->ansi;
    into->total = from->total;
    if (into->capture_max == 0)
        return;
    capture_resume(&into->capture, from->capture.inside, from->capture.matched);
    into->capture.cut = from->capture.cut; /* the message comes along */
    adopt_buf(&into->capture.message, &from->capture.message);
}

static void adopt_feed(struct child *c, const struct buf *data)
{
    if (data->len > 0 && child_write(c, data->data, data->len) < 0)
        log_warn("'%s' does not read its input any more: %zu bytes are lost", c->config->name,
                 data->len);
}

static void adopt_kept(struct child *c, struct child *kept)
{
    struct err e;
    struct spawned s = {.pid = kept->pid,
                        .pidfd = kept->pidfd,
                        .gate = kept->gate,
                        .in = kept->in,
                        .out = kept->out.fd,
                        .err = kept->err.fd,
                        .report = kept->report};
    c->serial = kept->serial;
    c->adopted = kept->adopted;
    if (child_adopt(c, &s, &e) < 0)
        log_critical("'%s' (%d) is lost: %s", c->config->name, (int)kept->pid, e.text);
    adopt_stream(&c->out, &kept->out);
    adopt_stream(&c->err, &kept->err);
    adopt_buf(&c->out_sink.lines.partial, &kept->out_sink.lines.partial);
    adopt_buf(&c->err_sink.lines.partial, &kept->err_sink.lines.partial);
    adopt_feed(c, &kept->feed.data);
}

bool adopt_child(struct child *c, const struct book *book, struct carrier *carrier)
{
    struct err e;
    char *key = snapshot_child_key(c);
    const json_t *line = book_find(book, "child", key);
    mem_free(key);
    if (!line)
        return false;
    struct child *kept = mem_alloc(sizeof *kept);
    int rc = line_unpack(line, &rows_child, kept, carrier, &e);
    if (rc == 0)
        adopt_kept(c, kept);
    else
        log_critical("'%s' is lost: %s", c->config->name, e.text);
    buf_close(&kept->feed.data);
    buf_close(&kept->out.capture.message);
    buf_close(&kept->err.capture.message);
    buf_close(&kept->out_sink.lines.partial);
    buf_close(&kept->err_sink.lines.partial);
    mem_free(kept);
    if (rc < 0 || c->pid == 0)
        return false;
    if (c->host->keep)
        c->host->keep->ops->child_started(c->host->keep, c);
    else
        child_release(c);
    return true;
}
