#include "sync/remote.h"

#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "sync/local/release.h"

struct remote_held {
    struct buf key; /* its memory is used again by the next at this height */
    struct buf etag;
    bool has_etag;
    int64_t size;
    int64_t mtime;
    enum s3key_fault fault;
};

void remote_init(struct remote *r, struct lister *l, const struct filter *f)
{
    *r = (struct remote){.lister = l, .filter = f};
}

void remote_close(struct remote *r)
{
    for (size_t i = 0; i < r->held_room; i++) {
        buf_close(&r->held[i].key);
        buf_close(&r->held[i].etag);
    }
    mem_free(r->held);
    *r = (struct remote){0};
}

// --- what an object is ---------------------------------------------------------------------------

static size_t prefix_len(const struct remote *r)
{
    return strlen(r->lister->prefix);
}

/* "folder/" without data only says that there is a folder; so does the prefix itself. */
static bool is_marker(const struct object *o, const char *path, size_t len)
{
    return o->size == 0 && (len == 0 || path[len - 1] == '/') &&
           (len <= 1 || s3key_check(path, len - 1) == KEY_OK) && path[0] != '/';
}

/* The store of a target in place, and what a file is called while it is fetched. */
static bool is_reserved(const char *path)
{
    const char *slash = strrchr(path, '/');
    return strcmp(path, RELEASE_RESERVED) == 0 || s3key_inside(path, RELEASE_RESERVED) ||
           strncmp(slash ? slash + 1 : path, RELEASE_PARTIAL, strlen(RELEASE_PARTIAL)) == 0;
}

static enum s3key_fault check(const char *path, size_t len)
{
    if (len == 0 || (path[len - 1] == '/' && s3key_check(path, len - 1) == KEY_OK))
        return KEY_FOLDER_DATA;
    enum s3key_fault fault = s3key_check(path, len);
    return fault == KEY_OK && is_reserved(path) ? KEY_RESERVED : fault;
}

// --- those that are held back --------------------------------------------------------------------

static bool is_begin_of(const struct remote_held *h, const struct object *o)
{
    return h->key.len < o->key_len && memcmp(h->key.data, o->key, h->key.len) == 0;
}

/* All that are held are the beginning of this key: some may be its folders. */
static void mark_folders(struct remote *r, const struct object *o)
{
    for (size_t i = 0; i < r->held_count; i++) {
        if (o->key[r->held[i].key.len] == '/')
            r->held[i].fault = KEY_IS_FOLDER;
    }
}

static struct remote_held *hold(struct remote *r, const struct object *o)
{
    if (r->held_count == r->held_room) {
        r->held = mem_grow(r->held, r->held_room + 8, sizeof *r->held);
        memset(r->held + r->held_room, 0, 8 * sizeof *r->held);
        r->held_room += 8;
    }
    struct remote_held *h = &r->held[r->held_count++];
    buf_clear(&h->key);
    buf_append(&h->key, o->key, o->key_len);
    buf_clear(&h->etag);
    buf_text(&h->etag, o->etag ? o->etag : "");
    h->has_etag = o->etag;
    h->size = o->size;
    h->mtime = o->mtime;
    return h;
}

/* Takes the lister's object: it is passed over, held, or given at once. */
static void take(struct remote *r, const struct object *o)
{
    const char *path = o->key + prefix_len(r);
    size_t len = o->key_len - prefix_len(r);
    if (is_marker(o, path, len))
        return;
    if (!filter_wants(r->filter, path)) {
        r->excluded++;
        return;
    }
    enum s3key_fault fault = check(path, len);
    if (fault == KEY_OK)
        mark_folders(r, o);
    hold(r, o)->fault = fault;
    r->popping = fault != KEY_OK; /* what is no file name has no place in the order of files */
}

static void show_top(struct remote *r)
{
    const struct remote_held *h = &r->held[r->held_count - 1];
    size_t skip = prefix_len(r);
    r->file = (struct remote_file){
        .path = buf_str(&h->key) + skip,
        .path_len = h->key.len - skip,
        .key = buf_str(&h->key),
        .key_len = h->key.len,
        .etag = h->has_etag ? buf_str(&h->etag) : NULL,
        .size = h->size,
        .mtime = h->mtime,
        .fault = h->fault,
    };
}

enum lister_state remote_look(struct remote *r, const struct remote_file **file)
{
    while (!r->popping) {
        const struct object *o;
        enum lister_state state = lister_look(r->lister, &o);
        if (state == LISTER_WAIT || state == LISTER_FAILED)
            return state;
        if (state == LISTER_END && r->held_count == 0)
            return LISTER_END;
        if (state == LISTER_END ||
            (r->held_count > 0 && !is_begin_of(&r->held[r->held_count - 1], o))) {
            r->popping = true;
        } else {
            take(r, o);
            lister_next(r->lister);
        }
    }
    show_top(r);
    *file = &r->file;
    return LISTER_READY;
}

void remote_next(struct remote *r)
{
    r->popping = false;
    r->held_count--;
}
