#include "net/outbox.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/mem.h"

enum { ID_LEN = 16 }; /* hexadecimal digits of a file's name */
static const char DROPPED[] = "dropped";

static char *item_path(const struct outbox *s, uint64_t id)
{
    return mem_printf("%s/%0*" PRIx64, s->folder, ID_LEN, id);
}

/* --- What waits on disk -------------------------------------------------------------------- */

static bool read_id(const char *name, uint64_t *id)
{
    if (strlen(name) != ID_LEN || strspn(name, "0123456789abcdef") != ID_LEN)
        return false;
    *id = strtoull(name, NULL, 16);
    return *id > 0;
}

/* Left by somebody who was killed while he wrote a file: NAME.XXXXXX of fd_write_file. */
static bool is_half(const char *name)
{
    const char *dot = strrchr(name, '.');
    return dot && dot != name && strlen(dot) == 7;
}

static int compare_items(const void *a, const void *b)
{
    const struct outbox_item *x = a;
    const struct outbox_item *y = b;
    return (x->id > y->id) - (x->id < y->id);
}

static void items_add(struct outbox *s, struct outbox_item item)
{
    s->items = mem_grow(s->items, s->count + 1, sizeof *s->items);
    s->items[s->count++] = item;
    if (item.id >= s->next_id)
        s->next_id = item.id + 1;
}

static int outbox_look(struct outbox *s, struct err *e)
{
    struct dirent *entry;
    uint64_t id;
    DIR *dir = opendir(s->folder);
    if (!dir)
        return err_set(e, -errno, "cannot read the folder %s: %s", s->folder, strerror(errno));
    while ((entry = readdir(dir)) != NULL) {
        if (read_id(entry->d_name, &id))
            items_add(s, (struct outbox_item){.id = id});
        else if (is_half(entry->d_name))
            (void)unlinkat(dirfd(dir), entry->d_name, 0);
    }
    (void)closedir(dir);
    if (s->count > 1)
        qsort(s->items, s->count, sizeof *s->items, compare_items);
    return 0;
}

static void read_dropped(struct outbox *s)
{
    struct buf text = BUF_EMPTY;
    outbox_read_note(s, DROPPED, &text);
    s->dropped = strtoull(buf_str(&text), NULL, 10);
    buf_close(&text);
}

static void write_dropped(const struct outbox *s)
{
    struct buf text = BUF_EMPTY;
    buf_printf(&text, "%" PRIu64 "\n", s->dropped);
    (void)outbox_write_note(s, DROPPED, &text, NULL);
    buf_close(&text);
}

static void item_remove(struct outbox *s, size_t at)
{
    struct outbox_item *item = &s->items[at];
    if (!item->text && s->folder) {
        char *path = item_path(s, item->id);
        (void)unlink(path);
        mem_free(path);
    }
    mem_free(item->text);
    s->count--;
    memmove(item, item + 1, (s->count - at) * sizeof *item);
}

/* Oldest first; the one that is being delivered stays, and does not count. */
static void drop_oldest(struct outbox *s)
{
    const uint64_t before = s->dropped;
    const size_t first = s->count > 0 && s->items[0].id == s->held ? 1 : 0;
    while (s->count - first > s->limit) {
        item_remove(s, first);
        s->dropped++;
    }
    if (s->dropped != before)
        write_dropped(s);
}

/* The folder and those above it that are missing. */
static int make_folders(const char *folder, struct err *e)
{
    char *path = mem_strdup(folder);
    int rc = 0;
    for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        (void)mkdir(path, 0700);
        *slash = '/';
    }
    if (mkdir(path, 0700) < 0 && errno != EEXIST)
        rc = err_set(e, -errno, "cannot make the folder %s: %s", folder, strerror(errno));
    mem_free(path);
    return rc;
}

static int take_lock(struct outbox *s, struct err *e)
{
    char *path = mem_printf("%s/lock", s->folder);
    int rc = 0;
    s->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (s->lock < 0)
        rc = err_set(e, -errno, "cannot write into the folder %s: %s", s->folder, strerror(errno));
    while (rc == 0 && flock(s->lock, LOCK_EX) < 0)
        if (errno != EINTR)
            rc = err_set(e, -errno, "cannot lock %s: %s", path, strerror(errno));
    mem_free(path);
    return rc;
}

int outbox_open(struct outbox *s, const char *folder, size_t limit, struct err *e)
{
    *s = (struct outbox){.limit = limit ? limit : 1, .next_id = 1, .lock = -1};
    if (!folder)
        return 0;
    s->folder = mem_strdup(folder);
    int rc = make_folders(folder, e);
    if (rc == 0)
        rc = take_lock(s, e);
    if (rc == 0)
        rc = outbox_look(s, e);
    if (rc < 0) {
        outbox_close(s);
        *s = (struct outbox){.limit = limit ? limit : 1, .next_id = 1, .lock = -1};
        return rc;
    }
    read_dropped(s);
    drop_oldest(s); /* the limit may be another one by now */
    return 0;
}

void outbox_close(struct outbox *s)
{
    for (size_t i = 0; i < s->count; i++)
        mem_free(s->items[i].text);
    mem_free(s->items);
    mem_free(s->folder);
    fd_close(&s->lock);
    *s = (struct outbox){.lock = -1};
}

/* --- What comes and goes ------------------------------------------------------------------- */

int outbox_add(struct outbox *s, const char *text, size_t len, struct err *e)
{
    struct outbox_item item = {.id = s->next_id, .len = len};
    int rc = 0;
    if (s->folder) {
        char *path = item_path(s, item.id);
        rc = fd_write_file(path, text, len, 0600, e);
        mem_free(path);
    }
    if (!s->folder || rc < 0)
        item.text = mem_strndup(text, len);
    items_add(s, item);
    drop_oldest(s);
    return rc;
}

static int item_read(const struct outbox *s, const struct outbox_item *item, struct buf *out)
{
    if (item->text) {
        buf_append(out, item->text, item->len);
        return 0;
    }
    char *path = item_path(s, item->id);
    int rc = fd_read_file(path, OUTBOX_TEXT_MAX, out, NULL);
    mem_free(path);
    return rc;
}

uint64_t outbox_first(struct outbox *s, struct buf *out)
{
    while (s->count > 0) {
        buf_clear(out);
        s->held = s->items[0].id;
        if (item_read(s, &s->items[0], out) == 0)
            return s->held;
        item_remove(s, 0); /* somebody has taken it away, or it is no text of ours */
    }
    s->held = 0;
    return 0;
}

void outbox_done(struct outbox *s, uint64_t id, bool gone)
{
    s->held = 0;
    for (size_t i = 0; gone && i < s->count; i++) {
        if (s->items[i].id == id) {
            item_remove(s, i);
            return;
        }
    }
    drop_oldest(s);
}

void outbox_forgive(struct outbox *s)
{
    s->dropped = 0;
    write_dropped(s);
}

/* --- Notes beside them --------------------------------------------------------------------- */

int outbox_write_note(const struct outbox *s, const char *name, const struct buf *text,
                      struct err *e)
{
    if (!s->folder)
        return 0;
    char *path = mem_printf("%s/%s", s->folder, name);
    int rc = fd_write_file(path, buf_str(text), text->len, 0600, e);
    mem_free(path);
    return rc;
}

void outbox_read_note(const struct outbox *s, const char *name, struct buf *out)
{
    if (!s->folder)
        return;
    char *path = mem_printf("%s/%s", s->folder, name);
    (void)fd_read_file(path, OUTBOX_TEXT_MAX, out, NULL);
    mem_free(path);
}
