#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/mem.h"
#include "sync/local/lane.h"
#include "sync/local/partial.h"

static const char read_back[] = "cannot read back what was written";
static const int64_t large_max = (int64_t)64 << 40; /* what S3 has is smaller */

static struct partial partial_of(const struct writer_large *x)
{
    return (struct partial){
        .path = x->spec.path, .etag = x->spec.etag, .size = x->spec.size, .part_size = WRITER_PART};
}

// --- opening -----------------------------------------------------------------------------------

/* The same for the same path in every run; never that of a small file (FNV-1a, highest bit set). */
static void name_large(struct writer_large *x)
{
    uint64_t hash = 0xcbf29ce484222325;
    for (const char *at = x->spec.path; *at; at++)
        hash = (hash ^ (unsigned char)*at) * 0x100000001b3;
    hash |= (uint64_t)1 << 63;
    (void)snprintf(x->name, sizeof x->name, RELEASE_PARTIAL "%016" PRIx64, hash);
}

/* What an earlier run left, if it is of this object and can be trusted. */
static int resume(struct writer_large *x, int folder)
{
    const struct partial p = partial_of(x);
    struct stat st;
    int fd = openat(folder, x->name, O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    int rc = fstat(fd, &st) < 0 ? -errno : 0;
    if (rc == 0 && (!S_ISREG(st.st_mode) || st.st_nlink != 1 || st.st_uid != geteuid()))
        rc = -ESTALE;
    if (rc == 0)
        rc = partial_load(fd, &p, x->parts);
    if (rc == 0)
        return fd;
    fd_close(&fd);
    memset(x->parts, 0, x->part_count);
    return rc;
}

/*
 * Room is claimed at once: a full disk shows before the hours of transfer, and the file lies in one
 * piece. In memory there are no pieces, and to claim it takes as long as to write it.
 */
static int reserve(int fd, int64_t size)
{
    struct statfs fs;
    int rc = fstatfs(fd, &fs) < 0 ? -errno : 0;
    if (rc == 0 && fs.f_type == TMPFS_MAGIC)
        return size / fs.f_bsize <= (int64_t)fs.f_bavail || fs.f_blocks == 0 ? 0 : -ENOSPC;
    do
        rc = size == 0 || fallocate(fd, 0, 0, size) == 0 ? 0 : -errno;
    while (rc == -EINTR);
    return rc == -ENOSPC || rc == -EDQUOT || rc == -EFBIG ? rc : 0;
}

static int create_large(struct writer_large *x, struct task *t, int folder)
{
    const struct partial p = partial_of(x);
    const int flags = O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
    if (unlinkat(folder, x->name, 0) < 0 && errno != ENOENT)
        return lane_fail(t, -errno, "cannot remove what an earlier run left");
    x->fd = openat(folder, x->name, flags, 0666);
    if (x->fd < 0)
        return lane_fail(t, -errno, "cannot create it");
    int rc = reserve(x->fd, x->spec.size);
    if (rc == 0)
        rc = partial_begin(x->fd, &p);
    if (rc == 0)
        return 0;
    fd_close(&x->fd);
    (void)unlinkat(folder, x->name, 0);
    return lane_fail(t, rc, "cannot make room for it");
}

void lane_open(struct lane *l, struct task *t)
{
    struct writer_large *x = t->large;
    const struct partial p = partial_of(x);
    const char *name = NULL;
    if (x->spec.size < 0 || x->spec.size > large_max) {
        (void)lane_fail(t, -EFBIG, "cannot create it");
        return;
    }
    const int parent = lane_parent(l, t, &name);
    if (parent < 0)
        return;
    name_large(x);
    x->part_count = partial_parts(&p);
    x->parts = mem_array(x->part_count + 1, 1);
    x->fd = resume(x, parent);
    if (x->fd < 0) {
        x->fd = -1;
        (void)create_large(x, t, parent);
    }
}

// --- bytes -------------------------------------------------------------------------------------

void lane_write(struct task *t)
{
    const struct chunk *c = t->chunk;
    if (c->offset < 0 || c->offset > t->spec->size - (int64_t)c->len) {
        (void)lane_refuse(t, "it is longer than listed");
        return;
    }
    const int rc = fd_pwrite_all(t->large->fd, c->data, c->len, c->offset);
    if (rc < 0)
        (void)lane_fail(t, rc, "cannot write it");
}

/* What is noted is a help for the next run: to fail here would help nobody. */
static void note_parts(struct writer_large *x)
{
    const struct partial p = partial_of(x);
    for (unsigned i = 0; i < x->saving_count; i++) {
        const struct part_mark *m = &x->saving[i];
        (void)partial_mark(x->fd, &p, m->part, m->there);
        if (m->there) /* on its way to the disk early, so that the end need not wait long */
            (void)sync_file_range(x->fd, (off_t)m->part * WRITER_PART, WRITER_PART,
                                  SYNC_FILE_RANGE_WRITE);
    }
    x->saving_count = 0;
}

/* Into `buffer` what is between the two, up to a slice; 0: nothing, or a failure. */
static size_t read_slice(struct task *t, char *buffer, int64_t from, int64_t to)
{
    const size_t want = to - from < LANE_SLICE ? (size_t)(to - from) : LANE_SLICE;
    ssize_t n = 0;
    if (t->rc < 0 || from >= to)
        return 0;
    do
        n = pread(t->large->fd, buffer, want, from);
    while (n < 0 && errno == EINTR);
    if (n > 0)
        return (size_t)n;
    (void)lane_fail(t, n < 0 ? -errno : -EIO, read_back);
    return 0;
}

/* The next of each of the parts between x->hashed and `to`; false: there is none, or a failure. */
static bool add_slices(struct lane *l, struct task *t, int64_t *at, size_t count)
{
    struct partsum_slice slices[MD5_LANES];
    const struct writer_large *x = t->large;
    const int64_t size = digest_part_size(x->digest);
    size_t got = 0;
    for (size_t i = 0; i < count; i++) {
        char *buffer = l->buffer + i * LANE_SLICE;
        const int64_t end = x->hashed + (int64_t)(i + 1) * size;
        const size_t len = read_slice(t, buffer, at[i], end < x->hash_to ? end : x->hash_to);
        slices[i] = (struct partsum_slice){buffer, len};
        at[i] += (int64_t)len;
        got += len;
    }
    digest_add_parts(x->digest, slices, count);
    return got > 0 && t->rc == 0;
}

/* The parts of one file's upload side by side: from the beginning of one to the end of one. */
static void hash_parts(struct lane *l, struct task *t, int64_t part_size)
{
    struct writer_large *x = t->large;
    while (t->rc == 0 && x->hashed < x->hash_to) {
        int64_t at[MD5_LANES];
        size_t count = 0;
        while (count < MD5_LANES && x->hashed + (int64_t)count * part_size < x->hash_to) {
            at[count] = x->hashed + (int64_t)count * part_size;
            count++;
        }
        while (add_slices(l, t, at, count)) {
        }
        digest_end_parts(x->digest, count);
        x->hashed = at[count - 1];
    }
}

static bool add_slice(struct task *t, char *buffer, struct digest_input *out)
{
    struct writer_large *x = t->large;
    const size_t n = read_slice(t, buffer, x->hashed, x->hash_to);
    *out = (struct digest_input){x->digest, buffer, n};
    x->hashed += (int64_t)n;
    return n > 0;
}

static void hash(struct lane *l, struct task *const *tasks, unsigned count)
{
    for (;;) {
        struct digest_input inputs[MD5_LANES];
        unsigned n = 0;
        for (unsigned i = 0; i < count; i++)
            n += add_slice(tasks[i], l->buffer + (size_t)i * LANE_SLICE, &inputs[n]);
        if (n == 0)
            return;
        digest_add_each(inputs, n);
    }
}

void lane_steps(struct lane *l)
{
    struct task *tasks[MD5_LANES];
    struct task *t = NULL;
    unsigned count = 0;
    list_each (t, &l->tasks, link) {
        if (t->kind == TASK_STEP)
            note_parts(t->large); /* at once: a kill may come while it is read */
    }
    list_each (t, &l->tasks, link) {
        if ((t->kind != TASK_STEP && t->kind != TASK_FINISH) || !t->large->digest)
            continue;
        const int64_t part_size = digest_part_size(t->large->digest);
        if (part_size > 0) {
            hash_parts(l, t, part_size);
            continue;
        }
        tasks[count++] = t;
        if (count == MD5_LANES) {
            hash(l, tasks, count);
            count = 0;
        }
    }
    hash(l, tasks, count);
}

// --- the end -----------------------------------------------------------------------------------

/* Whether the name is still that of this file, and not of another that took it. */
static bool has_name(const struct writer_large *x, int folder)
{
    struct stat mine;
    struct stat named;
    return fstat(x->fd, &mine) == 0 && fstatat(folder, x->name, &named, AT_SYMLINK_NOFOLLOW) == 0 &&
           mine.st_dev == named.st_dev && mine.st_ino == named.st_ino;
}

static void remove_large(struct lane *l, struct writer_large *x)
{
    const char *name = NULL;
    const int parent = tree_parent(&l->fresh, x->spec.path, false, &name);
    if (parent >= 0 && has_name(x, parent))
        (void)unlinkat(parent, x->name, 0);
}

/* The note goes last: a run that is killed while the disk is busy finds it. */
static int complete(struct lane *l, struct task *t)
{
    struct writer_large *x = t->large;
    if (l->in_place && fdatasync(x->fd) < 0)
        return lane_fail(t, -errno, "cannot write it");
    if (ftruncate(x->fd, x->spec.size) < 0)
        return lane_fail(t, -errno, "cannot write it");
    if (lane_set_time(t, x->fd) < 0)
        return t->rc;
    if (l->in_place && fsync(x->fd) < 0)
        return lane_fail(t, -errno, "cannot write it");
    return 0;
}

static int give_name(struct lane *l, struct task *t)
{
    const char *name = NULL;
    const int parent = lane_parent(l, t, &name);
    if (parent < 0)
        return parent;
    if (!has_name(t->large, parent))
        return lane_fail(t, -EIO, "somebody else has touched the file that it was fetched to");
    return lane_rename(l, t, t->large->name);
}

static int close_large(struct writer_large *x)
{
    const int rc = close(x->fd) < 0 && errno != EINTR ? -errno : 0;
    x->fd = -1;
    return rc;
}

void lane_finish(struct lane *l, struct task *t)
{
    struct writer_large *x = t->large;
    int rc = t->rc;
    if (rc == 0 && x->digest)
        rc = lane_verify(t, x->digest);
    x->reread = rc == -EAGAIN;
    if (x->reread)
        return;
    if (rc == 0)
        rc = complete(l, t);
    if (rc == 0)
        rc = give_name(l, t);
    if (rc < 0)
        remove_large(l, x);
    rc = close_large(x);
    if (rc < 0)
        (void)lane_fail(t, rc, "cannot write it");
}

void lane_leave(struct lane *l, struct task *t)
{
    struct writer_large *x = t->large;
    const struct partial p = partial_of(x);
    if (x->keep && memchr(x->parts, 1, x->part_count)) {
        note_parts(x);
        (void)partial_seal(x->fd, &p);
    } else {
        remove_large(l, x);
    }
    (void)close_large(x);
}
