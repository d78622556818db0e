/* Protects the reading of access log lines: every format, what is malformed, and how it is told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "traffic/format.h"

#include "dice.h"

#define T "[21/Nov/2026:07:26:01 +0000]"
#define HEAD "127.0.0.1 - - " T " "
#define TAIL " 200 12 \"-\" \"curl/7.88.1\""
#define MAIN                                                                                       \
    "$remote_addr - $remote_user [$time_local] \"$request\" $status $body_bytes_sent "             \
    "\"$http_referer\" \"$http_user_agent\" \"$http_x_forwarded_for\""

/* What a record says, in a few words: fields by a letter each. */
static void describe(const struct record *r, struct buf *out)
{
    static const char letters[FIELD_COUNT + 1] = "audmpsbrghl";
    buf_clear(out);
    for (unsigned i = 0; i < FIELD_COUNT; i++)
        if (i != FIELD_TIME && r->have & FIELD_BIT(i))
            buf_printf(out, "%s%c=%.*s", out->len > 0 ? " " : "", letters[i], (int)r->field[i].len,
                       r->field[i].text);
    if (r->have & FIELD_BIT(FIELD_TIME))
        buf_printf(out, " @%lld", (long long)r->when.epoch);
}

/* Every line is read from memory that ends where the line does, so that sanitizers see more. */
static enum line_kind read_exactly(struct format *f, const char *line, size_t len, struct buf *out)
{
    struct record r = {0};
    char *copy = malloc(len + 1);
    assert_non_null(copy);
    memcpy(copy + 1, line, len);
    copy[0] = '\\'; /* what stands before a line is no part of it */
    enum line_kind kind = format_read(f, copy + 1, len, &r);
    buf_clear(out);
    if (kind == LINE_OK)
        describe(&r, out);
    else
        buf_printf(out, "!%s", line_kind_name(kind));
    free(copy);
    return kind;
}

/*
 * The same ahead: with a newline and bytes behind it; and without, of which nothing may be said.
 * False when the line was not taken.
 */
static bool read_ahead(struct format *f, const struct buf *line, size_t behind, struct buf *out)
{
    struct record r = {0};
    size_t size = line->len + 1 + behind;
    char *copy = malloc(size + 1);
    assert_non_null(copy);
    copy[0] = '\\';
    memcpy(copy + 1, line->data, line->len);
    memset(copy + 1 + line->len, '\n', 1 + behind);
    size_t len = format_read_ahead(f, copy + 1, size, &r);
    if (len > 0)
        describe(&r, out);
    free(copy);
    assert_true(len == 0 || len == line->len);
    copy = malloc(line->len + 1); /* ends before the newline */
    assert_non_null(copy);
    copy[0] = '\\';
    memcpy(copy + 1, line->data, line->len);
    assert_int_equal(format_read_ahead(f, copy + 1, line->len, &r), 0);
    free(copy);
    return len > 0;
}

static void must_init(struct format *f, const char *spec)
{
    struct err e = {0};
    if (format_init(f, spec, &e) < 0)
        fail_msg("%s", e.text);
}

struct line_case {
    const char *format;
    const char *line;
    const char *record; /* or !kind */
};

#define OK_A "a=127.0.0.1 m=GET p=/a s=200 b=12"
#define WHEN " @1795245961"

// clang-format off
static const struct line_case cases[] = {
    /* the named formats */
    {"combined", HEAD "\"GET /a HTTP/1.1\" 200 12 \"-\" \"x y\"", OK_A " g=x y" WHEN},
    {"combined", "::1 - - " T " \"GET /a HTTP/1.1\" 200 12 \"/r\" \"-\"", "a=::1 m=GET p=/a s=200 b=12 r=/r" WHEN},
    {"combined", "unix: - - " T " \"GET /a HTTP/1.1\" 200 12 \"-\" \"-\"", "a=unix: m=GET p=/a s=200 b=12" WHEN},
    {"combined", "10.0.0.1 - bob " T " \"HEAD /a HTTP/2.0\" 200 0 \"-\" \"-\"", "a=10.0.0.1 u=bob m=HEAD p=/a s=200 b=0" WHEN},
    {"combined", HEAD "\"GET /a HTTP/1.1\" 000 0 \"-\" \"-\"", "a=127.0.0.1 m=GET p=/a s=000 b=0" WHEN},
    {"common", HEAD "\"GET /a HTTP/1.1\" 200 12", OK_A WHEN},
    {"common", HEAD "\"GET /a HTTP/1.1\" 200 -", "a=127.0.0.1 m=GET p=/a s=200" WHEN},
    {"viewbovis", "10.0.0.1, 10.0.0.2 - - " T " \"view.test\" \"GET /a?x HTTP/1.1\" 200 12 \"-\" \"x\" 0.004", "a=10.0.0.1 m=GET p=/a s=200 b=12 g=x h=view.test l=0.004" WHEN},
    {"viewbovis", "- - - " T " \"\" \"\" 400 0 \"-\" \"-\" 0.000", "s=400 b=0 l=0.000" WHEN},
    {"viewbovis", "x - y [01/Jan/2020:00:00:00 +0000] - - " T " \"h\" \"GET /a HTTP/1.1\" 200 1 \"-\" \"-\" 1.5", "a=x u=y [01/Jan/2020:00:00:00 +0000] - - m=GET p=/a s=200 b=1 h=h l=1.5" WHEN},
    {MAIN, HEAD "\"GET /a HTTP/1.1\" 200 12 \"-\" \"-\" \"10.0.0.9\"", OK_A WHEN},

    /* exact paths, without the query, as they were sent */
    {"combined", HEAD "\"GET /a?id=1&x=/b HTTP/1.1\"" TAIL, OK_A " g=curl/7.88.1" WHEN},
    {"common", HEAD "\"GET /a#top HTTP/1.1\" 200 12", OK_A WHEN},
    {"common", HEAD "\"GET /a/ HTTP/1.1\" 200 12", "a=127.0.0.1 m=GET p=/a/ s=200 b=12" WHEN},
    {"common", HEAD "\"GET /%61?%61 HTTP/1.1\" 200 12", "a=127.0.0.1 m=GET p=/%61 s=200 b=12" WHEN},
    {"common", HEAD "\"GET //a HTTP/1.1\" 200 12", "a=127.0.0.1 m=GET p=//a s=200 b=12" WHEN},
    {"common", HEAD "\"GET /a\\x22b HTTP/1.1\" 404 1", "a=127.0.0.1 m=GET p=/a\\x22b s=404 b=1" WHEN},
    {"common", HEAD "\"GET /a b c HTTP/1.1\" 400 1", "a=127.0.0.1 m=GET p=/a b c s=400 b=1" WHEN},
    {"common", HEAD "\"get /a HTTP/1.1\" 200 12", "a=127.0.0.1 m=get p=/a s=200 b=12" WHEN},
    {"common", HEAD "\"M-SEARCH /a HTTP/1.1\" 200 12", "a=127.0.0.1 m=M-SEARCH p=/a s=200 b=12" WHEN},
    {"common", HEAD "\"GET http://view.test/a?x HTTP/1.1\" 200 12", OK_A WHEN},
    {"common", HEAD "\"GET HTTPS://view.test HTTP/1.1\" 200 12", "a=127.0.0.1 m=GET p=/ s=200 b=12" WHEN},
    {"common", HEAD "\"GET http://view.test?x=/a HTTP/1.1\" 200 12", "a=127.0.0.1 m=GET p=/ s=200 b=12" WHEN},

    /* requests without a path; HTTP/0.9 has no version, what was cut has none either */
    {"common", HEAD "\"GET /a\" 200 12", OK_A WHEN},
    {"common", HEAD "\"GET /slow\" 408 0", "a=127.0.0.1 m=GET s=408 b=0" WHEN},
    {"common", HEAD "\"\" 408 0", "a=127.0.0.1 s=408 b=0" WHEN},
    {"common", HEAD "\"-\" 400 0", "a=127.0.0.1 s=400 b=0" WHEN},
    {"common", HEAD "\"\\x16\\x03\\x01\\x02\\x00\" 400 157", "a=127.0.0.1 s=400 b=157" WHEN},
    {"common", HEAD "\"PRI * HTTP/2.0\" 400 157", "a=127.0.0.1 m=PRI s=400 b=157" WHEN},
    {"common", HEAD "\"OPTIONS * HTTP/1.1\" 200 0", "a=127.0.0.1 m=OPTIONS s=200 b=0" WHEN},
    {"common", HEAD "\"CONNECT a:443 HTTP/1.1\" 400 0", "a=127.0.0.1 m=CONNECT s=400 b=0" WHEN},
    {"common", HEAD "\"GET\" 400 0", "a=127.0.0.1 s=400 b=0" WHEN},
    {"common", HEAD "\"GET  /a HTTP/1.1\" 400 0", "a=127.0.0.1 m=GET s=400 b=0" WHEN},
    {"common", HEAD "\"GET ?x HTTP/1.1\" 400 0", "a=127.0.0.1 m=GET s=400 b=0" WHEN},

    /* what clients write into their names moves nothing */
    {"common", "127.0.0.1 - x [01/Jan/2020 " T " \"GET /a HTTP/1.1\" 200 12", "a=127.0.0.1 u=x [01/Jan/2020 m=GET p=/a s=200 b=12" WHEN},
    {"common", "127.0.0.1 - [01/Jan/2020:00:00:00 +0000] " T " \"GET /a HTTP/1.1\" 200 12", "a=127.0.0.1 u=[01/Jan/2020:00:00:00 +0000] m=GET p=/a s=200 b=12" WHEN},
    {"common", "127.0.0.1 - j doe " T " \"GET /a HTTP/1.1\" 200 12", "a=127.0.0.1 u=j doe m=GET p=/a s=200 b=12" WHEN},
    {"combined", HEAD "\"GET /a HTTP/1.1\" 200 12 \"-\" \"" T " \\x22GET /b HTTP/1.1\\x22 200\"", OK_A " g=" T " \\x22GET /b HTTP/1.1\\x22 200" WHEN},

    /* the other way of escaping: Apache, escape=json */
    {"common", HEAD "\"GET /a\\\"b HTTP/1.1\" 200 12", "a=127.0.0.1 m=GET p=/a\\\"b s=200 b=12" WHEN},
    {"common", HEAD "\"GET /a\\\\\" 200 12", "a=127.0.0.1 m=GET p=/a\\\\ s=200 b=12" WHEN},

    /* formats of one's own */
    {"$time_iso8601|$remote_addr|$request_method|$request_uri|$status|$body_bytes_sent|$http_user_agent", "2026-11-21T07:26:01+00:00|127.0.0.1|GET|/a?x|200|12|a|b", OK_A " g=a|b" WHEN},
    {"$msec $status $request_time \"$request\"", "1795245961.123 200 0.250 \"GET /a HTTP/1.1\"", "m=GET p=/a s=200 l=0.250" WHEN},
    {"$remote_addr [$time_local] $request_method $scheme://$host$request_uri $status", "127.0.0.1 " T " GET https://view.test/a?x=1 200", "a=127.0.0.1 m=GET p=/a s=200 h=view.test" WHEN},
    {"$uri$is_args$args $status", "/a?x=1 200", "p=/a s=200"},
    {"$request $status", "GET /a b HTTP/1.1 200", "m=GET p=/a b s=200"},
    {"$http_user_agent \"$request\" $upstream_addr ${status}", "x y \"GET /a HTTP/1.1\" 10.0.0.1:80, 10.0.0.2:80 502", "m=GET p=/a s=502 g=x y"},
    {"{\"t\":\"$time_iso8601\",\"r\":\"$request\",\"s\":$status,\"u\":\"$http_user_agent\"}", "{\"t\":\"2026-11-21T07:26:01+00:00\",\"r\":\"GET /a HTTP/1.1\",\"s\":200,\"u\":\"a\\\"b\"}", "m=GET p=/a s=200 g=a\\\"b" WHEN},
    {"log_format x escape=json '$status ' \"\\\"$request\\\"\";", "200 \"GET /a HTTP/1.1\"", "m=GET p=/a s=200"},
    {"'$status '\n  '\"$request\"'", "200 \"GET /a HTTP/1.1\"", "m=GET p=/a s=200"},

    /* JSON */
    {"json", "{\"remote_addr\":\"::1\",\"time_local\":\"21/Nov/2026:07:26:01 +0000\",\"request\":\"GET /a?x HTTP/1.1\",\"status\":\"200\",\"body_bytes_sent\":12,\"request_time\":0.5}", "a=::1 m=GET p=/a s=200 b=12 l=0.5" WHEN},
    {"json", " { \"ts\" : 1795245961.5 , \"request\" : { \"method\" : \"GET\" , \"uri\" : \"/a\" , \"h\" : { \"status\" : 1 } } , \"status\" : 200 } ", "m=GET p=/a s=200" WHEN},
    {"json", "{\"msec\":1795245961,\"path\":\"\\/a\\u002f\\u00e9\\ud83d\\ude00\",\"status\":200,\"agent\":\"\\\"\\n\"}", "p=/a/\xc3\xa9\xf0\x9f\x98\x80 s=200 g=\"\n" WHEN},
    {"json", "{\"time\":\"2026-11-21T08:26:01.5+01:00\",\"uri\":\"/a\",\"request_uri\":\"/b\",\"status\":404,\"x\":[1,{\"y\":[]},null,true,-1.5e+3]}", "p=/b s=404" WHEN},
    {"json", "{\"msec\":1,\"path\":\"/a\"}", "!other"},
    {"json", "{\"status\":200,\"path\":\"/a\"}", "!time"},
    {"json", "{\"msec\":\"now\",\"status\":200,\"path\":\"/a\"}", "!time"},
    {"json", "{\"msec\":1,\"status\":20,\"path\":\"/a\"}", "!other"},
    {"json", "{}", "!other"},
    {"json", "[]", "!other"},
    {"json", "{\"msec\":1,\"status\":200,\"path\":\"/a\"} x", "!other"},
    {"json", "{\"msec\":1,\"status\":200,\"path\":\"/a\",}", "!other"},
    {"json", "{\"msec\":01,\"status\":200,\"path\":\"/a\"}", "!other"},
    {"json", "{\"msec\":1,\"status\":200,\"path\":\"\\x\"}", "!other"},
    {"json", "{\"msec\":1,\"status\":200,\"path\":\"/a\tb\"}", "!other"},
    {"json", "{\"msec\":1,\"status\":200,\"path\":\"/a", "!cut"},
    {"json", "{\"msec\":1,\"status\":200,", "!cut"},
    {"json", "{\"msec\":1,\"status\":200,\"x\":tr", "!cut"},

    /* formats that nobody has said */
    {"auto", HEAD "\"GET /a HTTP/1.1\" 200 12 \"-\" \"x y\"", OK_A " g=x y" WHEN},
    {"auto", "10.0.0.1, 10.0.0.2 - bob " T " \"view.test\" \"GET /a HTTP/1.1\" 200 3 \"/r\" \"x\" 0.001", "a=10.0.0.1 u=bob m=GET p=/a s=200 b=3 r=/r g=x l=0.001" WHEN},
    {"auto", "10.0.0.1,10.0.0.2 - - " T " \"GET /a HTTP/1.1\" 200 3 \"-\" \"x\"", "a=10.0.0.1 m=GET p=/a s=200 b=3 g=x" WHEN},
    {"auto", HEAD "\"GET /a HTTP/2.0\" 200", "a=127.0.0.1 m=GET p=/a s=200" WHEN},
    {"auto", HEAD "\"host\" \"upstream\" \"POST /a HTTP/1.1\" 201 0", "a=127.0.0.1 m=POST p=/a s=201 b=0" WHEN},
    {"auto", "{\"msec\":1795245961,\"status\":200,\"path\":\"/a\"}", "p=/a s=200" WHEN},
    {"auto", "h - - [2026-11-21T07:26:01+00:00] \"GET /a HTTP/1.1\" 200 0", "!other"},
    {"auto", T " \"GET /a HTTP/1.1\" 2000 1", "!other"},
    {"auto", T " \"GET /a HTTP/1.1", "!cut"},
    {"auto", HEAD "\"GET /a HTTP/1.1\" 200 12 \"-\" \"x", "!cut"},
    {"auto", HEAD "\"1\" \"2\" \"3\" \"4\" \"5\" \"6\" \"7\" \"8\" \"GET /a HTTP/1.1\" 200 0", "!other"},
    {"auto", "GET /sample HTTP/1.1", "!other"},
    {"auto", "", "!empty"},

    /* malformed, by kind */
    {"combined", "", "!empty"},
    {"combined", HEAD "\"GET /a HTTP/1.1\" 200 12 \"-\" \"x", "!cut"},
    {"combined", HEAD "\"GET /a HTTP/1.1\" 200 12", "!cut"},
    {"combined", "127.0.0.1 - - [21/Nov/20", "!cut"},
    {"combined", "127.0.0.1 - - [31/Feb/2026:07:26:01 +0000] \"GET /a HTTP/1.1\"" TAIL, "!time"},
    {"combined", "127.0.0.1 - - [21/Nov/2026:24:26:01 +0000] \"GET /a HTTP/1.1\"" TAIL, "!time"},
    {"combined", HEAD "\"GET /a HTTP/1.1\" 2x0 12 \"-\" \"x\"", "!other"},
    {"combined", HEAD "\"GET /a HTTP/1.1\" 200 1.2 \"-\" \"x\"", "!other"},
    {"combined", HEAD "\"GET /a HTTP/1.1\" 200 12345678901234567890 \"-\" \"x\"", "!other"},
    {"combined", HEAD "\"GET /a HTTP/1.1\" 200 12 \"-\" \"x\" more", "!other"},
    {"combined", HEAD "\"GET /a HTTP/1.1\" 200 12 \"-\" \"x\"y\"", "!other"},
    {"combined", HEAD "\"GET /a HTTP/1.1\"  200 12 \"-\" \"x\"", "!other"},
    {"combined", "\x01\x02 no line at all", "!binary"},
    {"combined", "\x7f", "!binary"},
    {"combined", "some words", "!other"},
    {"viewbovis", HEAD "\"h\" \"GET /a HTTP/1.1\"" TAIL " 0.", "!other"},
    {"viewbovis", HEAD "\"h\" \"GET /a HTTP/1.1\"" TAIL " -", "a=127.0.0.1 m=GET p=/a s=200 b=12 g=curl/7.88.1 h=h" WHEN},
};
// clang-format on

static void every_kind_of_line(void **state)
{
    (void)state;
    struct buf out = BUF_EMPTY;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct format f;
        must_init(&f, cases[i].format);
        (void)read_exactly(&f, cases[i].line, strlen(cases[i].line), &out);
        if (strcmp(buf_str(&out), cases[i].record) != 0)
            fail_msg("%s\n%s\n  is       '%s'\n  not      '%s'", cases[i].format, cases[i].line,
                     buf_str(&out), cases[i].record);
        format_close(&f);
    }
    buf_close(&out);
}

/* The kind does not depend on what is wanted, and of the fields only those come. */
static void what_is_wanted_changes_no_kind(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct format f;
        struct record all = {0};
        must_init(&f, cases[i].format);
        size_t len = strlen(cases[i].line);
        enum line_kind kind = format_read(&f, cases[i].line, len, &all);
        unsigned have = all.have;
        for (unsigned field = 0; field < FIELD_COUNT; field++) {
            struct record r = {0};
            format_want(&f, FIELD_BIT(field));
            assert_int_equal(format_read(&f, cases[i].line, len, &r), kind);
            if (kind == LINE_OK)
                assert_int_equal(r.have, have & FIELD_BIT(field));
        }
        format_close(&f);
    }
}

static void numbers_are_read(void **state)
{
    (void)state;
    struct format f;
    struct record r;
    static const char line[] =
        "10.0.0.1 - - [21/Nov/2026:23:59:59 -0930] \"h\" \"GET /a HTTP/1.1\" "
        "304 9999999999999999999 \"-\" \"x\" 12.0345678";
    must_init(&f, "viewbovis");
    assert_int_equal(format_read(&f, line, sizeof line - 1, &r), LINE_OK);
    assert_int_equal(r.status, 304);
    assert_true(r.bytes == 9999999999999999999ULL);
    assert_int_equal(r.latency_us, 12034567);
    assert_int_equal(r.when.hour, 23);
    assert_int_equal(r.when.day, 20778);
    assert_int_equal(r.when.epoch, 20778LL * 86400 + 86399 + 9 * 3600 + 30 * 60);
    format_close(&f);
}

/* Half of a line is never read as a request, as long as something of the format is missing. */
static void no_beginning_of_a_line_is_one(void **state)
{
    (void)state;
    static const struct {
        const char *format, *line;
    } whole[] = {
        {"combined", HEAD "\"GET /a?x HTTP/1.1\" 200 3 \"-\" \"agent\""},
        {"combined", "10.0.0.1 - joe " T " \"GET /a?x HTTP/1.1\" 200 3 \"-\" \"agent\""},
        {MAIN, HEAD "\"GET /a?x HTTP/1.1\" 200 3 \"-\" \"agent\" \"-\""},
        {"json",
         "{\"msec\":1,\"status\":200,\"path\":\"\\u0041\",\"x\":[1,{\"y\":\"z\"}],\"n\":null}"},
    };
    struct buf out = BUF_EMPTY;
    for (size_t i = 0; i < sizeof whole / sizeof *whole; i++) {
        struct format f;
        must_init(&f, whole[i].format);
        size_t len = strlen(whole[i].line);
        for (size_t n = 0; n < len; n++)
            if (read_exactly(&f, whole[i].line, n, &out) != (n == 0 ? LINE_EMPTY : LINE_CUT))
                fail_msg("%.*s\n  is '%s'", (int)n, whole[i].line, buf_str(&out));
        assert_int_equal(read_exactly(&f, whole[i].line, len, &out), LINE_OK);
        format_close(&f);
    }
    buf_close(&out);
}

/* The short cut of combined.h and the two ways that it cuts say the same of any line. */
static void short_cuts_lead_to_the_same_place(void **state)
{
    (void)state;
    static const char *const parts[] = {
        "10.1.2.3", "::1",   " - ",     "-",     " [",
        "bob",      T,       "] ",      "\"",    "GET /a?x HTTP/1.1",
        "\\\"",     "\\x22", " ",       "200",   "12",
        "\x01",     ",",     "\" 200 ", "GET /", " HTTP/1.0",
        "POST "};
    static const char line[] =
        HEAD "\"GET /a?x HTTP/1.1\" 200 12 \"http://r/\" \"agent of some length\"";
    struct format fast, narrow, slow, any, careful;
    struct buf a = BUF_EMPTY, b = BUF_EMPTY, text = BUF_EMPTY;
    must_init(&fast, "combined");
    must_init(&narrow, "combined");
    must_init(&slow, "combined");
    must_init(&any, "auto");
    must_init(&careful, "auto");
    slow.combined = careful.combined = false;
    narrow.wide = false;
    for (int i = 0; i < 30000; i++) {
        size_t at = dice((unsigned)sizeof line);
        size_t over = dice(3) == 0 ? dice(12) : 0;
        over = over < sizeof line - 1 - at ? over : 0;
        const char *part = parts[dice((unsigned)(sizeof parts / sizeof *parts))];
        buf_clear(&text);
        buf_append(&text, line, at);
        if (i % 4 != 0)
            buf_text(&text, part);
        buf_append(&text, line + at + over, sizeof line - 1 - at - over);
        (void)read_exactly(&fast, text.data, text.len, &a);
        (void)read_exactly(&slow, text.data, text.len, &b);
        if (strcmp(buf_str(&a), buf_str(&b)) != 0)
            fail_msg("%s\n  is '%s' and '%s'", buf_str(&text), buf_str(&a), buf_str(&b));
        if (read_ahead(&fast, &text, dice(40), &a) && strcmp(buf_str(&a), buf_str(&b)) != 0)
            fail_msg("%s\n  is '%s' ahead", buf_str(&text), buf_str(&a));
        (void)read_exactly(&narrow, text.data, text.len, &a);
        if (strcmp(buf_str(&a), buf_str(&b)) != 0)
            fail_msg("%s\n  is '%s', narrowly, and '%s'", buf_str(&text), buf_str(&a), buf_str(&b));
        bool taken = read_ahead(&fast, &text, 0, &a);
        assert_true(read_ahead(&narrow, &text, 99, &a) == taken);
        (void)read_exactly(&any, text.data, text.len, &a);
        (void)read_exactly(&careful, text.data, text.len, &b);
        if (strcmp(buf_str(&a), buf_str(&b)) != 0)
            fail_msg("auto: %s\n  is '%s' and '%s'", buf_str(&text), buf_str(&a), buf_str(&b));
    }
    format_close(&fast);
    format_close(&narrow);
    format_close(&slow);
    format_close(&any);
    format_close(&careful);
    buf_close(&a);
    buf_close(&b);
    buf_close(&text);
}

/* Lines that are read ahead, and those that are left to format_read: what is dear is the search. */
static void which_lines_are_read_ahead(void **state)
{
    (void)state;
    // clang-format off
    static const struct { const char *format, *line; bool taken; } lines[] = {
        {"combined", HEAD "\"GET /a?x HTTP/1.1\" 200 12 \"-\" \"agent\"", true},
        {"combined", HEAD "\"GET / HTTP/1.1\" 200 12 \"-\" \"\"", true},
        {"combined", HEAD "\"\" 400 0 \"\" \"-\"", true},
        {"auto", HEAD "\"GET /a?x HTTP/1.1\" 200 12 \"-\" \"agent\"", true},
        {"combined", HEAD "\"GET /a HTTP/1.1\" 200 12 \"-\" \"an \\\"agent\\\"\"", false},
        {"combined", HEAD "\"GET /a HTTP/1.1\" 200 12 \"-\" \"agent\" ", false},
        {"combined", HEAD "\"GET /a HTTP/1.1\" 200 12 \"-\n\" \"agent\"", false},
        {"combined", HEAD "\"GET /a HTTP/1.1\" 200 12 \"-\" \"agent\n\"", false},
        {"combined", HEAD "\"GET /a\nHTTP/1.1\" 200 12 \"-\" \"agent\"", false},
        {"common", HEAD "\"GET /a?x HTTP/1.1\" 200 12", false},
        {"combined", "", false},
    };
    // clang-format on
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        struct format f;
        struct buf text = BUF_EMPTY, seen = BUF_EMPTY, out = BUF_EMPTY;
        must_init(&f, lines[i].format);
        buf_text(&text, lines[i].line);
        for (size_t behind = 0; behind < 70; behind++)
            if (read_ahead(&f, &text, behind, &seen) != lines[i].taken)
                fail_msg("%s\n  is %staken ahead", lines[i].line, lines[i].taken ? "not " : "");
        if (lines[i].taken) {
            (void)read_exactly(&f, text.data, text.len, &out);
            assert_string_equal(buf_str(&seen), buf_str(&out));
        }
        format_close(&f);
        buf_close(&text);
        buf_close(&seen);
        buf_close(&out);
    }
}

static void refuse(const char *spec, const char *sentence)
{
    struct format f;
    struct err e = {0};
    assert_true(format_init(&f, spec, &e) < 0);
    assert_string_equal(e.text, sentence);
}

static void what_is_no_format_is_said(void **state)
{
    (void)state;
    refuse("combine",
           "the format 'combine' is unknown: write auto, combined, common, viewbovis, "
           "json, a log_format with its $variables, or FILE:NAME for one in an nginx.conf");
    refuse("$request$x",
           "the format '$request$x': where $request ends and $x begins cannot be told");
    refuse("$status $host", "the format '$status $host': it has no path: no $request, $request_uri "
                            "or $uri");
    refuse("$request $", "the format '$request $': '$' names no variable");
    refuse("$request ${x", "the format '$request ${x': '${x' names no variable");
    refuse("log_format x", "the format 'log_format x': it has no path: no $request, $request_uri "
                           "or $uri");
    refuse("/nowhere/nginx.conf", "cannot open /nowhere/nginx.conf: No such file or directory");
}

static const char CONF[] =
    "# log_format no '$request';\n"
    "user www-data; events { }\n"
    "http {\n"
    "  map $uri $x { default \"a;b\"; ~\\.html$ 'it\\'s'; }\n"
    "  log_format main '$remote_addr [$time_local] '\n"
    "      # between\n"
    "      \"\\\"$request\\\" \" $status;\n"
    "  log_format other escape=json '{\"s\":$status,\"r\":\"${request}\"}';\n"
    "  server { listen 80; access_log /x log_format; }\n"
    "}\n";

static void formats_come_from_nginx_conf(void **state)
{
    (void)state;
    char path[] = "/tmp/traffic-format-XXXXXX";
    char spec[64], sentence[256];
    int fd = mkstemp(path);
    struct buf out = BUF_EMPTY;
    struct format f;
    assert_int_equal(write(fd, CONF, sizeof CONF - 1), sizeof CONF - 1);
    (void)close(fd);
    (void)snprintf(spec, sizeof spec, "%s:main", path);
    must_init(&f, spec);
    static const char line[] = "::1 " T " \"GET /a HTTP/1.1\" 404";
    (void)read_exactly(&f, line, sizeof line - 1, &out);
    assert_string_equal(buf_str(&out), "a=::1 m=GET p=/a s=404" WHEN);
    format_close(&f);
    (void)snprintf(spec, sizeof spec, "%s:other", path);
    must_init(&f, spec);
    static const char json[] = "{\"s\":200,\"r\":\"GET /\\\" HTTP/1.1\"}";
    (void)read_exactly(&f, json, sizeof json - 1, &out);
    assert_string_equal(buf_str(&out), "m=GET p=/\\\" s=200");
    format_close(&f);
    (void)snprintf(spec, sizeof spec, "%s:third", path);
    (void)snprintf(sentence, sizeof sentence, "%s: it has no log_format 'third', but main, other",
                   path);
    refuse(spec, sentence);
    (void)snprintf(sentence, sizeof sentence,
                   "%s: it has several log_formats, write :NAME behind it: main, other", path);
    refuse(path, sentence);
    (void)unlink(path);
    buf_close(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_kind_of_line),
        cmocka_unit_test(what_is_wanted_changes_no_kind),
        cmocka_unit_test(numbers_are_read),
        cmocka_unit_test(no_beginning_of_a_line_is_one),
        cmocka_unit_test(short_cuts_lead_to_the_same_place),
        cmocka_unit_test(which_lines_are_read_ahead),
        cmocka_unit_test(what_is_no_format_is_said),
        cmocka_unit_test(formats_come_from_nginx_conf),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
