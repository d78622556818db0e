/*
 * Protects what a hand-over carries of the configuration: the same snapshot comes back from its
 * own texts when the files, users' folders and the environment have changed; mergers likewise;
 * what is garbled is refused.
 */
#include "config_helper.h"

#include <jansson.h>
#include <sys/stat.h>

#include "config/merge.h"
#include "output_temp.h"

static const char main_text[] =
    "[supervisord]\n"
    "logfile=%(here)s/logs/d.log\n"
    "user=%(ENV_WHO)s\n"
    "identifier=i-%(ENV_SITE)s\n"
    "environment=TOKEN=\"s3cret %%41\",ALL=\"%(ENV_SITE)s\"\n"
    "directory=logs\n"
    "[unix_http_server]\n"
    "file=relative.sock\n"
    "chown=%(ENV_WHO)s:%(ENV_GROUP)s\n"
    "username=u\n"
    "password=p4ss\n"
    "[supervisorctl]\n"
    "serverurl=unix://ctl.sock\n"
    "history_file=/nowhere/at/all/history\n"
    "[include]\n"
    "files=conf.d/*.conf more/%(ENV_SITE)s.ini\n"
    "[program:main]\n"
    "command=/bin/cat %(here)s %(host_node_name)s \xe4\xff\n" /* Latin-1 */
    "stdout_logfile=~/out.log\n"
    "directory=~%(ENV_WHO)s\n"
    "user=%(ENV_WHO)s\n";

static const char a_text[] = "[program:a]\ncommand=sleep %(process_num)d\nnumprocs=3\n"
                             "process_name=%(program_name)s_%(process_num)d\n"
                             "stdout_logfile=logs/a%(process_num)d.log\n";
static const char b_text[] =
    "[fcgi-program:b]\r\ncommand=php\r\nsocket=unix:///tmp/%(program_name)s.sock\r\n"
    "socket_owner=%(ENV_WHO)s\r\nuser=%(ENV_WHO)s\r\n"
    "[group:g]\nprograms=c,f\n[program:c]\ncommand=c\n"
    "[fcgi-program:f]\ncommand=php\nsocket=tcp://localhost:9\nsocket_owner=nobody:no-such-group\n";
static const char more_text[] = "\xef\xbb\xbf[eventlistener:l]\ncommand=l\nevents=TICK_5\n"
                                "[job:j]\ncommand=%(here)s/j\nschedule=@daily\n"
                                "timezone=Europe/Berlin\n[sync:s]\nsource=s3://data/x\n"
                                "target=/t\nstale_ok=1h\n";

static void put_file(const char *path, const char *text)
{
    struct err e;
    if (fd_write_file(path, text, strlen(text), 0600, &e) < 0)
        fail_msg("%s", e.text);
}

static void put_files(void)
{
    static const char *const folders[] = {"logs", "conf.d", "more", "home", "tmp"};
    assert_int_equal(mkdir("site", 0700), 0);
    assert_int_equal(chdir("site"), 0);
    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++)
        assert_int_equal(mkdir(folders[i], 0700), 0);
    put_file("m.conf", main_text);
    put_file("conf.d/a.conf", a_text);
    put_file("conf.d/b.conf", b_text);
    put_file("more/here.ini", more_text);
    char *home = mem_printf("%s/site/home", temp_folder);
    char *temporary = mem_printf("%s/site/tmp", temp_folder);
    assert_int_equal(setenv("HOME", home, 1), 0);
    assert_int_equal(setenv("TMPDIR", temporary, 1), 0);
    assert_int_equal(setenv("SITE", "here", 1), 0);
    assert_int_equal(setenv("WHO", "root", 1), 0);
    assert_int_equal(setenv("GROUP", "0", 1), 0);
    mem_free(home);
    mem_free(temporary);
}

/* Nothing is as it was when they were loaded. */
static void change_all(void)
{
    assert_int_equal(chdir(temp_folder), 0);
    assert_int_equal(rename("site", "gone"), 0);
    assert_int_equal(mkdir("site", 0700), 0);
    assert_int_equal(chdir("site"), 0);
    put_file("m.conf", "[supervisord]\nlogfile=/other\n");
    assert_int_equal(chdir("/usr"), 0);
    assert_int_equal(setenv("HOME", "/other", 1), 0);
    assert_int_equal(setenv("TMPDIR", "/usr", 1), 0);
    assert_int_equal(unsetenv("SITE"), 0);
    assert_int_equal(setenv("WHO", "no-such-user", 1), 0);
    assert_int_equal(setenv("TZDIR", "/nowhere", 1), 0);
}

static struct config *load_one(const char *path, const struct load_options *more)
{
    struct load_options o = more ? *more : (struct load_options){0};
    struct loaded l;
    o.path = path;
    load_file(&l, &o);
    if (l.rc < 0)
        fail_msg("%s", l.e.text);
    struct config *c = config_ref(l.config);
    load_close(&l);
    return c;
}

static int enter(void **state)
{
    if (temp_enter(state) < 0)
        return -1;
    put_files();
    return 0;
}

static int leave(void **state)
{
    (void)unsetenv("TMPDIR");
    (void)unsetenv("TZDIR");
    return temp_leave(state);
}

/* --- One configuration ---------------------------------------------------------------------- */

static void nothing_on_the_disk_is_needed(void **state)
{
    (void)state;
    struct config *c = load_one("m.conf", NULL);
    assert_int_equal(c->included.count, 3);
    assert_int_equal(c->group_count, 5);
    change_all();
    assert_loads_again(c);
    config_unref(c);
}

static void options_are_kept(void **state)
{
    (void)state;
    struct env_var override = {"identifier", "50% of all"};
    struct env_var variables[] = {{"SITE", "here"}, {"WHO", "0"}, {"GROUP", "root"}};
    const struct env_list environment = {variables, 3};
    const char *skipped = "conf.d/a.conf";
    char *here = mem_printf("%s/site", temp_folder);
    char *path = mem_printf("%s/%s", here, skipped);
    const char *names[] = {path};
    const struct name_list skip = {names, 1};
    const struct load_options o = {.here = here,
                                   .node = "elsewhere",
                                   .overrides = {&override, 1},
                                   .skip = &skip,
                                   .environ = &environment};
    struct config *c = load_one("m.conf", &o);
    assert_string_equal(c->identifier, "50% of all");
    assert_null(config_find_group(c, "a"));
    put_file("conf.d/c.conf", "[program:new]\ncommand=x\n");
    change_all();
    assert_loads_again(c);
    config_unref(c);
    mem_free(path);
    mem_free(here);
}

static void a_partial_load_is_kept(void **state)
{
    (void)state;
    const char *name = "a";
    const struct name_list names = {&name, 1};
    const struct load_options o = {.path = "m.conf"};
    struct problem_list left;
    struct config *c = NULL;
    struct err e;
    put_file("conf.d/b.conf", "[program:b]\nnumprocs=none\n");
    problem_list_init(&left);
    assert_int_equal(config_load_good(&o, &names, &c, &left, &e), 0);
    problem_list_close(&left);
    assert_int_equal(c->included.count, 2);
    put_file("conf.d/b.conf", b_text);
    assert_loads_again(c);
    change_all();
    assert_loads_again(c);
    config_unref(c);
}

/* It comes back from what came back. */
static void again_and_again(void **state)
{
    (void)state;
    struct config *c = load_one("m.conf", NULL);
    change_all();
    for (int i = 0; i < 3; i++) {
        struct problem_list problems;
        struct config *next;
        struct err e;
        problem_list_init(&problems);
        assert_int_equal(config_load_again(c->sources, &next, &problems, &e), 0);
        problem_list_close(&problems);
        assert_same_config(c, next);
        config_unref(c);
        c = next;
    }
    config_unref(c);
}

/* --- Several -------------------------------------------------------------------------------- */

static struct config *merge_one(struct config *older, struct config *newer, const char *name)
{
    const struct name_list names = {&name, 1};
    return config_merge(older, newer, &names);
}

static void assert_archive_comes_back(json_t *objects, struct config *const *wanted,
                                      const int64_t *numbers, size_t count)
{
    struct config_archive archive = {0};
    struct err e = {""};
    char *text = json_dumps(objects, JSON_COMPACT);
    json_t *read = json_loads(text, 0, NULL);
    if (config_archive_load(&archive, read, &e) < 0)
        fail_msg("%s", e.text);
    for (size_t i = 0; i < count; i++) {
        const struct config *c = config_archive_find(&archive, numbers[i]);
        assert_non_null(c);
        assert_same_config(wanted[i], c);
        assert_int_equal(wanted[i]->parts == NULL, c->parts == NULL);
    }
    config_archive_close(&archive);
    json_decref(read);
    free(text);
}

static void mergers_come_back(void **state)
{
    (void)state;
    struct config_archive archive = {0};
    struct config *all[4];
    int64_t numbers[4];
    json_t *objects = json_array();
    all[0] = load_one("m.conf", NULL);
    put_file("conf.d/a.conf", "[program:a]\ncommand=other\n");
    all[1] = load_one("m.conf", NULL);
    all[2] = merge_one(all[0], all[1], "a");
    put_file("conf.d/a.conf", "");
    struct config *third = load_one("m.conf", NULL);
    all[3] = merge_one(all[2], third, "g");
    config_unref(third); /* only the merger still has it */
    change_all();
    for (size_t i = 4; i > 0; i--) /* parts are put with what needs them */
        numbers[i - 1] = config_archive_put(&archive, all[i - 1], objects);
    assert_int_equal(json_array_size(objects), 5);
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(config_archive_put(&archive, all[i], objects), numbers[i]);
    assert_int_equal(json_array_size(objects), 5);
    assert_archive_comes_back(objects, all, numbers, 4);
    for (size_t i = 0; i < 4; i++)
        config_unref(all[i]);
    config_archive_close(&archive);
    assert_int_equal(archive.count, 0);
    json_decref(objects);
}

/* --- What is garbled ------------------------------------------------------------------------ */

static json_t *good_objects(void)
{
    struct config_archive archive = {0};
    struct config *older = load_one("m.conf", NULL);
    put_file("conf.d/a.conf", "[program:a]\ncommand=other\n");
    struct config *newer = load_one("m.conf", NULL);
    struct config *merger = merge_one(older, newer, "a");
    json_t *objects = json_array();
    (void)config_archive_put(&archive, merger, objects);
    config_unref(older);
    config_unref(newer);
    config_unref(merger);
    config_archive_close(&archive);
    return objects;
}

/* It loads, or there is a sentence and nothing in the archive. Returns whether it loaded. */
static bool try_objects(const json_t *objects)
{
    struct config_archive archive = {0};
    struct err e = {""};
    int rc = config_archive_load(&archive, objects, &e);
    if (rc < 0) {
        assert_true(e.text[0] != '\0');
        assert_int_equal(archive.count, 0);
    }
    config_archive_close(&archive);
    return rc == 0;
}

static size_t tried, loaded;

/* Something else in this place of the tree, below `all`, and what it was again. */
static void try_instead(json_t *all, json_t *parent, const char *key, size_t index)
{
    static const char *const others[] = {"null",
                                         "-1",
                                         "99",
                                         "\"\"",
                                         "\"/x\"",
                                         "[]",
                                         "{}",
                                         "[[1]]",
                                         "{\"base64\": \"*\"}",
                                         "{\"base64\": \"AA==\"}"};
    json_t *old = key ? json_object_get(parent, key) : json_array_get(parent, index);
    json_incref(old);
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        json_t *other = json_loads(others[i], JSON_DECODE_ANY, NULL);
        if (key)
            json_object_set_new(parent, key, other);
        else
            json_array_set_new(parent, index, other);
        tried++;
        loaded += try_objects(all);
    }
    if (key)
        json_object_set_new(parent, key, old);
    else
        json_array_set_new(parent, index, old);
}

static void garble(json_t *all, json_t *node)
{
    static const char *const keys[] = {"kind",      "key",     "files",   "here", "unresolved",
                                       "overrides", "environ", "answers", "rest", "groups"};
    for (size_t i = 0; i < json_array_size(node) && i < 6; i++) {
        garble(all, json_array_get(node, i));
        try_instead(all, node, NULL, i);
    }
    for (size_t i = 0; json_is_object(node) && i < sizeof keys / sizeof *keys; i++) {
        if (!json_object_get(node, keys[i]))
            continue;
        garble(all, json_object_get(node, keys[i]));
        try_instead(all, node, keys[i], 0);
    }
}

static void garbled_objects_are_refused(void **state)
{
    (void)state;
    json_t *objects = good_objects();
    assert_true(try_objects(objects));
    garble(objects, objects);
    assert_true(try_objects(objects));
    assert_true(tried > 500);
    assert_true(loaded < tried / 2); /* other kinds, another answer: some do */
    json_decref(objects);
}

/* What a torn line leaves is no JSON; what is no array is no configuration. */
static void nothing_is_made_of_nothing(void **state)
{
    (void)state;
    json_t *empty = json_object();
    struct config *c = NULL;
    struct err e = {""};
    assert_int_equal(config_unpack(empty, &c, &e), -EINVAL);
    assert_int_equal(config_unpack(NULL, &c, &e), -EINVAL);
    assert_null(c);
    assert_true(try_objects(empty));
    json_decref(empty);
}

/* An object with so many files, of so many bytes each. */
static json_t *big_object(size_t files, size_t bytes)
{
    json_t *object = json_pack("{s:[], s:n, s:b, s:[], s:[], s:[]}", "files", "here", "unresolved",
                               0, "overrides", "environ", "answers");
    struct buf text = BUF_EMPTY;
    buf_text(&text, "[supervisord]\n;");
    while (text.len < bytes)
        buf_text(&text, "................");
    for (size_t i = 0; i < files; i++)
        json_array_append_new(json_object_get(object, "files"),
                              json_pack("[s, s]", "/x", buf_str(&text)));
    buf_close(&text);
    return object;
}

static void limits_hold(void **state)
{
    (void)state;
    static const struct {
        size_t files, bytes;
        int rc;
    } rows[] = {
        {1, 16, 0},
        {4097, 16, 0},
        {4098, 16, -EFBIG},
        {17, 1 << 20, -EFBIG},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        json_t *object = big_object(rows[i].files, rows[i].bytes);
        struct config *c = NULL;
        struct err e = {""};
        assert_int_equal(config_unpack(object, &c, &e), rows[i].rc);
        config_unref(c);
        json_decref(object);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(nothing_on_the_disk_is_needed, enter, leave),
        cmocka_unit_test_setup_teardown(options_are_kept, enter, leave),
        cmocka_unit_test_setup_teardown(a_partial_load_is_kept, enter, leave),
        cmocka_unit_test_setup_teardown(again_and_again, enter, leave),
        cmocka_unit_test_setup_teardown(mergers_come_back, enter, leave),
        cmocka_unit_test_setup_teardown(garbled_objects_are_refused, enter, leave),
        cmocka_unit_test(nothing_is_made_of_nothing),
        cmocka_unit_test(limits_hold),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
