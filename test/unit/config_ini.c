/* Protects the reader of ini files: every rule of lines, and that nothing is cut silently. */
#include "config_helper.h"

#include "config/ini.h"

static struct arena arena;
static struct problem_list problems;
static struct ini ini;

static void read_bytes(const char *text, size_t len, bool included)
{
    const struct ini_source source = {"/etc/x.conf", "/etc", included};
    ini_read(&ini, &source, text, len, &problems);
}

static int on_setup(void **state)
{
    (void)state;
    arena_init(&arena);
    problem_list_init(&problems);
    ini_init(&ini, &arena);
    return 0;
}

static int on_teardown(void **state)
{
    (void)state;
    ini_close(&ini);
    problem_list_close(&problems);
    arena_close(&arena);
    return 0;
}

/* Reads a text alone and compares everything: "[a]k=v;k2=v2;[b]". */
static void sections_are(const char *text, const char *wanted)
{
    struct buf found = BUF_EMPTY;
    (void)on_setup(NULL);
    read_bytes(text, strlen(text), false);
    for (size_t i = ini.sections[0].count ? 0 : 1; i < ini.count; i++) {
        const struct ini_section *s = &ini.sections[i];
        buf_printf(&found, "[%s]", s->name);
        for (size_t k = 0; k < s->count; k++)
            buf_printf(&found, "%s=%s;", s->entries[k].name, s->entries[k].value);
    }
    assert_int_equal(problems.errors, 0);
    assert_string_equal(buf_str(&found), wanted);
    buf_close(&found);
    (void)on_teardown(NULL);
}

/* The first problem is at this line and begins so. */
static void problem_is(const char *text, size_t len, unsigned line, const char *wanted)
{
    (void)on_setup(NULL);
    read_bytes(text, len, false);
    assert_true(problems.errors > 0);
    assert_int_equal(problems.items[0].line, line);
    assert_string_equal(problems.items[0].file, "/etc/x.conf");
    if (strncmp(problems.items[0].text, wanted, strlen(wanted)) != 0)
        assert_string_equal(problems.items[0].text, wanted);
    (void)on_teardown(NULL);
}

static void comments(void **state)
{
    (void)state;
    sections_are("; x\n# y\n  ; z\n[a]\n", "[a]");
    sections_are("[a] ; x\nk=ls # y\nl=ls\t; z\n", "[a]k=ls;l=ls;");
    sections_are("[a]\nk=ls;x#y\nl=;v\nm=a #b ;c\n", "[a]k=ls;x#y;l=;v;m=a;");
    sections_are("[a]\nk=bash -c 'x ; y'\n", "[a]k=bash -c 'x;");
    sections_are("[a]\nk=x;y ;z #w\n", "[a]k=x;y ;z;"); /* Python stops at the first round's hit */
}

static void continuations(void **state)
{
    (void)state;
    sections_are("[a]\nk=ls\n -l\n\n\t-a ; c\n; c\n -b\n\n\nl=x\n", "[a]k=ls\n-l\n\n-a\n-b;l=x;");
    sections_are("[a]\n  k=ls\n  l=x\n    y\n", "[a]k=ls;l=x\ny;");
    sections_are("[a]\nk=ls\n l=x\n", "[a]k=ls\nl=x;");
    sections_are("[a]\nk=\n x\n", "[a]k=\nx;");
    sections_are(" [a]\n k=1\n  [b]\n", "[a]k=1\n[b];");
    sections_are(" [a]\n k=1\n [b]\n", "[a]k=1;[b]");
}

static void names_and_delimiters(void **state)
{
    (void)state;
    sections_are("[a]\nKEY : v\nk2=a=b:c\n k3 = x\n", "[a]key=v;k2=a=b:c\nk3 = x;");
    sections_are("[a]\nk=1\n[b]\nk=2\n[a]\nK=3\nl=4\n", "[a]k=3;l=4;[b]k=2;");
    sections_are("[a]]]x\n[program: x ]\n[A]\n", "[a]]][program: x ][A]");
    sections_are("[a]\nk=\n", "[a]k=;");
    sections_are("[mainstay]\nk=1\n[supervisord]\nl=2\n", "[supervisord]k=1;l=2;");
    sections_are("[DEFAULT]\nk=1\n[a]\n", "[DEFAULT]k=1;[a]");
    sections_are("", "");
}

static void bytes_of_all_kinds(void **state)
{
    (void)state;
    sections_are("\xef\xbb\xbf[a]\r\nk=v\r\n x\r\n\rl=\xe9\xc3\xa9\r", "[a]k=v\nx;l=\xe9\xc3\xa9;");
    sections_are("[a]\nk\xc2\xa0=\xc2\xa0v\xe3\x80\x80\n", "[a]k=v;");
    sections_are("[a]\n\xc2\xa0k=1\n\xc2\xa0l=2\n", "[a]k=1;l=2;");
    sections_are("[a]\nk=|x|\nl=+\n +=|\n &=x\n", "[a]k=|x|;l=+\n+=|\n&=x;");
    sections_are("[a]\n.k=1\n+=2\n", "[a].k=1;+=2;");
}

static void nothing_is_cut(void **state)
{
    (void)state;
    for (size_t len = 90; len < 4200; len += len < 420 ? 1 : 1009) {
        char *value = mem_alloc(len + 1);
        for (size_t i = 0; i < len; i++)
            value[i] = "abc  =:[]|;x"[i % 12];
        value[0] = 'v';
        value[len - 1] = 'e';
        char *text = mem_printf("[a]\nkey=%s\n second %s\n[b]\nk=1\n", value, value);
        char *wanted = mem_printf("[a]key=%s\nsecond %s;[b]k=1;", value, value);
        sections_are(text, wanted);
        mem_free(value);
        mem_free(text);
        mem_free(wanted);
    }
    char name[301];
    memset(name, 'n', 300);
    name[300] = '\0';
    char *text = mem_printf("[program:%s]\nk=1\n[program:%s2]\nk=2\n", name, name);
    char *wanted = mem_printf("[program:%s]k=1;[program:%s2]k=2;", name, name);
    sections_are(text, wanted);
    mem_free(text);
    mem_free(wanted);
}

static void a_key_that_is_too_long_is_said(void **state)
{
    (void)state;
    char *text = mem_printf("[a]\n%0101d=x\n y\nk=1\n", 7);
    read_bytes(text, strlen(text), false);
    assert_int_equal(problems.count, 1);
    assert_true(problems.items[0].warning);
    assert_int_equal(problems.items[0].line, 2);
    assert_int_equal(ini.sections[1].count, 1);
    mem_free(text);
}

static void line_numbers_are_real(void **state)
{
    (void)state;
    struct buf text = BUF_EMPTY;
    buf_printf(&text, "# one\r\n[a]\n%s=%02000d\n 4\n 5\n\nlast=7\n", "first", 0);
    read_bytes(buf_str(&text), text.len, false);
    const struct ini_section *s = ini_find(&ini, "a");
    assert_non_null(s);
    assert_int_equal(s->place.line, 2);
    assert_int_equal(ini_get(&ini, s, "first")->place.line, 3);
    assert_int_equal(ini_get(&ini, s, "last")->place.line, 7);
    assert_string_equal(s->entries[0].here, "/etc");
    buf_close(&text);
}

static void defaults_and_later_files(void **state)
{
    (void)state;
    static const char first[] = "[DEFAULT]\nk=d\nl=d\n[a]\nk=1\n[include]\nfiles=x\n";
    static const char second[] = "[a]\nk=2\n[include]\nfiles=y\n[b]\n";
    read_bytes(first, strlen(first), false);
    read_bytes(second, strlen(second), true);
    const struct ini_section *a = ini_find(&ini, "a");
    const struct ini_section *b = ini_find(&ini, "b");
    assert_string_equal(ini_get(&ini, a, "k")->value, "2");
    assert_string_equal(ini_get(&ini, b, "k")->value, "d");
    assert_null(ini_get(&ini, b, "m"));
    assert_string_equal(ini_get(&ini, ini_find(&ini, "include"), "files")->value, "x");
    assert_int_equal(problems.count, 1);
    assert_non_null(strstr(problems.items[0].text, "cannot include others"));
}

#define PROBLEM(text, line, wanted) problem_is(text, sizeof(text) - 1, line, wanted)

static void what_is_no_ini_file(void **state)
{
    (void)state;
    PROBLEM("x=1\n[a]\n", 1, "File contains no section headers: 'x=1' stands before");
    PROBLEM("\nrem foo\n", 2, "File contains no section headers");
    PROBLEM("[a]\nfoo\n", 2, "Source contains parsing errors: 'foo' is neither");
    PROBLEM("[a]\n=v\n", 2, "Source contains parsing errors: '=v'");
    PROBLEM("[a]\n[b\n", 2, "Source contains parsing errors: '[b'");
    PROBLEM("[a]\n[]\n", 2, "Source contains parsing errors: '[]'");
    PROBLEM("[]\n", 1, "File contains no section headers: '[]'");
    PROBLEM("[a]\nk=a\0b\n", 2, "a NUL byte");
}

static void sizes_have_limits(void **state)
{
    (void)state;
    struct buf text = BUF_EMPTY;
    buf_text(&text, "[a]\n");
    for (int i = 0; i <= INI_KEYS; i++)
        buf_printf(&text, "k%d=1\n", i);
    problem_is(buf_str(&text), text.len, INI_KEYS + 2, "more than 1000 keys");
    buf_clear(&text);
    for (int i = 0; i < INI_SECTIONS; i++)
        buf_printf(&text, "[%d]\n", i);
    problem_is(buf_str(&text), text.len, INI_SECTIONS, "more than 20000 sections");
    buf_close(&text);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, on_setup, on_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(comments),
        cmocka_unit_test(continuations),
        cmocka_unit_test(names_and_delimiters),
        cmocka_unit_test(bytes_of_all_kinds),
        cmocka_unit_test(nothing_is_cut),
        TEST(a_key_that_is_too_long_is_said),
        TEST(line_numbers_are_real),
        TEST(defaults_and_later_files),
        cmocka_unit_test(what_is_no_ini_file),
        cmocka_unit_test(sizes_have_limits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
