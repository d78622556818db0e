#include "sync/local/scan.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/fd.h"
#include "base/mem.h"
#include "sync/local/walk.h"
#include "sync/s3/s3key.h"

enum {
    SCAN_OPEN = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC,
    SCAN_DEPTH_MAX = 600, /* a key of 1024 bytes has at most 512 parts */
    SCAN_BYTES = 32 << 10,
};

/* A folder on the way down. */
struct level {
    int fd;           /* owned */
    size_t path_len;  /* of the path with its slash; 0 at the top */
    struct buf names; /* each with its NUL, and a slash before it when it is a folder's */
    uint32_t *order;  /* owned; where the names begin, sorted */
    size_t count;
    size_t room;
    size_t at;
};

struct scan {
    struct scan_options o;
    int top;              /* owned until the first turn, or -1 */
    int rc;               /* of opening it */
    struct level *levels; /* owned */
    size_t depth;
    struct buf path;
    union {
        char bytes[SCAN_BYTES];
        struct dirent64 align;
    } dirents;
};

static int fail(const struct scan *s, int code, struct err *e)
{
    struct buf shown = BUF_EMPTY;
    s3key_show(&shown, buf_str(&s->path), s->path.len);
    int rc = err_set(e, code, "cannot read %s: %s", s->path.len ? buf_str(&shown) : "the target",
                     strerror(-code));
    buf_close(&shown);
    return rc;
}

/* A version of the target must be all ours: in the end it is removed. */
static int fail_mounted(const struct scan *s, struct err *e)
{
    struct buf shown = BUF_EMPTY;
    s3key_show(&shown, buf_str(&s->path), s->path.len);
    int rc = err_set(e, -EBUSY, "%s in the target is a mount point: use --publish inplace",
                     buf_str(&shown));
    buf_close(&shown);
    return rc;
}

static int look(int folder, const char *name, struct statx *st)
{
    const unsigned want = STATX_TYPE | STATX_SIZE | STATX_MTIME | STATX_CTIME;
    return statx(folder, name, AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH, want, st) < 0 ? -errno : 0;
}

static bool is_mounted(const struct statx *st)
{
    return st->stx_attributes & st->stx_attributes_mask & STATX_ATTR_MOUNT_ROOT;
}

// --- the names of one folder -----------------------------------------------------------------

static bool is_folder(const struct level *l, const struct dirent64 *d)
{
    struct statx st = {0};
    if (d->d_type != DT_UNKNOWN)
        return d->d_type == DT_DIR;
    return look(l->fd, d->d_name, &st) == 0 && S_ISDIR(st.stx_mode);
}

static int add_name(struct level *l, const struct dirent64 *d)
{
    const char *name = d->d_name;
    if (name[0] == '.' && (!name[1] || (name[1] == '.' && !name[2])))
        return 0;
    if (l->names.len > UINT32_MAX - SCAN_BYTES)
        return -EFBIG;
    if (l->count == l->room) {
        l->room = l->room ? 2 * l->room : 64;
        l->order = mem_grow(l->order, l->room, sizeof *l->order);
    }
    l->order[l->count++] = (uint32_t)l->names.len;
    buf_text(&l->names, name);
    buf_append(&l->names, "/", is_folder(l, d) ? 1 : 0);
    buf_append(&l->names, "", 1);
    return 0;
}

static int read_names(struct scan *s, struct level *l)
{
    for (;;) {
        ssize_t n = getdents64(l->fd, s->dirents.bytes, sizeof s->dirents.bytes);
        if (n <= 0)
            return n < 0 ? -errno : 0;
        for (ssize_t at = 0; at < n;) {
            const struct dirent64 *d = (const void *)(s->dirents.bytes + at);
            int rc = add_name(l, d);
            if (rc < 0)
                return rc;
            at += d->d_reclen;
        }
    }
}

static int compare_names(const void *a, const void *b, void *ctx)
{
    const char *names = ctx;
    return path_order(names + *(const uint32_t *)a, names + *(const uint32_t *)b);
}

/* Takes fd. */
static int push(struct scan *s, int fd, struct err *e)
{
    s->levels = mem_grow(s->levels, s->depth + 1, sizeof *s->levels);
    struct level *l = &s->levels[s->depth++];
    *l = (struct level){.fd = fd, .path_len = s->path.len};
    if (s->depth > SCAN_DEPTH_MAX)
        return err_set(e, -ELOOP, "the folders of the target are nested too deeply");
    int rc = read_names(s, l);
    if (rc < 0)
        return fail(s, rc, e);
    if (l->count > 1)
        qsort_r(l->order, l->count, sizeof *l->order, compare_names, l->names.data);
    return 0;
}

static void pop(struct scan *s)
{
    struct level *l = &s->levels[--s->depth];
    fd_close(&l->fd);
    buf_close(&l->names);
    mem_free(l->order);
}

// --- one entry after the other ---------------------------------------------------------------

static bool is_reserved(const struct scan *s, const char *name)
{
    return s->depth == 1 && s->o.reserved && strcmp(name, s->o.reserved) == 0;
}

/* 0, or 1 when it is passed over. */
static int enter(struct scan *s, const char *name, struct err *e)
{
    struct statx st = {0};
    int fd = openat(s->levels[s->depth - 1].fd, name, SCAN_OPEN);
    if (fd < 0 && (errno == ENOENT || errno == ENOTDIR || errno == ELOOP))
        return 1;
    int rc = fd < 0 ? -errno : look(fd, "", &st);
    if (rc < 0) {
        fd_close(&fd);
        return fail(s, rc, e);
    }
    if (s->o.no_mounts && is_mounted(&st)) {
        fd_close(&fd);
        return fail_mounted(s, e);
    }
    return push(s, fd, e);
}

static int64_t in_ns(const struct statx_timestamp *t)
{
    return (int64_t)((uint64_t)t->tv_sec * 1000000000 + t->tv_nsec);
}

static int show_file(struct scan *s, const char *name, struct walk_entry *entry, struct err *e)
{
    struct statx st = {0};
    int rc = look(s->levels[s->depth - 1].fd, name, &st);
    if (rc < 0)
        return rc == -ENOENT ? 0 : fail(s, rc, e);
    if (S_ISDIR(st.stx_mode))
        return 0; /* was none a moment ago, so this is not its place */
    if (s->o.no_mounts && is_mounted(&st))
        return fail_mounted(s, e);
    *entry = (struct walk_entry){
        .path = buf_str(&s->path),
        .type = st.stx_mode & S_IFMT,
        .size = (int64_t)st.stx_size,
        .mtime = in_ns(&st.stx_mtime),
        .ctime = in_ns(&st.stx_ctime),
    };
    return 1;
}

/* The next name of the folder that we are in: 1 with an entry, 0 without one, or -errno. */
static int step(struct scan *s, struct walk_entry *entry, struct err *e)
{
    struct level *l = &s->levels[s->depth - 1];
    char *name = l->names.data + l->order[l->at++];
    size_t len = strlen(name);
    bool folder = name[len - 1] == '/';
    if (folder)
        name[len - 1] = '\0';
    if (is_reserved(s, name))
        return 0;
    s->path.len = l->path_len;
    buf_text(&s->path, name);
    if (!folder)
        return show_file(s, name, entry, e);
    buf_char(&s->path, '/');
    int rc = enter(s, name, e);
    return rc < 0 ? rc : 0;
}

static int start(struct scan *s, struct err *e)
{
    int top = s->top;
    s->top = -1;
    if (s->rc < 0)
        return fail(s, s->rc, e);
    return top < 0 ? 0 : push(s, top, e);
}

int scan_next(struct scan *s, struct walk_entry *entry, struct err *e)
{
    int rc = start(s, e);
    if (rc < 0)
        return rc;
    while (s->depth > 0) {
        const struct level *l = &s->levels[s->depth - 1];
        if (l->at == l->count) {
            s->path.len = l->path_len;
            pop(s);
            if (s->depth == 0)
                break;
            s->path.data[s->path.len] = '\0';
            *entry = (struct walk_entry){.path = buf_str(&s->path), .type = S_IFDIR};
            return 1;
        }
        rc = step(s, entry, e);
        if (rc != 0)
            return rc;
    }
    return 0;
}

struct scan *scan_new(int folder, const struct scan_options *o)
{
    struct scan *s = mem_alloc(sizeof *s);
    s->o = *o;
    s->top = folder < 0 ? -1 : openat(folder, ".", SCAN_OPEN);
    if (folder >= 0 && s->top < 0)
        s->rc = -errno;
    return s;
}

void scan_free(struct scan *s)
{
    if (!s)
        return;
    while (s->depth > 0)
        pop(s);
    fd_close(&s->top);
    mem_free(s->levels);
    buf_close(&s->path);
    mem_free(s);
}
