/* Protects small files that are written without waiting for a disk: at any moment there is one and
 * it is whole, a failed write changes nothing, and what a power cut has emptied replaces nothing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "jobs/slate.h"

static void set_old(const char *path)
{
    static const struct timespec times[2] = {{.tv_sec = 1700000000}, {.tv_sec = 1700000000}};
    assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
}

static int put(const char *text)
{
    struct buf b = BUF_EMPTY;
    buf_text(&b, text);
    int rc = slate_write("slate", &b);
    buf_close(&b);
    return rc;
}

static void assert_says(const char *path, const char *want)
{
    struct buf text = BUF_EMPTY;
    assert_int_equal(fd_read_file(path, 100, &text, NULL), 0);
    assert_string_equal(buf_str(&text), want);
    buf_close(&text);
}

/* 0: whenever one looks, until the pipe is closed, the file is there and whole. */
static int watch(int until)
{
    struct pollfd fd = {.fd = until};
    while (poll(&fd, 1, 0) == 0) {
        struct buf text = BUF_EMPTY;
        int rc = fd_read_file("slate", 100, &text, NULL);
        bool whole = rc == 0 && (strcmp(buf_str(&text), "one text\n") == 0 ||
                                 strcmp(buf_str(&text), "another text\n") == 0);
        buf_close(&text);
        if (!whole)
            return 1;
    }
    return 0;
}

static void there_at_any_moment(void **state)
{
    int ends[2];
    int status;
    (void)state;
    assert_int_equal(put("one text\n"), 0);
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        fd_close(&ends[1]);
        _exit(watch(ends[0]));
    }
    fd_close(&ends[0]);
    for (int i = 0; i < 1000; i++) {
        set_old("slate"); /* so that it becomes the old one each time */
        assert_int_equal(put(i % 2 ? "one text\n" : "another text\n"), 0);
    }
    fd_close(&ends[1]);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    slate_remove("slate");
    assert_int_equal(access("slate", F_OK), -1);
    assert_int_equal(access("slate.old", F_OK), -1);
}

static void a_write_that_fails(void **state)
{
    (void)state;
    assert_int_equal(put("before\n"), 0);
    assert_int_equal(mkdir("slate.new", 0700), 0);
    assert_true(put("after\n") < 0);
    assert_says("slate", "before\n");
    assert_int_equal(rmdir("slate.new"), 0);
    assert_int_equal(put("after\n"), 0);
    assert_says("slate", "after\n");
    slate_remove("slate");
}

static void what_is_empty_replaces_nothing(void **state)
{
    (void)state;
    assert_int_equal(put("before\n"), 0);
    set_old("slate");
    assert_int_equal(put("now\n"), 0);
    assert_int_equal(truncate("slate", 0), 0); /* as a power cut leaves it */
    set_old("slate");
    assert_int_equal(put("next\n"), 0);
    assert_says("slate", "next\n");
    assert_says("slate.old", "before\n");
    assert_int_equal(unlink("slate"), 0);
    assert_int_equal(put("last\n"), 0);
    assert_says("slate.old", "before\n");
    slate_remove("slate");
}

int main(void)
{
    char folder[] = "/tmp/mainstay-slate.XXXXXX";
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(there_at_any_moment),
        cmocka_unit_test(a_write_that_fails),
        cmocka_unit_test(what_is_empty_replaces_nothing),
    };
    if (!mkdtemp(folder) || chdir(folder) < 0)
        return 1;
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    (void)unlink("slate.old");
    return failed || rmdir(folder) < 0;
}
