#include "sync/s3/lister.h"

#include <errno.h>
#include <string.h>

#include "base/mem.h"

enum { IDLE_MAX = 1000 };

static struct lister_page *page_at(struct lister *l, unsigned i)
{
    return &l->pages[(l->first + i) % LISTER_AHEAD];
}

static void tell(struct lister *l)
{
    if (!l->waiting)
        return;
    l->waiting = false;
    l->on_change(l);
}

static void fail(struct lister *l, enum sync_exit why, const struct err *e)
{
    l->why = why;
    l->err = *e;
    tell(l);
}

// --- one page ------------------------------------------------------------------------------------

static int on_begin(struct wire_request *r, struct err *e)
{
    struct lister *l = r->ctx;
    struct listing *list = &page_at(l, l->count)->listing;
    (void)e;
    list_page_free(l->page);
    listing_close(list);
    listing_init(list, l->prefix);
    list->token = mem_strdup(l->token); /* the page's own must be another */
    l->page = list_page_new(list);
    return 0;
}

static int on_data(struct wire_request *r, const struct wire_answer *a, const char *data,
                   size_t len, struct err *e)
{
    struct lister *l = r->ctx;
    (void)a;
    return list_page_feed(l->page, data, len, e);
}

static bool follows(const struct object *o, const char *key, size_t len)
{
    int order = memcmp(o->key, key, o->key_len < len ? o->key_len : len);
    return order > 0 || (order == 0 && o->key_len > len);
}

/* What is merged with other streams must be in order, or files would be deleted that are there. */
static int check_order(const struct lister *l, const struct listing *list, struct err *e)
{
    const char *key = l->last_key;
    size_t len = l->last_len;
    for (size_t i = 0; i < list->count; i++) {
        const struct object *o = &list->objects[i];
        if (key && !follows(o, key, len))
            return err_set(e, -EBADMSG,
                           "the listing has a key twice or is not in the order of its keys");
        key = o->key;
        len = o->key_len;
    }
    return 0;
}

static int on_end(struct wire_request *r, const struct wire_answer *a, struct err *e)
{
    struct lister *l = r->ctx;
    (void)a;
    int rc = list_page_end(l->page, e);
    return rc < 0 ? rc : check_order(l, &page_at(l, l->count)->listing, e);
}

/* The page has been read whole: it counts. */
static void add_page(struct lister *l)
{
    struct lister_page *page = page_at(l, l->count++);
    struct listing *list = &page->listing;
    page->next = 0;
    mem_free(l->token);
    l->token = list->token;
    list->token = NULL;
    l->whole = !l->token;
    l->listed += list->count;
    l->idle = list->count ? 0 : l->idle + 1;
    if (list->count == 0)
        return;
    const struct object *last = &list->objects[list->count - 1];
    mem_free(l->last_key);
    l->last_key = mem_alloc(last->key_len + 1);
    memcpy(l->last_key, last->key, last->key_len);
    l->last_len = last->key_len;
}

// --- the stream ----------------------------------------------------------------------------------

/* The next page, if there is one and room for it. */
static void ask(struct lister *l)
{
    if (l->whole || l->asking || l->why != SYNC_OK || l->count == LISTER_AHEAD)
        return;
    if (l->idle > IDLE_MAX) {
        (void)err_set(&l->err, -EBADMSG, "the listing goes on without any object");
        l->why = SYNC_SERVER;
        return;
    }
    struct s3_place place = *l->place;
    place.prefix = mem_strdup(l->prefix);
    l->request.target = s3_list_target(&place, l->token);
    mem_free(place.prefix);
    l->asking = true;
    wire_send(l->wire, &l->request);
}

static void on_done(struct wire_request *r, enum sync_exit why, struct err *e)
{
    struct lister *l = r->ctx;
    l->asking = false;
    list_page_free(l->page);
    l->page = NULL;
    if (why != SYNC_OK) {
        fail(l, why, e);
        return;
    }
    add_page(l);
    ask(l);
    tell(l);
}

void lister_start(struct lister *l, struct wire *w, const struct s3_place *place,
                  const char *prefix)
{
    *l = (struct lister){.wire = w, .place = place, .prefix = prefix};
    wire_request_init(&l->request, WIRE_GET, NULL, l);
    l->request.urgent = true;
    l->request.on_begin = on_begin;
    l->request.on_data = on_data;
    l->request.on_end = on_end;
    l->request.on_done = on_done;
    ask(l);
}

enum lister_state lister_look(struct lister *l, const struct object **object)
{
    if (l->why != SYNC_OK)
        return LISTER_FAILED;
    for (; l->count > 0; l->first = (l->first + 1) % LISTER_AHEAD, l->count--) {
        struct lister_page *page = page_at(l, 0);
        if (page->next < page->listing.count) {
            *object = &page->listing.objects[page->next];
            return LISTER_READY;
        }
        listing_close(&page->listing);
    }
    ask(l);
    if (l->why != SYNC_OK)
        return LISTER_FAILED;
    l->waiting = !l->whole;
    return l->whole ? LISTER_END : LISTER_WAIT;
}

void lister_next(struct lister *l)
{
    struct lister_page *page = page_at(l, 0);
    if (++page->next < page->listing.count)
        return;
    listing_close(&page->listing);
    l->first = (l->first + 1) % LISTER_AHEAD;
    l->count--;
    ask(l);
}

void lister_close(struct lister *l)
{
    if (l->asking)
        wire_cancel(l->wire, &l->request);
    l->asking = false;
    list_page_free(l->page);
    l->page = NULL;
    for (unsigned i = 0; i < LISTER_AHEAD; i++)
        listing_close(&l->pages[i].listing);
    mem_free(l->token);
    mem_free(l->last_key);
    l->token = l->last_key = NULL;
    l->count = 0;
}
