/* Protects the writer where things go wrong: kills, full disks, owners that leave in the middle. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "dice.h"
#include "written.h"

enum { MIB = 1 << 20, BIG = 21 * MIB + 4321, BIG_PARTS = 3, WAIT_SECONDS = 100 };

static const enum publish_mode modes[] = {PUBLISH_ATOMIC, PUBLISH_INPLACE};
static struct writing w;

static void clean(const char *name)
{
    assert_int_equal(tree_clear(AT_FDCWD, name), 0);
}

static int finish(struct arrival *a)
{
    writer_finish(w.writer, &a->file);
    return writing_wait(&w, a);
}

static struct arrival *open_big(void)
{
    struct arrival *a = writing_file(&w, 0, "d/big", BIG);
    writing_tag(a);
    writing_open(&w, a);
    assert_int_equal(a->opened, 0);
    return a;
}

/* What an earlier run had, as one text. */
static void expect_parts(const struct arrival *a, const char *parts)
{
    assert_int_equal(a->file.part_count, BIG_PARTS);
    assert_memory_equal(a->file.parts, parts, BIG_PARTS);
}

static void send_missing(struct arrival *a)
{
    for (size_t i = 0; i < a->file.part_count; i++) {
        if (!a->file.parts[i])
            writing_part(&w, a, i, INT64_MAX);
    }
}

/* The first run gets some parts and is dropped; the next one goes on, or not. */
static void drop_and_resume(enum publish_mode mode, bool keep)
{
    clean("t");
    writing_start(&w, "t", mode);
    struct arrival *a = open_big();
    expect_parts(a, "\0\0\0");
    writing_part(&w, a, 2, INT64_MAX);
    writing_part(&w, a, 0, INT64_MAX);
    writing_part(&w, a, 1, MIB); /* not all of it */
    while (!a->file.parts[0] || !a->file.parts[2])
        writing_turn(&w);
    writer_drop(w.writer, &a->file, keep);
    memset(a, 0x5a, sizeof *a); /* its owner is gone */
    writing_end(&w);
    assert_int_equal(writing_count(&w, "d", ""), keep);
    assert_int_equal(writing_count(&w, "d", RELEASE_PARTIAL), keep);

    writing_start(&w, "t", mode);
    a = open_big();
    expect_parts(a, keep ? "\1\0\1" : "\0\0\0");
    send_missing(a);
    assert_int_equal(finish(a), 0);
    assert_true(writing_is_there(&w, a));
    assert_int_equal(writing_count(&w, "d", ""), 1);
    writing_end(&w);
}

static void dropped_and_resumed(void **state)
{
    (void)state;
    for (size_t m = 0; m < 2; m++) {
        drop_and_resume(modes[m], false);
        drop_and_resume(modes[m], true);
    }
}

/* In every file of the folder. */
static void spoil_files(const char *path)
{
    DIR *dir = opendir(path);
    assert_non_null(dir);
    for (struct dirent *d; (d = readdir(dir)) != NULL;) {
        int fd = openat(dirfd(dir), d->d_name, O_WRONLY);
        if (fd >= 0)
            assert_int_equal(pwrite(fd, "??????", 6, 12345), 6);
        fd_close(&fd);
    }
    (void)closedir(dir);
}

/* Everything is there already, or the bytes that were left are wrong: the sum tells. */
static void resumed_bytes_are_verified(void **state)
{
    (void)state;
    for (int wrong = 0; wrong < 2; wrong++) {
        clean("t");
        writing_start(&w, "t", PUBLISH_ATOMIC);
        struct arrival *a = open_big();
        send_missing(a);
        while (!a->file.parts[0] || !a->file.parts[1] || !a->file.parts[2])
            writing_turn(&w);
        writer_drop(w.writer, &a->file, true);
        writing_end(&w);
        if (wrong)
            spoil_files("t/d");
        writing_start(&w, "t", PUBLISH_ATOMIC);
        a = open_big();
        expect_parts(a, "\1\1\1");
        assert_int_equal(finish(a), wrong ? -EBADMSG : 0);
        assert_int_equal(writing_count(&w, "d", ""), !wrong);
        writing_end(&w);
    }
}

/* A part that a try has spoilt after it was whole is fetched and summed again. */
static void part_again(void **state)
{
    (void)state;
    clean("t");
    writing_start(&w, "t", PUBLISH_ATOMIC);
    struct arrival *a = open_big();
    const uint32_t seed = a->seed;
    a->seed++;
    writing_part(&w, a, 0, INT64_MAX);
    writing_part(&w, a, 1, MIB);
    a->seed = seed;
    while (!a->file.parts[0])
        writing_turn(&w);
    for (int i = 0; i < 20; i++)
        (void)uv_run(&w.loop, UV_RUN_NOWAIT); /* perhaps it is summed by now */
    writer_part_again(w.writer, &a->file, 0);
    writer_part_again(w.writer, &a->file, 1);
    assert_int_equal(a->file.parts[0], 0);
    for (size_t i = BIG_PARTS; i-- > 0;)
        writing_part(&w, a, i, INT64_MAX);
    assert_int_equal(finish(a), 0);
    assert_true(writing_is_there(&w, a));
    writing_end(&w);
}

// --- in a process of its own -------------------------------------------------------------------

/* The wait status of a process that did `what`. */
static int in_child(void (*what)(void))
{
    int status = -1;
    (void)fflush(NULL);
    const pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        (void)alarm(WAIT_SECONDS);
        what();
        _exit(0);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return status;
}

/* Whether the note of the only file in t/d says that its parts 0 and 2 are there. */
static bool is_noted(void)
{
    bool noted = false;
    DIR *dir = opendir("t/d");
    for (struct dirent *d; dir && (d = readdir(dir)) != NULL;) {
        unsigned char parts[BIG_PARTS] = {0};
        struct stat st = {0};
        int fd = openat(dirfd(dir), d->d_name, O_RDONLY);
        if (fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode))
            (void)!pread(fd, parts, sizeof parts, st.st_size - BIG_PARTS);
        noted = noted || (parts[0] == 1 && parts[1] == 0 && parts[2] == 1);
        fd_close(&fd);
    }
    if (dir)
        (void)closedir(dir);
    return noted;
}

static void be_killed(void)
{
    writing_start(&w, "t", modes[w.done]);
    struct arrival *a = open_big();
    writing_part(&w, a, 0, INT64_MAX);
    writing_part(&w, a, 2, INT64_MAX);
    writing_part(&w, a, 1, 3 * MIB);
    while (!is_noted())
        (void)uv_run(&w.loop, UV_RUN_NOWAIT);
    (void)raise(SIGKILL);
}

static void killed_and_resumed(void **state)
{
    (void)state;
    for (size_t m = 0; m < 2; m++) {
        clean("t");
        w.done = (unsigned)m; /* the mode for the child */
        const int status = in_child(be_killed);
        assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
        assert_int_equal(writing_count(&w, "d", "big"), 0);
        writing_start(&w, "t", modes[m]);
        struct arrival *a = open_big();
        expect_parts(a, "\1\0\1");
        writing_part(&w, a, 1, INT64_MAX);
        assert_int_equal(finish(a), 0);
        assert_true(writing_is_there(&w, a));
        assert_int_equal(writing_count(&w, "d", ""), 1);
        writing_end(&w);
    }
}

/* A disk of 4 MiB; in a child the exit status tells what failed. */
static void mount_small_disk(void)
{
    (void)mkdir("disk", 0755);
    if (mount("tmpfs", "disk", "tmpfs", 0, "size=4m") < 0)
        _exit(101);
}

static void enter_namespace(void)
{
    if (unshare(CLONE_NEWNS) < 0 && unshare(CLONE_NEWUSER | CLONE_NEWNS) < 0)
        _exit(100);
    (void)mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL);
}

static void must(bool good, int status)
{
    if (!good)
        _exit(status);
}

static bool is_full(const struct arrival *a, int rc)
{
    return rc == -ENOSPC && strstr(a->text, "No space left on device");
}

/* One that never fits is seen before a byte has come; two that fit alone are seen later. */
static void fill_with_large(void)
{
    struct arrival *a = writing_file(&w, 0, "too large", 5 * MIB);
    must(is_full(a, writing_open(&w, a)), 1);
    for (size_t i = 1; i < 3; i++)
        must(writing_open(&w, writing_file(&w, i, i == 1 ? "x" : "y", 3 * MIB)) == 0, 2);
    for (size_t i = 1; i < 3; i++)
        writing_part(&w, &w.files[i], 0, INT64_MAX);
    int full = 0;
    for (size_t i = 1; i < 3; i++) {
        writer_finish(w.writer, &w.files[i].file);
        const int rc = writing_wait(&w, &w.files[i]);
        must(rc == 0 || is_full(&w.files[i], rc), 3);
        must(writing_is_there(&w, &w.files[i]) == (rc == 0), 4);
        full += rc < 0;
    }
    must(full > 0, 5);
    must(writing_count(&w, "", "") == 2 - full, 6);
}

/* They go on until it is full, and what is there stays. */
static void fill_with_small(void)
{
    const int before = writing_count(&w, "", "");
    int there = 0;
    for (size_t i = 3; i < 100; i++) {
        char path[16];
        (void)snprintf(path, sizeof path, "f%zu", i);
        writing_put(&w, writing_file(&w, i, path, 100000));
    }
    for (size_t i = 3; i < 100; i++) {
        const int rc = writing_wait(&w, &w.files[i]);
        must(rc == 0 || is_full(&w.files[i], rc), 7);
        must(writing_is_there(&w, &w.files[i]) == (rc == 0), 8);
        there += rc == 0;
    }
    must(there > 0 && there < 97 && writing_count(&w, "", "") == before + there, 9);
}

static void fill_disks(void)
{
    enter_namespace();
    for (size_t m = 0; m < 2; m++) {
        mount_small_disk();
        writing_start(&w, "disk", modes[m]);
        fill_with_large();
        fill_with_small();
        writing_end(&w);
        must(umount("disk") == 0, 10);
    }
}

static void full_disk(void **state)
{
    (void)state;
    assert_int_equal(in_child(fill_disks), 0);
}

static void write_beyond_limit(void)
{
    (void)signal(SIGXFSZ, SIG_IGN);
    const struct rlimit limit = {50000, 50000};
    if (setrlimit(RLIMIT_FSIZE, &limit) < 0)
        _exit(100);
    clean("t");
    writing_start(&w, "t", PUBLISH_ATOMIC);
    writing_put(&w, writing_file(&w, 0, "small", 50000));
    writing_put(&w, writing_file(&w, 1, "larger", 50001));
    must(writing_wait(&w, &w.files[0]) == 0, 1);
    must(writing_wait(&w, &w.files[1]) == -EFBIG, 2);
    must(writing_open(&w, writing_file(&w, 2, "large", BIG)) == -EFBIG, 3);
    must(writing_count(&w, "", "") == 1, 4);
    writing_end(&w);
}

static void limited_size(void **state)
{
    (void)state;
    assert_int_equal(in_child(write_beyond_limit), 0);
}

// --- at random ---------------------------------------------------------------------------------

enum { WALK_FILES = 60, WALK_LARGE = 6 };

struct walker {
    bool dropped[WALK_FILES];
    size_t next[WALK_FILES]; /* part */
};

/* Large files are of one to three parts. */
static bool is_large(size_t i)
{
    return i < WALK_LARGE;
}

static void walk_large(struct walker *x, size_t i)
{
    struct arrival *a = &w.files[i];
    if (a->opened != 0 || !a->file.large)
        return;
    if (x->next[i] < a->file.part_count) {
        if (dice(4) == 0) {
            writing_part(&w, a, x->next[i], MIB);
            writer_part_again(w.writer, &a->file, x->next[i]);
        }
        writing_part(&w, a, x->next[i], INT64_MAX);
        if (++x->next[i] == a->file.part_count)
            writer_finish(w.writer, &a->file);
    }
}

static void walk_start(size_t i)
{
    char path[32];
    (void)snprintf(path, sizeof path, "d%zu/f%zu", i % 5, i);
    const int64_t size =
        is_large(i) ? WRITER_CHUNK + 1 + (int64_t)dice(11 * MIB) : (int64_t)dice(WRITER_CHUNK + 1);
    struct arrival *a = writing_file(&w, i, path, size);
    if (dice(2))
        writing_tag(a);
    if (is_large(i))
        writer_open(w.writer, &a->file);
    else
        writing_put(&w, a);
}

static void walk_drop(struct walker *x, size_t i)
{
    struct arrival *a = &w.files[i];
    if (a->rc <= 0 || a->opened < 0)
        return;
    writer_drop(w.writer, &a->file, dice(2));
    x->dropped[i] = true;
    a->rc = 0;
}

static bool walk_is_done(const struct walker *x, size_t i)
{
    return x->dropped[i] || w.files[i].rc <= 0;
}

/* Whatever happens in whatever order: who is not dropped has a file, and who is hears nothing. */
static void random_walk(unsigned seed)
{
    struct walker x = {0};
    dice_state = 88172645463325252U * seed;
    clean("t");
    writing_start(&w, "t", modes[seed % 2]);
    const bool to_the_end = dice(3) > 0;
    for (size_t i = WALK_FILES; i-- > 0;) {
        walk_start(i);
        if (dice(20) == 0)
            walk_drop(&x, i + dice((unsigned)(WALK_FILES - i)));
        if (dice(3) == 0)
            (void)uv_run(&w.loop, UV_RUN_NOWAIT);
    }
    for (unsigned turn = 0; turn < (to_the_end ? UINT32_MAX : dice(20)); turn++) {
        size_t done = 0;
        for (size_t i = 0; i < WALK_FILES; i++)
            done += walk_is_done(&x, i);
        if (done == WALK_FILES)
            break;
        for (size_t i = 0; i < WALK_LARGE; i++)
            walk_large(&x, i);
        writing_turn(&w);
    }
    for (size_t i = 0; i < WALK_FILES; i++) {
        const struct arrival *a = &w.files[i];
        assert_true(a->told <= 1);
        assert_true(!x.dropped[i] || a->told == 0);
        assert_true(a->rc >= 0);
        if (a->told)
            assert_true(writing_is_there(&w, a));
    }
    writing_end(&w);
}

static void random_walks(void **state)
{
    (void)state;
    for (unsigned seed = 1; seed <= 9; seed++)
        random_walk(seed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(dropped_and_resumed), cmocka_unit_test(resumed_bytes_are_verified),
        cmocka_unit_test(part_again),          cmocka_unit_test(killed_and_resumed),
        cmocka_unit_test(full_disk),           cmocka_unit_test(limited_size),
        cmocka_unit_test(random_walks),
    };
    char folder[] = "/dev/shm/mainstay-writer.XXXXXX";
    if (!mkdtemp(folder) || chdir(folder) < 0)
        return 1;
    int rc = cmocka_run_group_tests(tests, NULL, NULL);
    if (chdir("/") < 0 || tree_clear(AT_FDCWD, folder) < 0)
        return 1;
    return rc;
}
