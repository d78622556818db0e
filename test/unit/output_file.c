/* Protects log files: rotation as Supervisor's, special files, and that a write never fails. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "output/file.h"
#include "output_temp.h"

static struct file_log opened(const char *path, int64_t maxbytes, int64_t backups)
{
    struct file_log f;
    struct file_options o = {.path = path, .maxbytes = maxbytes, .backups = backups};
    struct err e = {0};
    if (file_open(&f, &o, &e) < 0)
        fail_msg("%s", e.text);
    return f;
}

static void put(struct file_log *f, const char *text)
{
    file_write(f, text, strlen(text));
}

static void appends_to_what_is_there(void **state)
{
    (void)state;
    assert_int_equal(fd_write_file("a.log", "old\n", 4, 0644, NULL), 0);
    struct file_log f = opened("a.log", 0, 0);
    put(&f, "new\n");
    assert_int_equal(fcntl(f.fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
    assert_int_equal(fcntl(f.fd, F_GETFL) & O_APPEND, O_APPEND);
    file_close(&f);
    file_close(&f);
    assert_string_equal(slurp("a.log"), "old\nnew\n");
}

static void mode_is_as_asked(void **state)
{
    (void)state;
    struct stat st;
    struct file_options o = {.path = "mode.log", .mode = 0600, .maxbytes = 3, .backups = 1};
    struct file_log f;
    mode_t before = umask(022);
    assert_int_equal(file_open(&f, &o, NULL), 0);
    put(&f, "1234");
    put(&f, "5");
    file_close(&f);
    assert_int_equal(stat("mode.log", &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600); /* after rotation, too */
    f = opened("plain.log", 0, 0);
    file_close(&f);
    assert_int_equal(stat("plain.log", &st), 0);
    assert_int_equal(st.st_mode & 07777, 0644);
    (void)umask(before);
}

static void rotates_at_exactly_maxbytes(void **state)
{
    (void)state;
    struct file_log f = opened("r.log", 10, 1);
    put(&f, "123456789"); /* nine: not yet */
    assert_string_equal(slurp("r.log.1"), "(none)");
    put(&f, "0");
    assert_string_equal(slurp("r.log.1"), "1234567890");
    assert_string_equal(slurp("r.log"), "");
    put(&f, "one write is never split");
    assert_string_equal(slurp("r.log.1"), "one write is never split");
    file_close(&f);
}

static void keeps_three_backups_newest_first(void **state)
{
    (void)state;
    struct file_log f = opened("three.log", 2, 3);
    static const char *const texts[] = {"aa", "bb", "cc", "dd", "ee", "f"};
    for (size_t i = 0; i < 6; i++)
        put(&f, texts[i]);
    file_close(&f);
    assert_string_equal(slurp("three.log"), "f");
    assert_string_equal(slurp("three.log.1"), "ee");
    assert_string_equal(slurp("three.log.2"), "dd");
    assert_string_equal(slurp("three.log.3"), "cc");
    assert_string_equal(slurp("three.log.4"), "(none)");
}

static void gaps_are_shifted_and_extra_backups_stay(void **state)
{
    (void)state;
    assert_int_equal(fd_write_file("gap.log.2", "two", 3, 0644, NULL), 0);
    assert_int_equal(fd_write_file("gap.log.9", "nine", 4, 0644, NULL), 0);
    struct file_log f = opened("gap.log", 2, 3);
    put(&f, "aa");
    file_close(&f);
    assert_string_equal(slurp("gap.log.1"), "aa");
    assert_string_equal(slurp("gap.log.2"), "(none)");
    assert_string_equal(slurp("gap.log.3"), "two");
    assert_string_equal(slurp("gap.log.9"), "nine");
}

static void no_backups_truncates(void **state)
{
    (void)state;
    struct file_log f = opened("zero.log", 4, 0);
    put(&f, "12345");
    assert_string_equal(slurp("zero.log"), "");
    assert_string_equal(slurp("zero.log.1"), "(none)");
    put(&f, "67");
    assert_string_equal(slurp("zero.log"), "67");
    file_close(&f);
}

static void maxbytes_zero_never_rotates(void **state)
{
    (void)state;
    struct file_log f = opened("big.log", 0, 5);
    for (int i = 0; i < 100; i++)
        put(&f, "0123456789");
    file_close(&f);
    assert_int_equal(strlen(slurp("big.log")), 1000);
    assert_string_equal(slurp("big.log.1"), "(none)");
}

static void truncation_by_others_is_noticed(void **state)
{
    (void)state;
    struct file_log f = opened("copy.log", 10, 1);
    put(&f, "12345678");
    assert_int_equal(truncate("copy.log", 0), 0); /* logrotate's copytruncate */
    put(&f, "abcdefgh");
    assert_string_equal(slurp("copy.log"), "abcdefgh");
    file_close(&f);
}

static void reopen_and_clear(void **state)
{
    (void)state;
    struct file_log f = opened("re.log", 0, 0);
    put(&f, "one\n");
    assert_int_equal(rename("re.log", "re.old"), 0);
    put(&f, "two\n");
    assert_int_equal(file_reopen(&f, NULL), 0);
    put(&f, "three\n");
    assert_string_equal(slurp("re.old"), "one\ntwo\n");
    assert_string_equal(slurp("re.log"), "three\n");
    assert_int_equal(file_clear(&f, NULL), 0);
    assert_string_equal(slurp("re.log"), "");
    assert_int_equal(unlink("re.log"), 0);
    assert_int_equal(file_clear(&f, NULL), 0); /* gone already: fine */
    put(&f, "four\n");
    assert_string_equal(slurp("re.log"), "four\n");
    file_close(&f);
    assert_int_equal(file_clear_path("re.log", NULL), 0);
    assert_string_equal(slurp("re.log"), "(none)");
    assert_int_equal(file_clear_path("re.log", NULL), 0);
}

static void failed_open_says_why(void **state)
{
    (void)state;
    struct file_log f;
    struct err e;
    struct file_options folder = {.path = "."};
    assert_int_equal(file_open(&f, &folder, &e), -EISDIR);
    assert_string_equal(e.text, "cannot open .: Is a directory");
    struct file_options missing = {.path = "no/such/folder.log"};
    assert_int_equal(file_open(&f, &missing, &e), -ENOENT);
    file_write(&f, "x", 1); /* closed: nothing happens */
    assert_null(file_trouble(&f));
    file_close(&f);
}

static void removed_folder_drops_and_recovers(void **state)
{
    (void)state;
    assert_int_equal(mkdir("gone", 0755), 0);
    struct file_log f = opened("gone/g.log", 4, 1);
    assert_int_equal(unlink("gone/g.log"), 0);
    assert_int_equal(rmdir("gone"), 0);
    put(&f, "12345"); /* rotation finds out */
    put(&f, "lost");
    assert_int_equal(f.fd, -1);
    const char *t = file_trouble(&f);
    assert_string_equal(t,
                        "cannot open gone/g.log: No such file or directory; 4 bytes lost so far");
    put(&f, "lost");
    assert_null(file_trouble(&f)); /* not again within the minute */
    assert_int_equal(mkdir("gone", 0755), 0);
    f.retry_at = 0; /* the second is over */
    put(&f, "back");
    assert_string_equal(slurp("gone/g.log.1"), "back");
    t = file_trouble(&f);
    assert_string_equal(t, "gone/g.log can be written again; 8 bytes were lost");
    assert_null(file_trouble(&f));
    file_close(&f);
}

static void rotation_that_fails_lets_the_file_grow(void **state)
{
    (void)state;
    /* the last backup is a folder that is not empty: no rename can replace it */
    assert_int_equal(mkdir("grow.log.1", 0755), 0);
    assert_int_equal(mkdir("grow.log.1/x", 0755), 0);
    struct file_log f = opened("grow.log", 4, 1);
    put(&f, "12345");
    put(&f, "67890");
    assert_string_equal(slurp("grow.log"), "1234567890");
    const char *t = file_trouble(&f);
    assert_non_null(t);
    assert_non_null(strstr(t, "cannot rotate grow.log: "));
    assert_int_equal(rmdir("grow.log.1/x"), 0);
    assert_int_equal(rmdir("grow.log.1"), 0);
    f.retry_at = 0;
    put(&f, "!");
    assert_string_equal(slurp("grow.log.1"), "1234567890!");
    file_close(&f);
}

static void full_device_drops_and_counts(void **state)
{
    (void)state;
    struct file_log f = opened("/dev/full", 10, 2);
    put(&f, "twelve bytes");
    assert_string_equal(file_trouble(&f),
                        "cannot write /dev/full: No space left on device; 12 bytes lost so far");
    put(&f, "more");
    assert_null(file_trouble(&f));
    f.tell_at = 0;
    assert_string_equal(file_trouble(&f),
                        "cannot write /dev/full: No space left on device; 16 bytes lost so far");
    file_close(&f);
}

/* A limit on file size is a disk that fills in the middle of a write, for every user. */
static void disk_that_fills_takes_what_fits(void **state)
{
    (void)state;
    struct rlimit old;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
    struct rlimit small = {.rlim_cur = 6, .rlim_max = old.rlim_max};
    struct file_log f = opened("disk.log", 0, 0);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    put(&f, "12345678");
    bool written = strcmp(slurp("disk.log"), "123456") == 0;
    uint64_t dropped = f.dropped;
    bool told = file_trouble(&f) != NULL;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
    assert_true(written);
    assert_int_equal(dropped, 2);
    assert_true(told);
    put(&f, "90");
    assert_string_equal(slurp("disk.log"), "12345690");
    assert_string_equal(file_trouble(&f), "disk.log can be written again; 2 bytes were lost");
    file_close(&f);
}

/*
 * /dev/stdout as a log with rotation: bytes arrive, nothing rotates, and what others write to
 * standard output meanwhile is neither overwritten nor overwrites.
 */
static void through_stdout(int write_end, int read_end)
{
    char got[64] = {0};
    int saved = dup(STDOUT_FILENO);
    assert_true(dup2(write_end, STDOUT_FILENO) >= 0);
    struct file_log f = opened("/dev/stdout", 4, 2);
    put(&f, "12345");
    assert_int_equal(write(write_end, "67", 2), 2);
    put(&f, "890");
    int cleared = file_clear(&f, NULL);
    int reopened = file_reopen(&f, NULL);
    const char *trouble = file_trouble(&f);
    file_close(&f);
    assert_true(dup2(saved, STDOUT_FILENO) >= 0);
    (void)close(saved);
    assert_int_equal(cleared, 0);
    assert_int_equal(reopened, 0);
    assert_null(trouble);
    assert_int_equal(read(read_end, got, sizeof got - 1), 10);
    assert_string_equal(got, "1234567890");
    (void)close(write_end);
    (void)close(read_end);
}

static void stdout_may_be_pipe_socket_or_file(void **state)
{
    (void)state;
    int fds[2];
    assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
    through_stdout(fds[1], fds[0]);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
    through_stdout(fds[1], fds[0]);
    int out = open("stdout.txt", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    int in = open("stdout.txt", O_RDONLY | O_CLOEXEC);
    through_stdout(out, in);
}

static void null_device_is_no_file(void **state)
{
    (void)state;
    struct stat st;
    struct file_log f = opened("/dev/null", 1, 1);
    put(&f, "123");
    assert_int_equal(file_clear(&f, NULL), 0);
    assert_int_equal(file_clear_path("/dev/null", NULL), 0);
    file_close(&f);
    assert_int_equal(stat("/dev/null", &st), 0);
    assert_true(S_ISCHR(st.st_mode));
    assert_null(file_trouble(&f));
}

static void slow_reader_holds_us_only_once(void **state)
{
    (void)state;
    static char block[256 * 1024];
    assert_int_equal(mkfifo("slow", 0600), 0);
    struct file_log f = opened("slow", 0, 0); /* no reader yet: no waiting, no failure */
    int reader = open("slow", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    int64_t before = clock_now();
    file_write(&f, block, sizeof block);
    int64_t first = clock_now() - before;
    for (int i = 0; i < 20; i++)
        file_write(&f, block, sizeof block);
    int64_t all = clock_now() - before;
    assert_true(first >= FILE_WAIT_MS - 1);
    assert_true(all < first + FILE_WAIT_MS); /* twenty more waits would be seconds */
    const char *t = file_trouble(&f);
    assert_non_null(t);
    assert_non_null(strstr(t, "cannot write slow: nobody reads it fast enough; "));
    while (read(reader, block, sizeof block) > 0)
        ;
    put(&f, "again");
    assert_int_equal(read(reader, block, sizeof block), 5);
    t = file_trouble(&f);
    assert_non_null(strstr(t, "slow can be written again; "));
    (void)close(reader);
    file_close(&f);
}

static void broken_pipe_is_only_a_loss(void **state)
{
    (void)state;
    int fds[2];
    struct file_log f;
    assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
    assert_int_equal(file_open_fd(&f, fds[1], "the pipe", NULL), 0);
    put(&f, "x");
    (void)close(fds[0]);
    (void)close(fds[1]);
    put(&f, "yz");
    assert_string_equal(file_trouble(&f),
                        "cannot write the pipe: Broken pipe; 2 bytes lost so far");
    assert_int_equal(file_reopen(&f, NULL), 0);
    file_close(&f);
    assert_int_equal(file_open_fd(&f, 9999, "nothing", NULL), -EBADF);
}

static size_t descriptors_before;

static void no_descriptor_is_left(void **state)
{
    (void)state;
    assert_int_equal(open_descriptors(), descriptors_before);
}

int main(void)
{
    (void)signal(SIGPIPE, SIG_IGN);
    (void)signal(SIGXFSZ, SIG_IGN);
    descriptors_before = open_descriptors();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(appends_to_what_is_there),
        cmocka_unit_test(mode_is_as_asked),
        cmocka_unit_test(rotates_at_exactly_maxbytes),
        cmocka_unit_test(keeps_three_backups_newest_first),
        cmocka_unit_test(gaps_are_shifted_and_extra_backups_stay),
        cmocka_unit_test(no_backups_truncates),
        cmocka_unit_test(maxbytes_zero_never_rotates),
        cmocka_unit_test(truncation_by_others_is_noticed),
        cmocka_unit_test(reopen_and_clear),
        cmocka_unit_test(failed_open_says_why),
        cmocka_unit_test(removed_folder_drops_and_recovers),
        cmocka_unit_test(rotation_that_fails_lets_the_file_grow),
        cmocka_unit_test(full_device_drops_and_counts),
        cmocka_unit_test(disk_that_fills_takes_what_fits),
        cmocka_unit_test(stdout_may_be_pipe_socket_or_file),
        cmocka_unit_test(null_device_is_no_file),
        cmocka_unit_test(slow_reader_holds_us_only_once),
        cmocka_unit_test(broken_pipe_is_only_a_loss),
        cmocka_unit_test(no_descriptor_is_left),
    };
    return cmocka_run_group_tests(tests, temp_enter, temp_leave);
}
