/* Protects stale_ok=: which data is young, wherever links lead, and what is no data at all. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "jobs/stale.h"
#include "sync/local/tree.h"

enum { HOUR = 3600 * 1000, STAMPED = 1000000 };

static char folder[] = "/tmp/mainstay-unit.XXXXXX";

static bool is_young(const char *target, int64_t wall)
{
    struct job_config config = {.stale_ok_ms = HOUR};
    config.target = target;
    return stale_is_young(&config, wall);
}

/* The file `confirmed` in a store, as mainstay-sync leaves it. */
static void stamp(const char *path)
{
    const struct timespec when[2] = {{.tv_sec = STAMPED}, {.tv_sec = STAMPED}};
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(futimens(fd, when), 0);
    fd_close(&fd);
}

static void counts_from(const char *target)
{
    const int64_t stamped = (int64_t)STAMPED * 1000;
    assert_true(is_young(target, stamped));
    assert_true(is_young(target, stamped + HOUR));
    assert_false(is_young(target, stamped + HOUR + 1));
}

static int set_up(void **state)
{
    (void)state;
    if (!mkdtemp(folder) || chdir(folder) < 0)
        return -1;
    bool made = mkdir("disk", 0700) == 0 && mkdir("disk/.data.mainstay", 0700) == 0 &&
                mkdir("disk/.data.mainstay/v1", 0700) == 0 &&
                symlink(".data.mainstay/v1", "disk/data") == 0 && mkdir("disk/here", 0700) == 0 &&
                mkdir("disk/here/.mainstay", 0700) == 0 && mkdir("plain", 0700) == 0 &&
                symlink("disk/data", "linked") == 0 && symlink("disk/here", "linked-here") == 0;
    return made ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    return chdir("/") < 0 ? -1 : tree_clear(AT_FDCWD, folder);
}

static void nothing_is_confirmed(void **state)
{
    (void)state;
    assert_false(is_young("disk/data", 0));
    assert_false(is_young("plain", 0));
    assert_false(is_young("nowhere", 0));
    assert_false(stale_is_young(&(struct job_config){.stale_ok_ms = HOUR}, 0));
}

static void age_of_versions(void **state)
{
    (void)state;
    stamp("disk/.data.mainstay/confirmed");
    counts_from("disk/data");
    counts_from("disk/data/");
    struct job_config config = {.target = "disk/data"};
    assert_false(stale_is_young(&config, 0));
}

static void age_in_place(void **state)
{
    (void)state;
    stamp("disk/here/.mainstay/confirmed");
    counts_from("disk/here");
}

/* mainstay-sync follows links that somebody else made, and its store is where they lead. */
static void links_of_others(void **state)
{
    (void)state;
    counts_from("linked");
    counts_from("linked/");
    counts_from("linked-here");
}

/* The stamp stays when somebody removes the data. */
static void data_that_is_gone(void **state)
{
    (void)state;
    assert_int_equal(unlink("disk/data"), 0);
    assert_false(is_young("disk/data", (int64_t)STAMPED * 1000));
    assert_false(is_young("linked", (int64_t)STAMPED * 1000));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_confirmed), cmocka_unit_test(age_of_versions),
        cmocka_unit_test(age_in_place),         cmocka_unit_test(links_of_others),
        cmocka_unit_test(data_that_is_gone),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
