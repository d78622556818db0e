/* Protects what an entry of the journal looks like: fields, levels, and lines of every size and
 * content, from programs and from the daemon itself. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/log.h"
#include "journald.h"
#include "output/catalog.h"
#include "output/entry.h"
#include "output/journal.h"
#include "output/journal_lines.h"
#include "output/mainlog.h"

#define PATH "journald"

static struct journal_lines lines;
static struct buf entry;

static int begin(void **state)
{
    (void)state;
    (void)unlink(PATH);
    journal_set_path(PATH);
    journal_set_limits(0, 0);
    return 0;
}

static int end(void **state)
{
    (void)state;
    journal_finish(0);
    journal_set_path(NULL);
    return 0;
}

static void lines_begin(bool is_err)
{
    const struct journal_source source = {
        .name = "web", .group = "team", .pid = 4711, .is_err = is_err};
    lines = (struct journal_lines){0};
    journal_lines_begin(&lines, &source);
}

static void say(const char *text)
{
    journal_lines_write(&lines, text, strlen(text));
}

/* Reads the next entry and gives its MESSAGE; "(none)" when there is no entry. */
static const char *message(int fd)
{
    return journald_read(fd, &entry) ? journald_text(&entry, "MESSAGE") : "(no entry)";
}

static const char *field(const char *name)
{
    return journald_text(&entry, name);
}

static void fields_hold_anything(void **state)
{
    (void)state;
    struct buf b = BUF_EMPTY;
    struct buf value = BUF_EMPTY;
    entry_text(&b, "ONE", "a=b");
    entry_text(&b, "NONE", NULL);
    entry_text(&b, "EMPTY", "");
    entry_data(&b, "TWO", "x\ny\0z", 5);
    entry_number(&b, "THREE", -3);
    const char want[] = "ONE=a=b\nEMPTY=\nTWO\n\5\0\0\0\0\0\0\0x\ny\0z\nTHREE=-3\n";
    assert_int_equal(b.len, sizeof want - 1);
    assert_memory_equal(b.data, want, b.len);
    assert_true(journald_field(&b, "TWO", &value));
    assert_memory_equal(value.data, "x\ny\0z", 5);
    assert_string_equal(journald_text(&b, "THREE"), "-3");
    buf_close(&b);
    buf_close(&value);
}

static void levels_at_the_beginning(void **state)
{
    (void)state;
    static const struct {
        const char *line;
        int level;
        size_t taken;
    } rows[] = {
        {"<3>x", 3, 3},  {"<0>", 0, 3},    {"<7>", 7, 3},     {"<8>x", -1, 9}, {"<30>x", -1, 9},
        {"<03>x", 3, 4}, {"<003>x", 3, 5}, {"<0003>", -1, 9}, {"<>x", -1, 9},  {"<", -1, 9},
        {"x<3>", -1, 9}, {"<-1>", -1, 9},  {"<3", -1, 9},     {"", -1, 9},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        size_t taken = 9;
        assert_int_equal(entry_level(rows[i].line, strlen(rows[i].line), &taken), rows[i].level);
        assert_int_equal(taken, rows[i].taken);
    }
}

static void a_line_is_an_entry(void **state)
{
    (void)state;
    int fd = journald(PATH);
    lines_begin(false);
    say("one\ntwo is ");
    assert_string_equal(message(fd), "one");
    assert_string_equal(field("PRIORITY"), "6");
    assert_string_equal(field("SYSLOG_IDENTIFIER"), "web");
    assert_string_equal(field("SYSLOG_FACILITY"), "3");
    assert_string_equal(field("MAINSTAY_PROGRAM"), "web");
    assert_string_equal(field("MAINSTAY_GROUP"), "team");
    assert_string_equal(field("MAINSTAY_PID"), "4711");
    assert_string_equal(field("MAINSTAY_STREAM"), "stdout");
    assert_string_equal(field("MAINSTAY_JOB"), "(none)");
    assert_string_equal(field("MAINSTAY_LINE_BREAK"), "(none)");
    assert_string_equal(message(fd), "(no entry)");
    say("cut\n\n\n<4>warned\n<9>not\n");
    assert_string_equal(message(fd), "two is cut");
    assert_string_equal(message(fd), "");
    assert_string_equal(message(fd), "");
    assert_string_equal(message(fd), "warned");
    assert_string_equal(field("PRIORITY"), "4");
    assert_string_equal(message(fd), "<9>not");
    assert_string_equal(field("PRIORITY"), "6");
    say("<2>the");
    say(" end");
    assert_string_equal(message(fd), "(no entry)");
    journal_lines_close(&lines);
    assert_string_equal(message(fd), "the end");
    assert_string_equal(field("PRIORITY"), "2");
    assert_string_equal(field("MAINSTAY_LINE_BREAK"), "eof");
    assert_string_equal(message(fd), "(no entry)");
    (void)close(fd);
}

static void a_job_has_its_own_field(void **state)
{
    (void)state;
    int fd = journald(PATH);
    const struct journal_source source = {.name = "data", .pid = 1, .is_err = true};
    journal_lines_begin(&lines, &source);
    say("x\n");
    assert_string_equal(message(fd), "x");
    assert_string_equal(field("MAINSTAY_JOB"), "data");
    assert_string_equal(field("MAINSTAY_PROGRAM"), "(none)");
    assert_string_equal(field("MAINSTAY_GROUP"), "(none)");
    assert_string_equal(field("MAINSTAY_STREAM"), "stderr");
    assert_string_equal(field("PRIORITY"), "6");
    journal_lines_close(&lines);
    (void)close(fd);
}

static void binary_stays_as_it_is(void **state)
{
    (void)state;
    struct buf value = BUF_EMPTY;
    char data[256 * 3];
    for (size_t i = 0; i < sizeof data; i++)
        data[i] = (char)(i % 256 == '\n' ? 0 : i);
    int fd = journald(PATH);
    lines_begin(false);
    journal_lines_write(&lines, data, sizeof data);
    say("\n");
    assert_true(journald_read(fd, &entry));
    assert_true(journald_field(&entry, "MESSAGE", &value));
    assert_int_equal(value.len, sizeof data);
    assert_memory_equal(value.data, data, sizeof data);
    buf_close(&value);
    journal_lines_close(&lines);
    (void)close(fd);
}

/* One line of `len` letters, written in chunks as a pipe gives them. */
static void say_long(size_t len)
{
    char chunk[65536];
    for (size_t at = 0; at < len;) {
        size_t n = len - at < sizeof chunk ? len - at : sizeof chunk;
        for (size_t i = 0; i < n; i++)
            chunk[i] = (char)('a' + (at + i) % 23);
        journal_lines_write(&lines, chunk, n);
        at += n;
    }
    say("\n");
}

/* Reads a piece and checks that it is the line's text from `at` on; its length. */
static size_t check_piece(int fd, size_t at)
{
    struct buf value = BUF_EMPTY;
    assert_true(journald_read(fd, &entry));
    assert_true(journald_field(&entry, "MESSAGE", &value));
    for (size_t i = 0; i < value.len; i++)
        if (value.data[i] != (char)('a' + (at + i) % 23))
            fail_msg("byte %zu of the line is another one", at + i);
    size_t len = value.len;
    buf_close(&value);
    return len;
}

static void big_lines_come_whole(void **state)
{
    (void)state;
    static const size_t sizes[] = {8192,   65000,           65536,   70000,
                                   300000, 3 * 1024 * 1024, 4194303, LIMIT_JOURNAL_LINE};
    int fd = journald(PATH);
    size_t before = open_descriptors();
    lines_begin(false);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        say_long(sizes[i]);
        assert_int_equal(check_piece(fd, 0), sizes[i]);
        assert_string_equal(field("MAINSTAY_LINE_BREAK"), "(none)");
        assert_string_equal(message(fd), "(no entry)");
    }
    journal_lines_close(&lines);
    assert_int_equal(open_descriptors(), before + 1); /* the socket */
    (void)close(fd);
}

static void beyond_the_limit_in_pieces(void **state)
{
    (void)state;
    int fd = journald(PATH);
    lines_begin(false);
    say("<3>");
    say_long(2 * LIMIT_JOURNAL_LINE + 10);
    size_t at = check_piece(fd, 0);
    assert_int_equal(at, LIMIT_JOURNAL_LINE - 3);
    assert_string_equal(field("MAINSTAY_LINE_BREAK"), "line-max");
    assert_string_equal(field("PRIORITY"), "3");
    at += check_piece(fd, at);
    assert_string_equal(field("MAINSTAY_LINE_BREAK"), "line-max");
    assert_string_equal(field("PRIORITY"), "3");
    at += check_piece(fd, at);
    assert_string_equal(field("MAINSTAY_LINE_BREAK"), "(none)");
    assert_string_equal(field("PRIORITY"), "3");
    assert_int_equal(at, 2 * LIMIT_JOURNAL_LINE + 10);
    say("next\n");
    assert_string_equal(message(fd), "next");
    assert_string_equal(field("PRIORITY"), "6");
    journal_lines_close(&lines);
    (void)close(fd);
}

static void the_daemons_own_log(void **state)
{
    (void)state;
    struct mainlog m;
    struct mainlog_options o = {.path = "journal"};
    int fd = journald(PATH);
    assert_int_equal(mainlog_open(&m, &o, NULL), 0);
    assert_null(mainlog_path(&m));
    log_set_level(LOG_LEVEL_INFO);
    log_warn("spawned: '%s'", "web");
    log_text(LOG_LEVEL_CRITICAL, "two\nlines", 9);
    assert_string_equal(message(fd), "spawned: 'web'");
    assert_string_equal(field("PRIORITY"), "4");
    assert_string_equal(field("SYSLOG_IDENTIFIER"), "mainstayd");
    assert_string_equal(message(fd), "two\nlines");
    assert_string_equal(field("PRIORITY"), "2");
    log_set_level(LOG_LEVEL_CRITICAL);
    mainlog_close(&m);
    (void)close(fd);
}

static void every_kind_has_its_own_id(void **state)
{
    (void)state;
    for (size_t i = 0; i < CATALOG_KINDS; i++) {
        const char *id = catalog_rows[i].id;
        assert_non_null(id);
        assert_int_equal(strlen(id), 32);
        assert_int_equal(strspn(id, "0123456789abcdef"), 32);
        assert_null(strchr(catalog_rows[i].subject, '\n'));
        for (size_t k = 0; k < i; k++)
            assert_string_not_equal(id, catalog_rows[k].id);
    }
}

#define ALONE(test) cmocka_unit_test_setup_teardown(test, begin, end)

int main(void)
{
    (void)signal(SIGPIPE, SIG_IGN);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fields_hold_anything),
        cmocka_unit_test(levels_at_the_beginning),
        cmocka_unit_test(every_kind_has_its_own_id),
        ALONE(a_line_is_an_entry),
        ALONE(a_job_has_its_own_field),
        ALONE(binary_stays_as_it_is),
        ALONE(big_lines_come_whole),
        ALONE(beyond_the_limit_in_pieces),
        ALONE(the_daemons_own_log),
    };
    return cmocka_run_group_tests(tests, temp_enter, temp_leave);
}
