/* Protects keys that stay valid: loaded beside the loop, replaced before they expire. */
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
#include <uv.h>

#include "base/clock.h"
#include "sync/s3/keyring.h"

static char config_path[] = "/tmp/mainstay-keyring-XXXXXX";

struct seen {
    struct keyring keyring;
    uv_loop_t loop;
    unsigned told;
    unsigned wanted; /* close after so many */
    bool again;      /* ask for others, as a server does that says "expired" */
    int rc;
    char key[32];
    char sentence[256];
    bool closed;
};

static void on_closed(struct keyring *k)
{
    ((struct seen *)k->ctx)->closed = true;
}

static void on_keys(struct keyring *k, int rc, const struct err *e)
{
    struct seen *s = k->ctx;
    s->told++;
    s->rc = rc;
    (void)snprintf(s->key, sizeof s->key, "%s", rc == 0 ? k->creds.access_key : "");
    (void)snprintf(s->sentence, sizeof s->sentence, "%s", rc < 0 ? e->text : "");
    if (s->told == s->wanted)
        keyring_close(k, on_closed);
    else if (s->again)
        keyring_load(k);
}

static void start(struct seen *s, const struct creds_query *q)
{
    *s = (struct seen){.wanted = 1};
    assert_int_equal(uv_loop_init(&s->loop), 0);
    keyring_init(&s->keyring, &s->loop, q);
    s->keyring.ctx = s;
    s->keyring.on_keys = on_keys;
    keyring_load(&s->keyring);
}

static void finish(struct seen *s)
{
    assert_int_equal(uv_run(&s->loop, UV_RUN_DEFAULT), 0);
    assert_true(s->closed);
    assert_int_equal(uv_loop_close(&s->loop), 0);
    assert_null(s->keyring.creds.access_key);
}

static int each_setup(void **state)
{
    (void)state;
    (void)setenv("AWS_SHARED_CREDENTIALS_FILE", "/dev/null", 1);
    (void)setenv("AWS_CONFIG_FILE", config_path, 1);
    (void)setenv("AWS_EC2_METADATA_DISABLED", "true", 1);
    (void)setenv("AWS_ACCESS_KEY_ID", "AKENV", 1);
    (void)setenv("AWS_SECRET_ACCESS_KEY", "secret", 1);
    (void)unsetenv("AWS_CREDENTIAL_EXPIRATION");
    return 0;
}

static void test_due(void **state)
{
    (void)state;
    assert_int_equal(keyring_due(1000, 0), 0);       /* they never end */
    assert_int_equal(keyring_due(1000, 4600), 4300); /* five minutes before */
    assert_int_equal(keyring_due(1000, 1100), 1050); /* half of a short life */
    assert_int_equal(keyring_due(1000, 1001), 1001); /* never at once */
    assert_int_equal(keyring_due(1000, 400), 1001);  /* ended before */
}

static void test_keys_come(void **state)
{
    (void)state;
    struct seen s;
    start(&s, &(struct creds_query){0});
    assert_int_equal(s.told, 0); /* from the loop only */
    finish(&s);
    assert_int_equal(s.rc, 0);
    assert_string_equal(s.key, "AKENV");
}

static void test_failure_is_told(void **state)
{
    (void)state;
    struct seen s;
    start(&s, &(struct creds_query){.profile = "nowhere"});
    finish(&s);
    assert_int_equal(s.rc, -ENOENT);
    assert_non_null(strstr(s.sentence, "no profile 'nowhere'"));
}

static void test_closed_while_loading(void **state)
{
    (void)state;
    struct seen s;
    start(&s, &(struct creds_query){0});
    keyring_close(&s.keyring, on_closed);
    finish(&s);
    assert_int_equal(s.told, 0);
}

static void test_refused_keys_without_others(void **state)
{
    (void)state;
    struct seen s;
    start(&s, &(struct creds_query){0});
    s.wanted = 2;
    s.again = true;
    finish(&s);
    assert_int_equal(s.rc, -EKEYEXPIRED);
    assert_non_null(strstr(s.sentence, "expired"));
}

int main(void)
{
    int fd = mkstemp(config_path);
    assert_true(fd >= 0);
    (void)close(fd);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_due, each_setup),
        cmocka_unit_test_setup(test_keys_come, each_setup),
        cmocka_unit_test_setup(test_failure_is_told, each_setup),
        cmocka_unit_test_setup(test_closed_while_loading, each_setup),
        cmocka_unit_test_setup(test_refused_keys_without_others, each_setup),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    (void)unlink(config_path);
    return failed;
}
