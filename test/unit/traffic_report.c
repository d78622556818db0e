/* Protects the forms of a report: their exact words, and that no log can break out of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <expat.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "traffic/figures.h"
#include "traffic/record.h"
#include "traffic/report.h"
#include "traffic/tally.h"

static void set(struct record *r, enum field field, const char *text)
{
    r->have |= FIELD_BIT(field);
    r->field[field] = (struct span){text, strlen(text)};
}

static void add(struct tally *t, const char *path, int status, uint64_t ms, int route)
{
    struct record r = {.status = status, .bytes = 1500, .latency_us = ms * 1000, .when.hour = 9};
    set(&r, FIELD_ADDR, "10.0.0.1");
    set(&r, FIELD_PATH, path);
    set(&r, FIELD_AGENT, "curl/8");
    r.have |= FIELD_BIT(FIELD_STATUS) | FIELD_BIT(FIELD_BYTES) | FIELD_BIT(FIELD_LATENCY);
    tally_add(t, &r, route);
}

static const char *const LOGS[] = {"/var/log/nginx/access.log"};
static const struct report_malformed KINDS[] = {{"cut", 1}, {"binary", 0}, {"time", 2}};

static char *write_report(const struct tally *t, enum report_form form)
{
    struct report r = {.tally = t,
                       .name = "web",
                       .day = "2026-11-21",
                       .logs = LOGS,
                       .log_count = 1,
                       .lines = 1234,
                       .malformed = KINDS,
                       .malformed_count = 3};
    struct buf out = BUF_EMPTY;
    report_write(&r, form, &out);
    assert_int_equal(strlen(buf_str(&out)), out.len);
    return buf_take(&out);
}

static void assert_report(const struct tally *t, enum report_form form, const char *expected)
{
    char *text = write_report(t, form);
    assert_string_equal(text, expected);
    mem_free(text);
}

static void fill(struct tally *t)
{
    assert_int_equal(tally_route(t, "/"), 0);
    assert_int_equal(tally_route(t, "/sample"), 1);
    assert_int_equal(tally_route(t, "/nobody"), 2);
    add(t, "/", 200, 10, 0);
    add(t, "/sample", 404, 20, 1);
    add(t, "/sample", 200, 30, 1);
    add(t, "/x", 500, 2000, -1);
}

static void viewbovis(void **state)
{
    (void)state;
    struct tally *t = mem_alloc(sizeof *t);
    tally_init(t, TALLY_ROUTES);
    assert_report(t, REPORT_VIEWBOVIS, "{}\n");
    fill(t);
    assert_report(t, REPORT_VIEWBOVIS, "{\n  \"/\": 1,\n  \"/sample\": 2,\n  \"/nobody\": 0\n}\n");
    tally_close(t);

    static const char *const paths[] = {"/b", "/c", "/c", "/a", "/\"\\", "/\"\\", "/\"\\", "/\xff"};
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++)
        add(t, paths[i], 200, 1, -1);
    /* what no JSON can name is among the others */
    assert_report(t, REPORT_VIEWBOVIS,
                  "{\n  \"/\\\"\\\\\": 3,\n  \"/c\": 2,\n  \"/a\": 1,\n  \"/b\": 1,\n"
                  "  \"other\": 1\n}\n");
    tally_close(t);

    for (int i = 0; i < 1007; i++) {
        char path[32];
        (void)snprintf(path, sizeof path, "/%d", i);
        add(t, path, 200, 1, -1);
        add(t, path, 200, 1, -1);
    }
    char *text = write_report(t, REPORT_VIEWBOVIS);
    assert_non_null(strstr(text, "\"other\": 14\n}"));
    mem_free(text);
    tally_close(t);
    mem_free(t);
}

/* The number at a path of names and indexes such as "routes.1.requests"; -1: there is none. */
static int64_t number_at(const json_t *value, const char *path)
{
    char copy[128];
    char *rest = NULL;
    (void)snprintf(copy, sizeof copy, "%s", path);
    for (const char *name = strtok_r(copy, ".", &rest); name != NULL && value != NULL;
         name = strtok_r(NULL, ".", &rest))
        value = json_is_array(value) ? json_array_get(value, strtoul(name, NULL, 10))
                                     : json_object_get(value, name);
    return json_is_boolean(value)   ? json_is_true(value)
           : json_is_integer(value) ? json_integer_value(value)
                                    : -1;
}

static void json_has_everything(void **state)
{
    (void)state;
    // clang-format off
    static const struct {
        const char *path;
        int64_t value;
    } rows[] = {
        {"lines.read", 1234}, {"lines.counted", 4},
        {"lines.malformed", 3}, {"lines.malformed_by_kind.cut", 1},
        {"lines.malformed_by_kind.time", 2}, {"lines.malformed_by_kind.binary", -1},
        {"requests", 4}, {"bytes", 6000}, {"status.2xx", 2}, {"status.3xx", 0}, {"status.4xx", 1},
        {"status.5xx", 1}, {"status.other", -1}, {"codes.404", 1}, {"clients.count", 1},
        {"clients.exact", 1}, {"latency_ms.p50", 20}, {"latency_ms.p99", 2000},
        {"latency_ms.max", 2000}, {"hours.9.requests", 4}, {"hours.9.status.4xx", 1},
        {"hours.10.requests", 0}, {"hours.23.hour", 23}, {"routes.1.requests", 2},
        {"routes.1.bytes", 3000}, {"routes.1.status.4xx", 1}, {"routes.1.latency_ms.p50", 20},
        {"routes.2.requests", 0}, {"routes.2.latency_ms", -1}, {"no_route", 1}, {"no_path", 0},
        {"paths.exact", 1}, {"paths.different", 3}, {"paths.top.0.requests", 2},
        {"paths.top.0.bytes", 3000}, {"agents.top.0.requests", 4}, {"referrers.different", 0},
    };
    // clang-format on
    struct tally *t = mem_alloc(sizeof *t);
    tally_init(t, TALLY_FULL);
    fill(t);
    char *text = write_report(t, REPORT_JSON);
    json_t *report = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
    assert_non_null(report);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (number_at(report, rows[i].path) != rows[i].value)
            fail_msg("%s is %ld", rows[i].path, (long)number_at(report, rows[i].path));
    assert_int_equal(json_array_size(json_object_get(report, "hours")), 24);
    assert_string_equal(json_string_value(json_object_get(report, "name")), "web");
    assert_string_equal(json_string_value(json_object_get(report, "day")), "2026-11-21");
    json_decref(report);
    mem_free(text);
    tally_close(t);
    mem_free(t);
}

static void json_says_what_is_not_exact(void **state)
{
    (void)state;
    struct tally *t = mem_alloc(sizeof *t);
    tally_init(t, TALLY_FULL);
    for (unsigned i = 0; i < 40000; i++) {
        char text[32];
        struct record r = {.have = FIELD_BIT(FIELD_ADDR) | FIELD_BIT(FIELD_PATH)};
        int len = snprintf(text, sizeof text, "/%u", i);
        r.field[FIELD_ADDR] = r.field[FIELD_PATH] = (struct span){text, (size_t)len};
        tally_add(t, &r, -1);
    }
    char *text = write_report(t, REPORT_JSON);
    json_t *report = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
    assert_int_equal(number_at(report, "clients.exact"), 0);
    assert_in_range(number_at(report, "clients.count"), 38700, 41300);
    assert_non_null(strstr(text, "\"standard_error\": 0.0081"));
    assert_int_equal(number_at(report, "paths.exact"), 0);
    assert_int_equal(number_at(report, "paths.different"), -1);
    assert_in_range(number_at(report, "paths.unlisted_at_most"), 1, 10);
    assert_int_equal(json_array_size(json_object_get(json_object_get(report, "paths"), "top")), 10);
    json_decref(report);
    mem_free(text);
    text = write_report(t, REPORT_TEXT);
    assert_non_null(strstr(text, "clients   about "));
    assert_non_null(strstr(text, "(too many different ones to count each"));
    mem_free(text);
    text = write_report(t, REPORT_HTML);
    assert_non_null(strstr(text, "clients (estimated)"));
    assert_non_null(strstr(text, "Clients are counted exactly up to 32768"));
    mem_free(text);
    tally_close(t);
    mem_free(t);
}

static void text_is_for_people(void **state)
{
    (void)state;
    struct tally *t = mem_alloc(sizeof *t);
    tally_init(t, TALLY_FULL);
    fill(t);
    char *text = write_report(t, REPORT_TEXT);
    assert_non_null(strstr(text, "Traffic of web, 2026-11-21\nfrom /var/log/nginx/access.log\n\n"
                                 "  requests  4\n  bytes     6.0 kB\n  clients   1\n"
                                 "  statuses  2xx 2, 4xx 1, 5xx 1\n"
                                 "  times     half within 20 ms, 90 % 2.00 s, 99 % 2.00 s, all "
                                 "2.00 s\n"
                                 "  lines     1,234 read, 3 malformed (cut 1, "
                                 "time 2)\n\nRequests by hour\n  00            0\n"));
    assert_non_null(strstr(text, "  09            4 |########"));
    assert_non_null(strstr(text, "             2     3.0 kB    20 ms   30 ms  /sample\n"
                                 "             0        0 B        -       -  /nobody\n"
                                 "             1                              (no route)\n"));
    assert_non_null(strstr(text, "\nPaths\n             2  /sample\n             1  /\n"));
    mem_free(text);
    tally_close(t);
    tally_init(t, TALLY_ROUTES);
    fill(t);
    assert_report(t, REPORT_TEXT,
                  "Traffic of web, 2026-11-21\nfrom /var/log/nginx/access.log\n\n  requests  4\n"
                  "  lines     1,234 read, 3 malformed (cut 1, time 2)\n"
                  "\nRoutes\n      requests  route\n             1  /\n             2  /sample\n"
                  "             0  /nobody\n             1  (no route)\n");
    tally_close(t);
    mem_free(t);
}

/* What of a page must not be: anything but text that came from a log, anything from elsewhere. */
struct page {
    size_t elements;
    bool harmful;
};

static void on_element(void *ctx, const XML_Char *name, const XML_Char **attributes)
{
    static const char *const known[] = {
        "html", "head",  "meta",  "title", "style", "body", "h1",      "h2",    "div",
        "b",    "span",  "p",     "ul",    "li",    "svg",  "g",       "rect",  "line",
        "text", "tspan", "table", "tr",    "th",    "td",   "section", "footer"};
    struct page *p = ctx;
    bool is_known = false;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        is_known = is_known || strcmp(known[i], name) == 0;
    p->elements++;
    p->harmful = p->harmful || !is_known;
    for (; attributes[0] != NULL; attributes += 2)
        if (strncmp(attributes[0], "on", 2) == 0 || strcmp(attributes[0], "href") == 0 ||
            strcmp(attributes[0], "src") == 0 || strcmp(attributes[0], "style") == 0 ||
            strstr(attributes[1], "evil") != NULL)
            p->harmful = true;
}

static void assert_harmless_page(const char *html)
{
    struct page p = {0};
    XML_Parser parser = XML_ParserCreate("UTF-8");
    XML_SetUserData(parser, &p);
    XML_SetStartElementHandler(parser, on_element);
    if (XML_Parse(parser, html, (int)strlen(html), 1) != XML_STATUS_OK)
        fail_msg("line %lu: %s", XML_GetCurrentLineNumber(parser),
                 XML_ErrorString(XML_GetErrorCode(parser)));
    XML_ParserFree(parser);
    assert_false(p.harmful);
    assert_in_range(p.elements, 20, 100000);
    assert_null(strstr(html, "url("));
    assert_null(strstr(html, "@import"));
}

static void hostile_texts_stay_texts(void **state)
{
    (void)state;
    static const char *const hostile[] = {
        "/evil<script>alert(1)</script>",
        "/evil\"onload=\"evil()",
        "/evil'&amp;&lt;",
        "/evil]]>",
        "/evil\x1b[31m\x07\b\r\n",
        "/evil\xff\xfe\xc0\x80",
        "/evil\xc2\x9b"
        "31m",
        "/evil\xe2\x80\xae"
        "gpj",
        "/evil<!--",
        "/evil-->",
        "/evil%00%3Cscript%3E",
        "/evil\t\v\f",
    };
    struct tally *t = mem_alloc(sizeof *t);
    tally_init(t, TALLY_FULL);
    for (size_t i = 0; i < sizeof hostile / sizeof *hostile; i++) {
        struct record r = {0};
        set(&r, FIELD_PATH, hostile[i]);
        set(&r, FIELD_AGENT, hostile[i]);
        set(&r, FIELD_REFERRER, hostile[i]);
        set(&r, FIELD_ADDR, hostile[i]);
        tally_add(t, &r, tally_route(t, hostile[i]));
        tally_add(t, &r, -1);
    }
    for (int i = 0; i < 3000; i++) /* so that there are the smallest of shares and times */
        add(t, "/often", i == 7 ? 500 : 200, 0, -1);
    t->latency.steps[50]++;
    t->latency.max_us = 50;
    char *text = write_report(t, REPORT_HTML);
    assert_harmless_page(text);
    assert_non_null(strstr(text, "below 0.1 %"));
    assert_non_null(strstr(text, "below 0.1 ms"));
    mem_free(text);
    text = write_report(t, REPORT_TEXT);
    for (size_t i = 0; text[i] != '\0'; i++)
        if ((unsigned char)text[i] < 0x20 && text[i] != '\n')
            fail_msg("control character %d in the text", text[i]);
    assert_null(strstr(text, "\xc2\x9b"));
    assert_null(strstr(text, "\xe2\x80\xae"));
    mem_free(text);
    text = write_report(t, REPORT_JSON);
    json_t *report = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
    assert_non_null(report);
    json_decref(report);
    mem_free(text);
    tally_close(t);
    mem_free(t);
}

static void nothing_is_a_report_too(void **state)
{
    (void)state;
    struct tally *t = mem_alloc(sizeof *t);
    for (int depth = TALLY_ROUTES; depth <= TALLY_FULL; depth++) {
        tally_init(t, (enum tally_depth)depth);
        char *text = write_report(t, REPORT_HTML);
        if (depth == TALLY_FULL)
            assert_harmless_page(text);
        assert_non_null(strstr(text, "</html>"));
        mem_free(text);
        text = write_report(t, REPORT_TEXT);
        assert_null(strstr(text, "nan"));
        mem_free(text);
        text = write_report(t, REPORT_JSON);
        assert_non_null(strstr(text, "\"requests\": 0"));
        mem_free(text);
        tally_close(t);
    }
    mem_free(t);
}

static void forms_have_names(void **state)
{
    (void)state;
    enum report_form form = REPORT_HTML;
    assert_true(report_form("json", &form) && form == REPORT_JSON);
    assert_true(report_form("viewbovis", &form) && form == REPORT_VIEWBOVIS);
    assert_true(report_form("text", &form) && form == REPORT_TEXT);
    assert_true(report_form("html", &form) && form == REPORT_HTML);
    assert_false(report_form("HTML", &form));
    assert_false(report_form("", &form));
}

static void assert_figure(struct buf *b, const char *expected)
{
    assert_string_equal(buf_str(b), expected);
    buf_clear(b);
}

static void figures_read_well(void **state)
{
    (void)state;
    // clang-format off
    static const struct {
        uint64_t value;
        const char *count;
        const char *bytes;
        const char *time;
    } rows[] = {
        {0, "0", "0 B", "0 ms"}, {7, "7", "7 B", "below 0.1 ms"}, {400, "400", "400 B", "0.4 ms"},
        {999, "999", "999 B", "1.0 ms"}, {1000, "1,000", "1.0 kB", "1 ms"},
        {9960, "9,960", "10.0 kB", "10 ms"}, {999949, "999,949", "999.9 kB", "1.00 s"},
        {999950, "999,950", "1.0 MB", "1.00 s"}, {1234567, "1,234,567", "1.2 MB", "1.23 s"},
        {12345678, "12,345,678", "12.3 MB", "12.3 s"},
        {123456789, "123,456,789", "123.5 MB", "123 s"},
        {UINT64_MAX, "18,446,744,073,709,551,615", "18.4 EB", "18446744073710 s"},
    };
    // clang-format on
    struct buf b = BUF_EMPTY;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        figure_count(&b, rows[i].value);
        assert_figure(&b, rows[i].count);
        figure_bytes(&b, rows[i].value);
        assert_figure(&b, rows[i].bytes);
        figure_time(&b, rows[i].value);
        assert_figure(&b, rows[i].time);
    }
    figure_share(&b, 0, 0);
    assert_figure(&b, "0 %");
    figure_share(&b, 1, 3);
    assert_figure(&b, "33.3 %");
    figure_share(&b, 1, 100000);
    assert_figure(&b, "below 0.1 %");
    figure_share(&b, 99999, 100000);
    assert_figure(&b, "99.9 %");
    figure_share(&b, 5, 5);
    assert_figure(&b, "100 %");
    figure_text(&b,
                "gr\xc3\xbc\xc3\x9f"
                "e\n\xff",
                9, 0);
    assert_figure(&b, "gr\xc3\xbc\xc3\x9f"
                      "e??");
    figure_text(&b,
                "gr\xc3\xbc\xc3\x9f"
                "e an alle",
                15, 8);
    assert_figure(&b, "gr\xc3\xbc\xc3\x9f"
                      "e...");
    figure_text(&b, "abcdefgh", 8, 8);
    assert_figure(&b, "abcdefgh");
    assert_int_equal(figure_step(1, 4), 1);
    assert_int_equal(figure_step(9, 4), 5);
    assert_int_equal(figure_step(1320, 4), 500);
    assert_int_equal(figure_step(4000, 4), 1000);
    assert_int_equal(figure_step(4001, 4), 2000);
    buf_close(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(viewbovis),
        cmocka_unit_test(json_has_everything),
        cmocka_unit_test(json_says_what_is_not_exact),
        cmocka_unit_test(text_is_for_people),
        cmocka_unit_test(hostile_texts_stay_texts),
        cmocka_unit_test(nothing_is_a_report_too),
        cmocka_unit_test(forms_have_names),
        cmocka_unit_test(figures_read_well),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
