/* Protects the grammars of command= and environment=, and the quoting of generated commands. */
#include "config_helper.h"

#include "config/env.h"
#include "config/words.h"

/* Words joined with |, or the error with a ! before it. */
static void words_are(const char *text, const char *wanted)
{
    struct arena a;
    struct name_list list = {0};
    struct buf found = BUF_EMPTY;
    struct err e;
    arena_init(&a);
    if (words_split(text, &a, &list, &e) < 0)
        buf_printf(&found, "!%s", e.text);
    for (size_t i = 0; i < list.count; i++)
        buf_printf(&found, "%s%s", i ? "|" : "", list.names[i]);
    assert_string_equal(buf_str(&found), wanted);
    buf_close(&found);
    arena_close(&a);
}

static void commands_as_a_shell_splits_them(void **state)
{
    (void)state;
    words_are("", "");
    words_are(" \t\r\n ", "");
    words_are("ls -l\n  -a", "ls|-l|-a");
    words_are("bash -c 'echo \"$HOME\" # not a comment; really'",
              "bash|-c|echo \"$HOME\" # not a comment; really");
    words_are("a\\ b \"c\\\"d\\\\e\\n\" 'f\\g'", "a b|c\"d\\e\\n|f\\g");
    words_are("x'y'\"z\" '' \"\"", "xyz||");
    words_are("a # b", "a|#|b");
    words_are("caf\xc3\xa9 \xe9", "caf\xc3\xa9|\xe9");
    words_are("'open", "!No closing quotation");
    words_are("\"open", "!No closing quotation");
    words_are("end\\", "!No escaped character");
    words_are("\"end\\", "!No escaped character");
}

static void the_array_is_ready_for_exec(void **state)
{
    (void)state;
    struct arena a;
    struct name_list list;
    arena_init(&a);
    assert_int_equal(words_split("one two", &a, &list, NULL), 0);
    assert_null(list.names[2]);
    assert_int_equal(words_split("", &a, &list, NULL), 0);
    assert_int_equal(list.count, 0);
    assert_null(list.names[0]);
    arena_close(&a);
}

static void what_is_quoted_comes_back(void **state)
{
    (void)state;
    static const char *const words[] = {"plain", "",     "it's",   "a b",    "\"", "\\",
                                        "$x;#",  "\n\t", "s3://b", "--x=1*", "'",  "\xc3\xa9"};
    struct buf line = BUF_EMPTY;
    struct name_list list;
    struct arena a;
    arena_init(&a);
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        words_quote(words[i], &line);
    assert_int_equal(words_split(buf_str(&line), &a, &list, NULL), 0);
    assert_int_equal(list.count, sizeof words / sizeof *words);
    for (size_t i = 0; i < list.count; i++)
        assert_string_equal(list.names[i], words[i]);
    buf_clear(&line);
    words_quote("s3://bucket/prefix/", &line);
    assert_string_equal(buf_str(&line), "s3://bucket/prefix/");
    buf_close(&line);
    arena_close(&a);
}

/* NAME=value joined with |, a ~ at the end when something was dropped; or ! and the error. */
static void env_is(const char *text, const char *wanted)
{
    struct arena a;
    struct env_list list = {0};
    struct buf found = BUF_EMPTY;
    const char *odd = NULL;
    struct err e;
    arena_init(&a);
    int rc = env_parse(text, &a, &list, &odd, &e);
    if (rc < 0) {
        e.text[strcspn(e.text, ":")] = '\0';
        buf_printf(&found, "!%s", e.text);
    }
    for (size_t i = 0; i < list.count; i++)
        buf_printf(&found, "%s%s=%s", i ? "|" : "", list.vars[i].name, list.vars[i].value);
    buf_text(&found, rc == 0 && odd ? "~" : "");
    assert_string_equal(buf_str(&found), wanted);
    buf_close(&found);
    arena_close(&a);
}

static void environments_as_supervisor_reads_them(void **state)
{
    (void)state;
    env_is("", "");
    env_is("A=1", "A=1");
    env_is("A=1,B=2,", "A=1|B=2");
    env_is("A = 1 , B = 2", "A=1|B=2");
    env_is("A=1,\n  B=2", "A=1|B=2");
    env_is("A=\"a,b\",B='c d'", "A=a,b|B=c d");
    env_is("A=1;B=2", "A=1|B=2");
    env_is("A=/usr/bin:/bin,B=-x+y.z(1):2", "A=/usr/bin:/bin|B=-x+y.z(1):2");
    env_is("A=\"\",B=1", "A=|B=1");
    env_is("A=\"say \\\"hi\\\"\"", "A=say \"hi\"");
    env_is("A='it''s',B=foo\"bar\"", "A=its|B=foobar");
    env_is("A='{\"k\": 1}'", "A={\"k\": 1}");
    env_is("A=1,B=2,A=3", "A=3|B=2");
    env_is("\"A\"=1,B.C-D=2", "A=1|B.C-D=2");
    env_is("A=foo#bar", "A=foo");
    env_is("A=\"foo#bar\"", "A=foo#bar");
    env_is("A=a\\b", "A=ab");
    env_is("A=caf\xc3\xa9", "A=caf\xc3\xa9");
    env_is("A=*", "A=*");
    env_is("A=a b", "A=a~");
    env_is("A=$HOME", "A=$~");
    env_is("A=\"x\" \"y\"", "A=x~");
}

static void broken_environments_are_refused_without_their_values(void **state)
{
    (void)state;
    static const char first[] = "!Unexpected end of key/value pairs in the first pair";
    static const char after[] = "!Unexpected end of key/value pairs after the value of 'A'";
    env_is("A", first);
    env_is("A=", first);
    env_is("=1", first);
    env_is("A=,B=1", after);
    env_is("A=1 B=2", after);
    env_is("A=1,,B=2", after);
    env_is("A=pass@secret", after);
    env_is("A={\"k\": \"v\"}", after);
    env_is("A=1,B", after);
    env_is("A=\"open", "!No closing quotation");
    struct arena a;
    struct env_list list;
    struct err e;
    arena_init(&a);
    assert_int_equal(env_parse("A=pass@secret@word,B", &a, &list, NULL, &e), -EINVAL);
    assert_null(strstr(e.text, "secret"));
    assert_null(strstr(e.text, "word"));
    arena_close(&a);
}

static void environments_have_a_limit(void **state)
{
    (void)state;
    struct buf text = BUF_EMPTY;
    struct arena a;
    struct env_list list;
    arena_init(&a);
    for (int i = 0; i < ENV_LIMIT; i++)
        buf_printf(&text, "V%d=%d,", i, i);
    assert_int_equal(env_parse(buf_str(&text), &a, &list, NULL, NULL), 0);
    assert_int_equal(list.count, ENV_LIMIT);
    assert_string_equal(env_get(&list, "V4095"), "4095");
    assert_null(env_get(&list, "V4096"));
    buf_text(&text, "ONE=more");
    assert_int_equal(env_parse(buf_str(&text), &a, &list, NULL, NULL), -EINVAL);
    buf_close(&text);
    arena_close(&a);
}

static void merging_keeps_the_upper_value(void **state)
{
    (void)state;
    struct env_var under[] = {{"A", "1"}, {"B", "2"}};
    struct env_var over[] = {{"B", "3"}, {"C", "4"}};
    const struct env_list x = {under, 2};
    const struct env_list y = {over, 2};
    struct arena a;
    arena_init(&a);
    struct env_list all = env_merge(&a, &x, &y);
    assert_int_equal(all.count, 3);
    assert_string_equal(env_get(&all, "B"), "3");
    assert_string_equal(under[1].value, "2");
    assert_string_equal(all.vars[2].name, "C");
    arena_close(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(commands_as_a_shell_splits_them),
        cmocka_unit_test(the_array_is_ready_for_exec),
        cmocka_unit_test(what_is_quoted_comes_back),
        cmocka_unit_test(environments_as_supervisor_reads_them),
        cmocka_unit_test(broken_environments_are_refused_without_their_values),
        cmocka_unit_test(environments_have_a_limit),
        cmocka_unit_test(merging_keeps_the_upper_value),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
