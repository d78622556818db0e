/* Text of web pages: what is escaped, and what forms say. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "base/mem.h"
#include "control/form.h"

static void escapes(void **state)
{
    (void)state;
    struct buf b = BUF_EMPTY;
    html_text(&b, "<a href=\"x\">'&'</a> é");
    assert_string_equal(buf_str(&b), "&lt;a href=&quot;x&quot;&gt;&#39;&amp;&#39;&lt;/a&gt; é");
    buf_clear(&b);
    url_text(&b, "web:w 0+1&2=3%/é\"");
    assert_string_equal(buf_str(&b), "web:w%200%2B1%262%3D3%25%2F%C3%A9%22");
    buf_close(&b);
}

static void forms(void **state)
{
    // clang-format off
    static const struct {
        const char *body;
        const char *want; /* the value of "a"; NULL: there is none */
    } rows[] = {
        {"a=b", "b"},
        {"a=", ""},
        {"x=1&a=2&a=3", "2"},
        {"a=b+c%20d%2Be", "b c d+e"},
        {"%61=%C3%A9", "é"},
        {"a=%", "%"},
        {"a=%4", "%4"},
        {"a=%zz%41", "%zzA"},
        {"a=b=c", "b=c"},
        {"&&a=1&", "1"},
        {"a=1%26b%3D2", "1&b=2"},
        {"", NULL},
        {"a", NULL},
        {"aa=1", NULL},
        {"b=a=1", NULL},
        {"a=x%00y", NULL},
        {"=x", NULL},
    };
    // clang-format on
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char *got = form_value(rows[i].body, strlen(rows[i].body), "a");
        if (rows[i].want)
            assert_string_equal(got, rows[i].want);
        else
            assert_null(got);
        mem_free(got);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(escapes),
        cmocka_unit_test(forms),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
