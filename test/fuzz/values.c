/* Small values from text: whatever comes in, the outcome is a value in range or a sentence. */
#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/parse.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool holds)
{
    if (!holds)
        abort();
}

/* A failure has a code and a sentence, and leaves the output alone. */
static void check_outcome(int rc, const struct err *e, int64_t out)
{
    if (rc == 0)
        return;
    check(rc == -EINVAL || rc == -ERANGE);
    check(e->text[0] != '\0' && strlen(e->text) < sizeof e->text);
    check(out == -7);
}

static void try_numbers(const char *text)
{
    static int (*const parsers[])(const char *, int64_t *, struct err *) = {
        parse_int,
        parse_size,
        parse_octal,
        parse_duration,
    };
    for (size_t i = 0; i < sizeof parsers / sizeof *parsers; i++) {
        struct err e = {.text = ""};
        int64_t out = -7;
        int rc = parsers[i](text, &out, &e);
        check_outcome(rc, &e, out);
        check(rc != 0 || parsers[i] != parse_duration || out >= 0);
    }
}

static void try_words(const char *text)
{
    struct err e = {.text = ""};
    bool flag = false;
    check_outcome(parse_bool(text, &flag, &e), &e, -7);
    int number = -7;
    int rc = parse_signal(text, &number, &e);
    check_outcome(rc, &e, number);
    if (rc == 0) {
        char name[16];
        int again = -1;
        check(number >= 0 && number <= 64);
        parse_signal_name(number, name, sizeof name);
        check(strncmp(name, "SIG", 3) != 0 || parse_signal(name, &again, &e) == 0);
        check(again == -1 || again == number);
    }
    check(parse_distance(text, text) == 0 || strlen(text) > 40);
    check(parse_distance(text, "autostart") == parse_distance("autostart", text));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = mem_strndup((const char *)data, size);
    try_numbers(text);
    try_words(text);
    mem_free(text);
    return 0;
}
