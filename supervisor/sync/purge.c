#include "sync/purge.h"

#include <string.h>

#include "base/mem.h"

static void purge_go_on(struct purge *p);

static void purge_end(struct purge *p, enum sync_exit why, const struct err *e)
{
    if (p->over)
        return;
    p->over = true;
    p->on_done(p->ctx, why, e);
}

static int on_deleted(struct wire_request *r, const struct wire_answer *a, struct err *e)
{
    (void)r;
    (void)a;
    (void)e;
    return 0;
}

static void on_one_done(struct wire_request *r, enum sync_exit why, struct err *e)
{
    struct purge_one *one = r->ctx;
    struct purge *p = one->purge;
    one->active = false;
    if (why != SYNC_OK) {
        purge_end(p, why, e);
        return;
    }
    ++*p->gone;
    purge_go_on(p);
}

static void delete_object(struct purge_one *one, const char *path)
{
    const struct s3_place *place = one->purge->place;
    char *key = mem_printf("%s%s", place->prefix, path);
    wire_request_init(&one->request, WIRE_DELETE, s3_object_target(place, key, strlen(key)), one);
    mem_free(key);
    one->request.on_end = on_deleted;
    one->request.on_done = on_one_done;
    one->active = true;
    wire_send(one->purge->wire, &one->request);
}

static void purge_go_on(struct purge *p)
{
    bool active = false;
    for (unsigned i = 0; i < PURGE_AHEAD && !p->over; i++) {
        enum spool_what what = SPOOL_REMOVE;
        const char *path = NULL;
        struct err e;
        int rc = p->ones[i].active ? 0 : spool_next(p->paths, &what, &path, &e);
        if (rc < 0)
            purge_end(p, SYNC_LOCAL, &e);
        else if (rc > 0)
            delete_object(&p->ones[i], path);
        active = active || p->ones[i].active;
    }
    if (!active)
        purge_end(p, SYNC_OK, NULL);
}

void purge_start(struct purge *p)
{
    p->over = false;
    for (unsigned i = 0; i < PURGE_AHEAD; i++)
        p->ones[i] = (struct purge_one){.purge = p};
    purge_go_on(p);
}
