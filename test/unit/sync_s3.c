/* Protects names on the S3 side: sources, endpoints, encoding, what error answers mean, keys. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "sync/s3/s3.h"
#include "sync/s3/s3key.h"

// clang-format off
static const struct {
    struct s3_where where;
    const char *origin, *host, *base, *prefix;
} places[] = {
    {{"s3://data/p", NULL, "eu-west-1", S3_STYLE_AUTO},
     "https://data.s3.eu-west-1.amazonaws.com", "data.s3.eu-west-1.amazonaws.com", "", "p/"},
    {{"s3://my.data", NULL, "eu-west-1", S3_STYLE_AUTO}, /* no certificate covers the dot */
     "https://s3.eu-west-1.amazonaws.com", "s3.eu-west-1.amazonaws.com", "/my.data", ""},
    {{"s3://data/", NULL, "cn-north-1", S3_STYLE_PATH},
     "https://s3.cn-north-1.amazonaws.com.cn", "s3.cn-north-1.amazonaws.com.cn", "/data", ""},
    {{"s3://data/a/b/", "http://127.0.0.1:8080", "r", S3_STYLE_AUTO},
     "http://127.0.0.1:8080", "127.0.0.1:8080", "/data", "a/b/"},
    {{"s3://data/x", "http://127.0.0.1:80/", "r", S3_STYLE_AUTO},
     "http://127.0.0.1", "127.0.0.1", "/data", "x/"},
    {{"s3://data/x", "https://[::1]:443", "r", S3_STYLE_AUTO},
     "https://[::1]", "[::1]", "/data", "x/"},
    {{"s3://data/x", "https://h:80/s3/", "r", S3_STYLE_AUTO},
     "https://h:80", "h:80", "/s3/data", "x/"},
    {{"s3://data/x", "HTTP://s3.localhost:9", "r", S3_STYLE_VIRTUAL},
     "http://data.s3.localhost:9", "data.s3.localhost:9", "", "x/"},
};

static const struct s3_where bad_places[] = {
    {"data/x", NULL, "r", S3_STYLE_AUTO},
    {"s3://", NULL, "r", S3_STYLE_AUTO},
    {"s3://ab/x", NULL, "r", S3_STYLE_AUTO},
    {"s3://a b c/x", NULL, "r", S3_STYLE_AUTO},
    {"s3://data@evil/x", NULL, "r", S3_STYLE_AUTO},
    {"s3://data", NULL, "", S3_STYLE_AUTO},
    {"s3://data", NULL, "evil.example/", S3_STYLE_AUTO},
    {"s3://data", "ftp://h", "r", S3_STYLE_AUTO},
    {"s3://data", "http://", "r", S3_STYLE_AUTO},
    {"s3://data", "http://h?x=1", "r", S3_STYLE_AUTO},
    {"s3://data", "http://h\r\nX: y", "r", S3_STYLE_AUTO},
};
// clang-format on

static void places_are_found(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        struct s3_place p;
        struct err e;
        assert_int_equal(s3_place_init(&p, &places[i].where, &e), 0);
        assert_string_equal(p.origin, places[i].origin);
        assert_string_equal(p.host, places[i].host);
        assert_string_equal(p.base, places[i].base);
        assert_string_equal(p.prefix, places[i].prefix);
        s3_place_close(&p);
    }
}

static void bad_places_are_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof bad_places / sizeof *bad_places; i++) {
        struct s3_place p;
        struct err e = {0};
        assert_int_equal(s3_place_init(&p, &bad_places[i], &e), -EINVAL);
        assert_true(e.text[0] != '\0');
    }
}

static void endpoint_secrets_are_not_repeated(void **state)
{
    (void)state;
    const struct s3_where w = {"s3://data", "http://me:hunter2@h", "r", S3_STYLE_AUTO};
    struct s3_place p;
    struct err e;
    assert_int_equal(s3_place_init(&p, &w, &e), -EINVAL);
    assert_null(strstr(e.text, "hunter2"));
}

static void targets_are_encoded_once(void **state)
{
    (void)state;
    struct s3_place p;
    struct err e;
    const struct s3_where w = {"s3://data/a b/ü+", "http://h", "r", S3_STYLE_AUTO};
    assert_int_equal(s3_place_init(&p, &w, &e), 0);
    static const char key[] = "a b/\xc3\xbc+/~x/%2F?&=#;'\"*\\\n..//./z";
    char *target = s3_object_target(&p, key, sizeof key - 1);
    assert_string_equal(target,
                        "/data/a%20b/%C3%BC%2B/~x/%252F%3F%26%3D%23%3B%27%22%2A%5C%0A..//./z");
    mem_free(target);
    target = s3_list_target(&p, NULL);
    assert_string_equal(target, "/data?encoding-type=url&list-type=2&prefix=a%20b%2F%C3%BC%2B%2F");
    mem_free(target);
    target = s3_list_target(&p, "1+/=");
    assert_string_equal(target, "/data?continuation-token=1%2B%2F%3D&encoding-type=url&list-type=2"
                                "&prefix=a%20b%2F%C3%BC%2B%2F");
    mem_free(target);
    s3_place_close(&p);
}

static void decoding(void **state)
{
    (void)state;
    char text[] = "a+b%2Bc%2fd%00e%";
    size_t len = strlen(text);
    assert_false(s3_decode(text, &len));
    char good[] = "a+b%2Bc%2fd%00e";
    len = strlen(good);
    assert_true(s3_decode(good, &len));
    assert_int_equal(len, 9);
    assert_memory_equal(good, "a b+c/d\0e", 10);
    static const char *const wrong[] = {"%", "%4", "%g1", "%1g", "a%"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        char *copy = mem_strdup(wrong[i]);
        len = strlen(copy);
        assert_false(s3_decode(copy, &len));
        mem_free(copy);
    }
}

static void answers_are_explained(void **state)
{
    (void)state;
    // clang-format off
    static const struct {
        long status; const char *code, *region; enum sync_exit kind; bool transient; const char *word;
    } rows[] = {
        {403, "SignatureDoesNotMatch", "", SYNC_DENIED, false, "secret"},
        {403, "AccessDenied", "", SYNC_DENIED, false, "'data' is denied"},
        {403, "RequestTimeTooSkewed", "", SYNC_DENIED, false, "clock"},
        {403, "", "", SYNC_DENIED, false, "'data' is forbidden"},
        {404, "NoSuchBucket", "", SYNC_NOT_FOUND, false, "no bucket 'data'"},
        {404, "", "", SYNC_NOT_FOUND, false, "(404)"},
        {404, "NoSuchKey", "", SYNC_OBJECTS, false, "gone"},
        {412, "PreconditionFailed", "", SYNC_OBJECTS, false, "changed"},
        {301, "PermanentRedirect", "eu-west-1", SYNC_DENIED, false, "region eu-west-1, not r"},
        {400, "RequestTimeout", "", SYNC_SERVER, true, "waiting"},
        {400, "Strange\nThing", "", SYNC_SERVER, false, "(400 Strange Thing)"},
        {503, "SlowDown", "", SYNC_SERVER, true, "slow down"},
        {500, "", "", SYNC_SERVER, true, "failed"},
        {429, "", "", SYNC_SERVER, true, "slow down"},
    };
    // clang-format on
    struct s3_place p;
    struct err e;
    const struct s3_where w = {"s3://data", "http://h", "r", S3_STYLE_AUTO};
    assert_int_equal(s3_place_init(&p, &w, &e), 0);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct s3_error error = {0};
        (void)snprintf(error.code, sizeof error.code, "%s", rows[i].code);
        (void)snprintf(error.region, sizeof error.region, "%s", rows[i].region);
        assert_int_equal(s3_explain(&p, rows[i].status, &error, &e), rows[i].kind);
        assert_non_null(strstr(e.text, rows[i].word));
        assert_null(strchr(e.text, '\n'));
        assert_int_equal(s3_is_transient(rows[i].status, &error), rows[i].transient);
    }
    s3_place_close(&p);
}

static void keys_as_file_names(void **state)
{
    (void)state;
    static char long_ok[256];
    static char long_bad[300];
    memset(long_ok, 'x', 255);
    memset(long_bad, 'x', 256);
    // clang-format off
    static const struct { const char *key; enum s3key_fault fault; } rows[] = {
        {"a", KEY_OK}, {"a/b.c", KEY_OK}, {"...", KEY_OK}, {".a/..b", KEY_OK}, {"a b\n", KEY_OK},
        {"", KEY_EMPTY}, {"a//b", KEY_EMPTY}, {"a/", KEY_EMPTY}, {"/a", KEY_ABSOLUTE},
        {"/", KEY_ABSOLUTE}, {"..", KEY_DOTS}, {".", KEY_DOTS}, {"../x", KEY_DOTS},
        {"x/../../y", KEY_DOTS}, {"x/.", KEY_DOTS}, {"./x", KEY_DOTS},
        {long_ok, KEY_OK}, {long_bad, KEY_LONG},
    };
    // clang-format on
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_int_equal(s3key_check(rows[i].key, strlen(rows[i].key)), rows[i].fault);
    assert_int_equal(s3key_check("a\0b", 3), KEY_NUL);
}

static void a_name_follows_what_it_begins(void **state)
{
    (void)state;
    static const char *const order[] = {"a!",  "a-b", "a.b", "a/b/c", "a/b",
                                        "a/c", "a",   "b",   "\xff"};
    for (size_t i = 0; i < sizeof order / sizeof *order; i++) {
        for (size_t j = 0; j < sizeof order / sizeof *order; j++) {
            int want = i < j ? -1 : i > j;
            assert_int_equal(path_order(order[i], order[j]), want);
        }
    }
    assert_true(s3key_inside("a/b", "a"));
    assert_false(s3key_inside("ab", "a"));
    assert_false(s3key_inside("a", "a"));
}

static void keys_are_shown_harmless(void **state)
{
    (void)state;
    struct buf b = BUF_EMPTY;
    s3key_show(&b, "a\n\x1b[31m\0z", 9);
    assert_string_equal(buf_str(&b), "'a\\x0a\\x1b[31m\\x00z'");
    buf_close(&b);
}

// clang-format off
static const struct {
    struct s3_where where;
    const char *region, *origin, *host, *base;
} moves[] = {
    {{"s3://data", NULL, "us-east-1", S3_STYLE_AUTO}, "eu-west-1",
     "https://data.s3.eu-west-1.amazonaws.com", "data.s3.eu-west-1.amazonaws.com", ""},
    {{"s3://my.data", NULL, "us-east-1", S3_STYLE_AUTO}, "cn-north-1",
     "https://s3.cn-north-1.amazonaws.com.cn", "s3.cn-north-1.amazonaws.com.cn", "/my.data"},
    {{"s3://data", "http://h:9", "us-east-1", S3_STYLE_AUTO}, "eu-west-1", /* only the signature */
     "http://h:9", "h:9", "/data"},
};
// clang-format on

static void a_place_moves_to_its_region(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof moves / sizeof *moves; i++) {
        struct s3_place p;
        struct err e;
        assert_int_equal(s3_place_init(&p, &moves[i].where, &e), 0);
        assert_false(s3_place_move(&p, "evil.example/"));
        assert_false(s3_place_move(&p, ""));
        assert_string_equal(p.region, "us-east-1");
        assert_true(s3_place_move(&p, moves[i].region));
        assert_true(s3_place_move(&p, p.region));
        assert_string_equal(p.region, moves[i].region);
        assert_string_equal(p.origin, moves[i].origin);
        assert_string_equal(p.host, moves[i].host);
        assert_string_equal(p.base, moves[i].base);
        s3_place_close(&p);
    }
}

static void some_refusals_are_not_the_last_word(void **state)
{
    (void)state;
    // clang-format off
    static const struct { const char *code; long status; bool transient, throttling, expired; }
    rows[] = {
        {"SlowDown",       503, true,  true,  false},
        {"",               503, true,  true,  false},
        {"",               429, true,  true,  false},
        {"InternalError",  500, true,  false, false},
        {"",               502, true,  false, false},
        {"",               501, false, false, false},
        {"RequestTimeout", 400, true,  false, false},
        {"AccessDenied",   403, false, false, false},
        {"ExpiredToken",   400, false, false, true},
        {"InvalidToken",   400, false, false, false},
    };
    // clang-format on
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct s3_error error = {0};
        (void)snprintf(error.code, sizeof error.code, "%s", rows[i].code);
        assert_int_equal(s3_is_transient(rows[i].status, &error), rows[i].transient);
        assert_int_equal(s3_is_throttling(rows[i].status, &error), rows[i].throttling);
        assert_int_equal(s3_is_expired(&error), rows[i].expired);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_place_moves_to_its_region),
        cmocka_unit_test(some_refusals_are_not_the_last_word),
        cmocka_unit_test(places_are_found),
        cmocka_unit_test(bad_places_are_refused),
        cmocka_unit_test(endpoint_secrets_are_not_repeated),
        cmocka_unit_test(targets_are_encoded_once),
        cmocka_unit_test(decoding),
        cmocka_unit_test(answers_are_explained),
        cmocka_unit_test(keys_as_file_names),
        cmocka_unit_test(a_name_follows_what_it_begins),
        cmocka_unit_test(keys_are_shown_harmless),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
