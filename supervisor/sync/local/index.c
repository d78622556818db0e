#include "sync/local/index.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/fd.h"
#include "base/mem.h"
#include "sync/s3/s3key.h"

enum { INDEX_LIMIT = 1 << 30 };

#define INDEX_HEAD "mainstay-sync index 1 "

/* Reads a number that a space ends. */
static bool take_number(char **at, int64_t *out)
{
    char *end = NULL;
    errno = 0;
    *out = strtoll(*at, &end, 10);
    if (errno || end == *at || *end != ' ')
        return false;
    *at = end + 1;
    return true;
}

/* "SIZE MTIME ETAG PATH", with "-" for no tag. */
static bool parse_entry(char *text, struct index_entry *entry)
{
    if (!take_number(&text, &entry->size) || !take_number(&text, &entry->mtime))
        return false;
    char *space = strchr(text, ' ');
    if (!space || space == text || !space[1])
        return false;
    *space = '\0';
    entry->etag = strcmp(text, "-") == 0 ? NULL : text;
    entry->path = space + 1;
    return true;
}

static size_t count_nul(const struct buf *b)
{
    size_t count = 0;
    for (size_t i = 0; i < b->len; i++)
        count += b->data[i] == '\0';
    return count;
}

static bool parse(struct index *x, const char *source)
{
    struct buf *b = &x->text;
    const size_t head = sizeof INDEX_HEAD - 1;
    if (b->len <= head || b->data[b->len - 1] != '\0' || memcmp(b->data, INDEX_HEAD, head) != 0 ||
        strcmp(b->data + head, source) != 0)
        return false;
    x->entries = mem_array(count_nul(b), sizeof *x->entries);
    for (char *at = b->data + strlen(b->data) + 1, *next; at < b->data + b->len; at = next) {
        next = at + strlen(at) + 1;
        struct index_entry *entry = &x->entries[x->count];
        if (!parse_entry(at, entry) ||
            (x->count > 0 && s3key_compare(entry[-1].path, entry->path) >= 0))
            return false;
        x->count++;
    }
    return true;
}

int index_read(struct index *x, const char *path, const char *source, struct err *e)
{
    *x = (struct index){0};
    int rc = path ? fd_read_file(path, INDEX_LIMIT, &x->text, e) : -ENOENT;
    if (rc == -ENOENT)
        return 0;
    if (rc < 0) {
        index_close(x);
        return rc;
    }
    x->exists = true;
    if (!parse(x, source)) {
        x->foreign = true;
        x->count = 0;
    }
    return 0;
}

void index_close(struct index *x)
{
    buf_close(&x->text);
    mem_free(x->entries);
    *x = (struct index){0};
}

static int compare_path(const void *path, const void *entry)
{
    return s3key_compare(path, ((const struct index_entry *)entry)->path);
}

const struct index_entry *index_find(const struct index *x, const char *path)
{
    if (x->count == 0)
        return NULL;
    return bsearch(path, x->entries, x->count, sizeof *x->entries, compare_path);
}

void index_begin(struct buf *out, const char *source)
{
    buf_text(out, INDEX_HEAD);
    buf_append(out, source, strlen(source) + 1);
}

void index_add(struct buf *out, const struct index_entry *entry)
{
    buf_printf(out, "%" PRId64 " %" PRId64 " %s ", entry->size, entry->mtime,
               entry->etag ? entry->etag : "-");
    buf_append(out, entry->path, strlen(entry->path) + 1);
}
