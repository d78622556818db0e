#include "net/outbox.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/mem.h"

enum {
    ID_LEN = 16,    /* hexadecimal digits of a file's name */
    LOCK_MS = 7000, /* how long whoever has the folder may take to end */
    LOCK_TRY_MS = 50,
};
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
    s->bytes += item.len;
    if (item.id >= s->next_id)
        s->next_id = item.id + 1;
}

static int outbox_look(struct outbox *s, struct err *e)
{
    struct dirent *entry;
    struct stat st;
    uint64_t id;
    DIR *dir = opendir(s->folder);
    if (!dir)
        return err_set(e, -errno, "cannot read the folder %s: %s", s->folder, strerror(errno));
    while ((entry = readdir(dir)) != NULL) {
        if (read_id(entry->d_name, &id)) {
            if (fstatat(dirfd(dir), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
                S_ISREG(st.st_mode))
                items_add(s, (struct outbox_item){.id = id, .len = (size_t)st.st_size});
            s->next_id = id >= s->next_id ? id + 1 : s->next_id;
        } else if (is_half(entry->d_name))
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
    if (s->dropped == 0 && s->folder) {
        char *path = mem_printf("%s/%s", s->folder, DROPPED);
        (void)unlink(path);
        mem_free(path);
        return;
    }
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
    s->bytes -= item->len;
    mem_free(item->text);
    s->count--;
    memmove(item, item + 1, (s->count - at) * sizeof *item);
}

void outbox_lose(struct outbox *s, uint64_t count)
{
    s->dropped += count;
    s->lost += count;
    if (count > 0)
        write_dropped(s);
}

/* Oldest first; the one that is being delivered stays, and does not count. */
static void drop_oldest(struct outbox *s)
{
    const size_t first = s->held ? 1 : 0;
    uint64_t count = 0;
    while (s->count - first > s->limit || (s->count - first > 1 && s->bytes > OUTBOX_BYTES_MAX)) {
        item_remove(s, first);
        count++;
    }
    outbox_lose(s, count);
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

static int take_lock(struct outbox *s, int patience_ms, struct err *e)
{
    char *path = mem_printf("%s/lock", s->folder);
    int rc = 0;
    s->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (s->lock < 0)
        rc = err_set(e, -errno, "cannot write into the folder %s: %s", s->folder, strerror(errno));
    for (int waited = 0; rc == 0 && flock(s->lock, LOCK_EX | LOCK_NB) < 0;) {
        const struct timespec pause = {0, LOCK_TRY_MS * 1000000L};
        if (errno == EWOULDBLOCK && waited >= patience_ms)
            rc = err_set(e, -EBUSY,
                         "another process has the folder %s: give each its own spool=", s->folder);
        else if (errno != EWOULDBLOCK && errno != EINTR)
            rc = err_set(e, -errno, "cannot lock %s: %s", path, strerror(errno));
        else if (nanosleep(&pause, NULL) == 0)
            waited += LOCK_TRY_MS;
    }
    mem_free(path);
    return rc;
}

static int open_within(struct outbox *s, const char *folder, size_t limit, int patience_ms,
                       struct err *e)
{
    *s = (struct outbox){.limit = limit ? limit : 1, .next_id = 1, .lock = -1};
    if (!folder)
        return 0;
    s->folder = mem_strdup(folder);
    int rc = make_folders(folder, e);
    if (rc == 0)
        rc = take_lock(s, patience_ms, e);
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

int outbox_open(struct outbox *s, const char *folder, size_t limit, struct err *e)
{
    return open_within(s, folder, limit, LOCK_MS, e);
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

static int item_write(const struct outbox *s, const struct outbox_item *item, const char *text,
                      struct err *e)
{
    char *path = item_path(s, item->id);
    int rc = fd_write_file(path, text, item->len, 0600, e);
    if (rc < 0)
        (void)unlink(path); /* it may be there, and only its folder could not be synced */
    mem_free(path);
    return rc;
}

size_t outbox_settle(struct outbox *s)
{
    size_t left = 0;
    for (size_t i = 0; i < s->count; i++) {
        struct outbox_item *item = &s->items[i];
        if (!item->text)
            continue;
        if (left > 0 || !s->folder || item_write(s, item, item->text, NULL) < 0) {
            left++;
            continue;
        }
        mem_free(item->text);
        item->text = NULL;
    }
    return left;
}

bool outbox_retry(struct outbox *s, const char *folder)
{
    struct outbox own;
    if (s->held || s->folder || open_within(&own, folder, s->limit, 0, NULL) < 0)
        return false;
    for (size_t i = 0; i < s->count; i++) {
        s->items[i].id = own.next_id;
        items_add(&own, s->items[i]);
    }
    const uint64_t dropped = s->dropped;
    own.lost += s->lost - dropped; /* which are counted again */
    mem_free(s->items);
    *s = own;
    (void)outbox_settle(s);
    outbox_lose(s, dropped);
    drop_oldest(s);
    return true;
}

int outbox_add(struct outbox *s, const char *text, size_t len, struct err *e)
{
    struct outbox_item item = {.id = s->next_id, .len = len};
    int rc = s->folder ? item_write(s, &item, text, e) : 0;
    if (!s->folder || rc < 0)
        item.text = mem_strndup(text, len);
    else
        (void)outbox_settle(s);
    items_add(s, item);
    drop_oldest(s);
    return rc;
}

static int item_read(const struct outbox *s, const struct outbox_item *item, struct buf *out,
                     struct err *e)
{
    if (item->text) {
        buf_append(out, item->text, item->len);
        return 0;
    }
    char *path = item_path(s, item->id);
    int rc = fd_read_file(path, OUTBOX_TEXT_MAX, out, e);
    mem_free(path);
    return rc;
}

int outbox_first(struct outbox *s, struct buf *out, struct err *e)
{
    while (s->count > 0) {
        buf_clear(out);
        int rc = item_read(s, &s->items[0], out, e);
        s->held = rc == 0;
        if (rc == 0)
            return 1;
        if (rc == -EMFILE || rc == -ENFILE || rc == -ENOMEM)
            return rc;
        item_remove(s, 0);
        outbox_lose(s, rc == -ENOENT ? 0 : 1); /* or somebody has taken it away */
    }
    return 0;
}

void outbox_done(struct outbox *s, bool gone)
{
    if (s->held && gone)
        item_remove(s, 0);
    s->held = false;
    drop_oldest(s);
}

void outbox_forgive(struct outbox *s, uint64_t count)
{
    s->dropped -= count;
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
