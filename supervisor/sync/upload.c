#include "sync/upload.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/mem.h"
#include "sync/s3/s3key.h"
#include "sync/upload_item.h"

/* Whoever stops us kills us soon after. */
enum { PATIENCE_MS = 5000 };

struct upload *upload_new(uv_loop_t *loop, const struct upload_options *o)
{
    struct upload *u = mem_alloc(sizeof *u);
    u->loop = loop;
    u->options = *o;
    list_init(&u->items);
    (void)uv_timer_init(loop, &u->patience);
    return u;
}

void upload_free(struct upload *u)
{
    mem_free(u);
}

bool upload_has_room(const struct upload *u)
{
    return !u->stopping && u->active < u->options.concurrency;
}

size_t upload_active(const struct upload *u)
{
    return u->active;
}

// --- the end of a file ---------------------------------------------------------------------------

static void item_free(struct item *i)
{
    list_remove(&i->link);
    fd_close(&i->fd);
    for (unsigned k = 0; k < UPLOAD_PARTS_AHEAD; k++)
        buf_close(&i->pieces[k].md5_base64);
    buf_close(&i->body);
    mem_free(i->etags);
    mem_free(i->md5s);
    mem_free(i->path);
    mem_free(i->key);
    mem_free(i->etag);
    mem_free(i);
}

static void all_stopped(struct upload *u)
{
    uv_close((uv_handle_t *)&u->patience, NULL);
    u->on_stopped(u->options.ctx);
}

static void item_end(struct item *i)
{
    struct upload *u = i->upload;
    const struct upload_result result = {
        .why = i->why, .unchanged = i->same, .size = i->before.st_size, .path = i->path};
    struct err e = i->err;
    if (i->why != SYNC_OK) {
        struct buf shown = BUF_EMPTY;
        s3key_show(&shown, i->path, strlen(i->path));
        (void)err_prefix(&e, -EIO, "%s", buf_str(&shown));
        buf_close(&shown);
    }
    u->active--;
    if (!u->stopping) {
        u->options.on_result(u->options.ctx, &result, &e);
        item_free(i);
        if (!u->stopping && u->options.on_room)
            u->options.on_room(u->options.ctx);
        return;
    }
    item_free(i);
    if (u->active == 0 && u->on_stopped)
        all_stopped(u);
}

/* The first reason counts. */
void item_fail(struct item *i, enum sync_exit why, const struct err *e)
{
    if (i->why != SYNC_OK)
        return;
    i->why = why;
    i->err = *e;
}

static bool item_busy(const struct item *i)
{
    for (unsigned k = 0; k < UPLOAD_PARTS_AHEAD; k++) {
        if (i->pieces[k].hashing || i->pieces[k].sending)
            return true;
    }
    return i->controlling || i->checking;
}

static bool is_same_file(const struct stat *a, const struct stat *b)
{
    return a->st_size == b->st_size && a->st_mtim.tv_sec == b->st_mtim.tv_sec &&
           a->st_mtim.tv_nsec == b->st_mtim.tv_nsec && a->st_ino == b->st_ino;
}

bool item_is_unchanged(const struct item *i)
{
    struct stat now;
    return fstat(i->fd, &now) == 0 && is_same_file(&i->before, &now);
}

// --- a file --------------------------------------------------------------------------------------

static int item_open(struct item *i, struct err *e)
{
    fd_close(&i->fd);
    i->fd = tree_open(i->upload->options.tree, i->path, e);
    if (i->fd < 0)
        return i->fd;
    if (fstat(i->fd, &i->before) < 0)
        return err_set(e, -errno, "cannot look at it: %s", strerror(errno));
    i->part_size = upload_part_size(i->before.st_size);
    i->parts = i->part_size ? (unsigned)((i->before.st_size + i->part_size - 1) / i->part_size) : 1;
    i->next = 1;
    i->done = 0;
    i->completed = i->stale = i->opaque = false;
    i->sent = 0;
    if (i->part_size) {
        i->etags = mem_grow(i->etags, i->parts, sizeof *i->etags);
        i->md5s = mem_grow(i->md5s, i->parts, sizeof *i->md5s);
    }
    return 0;
}

static void item_send(struct item *i)
{
    if (i->part_size)
        item_create_upload(i);
    else
        item_start_pieces(i);
}

static void on_check(uv_work_t *work)
{
    struct item *i = container_of(work, struct item, work);
    i->same = digest_matches(i->fd, i->before.st_size, i->etag, &i->upload->stopping);
}

static void on_checked(uv_work_t *work, int status)
{
    struct item *i = container_of(work, struct item, work);
    (void)status;
    i->checking = false;
    if (i->same || i->why != SYNC_OK || i->upload->stopping)
        item_end(i);
    else
        item_send(i);
}

static void item_start(struct item *i)
{
    struct err e;
    i->tried++;
    if (item_open(i, &e) < 0) {
        item_fail(i, SYNC_LOCAL, &e);
        item_end(i);
    } else if (i->etag && i->tried == 1) {
        i->checking = true;
        if (uv_queue_work(i->upload->loop, &i->work, on_check, on_checked) < 0)
            abort();
    } else {
        item_send(i);
    }
}

/* It was written to while it was sent. What was sent of it is given up, then it begins again. */
static void item_again(struct item *i)
{
    if (i->upload_id[0]) {
        item_abort_upload(i);
    } else if (i->tried < i->upload->options.tries) {
        i->upload->options.on_bytes(i->upload->options.ctx, -i->sent);
        item_start(i);
    } else {
        struct err e;
        (void)err_set(&e, -ESTALE, "it is written to while it is sent");
        item_fail(i, SYNC_OBJECTS, &e);
        item_end(i);
    }
}

/* All its bytes are there. */
static void item_sent(struct item *i)
{
    if (!item_is_unchanged(i))
        item_again(i);
    else if (i->part_size && !i->completed)
        item_complete_upload(i);
    else
        item_end(i);
}

/* After each step: what comes next. */
void item_go_on(struct item *i)
{
    bool over = i->why != SYNC_OK || i->upload->stopping;
    if ((over || i->stale) && item_busy(i))
        return;
    if (over && i->upload_id[0] && !i->upload->impatient)
        item_abort_upload(i);
    else if (over)
        item_end(i);
    else if (i->stale)
        item_again(i);
    else if (i->next <= i->parts && (!i->part_size || i->upload_id[0]))
        item_start_pieces(i);
    else if (i->done == i->parts && !item_busy(i))
        item_sent(i);
}

void upload_add(struct upload *u, const char *path, const char *key, const char *etag)
{
    struct item *i = mem_alloc(sizeof *i);
    i->upload = u;
    i->fd = -1;
    i->path = mem_strdup(path);
    i->key = mem_strdup(key);
    i->etag = mem_strdup(etag);
    list_append(&u->items, &i->link);
    u->active++;
    item_start(i);
}

static void drop_pieces(struct item *i)
{
    for (unsigned k = 0; k < UPLOAD_PARTS_AHEAD; k++) {
        if (i->pieces[k].sending)
            wire_cancel(i->upload->options.wire, &i->pieces[k].request);
        i->pieces[k].sending = false;
    }
}

static void drop_control(struct item *i)
{
    if (i->controlling)
        wire_cancel(i->upload->options.wire, &i->control);
    i->controlling = i->aborting = false;
}

/* The server does not say that it has given up what was sent; or nobody has keys to ask it. */
static void on_patience(uv_timer_t *timer)
{
    struct upload *u = container_of(timer, struct upload, patience);
    struct item *i = NULL;
    u->impatient = true;
    list_each (i, &u->items, link) {
        drop_control(i);
        item_go_on(i);
    }
}

void upload_stop(struct upload *u, void (*on_stopped)(void *ctx))
{
    u->stopping = true;
    u->on_stopped = on_stopped;
    if (u->active == 0) {
        all_stopped(u);
        return;
    }
    (void)uv_timer_start(&u->patience, on_patience, PATIENCE_MS, 0);
    struct item *i = NULL;
    list_each (i, &u->items, link) {
        drop_pieces(i);
        if (!i->aborting)
            drop_control(i);
        item_go_on(i);
    }
}
