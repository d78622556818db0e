#include "handover/adopt_child.h"

#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "engine/keep.h"
#include "handover/rows.h"
#include "handover/snapshot.h"

/* What is no tag's length would be read beyond its end. */
static void adopt_capture(struct capture *c)
{
    bool cut = c->cut;
    capture_resume(c, c->inside, c->matched);
    c->cut = cut; /* its message has come along */
}

/* What child_adopt has begun anew goes on where it was. */
static void adopt_state(struct child *c, const json_t *line)
{
    struct err e;
    if (line_unpack(line, &rows_child_state, c, NULL, &e) < 0)
        log_critical("'%s': %s", c->config->name, e.text);
    adopt_capture(&c->out.capture);
    adopt_capture(&c->err.capture);
}

static void adopt_feed(struct child *c, const struct buf *data)
{
    if (data->len > 0 && child_write(c, data->data, data->len) < 0)
        log_warn("'%s' does not read its input any more: %zu bytes are lost", c->config->name,
                 data->len);
}

static void adopt_kept(struct child *c, struct child *kept, const json_t *line)
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
    c->cgroup.oom_before = kept->cgroup.oom_before;
    c->held = kept->held;
    c->ticks = kept->ticks;
    c->inbox.fd = kept->inbox.fd;
    memcpy(c->inbox.address, kept->inbox.address, sizeof c->inbox.address);
    if (child_adopt(c, &s, &e) < 0)
        log_critical("what '%s' (%d) writes is lost: %s", c->config->name, (int)kept->pid, e.text);
    c->born = kept->born;
    adopt_state(c, line);
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
        adopt_kept(c, kept, line);
    else
        log_critical("'%s' is lost: %s", c->config->name, e.text);
    buf_close(&kept->feed.data);
    mem_free(kept);
    if (rc < 0 || c->pid == 0)
        return false;
    if (c->host->keep)
        c->host->keep->ops->child_started(c->host->keep, c);
    else
        child_release(c);
    return true;
}
