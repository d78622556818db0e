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

#include "base/buf.h"
#include "base/clock.h"
#include "base/fd.h"
#include "base/mem.h"
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

/* A program that prints other keys each time, and the second time nothing if `fails`. */
static void write_program(const char *life, bool fails)
{
    struct err e;
    struct buf text = BUF_EMPTY;
    char *script = mem_printf("%s.sh", config_path);
    buf_printf(&text,
               "n=$(($(cat %s.n 2>/dev/null || echo 0) + 1)); echo $n >%s.n\n"
               "[ $n = 1 ] || ! %s || exit 1\n"
               "at=$(date -u -d '%s' +%%FT%%TZ)\n"
               "echo '{\"Version\":1,\"AccessKeyId\":\"AK'$n'\",\"SecretAccessKey\":\"s\",'\n"
               "echo '\"SessionToken\":\"t\",\"Expiration\":\"'$at'\"}'\n",
               config_path, config_path, fails ? "true" : "false", life);
    assert_int_equal(fd_write_file(script, buf_str(&text), text.len, 0700, &e), 0);
    buf_clear(&text);
    buf_printf(&text, "[default]\ncredential_process = sh %s\n", script);
    assert_int_equal(fd_write_file(config_path, buf_str(&text), text.len, 0600, &e), 0);
    (void)unsetenv("AWS_ACCESS_KEY_ID");
    (void)unsetenv("AWS_SECRET_ACCESS_KEY");
    buf_close(&text);
    mem_free(script);
}

static int each_teardown(void **state)
{
    (void)state;
    static const char *const tails[] = {"n", "sh"};
    for (size_t i = 0; i < 2; i++) {
        char *path = mem_printf("%s.%s", config_path, tails[i]);
        (void)unlink(path);
        mem_free(path);
    }
    return truncate(config_path, 0);
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

/* The loop does something else meanwhile: the timer alone does not keep it. */
static void on_beat(uv_timer_t *timer)
{
    const struct seen *s = timer->data;
    if (s->closed)
        uv_close((uv_handle_t *)timer, NULL);
}

static void start_with_beat(struct seen *s, uv_timer_t *beat, unsigned wanted)
{
    start(s, &(struct creds_query){0});
    s->wanted = wanted;
    beat->data = s;
    assert_int_equal(uv_timer_init(&s->loop, beat), 0);
    assert_int_equal(uv_timer_start(beat, on_beat, 10, 10), 0);
}

static void test_replaced_before_they_expire(void **state)
{
    (void)state;
    struct seen s;
    uv_timer_t beat;
    write_program("4 seconds", false);
    int64_t began = clock_now();
    start_with_beat(&s, &beat, 2);
    finish(&s);
    assert_int_equal(s.rc, 0);
    assert_string_equal(s.key, "AK2");
    assert_true(clock_now() - began < 30000);
}

static void test_failed_refresh_is_told_at_the_end(void **state)
{
    (void)state;
    struct seen s;
    uv_timer_t beat;
    write_program("4 seconds", true);
    int64_t began = clock_wall();
    start_with_beat(&s, &beat, 2);
    finish(&s);
    assert_int_equal(s.rc, -ENOKEY);
    assert_non_null(strstr(s.sentence, "exit code 1"));
    assert_true(clock_wall() - began >= 3000); /* whole seconds, of which one is cut off */
}

static void test_expired_and_no_others(void **state)
{
    (void)state;
    struct seen s;
    uv_timer_t beat;
    (void)setenv("AWS_CREDENTIAL_EXPIRATION", "2001-01-01T00:00:00Z", 1);
    start_with_beat(&s, &beat, 2);
    finish(&s);
    assert_int_equal(s.rc, -EKEYEXPIRED);
    (void)unsetenv("AWS_CREDENTIAL_EXPIRATION");
}

static void test_close_ends_a_program(void **state)
{
    (void)state;
    struct seen s;
    static const char text[] = "[default]\ncredential_process = sleep 1000\n";
    struct err e;
    write_program("1 hour", false);
    assert_int_equal(fd_write_file(config_path, text, sizeof text - 1, 0600, &e), 0);
    int64_t began = clock_now();
    start(&s, &(struct creds_query){0});
    for (int i = 0; i < 20; i++) { /* it may have started by then, or not: both must end */
        (void)uv_run(&s.loop, UV_RUN_NOWAIT);
        (void)usleep(10000);
    }
    keyring_close(&s.keyring, on_closed);
    finish(&s);
    assert_int_equal(s.told, 0);
    assert_true(clock_now() - began < 50000);
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
        cmocka_unit_test_setup_teardown(test_replaced_before_they_expire, each_setup,
                                        each_teardown),
        cmocka_unit_test_setup_teardown(test_failed_refresh_is_told_at_the_end, each_setup,
                                        each_teardown),
        cmocka_unit_test_setup(test_expired_and_no_others, each_setup),
        cmocka_unit_test_setup_teardown(test_close_ends_a_program, each_setup, each_teardown),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    (void)unlink(config_path);
    return failed;
}
