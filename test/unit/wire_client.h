/* A request whose course is kept. */
#ifndef TEST_WIRE_CLIENT_H
#define TEST_WIRE_CLIENT_H

#include "wire_bench.h"

/* What happened to a request. */
struct course {
    struct wire_request r;
    struct bench *bench;
    struct buf got; /* since the last on_begin */
    struct wire_answer answer;
    unsigned begins;
    unsigned ends;
    unsigned pauses; /* to be made: at the next pieces */
    int end_code;    /* that on_end returns */
    bool done;
    enum sync_exit why;
    struct err err;
};

static int on_course_begin(struct wire_request *r, struct err *e)
{
    struct course *c = r->ctx;
    (void)e;
    c->begins++;
    buf_clear(&c->got);
    return 0;
}

static int on_course_data(struct wire_request *r, const struct wire_answer *a, const char *data,
                          size_t len, struct err *e)
{
    struct course *c = r->ctx;
    (void)a;
    (void)e;
    if (c->pauses > 0) {
        c->pauses--;
        return WIRE_PAUSE;
    }
    buf_append(&c->got, data, len);
    return 0;
}

static int on_course_end(struct wire_request *r, const struct wire_answer *a, struct err *e)
{
    struct course *c = r->ctx;
    c->ends++;
    c->answer = *a;
    c->answer.body = (struct buf)BUF_EMPTY;
    if (!r->on_data)
        buf_append(&c->got, buf_str(&a->body), a->body.len);
    return c->end_code < 0 ? err_set(e, c->end_code, "not what was wanted") : 0;
}

static void on_course_done(struct wire_request *r, enum sync_exit why, struct err *e)
{
    struct course *c = r->ctx;
    assert_false(c->done);
    c->done = true;
    c->why = why;
    c->err = *e;
    if (--c->bench->open == 0)
        wire_close(c->bench->wire, bench_closed);
}

static void prepare(struct bench *b, struct course *c, enum wire_method method, const char *target)
{
    *c = (struct course){.bench = b};
    wire_request_init(&c->r, method, mem_strdup(target), c);
    c->r.on_begin = on_course_begin;
    c->r.on_data = on_course_data;
    c->r.on_end = on_course_end;
    c->r.on_done = on_course_done;
    b->open++;
}

static void ask(struct bench *b, struct course *c, enum wire_method method, const char *target)
{
    prepare(b, c, method, target);
    wire_send(b->wire, &c->r);
}

#endif
