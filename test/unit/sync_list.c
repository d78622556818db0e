/* Protects the listing: complete and well-formed pages only, whatever a server sends. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "sync/s3/list.h"

#define OPEN                                                                                       \
    "<?xml version=\"1.0\"?>\n<ListBucketResult "                                                  \
    "xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">"
#define CLOSE "</ListBucketResult>"
#define LAST "<IsTruncated>false</IsTruncated>"
#define MORE "<IsTruncated>true</IsTruncated>"
#define TOKEN(t) "<NextContinuationToken>" t "</NextContinuationToken>"
#define URL "<EncodingType>url</EncodingType>"
#define OBJECT(key)                                                                                \
    "<Contents><Key>" key "</Key><LastModified>2024-05-01T00:00:00.250Z</LastModified>"            \
    "<ETag>&quot;abc&quot;</ETag><Size>3</Size><Owner><ID>x</ID></Owner></Contents>"

/* Reads a page in pieces of `step` bytes. */
static int read_page(struct listing *l, const char *text, size_t step, struct err *e)
{
    struct list_page *p = list_page_new(l);
    int rc = 0;
    size_t len = strlen(text);
    for (size_t at = 0; rc == 0 && at < len; at += step)
        rc = list_page_feed(p, text + at, len - at < step ? len - at : step, e);
    if (rc == 0)
        rc = list_page_end(p, e);
    list_page_free(p);
    return rc;
}

static void two_pages(void **state)
{
    (void)state;
    for (size_t step = 1; step < 400; step += 57) {
        struct listing l;
        struct err e;
        listing_init(&l, "p/");
        assert_int_equal(
            read_page(&l, OPEN URL MORE OBJECT("p/a+b%2Bc") TOKEN("p/a+") CLOSE, step, &e), 0);
        assert_string_equal(l.token, "p/a+"); /* tokens are never encoded */
        assert_int_equal(read_page(&l, OPEN OBJECT("p/z%zz+") OBJECT("p/y") LAST CLOSE, step, &e),
                         0);
        assert_null(l.token);
        assert_int_equal(l.count, 3);
        assert_string_equal(l.objects[0].key, "p/a b+c");
        assert_string_equal(l.objects[0].etag, "\"abc\"");
        assert_int_equal(l.objects[0].size, 3);
        assert_int_equal(l.objects[0].mtime, INT64_C(1714521600250000000));
        /* this server did not say that it encodes */
        assert_string_equal(l.objects[1].key, "p/z%zz+");
        listing_close(&l);
    }
}

// clang-format off
static const struct { const char *text, *word; } refused[] = {
    {"", "XML"},
    {"nonsense", "XML"},
    {"<html><body>captive portal</body></html>", "no listing"},
    {"<!DOCTYPE html><html></html>", "no listing"},
    {"<!DOCTYPE ListBucketResult [<!ENTITY a \"b\">]>" "<ListBucketResult>" LAST CLOSE, "no listing"},
    {"<Error><Code>x</Code></Error>", "no listing"},
    {"<ListAllMyBucketsResult/>", "no listing"},
    {OPEN LAST OBJECT("p/a"), "XML"},
    {OPEN LAST OBJECT("p/a") "</ListBucket", "XML"},
    {OPEN LAST CLOSE "<more/>", "XML"},
    {OPEN OBJECT("p/a") CLOSE, "complete"},
    {OPEN "<IsTruncated>yes</IsTruncated>" CLOSE, "complete"},
    {OPEN "<IsTruncated/>" CLOSE, "complete"},
    {OPEN LAST MORE TOKEN("x") CLOSE, "twice"},
    {OPEN MORE OBJECT("p/a") CLOSE, "not where"},
    {OPEN MORE TOKEN("") OBJECT("p/a") CLOSE, "not where"},
    {OPEN LAST OBJECT("q/a") CLOSE, "outside"},
    {OPEN LAST OBJECT("p") CLOSE, "outside"},
    {OPEN LAST URL OBJECT("p/%4") CLOSE, "encoded"},
    {OPEN LAST "<Contents><Key>p/a</Key></Contents>" CLOSE, "without"},
    {OPEN LAST "<Contents><Key>p/a</Key><Size>x</Size><LastModified>2024-05-01T00:00:00Z</LastModified></Contents>" CLOSE, "number"},
    {OPEN LAST "<Contents><Key>p/a</Key><Size>-1</Size><LastModified>2024-05-01T00:00:00Z</LastModified></Contents>" CLOSE, "number"},
    {OPEN LAST "<Contents><Key>p/a</Key><Size>9999999999999999999</Size><LastModified>2024-05-01T00:00:00Z</LastModified></Contents>" CLOSE, "number"},
    {OPEN LAST "<Contents><Key>p/a</Key><Size>1</Size><LastModified>yesterday</LastModified></Contents>" CLOSE, "time"},
    {OPEN LAST "<Contents><Key>p/a</Key><Key>p/b</Key><Size>1</Size><LastModified>2024-05-01T00:00:00Z</LastModified></Contents>" CLOSE, "twice"},
    {OPEN LAST "<a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a></a></a></a></a></a></a></a></a></a></a></a></a></a></a></a></a></a>" CLOSE, "deep"},
};
// clang-format on

static void hostile_pages(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        struct listing l;
        struct err e = {0};
        listing_init(&l, "p/");
        assert_int_equal(read_page(&l, refused[i].text, 7, &e), -EBADMSG);
        if (!strstr(e.text, refused[i].word))
            fail_msg("row %zu: '%s' lacks '%s'", i, e.text, refused[i].word);
        assert_int_equal(l.count, 0);
        listing_close(&l);
    }
}

static void circles_are_seen(void **state)
{
    (void)state;
    struct listing l;
    struct err e;
    listing_init(&l, "p/");
    assert_int_equal(read_page(&l, OPEN MORE TOKEN("t") OBJECT("p/a") CLOSE, 100, &e), 0);
    assert_int_equal(read_page(&l, OPEN MORE TOKEN("t") OBJECT("p/b") CLOSE, 100, &e), -EBADMSG);
    assert_non_null(strstr(e.text, "circle"));
    assert_int_equal(l.count, 1); /* what the bad page held is not kept */
    listing_close(&l);
}

static void long_values_are_refused(void **state)
{
    (void)state;
    struct listing l;
    struct err e;
    struct buf b = BUF_EMPTY;
    buf_text(&b, OPEN LAST "<Contents><Key>p/");
    for (int i = 0; i < 10000; i++)
        buf_char(&b, 'x');
    buf_text(&b, "</Key></Contents>" CLOSE);
    listing_init(&l, "p/");
    assert_int_equal(read_page(&l, buf_str(&b), 1000, &e), -EBADMSG);
    assert_non_null(strstr(e.text, "too long"));
    listing_close(&l);
    buf_close(&b);
}

static void endless_pages_are_refused(void **state)
{
    (void)state;
    struct listing l;
    struct err e;
    static char blanks[1 << 20];
    memset(blanks, ' ', sizeof blanks);
    listing_init(&l, "p/");
    struct list_page *p = list_page_new(&l);
    int rc = list_page_feed(p, OPEN, strlen(OPEN), &e);
    for (int i = 0; rc == 0 && i < 20; i++)
        rc = list_page_feed(p, blanks, sizeof blanks, &e);
    assert_int_equal(rc, -EBADMSG);
    list_page_free(p);
    listing_close(&l);
}

/* A tag goes back in a header. */
static void odd_tags(void **state)
{
    (void)state;
    // clang-format off
    static const struct { const char *text, *etag; } rows[] = {
        {"<ETag>abc-2</ETag>", "\"abc-2\""}, {"<ETag>\"x\"</ETag>", "\"x\""}, {"", NULL},
        {"<ETag></ETag>", NULL}, {"<ETag>\"a&#13;&#10;X: y\"</ETag>", NULL}, {"<ETag>a b</ETag>", NULL},
    };
    // clang-format on
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct listing l;
        struct err e;
        char text[1024];
        (void)snprintf(text, sizeof text,
                       OPEN LAST
                       "<Contents><Key>a</Key><Size>0</Size>"
                       "<LastModified>2024-05-01T00:00:00Z</LastModified>%s</Contents>" CLOSE,
                       rows[i].text);
        listing_init(&l, "");
        assert_int_equal(read_page(&l, text, 1000, &e), 0);
        if (rows[i].etag)
            assert_string_equal(l.objects[0].etag, rows[i].etag);
        else
            assert_null(l.objects[0].etag);
        listing_close(&l);
    }
}

static void times(void **state)
{
    (void)state;
    int64_t t = 0;
    assert_true(list_parse_time("1970-01-01T00:00:01Z", &t));
    assert_int_equal(t, 1000000000);
    assert_true(list_parse_time("1970-01-01T00:00:00.000000001Z", &t));
    assert_int_equal(t, 1);
    static const char *const wrong[] = {"",
                                        "2024",
                                        "2024-05-01",
                                        "2024-13-01T00:00:00Z",
                                        "2024-05-01T00:00:00",
                                        "2024-05-01T24:00:00Z",
                                        "2024-05-01T00:00:00+01:00",
                                        "2024-05-01 00:00:00Z",
                                        "24-05-01T00:00:00Z",
                                        "2024-05-01T00:00:00Zx"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_false(list_parse_time(wrong[i], &t));
}

static void errors_are_read(void **state)
{
    (void)state;
    struct s3_error error;
    static const char text[] = "<?xml version=\"1.0\"?><Error><Code>NoSuchBucket</Code>"
                               "<Message>a &amp; b</Message><Region>eu-west-1</Region></Error>";
    list_read_error(text, sizeof text - 1, &error);
    assert_string_equal(error.code, "NoSuchBucket");
    assert_string_equal(error.message, "a & b");
    assert_string_equal(error.region, "eu-west-1");
    list_read_error("<html><Code>x</Code></html>", 27, &error);
    assert_string_equal(error.code, "");
    list_read_error("", 0, &error);
    assert_string_equal(error.code, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_pages),
        cmocka_unit_test(hostile_pages),
        cmocka_unit_test(circles_are_seen),
        cmocka_unit_test(long_values_are_refused),
        cmocka_unit_test(endless_pages_are_refused),
        cmocka_unit_test(odd_tags),
        cmocka_unit_test(times),
        cmocka_unit_test(errors_are_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
