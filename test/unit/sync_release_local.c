/* Protects what is no object, whose the target is, and what disks cannot do. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <sched.h>
#include <sys/mount.h>

#include "sync_release.h"

// --- what is no object -----------------------------------------------------------------------

static void add_extra(struct release *p, enum spool_what what, const char *path)
{
    assert_int_equal(spool_add(&p->extras, what, path, &e), 0);
}

static void put_object(struct release *p, const char *path)
{
    int64_t id = 0;
    const struct manifest_entry x = {path, "\"x\"", 1, 0, MANIFEST_THERE};
    assert_int_equal(release_begin(p, &e), 0);
    int fd = tree_create(&p->fresh, path, &e);
    assert_true(fd >= 0);
    fd_close(&fd);
    assert_int_equal(manifest_add(&p->manifest, &x, &id, &e), 0);
}

static void extras_of_every_kind(void **state)
{
    (void)state;
    size_t removed = 0;
    atomic_bool stop = false;
    static const char *const files[] = {"in-the-way", "folder/file",  "folder/sub/file", "goes",
                                        "stays",      "was-folder/a", "was-folder/b",    "x/goes"};
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        char path[64];
        (void)snprintf(path, sizeof path, "data/%s", files[i]);
        put(path, files[i]);
    }
    int at = open(target, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_int_equal(mkdirat(at, "empty", 0700), 0);
    assert_int_equal(mkdirat(at, "empty-goes", 0700), 0);
    assert_int_equal(symlinkat("stays", at, "link"), 0);
    assert_int_equal(symlinkat("/etc", at, "link-in-the-way"), 0);
    assert_int_equal(mkfifoat(at, "pipe", 0600), 0);
    assert_int_equal(fchmodat(at, "folder", 0750, 0), 0);
    struct release p;
    open_release(&p, PUBLISH_ATOMIC);
    assert_true(p.took_folder);
    put_object(&p, "in-the-way/object");
    put_object(&p, "link-in-the-way/object");
    put_object(&p, "was-folder");
    add_extra(&p, SPOOL_CARRY, "empty/");
    add_extra(&p, SPOOL_REMOVE, "empty-goes/");
    add_extra(&p, SPOOL_CARRY, "folder/sub/file");
    add_extra(&p, SPOOL_CARRY, "folder/file");
    add_extra(&p, SPOOL_REMOVE, "goes");
    add_extra(&p, SPOOL_CARRY, "in-the-way");
    add_extra(&p, SPOOL_CARRY, "link");
    add_extra(&p, SPOOL_CARRY, "link-in-the-way");
    add_extra(&p, SPOOL_CARRY, "pipe");
    add_extra(&p, SPOOL_CARRY, "stays");
    add_extra(&p, SPOOL_CARRY, "was-folder/a");
    add_extra(&p, SPOOL_CARRY, "was-folder/b");
    add_extra(&p, SPOOL_REMOVE, "x/goes");
    add_extra(&p, SPOOL_PARTIAL, ".mainstay-get-1");
    if (release_commit(&p, &stop, &removed, &e) < 0)
        fail_msg("%s", e.text);
    release_close(&p, true);
    assert_int_equal(removed, 7);
    assert_string_equal(names_in(target),
                        "empty/ folder/ in-the-way/ link-in-the-way/ link pipe stays was-folder");
    struct stat old;
    struct stat now;
    char path[160];
    (void)snprintf(path, sizeof path, "%s/folder", target);
    assert_int_equal(stat(path, &now), 0);
    assert_int_equal(now.st_mode & 07777, 0750);
    (void)snprintf(path, sizeof path, "%s/folder/sub/file", target);
    assert_int_equal(stat(path, &now), 0);
    assert_int_equal(fstatat(at, "folder/sub/file", &old, 0), 0);
    assert_int_equal(old.st_ino, now.st_ino);
    fd_close(&at);
}

static void extras_in_place(void **state)
{
    (void)state;
    size_t removed = 0;
    atomic_bool stop = false;
    put("data/goes/deep/file", "");
    put("data/goes/deep/other", "");
    put("data/half/.mainstay-get-1", "");
    put("data/stays/file", "");
    put("outside/file", "");
    char path[160];
    (void)snprintf(path, sizeof path, "%s/data/link", root);
    assert_int_equal(symlink("../outside", path), 0);
    struct release p;
    open_release(&p, PUBLISH_INPLACE);
    add_extra(&p, SPOOL_REMOVE, "goes/deep/file");
    add_extra(&p, SPOOL_REMOVE, "goes/deep/other");
    add_extra(&p, SPOOL_REMOVE, "goes/deep/");
    add_extra(&p, SPOOL_PARTIAL, "half/.mainstay-get-1");
    add_extra(&p, SPOOL_REMOVE, "link");
    add_extra(&p, SPOOL_REMOVE, "never/was");
    add_extra(&p, SPOOL_REMOVE, "stays/");
    add_extra(&p, SPOOL_CARRY, "stays/file");
    assert_int_equal(release_commit(&p, &stop, &removed, &e), 0);
    release_close(&p, true);
    assert_int_equal(removed, 3);
    assert_string_equal(names_in(target), ".mainstay/ stays/");
    assert_true(is_there("outside/file"));
}

// --- whose it is -----------------------------------------------------------------------------

static void one_at_a_time(void **state)
{
    (void)state;
    struct release p;
    struct release q;
    static const enum publish_mode modes[] = {PUBLISH_ATOMIC, PUBLISH_INPLACE};
    for (size_t i = 0; i < 8; i++) {
        if (i >= 4) /* the second time the target is a folder */
            put("data/own/notes", "");
        open_release(&p, modes[i % 2]);
        enum publish_mode other = modes[i / 2 % 2];
        int rc = release_open(&q, target, other, false, GEN_SOURCE, &e);
        assert_int_equal(rc, -EBUSY);
        assert_non_null(strstr(e.text, "another sync of"));
        release_close(&q, false);
        assert_int_equal(release_begin(&p, &e), 0);
        release_close(&p, false);
        (void)remove_root(state);
        (void)make_root(state);
    }
    open_release(&p, PUBLISH_ATOMIC);
    assert_int_equal(release_open(&q, target, PUBLISH_ATOMIC, true, GEN_SOURCE, &e), 0);
    release_close(&q, true);
    release_close(&p, true);
}

static void a_dry_run_makes_nothing(void **state)
{
    (void)state;
    struct release p;
    static const enum publish_mode modes[] = {PUBLISH_ATOMIC, PUBLISH_INPLACE};
    for (size_t i = 0; i < 2; i++) {
        char *deep = mem_printf("%s/a/b/c", root);
        assert_int_equal(release_open(&p, deep, modes[i], true, GEN_SOURCE, &e), 0);
        assert_int_equal(p.old.fd, -1);
        assert_int_equal(release_begin(&p, &e), 0);
        assert_int_equal(release_unchanged(&p, &e), 0);
        release_close(&p, false);
        mem_free(deep);
        assert_string_equal(names_in(root), "");
    }
    (void)sync_to(1, PUBLISH_ATOMIC);
    stage(2, PUBLISH_ATOMIC, 9, KILLED);
    assert_int_equal(release_open(&p, target, PUBLISH_ATOMIC, true, GEN_SOURCE, &e), 0);
    assert_true(p.known.exists && !p.known.foreign && !p.took_folder && !p.resumed);
    assert_true(release_space(&p) > 0);
    release_close(&p, false);
    assert_string_equal(names_in(store), "V.manifest V/ lock next.manifest.new next/");
}

static void bad_targets(void **state)
{
    (void)state;
    struct release p;
    put("file", "");
    char *path = mem_printf("%s/file", root);
    assert_int_equal(release_open(&p, path, PUBLISH_ATOMIC, false, GEN_SOURCE, &e), -ENOTDIR);
    assert_int_equal(release_open(&p, path, PUBLISH_ATOMIC, true, GEN_SOURCE, &e), -ENOTDIR);
    assert_true(release_open(&p, path, PUBLISH_INPLACE, false, GEN_SOURCE, &e) < 0);
    assert_int_equal(release_open(&p, "/", PUBLISH_INPLACE, false, GEN_SOURCE, &e), -EINVAL);
    mem_free(path);
    /* a version that is gone: atomically it comes back, in place it cannot */
    (void)sync_to(1, PUBLISH_ATOMIC);
    char *version = target_read_link(target);
    path = mem_printf("%s/%s", root, version);
    assert_int_equal(tree_clear(AT_FDCWD, path), 0);
    mem_free(path);
    mem_free(version);
    open_release(&p, PUBLISH_INPLACE);
    assert_int_equal(release_begin(&p, &e), -ENOENT);
    assert_non_null(strstr(e.text, "sync it atomically first"));
    release_close(&p, true);
    (void)sync_to(2, PUBLISH_ATOMIC);
}

/* The store of another user could hold anything. */
static void a_store_of_somebody_else(void **state)
{
    (void)state;
    struct release p;
    assert_int_equal(mkdir(store, 0755), 0);
    assert_int_equal(chown(store, 4711, 4711), 0);
    assert_int_equal(release_open(&p, target, PUBLISH_ATOMIC, false, GEN_SOURCE, &e), -EPERM);
    assert_int_equal(chown(store, 0, 0), 0);
    assert_int_equal(rmdir(store), 0);
    assert_int_equal(symlink("/etc", store), 0);
    assert_true(release_open(&p, target, PUBLISH_ATOMIC, false, GEN_SOURCE, &e) < 0);
    assert_int_equal(unlink(store), 0);
}

// --- disks -----------------------------------------------------------------------------------

/* From another disk nothing can be linked: it is copied, whatever it is. */
static void copies_where_links_cannot_be(void **state)
{
    (void)state;
    char other[] = "/dev/shm/mainstay-release-XXXXXX";
    assert_non_null(mkdtemp(other));
    struct tree from;
    struct tree to;
    put("big", "");
    char *big = mem_printf("%s/big", root);
    assert_int_equal(truncate(big, 3000000), 0);
    assert_int_equal(chmod(big, 0640), 0);
    mem_free(big);
    tree_init(&from, open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    tree_init(&to, open(other, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    put("folder/file", "text");
    assert_int_equal(symlinkat("nowhere", from.fd, "link"), 0);
    assert_int_equal(mkfifoat(from.fd, "pipe", 0600), 0);
    static const char *const paths[] = {"big", "folder/file", "link", "pipe"};
    for (size_t i = 0; i < 4; i++) {
        struct stat a;
        struct stat b;
        if (tree_link(&from, &to, paths[i], &e) < 0)
            fail_msg("%s", e.text);
        assert_int_equal(tree_stat(&from, paths[i], &a), 0);
        assert_int_equal(tree_stat(&to, paths[i], &b), 0);
        assert_int_equal(a.st_mode, b.st_mode);
        assert_int_equal(a.st_size, b.st_size);
        if (i < 2)
            assert_int_equal(tree_mtime(&a), tree_mtime(&b));
        assert_int_equal(tree_link(&from, &to, paths[i], &e), -EEXIST);
    }
    /* and what no copy_file_range can read */
    struct tree proc;
    tree_init(&proc, open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    assert_int_equal(tree_link(&proc, &to, "version", &e), 0);
    struct stat st;
    assert_int_equal(tree_stat(&to, "version", &st), 0);
    assert_true(st.st_size > 10);
    tree_close(&proc);
    tree_close(&from);
    tree_close(&to);
    assert_int_equal(tree_clear(AT_FDCWD, other), 0);
}

static int on_a_small_disk(void)
{
    struct gen_counts n;
    struct release p;
    struct gen g;
    atomic_bool stop = false;
    bool own = false;
    if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
        mount("none", root, "tmpfs", 0, "nr_inodes=90") < 0)
        return 1;
    if (gen_sync(target, PUBLISH_ATOMIC, 1, &n) < 0 ||
        release_open(&p, target, PUBLISH_ATOMIC, false, GEN_SOURCE, &e) < 0)
        return 2;
    gen_make(&g, 2);
    if (release_space(&p) < 1 || gen_stage(&p, &g, SIZE_MAX, false, &n) < 0)
        return 3;
    int fd = 0;
    char name[32];
    for (int i = 0; fd >= 0; i++) { /* the last of the disk */
        (void)snprintf(name, sizeof name, "fill%d", i);
        fd = openat(p.parent_fd, name, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
        if (fd >= 0)
            (void)close(fd);
    }
    if (release_commit(&p, &stop, &n.removed, &e) != -ENOSPC)
        return 4;
    release_close(&p, false);
    return gen_shown(target, &own) == 1 && strcmp(names_in(store), "V.manifest V/ lock") == 0 ? 0
                                                                                              : 5;
}

static void a_full_disk_leaves_the_old(void **state)
{
    (void)state;
    pid_t pid = fork();
    if (pid == 0)
        _exit(on_a_small_disk());
    int status = 0;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, make_root, remove_root)
    const struct CMUnitTest tests[] = {
        TEST(extras_of_every_kind),
        TEST(extras_in_place),
        TEST(one_at_a_time),
        TEST(a_dry_run_makes_nothing),
        TEST(bad_targets),
        TEST(a_store_of_somebody_else),
        TEST(copies_where_links_cannot_be),
        TEST(a_full_disk_leaves_the_old),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
