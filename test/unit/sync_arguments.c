/* Protects the command line of mainstay-sync. */
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
#include "sync/arguments.h"

static int parse(struct arguments *o, struct err *e, const char *text)
{
    static char copy[512];
    char *argv[32] = {(char *)(uintptr_t) "mainstay-sync"};
    int argc = 1;
    (void)snprintf(copy, sizeof copy, "%s", text);
    for (char *word = strtok(copy, " "); word; word = strtok(NULL, " "))
        argv[argc++] = word;
    return arguments_parse(o, argv, e);
}

static void command_lines(void **state)
{
    (void)state;
    struct arguments o;
    struct err e;
    assert_int_equal(parse(&o, &e, "--exclude * s3://b/p --include=*.json --publish inplace -- -t"),
                     0);
    assert_string_equal(o.source, "s3://b/p");
    assert_string_equal(o.target, "-t");
    assert_false(o.upload);
    assert_int_equal(o.publish, PUBLISH_INPLACE);
    assert_int_equal(o.concurrency, 64);
    assert_int_equal(o.stall_ms, 30000);
    assert_int_equal(o.connect_ms, 10000);
    assert_int_equal(o.tries, 3);
    assert_int_equal(o.filter.count, 2);
    assert_true(filter_wants(&o.filter, "a/b.json"));
    assert_false(filter_wants(&o.filter, "a/b"));
    arguments_close(&o);
    assert_int_equal(parse(&o, &e, "s3://b t --concurrency=8 --stall-timeout 5s --delete"), 0);
    assert_int_equal(o.concurrency, 8);
    assert_int_equal(o.stall_ms, 5000);
    assert_true(o.delete);
    arguments_close(&o);
    assert_int_equal(parse(&o, &e, "--help"), 0);
    assert_int_equal(parse(&o, &e, "out/ s3://b/p --sse --no-progress --bwlimit 10M/s"), 0);
    assert_true(o.upload);
    assert_string_equal(o.sse, "AES256");
    assert_int_equal(o.progress, PROGRESS_NEVER);
    assert_int_equal(o.bytes_per_second, 10 << 20);
    assert_int_equal(parse(&o, &e,
                           "--sse aws:kms --sse-kms-key-id k --request-payer requester "
                           "out s3://b --progress --bwlimit=500k --bad-keys fail"),
                     0);
    assert_string_equal(o.sse, "aws:kms");
    assert_string_equal(o.request_payer, "requester");
    assert_string_equal(o.source, "out");
    assert_int_equal(o.progress, PROGRESS_ALWAYS);
    assert_int_equal(o.bytes_per_second, 500 << 10);
    assert_int_equal(o.bad_keys, BAD_KEYS_FAIL);
    assert_int_equal(parse(&o, &e, "--request-payer s3://b t --endpoint-url http://h --dryrun"), 0);
    assert_string_equal(o.request_payer, "requester");
    assert_string_equal(o.endpoint, "http://h");
    assert_true(o.dry);
    assert_int_equal(parse(&o, &e, "--rollback t"), 0);
    assert_null(o.source);
    assert_string_equal(o.target, "t");
}

static void wrong_lines(void **state)
{
    (void)state;
    struct arguments o;
    struct err e;
    // clang-format off
    static const struct { const char *line; const char *says; } wrong[] = {
        {"", "needed"}, {"s3://b", "needed"}, {"s3://b t u", "more than"},
        {"s3://b t --concurrency 0", "out of range"}, {"s3://b t --concurrency 257", "out of range"},
        {"s3://b t --concurrency x", "--concurrency"}, {"s3://b t --concurrency", "needs a value: N"},
        {"s3://b t --publish both", "'both' is not atomic or inplace"},
        {"s3://b t --delete=yes", "takes no value"}, {"s3://b t --endpoint=", "must not be empty"},
        {"s3://b t --tries=0", "--tries: 0 is out of range: 1 to 20"}, {"s3://b t -x", "unknown option '-x'"},
        {"s3://b t --delet", "did you mean --delete?"},
        {"a b", "'a' and 'b' are both local"}, {"s3://a s3://b", "from one S3 place to another"},
        {"--rollback", "wants the target"}, {"--rollback a b", "wants the target"},
        {"--rollback s3://b/p", "wants the target"},
        {"s3://b t --size-only --checksum", "contradict"},
        {"t s3://b --sse --sse-c-key-file f", "contradict"},
        {"t s3://b --sse-kms-key-id k", "only for --sse aws:kms"},
        {"t s3://b --sse AES256 --sse-kms-key-id k", "only for --sse aws:kms"},
        {"s3://b t --bwlimit fast", "500K or 10M"}, {"s3://b t --bwlimit 10", "out of range"},
        {"s3://b t --bwlimit max", "out of range"}, {"s3://b t --progress=no", "takes no value"},
        {"s3://b t --include a --filter=-", "--filter"}, {"s3://b t --filter a", "is no rule"},
        {"s3://b t --filter-from /nonexistent", "/nonexistent"},
        {"s3://b t --exclude=", "--exclude must not be empty"},
        {"s3://b t --request-payer=me", "'me' is not requester"},
    };
    // clang-format on
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        e.text[0] = '\0';
        if (parse(&o, &e, wrong[i].line) != -EINVAL || !strstr(e.text, wrong[i].says))
            fail_msg("%s: %s", wrong[i].line, e.text);
    }
}

static void rules_from_a_file(void **state)
{
    (void)state;
    char path[] = "/tmp/mainstay-unit.XXXXXX";
    char line[128];
    struct arguments o;
    struct err e;
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(fd_write_all(fd, "# ours\n+ *.json\n- **\n", 21), 0);
    (void)snprintf(line, sizeof line, "s3://b t --filter-from %s", path);
    assert_int_equal(parse(&o, &e, line), 0);
    assert_true(filter_wants(&o.filter, "a/b.json"));
    assert_false(filter_wants(&o.filter, "a/b.txt"));
    arguments_close(&o);
    assert_int_equal(fd_write_all(fd, "json\n", 5), 0);
    assert_int_equal(parse(&o, &e, line), -EINVAL);
    assert_non_null(strstr(e.text, "line 4"));
    assert_non_null(strstr(e.text, path));
    fd_close(&fd);
    assert_int_equal(unlink(path), 0);
}

/* Every option that is there is in the help, and no line of it is empty. */
static void help_names_all(void **state)
{
    (void)state;
    struct buf b = BUF_EMPTY;
    arguments_help(&b);
    static const char *const some[] = {"--include PATTERN", "--sse-c-key-file FILE",
                                       "--bwlimit RATE", "What is said:", "9 disk full"};
    for (size_t i = 0; i < sizeof some / sizeof *some; i++)
        assert_non_null(strstr(buf_str(&b), some[i]));
    assert_null(strstr(buf_str(&b), "(null)"));
    assert_null(strstr(buf_str(&b), "--dryrun"));
    buf_close(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(command_lines),
        cmocka_unit_test(wrong_lines),
        cmocka_unit_test(rules_from_a_file),
        cmocka_unit_test(help_names_all),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
