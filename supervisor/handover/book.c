#include "handover/book.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "base/mem.h"
#include "handover/line.h"

static size_t book_hash(const char *kind, const char *key)
{
    uint64_t hash = 14695981039346656037U; /* FNV-1a */
    for (const char *at = kind; *at; at++)
        hash = (hash ^ (unsigned char)*at) * 1099511628211U;
    for (const char *at = key; *at; at++)
        hash = (hash ^ (unsigned char)*at) * 1099511628211U;
    return (size_t)hash;
}

static struct book_entry *book_look(const struct book *b, const char *kind, const char *key)
{
    if (b->bucket_count == 0)
        return NULL;
    size_t at = b->buckets[book_hash(kind, key) % b->bucket_count];
    while (at > 0) {
        struct book_entry *entry = &b->entries[at - 1];
        if (strcmp(entry->kind, kind) == 0 && strcmp(entry->key, key) == 0)
            return entry;
        at = entry->next;
    }
    return NULL;
}

static void book_hang(struct book *b, size_t i)
{
    struct book_entry *entry = &b->entries[i];
    size_t *bucket = &b->buckets[book_hash(entry->kind, entry->key) % b->bucket_count];
    entry->next = *bucket;
    *bucket = i + 1;
}

static void book_grow(struct book *b)
{
    if (b->count < b->room)
        return;
    b->room = b->room ? b->room * 2 : 64;
    b->entries = mem_grow(b->entries, b->room, sizeof *b->entries);
    mem_free(b->buckets);
    b->bucket_count = b->room;
    b->buckets = mem_array(b->bucket_count, sizeof *b->buckets);
    for (size_t i = 0; i < b->count; i++)
        book_hang(b, i);
}

static const char *book_kind(const char *const *kinds, const char *kind)
{
    while (kind && *kinds && strcmp(*kinds, kind) != 0)
        kinds++;
    return kind ? *kinds : NULL;
}

/* Takes the line. */
static void book_put(struct book *b, const char *kind, char *key, json_t *line)
{
    struct book_entry *old = book_look(b, kind, key);
    if (json_is_true(json_object_get(line, "gone"))) {
        json_decref(line);
        line = NULL;
    }
    if (old) {
        json_decref(old->line);
        old->line = line;
        mem_free(key);
        return;
    }
    book_grow(b);
    b->entries[b->count] = (struct book_entry){.line = line, .kind = kind, .key = key};
    book_hang(b, b->count++);
}

static int book_check_first(struct book *b, const json_t *line, struct err *e)
{
    const char *kind = json_string_value(json_object_get(line, "kind"));
    const json_t *format = json_object_get(line, "format");
    if (!kind || strcmp(kind, "mainstay") != 0 || !json_is_integer(format))
        return err_set(e, -EINVAL, "it does not begin with the line of a mainstay");
    if (json_integer_value(format) != LINE_FORMAT)
        return err_set(e, -EINVAL, "its format is %lld, this version knows %d",
                       (long long)json_integer_value(format), LINE_FORMAT);
    b->version = json_string_value(json_object_get(line, "version"));
    return 0;
}

static int book_take(struct book *b, const char *text, size_t len, const char *const *kinds,
                     struct err *e)
{
    json_error_t why;
    if (len > LINE_LENGTH_MAX)
        return err_set(e, -EFBIG, "line %zu is longer than %d bytes", b->count + 1,
                       LINE_LENGTH_MAX);
    json_t *line = json_loadb(text, len, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, &why);
    const char *said = json_string_value(json_object_get(line, "kind"));
    const char *kind = book_kind(kinds, said);
    char *key = line_get(line, "key");
    int rc = 0;
    if (!said || !key)
        rc = err_set(e, -EINVAL, "line %zu is damaged", b->count + 1);
    else if (b->count == 0)
        rc = book_check_first(b, line, e);
    if (rc == 0 && !kind)
        rc = err_set(e, -EINVAL, "this version knows nothing of the kind '%s'", said);
    if (rc < 0) {
        json_decref(line);
        mem_free(key);
        b->version = NULL;
        return rc;
    }
    book_put(b, kind, key, line);
    return 0;
}

int book_read(struct book *b, const char *text, size_t len, const char *const *kinds, struct err *e)
{
    const char *end = text + len;
    const char *stop;
    *b = (struct book){0};
    if (len > LINES_LENGTH_MAX)
        return err_set(e, -EFBIG, "it has more than %d bytes", LINES_LENGTH_MAX);
    while (text < end && (stop = memchr(text, '\n', (size_t)(end - text))) != NULL) {
        int rc = book_take(b, text, (size_t)(stop - text), kinds, e);
        if (rc < 0)
            return rc;
        text = stop + 1;
    }
    return b->count > 0 ? 0 : err_set(e, -EINVAL, "it is empty");
}

void book_close(struct book *b)
{
    for (size_t i = 0; i < b->count; i++) {
        json_decref(b->entries[i].line);
        mem_free(b->entries[i].key);
    }
    mem_free(b->entries);
    mem_free(b->buckets);
    *b = (struct book){0};
}

const json_t *book_find(const struct book *b, const char *kind, const char *key)
{
    const struct book_entry *entry = book_look(b, kind, key);
    return entry ? entry->line : NULL;
}

const struct book_entry *book_next(const struct book *b, const char *kind, size_t *at)
{
    while (*at < b->count) {
        const struct book_entry *entry = &b->entries[(*at)++];
        if (entry->line && strcmp(entry->kind, kind) == 0)
            return entry;
    }
    return NULL;
}
