#include "sync/local/manifest.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "sync/local/boot.h"
#include "sync/s3/s3key.h"

/*
 * "mainstay-sync manifest 1 SEAL BOOT SOURCE\0", then per entry "STATE MTIME SIZE PATH\0ETAG\0",
 * with MTIME always as wide, so that state and time can be written over.
 */
#define MANIFEST_HEAD "mainstay-sync manifest 1 "

enum {
    SEAL_AT = sizeof MANIFEST_HEAD - 1,
    SEALED = 'S',
    UNSEALED = '-',
    TIME_WIDTH = 20,
    STAMP_WIDTH = 2 + TIME_WIDTH, /* state, space, time */
    READ_CHUNK = 64 << 10,
    WRITE_CHUNK = 64 << 10,
    ENTRY_MAX = 16 << 10, /* a path has at most 1024 bytes */
};

// --- reading ---------------------------------------------------------------------------------

/* More of the file behind what is there; the entry before is no longer needed. */
static bool fill(struct manifest_reader *x)
{
    char chunk[READ_CHUNK];
    buf_drop(&x->text, x->at);
    x->base += (int64_t)x->at;
    x->at = 0;
    ssize_t n = 0;
    do
        n = read(x->fd, chunk, sizeof chunk);
    while (n < 0 && errno == EINTR);
    if (n < 0)
        x->foreign = true;
    if (n > 0)
        buf_append(&x->text, chunk, (size_t)n);
    return n > 0;
}

/* Bytes of `texts` texts, each with its NUL, from `at` on; 0: the file ends before. */
static size_t take(struct manifest_reader *x, int texts)
{
    for (;;) {
        const char *from = buf_str(&x->text) + x->at;
        size_t have = x->text.len - x->at;
        size_t len = 0;
        int found = 0;
        while (found < texts && len < have) {
            const char *nul = memchr(from + len, '\0', have - len);
            len = nul ? (size_t)(nul - from) + 1 : have;
            found += nul ? 1 : 0;
        }
        if (found == texts)
            return len;
        if (have > ENTRY_MAX)
            x->foreign = true;
        if (have > ENTRY_MAX || !fill(x))
            return 0;
    }
}

static bool take_number(const char **at, int64_t *out)
{
    char *end = NULL;
    if ((**at < '0' || **at > '9') && **at != '-')
        return false;
    errno = 0;
    *out = strtoll(*at, &end, 10);
    if (errno || end == *at || *end != ' ')
        return false;
    *at = end + 1;
    return true;
}

static bool parse_entry(const char *text, struct manifest_entry *entry)
{
    if (text[0] != MANIFEST_WANTED && text[0] != MANIFEST_THERE && text[0] != MANIFEST_KEPT)
        return false;
    entry->state = (enum manifest_state)text[0];
    if (text[1] != ' ')
        return false;
    const char *at = text + 2;
    if (!take_number(&at, &entry->mtime) || at != text + STAMP_WIDTH + 1 ||
        !take_number(&at, &entry->size) || entry->size < 0 || !*at)
        return false;
    entry->path = at;
    const char *etag = at + strlen(at) + 1;
    entry->etag = *etag ? etag : NULL;
    return true;
}

static bool parse_head(struct manifest_reader *x, const char *source)
{
    size_t len = take(x, 1);
    const char *head = buf_str(&x->text) + x->at;
    if (len <= SEAL_AT + 2 || memcmp(head, MANIFEST_HEAD, SEAL_AT) != 0 || head[SEAL_AT + 1] != ' ')
        return false;
    x->durable = head[SEAL_AT] == SEALED;
    const char *boot = head + SEAL_AT + 2;
    const char *space = strchr(boot, ' ');
    if (!space || strcmp(space + 1, source) != 0)
        return false;
    char id[64];
    size_t id_len = (size_t)(space - boot);
    if (id_len < sizeof id) {
        memcpy(id, boot, id_len);
        id[id_len] = '\0';
        x->current = boot_is_this(id);
    }
    x->at += len;
    return true;
}

int manifest_open(struct manifest_reader *x, int folder, const char *name, const char *source,
                  struct err *e)
{
    *x = (struct manifest_reader){.fd = -1, .end = true};
    if (folder < 0)
        return 0;
    x->fd = openat(folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (x->fd < 0 && errno == ENOENT)
        return 0;
    if (x->fd < 0)
        return err_set(e, -errno, "cannot read the file list %s: %s", name, strerror(errno));
    x->exists = true;
    x->end = false;
    if (!parse_head(x, source)) {
        x->foreign = true;
        x->durable = x->current = false;
        x->end = true;
    }
    return 0;
}

const struct manifest_entry *manifest_look(struct manifest_reader *x)
{
    if (x->has_entry)
        return &x->entry;
    if (x->end)
        return NULL;
    size_t len = take(x, 2);
    if (len == 0) {
        x->end = true;
        return NULL;
    }
    if (!parse_entry(x->text.data + x->at, &x->entry) ||
        (x->count > 0 && path_order(buf_str(&x->last), x->entry.path) >= 0)) {
        x->foreign = x->end = true;
        return NULL;
    }
    x->entry.id = x->base + (int64_t)x->at;
    x->at += len;
    x->count++;
    x->has_entry = true;
    buf_clear(&x->last);
    buf_text(&x->last, x->entry.path);
    return &x->entry;
}

void manifest_next(struct manifest_reader *x)
{
    x->has_entry = false;
}

void manifest_close(struct manifest_reader *x)
{
    fd_close(&x->fd);
    buf_close(&x->text);
    buf_close(&x->last);
    *x = (struct manifest_reader){.fd = -1, .end = true};
}

// --- writing ---------------------------------------------------------------------------------

static int fail(struct err *e, int code)
{
    return err_set(e, code, "cannot write the list of files: %s", strerror(-code));
}

int manifest_create(struct manifest_writer *x, int folder, const char *name, const char *source,
                    mode_t mode, struct err *e)
{
    *x = (struct manifest_writer){.fd = -1};
    if (unlinkat(folder, name, 0) < 0 && errno != ENOENT)
        return fail(e, -errno);
    x->fd = openat(folder, name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);
    if (x->fd < 0)
        return fail(e, -errno);
    buf_printf(&x->text, MANIFEST_HEAD "%c %s ", UNSEALED, boot_id());
    buf_append(&x->text, source, strlen(source) + 1);
    return 0;
}

static int write_at(int fd, const char *text, size_t len, int64_t at)
{
    while (len > 0) {
        ssize_t n = pwrite(fd, text, len, at);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -errno;
        text += n;
        at += n;
        len -= (size_t)n;
    }
    return 0;
}

int manifest_flush(struct manifest_writer *x, struct err *e)
{
    int rc = write_at(x->fd, buf_str(&x->text), x->text.len, x->written);
    if (rc < 0)
        return fail(e, rc);
    x->written += (int64_t)x->text.len;
    buf_clear(&x->text);
    return 0;
}

/* Far quicker than printf, and there may be a million. */
static char *put_number(char *end, int64_t number, int width)
{
    uint64_t rest = number < 0 ? 0 - (uint64_t)number : (uint64_t)number;
    char *at = end;
    do
        *--at = (char)('0' + rest % 10);
    while ((rest /= 10) > 0);
    while (end - at < width - (number < 0 ? 1 : 0))
        *--at = '0';
    if (number < 0)
        *--at = '-';
    return at;
}

static void put_stamp(char *text, enum manifest_state state, int64_t mtime)
{
    text[0] = (char)state;
    text[1] = ' ';
    (void)put_number(text + STAMP_WIDTH, mtime, TIME_WIDTH);
}

int manifest_add(struct manifest_writer *x, const struct manifest_entry *entry, int64_t *id,
                 struct err *e)
{
    size_t path_len = strlen(entry->path);
    size_t etag_len = entry->etag ? strlen(entry->etag) : 0;
    if (path_len + etag_len + 64 > ENTRY_MAX)
        return err_set(e, -E2BIG, "an object's name and ETag have %zu bytes together",
                       path_len + etag_len);
    if (x->text.len >= WRITE_CHUNK) {
        int rc = manifest_flush(x, e);
        if (rc < 0)
            return rc;
    }
    if (id)
        *id = x->written + (int64_t)x->text.len;
    char head[STAMP_WIDTH + 1 + TIME_WIDTH + 2];
    char *end = head + sizeof head - 1;
    *end = ' ';
    char *start = put_number(end, entry->size, 1) - STAMP_WIDTH - 1;
    put_stamp(start, entry->state, entry->mtime);
    start[STAMP_WIDTH] = ' ';
    buf_append(&x->text, start, (size_t)(end + 1 - start));
    buf_append(&x->text, entry->path, path_len + 1);
    buf_append(&x->text, entry->etag ? entry->etag : "", etag_len + 1);
    x->count++;
    return 0;
}

int manifest_mark(struct manifest_writer *x, int64_t id, enum manifest_state state, int64_t mtime,
                  struct err *e)
{
    if (id >= x->written) {
        put_stamp(x->text.data + (id - x->written), state, mtime);
        return 0;
    }
    char text[STAMP_WIDTH];
    put_stamp(text, state, mtime);
    int rc = write_at(x->fd, text, sizeof text, id);
    return rc < 0 ? fail(e, rc) : 0;
}

int manifest_seal(struct manifest_writer *x, struct err *e)
{
    int rc = manifest_flush(x, e);
    if (rc < 0)
        return rc;
    const char seal = SEALED;
    if (fdatasync(x->fd) < 0)
        return fail(e, -errno);
    rc = write_at(x->fd, &seal, 1, SEAL_AT);
    if (rc == 0 && fdatasync(x->fd) < 0)
        rc = -errno;
    return rc < 0 ? fail(e, rc) : 0;
}

int manifest_follow(struct manifest_reader *x, const struct manifest_writer *w, int64_t id,
                    struct err *e)
{
    *x = (struct manifest_reader){.fd = fcntl(w->fd, F_DUPFD_CLOEXEC, 0), .base = id};
    if (x->fd >= 0 && lseek(x->fd, id, SEEK_SET) == id)
        return 0;
    int rc = err_set(e, -errno, "cannot read the list of files: %s", strerror(errno));
    manifest_close(x);
    return rc;
}

void manifest_follow_on(struct manifest_reader *x)
{
    x->end = false;
}

void manifest_abandon(struct manifest_writer *x)
{
    fd_close(&x->fd);
    buf_close(&x->text);
    *x = (struct manifest_writer){.fd = -1};
}
