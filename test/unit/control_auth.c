/* Protects who may come in, where requests go, and how processes are named. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "base/base64.h"
#include "base/buf.h"
#include "control/auth.h"
#include "control/fault.h"
#include "control/namespec.h"
#include "control/route.h"

#define SHA_OF_SECRET "{SHA}e5e9fa1ba31ecd1ae84f75caaa474f3a663f05f4"

static bool login(const char *credentials, const char *username, const char *password)
{
    struct buf header = BUF_EMPTY;
    buf_text(&header, "Basic ");
    base64_encode(&header, credentials, strlen(credentials));
    bool allowed = auth_allows(buf_str(&header), username, password);
    buf_close(&header);
    return allowed;
}

static void passwords(void **state)
{
    (void)state;
    // clang-format off
    static const struct { const char *given, *username, *password; bool allowed; } rows[] = {
        {"ada:secret",    "ada", "secret",      true},
        {"ada:secret",    "ada", SHA_OF_SECRET, true},
        {"ada:se:cret",   "ada", "se:cret",     true},
        {"ada:",          "ada", "",            true},
        {"ada:secre",     "ada", "secret",      false},
        {"ada:secrets",   "ada", "secret",      false},
        {"ada:secretsecret", "ada", "secret",   false},
        {"ada:Secret",    "ada", SHA_OF_SECRET, false},
        {"ada:",          "ada", "secret",      false},
        {"ada:x",         "ada", "",            false},
        {"eve:secret",    "ada", "secret",      false},
        {":secret",       "ada", "secret",      false},
        {"adasecret",     "ada", "secret",      false},
        {"",              "ada", "secret",      false},
        {"ada:" SHA_OF_SECRET, "ada", SHA_OF_SECRET, false}, /* the hash is not the password */
    };
    // clang-format on
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_int_equal(login(rows[i].given, rows[i].username, rows[i].password), rows[i].allowed);
}

static void headers_that_are_no_login(void **state)
{
    (void)state;
    static const char *const headers[] = {
        NULL, "", "Basic", "Basic ", "Basic !!!!", "Digest YWRhOnNlY3JldA==", "YWRhOnNlY3JldA=="};
    for (size_t i = 0; i < sizeof headers / sizeof *headers; i++)
        assert_false(auth_allows(headers[i], "ada", "secret"));
    assert_true(auth_allows("basic YWRhOnNlY3JldA==", "ada", "secret"));
    assert_true(auth_allows(NULL, NULL, NULL)); /* no authentication is wanted */
    assert_true(auth_allows("Basic Og==", NULL, NULL));
}

static void what_a_server_wants(void **state)
{
    struct auth a = {0};
    (void)state;
    auth_set(&a, "ada", "");
    assert_string_equal(a.username, "ada");
    auth_set(&a, "", "");
    assert_null(a.username);
    assert_null(a.password);
    auth_set(&a, "", "secret"); /* somebody wanted protection */
    assert_string_equal(a.username, "");
    assert_string_equal(a.password, "secret");
    auth_set(&a, NULL, NULL);
    assert_null(a.username);
    assert_null(a.password);
}

static void handle_nothing(struct router *r, struct exchange *x, const char *rest)
{
    (void)r;
    (void)x;
    (void)rest;
}

static void routes(void **state)
{
    static const struct route table[] = {
        {"/RPC2", "POST", handle_nothing},
        {"/logtail", "GET", handle_nothing},
        {"=/", "GET", handle_nothing},
        {"=/", "POST", handle_nothing},
    };
    static const struct router router = {table, 4, NULL};
    // clang-format off
    static const struct { const char *method, *path; int row; unsigned status; const char *rest; }
    rows[] = {
        {"POST", "/RPC2",            0, 200, ""},
        {"POST", "/RPC2/",           0, 200, "/"},
        {"POST", "/RPC2foo",         0, 200, "foo"},
        {"GET",  "/logtail/a/stdout", 1, 200, "/a/stdout"},
        {"GET",  "/RPC2",           -1, 400, NULL},
        {"POST", "/logtail/a",      -1, 400, NULL},
        {"GET",  "/nope",           -1, 404, NULL},
        {"HEAD", "/nope",           -1, 404, NULL},
        {"PUT",  "/nope",           -1, 400, NULL},
        {"GET",  "",                -1, 404, NULL},
        {"GET",  "/",                2, 200, ""},
        {"POST", "/",                3, 200, ""},
        {"HEAD", "/",               -1, 404, NULL},
        {"PUT",  "/",               -1, 400, NULL},
        {"POST", "/nope",           -1, 400, NULL},
    };
    // clang-format on
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const char *rest = NULL;
        unsigned status = 0;
        const struct route *row = route_find(&router, rows[i].method, rows[i].path, &rest, &status);
        assert_ptr_equal(row, rows[i].row < 0 ? NULL : &table[rows[i].row]);
        assert_int_equal(status, rows[i].status);
        if (row)
            assert_string_equal(rest, rows[i].rest);
    }
}

static void namespecs(void **state)
{
    (void)state;
    // clang-format off
    static const struct { const char *text, *group, *process; } rows[] = {
        {"web",       "web", "web"},
        {"web:a",     "web", "a"},
        {"web:a:b",   "web", "a:b"},
        {"web:*",     "web", NULL},
        {"web:",      "web", NULL},
        {":a",        "",    "a"},
        {"",          "",    ""},
    };
    // clang-format on
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct namespec n = namespec_split(rows[i].text);
        assert_string_equal(n.group, rows[i].group);
        if (rows[i].process)
            assert_string_equal(n.process, rows[i].process);
        else
            assert_null(n.process);
        namespec_close(&n);
    }
    struct buf joined = BUF_EMPTY;
    namespec_join("web", "web", &joined);
    buf_char(&joined, ' ');
    namespec_join("web", "a", &joined);
    assert_string_equal(buf_str(&joined), "web web:a");
    buf_close(&joined);
}

static void faults_in_words(void **state)
{
    (void)state;
    struct buf text = BUF_EMPTY;
    const struct outcome outcomes[] = {
        outcome_fault(FAULT_BAD_NAME, "web"),
        outcome_fault(FAULT_SHUTDOWN_STATE, NULL),
        outcome_fault(FAULT_BAD_NAME, ""),
    };
    for (size_t i = 0; i < 3; i++) {
        fault_text(&outcomes[i], &text);
        buf_char(&text, '|');
    }
    assert_string_equal(buf_str(&text), "BAD_NAME: web|SHUTDOWN_STATE|BAD_NAME: |");
    buf_close(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(passwords),
        cmocka_unit_test(what_a_server_wants),
        cmocka_unit_test(headers_that_are_no_login),
        cmocka_unit_test(routes),
        cmocka_unit_test(namespecs),
        cmocka_unit_test(faults_in_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
