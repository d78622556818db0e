/* Protects where bytes go: sinks, lines to syslog, AUTO logs and the escape sequences. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <syslog.h>

#include "base/mem.h"
#include "output/ansi.h"
#include "output/autolog.h"
#include "output/sink.h"
#include "output/syslog.h"
#include "output_temp.h"

static void nothing_is_a_sink(void **state)
{
    (void)state;
    struct sink s;
    struct log_config none = {.kind = LOG_KIND_NONE};
    struct log_config automatic = {.kind = LOG_KIND_AUTO};
    sink_init(&s, "web");
    sink_close(&s); /* before it was opened */
    assert_int_equal(sink_open(&s, &none, "ignored", NULL), 0);
    sink_write(&s, "x", 1);
    assert_null(sink_path(&s));
    assert_null(sink_trouble(&s));
    assert_int_equal(sink_reopen(&s, NULL), 0);
    assert_int_equal(sink_clear(&s, NULL), 0);
    sink_close(&s);
    assert_int_equal(sink_open(&s, &automatic, NULL, NULL), 0);
    assert_null(sink_path(&s));
    sink_close(&s);
}

static void an_auto_log_follows_no_link(void **state)
{
    (void)state;
    struct sink s;
    struct err e;
    struct log_config automatic = {.kind = LOG_KIND_AUTO};
    assert_int_equal(symlink("precious", "own.log"), 0);
    sink_init(&s, "web");
    assert_int_equal(sink_open(&s, &automatic, "own.log", &e), -ELOOP);
    assert_int_equal(unlink("own.log"), 0);
    assert_int_equal(sink_open(&s, &automatic, "own.log", &e), 0);
    assert_int_equal(unlink("own.log"), 0);
    assert_int_equal(symlink("precious", "own.log"), 0); /* as between two files of a rotation */
    assert_int_equal(sink_reopen(&s, &e), -ELOOP);
    sink_write(&s, "secret", 6);
    assert_int_equal(access("precious", F_OK), -1);
    sink_close(&s);
    assert_int_equal(unlink("own.log"), 0);
}

static void files_and_their_paths(void **state)
{
    (void)state;
    struct sink s;
    struct err e;
    struct stat st;
    struct log_config file = {.kind = LOG_KIND_FILE, .path = "s.log", .maxbytes = 4, .backups = 1};
    struct log_config automatic = {.kind = LOG_KIND_AUTO, .maxbytes = 4, .backups = 1};
    struct log_config folder = {.kind = LOG_KIND_FILE, .path = "."};
    sink_init(&s, "web");
    assert_int_equal(sink_open(&s, &file, NULL, NULL), 0);
    sink_write(&s, "12345", 5);
    assert_string_equal(slurp("s.log.1"), "12345");
    assert_string_equal(sink_path(&s), "s.log");
    assert_int_equal(sink_reopen(&s, NULL), 0);
    sink_write(&s, "6", 1);
    assert_int_equal(sink_clear(&s, NULL), 0);
    assert_string_equal(slurp("s.log"), "");
    sink_close(&s);
    sink_close(&s);
    assert_null(sink_path(&s));
    assert_int_equal(sink_open(&s, &automatic, "auto.log", NULL), 0);
    assert_string_equal(sink_path(&s), "auto.log");
    assert_int_equal(stat("auto.log", &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
    sink_close(&s);
    assert_int_equal(sink_open(&s, &folder, NULL, &e), -EISDIR);
    assert_null(sink_path(&s));
    sink_close(&s);
}

static int syslog_daemon(const char *path)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    (void)snprintf(at.sun_path, sizeof at.sun_path, "%s", path);
    (void)unlink(path);
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(fd, (const struct sockaddr *)&at, sizeof at), 0);
    return fd;
}

/* The next message's text behind "<14>Mmm dd hh:mm:ss TAG: "; "(none)" when there is none. */
static const char *message(int fd)
{
    static char text[2 * SYSLOG_LINE_MAX];
    ssize_t n = recv(fd, text, sizeof text - 1, MSG_DONTWAIT);
    if (n < 0)
        return "(none)";
    text[n] = '\0';
    assert_memory_equal(text, "<14>", 4);
    const char *tag = "output_sink: ";
    assert_memory_equal(text + 4 + strlen("Nov 21 08:30:00 "), tag, strlen(tag));
    return text + 4 + strlen("Nov 21 08:30:00 ") + strlen(tag);
}

static void lines_to_syslog(void **state)
{
    (void)state;
    struct sink s;
    struct log_config c = {.kind = LOG_KIND_FILE, .path = "both.log", .syslog = true};
    int fd = syslog_daemon("dev-log");
    syslog_set_path("dev-log");
    sink_init(&s, "web");
    assert_int_equal(sink_open(&s, &c, NULL, NULL), 0);
    sink_write(&s, "one\ntwo is ", 11);
    sink_write(&s, "cut\n\n\nthree", 11);
    assert_string_equal(message(fd), "web one");
    assert_string_equal(message(fd), "web two is cut");
    assert_string_equal(message(fd), "(none)");
    sink_close(&s);
    assert_string_equal(message(fd), "web three");
    assert_string_equal(slurp("both.log"), "one\ntwo is cut\n\n\nthree");
    (void)close(fd);
    syslog_set_path(NULL);
}

static void long_lines_come_in_pieces(void **state)
{
    (void)state;
    struct syslog_lines l = {0};
    static char text[SYSLOG_LINE_MAX + 10];
    memset(text, 'a', sizeof text);
    text[sizeof text - 1] = '\n';
    int fd = syslog_daemon("dev-log");
    syslog_set_path("dev-log");
    syslog_lines_write(&l, NULL, text, sizeof text);
    assert_int_equal(strlen(message(fd)), SYSLOG_LINE_MAX);
    assert_int_equal(strlen(message(fd)), 9);
    syslog_lines_write(&l, NULL, text, SYSLOG_LINE_MAX);
    syslog_lines_write(&l, NULL, "\n", 1); /* no empty message follows */
    assert_int_equal(strlen(message(fd)), SYSLOG_LINE_MAX);
    assert_string_equal(message(fd), "(none)");
    syslog_lines_close(&l, NULL);
    (void)close(fd);
    syslog_set_path(NULL);
}

static void syslog_comes_goes_and_sleeps(void **state)
{
    (void)state;
    syslog_set_path("dev-log");
    (void)unlink("dev-log");
    syslog_send(LOG_INFO, "web", "nobody", 6); /* lost, no harm */
    int fd = syslog_daemon("dev-log");
    syslog_send(LOG_INFO, "web", "first", 5);
    assert_string_equal(message(fd), "web first");
    (void)close(fd);
    fd = syslog_daemon("dev-log"); /* restarted */
    syslog_send(LOG_INFO, "web", "second", 6);
    assert_string_equal(message(fd), "web second");
    for (int i = 0; i < 10000; i++) /* it does not read: we do not wait */
        syslog_send(LOG_INFO, "web", "flood", 5);
    assert_string_equal(message(fd), "web flood");
    (void)close(fd);
    syslog_set_path(NULL);
}

static void auto_logs_have_supervisors_names(void **state)
{
    (void)state;
    struct autolog_name n = {
        .folder = ".", .process = "web/1", .channel = "stdout", .identifier = "supervisor"};
    char *one = NULL;
    char *two = NULL;
    struct stat st;
    struct err e;
    assert_int_equal(autolog_create(&n, &one, NULL), 0);
    assert_int_equal(autolog_create(&n, &two, NULL), 0);
    assert_string_not_equal(one, two);
    assert_memory_equal(one, "./web_1-stdout---supervisor-", 28);
    assert_int_equal(strspn(one + 28, "abcdefghijklmnopqrstuvwxyz0123456789_"), 8);
    assert_string_equal(one + 36, ".log");
    assert_int_equal(stat(one, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
    mem_free(one);
    mem_free(two);
    n.folder = "none";
    assert_int_equal(autolog_create(&n, &one, &e), -ENOENT);
    assert_string_equal(e.text,
                        "cannot create a log for 'web/1' in none: No such file or directory");
}

static void clean_up_takes_only_its_own(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        bool matches;
    } rows[] = {
        {"web-stdout---supervisor-abcdefgh.log", true},
        {"web-stderr---supervisor-abcdefgh.log.1", true},
        {"web-stdout---supervisor-abcdefgh.log.12345", true}, /* a prefix is enough */
        {"web-stdout---supervisor-abcdefgh.logs", true},
        {"a---supervisor-b---supervisor-c.log", true},
        {"---supervisor-abcdefgh.log", false},
        {"web-stdout---supervisor-.log", false},
        {"web-stdout---supervisor-a b.log", false},
        {"web-stdout---supervisor-a.lo", false},
        {"web-stdout---other-abcdefgh.log", false},
        {"web-stdout---supervisor2-abcdefgh.log", false},
        {"web.log", false},
    };
    struct err e;
    assert_int_equal(mkdir("clean", 0755), 0);
    assert_int_equal(chdir("clean"), 0);
    assert_int_equal(mkdir("folder---supervisor-x.log", 0755), 0);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_int_equal(autolog_matches(rows[i].name, "supervisor"), rows[i].matches);
        assert_int_equal(fd_write_file(rows[i].name, "x", 1, 0600, NULL), 0);
    }
    assert_int_equal(autolog_clean(".", "supervisor", NULL), 0);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_string_equal(slurp(rows[i].name), rows[i].matches ? "(none)" : "x");
    assert_int_equal(access("folder---supervisor-x.log", F_OK), 0);
    assert_int_equal(chdir(".."), 0);
    assert_false(autolog_matches("", "supervisor"));
    assert_false(autolog_matches("x---a.c-x.log", "a?c")); /* the identifier is no pattern */
    assert_int_equal(autolog_clean("none", "supervisor", &e), -ENOENT);
    assert_string_equal(e.text, "cannot read none: No such file or directory");
}

/* Every way to cut the text in two gives the same. */
static void escapes_cut_anywhere(void **state)
{
    (void)state;
    static const struct {
        const char *in;
        const char *want;
    } rows[] = {
        {"plain", "plain"},
        {"\033[31;1mred\033[0m", "red"},
        {"\033[2Kx\033[1;1Hy\033[?25lz", "xyz"},
        {"a\033[3Gb", "ab"}, /* Supervisor eats the rest of the text */
        {"a\033]0;title\007", "a\033]0;title\007"},
        {"a\033\033[1mb", "a\033b"},
        {"\033[12\nnext", "\nnext"}, /* a line break is in no sequence */
        {"\033[12\033[1mx", "x"},
        {"\033[\303\251", "\303\251"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        size_t len = strlen(rows[i].in);
        for (size_t cut = 0; cut <= len; cut++) {
            struct ansi a = {0};
            char out[64] = {0};
            size_t n = ansi_strip(&a, rows[i].in, cut, out);
            n += ansi_strip(&a, rows[i].in + cut, len - cut, out + n);
            assert_int_equal(n, strlen(rows[i].want));
            assert_string_equal(out, rows[i].want);
        }
    }
}

int main(void)
{
    (void)signal(SIGPIPE, SIG_IGN);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_a_sink),
        cmocka_unit_test(files_and_their_paths),
        cmocka_unit_test(an_auto_log_follows_no_link),
        cmocka_unit_test(lines_to_syslog),
        cmocka_unit_test(long_lines_come_in_pieces),
        cmocka_unit_test(syslog_comes_goes_and_sleeps),
        cmocka_unit_test(auto_logs_have_supervisors_names),
        cmocka_unit_test(clean_up_takes_only_its_own),
        cmocka_unit_test(escapes_cut_anywhere),
    };
    return cmocka_run_group_tests(tests, temp_enter, temp_leave);
}
