/* Protects the base layer: small values from text, XML text, arenas, buffers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/fd.h"
#include "base/list.h"
#include "base/parse.h"
#include "base/xml.h"

static void int_as_python_reads_it(void **state)
{
    (void)state;
    int64_t n = 0;
    struct err e;
    assert_int_equal(parse_int(" 1_000 ", &n, &e), 0);
    assert_int_equal(n, 1000);
    assert_int_equal(parse_int("-1", &n, &e), 0);
    assert_int_equal(n, -1);
    static const char *const wrong[] = {"", "abc", "1.5", "1__0", "_1", "1_", "0x1", "--1", "1 2"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_int_equal(parse_int(wrong[i], &n, &e), -EINVAL);
    assert_int_equal(parse_int("abc", &n, &e), -EINVAL);
    assert_string_equal(e.text, "invalid literal for int() with base 10: 'abc'");
    assert_int_equal(parse_int("99999999999999999999", &n, &e), -ERANGE);
    assert_int_equal(n, -1); /* outputs are written only on success */
}

/* Of a sentence that is too long both ends stay: the reason is at its end. */
static void long_sentences(void **state)
{
    (void)state;
    static char name[5000];
    struct err e;
    memset(name, 'x', sizeof name - 1);
    errno = EXDEV;
    assert_int_equal(err_set(&e, -EIO, "cannot open %s: no such thing", name), -EIO);
    assert_int_equal(errno, EXDEV);
    assert_int_equal(strlen(e.text), sizeof e.text - 1);
    assert_memory_equal(e.text, "cannot open xxx", 15);
    assert_non_null(strstr(e.text, "xx...xx"));
    assert_string_equal(e.text + sizeof e.text - 21, "xxxxx: no such thing");
    assert_int_equal(err_prefix(&e, -EIO, "--log"), -EIO);
    assert_memory_equal(e.text, "--log: cannot open xxx", 22);
    assert_string_equal(e.text + sizeof e.text - 16, ": no such thing");
    assert_int_equal(err_prefix(&e, -EIO, "%s", name), -EIO);
    assert_string_equal(e.text + sizeof e.text - 16, ": no such thing");
    (void)err_set(NULL, -EIO, "%s", name);
}

static void sizes_times_signals(void **state)
{
    (void)state;
    int64_t n = 0;
    int sig = 0;
    struct err e;
    assert_int_equal(parse_size("50MB", &n, &e), 0);
    assert_int_equal(n, 52428800);
    assert_int_equal(parse_size("1 kb", &n, &e), 0);
    assert_int_equal(n, 1024);
    assert_int_equal(parse_size("1k", &n, &e), -EINVAL);
    assert_string_equal(e.text, "invalid literal for int() with base 10: '1k'");
    assert_int_equal(parse_size("9999999999GB", &n, &e), -ERANGE);
    assert_int_equal(parse_duration("1.5s", &n, &e), 0);
    assert_int_equal(n, 1500);
    assert_int_equal(parse_duration("30", &n, &e), 0);
    assert_int_equal(n, 30000);
    assert_int_equal(parse_duration("250ms", &n, &e), 0);
    assert_int_equal(n, 250);
    assert_int_equal(parse_duration("1d", &n, &e), 0);
    assert_int_equal(n, 86400000);
    assert_int_equal(parse_duration("soon", &n, &e), -EINVAL);
    assert_int_equal(parse_duration("-1s", &n, &e), -EINVAL);
    assert_int_equal(parse_duration("nan", &n, &e), -EINVAL);
    assert_int_equal(parse_duration("1e99d", &n, &e), -EINVAL);
    assert_int_equal(parse_octal("0o22", &n, &e), 0);
    assert_int_equal(n, 18);
    assert_int_equal(parse_octal("8", &n, &e), -EINVAL);
    assert_string_equal(e.text, "8 can not be converted to an octal type");
    assert_int_equal(parse_signal("sigusr1", &sig, &e), 0);
    assert_int_equal(sig, SIGUSR1);
    assert_int_equal(parse_signal("CLD", &sig, &e), 0);
    assert_int_equal(sig, SIGCHLD);
    assert_int_equal(parse_signal("65", &sig, &e), -EINVAL);
    assert_string_equal(e.text, "value '65' is not a valid signal number");
    char name[16];
    assert_string_equal(parse_signal_name(SIGKILL, name, sizeof name), "SIGKILL");
    assert_string_equal(parse_signal_name(63, name, sizeof name), "signal 63");
}

static void words_that_are_nearly_the_same(void **state)
{
    (void)state;
    assert_int_equal(parse_distance("autostart", "autostart"), 0);
    assert_int_equal(parse_distance("autostrat", "autostart"), 1);
    assert_int_equal(parse_distance("comand", "command"), 1);
    assert_true(parse_distance("directory", "umask") > 3);
}

static void xml_text_is_always_legal(void **state)
{
    (void)state;
    struct buf b = BUF_EMPTY;
    static const char raw[] = "a<b>&\r\n\x1b[1m\0\xff \xc3\xa9 \xef\xbf\xbe \xed\xa0\x80";
    xml_text(&b, raw, sizeof raw - 1);
    assert_string_equal(b.data, "a&lt;b&gt;&amp;&#13;\n?[1m?? \xc3\xa9 ??? ???");
    buf_close(&b);
}

static void arena_keeps_what_it_gave(void **state)
{
    (void)state;
    struct arena a;
    arena_init(&a);
    char *first = arena_printf(&a, "%s-%d", "x", 7);
    char *big = arena_alloc(&a, 100000);
    for (int i = 0; i < 5000; i++)
        (void)arena_strdup(&a, "filler");
    assert_string_equal(first, "x-7");
    assert_int_equal(big[99999], 0);
    arena_close(&a);
}

static void buf_repr_quotes_as_python_does(void **state)
{
    static const char *const cases[][2] = {
        {"", "''"},
        {"it's", "\"it's\""},
        {"it's \"so\"", "'it\\'s \"so\"'"},
        {"a\\b\n\t\r\x01\x7f", "'a\\\\b\\n\\t\\r\\x01\\x7f'"},
        {"caf\xc3\xa9", "'caf\xc3\xa9'"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct buf b = BUF_EMPTY;
        buf_repr(&b, cases[i][0]);
        assert_string_equal(buf_str(&b), cases[i][1]);
        buf_close(&b);
    }
}

static void buf_drops_from_the_front(void **state)
{
    (void)state;
    struct buf b = BUF_EMPTY;
    buf_printf(&b, "%d,%s", 12, "abc");
    buf_drop(&b, 3);
    assert_string_equal(buf_str(&b), "abc");
    buf_drop(&b, 99);
    assert_string_equal(buf_str(&b), "");
    buf_close(&b);
    assert_string_equal(buf_str(&b), "");
}

static void whole_files(void **state)
{
    (void)state;
    struct err e;
    struct buf b = BUF_EMPTY;
    char folder[] = "/tmp/mainstay-base-XXXXXX";
    assert_non_null(mkdtemp(folder));
    char path[64];
    (void)snprintf(path, sizeof path, "%s/f", folder);
    assert_int_equal(fd_write_file(path, "hello", 5, 0600, &e), 0);
    assert_int_equal(fd_read_file(path, 5, &b, &e), 0);
    assert_string_equal(b.data, "hello");
    assert_int_equal(fd_read_file(path, 4, &b, &e), -EFBIG);
    assert_int_equal(fd_read_file("/nonexistent/f", 4, &b, &e), -ENOENT);
    assert_string_equal(e.text, "cannot open /nonexistent/f: No such file or directory");
    assert_int_equal(fd_write_file("/nonexistent/f", "", 0, 0600, &e), -ENOENT);
    (void)remove(path);
    (void)remove(folder);
    buf_close(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(int_as_python_reads_it),
        cmocka_unit_test(long_sentences),
        cmocka_unit_test(sizes_times_signals),
        cmocka_unit_test(words_that_are_nearly_the_same),
        cmocka_unit_test(xml_text_is_always_legal),
        cmocka_unit_test(arena_keeps_what_it_gave),
        cmocka_unit_test(buf_repr_quotes_as_python_does),
        cmocka_unit_test(buf_drops_from_the_front),
        cmocka_unit_test(whole_files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
