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
static const char config[] =
    "[default]\nregion = eu-west-3\n"
    "[profile work]\nregion=eu-west-2\nendpoint_url = http://h:9\n"
    "s3 =\n  region = nested\n"
    "[profile late]\naws_access_key_id=AKLATE\naws_secret_access_key=l\n"
    "[profile printed]\ncredential_process = printf "
    "'{\"Version\":1,\"AccessKeyId\":\"AKPRINTED\",\"SecretAccessKey\":\"s3\","
    "\"SessionToken\":\"t\",\"Expiration\":\"2030-01-02T03:04:05+01:00\"}'\n"
    "[profile old-version]\ncredential_process = printf "
    "'{\"Version\":2,\"AccessKeyId\":\"AKPRINTED\",\"SecretAccessKey\":\"hunter2\"}'\n"
    "[profile failing]\ncredential_process = sh -c 'echo hunter2; exit 3'\n"
    "[profile missing]\ncredential_process = /nonexistent/program\n"
    "[profile aimless]\nrole_arn = arn:aws:iam::1:role/r\n"
    "[profile both]\nrole_arn = r\nsource_profile = work\ncredential_source = Environment\n"
    "[profile nobodys]\nrole_arn = r\nsource_profile = nobody\n"
    "[profile ring]\nrole_arn = r\nsource_profile = gnir\n"
    "[profile gnir]\nrole_arn = r\nsource_profile = ring\n"
    "[profile coded]\nrole_arn = r\nsource_profile = work\nmfa_serial = m\n"
    "[profile keyless]\nrole_arn = r\nsource_profile = only-region\n"
    "[profile odd-place]\nrole_arn = r\ncredential_source = Moon\n"
    "[profile no-environment]\nrole_arn = r\ncredential_source = Environment\n"
    "[profile only-region]\nregion = r\n"
    "[profile token]\nrole_arn = r\nweb_identity_token_file = /nonexistent/token\n"
    "[profile browser]\nsso_session = s\n"
    "[profile places]\nservices = mine\nendpoint_url = http://all\nca_bundle = /ca.pem\n"
    "[services mine]\nsts =\n  endpoint_url = http://sts\ns3 =\n  endpoint_url = http://mine\n";

static const char *const variables[] = {
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_CREDENTIAL_EXPIRATION",
    "AWS_PROFILE",
    "AWS_DEFAULT_PROFILE",
    "AWS_REGION",
    "AWS_DEFAULT_REGION",
    "AWS_ENDPOINT_URL",
    "AWS_ENDPOINT_URL_S3",
    "AWS_ENDPOINT_URL_STS",
    "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
    "AWS_ROLE_ARN",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_CA_BUNDLE",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
};

static int each_setup(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof variables / sizeof *variables; i++)
        (void)unsetenv(variables[i]);
    (void)setenv("AWS_SHARED_CREDENTIALS_FILE", credentials_path, 1);
    (void)setenv("AWS_CONFIG_FILE", config_path, 1);
    (void)setenv("AWS_EC2_METADATA_DISABLED", "true", 1);
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

static void expect(const char *profile, int want, const char *word)
{
    struct creds c;
    struct err e;
    int rc = load(profile, &c, &e);
    if (rc != want || !strstr(e.text, word))
        fail_msg("%s: %d, %s", profile, rc, e.text);
    assert_null(strstr(e.text, "hunter2"));
}

static void programs(void **state)
{
    (void)state;
    struct creds c;
    struct err e;
    assert_int_equal(load("printed", &c, &e), 0);
    assert_string_equal(c.access_key, "AKPRINTED");
    assert_string_equal(c.token, "t");
    assert_int_equal(c.expires, 1893549845);
    creds_close(&c);
    assert_int_equal(c.expires, 0);
    expect("old-version", -ENOKEY, "Version 1");
    expect("failing", -ENOKEY, "sh failed with exit code 3");
    expect("missing", -ENOKEY, "cannot run /nonexistent/program: No such file");
}

static void roles_that_cannot_be(void **state)
{
    (void)state;
    expect("aimless", -EINVAL, "one of source_profile and credential_source");
    expect("both", -EINVAL, "one of source_profile and credential_source");
    expect("nobodys", -ENOENT, "there is no profile 'nobody'");
    expect("ring", -EINVAL, "circle");
    expect("coded", -ENOKEY, "mfa_serial");
    expect("keyless", -ENOKEY, "the source_profile of 'keyless', has no keys");
    expect("odd-place", -EINVAL, "must be Environment");
    expect("no-environment", -ENOKEY, "Environment has no keys");
    expect("token", -ENOKEY, "/nonexistent/token");
    expect("browser", -ENOKEY, "SSO");
    expect("only-region", -ENOKEY, "no credentials");
}

static void places_that_promise(void **state)
{
    (void)state;
    struct creds c;
    struct err e;
    (void)setenv("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent", 1);
    (void)setenv("AWS_WEB_IDENTITY_TOKEN_FILE", "/nonexistent/token", 1);
    assert_int_equal(load(NULL, &c, &e), -ENOKEY);
    assert_non_null(strstr(e.text, "AWS_ROLE_ARN"));
    (void)setenv("AWS_ROLE_ARN", "r", 1);
    assert_int_equal(load(NULL, &c, &e), -ENOKEY);
    assert_non_null(strstr(e.text, "/nonexistent/token"));
    (void)unsetenv("AWS_WEB_IDENTITY_TOKEN_FILE");
    (void)setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://example.org/x", 1);
    assert_int_equal(load(NULL, &c, &e), -EINVAL);
    assert_non_null(strstr(e.text, "localhost"));
    (void)setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://127.0.0.1:1/x", 1);
    assert_int_equal(load(NULL, &c, &e), -EHOSTUNREACH);
    assert_non_null(strstr(e.text, "127.0.0.1:1: nothing answers there"));
}

static void file_of_variables(void **state)
{
    (void)state;
    struct creds c;
    struct err e;
    char *path = mem_printf("%s/env", folder);
    static const char text[] = "# keys\nexport AWS_ACCESS_KEY_ID=AKFILE\n"
                               "AWS_SECRET_ACCESS_KEY='hunter2 # no'\nAWS_REGION = r9 # odd\n";
    const struct creds_query q = {.env_file = path};
    assert_int_equal(fd_write_file(path, text, sizeof text - 1, 0600, &e), 0);
    (void)setenv("AWS_ACCESS_KEY_ID", "AKENV", 1);
    (void)setenv("AWS_SESSION_TOKEN", "of-AKENV", 1);
    assert_int_equal(creds_load(&q, &c, &e), -ENOKEY); /* a blank in a key */
    assert_null(strstr(e.text, "hunter2"));
    static const char good[] = "AWS_ACCESS_KEY_ID=AKFILE\r\nAWS_SECRET_ACCESS_KEY=\"s\"\r\n"
                               "AWS_REGION = r9 # odd\n";
    assert_int_equal(fd_write_file(path, good, sizeof good - 1, 0600, &e), 0);
    assert_int_equal(creds_load(&q, &c, &e), 0);
    assert_string_equal(c.access_key, "AKFILE");
    assert_string_equal(c.secret, "s");
    assert_null(c.token); /* the environment's belongs to other keys */
    assert_string_equal(c.region, "r9");
    creds_close(&c);
    static const char bad[] = "A=1\nhunter2\n";
    assert_int_equal(fd_write_file(path, bad, sizeof bad - 1, 0600, &e), 0);
    assert_int_equal(creds_load(&q, &c, &e), -EINVAL);
    assert_non_null(strstr(e.text, "/env:2: "));
    assert_null(strstr(e.text, "hunter2"));
    (void)unlink(path);
    assert_int_equal(creds_load(&q, &c, &e), -ENOENT);
    mem_free(path);
}

static void endpoints(void **state)
{
    (void)state;
    struct creds c;
    struct err e;
    (void)setenv("AWS_ACCESS_KEY_ID", "AKENV", 1);
    (void)setenv("AWS_SECRET_ACCESS_KEY", "s", 1);
    (void)setenv("AWS_PROFILE", "places", 1);
    assert_int_equal(load(NULL, &c, &e), 0);
    assert_string_equal(c.endpoint, "http://mine");
    assert_string_equal(c.ca_file, "/ca.pem");
    creds_close(&c);
    (void)setenv("AWS_ENDPOINT_URL_STS", "http://other", 1);
    (void)setenv("AWS_ENDPOINT_URL", "http://general", 1);
    (void)setenv("AWS_CA_BUNDLE", "/mine.pem", 1);
    assert_int_equal(load(NULL, &c, &e), 0);
    assert_string_equal(c.endpoint, "http://general");
    assert_string_equal(c.ca_file, "/mine.pem");
    creds_close(&c);
    (void)setenv("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true", 1);
    assert_int_equal(load(NULL, &c, &e), 0);
    assert_null(c.endpoint);
    creds_close(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(default_profile, each_setup),
        cmocka_unit_test_setup(named_profile, each_setup),
        cmocka_unit_test_setup(environment_first, each_setup),
        cmocka_unit_test_setup(failures_keep_secrets, each_setup),
        cmocka_unit_test_setup(programs, each_setup),
        cmocka_unit_test_setup(roles_that_cannot_be, each_setup),
        cmocka_unit_test_setup(places_that_promise, each_setup),
        cmocka_unit_test_setup(file_of_variables, each_setup),
        cmocka_unit_test_setup(endpoints, each_setup),
    };
    return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
