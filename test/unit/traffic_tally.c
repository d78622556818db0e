/* Protects what is counted of a request, and that a saved tally goes on as if it had not been. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "traffic/record.h"
#include "traffic/report.h"
#include "traffic/tally.h"

/* A request as the reader of logs gives it; NULL and negative: not there. */
struct request {
    const char *address;
    const char *path;
    const char *referrer;
    const char *agent;
    int status;
    int64_t bytes;
    int64_t us;
    int hour;
};

static void set(struct record *r, enum field field, const char *text)
{
    if (text == NULL)
        return;
    r->have |= FIELD_BIT(field);
    r->field[field] = (struct span){text, strlen(text)};
}

static void add(struct tally *t, const struct request *q, int route)
{
    struct record r = {.when.hour = (int16_t)q->hour};
    set(&r, FIELD_ADDR, q->address);
    set(&r, FIELD_PATH, q->path);
    set(&r, FIELD_REFERRER, q->referrer);
    set(&r, FIELD_AGENT, q->agent);
    if (q->status > 0) {
        r.have |= FIELD_BIT(FIELD_STATUS);
        r.status = q->status;
    }
    if (q->bytes >= 0) {
        r.have |= FIELD_BIT(FIELD_BYTES);
        r.bytes = (uint64_t)q->bytes;
    }
    if (q->us >= 0) {
        r.have |= FIELD_BIT(FIELD_LATENCY);
        r.latency_us = (uint64_t)q->us;
    }
    tally_add(t, &r, route);
}

static struct tally *new_tally(enum tally_depth depth, size_t routes)
{
    static const char *const names[] = {"/", "/sample", "~^/a\"[0-9]+$"};
    struct tally *t = mem_alloc(sizeof *t);
    tally_init(t, depth);
    for (size_t i = 0; i < routes; i++)
        assert_int_equal(tally_route(t, names[i]), i);
    return t;
}

static void free_tally(struct tally *t)
{
    tally_close(t);
    mem_free(t);
}

static char *text_of(const struct tally *t, enum report_form form)
{
    struct report r = {.tally = t, .name = "x", .day = "2026-11-21"};
    struct buf out = BUF_EMPTY;
    report_write(&r, form, &out);
    return buf_take(&out);
}

static void assert_same_reports(const struct tally *a, const struct tally *b)
{
    for (enum report_form form = REPORT_JSON; form <= REPORT_HTML; form++) {
        char *left = text_of(a, form);
        char *right = text_of(b, form);
        assert_string_equal(left, right);
        mem_free(left);
        mem_free(right);
    }
}

static void every_field_is_counted(void **state)
{
    (void)state;
    struct tally *t = new_tally(TALLY_FULL, 2);
    add(t, &(struct request){"1.1.1.1", "/", "http://a/?q=1", "curl", 200, 100, 5000, 0}, 0);
    add(t, &(struct request){"1.1.1.1", "/", "http://a/", "curl", 304, 0, 7000, 23}, 0);
    add(t, &(struct request){"::1", "/sample", NULL, NULL, 499, 50, -1, 23}, 1);
    add(t, &(struct request){"::1", NULL, NULL, NULL, 502, 7, -1, 23}, -1);
    add(t, &(struct request){NULL, "/x", NULL, NULL, -1, -1, -1, 12}, -1);
    add(t, &(struct request){NULL, "/y", NULL, NULL, 999, 1, -1, 12}, 7); /* no such route */
    assert_int_equal(t->requests, 6);
    assert_int_equal(t->bytes, 158);
    assert_int_equal(t->no_route, 3);
    assert_int_equal(t->no_path, 1);
    static const uint64_t classes[TALLY_CLASSES] = {2, 0, 1, 1, 1, 1};
    assert_memory_equal(t->classes, classes, sizeof classes);
    assert_int_equal(t->codes[499], 1);
    assert_int_equal(t->codes[999], 1);
    assert_int_equal(t->codes[0], 1);
    assert_int_equal(t->hours[0].requests, 1);
    assert_int_equal(t->hours[23].requests, 3);
    assert_int_equal(t->hours[23].bytes, 57);
    assert_int_equal(t->hours[23].classes[5], 1);
    assert_int_equal(t->hours[12].requests, 2);
    assert_int_equal(t->routes[0].requests, 2);
    assert_int_equal(t->routes[0].bytes, 100);
    assert_int_equal(t->routes[0].classes[3], 1);
    assert_int_equal(t->routes[0].latency->max_us, 7000);
    assert_int_equal(t->routes[1].requests, 1);
    assert_null(t->routes[1].latency);
    assert_int_equal(clients_count(&t->clients), 2);
    assert_int_equal(t->latency.count, 2);
    assert_int_equal(t->paths.total, 5);
    assert_int_equal(t->referrers.count, 1); /* the query is nobody's business */
    assert_int_equal(t->agents.total, 2);
    free_tally(t);
}

static void only_routes_when_nothing_else_is_wanted(void **state)
{
    (void)state;
    struct request q = {"1.1.1.1", "/", "r", "a", 200, 100, 5000, 0};
    struct tally *t = new_tally(TALLY_ROUTES, 2);
    assert_int_equal(tally_wants(t), 0);
    add(t, &q, 1);
    add(t, &q, -1);
    assert_int_equal(t->requests, 2);
    assert_int_equal(t->routes[1].requests, 1);
    assert_int_equal(t->no_route, 1);
    assert_int_equal(t->bytes + t->paths.total + t->agents.total + clients_count(&t->clients), 0);
    free_tally(t);

    t = new_tally(TALLY_ROUTES, 0);
    assert_int_equal(tally_wants(t), FIELD_BIT(FIELD_PATH));
    add(t, &q, -1);
    add(t, &(struct request){.status = 200}, -1);
    assert_int_equal(t->paths.total, 1);
    assert_int_equal(t->no_path, 1);
    assert_int_equal(t->agents.total, 0);
    free_tally(t);
    t = new_tally(TALLY_FULL, 0);
    assert_int_equal(tally_wants(t) & FIELD_BIT(FIELD_USER), 0);
    assert_int_not_equal(tally_wants(t) & FIELD_BIT(FIELD_LATENCY), 0);
    for (int i = 0; i < TALLY_ROUTES_MAX; i++)
        assert_int_equal(tally_route(t, "/x"), i);
    assert_int_equal(tally_route(t, "/x"), -1);
    free_tally(t);
}

/* The n-th request of a day with everything in it. */
static void add_number(struct tally *t, unsigned n)
{
    char address[64];
    char path[64];
    char agent[64];
    (void)snprintf(address, sizeof address, n % 3 ? "10.0.%u.%u" : "2001:db8::%u:%u", n % 200,
                   n % 97);
    (void)snprintf(path, sizeof path, "/%u\xff%c", n % 11000, 1 + (int)(n % 7));
    (void)snprintf(agent, sizeof agent, "agent %u \"\\", n % 40);
    add(t,
        &(struct request){address, n % 50 ? path : NULL, n % 4 ? NULL : "http://\xe4/", agent,
                          n % 10 ? 200 : (int)(100 + n % 600), n % 1000, (int64_t)(n % 777) * 1001,
                          (int)(n / 1000 % 24)},
        (int)(n % 5) - 1 > 1 ? -1 : (int)(n % 5) - 1);
}

static void load(struct tally *t, const struct tally *from)
{
    struct buf saved = BUF_EMPTY;
    struct buf again = BUF_EMPTY;
    struct err e;
    tally_save(from, &saved);
    if (tally_load(t, saved.data, saved.len, &e) != 0)
        fail_msg("%s", e.text);
    tally_save(t, &again);
    assert_string_equal(buf_str(&again), buf_str(&saved));
    buf_close(&saved);
    buf_close(&again);
}

static void goes_on_after_save(enum tally_depth depth, size_t routes, unsigned first, unsigned all)
{
    struct tally *t = new_tally(depth, routes);
    struct tally *again = new_tally(depth, routes);
    for (unsigned n = 0; n < first; n++)
        add_number(t, n);
    load(again, t);
    assert_same_reports(t, again);
    for (unsigned n = first; n < all; n++) {
        add_number(t, n);
        add_number(again, n);
    }
    assert_same_reports(t, again);
    free_tally(t);
    free_tally(again);
}

static void a_saved_tally_goes_on(void **state)
{
    (void)state;
    goes_on_after_save(TALLY_FULL, 3, 0, 100);
    goes_on_after_save(TALLY_FULL, 3, 5000, 6000);
    goes_on_after_save(TALLY_FULL, 0, 20000, 30000); /* beyond what top lists hold exactly */
    goes_on_after_save(TALLY_ROUTES, 3, 1000, 2000);
    goes_on_after_save(TALLY_ROUTES, 0, 1000, 2000);
}

/* The day may be asked for again: its numbers stay, and what is cut off is said. */
static void what_is_over_becomes_small(void **state)
{
    (void)state;
    struct tally *t = new_tally(TALLY_FULL, 2);
    struct buf before = BUF_EMPTY;
    struct buf after = BUF_EMPTY;
    for (unsigned n = 0; n < 100; n++)
        add_number(t, n);
    tally_save(t, &before);
    tally_shrink(t);
    tally_save(t, &after);
    assert_string_equal(buf_str(&after), buf_str(&before)); /* small as it is */
    for (unsigned n = 100; n < 30000; n++)
        add_number(t, n);
    uint64_t clients = clients_count(&t->clients);
    buf_clear(&before);
    tally_save(t, &before);
    tally_shrink(t);
    buf_clear(&after);
    tally_save(t, &after);
    assert_in_range(after.len, 1, before.len / 2);
    assert_in_range(after.len, 1, TALLY_SMALL);
    assert_int_equal(t->requests, 30000);
    assert_int_equal(t->paths.total, 29400);
    assert_false(top_exact(&t->paths));
    assert_true(top_exact(&t->agents));
    assert_false(clients_exact(&t->clients));
    assert_in_range(clients_count(&t->clients), clients - clients / 20, clients + clients / 20);
    buf_close(&before);
    buf_close(&after);
    free_tally(t);
}

static void assert_refused(struct tally *t, const char *text, size_t len, int code)
{
    struct err e = {0};
    int rc = tally_load(t, text, len, &e);
    if (rc != code)
        fail_msg("%.200s: %d (%s)", text, rc, e.text);
    assert_int_not_equal(strlen(e.text), 0);
    assert_int_equal(t->requests, 0);
    assert_int_equal(t->paths.count, 0);
}

static void what_is_no_tally_is_refused(void **state)
{
    (void)state;
    struct tally *t = new_tally(TALLY_FULL, 2);
    struct tally *other = new_tally(TALLY_FULL, 2);
    struct buf saved = BUF_EMPTY;
    assert_refused(t, "", 0, -EINVAL);
    assert_refused(t, "{}", 2, -EINVAL);
    assert_refused(t, "[1]", 3, -EINVAL);
    for (unsigned n = 0; n < 300; n++)
        add_number(other, n);
    tally_save(other, &saved);
    for (size_t len = 0; len < saved.len; len += 1 + saved.len / 500)
        assert_refused(t, saved.data, len, -EINVAL); /* cut */
    struct tally *more = new_tally(TALLY_FULL, 3);
    struct tally *flat = new_tally(TALLY_ROUTES, 2);
    assert_refused(more, saved.data, saved.len, -ESTALE);
    assert_refused(flat, saved.data, saved.len, -ESTALE);
    free_tally(more);
    free_tally(flat);
    free_tally(other);
    free_tally(t);
    buf_close(&saved);
}

/* Every kind of value in every place: loaded or refused, never more than that. */
static void damaged_numbers_do_no_harm(void **state)
{
    (void)state;
    static const char *const values[] = {"-1", "9223372036854775807", "null", "\"\"", "[]", "1.5"};
    struct tally *from = new_tally(TALLY_FULL, 2);
    struct buf saved = BUF_EMPTY;
    for (unsigned n = 0; n < 40; n++)
        add_number(from, n);
    tally_save(from, &saved);
    free_tally(from);
    unsigned refused = 0;
    unsigned tried = 0;
    for (size_t at = 0; at < saved.len; at++) {
        size_t digits = strspn(saved.data + at, "0123456789");
        if (digits == 0 || strchr("[,:", at > 0 ? saved.data[at - 1] : 'x') == NULL)
            continue;
        struct buf text = BUF_EMPTY;
        buf_append(&text, saved.data, at);
        buf_text(&text, values[tried % 6]);
        buf_text(&text, saved.data + at + digits);
        struct tally *t = new_tally(TALLY_FULL, 2);
        struct err e;
        if (tally_load(t, text.data, text.len, &e) != 0)
            refused++;
        else
            mem_free(text_of(t, REPORT_HTML));
        tried++;
        free_tally(t);
        buf_close(&text);
        at += digits;
    }
    buf_close(&saved);
    assert_in_range(tried, 300, 100000);
    assert_in_range(refused, tried / 2, tried);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_field_is_counted),
        cmocka_unit_test(only_routes_when_nothing_else_is_wanted),
        cmocka_unit_test(a_saved_tally_goes_on),
        cmocka_unit_test(what_is_over_becomes_small),
        cmocka_unit_test(what_is_no_tally_is_refused),
        cmocka_unit_test(damaged_numbers_do_no_harm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
