/* Protects the daemon's own log: file, standard output, never both for one place, syslog. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "base/log.h"
#include "output/mainlog.h"
#include "output/syslog.h"
#include "output_temp.h"

static int saved_out;
static int saved_err;

/* Standard output and error become the files out.txt and err.txt. */
static void capture(void)
{
    int flags = O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC;
    int out = open("out.txt", flags, 0600);
    int err = open("err.txt", flags, 0600);
    (void)fflush(stdout);
    saved_out = dup(STDOUT_FILENO);
    saved_err = dup(STDERR_FILENO);
    (void)dup2(out, STDOUT_FILENO);
    (void)dup2(err, STDERR_FILENO);
    (void)close(out);
    (void)close(err);
}

static void release(void)
{
    (void)fflush(stdout);
    (void)dup2(saved_out, STDOUT_FILENO);
    (void)dup2(saved_err, STDERR_FILENO);
    (void)close(saved_out);
    (void)close(saved_err);
}

static size_t count(const char *text, const char *what)
{
    size_t n = 0;
    for (const char *at = strstr(text, what); at; at = strstr(at + 1, what))
        n++;
    return n;
}

/* Opens, logs one line, closes; returns what mainlog_open said. */
static int one_line(struct mainlog_options o)
{
    struct mainlog m;
    capture();
    int rc = mainlog_open(&m, &o, NULL);
    if (rc == 0) {
        log_info("spawned: 'web' with pid 4711");
        mainlog_close(&m);
    }
    release();
    return rc;
}

static void lines_go_where_they_should(void **state)
{
    (void)state;
    const char *line = " INFO spawned: 'web' with pid 4711\n";
    assert_int_equal(one_line((struct mainlog_options){.path = "m.log"}), 0);
    assert_int_equal(count(slurp("m.log"), line), 1);
    assert_string_equal(slurp("out.txt"), "");
    assert_int_equal(one_line((struct mainlog_options){.path = "m.log", .to_stdout = true}), 0);
    assert_int_equal(count(slurp("m.log"), line), 2);
    assert_int_equal(count(slurp("out.txt"), line), 1);
    assert_int_equal(one_line((struct mainlog_options){.to_stdout = true}), 0);
    assert_int_equal(count(slurp("out.txt"), line), 1);
    assert_string_equal(slurp("err.txt"), "");
}

static void one_place_gets_one_line(void **state)
{
    (void)state;
    static const char *const same[] = {"/dev/stdout", "/dev/fd/1", "/proc/self/fd/1", "out.txt"};
    for (size_t i = 0; i < sizeof same / sizeof *same; i++) {
        struct mainlog_options o = {.path = same[i], .to_stdout = true, .maxbytes = 1000};
        assert_int_equal(one_line(o), 0);
        assert_int_equal(count(slurp("out.txt"), "spawned"), 1);
    }
}

static void a_failed_open_changes_nothing(void **state)
{
    (void)state;
    struct mainlog m;
    struct err e;
    struct mainlog_options o = {.path = "none/m.log"};
    assert_int_equal(mainlog_open(&m, &o, &e), -ENOENT);
    assert_string_equal(e.text, "cannot open none/m.log: No such file or directory");
    capture();
    log_info("still here");
    release();
    assert_int_equal(count(slurp("err.txt"), "still here"), 1);
}

static void reopen_clear_and_path(void **state)
{
    (void)state;
    struct mainlog m;
    struct err e;
    struct mainlog_options o = {.path = "re.log"};
    struct mainlog_options nowhere = {0};
    assert_int_equal(mainlog_open(&m, &o, NULL), 0);
    assert_string_equal(mainlog_path(&m), "re.log");
    log_info("one");
    assert_int_equal(rename("re.log", "re.old"), 0);
    assert_int_equal(mainlog_reopen(&m, NULL), 0);
    log_info("two");
    assert_int_equal(count(slurp("re.old"), "one"), 1);
    assert_int_equal(count(slurp("re.log"), "two"), 1);
    assert_int_equal(mainlog_clear(&m, NULL), 0);
    assert_string_equal(slurp("re.log"), "");
    mainlog_close(&m);
    assert_int_equal(mainlog_open(&m, &nowhere, NULL), 0);
    assert_null(mainlog_path(&m));
    assert_int_equal(mainlog_clear(&m, &e), -ENOENT);
    assert_int_equal(mainlog_reopen(&m, NULL), 0);
    mainlog_close(&m);
}

static void a_full_disk_is_told_on_standard_error(void **state)
{
    (void)state;
    struct mainlog m;
    struct mainlog_options o = {.path = "/dev/full"};
    capture();
    int rc = mainlog_open(&m, &o, NULL);
    log_info("one");
    log_info("two");
    mainlog_close(&m);
    release();
    assert_int_equal(rc, 0);
    assert_int_equal(count(slurp("err.txt"), "cannot write /dev/full: No space left on device"), 1);
}

static void whole_lines_to_syslog(void **state)
{
    (void)state;
    struct mainlog m;
    struct mainlog_options o = {.path = "syslog"};
    struct sockaddr_un at = {.sun_family = AF_UNIX, .sun_path = "dev-log"};
    char text[512] = {0};
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(fd, (const struct sockaddr *)&at, sizeof at), 0);
    syslog_set_path("dev-log");
    assert_int_equal(mainlog_open(&m, &o, NULL), 0);
    log_warn("killing 'web' (4711) with SIGKILL");
    log_text(LOG_LEVEL_INFO, "one\n\ntwo", 8);
    mainlog_close(&m);
    assert_true(recv(fd, text, sizeof text - 1, MSG_DONTWAIT) > 0);
    assert_memory_equal(text, "<12>", 4);
    assert_non_null(strstr(text, ": 20")); /* the line's own time */
    assert_non_null(strstr(text, " WARN killing 'web' (4711) with SIGKILL"));
    assert_null(strchr(text, '\n'));
    static const char *const lines[] = {" INFO one", " INFO ", " INFO two"};
    for (size_t i = 0; i < 3; i++) { /* each has date and level */
        memset(text, 0, sizeof text);
        assert_true(recv(fd, text, sizeof text - 1, MSG_DONTWAIT) > 0);
        assert_memory_equal(text, "<14>", 4);
        assert_string_equal(strstr(text, " INFO "), lines[i]);
    }
    assert_int_equal(recv(fd, text, sizeof text, MSG_DONTWAIT), -1);
    assert_null(mainlog_path(&m));
    assert_int_equal(access("syslog", F_OK), -1);
    syslog_set_path(NULL);
    (void)close(fd);
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
    descriptors_before = open_descriptors();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_go_where_they_should),
        cmocka_unit_test(one_place_gets_one_line),
        cmocka_unit_test(a_failed_open_changes_nothing),
        cmocka_unit_test(reopen_clear_and_path),
        cmocka_unit_test(a_full_disk_is_told_on_standard_error),
        cmocka_unit_test(whole_lines_to_syslog),
        cmocka_unit_test(no_descriptor_is_left),
    };
    return cmocka_run_group_tests(tests, temp_enter, temp_leave);
}
