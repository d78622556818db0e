/*
 * Protects the way from objects to files, with a network and a writer that do everything late, in
 * any order and sometimes badly: every object ends once, whole, and every chunk comes back.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "sync/download.h"

enum { OBJECTS = 60, CHUNKS = 5, CONCURRENCY = 4, ROUNDS = 12, STEPS_MAX = 10000000 };

struct world_object {
    int64_t size;
    char etag[16];
    enum sync_exit doom; /* of its requests; SYNC_OK: none */
    bool spoilt;         /* the first try brings wrong bytes */
    bool unwritable;     /* found out while it comes */
    bool ended;
    enum sync_exit why;
    int64_t written; /* bytes, as often as they came */
    bool parts[8];
    bool there;
};

struct world_request {
    struct wire_request *r; /* NULL: free */
    size_t object;
    int64_t at;
    bool begun;
    bool paused;
    int cuts; /* tries that end early */
};

enum work { WORK_NONE, WORK_OPEN, WORK_DONE, WORK_SPOILT };

struct world_file {
    struct writer_file *f;
    enum work work;
};

static struct world {
    unsigned seed;
    struct world_object objects[OBJECTS];
    struct world_request requests[4 * CONCURRENCY];
    struct world_file files[OBJECTS + 1];
    struct chunk *pool[CHUNKS];
    size_t pooled;
    size_t next; /* object to be added */
    int64_t bytes;
    struct download *download;
} w;

static unsigned roll(unsigned sides)
{
    return (unsigned)rand_r(&w.seed) % sides;
}

static size_t object_of(const char *text)
{
    return (size_t)strtoul(strchr(text, '-') + 1, NULL, 10);
}

static char byte_at(size_t object, int64_t at)
{
    return (char)(object * 7 + (size_t)at % 251);
}

// --- the wire that is not there ----------------------------------------------------------------

char *s3_object_target(const struct s3_place *p, const char *key, size_t len)
{
    (void)p;
    return mem_strndup(key, len);
}

void wire_request_init(struct wire_request *r, enum wire_method method, char *target, void *ctx)
{
    *r = (struct wire_request){.method = method, .target = target, .ctx = ctx};
}

void wire_send(struct wire *wire, struct wire_request *r)
{
    (void)wire;
    for (size_t i = 0; i < sizeof w.requests / sizeof *w.requests; i++) {
        if (w.requests[i].r)
            continue;
        w.requests[i] = (struct world_request){.r = r, .object = object_of(r->target)};
        w.requests[i].cuts = roll(5) == 0;
        return;
    }
    fail_msg("too many requests");
}

static struct world_request *sent(const struct wire_request *r)
{
    for (size_t i = 0; i < sizeof w.requests / sizeof *w.requests; i++) {
        if (w.requests[i].r == r)
            return &w.requests[i];
    }
    return NULL;
}

void wire_cancel(struct wire *wire, struct wire_request *r)
{
    (void)wire;
    struct world_request *q = sent(r);
    if (!q)
        return;
    mem_free(r->target);
    q->r = NULL;
}

void wire_resume(struct wire *wire, struct wire_request *r)
{
    (void)wire;
    struct world_request *q = sent(r);
    assert_true(q && q->paused);
    if (q)
        q->paused = false;
}

static void end_request(struct world_request *q, enum sync_exit why, struct err *e)
{
    struct wire_request *r = q->r;
    mem_free(r->target);
    q->r = NULL;
    r->on_done(r, why, e);
}

/* One event of one request. */
static void move_request(struct world_request *q)
{
    struct wire_request *r = q->r;
    const struct world_object *o = &w.objects[q->object];
    struct wire_answer a = {.status = r->range_length ? 206 : 200, .length = -1};
    struct err e = {""};
    char data[40000];
    int64_t length = r->range_length ? r->range_length : o->size;
    (void)snprintf(a.etag, sizeof a.etag, "%s", o->etag);
    if (!q->begun) {
        assert_int_equal(r->on_begin(r, &e), 0);
        q->begun = true;
        q->at = 0;
        return;
    }
    if (o->doom != SYNC_OK && q->at * 2 >= length) {
        (void)err_set(&e, -EIO, "doomed");
        end_request(q, o->doom, &e);
        return;
    }
    if (q->cuts > 0 && q->at * 2 >= length) {
        q->cuts--;
        q->begun = false;
        return;
    }
    if (q->at == length) {
        assert_int_equal(r->on_end(r, &a, &e), 0);
        end_request(q, SYNC_OK, &e);
        return;
    }
    size_t n = 1 + roll(sizeof data);
    if ((int64_t)n > length - q->at)
        n = (size_t)(length - q->at);
    for (size_t i = 0; i < n; i++)
        data[i] = byte_at(q->object, r->range_from + q->at + (int64_t)i);
    int rc = r->on_data(r, &a, data, n, &e);
    assert_true(rc == 0 || rc == WIRE_PAUSE);
    q->paused = rc == WIRE_PAUSE;
    if (rc == 0)
        q->at += (int64_t)n;
}

// --- the writer that is not there --------------------------------------------------------------

struct chunk *writer_chunk(struct writer *writer)
{
    (void)writer;
    return w.pooled ? w.pool[--w.pooled] : NULL;
}

void writer_give_back(struct writer *writer, struct chunk *c)
{
    (void)writer;
    assert_true(w.pooled < CHUNKS);
    w.pool[w.pooled++] = c;
}

static struct world_file *work_for(struct writer_file *f, enum work work)
{
    for (size_t i = 0; i < OBJECTS + 1; i++) {
        if (w.files[i].f == f || (!w.files[i].f && work == WORK_OPEN)) {
            w.files[i] = (struct world_file){f, work};
            return &w.files[i];
        }
    }
    abort(); /* a file that was never opened */
}

static void check_bytes(const struct writer_file *f, const struct chunk *c)
{
    size_t object = object_of(f->path);
    assert_true(c->offset + (int64_t)c->len <= f->size);
    for (size_t i = 0; i < c->len; i += 97)
        assert_int_equal(c->data[i], byte_at(object, c->offset + (int64_t)i));
    w.objects[object].written += (int64_t)c->len;
}

/* Whether the bytes are good; a spoilt object is found out once. */
static enum work verdict(const struct writer_file *f)
{
    struct world_object *o = &w.objects[object_of(f->path)];
    bool spoilt = o->spoilt;
    o->spoilt = false;
    return spoilt ? WORK_SPOILT : WORK_DONE;
}

void writer_put(struct writer *writer, struct writer_file *f, struct chunk *c)
{
    assert_int_equal(c->len, f->size);
    assert_true(f->size == 0 || c->offset == 0);
    check_bytes(f, c);
    writer_give_back(writer, c);
    work_for(f, WORK_OPEN)->work = verdict(f);
}

void writer_open(struct writer *writer, struct writer_file *f)
{
    (void)writer;
    work_for(f, WORK_OPEN);
}

void writer_write(struct writer *writer, struct writer_file *f, struct chunk *c)
{
    assert_true(c->len > 0);
    check_bytes(f, c);
    writer_give_back(writer, c);
}

void writer_part(struct writer *writer, struct writer_file *f, size_t part)
{
    (void)writer;
    assert_true(part < f->part_count && !f->parts[part]);
    f->parts[part] = 1;
}

void writer_part_again(struct writer *writer, struct writer_file *f, size_t part)
{
    (void)writer;
    assert_true(part < f->part_count && !f->parts[part]);
}

void writer_finish(struct writer *writer, struct writer_file *f)
{
    (void)writer;
    for (size_t i = 0; i < f->part_count; i++)
        assert_true(f->parts[i]);
    work_for(f, verdict(f));
}

static void forget_file(struct world_file *file)
{
    mem_free(file->f->parts);
    file->f->parts = NULL;
    *file = (struct world_file){0};
}

void writer_drop(struct writer *writer, struct writer_file *f, bool keep)
{
    (void)writer;
    (void)keep;
    forget_file(work_for(f, WORK_NONE));
}

void writer_flush(struct writer *writer)
{
    (void)writer;
}

static void open_file(struct world_file *file)
{
    struct writer_file *f = file->f;
    struct err e = {""};
    file->work = WORK_NONE;
    f->part_count = (size_t)((f->size + WRITER_PART - 1) / WRITER_PART);
    f->parts = mem_array(f->part_count, 1);
    for (size_t i = 0; i < f->part_count; i++)
        f->parts[i] = f->etag && roll(4) == 0; /* a killed run has fetched it */
    f->on_open(f, 0, &e);
}

static void move_file(struct world_file *file)
{
    struct writer_file *f = file->f;
    struct err e = {""};
    bool spoilt = file->work == WORK_SPOILT;
    bool unwritable = file->work == WORK_NONE && w.objects[object_of(f->path)].unwritable;
    if (file->work == WORK_OPEN)
        open_file(file);
    if (file->work == WORK_NONE && !unwritable)
        return;
    forget_file(file);
    if (unwritable) {
        f->on_done(f, err_set(&e, -ENOSPC, "full"), &e);
        return;
    }
    w.objects[object_of(f->path)].there |= !spoilt;
    f->on_done(f, spoilt ? err_set(&e, -EBADMSG, "spoilt") : 0, &e);
}

// --- the owner ---------------------------------------------------------------------------------

static void on_result(void *ctx, const struct download_result *result, struct err *e)
{
    struct world_object *o = &w.objects[result->id];
    (void)ctx;
    assert_false(o->ended);
    assert_true(result->why == SYNC_OK || strncmp(e->text, "'k-", 3) == 0);
    assert_int_equal(object_of(result->key), result->id);
    o->ended = true;
    o->why = result->why;
}

static void on_bytes(void *ctx, int64_t bytes)
{
    (void)ctx;
    w.bytes += bytes;
}

static void on_room(void *ctx)
{
    (void)ctx;
    while (w.next < OBJECTS && download_has_room(w.download)) {
        char key[16];
        (void)snprintf(key, sizeof key, "k-%zu", w.next);
        const struct world_object *o = &w.objects[w.next];
        const struct remote_file file = {.path = key,
                                         .path_len = strlen(key),
                                         .key = key,
                                         .key_len = strlen(key),
                                         .etag = o->etag[0] ? o->etag : NULL,
                                         .size = o->size};
        download_add(w.download, (int64_t)w.next++, &file);
        if (w.next == OBJECTS)
            download_flush(w.download);
    }
}

static void move_something(void)
{
    size_t requests = sizeof w.requests / sizeof *w.requests;
    size_t i = roll((unsigned)requests);
    size_t j = roll(OBJECTS + 1);
    if (w.requests[i].r && !w.requests[i].paused)
        move_request(&w.requests[i]);
    if (w.files[j].f && roll(20) == 0)
        move_file(&w.files[j]);
    if (roll(10) == 0)
        download_resume(w.download);
}

static void make_download(unsigned concurrency)
{
    const struct download_options o = {.concurrency = concurrency,
                                       .tries = 3,
                                       .on_result = on_result,
                                       .on_bytes = on_bytes,
                                       .on_room = on_room};
    w.download = download_new(&o);
    on_room(NULL);
}

static void begin_world(unsigned seed)
{
    memset(&w, 0, sizeof w);
    w.seed = seed;
    while (w.pooled < CHUNKS)
        w.pool[w.pooled++] = mem_alloc(sizeof(struct chunk));
}

static void begin(unsigned seed, bool dooms)
{
    static const int64_t sizes[] = {0, 1, 5000, WRITER_CHUNK, WRITER_CHUNK + 1, 300000};
    begin_world(seed);
    for (size_t i = 0; i < OBJECTS; i++) {
        struct world_object *o = &w.objects[i];
        o->size = roll(30) == 0 ? 2 * WRITER_PART + (int64_t)roll(3) - 1 : sizes[roll(6)];
        o->spoilt = roll(8) == 0;
        o->unwritable = dooms && roll(8) == 0;
        if (dooms && roll(8) == 0)
            o->doom = roll(2) ? SYNC_DENIED : SYNC_SERVER;
        if (roll(4))
            (void)snprintf(o->etag, sizeof o->etag, "\"%zu\"", i);
    }
    make_download(CONCURRENCY);
}

static void end(void)
{
    assert_int_equal(w.pooled, CHUNKS);
    assert_int_equal(download_active(w.download), 0);
    for (size_t i = 0; i < sizeof w.requests / sizeof *w.requests; i++)
        assert_null(w.requests[i].r);
    for (size_t i = 0; i < OBJECTS + 1; i++)
        assert_null(w.files[i].f);
    for (size_t i = 0; i < CHUNKS; i++)
        mem_free(w.pool[i]);
    download_free(w.download);
}

static void run_to_the_end(void)
{
    for (int i = 0; w.next < OBJECTS || download_active(w.download) > 0; i++) {
        assert_true(i < STEPS_MAX);
        move_something();
    }
}

static void every_object_ends_once(void **state)
{
    (void)state;
    for (unsigned seed = 1; seed <= ROUNDS; seed++) {
        begin(seed, seed % 2 == 0);
        run_to_the_end();
        for (size_t i = 0; i < OBJECTS; i++) {
            const struct world_object *o = &w.objects[i];
            assert_true(o->ended);
            if (o->doom == SYNC_OK && !o->unwritable)
                assert_int_equal(o->why, SYNC_OK);
            assert_int_equal(o->there, o->why == SYNC_OK);
            assert_true(o->why != SYNC_DENIED);
        }
        end();
    }
}

static void stopped_at_any_moment(void **state)
{
    (void)state;
    for (unsigned seed = 1; seed <= 4 * ROUNDS; seed++) {
        begin(seed, true);
        for (unsigned i = roll(20000); i > 0; i--)
            move_something();
        download_stop(w.download, true);
        end();
    }
}

static size_t asked(void)
{
    size_t count = 0;
    for (size_t i = 0; i < sizeof w.requests / sizeof *w.requests; i++)
        count += w.requests[i].r != NULL;
    return count;
}

static void ranges_become_more_while_the_loop_waits(void **state)
{
    (void)state;
    begin_world(1);
    for (size_t i = 0; i < OBJECTS; i++) {
        w.objects[i].size = 8 * (int64_t)WRITER_PART;
        (void)snprintf(w.objects[i].etag, sizeof w.objects[i].etag, "\"%zu\"", i);
    }
    make_download(15);
    for (size_t i = 0; i < OBJECTS + 1; i++) {
        if (w.files[i].f)
            move_file(&w.files[i]);
    }
    assert_int_equal(asked(), 4);
    static const struct {
        unsigned waited, streams;
    } then[] = {{49, 4}, {50, 8}, {9, 8}, {90, 15}};
    for (size_t i = 0; i < sizeof then / sizeof *then; i++) {
        download_widen(w.download, then[i].waited);
        assert_int_equal(asked(), then[i].streams);
    }
    download_stop(w.download, true);
    end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ranges_become_more_while_the_loop_waits),
        cmocka_unit_test(every_object_ends_once),
        cmocka_unit_test(stopped_at_any_moment),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
