/* Protects --dump-config and --check: whole files against what must come of them. */
#include "config_helper.h"

#include <jansson.h>

#include "config/check.h"
#include "config/diff.h"
#include "config/dump.h"

/* A folder's own tests; its name is cut out of what is printed. */
static void without_folder(struct buf *text)
{
    char cwd[4096];
    struct buf all = BUF_EMPTY;
    char *folder = *fixtures() == '/'
                       ? mem_printf("%s/", fixtures())
                       : mem_printf("%s%s/", getcwd(cwd, sizeof cwd), fixtures() + 1);
    const char *at = buf_str(text);
    for (const char *hit; (hit = strstr(at, folder)); at = hit + strlen(folder))
        buf_append(&all, at, (size_t)(hit - at));
    buf_text(&all, at);
    buf_close(text);
    *text = all;
    mem_free(folder);
}

static void run(int (*program)(const struct load_options *, FILE *), const char *name,
                struct buf *out, int wanted)
{
    static const struct env_var site = {"SITE", "env"};
    static const struct env_list environment = {(struct env_var *)(uintptr_t)&site, 1};
    char path[4200];
    char *text = NULL;
    size_t len = 0;
    (void)snprintf(path, sizeof path, "%s/%s.conf", fixtures(), name);
    struct load_options o = {path, true, "/srv", "host", .environ = &environment};
    FILE *stream = open_memstream(&text, &len);
    assert_int_equal(program(&o, stream), wanted);
    (void)fclose(stream);
    buf_append(out, text, len);
    free(text);
    without_folder(out);
}

static void read_fixture(const char *name, const char *suffix, struct buf *out)
{
    char path[4200];
    struct err e;
    (void)snprintf(path, sizeof path, "%s/%s.%s", fixtures(), name, suffix);
    if (fd_read_file(path, 1 << 20, out, &e) < 0)
        fail_msg("%s", e.text);
}

static void dump_is(const char *name)
{
    struct buf found = BUF_EMPTY;
    struct buf wanted = BUF_EMPTY;
    run(dump_main, name, &found, 0);
    read_fixture(name, "json", &wanted);
    json_t *a = json_loads(buf_str(&found), 0, NULL);
    json_t *b = json_loads(buf_str(&wanted), 0, NULL);
    assert_int_equal(json_object_del(a, "problems"), 0); /* NAME.txt has them */
    if (!json_equal(a, b))
        assert_string_equal(buf_str(&found), buf_str(&wanted));
    assert_non_null(a);
    assert_null(strstr(buf_str(&found), "secret"));
    assert_null(memchr(found.data, '\n', found.len - 1)); /* one object, one line */
    json_decref(a);
    json_decref(b);
    buf_close(&found);
    buf_close(&wanted);
}

static void whole_files_come_out_right(void **state)
{
    (void)state;
    dump_is("full");
    dump_is("bytes");
}

static void no_more(const struct config *c, struct buf *out)
{
    (void)c;
    (void)out;
}

static int check(const struct load_options *o, FILE *out)
{
    return check_main(o, no_more, out);
}

static void check_is(const char *name, int wanted_code)
{
    struct buf found = BUF_EMPTY;
    struct buf wanted = BUF_EMPTY;
    run(check, name, &found, wanted_code);
    read_fixture(name, "txt", &wanted);
    assert_string_equal(buf_str(&found), buf_str(&wanted));
    buf_close(&found);
    buf_close(&wanted);
}

static void problems_have_their_sentences(void **state)
{
    (void)state;
    check_is("full", 0);
    check_is("bytes", 0);
    check_is("warnings", 0);
    check_is("broken/many", 1);
    check_is("broken/lines", 1);
    check_is("broken/names", 1);
    check_is("broken/cycle", 1);
}

static void a_refusal_is_json_too(void **state)
{
    (void)state;
    struct buf found = BUF_EMPTY;
    run(dump_main, "broken/cycle", &found, 1);
    json_t *value = json_loads(buf_str(&found), 0, NULL);
    assert_true(json_is_false(json_object_get(value, "ok")));
    assert_int_equal(json_array_size(json_object_get(value, "problems")), 2);
    assert_non_null(strstr(json_string_value(json_object_get(value, "error")), "a cycle: api"));
    json_decref(value);
    buf_close(&found);
}

/* --- What reread reports ------------------------------------------------------------------- */

#define BASE                                                                                       \
    "[supervisord]\nenvironment=G=\"1\"\n[program:a]\ncommand=a\n[program:b]\ncommand=b\n"         \
    "environment=X=\"1\",Y=\"2\"\n[eventlistener:e]\ncommand=e\nevents=TICK\n"

/* "+added ~changed -removed" from one text to the other. */
static void change_from(const char *base, const char *text, const char *wanted)
{
    struct loaded old;
    struct loaded next;
    struct arena a;
    struct config_diff diff;
    struct buf found = BUF_EMPTY;
    const struct group_config *active[8];
    arena_init(&a);
    load_text(&old, base);
    load_text(&next, text);
    for (size_t i = 0; i < old.config->group_count; i++)
        active[i] = &old.config->groups[i];
    config_diff(active, old.config->group_count, next.config, &a, &diff);
    load_close(&old); /* the names in the answer are its own */
    load_close(&next);
    for (size_t i = 0; i < diff.added.count; i++)
        buf_printf(&found, "+%s ", diff.added.names[i]);
    for (size_t i = 0; i < diff.changed.count; i++)
        buf_printf(&found, "~%s ", diff.changed.names[i]);
    for (size_t i = 0; i < diff.removed.count; i++)
        buf_printf(&found, "-%s ", diff.removed.names[i]);
    assert_string_equal(buf_str(&found), wanted);
    buf_close(&found);
    arena_close(&a);
}

static void change_is(const char *text, const char *wanted)
{
    change_from(BASE, text, wanted);
}

static void differences(void **state)
{
    (void)state;
    change_is(BASE, "");
    change_is(BASE "[program:c]\ncommand=c\n", "+c ");
    change_is("[supervisord]\nenvironment=G=\"1\"\n[program:a]\ncommand=a\n", "-e -b ");
    change_is(BASE "[program:a]\ncommand=other\n", "~a ");
    change_is(BASE "[program:b]\nenvironment=Y=\"2\",X=\"1\"\n", "");
    change_is(BASE "[program:b]\nenvironment=Y=\"2\",X=\"2\"\n", "~b ");
    change_is(BASE "[eventlistener:e]\nevents=TICK_5\n", "~e ");
    change_is(BASE "[eventlistener:e]\nbuffer_size=11\n", "~e ");
    change_is(BASE "[group:g]\nprograms=a\n", "+g -a ");
    change_is(BASE "[supervisord]\nenvironment=G=\"2\"\n", "~e ~a ~b ");
    change_is(BASE "[program:a]\nrequires=b\n", "~a ");
    change_is(BASE "; only a comment\n", "");
}

/* Supervisor compares the URL only, and nothing of a member of a group. */
static void every_key_of_a_socket_counts(void **state)
{
    (void)state;
    static const char base[] = "[supervisord]\n[fcgi-program:f]\ncommand=f\n"
                               "socket=unix:///tmp/f\nsocket_mode=0700\n";
    static const char *const lines[] = {"socket=unix:///tmp/g", "socket_mode=0770",
                                        "socket_backlog=5"};
    static const char group[] = "[group:g]\nprograms=f\n";
    char *member = mem_printf("%s%s", base, group);
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        char *text = mem_printf("%s[fcgi-program:f]\n%s\n", base, lines[i]);
        change_from(base, text, "~f ");
        char *inside = mem_printf("%s%s", text, group);
        change_from(member, inside, "~g ");
        mem_free(inside);
        mem_free(text);
    }
    change_from(base, base, "");
    change_from(member, member, "");
    mem_free(member);
}

static void every_key_of_a_program_counts(void **state)
{
    (void)state;
    // clang-format off
    static const char *const lines[] = {
        "directory=/x", "umask=1", "user=root", "priority=1", "stopsignal=INT", "stopwaitsecs=1",
        "stopasgroup=1", "killasgroup=1", "exitcodes=1", "serverurl=http://x", "stdout_logfile=x",
        "stdout_logfile_maxbytes=1", "stdout_logfile_backups=1", "stdout_capture_maxbytes=1",
        "stdout_events_enabled=1", "stdout_syslog=1", "stderr_logfile=x",
        "stderr_logfile_maxbytes=1", "stderr_logfile_backups=1", "stderr_capture_maxbytes=1",
        "stderr_events_enabled=1", "stderr_syslog=1", "after=b", "process_name=z", "autostart=0",
        "autorestart=1", "startsecs=7", "startretries=7", "redirect_stderr=1", "stdout_logfile=NONE",
        "numprocs=2\nprocess_name=%(process_num)d", "numprocs=0", "ready=notify", "ready_timeout=1",
        "watchdog=2", "listen=tcp:80", "listen_mode=600",
    };
    // clang-format on
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        char *text = mem_printf(BASE "[program:a]\n%s\n", lines[i]);
        change_is(text, "~a ");
        mem_free(text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whole_files_come_out_right),
        cmocka_unit_test(problems_have_their_sentences),
        cmocka_unit_test(a_refusal_is_json_too),
        cmocka_unit_test(differences),
        cmocka_unit_test(every_key_of_a_socket_counts),
        cmocka_unit_test(every_key_of_a_program_counts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
