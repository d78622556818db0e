/* Where cgroup v2 has us, what sub-groups and scopes are called, and what limits look like. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "base/parse.h"
#include "engine/cgroup_path.h"
#include "engine/limits.h"

#define V2 "26 20 0:22 / /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw,nsdelegate\n"
#define PROC "21 20 0:4 / /proc rw shared:5 - proc proc rw\n"

static void finds_our_folder(void **state)
{
    (void)state;
    // clang-format off
    static const struct { const char *cgroup, *mounts, *path; } rows[] = {
        {"0::/system.slice/mainstay.service\n", PROC V2, "/sys/fs/cgroup/system.slice/mainstay.service"},
        {"0::/\n", V2, "/sys/fs/cgroup"},
        {"5:cpu:/x\n1:name=systemd:/y\n0::/z\n", "30 26 0:26 / /sys/fs/cgroup/unified rw - cgroup2 c rw\n",
         "/sys/fs/cgroup/unified/z"},
        {"5:cpu:/x\n", PROC V2, NULL},
        {"0::/x\n", PROC, NULL},
        {"", "", NULL},
        /* a mount of a part of the tree, as containers have it */
        {"0::/docker/1/x\n", "9 8 0:22 /docker/1 /mnt/a\\040b rw - cgroup2 c rw\n", "/mnt/a b/x"},
        {"0::/docker/1\n", "9 8 0:22 /docker/1 /mnt rw - cgroup2 c rw\n", "/mnt"},
        {"0::/docker/12\n", "9 8 0:22 /docker/1 /mnt rw - cgroup2 c rw\n", NULL},
        {"0::/../other\n", V2, NULL},
        /* the later mount lies over the earlier one */
        {"0::/x\n", V2 "9 8 0:22 / /mnt rw - cgroup2 c rw", "/mnt/x"},
        {"0::/x\n", "9 8 0:22\n" V2, "/sys/fs/cgroup/x"},
    };
    // clang-format on
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const char *why = NULL;
        char *path = cgroup_path_find(rows[i].cgroup, rows[i].mounts, &why);
        if (rows[i].path)
            assert_string_equal(path, rows[i].path);
        else
            assert_null(path);
        assert_true(path || why);
        mem_free(path);
    }
}

static void names_sub_groups(void **state)
{
    (void)state;
    // clang-format off
    static const struct { bool of_job; const char *label, *name; } rows[] = {
        {false, "web", "program-web"},     {false, "team:w_0", "program-team:w_0"},
        {true, "job:certbot", "job-certbot"}, {true, "sync:data", "job-sync:data"},
        {false, "job:x", "program-job:x"},
    };
    // clang-format on
    char name[CGROUP_NAME_MAX + 1];
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        cgroup_path_name(rows[i].of_job, rows[i].label, name);
        assert_string_equal(name, rows[i].name);
        assert_true(cgroup_path_is_ours(name));
    }
    assert_false(cgroup_path_is_ours("init.scope"));
    assert_false(cgroup_path_is_ours("keeper"));
}

static void names_are_safe_and_differ(void **state)
{
    (void)state;
    char one[CGROUP_NAME_MAX + 1];
    char two[CGROUP_NAME_MAX + 1];
    char label[400];
    cgroup_path_name(false, "a/b", one);
    cgroup_path_name(false, "a\nb", two);
    assert_null(strpbrk(one, "/\n"));
    assert_null(strpbrk(two, "/\n"));
    assert_string_not_equal(one, two);
    memset(label, 'x', sizeof label);
    label[399] = '\0';
    cgroup_path_name(false, label, one);
    label[398] = 'y';
    cgroup_path_name(false, label, two);
    assert_int_equal(strlen(one), CGROUP_NAME_MAX);
    assert_string_not_equal(one, two);
}

static void names_scopes(void **state)
{
    (void)state;
    static const char *const rows[][2] = {
        {"mainstay.service", "mainstay-programs.scope"},
        {"mainstay@staging.service", "mainstay-programs-staging.scope"},
        {"my.super@a.b.service", "my.super-programs-a.b.scope"},
        {"run-u12.scope", "run-u12-programs.scope"},
        {"folder", "folder-programs.scope"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char *scope = cgroup_path_scope(rows[i][0]);
        assert_string_equal(scope, rows[i][1]);
        mem_free(scope);
    }
}

static void reads_limits(void **state)
{
    (void)state;
    // clang-format off
    static const struct { int (*parse)(const char *, int64_t *, struct err *); const char *text;
                          int64_t value; } rows[] = {
        {parse_memory, "512M", 512LL << 20}, {parse_memory, "1.5GB", 3LL << 29},
        {parse_memory, " 64k ", 64 << 10},   {parse_memory, "1000000", 1000000},
        {parse_memory, "2TB", 2LL << 40},    {parse_memory, "100b", 100},
        {parse_memory, "max", INT64_MAX},    {parse_memory, "Infinity", INT64_MAX},
        {parse_memory, "0", -1},   {parse_memory, "M", -1},     {parse_memory, "-5M", -1},
        {parse_memory, "5MM", -1}, {parse_memory, "1.2.3", -1}, {parse_memory, "5e9", -1},
        {parse_memory, "9999999999T", -1}, {parse_memory, "", -1}, {parse_memory, "12 M", -1},
        {parse_cpus, "150%", 150000}, {parse_cpus, "1.5", 150000}, {parse_cpus, "1%", 1000},
        {parse_cpus, "max", INT64_MAX}, {parse_cpus, "0", -1}, {parse_cpus, "0.5%", -1},
        {parse_cpus, "half", -1}, {parse_cpus, "5%%", -1}, {parse_cpus, "-1", -1},
        {parse_count, "100", 100}, {parse_count, "max", INT64_MAX}, {parse_count, "0", -1},
        {parse_count, "1.5", -1},
    };
    // clang-format on
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct err e;
        int64_t value = -1;
        int rc = rows[i].parse(rows[i].text, &value, &e);
        assert_int_equal(value, rows[i].value);
        assert_int_equal(rc < 0, rows[i].value == -1);
    }
}

static void shows_memory(void **state)
{
    (void)state;
    // clang-format off
    static const struct { int64_t bytes; const char *text; } rows[] = {
        {512LL << 20, "512M"}, {1536LL << 20, "1536M"}, {1000000, "1000000"},
        {2LL << 40, "2T"}, {INT64_MAX, "max"}, {1024, "1K"},
    };
    // clang-format on
    char text[32];
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        limits_memory_text(rows[i].bytes, text, sizeof text);
        assert_string_equal(text, rows[i].text);
    }
}

static void knows_controllers(void **state)
{
    (void)state;
    struct limits l = {CONFIG_UNSET, CONFIG_UNSET, CONFIG_UNSET, CONFIG_UNSET, CONFIG_UNSET};
    struct buf names = BUF_EMPTY;
    assert_int_equal(limits_controllers(&l), 0);
    l.cpu_max = 5000;
    l.tasks_max = CONFIG_NO_LIMIT;
    assert_int_equal(limits_controllers(&l), CONTROLLER_CPU | CONTROLLER_PIDS);
    limits_names(&l, ~0U, &names);
    assert_string_equal(buf_str(&names), "cpu_max, tasks_max");
    buf_close(&names);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_our_folder),
        cmocka_unit_test(names_sub_groups),
        cmocka_unit_test(names_are_safe_and_differ),
        cmocka_unit_test(names_scopes),
        cmocka_unit_test(reads_limits),
        cmocka_unit_test(shows_memory),
        cmocka_unit_test(knows_controllers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
