/* Protects what a sync says: progress with rate and time left, events, STATUS= and summary. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/fd.h"
#include "sync/report.h"

static const struct arguments plain = {.source = "s3://b/p", .target = "/srv/t"};
static const struct arguments sending = {.source = "t", .target = "s3://b/p", .upload = true};

static void rates(void **state)
{
    (void)state;
    struct progress_rate p = {.count = 0};
    assert_int_equal(progress_bytes_per_second(&p, 5, 100), 0);
    progress_add(&p, 1000, 0);
    assert_int_equal(progress_bytes_per_second(&p, 1000, 0), 0);
    progress_add(&p, 1100, 70); /* too soon for a sample, but it counts */
    assert_int_equal(progress_bytes_per_second(&p, 1100, 70), 700);
    for (int64_t ms = 1500; ms <= 60000; ms += 500)
        progress_add(&p, ms, (ms - 1000) / 2);
    assert_int_equal(progress_bytes_per_second(&p, 60000, 29500), 500);
    for (int64_t ms = 60500; ms <= 72000; ms += 500)
        progress_add(&p, ms, 29500); /* it stalls: the past is forgotten */
    assert_int_equal(progress_bytes_per_second(&p, 72000, 29500), 0);
    progress_add(&p, 72500, 20000); /* a failed try counts no more */
    assert_int_equal(progress_bytes_per_second(&p, 72500, 20000), 0);
    assert_int_equal(progress_seconds_left(1000, 0), -1);
    assert_int_equal(progress_seconds_left(1001, 100), 11);
    assert_int_equal(progress_seconds_left(0, 0), 0);
    assert_int_equal(progress_seconds_left(INT64_MAX, 1), -1);
}

static const char *shown(void (*show)(struct buf *, int64_t), int64_t value)
{
    static char text[64];
    struct buf b = BUF_EMPTY;
    show(&b, value);
    (void)snprintf(text, sizeof text, "%s", buf_str(&b));
    buf_close(&b);
    return text;
}

static void amounts(void **state)
{
    (void)state;
    assert_string_equal(shown(progress_show_bytes, 999), "999 bytes");
    assert_string_equal(shown(progress_show_bytes, 1000), "1.0 kB");
    assert_string_equal(shown(progress_show_bytes, 999960), "1.0 MB");
    assert_string_equal(shown(progress_show_bytes, INT64_C(2300000000)), "2.3 GB");
    assert_string_equal(shown(progress_show_seconds, 38), "38 s");
    assert_string_equal(shown(progress_show_seconds, 121), "3 min");
    assert_string_equal(shown(progress_show_seconds, 7500), "2 h 5 min");
}

struct row {
    struct report r;
    const char *line;
    const char *status;
};

/* A sample of 100 bytes a second. */
#define RATE .rate = {.samples = {{1000, 0}}, .next = 1, .count = 1}

static void lines(void **state)
{
    (void)state;
    // clang-format off
    static const struct row rows[] = {
        {{.options = &plain, .listed = 12000, .unchanged = 9}, "12000 listed, 9 unchanged",
         "12000 listed"},
        {{.options = &plain, .listed = 9, .to_fetch = 4, .to_fetch_bytes = 8000, .fetched = 1,
          .moved_bytes = 1000, RATE},
         "1 of 4+ objects, 1.0 kB of 8.0 kB+, 100 bytes/s", "9 listed, 1.0 kB fetched"},
        {{.options = &plain, .listed = 9, .to_fetch = 4, .to_fetch_bytes = 8000, .fetched = 1,
          .moved_bytes = 1000, .listed_all = true, RATE},
         "12 %, 1 of 4 objects, 1.0 kB of 8.0 kB, 100 bytes/s, 70 s left",
         "12 % of 8.0 kB, 70 s left"},
        {{.options = &plain, .to_fetch = 4, .to_fetch_bytes = 1000, .fetched = 3,
          .moved_bytes = 1000, .listed_all = true, RATE},
         "99 %, 3 of 4 objects, 1.0 kB of 1.0 kB, 100 bytes/s", "99 % of 1.0 kB"},
        {{.options = &plain, .to_fetch = 4, .to_fetch_bytes = 1000, .fetched = 4,
          .moved_bytes = 1000, .listed_all = true, RATE},
         "100 %, 4 of 4 objects, 1.0 kB of 1.0 kB, flushing to disk", "100 % of 1.0 kB"},
        {{.options = &plain, .to_fetch = 4, .fetched = 1, .listed_all = true},
         "25 %, 1 of 4 objects, 0 bytes of 0 bytes, 0 bytes/s", "25 % of 0 bytes"},
        {{.options = &sending, .listed = 9, .to_fetch = 4, .to_fetch_bytes = 8000, .fetched = 4,
          .moved_bytes = 8000, RATE},
         "4 of 4+ objects, 8.0 kB of 8.0 kB+, 800 bytes/s", "9 listed, 8.0 kB uploaded"},
    };
    // clang-format on
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct buf b = BUF_EMPTY;
        report_line(&rows[i].r, 11000, &b);
        assert_string_equal(buf_str(&b), rows[i].line);
        buf_clear(&b);
        report_status(&rows[i].r, 11000, &b);
        assert_string_equal(buf_str(&b), rows[i].status);
        buf_close(&b);
    }
}

/* What goes to standard output and standard error meanwhile ends in two files. */
struct capture {
    int saved[2];
    char paths[2][32];
};

static void capture_start(struct capture *c)
{
    (void)fflush(NULL);
    for (int i = 0; i < 2; i++) {
        (void)snprintf(c->paths[i], sizeof c->paths[i], "/tmp/mainstay-unit.XXXXXX");
        int fd = mkstemp(c->paths[i]);
        c->saved[i] = dup(i + 1);
        assert_true(fd >= 0 && c->saved[i] >= 0 && dup2(fd, i + 1) == i + 1);
        fd_close(&fd);
    }
}

static void capture_end(struct capture *c, struct buf *out, struct buf *errors)
{
    struct err e;
    (void)fflush(NULL);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(dup2(c->saved[i], i + 1), i + 1);
        fd_close(&c->saved[i]);
        assert_int_equal(fd_read_file(c->paths[i], 1 << 20, i ? errors : out, &e), 0);
        assert_int_equal(unlink(c->paths[i]), 0);
    }
}

static void run(struct report *r, const struct arguments *o, enum sync_exit code, const char *error)
{
    report_start(r, o);
    r->told -= 5000; /* that long ago */
    r->listed = r->to_fetch = 3;
    r->listed_all = r->published = true;
    r->fetched = 2;
    r->fetched_bytes = r->moved_bytes = r->to_fetch_bytes = 1500;
    report_tick(r);
    report_tick(r); /* so soon: says nothing */
    report_key(r, REPORT_SKIPPED, "a\0b\xff", 4, "skipped: the key 'a' holds a NUL byte");
    r->skipped = 1;
    report_plan(r, "fetch", "x/\n");
    report_end(r, code, error);
}

static void words_for_people(void **state)
{
    (void)state;
    struct capture c;
    struct report r;
    struct buf out = BUF_EMPTY;
    struct buf errors = BUF_EMPTY;
    capture_start(&c);
    run(&r, &plain, SYNC_KEYS, NULL);
    capture_end(&c, &out, &errors);
    assert_ptr_equal(strstr(buf_str(&out), "fetch 'x/\\x0a'\nsynced s3://b/p -> /srv/t: 2 fetched "
                                           "(1.5 kB), 0 unchanged, 0 deleted, 1 skipped in 0."),
                     out.data);
    assert_string_equal(buf_str(&errors), "mainstay-sync: skipped: the key 'a' holds a NUL byte\n");
    buf_close(&out);
    buf_close(&errors);
    struct arguments o = plain;
    o.quiet = true;
    o.progress = PROGRESS_ALWAYS;
    capture_start(&c);
    run(&r, &o, SYNC_SERVER, "it is broken");
    capture_end(&c, &out, &errors);
    assert_string_equal(buf_str(&out), "");
    assert_string_equal(buf_str(&errors), "mainstay-sync: skipped: the key 'a' holds a NUL byte\n"
                                          "mainstay-sync: it is broken\n");
    buf_close(&out);
    buf_close(&errors);
    o.quiet = false;
    capture_start(&c);
    run(&r, &o, SYNC_OK, NULL);
    capture_end(&c, &out, &errors);
    assert_ptr_equal(strstr(buf_str(&errors), "mainstay-sync: 99 %, 2 of 3 objects"), errors.data);
    buf_close(&out);
    buf_close(&errors);
}

static json_t *event(char **lines, const char *name)
{
    char *line = strsep(lines, "\n");
    json_t *doc = json_loads(line ? line : "", JSON_ALLOW_NUL, NULL);
    assert_non_null(doc);
    assert_string_equal(json_string_value(json_object_get(doc, "event")), name);
    return doc;
}

static json_int_t number(const json_t *doc, const char *name)
{
    assert_true(json_is_integer(json_object_get(doc, name)));
    return json_integer_value(json_object_get(doc, name));
}

static void events_for_programs(void **state)
{
    (void)state;
    struct capture c;
    struct report r;
    struct buf out = BUF_EMPTY;
    struct buf errors = BUF_EMPTY;
    struct arguments o = plain;
    o.json = true;
    capture_start(&c);
    run(&r, &o, SYNC_KEYS, NULL);
    capture_end(&c, &out, &errors);
    char *lines = out.data;
    json_t *doc = event(&lines, "progress");
    assert_int_equal(number(doc, "moved_bytes"), 1500);
    assert_int_equal(number(doc, "seconds_left"), 0);
    json_decref(doc);
    doc = event(&lines, "skipped");
    assert_int_equal(json_string_length(json_object_get(doc, "key")), 4);
    assert_memory_equal(json_string_value(json_object_get(doc, "key")), "a\0b?", 5);
    json_decref(doc);
    doc = event(&lines, "plan");
    assert_string_equal(json_string_value(json_object_get(doc, "path")), "x/\n");
    json_decref(doc);
    doc = event(&lines, "result");
    assert_string_equal(json_string_value(json_object_get(doc, "result")), "ok");
    assert_int_equal(number(doc, "exit"), 7);
    assert_int_equal(number(doc, "fetched_bytes"), 1500);
    assert_true(json_is_null(json_object_get(doc, "error")));
    json_decref(doc);
    assert_string_equal(lines, "");
    buf_close(&out);
    buf_close(&errors);
}

/* A server with a million bad keys does not fill the log. */
static void complaints_end(void **state)
{
    (void)state;
    struct capture c;
    struct report r;
    struct buf out = BUF_EMPTY;
    struct buf errors = BUF_EMPTY;
    size_t count = 0;
    capture_start(&c);
    report_start(&r, &plain);
    for (int i = 0; i < 5000; i++)
        report_key(&r, REPORT_SKIPPED, "a", 1, "no");
    report_end(&r, SYNC_KEYS, NULL);
    capture_end(&c, &out, &errors);
    for (const char *at = buf_str(&errors); *at; at++)
        count += *at == '\n';
    assert_int_equal(count, 101);
    assert_non_null(strstr(buf_str(&errors), "there are more such keys"));
    buf_close(&out);
    buf_close(&errors);
}

static int listen_at(const char *path)
{
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    (void)snprintf(a.sun_path, sizeof a.sun_path, "%s", path);
    assert_int_equal(bind(fd, (const struct sockaddr *)&a, sizeof a), 0);
    return fd;
}

static void expect_datagram(int fd, const char *want)
{
    char text[512] = "";
    ssize_t n = recv(fd, text, sizeof text - 1, 0);
    assert_true(n >= 0);
    assert_string_equal(text, want);
}

static void words_for_the_daemon(void **state)
{
    (void)state;
    struct capture c;
    struct report r;
    struct buf out = BUF_EMPTY;
    struct buf errors = BUF_EMPTY;
    char folder[] = "/tmp/mainstay-unit.XXXXXX";
    char path[64];
    assert_non_null(mkdtemp(folder));
    (void)snprintf(path, sizeof path, "%s/notify", folder);
    int fd = listen_at(path);
    assert_int_equal(setenv("NOTIFY_SOCKET", path, 1), 0);
    capture_start(&c);
    run(&r, &plain, SYNC_OK, NULL);
    capture_end(&c, &out, &errors);
    expect_datagram(fd, "STATUS=99 % of 1.5 kB");
    expect_datagram(fd, "MAINSTAY_CHANGED=1\nMAINSTAY_OBJECTS=2\nMAINSTAY_BYTES=1500");
    assert_true(recv(fd, path, sizeof path, 0) < 0);
    assert_null(getenv("NOTIFY_SOCKET")); /* nobody whom we start speaks for us */
    fd_close(&fd);
    (void)snprintf(path, sizeof path, "%s/notify", folder);
    assert_int_equal(setenv("NOTIFY_SOCKET", path, 1), 0);
    buf_clear(&out);
    capture_start(&c);
    run(&r, &plain, SYNC_OK, NULL); /* nobody listens: no harm */
    capture_end(&c, &out, &errors);
    assert_non_null(strstr(buf_str(&out), "synced"));
    assert_int_equal(unlink(path), 0);
    assert_int_equal(rmdir(folder), 0);
    buf_close(&out);
    buf_close(&errors);
}

int main(void)
{
    (void)unsetenv("NOTIFY_SOCKET");
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rates),
        cmocka_unit_test(amounts),
        cmocka_unit_test(lines),
        cmocka_unit_test(words_for_people),
        cmocka_unit_test(events_for_programs),
        cmocka_unit_test(complaints_end),
        cmocka_unit_test(words_for_the_daemon),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
