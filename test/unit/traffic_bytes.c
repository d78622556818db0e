/* Protects the search sixteen bytes at a time: at every place and length what a plain loop finds. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "traffic/wide.h"

#include "dice.h"

enum { LONGEST = 200, ROUNDS = 20000 };

/* Memory that ends where the text does, for the sanitizer; at any place. */
struct room {
    char *all;
    char *text;
    size_t len;
};

/* Mostly bytes of one kind, so that what is looked for is near and far. */
static void make(struct room *room)
{
    static const char *const kinds[] = {"0123456789", "ABCXYZ", "abc./-~",
                                        "\"\n",       "?# ",    "!\x7f\t@[:"};
    const char *usual = kinds[dice(6)];
    unsigned odd = 1 + dice(50);
    size_t before = dice(32);
    room->len = dice(LONGEST + 1);
    room->all = malloc(before + room->len + 1);
    assert_non_null(room->all);
    room->text = room->all + before + 1;
    memset(room->all, '"', before + 1);
    for (size_t i = 0; i < room->len; i++) {
        const char *kind = dice(odd) == 0 ? kinds[dice(6)] : usual;
        room->text[i] = dice(200) == 0 ? (char)dice(256) : kind[dice((unsigned)strlen(kind))];
    }
}

static bool in_word(char c)
{
    return strchr(" \"\x7f", c) == NULL && (unsigned char)c > 0x1f && (unsigned char)c < 0x80;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_capital(char c)
{
    return c >= 'A' && c <= 'Z';
}

static size_t plain_end(const struct room *room, bool belongs(char c))
{
    size_t i = 0;
    while (i < room->len && belongs(room->text[i]))
        i++;
    return i;
}

static void ends_are_found(void **state)
{
    (void)state;
    for (int round = 0; round < ROUNDS; round++) {
        struct room room;
        make(&room);
        const char *limit = room.text + room.len;
        assert_int_equal(bytes_word_end(room.text, limit) - room.text, plain_end(&room, in_word));
        assert_int_equal(bytes_digits_end(room.text, limit) - room.text,
                         plain_end(&room, is_digit));
        free(room.all);
    }
}

static void bytes_are_found(void **state)
{
    (void)state;
    static const char sets[][2] = {{'"', '\n'}, {'"', '"'}, {'?', '#'}, {'\0', '\xff'}};
    for (int round = 0; round < ROUNDS; round++) {
        struct room room;
        make(&room);
        const char *set = sets[dice(4)];
        size_t end = dice((unsigned)room.len + 1);
        size_t expected = 0;
        while (expected < end && room.text[expected] != set[0] && room.text[expected] != set[1])
            expected++;
        const char *found = bytes_find(room.text, room.text + end, room.text + room.len, set);
        assert_int_equal(found - room.text, expected);
        if (wide_is_here())
            assert_ptr_equal(wide_find(room.text, room.text + end, set), found);
        free(room.all);
    }
}

/* Each bit of each kind of sixteen bytes. */
static void masks_have_every_byte(void **state)
{
    (void)state;
    for (unsigned byte = 0; byte < 256; byte++) {
        for (unsigned place = 0; place < BYTES_STEP; place++) {
            char text[BYTES_STEP];
            char c = (char)byte;
            unsigned others = 0xffffU & ~(1U << place);
            memset(text, '7', sizeof text);
            text[place] = c;
            assert_int_equal(bytes_are(text, 'x', c) & ~others, 1U << place);
            assert_int_equal(bytes_no_word(text), in_word(c) ? 0 : 1U << place);
            assert_int_equal(bytes_no_digit(text), is_digit(c) ? 0 : 1U << place);
            assert_int_equal(bytes_no_capital(text), others | (is_capital(c) ? 0 : 1U << place));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ends_are_found),
        cmocka_unit_test(bytes_are_found),
        cmocka_unit_test(masks_have_every_byte),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
