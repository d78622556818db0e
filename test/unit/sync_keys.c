/* Protects how keys are read: AWS files, files of variables, answers of services, programs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/mem.h"
#include "sync/s3/awsfile.h"
#include "sync/s3/helper.h"
#include "sync/s3/http.h"
#include "sync/s3/keydoc.h"
#include "sync/s3/sts.h"

static char path[] = "/tmp/mainstay-keys-XXXXXX";

static void check_value(const char *text, const struct awsfile_place *at, const char *want)
{
    char *value = awsfile_value(text, at, "k");
    if (want)
        assert_string_equal(value, want);
    else
        assert_null(value);
    mem_free(value);
}

static void values_of_files(void **state)
{
    (void)state;
    const struct awsfile_place a = {.section = "a"};
    const struct awsfile_place b = {.section = "b"};
    const struct awsfile_place profile = {.kind = "profile", .section = "my own"};
    const struct awsfile_place below = {.section = "a", .under = "s3"};
    check_value("[a]\nk=1\n[b]\nk = 2", &b, "2");
    check_value("[a]\nK: 1:2 # no comment\n", &a, "1:2 # no comment");
    check_value("[a\nk=1\n", &a, NULL);
    check_value("[a]\nk=\nkk=1\n", &a, NULL);
    check_value("[a]\nk\n", &a, NULL);
    check_value("[a]\n#k=1\n;k=2\n\nx =\n  k=3\n", &a, NULL);
    check_value("", &a, NULL);
    check_value("[profile   \"my own\"]\nk=1\n", &profile, "1");
    check_value("[profile my own ]\nk=1\n", &profile, "1");
    check_value("[profilemy own]\nk=1\n", &profile, NULL);
    check_value("[my own]\nk=1\n", &profile, NULL);
    check_value("[a]\nk=0\nec2 =\n  k=1\ns3 =\n  k=2\nk=3\n", &below, "2");
    check_value("[a]\ns3 =\nx=1\n  k=2\n[b]\ns3=\n k=3\n", &below, NULL);
    assert_true(awsfile_has("x\n[a]", &a));
    assert_false(awsfile_has("[ab]\n", &a));
}

static void variables(void **state)
{
    (void)state;
    struct envfile f;
    struct err e;
    static const char text[] = "\n  # c\nA=1\n export B = two words \nC='a\\n#b' # c\n"
                               "D=\"a\\n\\\"\\$x\\q\"\nE=a#b #c\nF=\nG=\"\"\nA=last\r\nH=#h";
    assert_int_equal(fd_write_file(path, text, sizeof text - 1, 0600, &e), 0);
    assert_int_equal(envfile_read(&f, path, &e), 0);
    assert_string_equal(envfile_own(&f, "A"), "last");
    assert_string_equal(envfile_own(&f, "B"), "two words");
    assert_string_equal(envfile_own(&f, "C"), "a\\n#b");
    assert_string_equal(envfile_own(&f, "D"), "a\n\"$x\\q");
    assert_string_equal(envfile_own(&f, "E"), "a#b");
    assert_null(envfile_own(&f, "F"));
    assert_null(envfile_own(&f, "G"));
    assert_string_equal(envfile_own(&f, "H"), "#h");
    (void)setenv("F", "of the environment", 1);
    assert_string_equal(envfile_get(&f, "F"), "of the environment");
    envfile_close(&f);
    static const char *const wrong[] = {"x", "=1", "A='1", "A=\"1\" 2", "A B=1", "A='1'x"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        assert_int_equal(fd_write_file(path, wrong[i], strlen(wrong[i]), 0600, &e), 0);
        assert_int_equal(envfile_read(&f, path, &e), -EINVAL);
    }
    assert_int_equal(fd_write_file(path, "A=1\0B", 5, 0600, &e), 0);
    assert_int_equal(envfile_read(&f, path, &e), -EINVAL);
    assert_int_equal(fd_write_file(path, "", 0, 0600, &e), 0);
    assert_int_equal(envfile_read(&f, path, &e), 0);
    envfile_close(&f);
}

static void times(void **state)
{
    (void)state;
    int64_t t = -1;
    assert_true(keydoc_time("2024-05-01T00:00:00Z", &t));
    assert_int_equal(t, 1714521600);
    assert_true(keydoc_time("2024-05-01T02:00:00.123456+02:00", &t));
    assert_int_equal(t, 1714521600);
    assert_true(keydoc_time("2024-04-30T20:30:00-0330", &t));
    assert_int_equal(t, 1714521600);
    static const char *const wrong[] = {"",
                                        "2024-05-01",
                                        "2024-05-01T00:00:00",
                                        "2024-05-01T00:00:00+",
                                        "2024-05-01T00:00:00+25",
                                        "2024-05-01T00:00:00Zx",
                                        "2024-13-01T00:00:00Z",
                                        "yesterday"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_false(keydoc_time(wrong[i], &t));
    assert_int_equal(t, 1714521600);
}

static void check_refusal(const char *text, int want, const char *word)
{
    struct creds c = {0};
    struct err e;
    int rc = keydoc_read(text, strlen(text), "the place", &c, &e);
    if (rc != want || !strstr(e.text, word) || strncmp(e.text, "the place", 9) != 0)
        fail_msg("%s: %d, %s", text, rc, e.text);
    assert_null(strstr(e.text, "hunter2"));
    assert_null(c.access_key);
    assert_null(c.secret);
}

static void answers(void **state)
{
    (void)state;
    struct creds c = {0};
    struct err e;
    static const char good[] = "{\"Code\":\"Success\",\"AccessKeyId\":\"A\",\"SecretAccessKey\":"
                               "\"S\",\"Token\":\"T\",\"Expiration\":\"1970-01-01T00:00:09Z\"}";
    assert_int_equal(keydoc_read(good, sizeof good - 1, "x", &c, &e), 0);
    assert_string_equal(c.access_key, "A");
    assert_string_equal(c.token, "T");
    assert_int_equal(c.expires, 9);
    creds_close(&c);
    check_refusal("", -EPROTO, "no JSON");
    check_refusal("[1]", -EPROTO, "no JSON");
    check_refusal("hunter2", -EPROTO, "no JSON");
    check_refusal("{\"SecretAccessKey\":\"hunter2\"}", -EPROTO, "no AccessKeyId");
    check_refusal("{\"AccessKeyId\":5,\"SecretAccessKey\":\"hunter2\"}", -EPROTO, "AccessKeyId");
    check_refusal("{\"AccessKeyId\":\"A\",\"SecretAccessKey\":\"hunter2\",\"Expiration\":\"x\"}",
                  -EPROTO, "no time");
    check_refusal("{\"Code\":\"Failed\",\"Message\":\"no\\nrole\"}", -ENOKEY, "Failed: no role");
    check_refusal("{\"code\":\"X\",\"message\":\"m\"}", -ENOKEY, "X: m");
}

static void answers_of_sts(void **state)
{
    (void)state;
    struct sts_answer a = {0};
    static const char good[] =
        "<AssumeRoleResponse xmlns=\"x\"><AssumeRoleResult><AssumedRoleUser><Arn>a</Arn>"
        "<Code>not this</Code></AssumedRoleUser><Credentials><AccessKeyId>A</AccessKeyId>"
        "<SecretAccessKey>s/&amp;+</SecretAccessKey><SessionToken>\n</SessionToken>"
        "<Expiration>E</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>";
    assert_int_equal(sts_read(good, sizeof good - 1, &a), 0);
    assert_string_equal(a.access_key, "A");
    assert_string_equal(a.secret, "s/&+");
    assert_string_equal(a.expiration, "E");
    assert_null(a.code);
    sts_answer_close(&a);
    assert_null(a.secret);
    static const char bad[] = "<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code>"
                              "<Message>m</Message></Error></ErrorResponse>";
    assert_int_equal(sts_read(bad, sizeof bad - 1, &a), 0);
    assert_string_equal(a.code, "AccessDenied");
    assert_string_equal(a.message, "m");
    sts_answer_close(&a);
    static const char *const wrong[] = {
        "", "<html><p></html>", "{}", "<a",
        "<!DOCTYPE a [<!ENTITY b \"c\">]><Error><Code>&b;</Code></Error>"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        assert_int_equal(sts_read(wrong[i], strlen(wrong[i]), &a), -EPROTO);
        assert_null(a.code);
        sts_answer_close(&a);
    }
}

static void check_host(const char *url, const char *want)
{
    char *host = http_host(url);
    if (want)
        assert_string_equal(host, want);
    else
        assert_null(host);
    mem_free(host);
}

static void hosts(void **state)
{
    (void)state;
    check_host("https://h:443/x", "h");
    check_host("https://h:80", "h:80");
    check_host("http://h:80?x", "h");
    check_host("http://[::1]:80/", "[::1]");
    check_host("http://[::80]/", "[::80]");
    check_host("h/x", NULL);
    check_host("http:///x", NULL);
    check_host("http://user:hunter2@h/", NULL);
}

static int run(const char *line, int64_t time_ms, struct buf *out, struct err *e)
{
    const struct helper c = {.line = line, .time_ms = time_ms};
    return helper_run(&c, out, e);
}

static void programs(void **state)
{
    (void)state;
    struct buf out = BUF_EMPTY;
    struct err e;
    assert_int_equal(run("printf '%s|' \"a b\" c\\ d '' $HOME *", 30000, &out, &e), 0);
    assert_string_equal(buf_str(&out), "a b|c d||$HOME|*|");
    buf_clear(&out);
    assert_int_equal(run("sh -c 'cat; kill -TERM $$'", 30000, &out, &e), -ECHILD);
    assert_non_null(strstr(e.text, "signal 15"));
    assert_int_equal(run("sh -c 'exec >&-; exit 4'", 30000, &out, &e), -ECHILD);
    assert_int_equal(run("head -c 100000 /dev/zero", 30000, &out, &e), -EFBIG);
    assert_int_equal(run("'x", 30000, &out, &e), -EINVAL);
    assert_int_equal(run(" ", 30000, &out, &e), -EINVAL);
    buf_close(&out);
}

/* Also those that a program has started and that hold its output open. */
static void slow_programs(void **state)
{
    (void)state;
    struct buf out = BUF_EMPTY;
    struct err e;
    int64_t began = clock_now();
    assert_int_equal(run("sh -c 'sleep 1000 & echo $!'", 300, &out, &e), -ETIMEDOUT);
    assert_int_equal(run("sleep 1000", 100, &out, &e), -ETIMEDOUT);
    assert_int_equal(run("sh -c 'exec >&-; sleep 1000'", 100, &out, &e), -ETIMEDOUT);
    assert_true(clock_now() - began < 100000);
    pid_t child = (pid_t)atoi(buf_str(&out));
    assert_true(child > 1);
    while (kill(child, 0) == 0 && clock_now() - began < 100000)
        (void)usleep(10000); /* until init has reaped it */
    assert_int_equal(kill(child, 0), -1);
    const atomic_bool cancelled = true;
    const struct helper c = {.line = "sleep 1000", .time_ms = 100000, .cancelled = &cancelled};
    assert_int_equal(helper_run(&c, &out, &e), -ECANCELED);
    buf_close(&out);
}

int main(void)
{
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    (void)close(fd);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_of_files), cmocka_unit_test(variables),
        cmocka_unit_test(times),           cmocka_unit_test(answers),
        cmocka_unit_test(answers_of_sts),  cmocka_unit_test(hosts),
        cmocka_unit_test(programs),        cmocka_unit_test(slow_programs),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    (void)unlink(path);
    return failed;
}
