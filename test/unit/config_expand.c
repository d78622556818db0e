/* Protects %(name)s: Python's formatting, which name is legal where, and its error sentences. */
#include "config_helper.h"

#include "config/expand.h"

// clang-format off
static const struct expand_name items[] = {
    {"", "here", "/tm'p", 0, EXPAND_HERE},
    {"", "program_name", "\xc3\xa9t\xc3\xa9", 0, EXPAND_PROGRAM},
    {"", "process_num", NULL, 7, EXPAND_PROCESS},
    {"", "minus", NULL, -12, EXPAND_PROCESS},
    {"ENV_", "HOME", "/root", 0, EXPAND_ENV},
};
static const struct expand_name inner[] = {{"ENV_", "HOME", "/own", 0, EXPAND_OWN}};
// clang-format on
static const struct expand_names outer_names = {NULL, items, sizeof items / sizeof *items};
static const struct expand_names names = {&outer_names, inner, 1};
enum { ALL = 127 };

static void becomes(const char *format, unsigned allowed, const char *wanted)
{
    struct buf out = BUF_EMPTY;
    struct err e;
    if (expand(format, &names, allowed, &out, &e) < 0) {
        buf_clear(&out);
        buf_printf(&out, "!%s", e.text);
    }
    assert_string_equal(buf_str(&out), wanted);
    buf_close(&out);
}

static void values_are_filled_in_as_python_does(void **state)
{
    (void)state;
    becomes("", ALL, "");
    becomes("plain", ALL, "plain");
    becomes("100%%", ALL, "100%");
    becomes("%%(here)s", ALL, "%(here)s");
    becomes("%(here)s/x", ALL, "/tm'p/x");
    becomes("%(here).3s|%(here)8s|%(here)-8s|", ALL, "/tm|   /tm'p|/tm'p   |");
    becomes("%(here)r", ALL, "\"/tm'p\"");
    becomes("%(program_name).2s|%(program_name)5s", ALL, "\xc3\xa9t|  \xc3\xa9t\xc3\xa9");
    becomes("%(process_num)d %(process_num)02d %(process_num)3d|%(process_num)-3d|", ALL,
            "7 07   7|7  |");
    becomes("%(process_num)s %(process_num)+d %(process_num)x %(minus)X %(minus)#o", ALL,
            "7 +7 7 -C -0o14");
    becomes("%(minus)05d %(process_num).3d %(process_num)f %(minus).1e", ALL,
            "-0012 007 7.000000 -1.2e+01");
    becomes("%(ENV_HOME)s", ALL, "/own");
    becomes("%(ENV_HOME)s", EXPAND_ENV, "/root");
}

static void names_are_legal_only_where_supervisor_has_them(void **state)
{
    (void)state;
    becomes("%(process_num)d", EXPAND_HERE | EXPAND_ENV,
            "!contains names ('process_num') which cannot be expanded. Available names: here, "
            "ENV_NAME for each variable of the environment");
    becomes("%(nope)s", EXPAND_HERE | EXPAND_PROCESS,
            "!contains names ('nope') which cannot be expanded. Available names: here, minus, "
            "process_num");
    becomes("%(ENV_X)s", EXPAND_HERE | EXPAND_ENV,
            "!contains names ('ENV_X') which cannot be expanded. Available names: here, ENV_HOME");
}

static void mistakes_are_named_as_python_names_them(void **state)
{
    (void)state;
    becomes("ls %", ALL, "!is badly formatted: incomplete format");
    becomes("ls %(here)", ALL, "!is badly formatted: incomplete format");
    becomes("ls %(here", ALL, "!is badly formatted: incomplete format key");
    becomes("date +%Y", ALL,
            "!is badly formatted: unsupported format character 'Y' (0x59) at index 7 (write %% "
            "for a percent sign)");
    becomes("\xc3\xa9 %Y", ALL,
            "!is badly formatted: unsupported format character 'Y' (0x59) at index 3 (write %% "
            "for a percent sign)");
    becomes("%(here)d", ALL, "!is badly formatted: %d format: a real number is required, not str");
    becomes("%d", ALL,
            "!is badly formatted: %d format: a real number is required, not dict (write %% for a "
            "percent sign)");
    becomes("%s", ALL, "!is badly formatted: %s without a (name) (write %% for a percent sign)");
    becomes("%(here)c", ALL, "!is badly formatted: %c requires int or char");
}

static void nobody_can_make_us_huge(void **state)
{
    (void)state;
    struct buf format = BUF_EMPTY;
    becomes("%(process_num)99999999999d", ALL,
            "!is badly formatted: width or precision above 4096");
    becomes("%(process_num).99999f", ALL, "!is badly formatted: width or precision above 4096");
    for (int i = 0; i < 300; i++)
        buf_text(&format, "%(process_num)4096d");
    becomes(buf_str(&format), ALL, "!becomes longer than 1048576 bytes");
    buf_close(&format);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_are_filled_in_as_python_does),
        cmocka_unit_test(names_are_legal_only_where_supervisor_has_them),
        cmocka_unit_test(mistakes_are_named_as_python_names_them),
        cmocka_unit_test(nobody_can_make_us_huge),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
