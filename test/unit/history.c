/* Protects the history of jobs: what is written comes back, bounded, whatever happens to the file:
 * a torn last line, nonsense, a full disk, somebody who removes it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/mem.h"
#include "jobs/history.h"

static char folder[] = "/tmp/mainstay-history-XXXXXX";

static char *path_of(const char *name)
{
    return mem_printf("%s/%s", folder, name);
}

static void put(const char *name, const char *text, size_t len)
{
    char *path = path_of(name);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(fd_write_all(fd, text, len), 0);
    fd_close(&fd);
    mem_free(path);
}

static bool there(const char *name)
{
    char *path = path_of(name);
    bool yes = access(path, F_OK) == 0;
    mem_free(path);
    return yes;
}

static int clean(void **state)
{
    static const char *const names[] = {"history.jsonl", "history.jsonl.old", "history.jsonl.bad",
                                        "history.jsonl.new"};
    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char *path = path_of(names[i]);
        (void)remove(path);
        mem_free(path);
    }
    return 0;
}

static void add(struct history *h, const char *job, int64_t start, const char *result)
{
    const struct history_entry entry = {.job = job,
                                        .start = start,
                                        .end = *result ? start + 1000 : 0,
                                        .attempt = 1,
                                        .cause = "by schedule",
                                        .result = result,
                                        .objects = -1,
                                        .bytes = -1,
                                        .changed = -1};
    history_add(h, &entry);
}

/* "start result, start result": what is known of a job. */
static char *known(const struct history *h, const char *job, size_t most)
{
    struct buf text = BUF_EMPTY;
    struct buf out = BUF_EMPTY;
    history_read(h, &text);
    json_t *lines = history_of(buf_str(&text), text.len, job, most);
    for (size_t i = 0; i < json_array_size(lines); i++) {
        const json_t *line = json_array_get(lines, i);
        const char *result = json_string_value(json_object_get(line, "result"));
        buf_printf(&out, "%s%lld %s", i ? ", " : "",
                   (long long)json_integer_value(json_object_get(line, "start")),
                   result ? result : "-");
    }
    json_decref(lines);
    buf_close(&text);
    return buf_take(&out);
}

static void knows(const struct history *h, const char *job, size_t most, const char *wanted)
{
    char *text = known(h, job, most);
    assert_string_equal(text, wanted);
    mem_free(text);
}

static void some(struct history *h)
{
    add(h, "job:a", 1000, "");
    add(h, "sync:data", 1500, "");
    add(h, "job:a", 1000, "succeeded");
    add(h, "job:a", 3000, "failed");
    add(h, "sync:data", 1600, "skipped");
    add(h, "sync:data", 1500, "stopped");
    add(h, "job:a", 5000, "");
}

static void knows_some(const struct history *h)
{
    knows(h, "job:a", 10, "1000 succeeded, 3000 failed, 5000 -");
    knows(h, "job:a", 2, "3000 failed, 5000 -");
    knows(h, "sync:data", 10, "1500 stopped, 1600 skipped");
    knows(h, "job:none", 10, "");
}

static void comes_back(void **state)
{
    (void)state;
    const char *const places[] = {folder, NULL};
    for (size_t i = 0; i < 2; i++) {
        struct history h;
        history_open(&h, places[i]);
        some(&h);
        knows_some(&h);
        history_close(&h);
        history_open(&h, places[i]);
        if (places[i])
            knows_some(&h);
        else
            knows(&h, "job:a", 10, "");
        history_close(&h);
    }
}

static void all_of_it(void **state)
{
    (void)state;
    struct buf line = BUF_EMPTY;
    const struct history_entry entry = {.job = "sync:d\xff\"\n",
                                        .start = 1,
                                        .end = 2,
                                        .attempt = 3,
                                        .cause = "by hand",
                                        .result = "failed",
                                        .exit = "killed",
                                        .status = 9,
                                        .why = "a\tb",
                                        .objects = 12,
                                        .bytes = 3400000000000,
                                        .changed = 1,
                                        .log = "/x",
                                        .log_at = 7};
    history_line(&entry, &line);
    assert_string_equal(buf_str(&line),
                        "{\"job\":\"sync:d?\\\"\\n\",\"start\":1,\"end\":2,\"attempt\":3,"
                        "\"cause\":\"by hand\",\"result\":\"failed\",\"exit\":\"killed\","
                        "\"status\":9,\"why\":\"a\\tb\",\"objects\":12,\"bytes\":3400000000000,"
                        "\"changed\":1,\"log\":\"/x\",\"log_at\":7}\n");
    buf_close(&line);
}

/* We have died in the middle of a line, at each of its bytes. */
static void torn_lines_are_cut_off(void **state)
{
    struct buf text = BUF_EMPTY;
    struct history h;
    history_open(&h, folder);
    add(&h, "job:a", 1000, "succeeded");
    add(&h, "job:a", 2000, "succeeded");
    history_read(&h, &text);
    history_close(&h);
    size_t first = (size_t)(strchr(buf_str(&text), '\n') - buf_str(&text)) + 1;
    for (size_t len = first; len <= text.len; len++) {
        put("history.jsonl", buf_str(&text), len);
        history_open(&h, folder);
        add(&h, "job:a", 3000, "failed");
        knows(&h, "job:a", 9,
              len == text.len ? "1000 succeeded, 2000 succeeded, 3000 failed"
                              : "1000 succeeded, 3000 failed");
        history_close(&h);
        assert_false(there("history.jsonl.bad"));
    }
    buf_close(&text);
    (void)clean(state);
}

static void nonsense_is_moved_aside(void **state)
{
    static const char text[] = "{\"job\":\"job:a\",\"start\":1,\"result\":\"x\"}\n"
                               "\0\0\0\0\n{}\n[1]\nnonsense\n{\"job\":1,\"start\":2}\n"
                               "{\"job\":\"job:a\",\"start\":\"2\"}\n\n"
                               "{\"job\":\"job:a\",\"start\":3,\"result\":\"y\",\"later\":[1]}\n";
    struct history h;
    put("history.jsonl", text, sizeof text - 1);
    history_open(&h, folder);
    knows(&h, "job:a", 9, "1 x, 3 y");
    assert_true(there("history.jsonl.bad"));
    add(&h, "job:a", 4, "z");
    history_close(&h);
    char *bad = path_of("history.jsonl.bad");
    assert_int_equal(remove(bad), 0);
    mem_free(bad);
    history_open(&h, folder);
    knows(&h, "job:a", 9, "1 x, 3 y, 4 z");
    assert_false(there("history.jsonl.bad"));
    history_close(&h);
    (void)clean(state);
}

/* A job that runs every minute does not drive out one that runs once a year. */
static void it_is_bounded(void **state)
{
    struct history h;
    struct stat st;
    char *path = path_of("history.jsonl");
    (void)state;
    history_open(&h, folder);
    add(&h, "job:yearly", 1, "succeeded");
    for (int64_t i = 0; i < 20000; i++)
        add(&h, i % 2 ? "job:a" : "job:b", 1000 + i, "succeeded");
    assert_int_equal(stat(path, &st), 0);
    assert_true(st.st_size <= HISTORY_SIZE_MAX + 1000);
    knows(&h, "job:yearly", 9, "1 succeeded");
    knows(&h, "job:a", 2, "20997 succeeded, 20999 succeeded");
    history_close(&h);
    history_open(&h, NULL);
    add(&h, "job:yearly", 1, "succeeded");
    for (int64_t i = 0; i < 5000; i++)
        add(&h, "job:a", 1000 + i, "succeeded");
    assert_true(h.lines.len <= HISTORY_MEMORY_MAX);
    knows(&h, "job:yearly", 9, "1 succeeded");
    knows(&h, "job:a", 1, "5999 succeeded");
    history_close(&h);
    mem_free(path);
}

static void on_fact(const struct history_fact *fact, void *ctx)
{
    if (strcmp(fact->result, "failed") != 0)
        buf_printf(ctx, "%s %s %lld, ", fact->job, fact->result, (long long)fact->start);
}

/* What expect_every= goes by outlives any number of failures. */
static void successes_stay(void **state)
{
    struct history h;
    struct buf text = BUF_EMPTY;
    struct buf facts = BUF_EMPTY;
    (void)state;
    history_open(&h, folder);
    add(&h, "job:a", 1, "expected");
    add(&h, "job:a", 2, "succeeded");
    add(&h, "job:a", 3, "succeeded");
    add(&h, "job:b", 4, "expected");
    for (int64_t i = 0; i < 20000; i++)
        add(&h, i % 2 ? "job:a" : "job:b", 1000 + i, "failed");
    history_read(&h, &text);
    history_facts(buf_str(&text), text.len, on_fact, &facts);
    assert_string_equal(buf_str(&facts), "job:a expected 1, job:a succeeded 3, job:b expected 4, ");
    knows(&h, "job:a", 2, "20997 failed, 20999 failed");
    buf_close(&text);
    buf_close(&facts);
    history_close(&h);
}

/* What is no attempt is never taken for another one. */
static void two_at_once(void **state)
{
    struct history_entry entry = {.job = "job:a",
                                  .start = 5,
                                  .end = 5,
                                  .objects = -1,
                                  .bytes = -1,
                                  .changed = -1,
                                  .result = "skipped"};
    struct history h;
    (void)state;
    history_open(&h, NULL);
    history_add(&h, &entry);
    history_add(&h, &entry);
    entry.result = "missed";
    history_add(&h, &entry);
    knows(&h, "job:a", 9, "5 skipped, 5 skipped, 5 missed");
    history_close(&h);
}

/* The power was cut while it was being made smaller. */
static void half_a_change_is_undone(void **state)
{
    static const char good[] = "{\"job\":\"job:a\",\"start\":1,\"result\":\"x\"}\n";
    struct history h;
    put("history.jsonl.old", good, sizeof good - 1);
    put("history.jsonl.new", good, 10);
    history_open(&h, folder);
    knows(&h, "job:a", 9, "1 x");
    history_close(&h);
    put("history.jsonl.old", good, sizeof good - 1);
    put("history.jsonl", "", 0);
    history_open(&h, folder);
    knows(&h, "job:a", 9, "1 x");
    history_close(&h);
    history_open(&h, folder);
    knows(&h, "job:a", 9, "1 x");
    history_close(&h);
    (void)clean(state);
}

/* No line is written by half; what was not written waits in memory, and is written later. */
static void a_full_disk_loses_nothing(void **state)
{
    struct history h;
    struct rlimit limit, before;
    history_open(&h, folder);
    add(&h, "job:a", 1000, "succeeded");
    (void)signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    limit = before;
    limit.rlim_cur = h.size + 20;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
    add(&h, "job:a", 2000, "succeeded");
    add(&h, "job:a", 3000, "succeeded");
    assert_true(h.failing);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    knows(&h, "job:a", 9, "1000 succeeded, 2000 succeeded, 3000 succeeded");
    add(&h, "job:a", 4000, "succeeded");
    assert_false(h.failing);
    assert_int_equal(h.lines.len, 0);
    history_close(&h);
    history_open(&h, folder);
    knows(&h, "job:a", 9, "1000 succeeded, 2000 succeeded, 3000 succeeded, 4000 succeeded");
    history_close(&h);
    (void)clean(state);
}

static void odd_places_are_survived(void **state)
{
    struct history h;
    char *path = path_of("history.jsonl");
    history_open(&h, "/nonexistent");
    add(&h, "job:a", 1000, "succeeded");
    knows(&h, "job:a", 9, "1000 succeeded");
    history_close(&h);
    assert_int_equal(mkdir(path, 0700), 0); /* no file */
    history_open(&h, folder);
    add(&h, "job:a", 1000, "succeeded");
    knows(&h, "job:a", 9, "1000 succeeded");
    history_close(&h);
    assert_int_equal(rmdir(path), 0);
    assert_int_equal(symlink("/dev/null", path), 0);
    history_open(&h, folder);
    add(&h, "job:a", 1000, "succeeded");
    knows(&h, "job:a", 9, "1000 succeeded");
    history_close(&h);
    (void)clean(state);
    history_open(&h, folder); /* somebody removes it */
    add(&h, "job:a", 1000, "succeeded");
    assert_int_equal(unlink(path), 0);
    add(&h, "job:a", 2000, "succeeded");
    knows(&h, "job:a", 9, "2000 succeeded");
    history_close(&h);
    (void)clean(state);
    mem_free(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(comes_back, clean),
        cmocka_unit_test(all_of_it),
        cmocka_unit_test_setup(torn_lines_are_cut_off, clean),
        cmocka_unit_test_setup(nonsense_is_moved_aside, clean),
        cmocka_unit_test_setup_teardown(it_is_bounded, clean, clean),
        cmocka_unit_test_setup_teardown(successes_stay, clean, clean),
        cmocka_unit_test(two_at_once),
        cmocka_unit_test_setup(half_a_change_is_undone, clean),
        cmocka_unit_test_setup(a_full_disk_loses_nothing, clean),
        cmocka_unit_test_setup(odd_places_are_survived, clean),
    };
    log_set_level(LOG_LEVEL_CRITICAL);
    if (!mkdtemp(folder))
        return 1;
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    (void)clean(NULL);
    (void)rmdir(folder);
    return failed;
}
