#include "sync/plan.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

static bool is_reserved(const char *path, const char *reserved)
{
    return reserved && (strcmp(path, reserved) == 0 || s3key_inside(path, reserved));
}

static void reject(struct plan *p, const struct object *o, enum s3key_fault fault)
{
    p->rejects = mem_grow(p->rejects, p->reject_count + 1, sizeof *p->rejects);
    p->rejects[p->reject_count++] = (struct reject){.object = o, .fault = fault};
}

/* "folder/" without data only says that there is a folder; so does the prefix itself. */
static bool is_marker(const struct object *o, const char *path, size_t len)
{
    return o->size == 0 && (len == 0 || path[len - 1] == '/') &&
           (len <= 1 || s3key_check(path, len - 1) == KEY_OK) && path[0] != '/';
}

static enum s3key_fault check(const char *path, size_t len, const char *reserved)
{
    if (len > 0 && path[len - 1] == '/' && s3key_check(path, len - 1) == KEY_OK)
        return KEY_FOLDER_DATA;
    enum s3key_fault fault = s3key_check(path, len);
    return fault == KEY_OK && is_reserved(path, reserved) ? KEY_RESERVED : fault;
}

static void select_object(struct plan *p, const struct object *o, size_t prefix_len,
                          const struct filter *f, const char *reserved)
{
    const char *path = o->key + prefix_len;
    size_t len = o->key_len - prefix_len;
    if (is_marker(o, path, len))
        return;
    if (!filter_wants(f, path)) {
        p->excluded++;
        return;
    }
    enum s3key_fault fault = check(path, len, reserved);
    if (fault != KEY_OK)
        reject(p, o, fault);
    else
        p->items[p->count++] =
            (struct item){.path = path, .object = o, .fetch = true, .mtime = o->mtime};
}

static int compare_items(const void *a, const void *b)
{
    return s3key_compare(((const struct item *)a)->path, ((const struct item *)b)->path);
}

/* An object cannot be where the folder of others is: the others win. -EBADMSG on a pair. */
static int drop_conflicts(struct plan *p, struct err *e)
{
    size_t kept = 0;
    for (size_t i = 0; i < p->count; i++) {
        const struct item *item = &p->items[i];
        const char *next = i + 1 < p->count ? p->items[i + 1].path : "";
        if (strcmp(item->path, next) == 0)
            return err_set(e, -EBADMSG, "the listing has an object twice");
        if (s3key_inside(next, item->path))
            reject(p, item->object, KEY_IS_FOLDER);
        else
            p->items[kept++] = *item;
    }
    p->count = kept;
    return 0;
}

static int add_sizes(struct plan *p, struct err *e)
{
    for (size_t i = 0; i < p->count; i++) {
        if (__builtin_add_overflow(p->to_fetch_bytes, p->items[i].object->size, &p->to_fetch_bytes))
            return err_set(e, -EBADMSG, "the sizes in the listing are impossible");
    }
    return 0;
}

int plan_make(struct plan *p, const struct listing *l, const struct filter *f, const char *reserved,
              struct err *e)
{
    *p = (struct plan){.items = mem_array(l->count, sizeof *p->items)};
    size_t prefix_len = strlen(l->prefix);
    for (size_t i = 0; i < l->count; i++)
        select_object(p, &l->objects[i], prefix_len, f, reserved);
    qsort(p->items, p->count, sizeof *p->items, compare_items);
    int rc = drop_conflicts(p, e);
    if (rc == 0)
        rc = add_sizes(p, e);
    if (rc < 0) {
        plan_close(p);
        return rc;
    }
    p->to_fetch = p->count;
    return 0;
}

void plan_close(struct plan *p)
{
    mem_free(p->items);
    mem_free(p->rejects);
    *p = (struct plan){0};
}

static bool same_text(const char *a, const char *b)
{
    return a == b || (a && b && strcmp(a, b) == 0);
}

static bool is_unchanged(const struct item *item, const struct local_file *file,
                         const struct index *x)
{
    const struct object *o = item->object;
    if (!file->exists || file->size != o->size || x->foreign)
        return false;
    const struct index_entry *known = index_find(x, item->path);
    if (!known) /* another tool may have set the object's time; we would have told the index */
        return !x->exists && file->mtime == o->mtime;
    if (known->size != file->size || known->mtime != file->mtime)
        return false; /* somebody wrote to it since */
    return o->etag ? same_text(known->etag, o->etag) : file->mtime == o->mtime;
}

void plan_compare(struct plan *p, struct item *item, const struct local_file *file,
                  const struct index *x)
{
    if (!item->fetch || !is_unchanged(item, file, x))
        return;
    item->fetch = false;
    item->mtime = file->mtime;
    p->to_fetch--;
    p->to_fetch_bytes -= item->object->size;
}

/* Index of the first item that does not sort before path. */
static size_t lower_bound(const struct plan *p, const char *path)
{
    size_t low = 0;
    size_t high = p->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (s3key_compare(p->items[middle].path, path) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

const struct item *plan_find(const struct plan *p, const char *path)
{
    size_t i = lower_bound(p, path);
    return i < p->count && strcmp(p->items[i].path, path) == 0 ? &p->items[i] : NULL;
}

const struct item *plan_find_inside(const struct plan *p, const char *path)
{
    size_t i = lower_bound(p, path);
    return i < p->count && s3key_inside(p->items[i].path, path) ? &p->items[i] : NULL;
}
