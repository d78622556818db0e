/* Protects who we are for the server: environment, AWS files, profiles; and the command line. */
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

#include "base/fd.h"
#include "base/mem.h"
#include "sync/s3/creds.h"

static char folder[] = "/tmp/mainstay-creds-XXXXXX";
static char *credentials_path;
static char *config_path;

static const char credentials[] = "# a comment with [brackets]\n"
                                  "[default]\r\n"
                                  "aws_access_key_id = AKDEFAULT\r\n"
                                  "aws_secret_access_key=sec=ret/+==  \r\n"
                                  "\n"
                                  "[ work ]\n"
                                  "; aws_access_key_id = AKCOMMENT\n"
                                  "AWS_ACCESS_KEY_ID = AKWORK\n"
                                  "aws_secret_access_key = worksecret\n"
                                  "aws_session_token = tok\n"
                                  "[half]\n"
                                  "aws_access_key_id = AKHALF\n"
                                  "[odd]\n"
                                  "aws_access_key_id = AK\tX\n"
                                  "aws_secret_access_key = hunter2\n";
static const char config[] = "[default]\nregion = eu-west-3\n"
                             "[profile work]\nregion=eu-west-2\nendpoint_url = http://h:9\n"
                             "s3 =\n  region = nested\n"
                             "[profile late]\naws_access_key_id=AKLATE\naws_secret_access_key=l\n";

static const char *const variables[] = {
    "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE",
    "AWS_REGION",        "AWS_DEFAULT_REGION",    "AWS_ENDPOINT_URL",  "AWS_ENDPOINT_URL_S3"};

static int each_setup(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof variables / sizeof *variables; i++)
        (void)unsetenv(variables[i]);
    (void)setenv("AWS_SHARED_CREDENTIALS_FILE", credentials_path, 1);
    (void)setenv("AWS_CONFIG_FILE", config_path, 1);
    return 0;
}

static int group_setup(void **state)
{
    (void)state;
    struct err e;
    if (!mkdtemp(folder))
        return -1;
    credentials_path = mem_printf("%s/credentials", folder);
    config_path = mem_printf("%s/config", folder);
    int rc = fd_write_file(credentials_path, credentials, sizeof credentials - 1, 0600, &e);
    return rc < 0 ? rc : fd_write_file(config_path, config, sizeof config - 1, 0600, &e);
}

static int group_teardown(void **state)
{
    (void)state;
    (void)unlink(credentials_path);
    (void)unlink(config_path);
    (void)rmdir(folder);
    mem_free(credentials_path);
    mem_free(config_path);
    return 0;
}

static int load(const char *profile, struct creds *c, struct err *e)
{
    return creds_load(&(struct creds_query){.profile = profile}, c, e);
}

static void default_profile(void **state)
{
    (void)state;
    struct creds c;
    struct err e;
    assert_int_equal(load(NULL, &c, &e), 0);
    assert_string_equal(c.access_key, "AKDEFAULT");
    assert_string_equal(c.secret, "sec=ret/+==");
    assert_null(c.token);
    assert_string_equal(c.region, "eu-west-3");
    assert_null(c.endpoint);
    creds_close(&c);
    assert_null(c.secret);
}

static void named_profile(void **state)
{
    (void)state;
    struct creds c;
    struct err e;
    (void)setenv("AWS_PROFILE", "work", 1);
    assert_int_equal(load(NULL, &c, &e), 0);
    assert_string_equal(c.access_key, "AKWORK");
    assert_string_equal(c.token, "tok");
    assert_string_equal(c.region, "eu-west-2");
    assert_string_equal(c.endpoint, "http://h:9");
    creds_close(&c);
    assert_int_equal(load("late", &c, &e), 0); /* keys in the config file; option before variable */
    assert_string_equal(c.access_key, "AKLATE");
    creds_close(&c);
}

static void environment_first(void **state)
{
    (void)state;
    struct creds c;
    struct err e;
    (void)setenv("AWS_ACCESS_KEY_ID", "AKENV", 1);
    (void)setenv("AWS_SECRET_ACCESS_KEY", "envsecret", 1);
    (void)setenv("AWS_DEFAULT_REGION", "r2", 1);
    (void)setenv("AWS_ENDPOINT_URL", "http://general", 1);
    (void)setenv("AWS_ENDPOINT_URL_S3", "http://s3", 1);
    assert_int_equal(load(NULL, &c, &e), 0);
    assert_string_equal(c.access_key, "AKENV");
    assert_string_equal(c.region, "r2");
    assert_string_equal(c.endpoint, "http://s3");
    creds_close(&c);
    (void)setenv("AWS_REGION", "r1", 1);
    assert_int_equal(load("work", &c, &e), 0); /* who names a profile wants its keys */
    assert_string_equal(c.access_key, "AKWORK");
    assert_string_equal(c.region, "r1");
    creds_close(&c);
}

static void failures_keep_secrets(void **state)
{
    (void)state;
    struct creds c;
    struct err e;
    assert_int_equal(load("half", &c, &e), -ENOKEY);
    assert_int_equal(load("odd", &c, &e), -ENOKEY);
    assert_null(strstr(e.text, "hunter2"));
    assert_int_equal(load("nobody", &c, &e), -ENOENT);
    assert_non_null(strstr(e.text, "'nobody'"));
    (void)setenv("AWS_SECRET_ACCESS_KEY", "envsecret", 1);
    assert_int_equal(load(NULL, &c, &e), -ENOKEY);
    assert_null(strstr(e.text, "envsecret"));
    (void)unsetenv("AWS_SECRET_ACCESS_KEY");
    (void)setenv("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent", 1);
    assert_int_equal(load(NULL, &c, &e), -ENOKEY);
    assert_non_null(strstr(e.text, "no credentials"));
    assert_int_equal(creds_load(&(struct creds_query){.anonymous = true}, &c, &e), 0);
    assert_null(c.access_key);
    creds_close(&c);
}

static void values_of_files(void **state)
{
    (void)state;
    char *value = creds_value("[a]\nk=1\n[b]\nk = 2", "b", "k");
    assert_string_equal(value, "2");
    mem_free(value);
    assert_null(creds_value("[a\nk=1\n", "a", "k"));
    assert_null(creds_value("[a]\nk=\nkk=1\n", "a", "k"));
    assert_null(creds_value("[a]\nk\n", "a", "k"));
    assert_null(creds_value("", "a", "k"));
    assert_true(creds_has_section("x\n[a]", "a"));
    assert_false(creds_has_section("[ab]\n", "a"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(default_profile, each_setup),
        cmocka_unit_test_setup(named_profile, each_setup),
        cmocka_unit_test_setup(environment_first, each_setup),
        cmocka_unit_test_setup(failures_keep_secrets, each_setup),
        cmocka_unit_test(values_of_files),
    };
    return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
