/* Protects what a folder is compared by: every file, in the order of listings, never by a link. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <uv.h>

#include "base/buf.h"
#include "base/fd.h"
#include "base/mem.h"
#include "sync/local/scan.h"
#include "sync/local/tree.h"
#include "sync/local/walk.h"
#include "sync/s3/s3key.h"

static char root_name[64];
static int root = -1;

static int make_root(void **state)
{
    (void)state;
    (void)snprintf(root_name, sizeof root_name, "/tmp/mainstay-walk-XXXXXX");
    assert_non_null(mkdtemp(root_name));
    root = open(root_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return root < 0;
}

static int remove_root(void **state)
{
    (void)state;
    fd_close(&root);
    return tree_clear(AT_FDCWD, root_name);
}

static void put_file(const char *path, size_t size)
{
    struct tree t;
    struct err e;
    tree_init(&t, openat(root, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    int fd = tree_create(&t, path, &e);
    if (fd < 0)
        fail_msg("%s", e.text);
    assert_int_equal(ftruncate(fd, (off_t)size), 0);
    const struct timespec times[2] = {{.tv_sec = 1000}, {.tv_sec = 2000, .tv_nsec = 5}};
    assert_int_equal(futimens(fd, times), 0);
    fd_close(&fd);
    tree_close(&t);
}

static void put_folder(const char *path)
{
    struct tree t;
    struct err e;
    tree_init(&t, openat(root, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    assert_int_equal(tree_mkdir(&t, path, &e), 0);
    tree_close(&t);
}

// --- a walk and who reads it -----------------------------------------------------------------

struct reading {
    uv_loop_t loop;
    struct walk *walk;
    struct buf paths; /* each with its NUL */
    size_t count;
    size_t stop_at; /* entries after which the walk is closed; 0: at its end */
    int rc;
    struct err e;
    bool closed;
};

static void on_closed(void *ctx)
{
    struct reading *r = ctx;
    r->closed = true;
}

static void on_change(void *ctx)
{
    struct reading *r = ctx;
    const struct walk_entry *entry = NULL;
    enum walk_state state = WALK_READY;
    while ((state = walk_look(r->walk, &entry)) == WALK_READY) {
        buf_append(&r->paths, entry->path, strlen(entry->path) + 1);
        r->count++;
        walk_next(r->walk);
        if (r->count == r->stop_at)
            break;
    }
    if (state == WALK_WAIT)
        return;
    if (state == WALK_FAILED)
        r->rc = walk_error(r->walk, &r->e);
    walk_close(r->walk, on_closed);
    assert_false(r->closed);
}

static void read_folder(struct reading *r, int folder, bool no_mounts, size_t stop_at)
{
    *r = (struct reading){.stop_at = stop_at};
    assert_int_equal(uv_loop_init(&r->loop), 0);
    r->walk = walk_new(
        &r->loop, folder,
        &(struct walk_options){
            .no_mounts = no_mounts, .reserved = ".mainstay", .ctx = r, .on_change = on_change});
    on_change(r);
    assert_int_equal(uv_run(&r->loop, UV_RUN_DEFAULT), 0);
    assert_true(r->closed);
    assert_int_equal(uv_loop_close(&r->loop), 0);
}

static void expect_paths(const struct reading *r, const char *const *want)
{
    const char *at = buf_str(&r->paths);
    size_t count = 0;
    for (; *want; want++, count++, at += strlen(at) + 1) {
        assert_true(count < r->count);
        assert_string_equal(at, *want);
    }
    assert_int_equal(r->count, count);
}

// --- tests -----------------------------------------------------------------------------------

static void the_end_is_greatest(void **state)
{
    (void)state;
    static const char *const order[] = {"a b", "a!",    "a-b",   "a.b",     "a/",
                                        "a/b", "a0",    "a\x7f", "a\xff",   "a",
                                        "b",   "b/x/y", "b/x/z", "\xc3\xa9"};
    for (size_t i = 0; i < sizeof order / sizeof *order; i++) {
        for (size_t j = 0; j < sizeof order / sizeof *order; j++) {
            bool swapped = (strcmp(order[i], "a/") == 0 && strcmp(order[j], "a/b") == 0) ||
                           (strcmp(order[i], "a/b") == 0 && strcmp(order[j], "a/") == 0) ||
                           (strcmp(order[i], "b") == 0 && strncmp(order[j], "b/", 2) == 0) ||
                           (strcmp(order[j], "b") == 0 && strncmp(order[i], "b/", 2) == 0);
            int want = i < j ? -1 : i > j;
            assert_int_equal(path_order(order[i], order[j]), swapped ? -want : want);
        }
    }
}

static void everything_in_order(void **state)
{
    (void)state;
    static const char *const files[] = {"z",   "a-b",         "a/x/1",       "a/x.y", "a0",    ".b",
                                        "a.b", ".mainstay/l", "b/.mainstay", "b c/d", "b\xff", "B"};
    for (size_t i = 0; i < sizeof files / sizeof *files; i++)
        put_file(files[i], i);
    put_folder("empty/below");
    assert_int_equal(symlinkat("/etc", root, "link"), 0);
    assert_int_equal(symlinkat("missing", root, "a/broken"), 0);
    assert_int_equal(mkfifoat(root, "pipe", 0600), 0);
    struct reading r;
    read_folder(&r, root, true, 0);
    static const char *const want[] = {
        ".b",     "B",    "a-b",   "a.b",  "a/broken",    "a/x.y", "a/x/1", "a/x/",
        "a/",     "a0",   "b c/d", "b c/", "b/.mainstay", "b/",    "b\xff", "empty/below/",
        "empty/", "link", "pipe",  "z",    NULL};
    assert_int_equal(r.rc, 0);
    expect_paths(&r, want);
    buf_close(&r.paths);
}

static void types_sizes_and_times(void **state)
{
    (void)state;
    put_file("file", 4711);
    put_folder("folder");
    assert_int_equal(symlinkat("file", root, "link"), 0);
    assert_int_equal(mkfifoat(root, "pipe", 0600), 0);
    uv_loop_t loop;
    assert_int_equal(uv_loop_init(&loop), 0);
    struct reading ignored = {0};
    struct walk *w = walk_new(&loop, root, &(struct walk_options){.ctx = &ignored});
    static const mode_t types[] = {S_IFREG, S_IFDIR, S_IFLNK, S_IFIFO};
    const struct walk_entry *entry = NULL;
    (void)uv_run(&loop, UV_RUN_DEFAULT); /* the thread is at the end before we look */
    for (size_t i = 0; i < 4; i++, walk_next(w)) {
        assert_int_equal(walk_look(w, &entry), WALK_READY);
        assert_int_equal(entry->type, types[i]);
        if (i == 0) {
            assert_int_equal(entry->size, 4711);
            assert_int_equal(entry->mtime, 2000000000005);
        }
    }
    assert_int_equal(walk_look(w, &entry), WALK_END);
    walk_close(w, NULL);
    (void)uv_run(&loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&loop), 0);
}

static void nothing_is_empty(void **state)
{
    (void)state;
    struct reading r;
    read_folder(&r, -1, true, 0);
    assert_true(r.rc == 0 && r.count == 0);
    read_folder(&r, root, true, 0);
    assert_true(r.rc == 0 && r.count == 0);
    walk_close(NULL, on_closed);
}

/* A descriptor of something else, a folder that must not be read, one that goes on for ever. */
static void failures_have_a_sentence(void **state)
{
    (void)state;
    struct reading r;
    put_file("file", 1);
    int fd = openat(root, "file", O_RDONLY | O_CLOEXEC);
    read_folder(&r, fd, true, 0);
    assert_int_equal(r.rc, -ENOTDIR);
    assert_string_equal(r.e.text, "cannot read the target: Not a directory");
    fd_close(&fd);
    int at = dup(root);
    for (int i = 0; i < 620; i++) {
        assert_int_equal(mkdirat(at, "d", 0700), 0);
        int next = openat(at, "d", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        assert_true(next >= 0);
        fd_close(&at);
        at = next;
    }
    fd_close(&at);
    read_folder(&r, root, true, 0);
    assert_int_equal(r.rc, -ELOOP);
    assert_non_null(strstr(r.e.text, "too deeply"));
    buf_close(&r.paths);
}

static uint32_t seed = 20261121;

static uint32_t draw(uint32_t below)
{
    seed = seed * 1664525 + 1013904223;
    return (seed >> 8) % below;
}

static int compare_paths(const void *a, const void *b)
{
    return path_order(*(char *const *)a, *(char *const *)b);
}

/* Names of few letters, so that they begin alike; those that are there. */
static size_t put_random(char **paths, size_t tries)
{
    static const char letters[] = "ab-.0\xe9 ";
    size_t count = 0;
    struct tree t;
    tree_init(&t, dup(root));
    while (tries-- > 0) {
        char path[16];
        size_t len = 1 + draw(9);
        for (size_t k = 0; k < len; k++)
            path[k] = k % 3 == 2 ? '/' : letters[draw(sizeof letters - 1)];
        path[path[len - 1] == '/' ? len - 1 : len] = '\0';
        struct err e;
        bool odd = strstr(path, "./") || path[strlen(path) - 1] == '.';
        int fd = odd ? -1 : tree_create(&t, path, &e);
        if (fd >= 0)
            paths[count++] = mem_strdup(path);
        fd_close(&fd);
    }
    tree_close(&t);
    return count;
}

static void expect_sorted(const struct reading *r, char *const *paths, size_t count)
{
    size_t seen = 0;
    const char *last = NULL;
    const char *at = buf_str(&r->paths);
    for (size_t i = 0; i < r->count; last = at, at += strlen(at) + 1, i++) {
        assert_true(!last || path_order(last, at) < 0);
        if (at[strlen(at) - 1] != '/')
            assert_string_equal(at, paths[seen++]);
    }
    assert_int_equal(seen, count);
}

/* Against a list that is sorted whole. */
static void random_trees(void **state)
{
    char *paths[300];
    for (int round = 0; round < 10; round++) {
        struct reading r;
        size_t count = put_random(paths, 300);
        assert_true(count > 50);
        qsort(paths, count, sizeof *paths, compare_paths);
        read_folder(&r, root, true, 0);
        expect_sorted(&r, paths, count);
        while (count > 0)
            mem_free(paths[--count]);
        buf_close(&r.paths);
        (void)remove_root(state);
        (void)make_root(state);
    }
}

/* Beyond one batch; closed at any time, the thread at work or not. */
static void closed_anywhere(void **state)
{
    (void)state;
    enum { MANY = 2000 };
    char name[160];
    for (int i = 0; i < MANY; i++) {
        (void)snprintf(name, sizeof name, "%0140d", i);
        int fd = openat(root, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
        assert_true(fd >= 0);
        fd_close(&fd);
    }
    for (size_t stop = 0; stop <= MANY; stop += stop < 520 ? 40 : 111) {
        struct reading r;
        read_folder(&r, root, true, stop);
        assert_int_equal(r.count, stop ? stop : MANY);
        (void)snprintf(name, sizeof name, "%0140d", (int)r.count - 1);
        assert_string_equal(r.paths.data + 141 * (r.count - 1), name);
        buf_close(&r.paths);
    }
}

/* Into a namespace of its own, where mounts are seen by nobody else. */
static int own_mounts(void)
{
    fd_close(&root);
    if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
        return 1;
    root = open(root_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return root < 0;
}

static int mount_and_walk(void)
{
    char path[96];
    struct reading r;
    (void)snprintf(path, sizeof path, "%s/a/b", root_name);
    if (own_mounts() != 0 || mount("none", path, "tmpfs", 0, NULL) < 0)
        return 1;
    read_folder(&r, root, true, 0);
    if (r.rc != -EBUSY || !strstr(r.e.text, "'a/b/' in the target is a mount point"))
        return 2;
    read_folder(&r, root, false, 0);
    if (r.rc != 0 || r.count != 3 || umount(path) < 0)
        return 3;
    char file[sizeof path];
    (void)snprintf(file, sizeof file, "%s/a/b/file", root_name);
    (void)snprintf(path, sizeof path, "%s/z", root_name);
    if (mount(file, path, NULL, MS_BIND, NULL) < 0)
        return 4;
    read_folder(&r, root, true, 0);
    return r.rc == -EBUSY && strstr(r.e.text, "'z' in the target is a mount point") ? 0 : 5;
}

static void mounts_are_refused(void **state)
{
    (void)state;
    put_file("a/b/file", 1);
    put_file("z", 1);
    pid_t pid = fork();
    if (pid == 0)
        _exit(mount_and_walk());
    int status = 0;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
}

enum { MANY_FILES = 250000, MANY_LIMIT_KB = 20 << 10 };

/* On a disk of its own, which goes with the process. */
static int make_many(void)
{
    char name[64] = "observation-0000000.json";
    if (own_mounts() != 0 || mount("none", root_name, "tmpfs", 0, "nr_inodes=0") < 0)
        return 1;
    fd_close(&root);
    root = open(root_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int file = openat(root, name, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    for (int i = 1; file >= 0 && i < MANY_FILES; i++) {
        (void)snprintf(name, sizeof name, "observation-%07d.json", i);
        if (linkat(root, "observation-0000000.json", root, name, 0) < 0)
            return 2;
    }
    fd_close(&file);
    return 0;
}

/* A folder that becomes a link after its name was read leads nowhere. */
static void links_meanwhile(void **state)
{
    (void)state;
    struct walk_entry entry;
    struct err e;
    put_file("away/secret", 1);
    put_file("here/a", 1);
    put_file("here/d/x", 1);
    int here = openat(root, "here", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    struct scan *s = scan_new(here, &(struct scan_options){0});
    assert_int_equal(scan_next(s, &entry, &e), 1);
    assert_string_equal(entry.path, "a");
    assert_int_equal(tree_clear(here, "d"), 0);
    assert_int_equal(symlinkat("../away", here, "d"), 0);
    assert_int_equal(scan_next(s, &entry, &e), 0);
    scan_free(s);
    fd_close(&here);
}

static void on_many(void *ctx)
{
    (void)ctx;
}

static int read_many(void)
{
    char name[64];
    int count = 0;
    uv_loop_t loop;
    const struct walk_entry *entry = NULL;
    (void)uv_loop_init(&loop);
    struct walk *w = walk_new(&loop, root, &(struct walk_options){.on_change = on_many});
    for (;;) {
        enum walk_state at = walk_look(w, &entry);
        if (at == WALK_WAIT) {
            (void)uv_run(&loop, UV_RUN_ONCE);
            continue;
        }
        if (at != WALK_READY)
            return count == MANY_FILES && at == WALK_END ? 0 : 3;
        (void)snprintf(name, sizeof name, "observation-%07d.json", count++);
        if (strcmp(name, entry->path) != 0)
            return 4;
        walk_next(w);
    }
}

/* A quarter of a million names in one folder; a million may need 64 MiB. */
static void very_many_files(void **state)
{
    (void)state;
    pid_t pid = fork();
    if (pid == 0) {
        int status = make_many();
        struct rusage use = {0};
        pid_t reader = status == 0 ? fork() : -1;
        if (reader == 0)
            _exit(read_many());
        if (reader < 0 || wait4(reader, &status, 0, &use) != reader || status != 0)
            _exit(5);
        print_message("%d files: %ld KiB\n", MANY_FILES, use.ru_maxrss);
#ifdef __SANITIZE_ADDRESS__
        _exit(0);
#endif
        _exit(use.ru_maxrss < MANY_LIMIT_KB ? 0 : 6);
    }
    int status = 0;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, make_root, remove_root)
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_end_is_greatest),
        TEST(everything_in_order),
        TEST(types_sizes_and_times),
        TEST(nothing_is_empty),
        TEST(failures_have_a_sentence),
        TEST(random_trees),
        TEST(closed_anywhere),
        TEST(mounts_are_refused),
        TEST(links_meanwhile),
        TEST(very_many_files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
