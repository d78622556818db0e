#include <errno.h>
#include <string.h>

#include "base/mem.h"
#include "sync/local/writer_queue.h"

enum { STEP_BYTES = 16 << 20 }; /* that a thread reads back in one turn */

static void submit(struct writer_large *x, enum task_kind kind)
{
    x->task.kind = kind;
    x->task.spec = &x->spec;
    x->task.large = x;
    x->task.fd = -1;
    x->busy = true;
    writer_queue(x->writer, &x->task);
}

static void take_failure(struct writer_large *x, struct task *t)
{
    if (t->rc == 0 || x->rc < 0)
        return;
    x->rc = t->rc;
    x->e = t->e;
    t->e = NULL;
}

static void fail_large(struct writer_large *x, int rc, const char *sentence)
{
    if (x->rc < 0)
        return;
    x->rc = rc;
    x->e = mem_alloc(sizeof *x->e);
    (void)err_set(x->e, rc, "%s", sentence);
}

// --- its end -----------------------------------------------------------------------------------

static void free_large(struct writer_large *x)
{
    list_remove(&x->link);
    digest_free(x->digest);
    mem_free(x->parts);
    mem_free(x->flight);
    mem_free(x->task.e);
    mem_free(x->e);
    mem_free(x);
}

/* The last of x; its owner may begin again at once. */
static void end_large(struct writer_large *x, bool opened)
{
    struct writer_file *f = x->file;
    const int rc = x->rc;
    struct err e = {0};
    if (x->e)
        e = *x->e;
    if (f) {
        memcpy(f->sum, x->task.sum, sizeof f->sum);
        f->doubtful = x->task.doubtful;
        f->mtime = rc == 0 ? x->task.mtime : f->mtime;
        f->large = NULL;
        f->parts = NULL;
        f->part_count = 0;
    }
    free_large(x);
    if (f)
        (opened ? f->on_done : f->on_open)(f, rc, rc < 0 ? &e : NULL);
}

static void leave(struct writer_large *x)
{
    x->keep = x->keep && x->rc == 0 && !x->file;
    memcpy(x->saving, x->new, sizeof x->saving);
    x->saving_count = x->new_count;
    submit(x, TASK_CLOSE);
}

// --- what is next ------------------------------------------------------------------------------

static int64_t there_to(const struct writer_large *x)
{
    const int64_t to = (int64_t)x->ready * WRITER_PART;
    return to < x->spec.size ? to : x->spec.size;
}

/* How far the digest can go in one turn: parts side by side only as a whole group, or the last. */
static int64_t next_hash(const struct writer_large *x)
{
    const int64_t there = there_to(x);
    const int64_t group = x->digest ? digest_part_size(x->digest) * MD5_LANES : 0;
    const int64_t most = x->hashed + (group > STEP_BYTES ? group : STEP_BYTES);
    const int64_t to = there < most ? there : most;
    return group > 0 && to < x->spec.size ? to - (to - x->hashed) % group : to;
}

/* What the answers' heads say is known when a part is whole, and not before. */
static void begin_digest(struct writer_large *x)
{
    const bool opaque = x->file->opaque_etag;
    if (x->begun && !x->again && opaque == x->spec.opaque_etag &&
        strcmp(x->file->checksum, x->spec.checksum) == 0)
        return;
    memcpy(x->spec.checksum, x->file->checksum, sizeof x->spec.checksum);
    x->spec.opaque_etag = opaque;
    x->begun = true;
    x->again = false;
    x->hashed = 0;
    digest_free(x->digest);
    const struct digest_expect expect = lane_expect(&x->spec);
    x->digest = digest_new(&expect);
}

static void step(struct writer_large *x)
{
    memcpy(x->saving, x->new, sizeof x->saving);
    x->saving_count = x->new_count;
    x->new_count = 0;
    x->hash_to = next_hash(x);
    submit(x, TASK_STEP);
}

static void go_on(struct writer_large *x)
{
    const bool whole = x->finishing && x->chunks == 0;
    if (x->told)
        begin_digest(x);
    if (whole && x->ready < x->part_count) {
        fail_large(x, -EBADMSG, "it is shorter than listed");
        leave(x);
    } else if (whole && (!x->digest || x->spec.size - x->hashed <= STEP_BYTES)) {
        x->hash_to = x->spec.size;
        submit(x, TASK_FINISH);
    } else if (x->new_count > 0 || (x->digest && x->hashed < next_hash(x))) {
        step(x);
    }
}

static void pump(struct writer_large *x)
{
    if (x->busy)
        return;
    if (x->rc == 0 && x->file)
        go_on(x);
    else if (x->chunks == 0)
        leave(x);
}

// --- parts -------------------------------------------------------------------------------------

/* What finds no room is not noted, and would be fetched once more after a kill. */
static void note(struct writer_large *x, size_t part, bool there)
{
    x->parts[part] = there;
    if (x->new_count < TASK_MARKS)
        x->new[x->new_count++] = (struct part_mark){.part = part, .there = there};
}

static void count_ready(struct writer_large *x)
{
    while (x->ready < x->part_count && x->parts[x->ready])
        x->ready++;
}

static void judge_part(struct writer_large *x, size_t part)
{
    const struct writer_flight *flight = &x->flight[part];
    if (!flight->given || flight->chunks > 0 || x->parts[part] || x->rc < 0)
        return;
    note(x, part, true);
    count_ready(x);
}

void writer_large_written(struct task *t)
{
    struct writer_large *x = t->large;
    const size_t part = (size_t)(t->chunk->offset / WRITER_PART);
    x->chunks--;
    x->flight[part].chunks--;
    take_failure(x, t);
    writer_recycle(x->writer, t);
    judge_part(x, part);
    pump(x);
}

static void begin_parts(struct writer_large *x)
{
    struct writer_file *f = x->file;
    x->opened = true;
    x->flight = mem_array(x->part_count + 1, sizeof *x->flight);
    count_ready(x);
    if (!f)
        return;
    f->parts = x->parts;
    f->part_count = x->part_count;
}

/* x may be gone once its owner was told. */
void writer_large_done(struct task *t)
{
    struct writer_large *x = t->large;
    x->busy = false;
    take_failure(x, t);
    switch (t->kind) {
    case TASK_OPEN:
        if (x->rc < 0) {
            end_large(x, false);
            return;
        }
        begin_parts(x);
        if (x->file)
            x->file->on_open(x->file, 0, NULL);
        else
            pump(x);
        return;
    case TASK_FINISH:
        if (!x->reread) {
            end_large(x, true);
            return;
        }
        x->hashed = 0;
        pump(x);
        return;
    case TASK_CLOSE:
        end_large(x, true);
        return;
    case TASK_STEP:
    case TASK_PUT:
    case TASK_WRITE:
        pump(x);
        return;
    }
}

// --- what its owner says -----------------------------------------------------------------------

void writer_open(struct writer *w, struct writer_file *f)
{
    struct writer_large *x = mem_alloc(sizeof *x);
    x->writer = w;
    x->file = f;
    x->fd = -1;
    writer_spec(&x->spec, f);
    list_init(&x->task.link);
    list_append(&w->larges, &x->link);
    f->large = x;
    f->parts = NULL;
    f->part_count = 0;
    submit(x, TASK_OPEN);
}

void writer_write(struct writer *w, struct writer_file *f, struct chunk *c)
{
    struct writer_large *x = f->large;
    const int64_t part = c->offset / WRITER_PART;
    if (x && (c->offset < 0 || part >= (int64_t)x->part_count))
        fail_large(x, -EBADMSG, "it is longer than listed");
    if (!x || x->rc < 0) {
        writer_give_back(w, c);
        if (x)
            pump(x);
        return;
    }
    struct task *t = &c->slot->task;
    t->kind = TASK_WRITE;
    t->spec = &x->spec;
    t->large = x;
    x->chunks++;
    x->flight[part].chunks++;
    writer_queue(w, t);
}

void writer_part(struct writer *w, struct writer_file *f, size_t part)
{
    struct writer_large *x = f->large;
    (void)w;
    if (!x || part >= x->part_count)
        return;
    x->told = true;
    x->flight[part].given = true;
    judge_part(x, part);
    pump(x);
}

void writer_part_again(struct writer *w, struct writer_file *f, size_t part)
{
    struct writer_large *x = f->large;
    (void)w;
    if (!x || part >= x->part_count)
        return;
    x->flight[part].given = false;
    if (!x->parts[part])
        return;
    note(x, part, false);
    x->ready = part < x->ready ? part : x->ready;
    x->again = true;
}

void writer_finish(struct writer *w, struct writer_file *f)
{
    struct writer_large *x = f->large;
    (void)w;
    if (!x)
        return;
    x->told = x->finishing = true;
    pump(x);
}

static void drop_large(struct writer_large *x, bool keep)
{
    x->file->large = NULL;
    x->file->parts = NULL;
    x->file->part_count = 0;
    x->file = NULL;
    x->keep = keep;
    pump(x);
}

void writer_drop(struct writer *w, struct writer_file *f, bool keep)
{
    if (f->large)
        drop_large(f->large, keep);
    else
        writer_drop_small(w, f);
}

void writer_large_close(struct writer *w)
{
    struct writer_large *x = NULL;
    list_each (x, &w->larges, link) {
        if (x->file)
            drop_large(x, true);
    }
}
