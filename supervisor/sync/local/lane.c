#include "sync/local/lane.h"

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

enum {
    NUMBER_BITS = 48,
    TOGETHER_LEAST = 4, /* files for which the whole file system is flushed instead of each */
};

static int own_copy(int fd, int *broken)
{
    const int copy = fd < 0 ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, 0);
    if (fd >= 0 && copy < 0)
        *broken = -errno;
    return copy;
}

/*
 * Where one flush of the file system costs about as much as that of one file, because both end in
 * one write of its journal. Others (FUSE) need not flush at all when they are asked so.
 */
static bool flushes_together(int fd)
{
    struct statfs fs;
    return fstatfs(fd, &fs) == 0 && (fs.f_type == EXT4_SUPER_MAGIC || fs.f_type == XFS_SUPER_MAGIC);
}

void lane_init(struct lane *l, unsigned number, const struct release *release)
{
    *l = (struct lane){.number = number, .in_place = release->mode == PUBLISH_INPLACE};
    tree_init(&l->fresh, own_copy(release->fresh.fd, &l->broken));
    tree_init(&l->old, l->in_place ? -1 : own_copy(release->old.fd, &l->broken));
    if (l->old.fd >= 0)
        l->fresh.like = &l->old;
    struct stat st;
    if (l->in_place && fstat(l->fresh.fd, &st) == 0 && flushes_together(l->fresh.fd))
        l->together = st.st_dev;
    for (unsigned i = 0; i < MD5_LANES; i++)
        l->digests[i] = digest_idle();
    l->buffer = mem_array(MD5_LANES, LANE_SLICE);
    list_init(&l->tasks);
}

void lane_close(struct lane *l)
{
    tree_close(&l->fresh);
    tree_close(&l->old);
    for (unsigned i = 0; i < MD5_LANES; i++)
        digest_free(l->digests[i]);
    mem_free(l->buffer);
}

int lane_fail(struct task *t, int rc, const char *what)
{
    if (t->rc < 0)
        return t->rc;
    t->rc = rc;
    t->e = mem_alloc(sizeof *t->e);
    if (rc == -ENOTDIR || rc == -ELOOP)
        return err_set(t->e, rc, "%s: a link or file is where a folder must be", what);
    if (rc == -EISDIR || rc == -ENOTEMPTY)
        return err_set(t->e, rc, "%s: a folder is where the file must be", what);
    return err_set(t->e, rc, "%s: %s", what, strerror(-rc));
}

int lane_refuse(struct task *t, const char *sentence)
{
    t->rc = -EBADMSG;
    t->e = mem_alloc(sizeof *t->e);
    return err_set(t->e, -EBADMSG, "%s", sentence);
}

// --- where a file goes -------------------------------------------------------------------------

/* What a killed run left in the new version is all ours, and may be of another shape. */
static void clear_way(struct lane *l, const char *path)
{
    char *folder = mem_strdup(path);
    for (char *slash = strchr(folder, '/'); slash; slash = strchr(slash + 1, '/')) {
        struct stat st;
        const char *name = NULL;
        *slash = '\0';
        const bool in_the_way = tree_stat(&l->fresh, folder, &st) == 0 && !S_ISDIR(st.st_mode);
        const int parent = in_the_way ? tree_parent(&l->fresh, folder, false, &name) : -1;
        if (parent >= 0)
            (void)unlinkat(parent, name, 0);
        *slash = '/';
    }
    mem_free(folder);
}

int lane_parent(struct lane *l, struct task *t, const char **name)
{
    const char *path = t->spec->path;
    int rc = l->broken < 0 ? l->broken : *path ? 0 : -ENAMETOOLONG;
    if (rc == 0)
        rc = tree_parent(&l->fresh, path, true, name);
    if ((rc == -ENOTDIR || rc == -ELOOP) && !l->in_place) {
        clear_way(l, path);
        rc = tree_parent(&l->fresh, path, true, name);
    }
    return rc < 0 ? lane_fail(t, rc, "cannot create its folder") : rc;
}

static int create(int folder, const char *name)
{
    const int fd = openat(folder, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666);
    return fd < 0 ? -errno : fd;
}

/* In the new version nobody looks yet, so the file has its name from the beginning on. */
static int create_named(int folder, const char *name)
{
    int fd = create(folder, name);
    if (fd != -EEXIST)
        return fd;
    /* never through a second name of a file of the old version */
    const int rc = tree_clear(folder, name);
    return rc < 0 ? rc : create(folder, name);
}

static int create_hidden(struct lane *l, struct task *t, int folder)
{
    const uint64_t number = (uint64_t)l->number << NUMBER_BITS | l->names++;
    (void)snprintf(t->name, sizeof t->name, RELEASE_PARTIAL "%016" PRIx64, number);
    const int fd = create(folder, t->name);
    if (fd != -EEXIST)
        return fd;
    return unlinkat(folder, t->name, 0) < 0 ? -errno : create(folder, t->name);
}

int lane_rename(struct lane *l, struct task *t, const char *from)
{
    const char *name = NULL;
    const int parent = lane_parent(l, t, &name);
    if (parent < 0)
        return parent;
    if (renameat(parent, from, parent, name) == 0)
        return 0;
    int rc = -errno;
    if (rc == -EISDIR && !l->in_place) {
        rc = tree_clear(parent, name);
        if (rc == 0 && renameat(parent, from, parent, name) < 0)
            rc = -errno;
    }
    return rc < 0 ? lane_fail(t, rc, "cannot give it its name") : 0;
}

// --- what a file is ----------------------------------------------------------------------------

struct digest_expect lane_expect(const struct file_spec *spec)
{
    return (struct digest_expect){.etag = spec->opaque_etag ? NULL : spec->etag,
                                  .checksum = spec->checksum,
                                  .size = spec->size,
                                  .part_size = spec->part_size};
}

int lane_verify(struct task *t, struct digest *d)
{
    switch (digest_end(d, t->sum)) {
    case DIGEST_NOTHING:
    case DIGEST_SAME:
        return 0;
    case DIGEST_AGAIN:
        return -EAGAIN;
    case DIGEST_OTHER:
        break;
    case DIGEST_DOUBTFUL:
        t->doubtful = true;
        if (t->sum[0] && strcmp(t->sum, t->spec->sum) == 0)
            return 0; /* the same bytes twice: the guess was wrong, not they */
        break;
    }
    return lane_refuse(t, "its bytes are not those that were stored (the sum differs)");
}

int lane_set_time(struct task *t, int fd)
{
    const int64_t ns = 1000000000;
    const int64_t part = (t->spec->mtime % ns + ns) % ns; /* not negative, also before 1970 */
    const struct timespec when = {.tv_sec = (t->spec->mtime - part) / ns, .tv_nsec = part};
    const struct timespec times[2] = {when, when};
    struct stat st;
    if (futimens(fd, times) < 0 || fstat(fd, &st) < 0)
        return lane_fail(t, -errno, "cannot set its time");
    t->mtime = tree_mtime(&st);
    t->device = st.st_dev;
    return 0;
}

static void close_file(struct task *t)
{
    if (t->fd >= 0 && close(t->fd) < 0 && errno != EINTR)
        (void)lane_fail(t, -errno, "cannot write it");
    t->fd = -1;
}

// --- small files -------------------------------------------------------------------------------

/* Of up to MD5_LANES chunks at a time whether they are what was stored. */
static void verify(struct lane *l, struct task *const *tasks, unsigned count)
{
    struct digest_input inputs[MD5_LANES] = {0};
    struct task *verified[MD5_LANES];
    unsigned n = 0;
    for (unsigned i = 0; i < count; i++) {
        const struct chunk *c = tasks[i]->chunk;
        const struct digest_expect x = lane_expect(tasks[i]->spec);
        if ((int64_t)c->len != tasks[i]->spec->size)
            (void)lane_refuse(tasks[i], "it has not the size that was listed");
        else if (digest_start(l->digests[n], &x)) {
            inputs[n] = (struct digest_input){l->digests[n], c->data, c->len};
            verified[n++] = tasks[i];
        }
    }
    digest_add_each(inputs, n);
    for (unsigned i = 0; i < n; i++) {
        while (lane_verify(verified[i], inputs[i].digest) == -EAGAIN)
            digest_add_each(&inputs[i], 1);
    }
}

static void verify_all(struct lane *l)
{
    struct task *tasks[MD5_LANES];
    struct task *t = NULL;
    unsigned count = 0;
    list_each (t, &l->tasks, link) {
        if (t->kind != TASK_PUT)
            continue;
        tasks[count++] = t;
        if (count == MD5_LANES) {
            verify(l, tasks, count);
            count = 0;
        }
    }
    verify(l, tasks, count);
}

static void fill(struct lane *l, struct task *t)
{
    const int rc = fd_write_all(t->fd, t->chunk->data, t->chunk->len);
    if (rc < 0 && lane_fail(t, rc, "cannot write it"))
        return;
    if (lane_set_time(t, t->fd) < 0)
        return;
    /* all of the batch is on its way to the disk before the first is waited for */
    if (l->in_place)
        (void)sync_file_range(t->fd, 0, 0, SYNC_FILE_RANGE_WRITE);
    else
        close_file(t);
}

static void put(struct lane *l, struct task *t)
{
    const char *name = NULL;
    const int parent = t->rc < 0 ? t->rc : lane_parent(l, t, &name);
    if (parent < 0)
        return;
    t->fd = l->in_place ? create_hidden(l, t, parent) : create_named(parent, name);
    if (t->fd < 0) {
        (void)lane_fail(t, t->fd, "cannot create it");
        return;
    }
    fill(l, t);
    if (t->rc == 0)
        return;
    close_file(t);
    (void)unlinkat(parent, l->in_place ? t->name : name, 0);
}

/* Flushes all at once where that is cheaper; false: each is to be flushed. */
static bool flush_together(struct lane *l)
{
    struct task *t = NULL;
    unsigned count = 0;
    list_each (t, &l->tasks, link)
        count += t->kind == TASK_PUT && t->fd >= 0 && t->device == l->together;
    return count >= TOGETHER_LEAST && syncfs(l->fresh.fd) == 0;
}

/* A flush of all says nothing of one: whether its bytes could be written is asked for each. */
static int flush(const struct task *t, bool flushed)
{
    const unsigned wait =
        SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WRITE | SYNC_FILE_RANGE_WAIT_AFTER;
    return (flushed ? sync_file_range(t->fd, 0, 0, wait) : fsync(t->fd)) < 0 ? -errno : 0;
}

/* In place: on the disk, then visible. */
static void settle(struct lane *l, struct task *t, bool flushed)
{
    const char *name = NULL;
    const int rc = flush(t, flushed && t->device == l->together);
    if (rc < 0)
        (void)lane_fail(t, rc, "cannot write it");
    close_file(t);
    if (t->rc == 0 && lane_rename(l, t, t->name) == 0)
        return;
    const int parent = tree_parent(&l->fresh, t->spec->path, false, &name);
    if (parent >= 0)
        (void)unlinkat(parent, t->name, 0);
}

// --- a turn ------------------------------------------------------------------------------------

static void run(struct lane *l, struct task *t)
{
    switch (t->kind) {
    case TASK_PUT:
        put(l, t);
        return;
    case TASK_WRITE:
        lane_write(t);
        return;
    case TASK_OPEN:
        lane_open(l, t);
        return;
    case TASK_STEP: /* lane_steps has done it */
        return;
    case TASK_FINISH:
        lane_finish(l, t);
        return;
    case TASK_CLOSE:
        lane_leave(l, t);
        return;
    }
}

void lane_run(struct lane *l)
{
    struct task *t = NULL;
    verify_all(l);
    lane_steps(l);
    list_each (t, &l->tasks, link)
        run(l, t);
    const bool flushed = l->in_place && flush_together(l);
    list_each (t, &l->tasks, link) {
        if (t->kind == TASK_PUT && t->fd >= 0)
            settle(l, t, flushed);
    }
}
