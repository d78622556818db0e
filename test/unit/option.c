/* Protects command lines made of a table: how options are found, taken, refused and explained. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/option.h"

enum tone { TONE_LOW, TONE_HIGH };
static const char *const tones[] = {"low", "high", NULL};

struct given {
    bool loud;
    const char *name;
    const char *pitch;
    int64_t times;
    int64_t pause_ms;
    enum tone tone;
    const char *words[3];
    int count;
};

#define AT(field) offsetof(struct given, field)

// clang-format off
static const struct option_row rows[] = {
    {.help = "Sound"},
    {"--loud",  NULL,   option_flag,     AT(loud),     "as loud as can be"},
    {"--name",  "NAME", option_text,     AT(name),     "of what is heard,\nand by whom"},
    {"--nom",   "NAME", option_text,     AT(name),     NULL},
    {"--pitch", "[P]",  option_one_of,   AT(pitch),    "how high", tones, .optional = true},
    {"--times", "N",    option_number,   AT(times),    "how often", .min = 1, .max = 9},
    {"--pause", "TIME", option_duration, AT(pause_ms), "between", .min = 100, .max = 60000},
    {"--tone",  "TONE", option_choice,   AT(tone),     "which", tones},
    {"--high",  NULL,   option_switch,   AT(tone),     "that one", .min = TONE_HIGH},
};
// clang-format on
static const struct option_table table = {rows, sizeof rows / sizeof *rows, 14};

static int on_word(void *to, const char *word, struct err *e)
{
    struct given *g = to;
    if (g->count == 3)
        return err_set(e, -EINVAL, "too many words");
    g->words[g->count++] = word;
    return 0;
}

/* Words with blanks between them; ~ is an empty one. */
static int parse(struct given *g, const char *words, struct err *e)
{
    static char text[256];
    static char name[] = "program";
    char *argv[16] = {name};
    int argc = 1;
    *g = (struct given){0};
    (void)snprintf(text, sizeof text, "%s", words);
    for (char *word = strtok(text, " "); word != NULL; word = strtok(NULL, " ")) {
        if (strcmp(word, "~") == 0)
            *word = '\0';
        argv[argc++] = word;
    }
    return option_parse(&table, g, argv, on_word, e);
}

static void values_are_taken(void **state)
{
    (void)state;
    struct given g;
    struct err e;
    assert_int_equal(parse(&g, "a --loud --name x=y --times=9 b --pause 0.5s --tone high c", &e),
                     0);
    assert_true(g.loud);
    assert_string_equal(g.name, "x=y");
    assert_int_equal(g.times, 9);
    assert_int_equal(g.pause_ms, 500);
    assert_int_equal(g.tone, TONE_HIGH);
    assert_int_equal(g.count, 3);
    assert_string_equal(g.words[2], "c");
    assert_int_equal(parse(&g, "--nom=--loud --high ~", &e), 0);
    assert_string_equal(g.name, "--loud");
    assert_false(g.loud);
    assert_int_equal(g.tone, TONE_HIGH);
    assert_string_equal(g.words[0], "");
    assert_int_equal(parse(&g, "--loud -- --high --nothing", &e), 0);
    assert_int_equal(g.tone, TONE_LOW);
    assert_string_equal(g.words[1], "--nothing");
}

/* A word that is no choice is not the value of an option that can do without. */
static void optional_values(void **state)
{
    (void)state;
    struct given g;
    struct err e;
    assert_int_equal(parse(&g, "--pitch high --loud", &e), 0);
    assert_string_equal(g.pitch, "high");
    assert_int_equal(parse(&g, "--pitch higher", &e), 0);
    assert_string_equal(g.pitch, "low");
    assert_string_equal(g.words[0], "higher");
    assert_int_equal(parse(&g, "--pitch", &e), 0);
    assert_string_equal(g.pitch, "low");
    assert_int_equal(parse(&g, "--pitch=higher", &e), -EINVAL);
    assert_string_equal(e.text, "--pitch: 'higher' is not low or high");
}

static void what_is_wrong_has_its_sentence(void **state)
{
    (void)state;
    // clang-format off
    static const struct { const char *words, *sentence; } cases[] = {
        {"--laud", "unknown option '--laud', did you mean --loud? --help lists them"},
        {"--laud=1", "unknown option '--laud', did you mean --loud? --help lists them"},
        {"--quite-different", "unknown option '--quite-different'; --help lists them"},
        {"-x", "unknown option '-x'; --help lists them"},
        {"--lou", "unknown option '--lou', did you mean --loud? --help lists them"},
        {"--loud=yes", "--loud takes no value"},
        {"--name", "--name needs a value: NAME"},
        {"--name=", "--name must not be empty"},
        {"--name ~", "--name must not be empty"},
        {"--times 10", "--times: 10 is out of range: 1 to 9"},
        {"--pause 99ms", "--pause: 99ms is out of range: 0.1s to 60s"},
        {"--tone middle", "--tone: 'middle' is not low or high"},
        {"a b c d", "too many words"},
    };
    // clang-format on
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct given g;
        struct err e = {0};
        assert_int_equal(parse(&g, cases[i].words, &e), -EINVAL);
        assert_string_equal(e.text, cases[i].sentence);
    }
    struct given g;
    struct err e;
    assert_int_equal(parse(&g, "--times many", &e), -EINVAL);
    assert_ptr_equal(strstr(e.text, "--times: "), e.text);
    assert_int_equal(parse(&g, "--pause long", &e), -EINVAL);
    assert_ptr_equal(strstr(e.text, "--pause: "), e.text);
}

static void help_shows_the_table(void **state)
{
    (void)state;
    struct buf out = BUF_EMPTY;
    option_help(&table, &out);
    assert_string_equal(buf_str(&out), "\nSound:\n"
                                       "  --loud      as loud as can be\n"
                                       "  --name NAME of what is heard,\n"
                                       "              and by whom\n"
                                       "  --pitch [P] how high\n"
                                       "  --times N   how often\n"
                                       "  --pause TIME between\n"
                                       "  --tone TONE which\n"
                                       "  --high      that one\n");
    buf_close(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_are_taken),
        cmocka_unit_test(optional_values),
        cmocka_unit_test(what_is_wrong_has_its_sentence),
        cmocka_unit_test(help_shows_the_table),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
