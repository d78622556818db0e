#include "sync/local/writer.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/mem.h"
#include "sync/local/writer_queue.h"

/* How many tasks one more thread is woken for, and how many it takes at a time. */
static const struct {
    unsigned least;
    unsigned most;
} shares[TURNS] = {
    [TURN_FILES] = {8, 32},
    [TURN_CHUNKS] = {8, 32},
    [TURN_STEP] = {MD5_LANES, MD5_LANES}, /* so many sums side by side in one thread */
    [TURN_LONG] = {1, 1},
};

/* In place files share a flush: the next thread waits until there is another load of them. */
enum { FLUSH_LEAST = WRITER_CHUNKS / 2, FLUSH_MOST = WRITER_CHUNKS };

// --- the pool ----------------------------------------------------------------------------------

/* The last that came back first: what is not needed is never touched. */
struct chunk *writer_chunk(struct writer *w)
{
    if (list_empty(&w->idle)) {
        w->starved = true;
        return NULL;
    }
    struct task *t = container_of(w->idle.prev, struct task, link);
    list_remove(&t->link);
    t->chunk->offset = 0;
    t->chunk->len = 0;
    return t->chunk;
}

void writer_recycle(struct writer *w, struct task *t)
{
    mem_free(t->e);
    *t = (struct task){.chunk = t->chunk, .fd = -1};
    list_init(&t->link);
    list_append(&w->idle, &t->link);
}

void writer_give_back(struct writer *w, struct chunk *c)
{
    writer_recycle(w, &c->slot->task);
}

/* Room for all at once, of which only what is used becomes memory: no pages of 2 MiB here. */
static struct chunk *map_chunks(void)
{
    const size_t size = sizeof(struct chunk) * WRITER_CHUNKS;
    void *at = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (at == MAP_FAILED)
        abort();
    (void)madvise(at, size, MADV_NOHUGEPAGE);
    return at;
}

static void make_pool(struct writer *w)
{
    w->chunks = map_chunks();
    list_init(&w->idle);
    for (size_t i = WRITER_CHUNKS; i-- > 0;) {
        struct writer_slot *slot = &w->slots[i];
        w->chunks[i].slot = slot;
        slot->task.chunk = &w->chunks[i];
        list_init(&slot->task.link);
        writer_recycle(w, &slot->task);
    }
}

// --- the queue and the lanes -------------------------------------------------------------------

static void dispatch(struct writer *w);

/* The texts of a file, for those that go on when its owner has gone. */
void writer_spec(struct file_spec *spec, const struct writer_file *f)
{
    const size_t path = strlen(f->path);
    const size_t etag = f->etag ? strlen(f->etag) : 0;
    spec->size = f->size;
    spec->mtime = f->mtime;
    spec->part_size = f->part_size;
    spec->opaque_etag = f->opaque_etag;
    memcpy(spec->path, f->path, path < sizeof spec->path ? path + 1 : 0);
    memcpy(spec->etag, f->etag ? f->etag : "", etag < sizeof spec->etag ? etag : 0);
    memcpy(spec->checksum, f->checksum, strnlen(f->checksum, sizeof f->checksum - 1) + 1);
    memcpy(spec->sum, f->sum, sizeof spec->sum);
    if (path >= sizeof spec->path)
        spec->path[0] = '\0';
    spec->etag[etag < sizeof spec->etag ? etag : 0] = '\0';
}

static void rest(struct writer *w)
{
    if (!w->waits)
        return;
    w->waits = false;
    (void)uv_check_stop(&w->check);
    (void)uv_idle_stop(&w->idle_turn);
}

static void on_check(uv_check_t *check)
{
    struct writer *w = container_of(check, struct writer, check);
    rest(w);
    dispatch(w);
}

/* It only keeps the loop from waiting before on_check had its turn. */
static void on_idle(uv_idle_t *idle)
{
    (void)idle;
}

/* What waits for the disk, for as long as that takes, must not keep all the lanes. */
static enum writer_turn turn_of(const struct writer *w, const struct task *t)
{
    switch (t->kind) {
    case TASK_PUT:
        return TURN_FILES;
    case TASK_WRITE:
        return TURN_CHUNKS;
    case TASK_OPEN:
    case TASK_STEP:
        return TURN_STEP;
    case TASK_FINISH:
    case TASK_CLOSE:
        break;
    }
    return w->in_place || t->kind == TASK_CLOSE ? TURN_LONG : TURN_STEP;
}

static unsigned least_of(const struct writer *w, enum writer_turn turn)
{
    return w->in_place && turn == TURN_FILES ? FLUSH_LEAST : shares[turn].least;
}

/* A few wait for a lane that is awake: to wake another costs more than they do. */
static bool may_start(const struct writer *w, enum writer_turn turn)
{
    if (w->queued[turn] == 0 || w->busy_count == w->lane_count)
        return false;
    if (turn == TURN_LONG && w->busy[turn] + 1 == w->lane_count)
        return false;
    return w->busy[turn] == 0 || w->queued[turn] >= least_of(w, turn);
}

void writer_queue(struct writer *w, struct task *t)
{
    const enum writer_turn turn = turn_of(w, t);
    uv_mutex_lock(&w->lock);
    list_append(&w->queues[turn], &t->link);
    w->queued[turn]++;
    const bool starts = may_start(w, turn);
    uv_mutex_unlock(&w->lock);
    if (w->waits || !starts)
        return;
    w->waits = true;
    (void)uv_check_start(&w->check, on_check);
    (void)uv_idle_start(&w->idle_turn, on_idle);
}

/* The chunk goes back first: its owner may want it for the next file. */
static void end_small(struct writer *w, struct task *t)
{
    struct writer_file *f = t->file;
    const int rc = t->rc;
    struct err e = {0};
    if (t->e)
        e = *t->e;
    if (f) {
        memcpy(f->sum, t->sum, sizeof f->sum);
        f->doubtful = t->doubtful;
        f->mtime = rc == 0 ? t->mtime : f->mtime;
    }
    writer_recycle(w, t);
    if (f)
        f->on_done(f, rc, rc < 0 ? &e : NULL);
}

static void finish_task(struct writer *w, struct task *t)
{
    switch (t->kind) {
    case TASK_PUT:
        end_small(w, t);
        return;
    case TASK_WRITE:
        writer_large_written(t);
        return;
    case TASK_OPEN:
    case TASK_STEP:
    case TASK_FINISH:
    case TASK_CLOSE:
        writer_large_done(t);
        return;
    }
}

/* What is there is shared by the lanes that are free; in place it is for one. */
static unsigned share_of(const struct writer *w, enum writer_turn turn)
{
    const unsigned lanes = w->lane_count - w->busy_count;
    const unsigned share = (w->queued[turn] + lanes - 1) / lanes;
    if (w->in_place && turn == TURN_FILES)
        return FLUSH_MOST;
    if (share < shares[turn].least)
        return shares[turn].least;
    return share < shares[turn].most ? share : shares[turn].most;
}

static void take(struct writer *w, struct writer_lane *l, enum writer_turn turn)
{
    unsigned count = share_of(w, turn);
    for (; count > 0 && w->queued[turn] > 0; count--) {
        struct task *t = container_of(w->queues[turn].next, struct task, link);
        list_remove(&t->link);
        list_append(&l->lane.tasks, &t->link);
        w->queued[turn]--;
    }
    l->turn = turn;
    w->busy[turn]++;
    w->busy_count++;
}

/* The kinds of turns take turns. false: there is nothing to do for one more lane. */
static bool take_next(struct writer *w, struct writer_lane *l)
{
    for (unsigned i = 0; i < TURNS; i++) {
        const enum writer_turn turn = (enum writer_turn)((w->next_turn + i) % TURNS);
        if (!may_start(w, turn))
            continue;
        w->next_turn = (turn + 1) % TURNS;
        take(w, l, turn);
        return true;
    }
    return false;
}

/* In its thread: the loop gets what was done, and the lane what is next, without waiting for it. */
static bool go_on(struct writer *w, struct writer_lane *l)
{
    uv_mutex_lock(&w->lock);
    while (!list_empty(&l->lane.tasks)) {
        struct task *t = container_of(l->lane.tasks.next, struct task, link);
        list_remove(&t->link);
        list_append(&w->done, &t->link);
    }
    w->busy[l->turn]--;
    w->busy_count--;
    const bool on = take_next(w, l);
    uv_mutex_unlock(&w->lock);
    if (on)
        (void)uv_async_send(&w->news);
    return on;
}

static void on_work(uv_work_t *work)
{
    struct writer_lane *l = container_of(work, struct writer_lane, work);
    do
        lane_run(&l->lane);
    while (go_on(l->writer, l));
}

static struct task *take_done(struct writer *w)
{
    struct task *t = NULL;
    uv_mutex_lock(&w->lock);
    if (!list_empty(&w->done)) {
        t = container_of(w->done.next, struct task, link);
        list_remove(&t->link);
    }
    uv_mutex_unlock(&w->lock);
    return t;
}

static void take_news(struct writer *w)
{
    struct task *t = NULL;
    while ((t = take_done(w)) != NULL)
        finish_task(w, t);
    dispatch(w);
    if (w->starved && !list_empty(&w->idle) && !w->closing) {
        w->starved = false;
        w->on_room(w->ctx);
    }
    writer_judge(w);
}

static void on_news(uv_async_t *news)
{
    take_news(container_of(news, struct writer, news));
}

static void on_worked(uv_work_t *work, int status)
{
    struct writer_lane *l = container_of(work, struct writer_lane, work);
    (void)status;
    l->away = false;
    l->writer->away_count--;
    take_news(l->writer);
}

static void dispatch(struct writer *w)
{
    for (unsigned i = 0; i < w->lane_count; i++) {
        struct writer_lane *l = &w->lanes[i];
        if (l->away)
            continue;
        uv_mutex_lock(&w->lock);
        l->away = take_next(w, l);
        uv_mutex_unlock(&w->lock);
        if (!l->away)
            return;
        w->away_count++;
        (void)uv_queue_work(w->loop, &l->work, on_work, on_worked);
    }
}

void writer_flush(struct writer *w)
{
    rest(w);
    dispatch(w);
}

// --- a writer ----------------------------------------------------------------------------------

/* In place a lane waits for the disk; else two are as many as there are cores to feed them. */
static unsigned count_lanes(const struct release *release)
{
    const unsigned cores = uv_available_parallelism();
    return release->mode == PUBLISH_INPLACE || cores > 2 ? WRITER_LANES : 2;
}

struct writer *writer_new(uv_loop_t *loop, const struct release *release, void *ctx,
                          void (*on_room)(void *ctx))
{
    struct writer *w = mem_alloc(sizeof *w);
    w->loop = loop;
    w->ctx = ctx;
    w->on_room = on_room;
    for (unsigned i = 0; i < TURNS; i++)
        list_init(&w->queues[i]);
    list_init(&w->done);
    list_init(&w->larges);
    if (uv_mutex_init(&w->lock) < 0 || uv_async_init(loop, &w->news, on_news) < 0)
        abort();
    make_pool(w);
    w->in_place = release->mode == PUBLISH_INPLACE;
    w->lane_count = count_lanes(release);
    for (unsigned i = 0; i < w->lane_count; i++) {
        w->lanes[i].writer = w;
        lane_init(&w->lanes[i].lane, i, release);
    }
    (void)uv_check_init(loop, &w->check);
    (void)uv_idle_init(loop, &w->idle_turn);
    w->handles = 3;
    return w;
}

void writer_put(struct writer *w, struct writer_file *f, struct chunk *c)
{
    struct writer_slot *slot = c->slot;
    writer_spec(&slot->spec, f);
    slot->task.kind = TASK_PUT;
    slot->task.spec = &slot->spec;
    slot->task.file = f;
    f->large = NULL;
    writer_queue(w, &slot->task);
}

// --- its end -----------------------------------------------------------------------------------

static void free_writer(struct writer *w)
{
    void (*on_closed)(void *ctx) = w->on_closed;
    void *ctx = w->ctx;
    for (unsigned i = 0; i < w->lane_count; i++)
        lane_close(&w->lanes[i].lane);
    uv_mutex_destroy(&w->lock);
    (void)munmap(w->chunks, sizeof(struct chunk) * WRITER_CHUNKS);
    mem_free(w);
    if (on_closed)
        on_closed(ctx);
}

static void on_check_closed(uv_handle_t *handle)
{
    struct writer *w = container_of((uv_check_t *)handle, struct writer, check);
    if (--w->handles == 0)
        free_writer(w);
}

static void on_idle_closed(uv_handle_t *handle)
{
    struct writer *w = container_of((uv_idle_t *)handle, struct writer, idle_turn);
    if (--w->handles == 0)
        free_writer(w);
}

static void on_news_closed(uv_handle_t *handle)
{
    struct writer *w = container_of((uv_async_t *)handle, struct writer, news);
    if (--w->handles == 0)
        free_writer(w);
}

void writer_judge(struct writer *w)
{
    if (!w->closing || w->away_count > 0 || !list_empty(&w->larges) ||
        uv_is_closing((uv_handle_t *)&w->check))
        return;
    uv_mutex_lock(&w->lock); /* small files in the queue: a lane is about to have them */
    const bool rests = w->queued[TURN_FILES] == 0 && list_empty(&w->done);
    uv_mutex_unlock(&w->lock);
    if (!rests)
        return;
    uv_close((uv_handle_t *)&w->news, on_news_closed);
    uv_close((uv_handle_t *)&w->check, on_check_closed);
    uv_close((uv_handle_t *)&w->idle_turn, on_idle_closed);
}

/* linear: a drop is rare and the pool small */
void writer_drop_small(struct writer *w, const struct writer_file *f)
{
    for (size_t i = 0; i < WRITER_CHUNKS; i++) {
        if (!f || w->slots[i].task.file == f)
            w->slots[i].task.file = NULL;
    }
}

/* What was given is still done, so that nothing is left half-way; nobody hears of it. */
void writer_close(struct writer *w, void (*on_closed)(void *ctx))
{
    w->closing = true;
    w->on_closed = on_closed;
    writer_drop_small(w, NULL);
    writer_large_close(w);
    writer_flush(w);
    writer_judge(w);
}
