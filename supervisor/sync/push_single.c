/* One file that becomes one object: nothing is listed. */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "base/mem.h"
#include "sync/push_inner.h"

static void send_it(struct push *x, const char *etag)
{
    struct stat st;
    struct err e;
    int rc = tree_stat(&x->tree, x->single, &st);
    if (rc < 0) {
        (void)err_set(&e, rc, "cannot read %s: %s", x->o->source, strerror(-rc));
        push_end(x, SYNC_LOCAL, &e);
        return;
    }
    char *key = push_single_key(x->o->target, x->name);
    push_send(x, x->single, key, st.st_size, etag);
    mem_free(key);
}

static int on_head(struct wire_request *r, const struct wire_answer *a, struct err *e)
{
    (void)e;
    struct push *x = r->ctx;
    struct stat st = {0};
    (void)tree_stat(&x->tree, x->single, &st); /* when it is gone, send_it says so */
    const struct remote_file remote = {
        .etag = a->etag[0] ? a->etag : NULL, .size = a->length, .mtime = a->mtime};
    const struct walk_entry local = {
        .path = x->single,
        .type = S_IFREG,
        .size = st.st_size,
        .mtime = tree_mtime(&st),
        .ctime = (int64_t)st.st_ctim.tv_sec * 1000000000 + st.st_ctim.tv_nsec,
    };
    enum push_do todo = push_decide(x->o, &remote, &local);
    if (st.st_mode && (todo == PUSH_KEEP || todo == PUSH_PASS))
        x->report->unchanged++;
    else
        send_it(x, todo == PUSH_CHECK ? remote.etag : NULL);
    return 0;
}

static void on_head_done(struct wire_request *r, enum sync_exit why, struct err *e)
{
    struct push *x = r->ctx;
    x->asking = false;
    if (why == SYNC_OBJECTS || why == SYNC_NOT_FOUND) /* it is not there yet */
        send_it(x, NULL);
    else if (why != SYNC_OK)
        push_end(x, why, e);
    if (x->stage == PUSH_END)
        return;
    x->found = 1;
    x->stage = PUSH_DRAIN;
    session_later(&x->session);
}

void push_single(struct push *x)
{
    char *key = push_single_key(x->o->target, x->name);
    if (push_is_key(key)) {
        wire_request_init(&x->head, WIRE_HEAD,
                          s3_object_target(&x->session.place, key, strlen(key)), x);
        x->head.on_end = on_head;
        x->head.on_done = on_head_done;
        x->asking = true;
        wire_send(x->session.wire, &x->head);
    } else {
        struct err e;
        (void)err_set(&e, -EINVAL,
                      "%s would be no name that an object can have: UTF-8 of at most 1024 bytes",
                      x->o->target);
        push_end(x, SYNC_KEYS, &e);
    }
    mem_free(key);
}
