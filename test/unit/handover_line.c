/* Protects what is handed over to the next daemon: what is packed comes back, what is odd is
 * refused with a sentence. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "handover/book.h"
#include "handover/line.h"
#include "handover/rows.h"
#include "handover/snapshot.h"

struct thing {
    bool yes;
    int number;
    int64_t large;
    char chars[16];
    char *text;
    struct buf bytes;
    int fd;
    int later;
};

// clang-format off
static const struct line_row rows[] = {
    LINE_ROW("yes",    LINE_BOOL,   struct thing, yes),
    LINE_ROW("number", LINE_INT,    struct thing, number),
    LINE_ROW("large",  LINE_NUMBER, struct thing, large),
    LINE_ROW("chars",  LINE_CHARS,  struct thing, chars),
    LINE_ROW("text",   LINE_TEXT,   struct thing, text),
    LINE_ROW("bytes",  LINE_BYTES,  struct thing, bytes),
    LINE_ROW("fd",     LINE_FD,     struct thing, fd),
    LINE_ROW_OPTIONAL("later", LINE_INT, struct thing, later),
};
// clang-format on
static const struct line_table table = {rows, sizeof rows / sizeof *rows};

static json_t *give(struct carrier *c, int fd)
{
    (void)c;
    return json_integer(fd + 1000);
}

static int take(struct carrier *c, const json_t *value)
{
    (void)c;
    return (int)json_integer_value(value) - 1000;
}

static struct carrier carrier = {give, take};

static struct thing sample(void)
{
    struct thing t = {.yes = true,
                      .number = -7,
                      .large = INT64_MAX,
                      .chars = "a\n\"\xff\x80\xc3\xa9",
                      .fd = 5,
                      .later = 9};
    t.text = mem_strdup("\x01\xe9\xf0 end");
    buf_append(&t.bytes, "a\0b\xff\n", 5);
    return t;
}

static void close_thing(struct thing *t)
{
    mem_free(t->text);
    buf_close(&t->bytes);
}

/* Through text and back, as the next daemon reads it. */
static json_t *through_text(json_t *line, struct book *b)
{
    struct buf text = BUF_EMPTY;
    struct err e;
    line_write(line_first("1"), &text);
    line_write(line, &text);
    assert_int_equal(book_read(b, buf_str(&text), text.len, rows_kinds, &e), 0);
    buf_close(&text);
    size_t at = 0;
    const struct book_entry *entry = book_next(b, "proc", &at);
    assert_non_null(entry);
    assert_null(book_next(b, "proc", &at));
    return entry->line;
}

static void what_is_packed_comes_back(void **state)
{
    (void)state;
    struct thing in = sample();
    struct thing out = {.fd = -1};
    struct book b;
    struct err e;
    json_t *line = line_new("proc", "odd \xff name");
    line_pack(line, &table, &in, &carrier);
    line = through_text(line, &b);
    assert_int_equal(line_unpack(line, &table, &out, &carrier, &e), 0);
    assert_true(out.yes);
    assert_int_equal(out.number, -7);
    assert_true(out.large == INT64_MAX);
    assert_string_equal(out.chars, in.chars);
    assert_string_equal(out.text, in.text);
    assert_int_equal(out.bytes.len, 5);
    assert_memory_equal(out.bytes.data, in.bytes.data, 5);
    assert_int_equal(out.fd, 5);
    assert_int_equal(out.later, 9);
    assert_non_null(book_find(&b, "proc", "odd \xff name"));
    book_close(&b);
    close_thing(&in);
    close_thing(&out);
}

static void nothing_is_something_too(void **state)
{
    (void)state;
    struct thing in = {.fd = -1};
    struct thing out = sample();
    struct book b;
    struct err e;
    json_t *line = line_new("proc", "");
    line_pack(line, &table, &in, &carrier);
    line = through_text(line, &b);
    assert_int_equal(line_unpack(line, &table, &out, &carrier, &e), 0);
    assert_false(out.yes);
    assert_null(out.text);
    assert_int_equal(out.bytes.len, 0);
    assert_string_equal(out.chars, "");
    assert_int_equal(out.fd, -1);
    book_close(&b);
    close_thing(&out);
}

/* `change` is done to a good line; it must be refused with these words, and nothing taken. */
static void refused(const char *member, json_t *value, const char *words)
{
    struct thing in = sample();
    struct thing out = {.number = 77};
    struct err e;
    json_t *line = line_new("proc", "x");
    line_pack(line, &table, &in, &carrier);
    if (value)
        (void)json_object_set_new(line, member, value);
    else
        (void)json_object_del(line, member);
    assert_int_equal(line_unpack(line, &table, &out, &carrier, &e), -EINVAL);
    assert_string_equal(e.text, words);
    assert_int_equal(line_unpack(line, &table, NULL, NULL, &e), -EINVAL);
    assert_int_equal(out.number, 77);
    assert_null(out.text);
    json_decref(line);
    close_thing(&in);
    close_thing(&out);
}

static void odd_members_are_refused(void **state)
{
    (void)state;
    refused("number", NULL, "the line 'proc x' lacks 'number'");
    refused("number", json_string("1"), "the line 'proc x' has a bad 'number'");
    refused("number", json_integer(INT64_C(1) << 31), "the line 'proc x' has a bad 'number'");
    refused("yes", json_integer(1), "the line 'proc x' has a bad 'yes'");
    refused("chars", json_string("0123456789abcdef"), "the line 'proc x' has a bad 'chars'");
    refused("chars", json_string("\xe2\x82\xac"), "the line 'proc x' has a bad 'chars'");
    refused("text", json_integer(1), "the line 'proc x' has a bad 'text'");
    refused("bytes", json_string("!!!"), "the line 'proc x' has a bad 'bytes'");
    refused("fd", json_true(), "the line 'proc x' has a bad 'fd'");
    refused("later", json_null(), "the line 'proc x' has a bad 'later'");
}

static void what_is_new_may_be_missing(void **state)
{
    (void)state;
    struct thing in = sample();
    struct thing out = {.later = 3};
    struct err e;
    json_t *line = line_new("proc", "x");
    line_pack(line, &table, &in, &carrier);
    (void)json_object_del(line, "later");
    assert_int_equal(line_unpack(line, &table, &out, &carrier, &e), 0);
    assert_int_equal(out.later, 3);
    json_decref(line);
    close_thing(&in);
    close_thing(&out);
}

static int reading(const char *text, struct book *b, struct err *e)
{
    return book_read(b, text, strlen(text), rows_kinds, e);
}

#define FIRST "{\"kind\":\"mainstay\",\"key\":\"\",\"format\":1,\"version\":\"0.9\"}\n"

static void a_book_has_the_last_line_of_each_key(void **state)
{
    (void)state;
    struct book b;
    struct err e;
    assert_int_equal(reading(FIRST "{\"kind\":\"proc\",\"key\":\"a\",\"n\":1}\n"
                                   "{\"kind\":\"proc\",\"key\":\"b\",\"n\":2}\n"
                                   "{\"kind\":\"job\",\"key\":\"a\",\"n\":3}\n"
                                   "{\"kind\":\"proc\",\"key\":\"a\",\"n\":4}\n"
                                   "{\"kind\":\"job\",\"key\":\"a\",\"gone\":true}\n"
                                   "{\"kind\":\"proc\",\"key\":\"c\",\"n\":5}",
                             &b, &e),
                     0);
    assert_string_equal(b.version, "0.9");
    size_t at = 0;
    const struct book_entry *entry = book_next(&b, "proc", &at);
    assert_string_equal(entry->key, "a");
    assert_int_equal(json_integer_value(json_object_get(entry->line, "n")), 4);
    entry = book_next(&b, "proc", &at);
    assert_string_equal(entry->key, "b");
    assert_null(book_next(&b, "proc", &at)); /* the last one was cut off */
    assert_null(book_find(&b, "job", "a"));
    book_close(&b);
}

static void a_large_book(void **state)
{
    (void)state;
    struct buf text = BUF_EMPTY;
    struct book b;
    struct err e;
    char key[32];
    line_write(line_first("1"), &text);
    for (int i = 0; i < 5000; i++) {
        (void)snprintf(key, sizeof key, "p%d", i);
        line_write(line_new("proc", key), &text);
    }
    assert_int_equal(book_read(&b, buf_str(&text), text.len, rows_kinds, &e), 0);
    assert_int_equal(b.count, 5001);
    assert_non_null(book_find(&b, "proc", "p4999"));
    assert_null(book_find(&b, "proc", "p5000"));
    book_close(&b);
    buf_close(&text);
}

static void odd_books_are_refused(void **state)
{
    (void)state;
    // clang-format off
    static const struct {
        const char *text;
        const char *words;
    } odd[] = {
        { "", "it is empty" },
        { "{\"kind\":\"mainstay\",\"key\":\"\",\"format\":1}", "it is empty" },
        { "{\"kind\":\"mainstay\",\"key\":\"\",\"format\":2,\"version\":\"9\"}\n",
          "its format is 2, this version knows 1" },
        { "{\"kind\":\"mainstay\",\"key\":\"\",\"version\":\"9\"}\n",
          "it does not begin with the line of a mainstay" },
        { "{\"kind\":\"proc\",\"key\":\"a\"}\n", "it does not begin with the line of a mainstay" },
        { FIRST "{\"kind\":\"moon\",\"key\":\"a\"}\n",
          "this version knows nothing of the kind 'moon'" },
        { FIRST "{\"kind\":\"proc\"}\n", "line 2 is damaged" },
        { FIRST "{\"key\":\"a\"}\n", "line 2 is damaged" },
        { FIRST "nonsense\n", "line 2 is damaged" },
        { FIRST "[]\n", "line 2 is damaged" },
        { FIRST "{\"kind\":\"proc\",\"key\":\"a\"}{\"kind\":\"proc\",\"key\":\"a\"}\n",
          "line 2 is damaged" },
    };
    // clang-format on
    for (size_t i = 0; i < sizeof odd / sizeof *odd; i++) {
        struct book b;
        struct err e;
        assert_int_equal(reading(odd[i].text, &b, &e), -EINVAL);
        assert_string_equal(e.text, odd[i].words);
        book_close(&b);
    }
}

/* Each row's size is that of what it says it is. */
static void check_rows(const struct line_table *t)
{
    static const size_t sizes[] = {
        [LINE_BOOL] = sizeof(bool),
        [LINE_INT] = 4,
        [LINE_NUMBER] = 8,
        [LINE_TEXT] = sizeof(char *),
        [LINE_BYTES] = sizeof(struct buf),
        [LINE_FD] = sizeof(int),
    };
    for (size_t i = 0; i < t->count; i++) {
        const struct line_row *row = &t->rows[i];
        assert_true(row->type == LINE_CHARS || row->size == sizes[row->type]);
        for (size_t k = 0; k < i; k++) {
            assert_string_not_equal(t->rows[k].name, row->name);
            assert_int_not_equal(t->rows[k].offset, row->offset);
        }
    }
}

static void rows_are_what_they_say(void **state)
{
    (void)state;
    static const struct line_table *const all[] = {
        &rows_proc,    &rows_child,  &rows_child_state, &rows_server, &rows_follow,
        &rows_visitor, &rows_listen, &rows_job,         &rows_pool,   &rows_member,
        &rows_fcgi,    &rows_pools,  &rows_host,        &rows_whole};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        check_rows(all[i]);
}

/*
 * A member that is forgotten here is lost at every upgrade. When one of these sizes has changed:
 * give the new member its row in handover/rows.c if it has to survive, then write the new size.
 */
static void no_member_is_forgotten(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        size_t now, known;
    } structs[] = {
        {"struct proc, without its child", sizeof(struct proc) - sizeof(struct child), 1360},
        {"struct child", sizeof(struct child), 1960},
        {"struct job, without its child", sizeof(struct job) - sizeof(struct child), 1448},
        {"struct pool", sizeof(struct pool), 152},
        {"struct pool_member", sizeof(struct pool_member), 72},
        {"struct fcgi", sizeof(struct fcgi), 48},
    };
    int changed = 0;
    for (size_t i = 0; i < sizeof structs / sizeof *structs; i++) {
        if (structs[i].now == structs[i].known)
            continue;
        print_error("%s has %zu bytes, not %zu: does its new member survive an upgrade? See "
                    "supervisor/handover/rows.h\n",
                    structs[i].name, structs[i].now, structs[i].known);
        changed++;
    }
    assert_int_equal(changed, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_packed_comes_back),
        cmocka_unit_test(nothing_is_something_too),
        cmocka_unit_test(odd_members_are_refused),
        cmocka_unit_test(what_is_new_may_be_missing),
        cmocka_unit_test(a_book_has_the_last_line_of_each_key),
        cmocka_unit_test(a_large_book),
        cmocka_unit_test(odd_books_are_refused),
        cmocka_unit_test(rows_are_what_they_say),
        cmocka_unit_test(no_member_is_forgotten),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
