/* Protects the stream of a listing: all pages in order, ahead but not far, or a failure. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "listing_text.h"
#include "sync/s3/lister.h"
#include "wire_fake.h"

static struct s3_place place = {
    .base = (char *)(uintptr_t) "/b",
    .bucket = (char *)(uintptr_t) "b",
    .prefix = (char *)(uintptr_t) "p/",
};
static unsigned changes;

static void on_change(struct lister *l)
{
    (void)l;
    changes++;
}

static void start(struct lister *l)
{
    fake_waiting = NULL;
    fake_sent = changes = 0;
    lister_start(l, NULL, &place, "p/");
    l->on_change = on_change;
}

/* Answers with a page of these keys, separated by blanks. */
static int give(const char *keys, const char *token)
{
    struct buf b = BUF_EMPTY;
    char copy[256];
    char *rest = copy;
    (void)snprintf(copy, sizeof copy, "%s", keys);
    listing_open(&b);
    for (char *key; (key = strsep(&rest, " ")) != NULL;) {
        if (*key)
            listing_object(&b, key, strlen(key), 1);
    }
    listing_end(&b, token);
    int rc = fake_answer(b.data, b.len, 7);
    buf_close(&b);
    return rc;
}

/* The next object's key, or what the stream says instead. */
static const char *take(struct lister *l)
{
    static char key[256];
    static const char *const states[] = {"ready", "wait", "end", "failed"};
    const struct object *o;
    enum lister_state state = lister_look(l, &o);
    if (state != LISTER_READY)
        return states[state];
    (void)snprintf(key, sizeof key, "%s", o->key);
    lister_next(l);
    return key;
}

static void pages_become_one_stream(void **state)
{
    (void)state;
    struct lister l;
    start(&l);
    assert_non_null(strstr(fake_waiting->target, "prefix=p%2F"));
    assert_null(strstr(fake_waiting->target, "continuation-token"));
    assert_true(fake_waiting->urgent);
    assert_string_equal(take(&l), "wait");
    assert_int_equal(give("p/a p/b", "t1+/"), 0);
    assert_int_equal(changes, 1);
    assert_non_null(strstr(fake_waiting->target, "continuation-token=t1%2B%2F"));
    assert_string_equal(take(&l), "p/a");
    assert_string_equal(take(&l), "p/b");
    assert_string_equal(take(&l), "wait");
    assert_int_equal(give("", "t2"), 0); /* an empty page is no end */
    assert_string_equal(take(&l), "wait");
    assert_int_equal(give("p/b!", NULL), 0);
    assert_null(fake_waiting);
    assert_string_equal(take(&l), "p/b!");
    assert_string_equal(take(&l), "end");
    assert_string_equal(take(&l), "end");
    assert_int_equal(l.listed, 3);
    assert_int_equal(changes, 3);
    lister_close(&l);
}

static void not_too_far_ahead(void **state)
{
    (void)state;
    struct lister l;
    start(&l);
    for (unsigned i = 0; i < LISTER_AHEAD; i++) {
        char key[8];
        char token[8];
        (void)snprintf(key, sizeof key, "p/%u", i);
        (void)snprintf(token, sizeof token, "t%u", i);
        assert_int_equal(give(key, token), 0);
    }
    assert_null(fake_waiting); /* nobody takes: nobody asks */
    assert_string_equal(take(&l), "p/0");
    assert_non_null(fake_waiting);
    assert_int_equal(fake_sent, LISTER_AHEAD + 1);
    assert_string_equal(take(&l), "p/1"); /* while the page is on its way */
    assert_int_equal(give("p/4 p/5", NULL), 0);
    static const char *const rest[] = {"p/2", "p/3", "p/4", "p/5", "end"};
    for (size_t i = 0; i < sizeof rest / sizeof *rest; i++)
        assert_string_equal(take(&l), rest[i]);
    lister_close(&l);
}

static void fails(const char *what, const char *says, int (*page)(void))
{
    struct lister l;
    start(&l);
    assert_int_equal(give("p/b p/c", "t"), 0);
    assert_string_equal(take(&l), "p/b");
    if (page() >= 0)
        fail_msg("%s: accepted", what);
    assert_string_equal(take(&l), "failed"); /* at once: what was listed cannot be used any more */
    assert_int_equal(l.why, SYNC_SERVER);
    if (!strstr(l.err.text, says))
        fail_msg("%s: %s", what, l.err.text);
    assert_null(fake_waiting);
    lister_close(&l);
}

static int page_of_before(void)
{
    return give("p/b p/c", NULL);
}

static int page_with_last_key(void)
{
    return give("p/c", NULL);
}

static int page_out_of_order(void)
{
    return give("p/e p/d", NULL);
}

static int page_twice(void)
{
    return give("p/d p/d", NULL);
}

static int page_in_circle(void)
{
    return give("p/d", "t");
}

static int page_outside(void)
{
    return give("q/d", NULL);
}

static int page_of_html(void)
{
    static const char text[] = "<html><body>Please log in</body></html>";
    return fake_answer(text, sizeof text - 1, 5);
}

static int page_cut(void)
{
    static const char text[] = "<ListBucketResult><IsTruncated>false</IsTruncated>";
    return fake_answer(text, sizeof text - 1, 5);
}

static int page_empty(void)
{
    return fake_answer("", 0, 1);
}

static void untrusted_pages(void **state)
{
    (void)state;
    fails("the first page again", "order", page_of_before);
    fails("begins with the last key", "order", page_with_last_key);
    fails("out of order", "order", page_out_of_order);
    fails("a key twice", "twice", page_twice);
    fails("the same token", "circle", page_in_circle);
    fails("outside of the prefix", "outside", page_outside);
    fails("a web page", "no listing", page_of_html);
    fails("half a page", "well-formed", page_cut);
    fails("no body", "well-formed", page_empty);
}

/* Half a page, then a whole one: only the whole one counts. */
static void second_try(void **state)
{
    (void)state;
    struct lister l;
    struct err e;
    struct buf b = BUF_EMPTY;
    start(&l);
    listing_open(&b);
    listing_object(&b, "p/a", 3, 1);
    listing_object(&b, "p/b", 3, 1);
    assert_int_equal(fake_try(b.data, b.len, 10, &e), -EBADMSG);
    assert_string_equal(take(&l), "wait");
    assert_int_equal(give("p/a p/c", NULL), 0);
    assert_string_equal(take(&l), "p/a");
    assert_string_equal(take(&l), "p/c");
    assert_string_equal(take(&l), "end");
    buf_close(&b);
    lister_close(&l);
}

static void request_fails(void **state)
{
    (void)state;
    struct lister l;
    start(&l);
    assert_string_equal(take(&l), "wait");
    fake_fail(SYNC_DENIED, "no");
    assert_int_equal(changes, 1);
    assert_string_equal(take(&l), "failed");
    assert_int_equal(l.why, SYNC_DENIED);
    assert_string_equal(l.err.text, "no");
    lister_close(&l);
}

static void endless_nothing(void **state)
{
    (void)state;
    struct lister l;
    start(&l);
    unsigned pages = 0;
    for (; fake_waiting && pages < 100000; pages++) {
        char token[16];
        (void)snprintf(token, sizeof token, "t%u", pages);
        assert_int_equal(give("", token), 0);
        (void)take(&l);
    }
    assert_true(pages < 2000);
    assert_string_equal(take(&l), "failed");
    lister_close(&l);
}

static void closed_at_any_time(void **state)
{
    (void)state;
    struct lister l;
    struct err e;
    start(&l);
    lister_close(&l);
    assert_null(fake_waiting);
    start(&l);
    assert_int_equal(give("p/b p/c", "t"), 0);
    assert_int_equal(fake_try("<ListBu", 7, 1, &e), -EBADMSG);
    lister_close(&l);
    assert_null(fake_waiting);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pages_become_one_stream), cmocka_unit_test(not_too_far_ahead),
        cmocka_unit_test(untrusted_pages),         cmocka_unit_test(second_try),
        cmocka_unit_test(request_fails),           cmocka_unit_test(endless_nothing),
        cmocka_unit_test(closed_at_any_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
