#include "sync/merge.h"

#include <string.h>
#include <sys/stat.h>

#include "sync/local/release.h"
#include "sync/s3/s3key.h"

static const char *earlier(const char *a, const char *b)
{
    if (!a || !b)
        return a ? a : b;
    return path_order(a, b) <= 0 ? a : b;
}

const char *merge_next(const struct merge_heads *heads, struct merge_heads *same)
{
    const struct merge_heads *h = heads;
    *same = (struct merge_heads){0};
    if (h->remote && h->remote->fault != KEY_OK) { /* no file can be meant by it */
        same->remote = h->remote;
        return h->remote->path;
    }
    const char *path = h->remote ? h->remote->path : NULL;
    path = earlier(path, h->local ? h->local->path : NULL);
    path = earlier(path, h->known ? h->known->path : NULL);
    path = earlier(path, h->staged ? h->staged->path : NULL);
    if (!path)
        return NULL;
    same->remote = h->remote && strcmp(h->remote->path, path) == 0 ? h->remote : NULL;
    same->local = h->local && strcmp(h->local->path, path) == 0 ? h->local : NULL;
    same->known = h->known && strcmp(h->known->path, path) == 0 ? h->known : NULL;
    same->staged = h->staged && strcmp(h->staged->path, path) == 0 ? h->staged : NULL;
    return path;
}

/* Whether a manifest speaks of this very object. */
static bool is_object(const struct manifest_entry *entry, const struct remote_file *o)
{
    if (entry->size != o->size)
        return false;
    if (o->etag)
        return entry->etag && strcmp(entry->etag, o->etag) == 0;
    return entry->mtime == o->mtime;
}

/* Whether nobody wrote to the file since the manifest was written. */
static bool is_untouched(const struct manifest_entry *entry, const struct walk_entry *file)
{
    return file->size == entry->size && file->mtime == entry->mtime;
}

static bool is_kept(const struct merge_heads *h, const struct merge_rules *rules)
{
    if (rules->foreign)
        return false;
    if (h->known)
        return is_untouched(h->known, h->local) && is_object(h->known, h->remote);
    /* another tool may have set the object's time; we would have told the manifest */
    return !rules->has_manifest && h->local->mtime == h->remote->mtime;
}

static bool is_staged(const struct merge_heads *h)
{
    return h->staged && h->staged->state == MANIFEST_THERE && is_object(h->staged, h->remote);
}

static enum merge_do decide_object(const struct merge_heads *h, const struct merge_rules *rules)
{
    const struct walk_entry *file = h->local;
    bool staged = is_staged(h);
    bool same_size = file && S_ISREG(file->type) && file->size == h->remote->size;
    if (staged && !rules->inplace)
        return MERGE_STAGED;
    if (!same_size)
        return MERGE_FETCH;
    if (rules->size_only)
        return MERGE_KEEP;
    if (rules->checksum)
        return h->remote->etag ? MERGE_CHECK : MERGE_FETCH;
    if (staged && is_untouched(h->staged, file))
        return MERGE_KEEP;
    return is_kept(h, rules) ? MERGE_KEEP : MERGE_FETCH;
}

static bool is_partial(const char *path)
{
    const char *slash = strrchr(path, '/');
    return strncmp(slash ? slash + 1 : path, RELEASE_PARTIAL, strlen(RELEASE_PARTIAL)) == 0;
}

static enum merge_do decide_extra(const struct walk_entry *file, const struct merge_rules *rules)
{
    if (S_ISREG(file->type) && is_partial(file->path))
        return MERGE_PARTIAL;
    if (!rules->delete || !filter_wants(rules->filter, file->path))
        return MERGE_CARRY;
    return S_ISDIR(file->type) ? MERGE_FORGET : MERGE_REMOVE;
}

enum merge_do merge_decide(const struct merge_heads *same, const struct merge_rules *rules)
{
    if (same->remote)
        return same->remote->fault != KEY_OK ? MERGE_SKIP : decide_object(same, rules);
    return same->local ? decide_extra(same->local, rules) : MERGE_FORGET;
}

bool merge_is_news(const struct merge_heads *same, const struct merge_rules *rules)
{
    const struct merge_heads *h = same;
    if (!rules->inplace || (h->remote && h->remote->fault != KEY_OK))
        return false;
    if (!h->remote || !h->local)
        return !h->remote && !h->local && h->known;
    return is_staged(h) &&
           !(h->known && is_untouched(h->known, h->local) && is_object(h->known, h->remote));
}
