/* Protects the target: all of the old or all of the new, and what a stop leaves. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>

#include "sync_release.h"

// --- generations -----------------------------------------------------------------------------

static void one_after_the_other(void **state)
{
    (void)state;
    struct gen g;
    gen_make(&g, 10);
    struct gen_counts n = sync_to(10, PUBLISH_ATOMIC);
    assert_int_equal(n.fetched, g.count);
    assert_string_equal(names_in(store), "V.manifest V/ lock");
    n = sync_to(11, PUBLISH_ATOMIC);
    assert_true(n.fetched > 5 && n.kept > 5 && n.removed > 1);
    assert_string_equal(names_in(store), "V.manifest V/ V.manifest V/ lock previous");
    struct stat old;
    struct stat now;
    char path[160];
    (void)snprintf(path, sizeof path, "%s/previous", store);
    bool own = false;
    assert_int_equal(gen_shown(path, &own), 10);
    size_t same = 0;
    for (size_t i = 0; i < g.count; i++) {
        (void)snprintf(path, sizeof path, "%s/previous/%s", store, g.files[i].path);
        assert_int_equal(stat(path, &old), 0);
        (void)snprintf(path, sizeof path, "%s/%s", target, g.files[i].path);
        same += stat(path, &now) == 0 && old.st_ino == now.st_ino;
    }
    assert_int_equal(same, n.kept);
    (void)sync_to(12, PUBLISH_ATOMIC);
    assert_string_equal(names_in(store), "V.manifest V/ V.manifest V/ lock previous");
    (void)snprintf(path, sizeof path, "%s/previous", store);
    assert_int_equal(gen_shown(path, &own), 11);
}

static void a_folder_is_taken_over(void **state)
{
    (void)state;
    put("data/own/notes", "mine");
    put("data/.mainstay/lock", "");
    assert_int_equal(chmod(target, 0751), 0);
    (void)sync_to(1, PUBLISH_ATOMIC);
    struct stat st;
    assert_int_equal(stat(target, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0751);
    assert_string_equal(names_in(store), "V-before/ V.manifest V/ lock previous");
    assert_string_equal(names_in(target) + strlen(names_in(target)) - 4, "own/");
    assert_true(is_there(".data.mainstay/previous/own/notes"));
    assert_true(is_there("data/own/notes"));
    assert_false(is_there("data/.mainstay"));
    assert_int_equal(release_rollback(target, &e), 0);
    assert_string_equal(names_in(target), ".mainstay/ own/");
    assert_int_equal(release_rollback(target, &e), 0);
    bool own = false;
    assert_int_equal(gen_shown(target, &own), 1);
    assert_true(own);
}

static void there_and_back(void **state)
{
    (void)state;
    bool own = false;
    assert_int_equal(release_rollback(target, &e), -EINVAL);
    assert_non_null(strstr(e.text, "was not synced with --publish atomic"));
    assert_string_equal(names_in(root), "");
    (void)sync_to(1, PUBLISH_ATOMIC);
    assert_int_equal(release_rollback(target, &e), -ENOENT);
    assert_non_null(strstr(e.text, "no version of"));
    (void)sync_to(2, PUBLISH_ATOMIC);
    assert_int_equal(release_rollback(target, &e), 0);
    assert_int_equal(gen_shown(target, &own), 1);
    assert_string_equal(names_in(store), "V.manifest V/ V.manifest V/ lock previous");
    assert_int_equal(release_rollback(target, &e), 0);
    assert_int_equal(gen_shown(target, &own), 2);
    assert_int_equal(release_rollback(target, &e), 0);
    /* what is shown is what the next one builds on, and what it keeps */
    struct gen_counts n = sync_to(3, PUBLISH_ATOMIC);
    assert_true(n.kept > 2);
    assert_int_equal(release_rollback(target, &e), 0);
    assert_int_equal(gen_shown(target, &own), 1);
    struct release p;
    open_release(&p, PUBLISH_ATOMIC);
    assert_int_equal(release_rollback(target, &e), -EBUSY);
    release_close(&p, true);
}

static void in_place(void **state)
{
    (void)state;
    put("data/own/notes", "mine");
    (void)sync_to(1, PUBLISH_INPLACE);
    char inside[160];
    (void)snprintf(inside, sizeof inside, "%s/.mainstay", target);
    assert_string_equal(names_in(inside), "lock manifest");
    struct gen_counts n = sync_to(2, PUBLISH_INPLACE);
    assert_true(n.kept > 5 && n.removed > 1);
    assert_string_equal(names_in(inside), "lock manifest");
    assert_true(is_there("data/own/notes"));
    assert_false(is_there(".data.mainstay"));
    /* what it knows holds for an atomic one, and the other way round */
    n = sync_to(2, PUBLISH_ATOMIC);
    assert_int_equal(n.fetched, 0);
    n = sync_to(3, PUBLISH_INPLACE);
    assert_true(n.kept > 5);
    assert_string_equal(names_in(store), "V-before/ V.manifest V/ lock previous");
    bool own = false;
    assert_int_equal(release_rollback(target, &e), 0);
    assert_int_equal(gen_shown(target, &own), 2); /* has not changed with it */
}

static void nothing_is_different(void **state)
{
    (void)state;
    struct release p;
    struct gen g;
    struct gen_counts n = {0};
    gen_make(&g, 5);
    static const enum publish_mode modes[] = {PUBLISH_INPLACE, PUBLISH_ATOMIC};
    for (size_t i = 0; i < 2; i++) {
        (void)sync_to(5, modes[i]);
        stage(6, modes[i], 9, KEPT);
        if (i == 0) /* that changed files already */
            (void)sync_to(5, modes[i]);
        open_release(&p, modes[i]);
        assert_int_equal(gen_stage(&p, &g, SIZE_MAX, false, &n), 0);
        assert_int_equal(n.fetched + n.staged, 0);
        assert_false(p.begun);
        while (manifest_look(&p.known)) {
            manifest_next(&p.known);
        }
        assert_int_equal(release_unchanged(&p, &e), 0);
        assert_int_equal(release_confirm(&p, &e), 0);
        release_close(&p, true);
        char inside[160];
        (void)snprintf(inside, sizeof inside, "%s/.mainstay", target);
        assert_string_equal(names_in(i == 0 ? inside : store),
                            i == 0 ? "confirmed lock manifest"
                                   : "V-before/ V.manifest V/ confirmed lock previous");
    }
    /* without a list there is one afterwards */
    char *version = target_read_link(target);
    char *list = mem_printf("%s/%s.manifest", root, version);
    assert_int_equal(unlink(list), 0);
    open_release(&p, PUBLISH_ATOMIC);
    assert_false(p.known.exists);
    struct manifest_entry entry = {"x", NULL, 1, 1, MANIFEST_KEPT};
    assert_int_equal(manifest_add(&p.manifest, &entry, NULL, &e), 0);
    assert_int_equal(release_unchanged(&p, &e), 0);
    release_close(&p, true);
    assert_int_equal(access(list, R_OK), 0);
    mem_free(list);
    mem_free(version);
}

// --- what was begun --------------------------------------------------------------------------

static void what_was_fetched_is_kept(void **state)
{
    (void)state;
    static const enum publish_mode modes[] = {PUBLISH_ATOMIC, PUBLISH_INPLACE};
    static const enum ending endings[] = {KILLED, KEPT};
    for (size_t i = 0; i < 4; i++) {
        enum publish_mode mode = modes[i / 2];
        (void)sync_to(1, mode);
        stage(3, mode, 10, endings[i % 2]);
        stage(3, mode, 4, endings[i % 2]); /* not as far: what the first one did still counts */
        struct gen_counts n = sync_to(3, mode);
        assert_true(n.staged >= 4);
        struct gen g;
        gen_make(&g, 3);
        assert_int_equal(n.staged + n.fetched + n.kept, g.count);
        (void)remove_root(state);
        (void)make_root(state);
    }
    /* a newer one takes what still fits */
    stage(3, PUBLISH_ATOMIC, 12, KILLED);
    struct gen_counts n = sync_to(4, PUBLISH_ATOMIC);
    assert_true(n.staged > 2 && n.fetched > 5);
}

static void what_cannot_be_trusted_goes(void **state)
{
    (void)state;
    struct gen_counts n = {0};
    stage(1, PUBLISH_ATOMIC, 10, DROPPED);
    assert_string_equal(names_in(store), "lock");
    stage(1, PUBLISH_ATOMIC, 10, KILLED);
    struct release p;
    assert_int_equal(release_open(&p, target, PUBLISH_ATOMIC, false, "another", &e), 0);
    assert_false(p.resumed);
    assert_null(manifest_look(&p.staged));
    release_close(&p, true);
    assert_string_equal(names_in(store), "lock");
    /* a crash of the machine: only what was sealed survives it */
    for (int sealed = 0; sealed < 2; sealed++) {
        stage(1, PUBLISH_ATOMIC, 10, sealed ? KEPT : KILLED);
        char *list = mem_printf("%s/next.manifest.new", store);
        int fd = open(list, O_WRONLY | O_CLOEXEC);
        assert_true(fd >= 0);
        assert_int_equal(pwrite(fd, "00000000", 8, 27), 8);
        fd_close(&fd);
        mem_free(list);
        n = sync_to(1, PUBLISH_ATOMIC);
        assert_int_equal(n.staged, sealed ? 10 : 0);
        (void)remove_root(state);
        (void)make_root(state);
    }
}

/* What a killed run left half-way, or somebody has put there, is in no version. */
static void the_next_version_is_swept(void **state)
{
    (void)state;
    (void)sync_to(1, PUBLISH_ATOMIC);
    stage(2, PUBLISH_ATOMIC, SIZE_MAX, KILLED);
    put(".data.mainstay/next/" RELEASE_PARTIAL "0123456789abcdef", "half");
    put(".data.mainstay/next/f1/stray", "?");
    put(".data.mainstay/next/stray/deep/er", "?");
    put(".data.mainstay/next/zz", "?");
    struct gen_counts n = sync_to(2, PUBLISH_ATOMIC);
    assert_int_equal(n.fetched, 0);
    assert_false(is_there("data/stray"));
    /* a file that changes behind our back is an error, and then fetched again */
    stage(3, PUBLISH_ATOMIC, SIZE_MAX, KILLED);
    struct release p;
    struct gen g;
    atomic_bool stop = false;
    bool own = false;
    for (int round = 0; round < 2; round++) {
        open_release(&p, PUBLISH_ATOMIC);
        gen_make(&g, 3);
        assert_int_equal(gen_stage(&p, &g, SIZE_MAX, false, &n), 0);
        if (round == 0)
            assert_int_equal(utimensat(p.fresh.fd, "generation", NULL, 0), 0);
        else
            assert_int_equal(unlinkat(p.fresh.fd, "generation", 0), 0);
        assert_int_equal(release_commit(&p, &stop, &n.removed, &e), -EIO);
        assert_non_null(strstr(e.text, round == 0 ? "was changed after" : "is gone"));
        release_close(&p, true);
        assert_int_equal(gen_shown(target, &own), 2);
    }
    n = sync_to(3, PUBLISH_ATOMIC);
    assert_int_equal(n.fetched, 1);
}

static void a_stop_switches_nothing(void **state)
{
    (void)state;
    (void)sync_to(1, PUBLISH_ATOMIC);
    struct release p;
    struct gen g;
    struct gen_counts n = {0};
    atomic_bool stop = true;
    bool own = false;
    gen_make(&g, 2);
    open_release(&p, PUBLISH_ATOMIC);
    assert_int_equal(gen_stage(&p, &g, SIZE_MAX, false, &n), 0);
    assert_int_equal(release_commit(&p, &stop, &n.removed, &e), -EINTR);
    release_close(&p, true);
    assert_int_equal(gen_shown(target, &own), 1);
    n = sync_to(2, PUBLISH_ATOMIC);
    assert_int_equal(n.fetched, 0);
    /* an object that was not fetched is in no version */
    open_release(&p, PUBLISH_ATOMIC);
    const struct manifest_entry x = {"x", NULL, 1, 1, MANIFEST_WANTED};
    stop = false;
    assert_int_equal(manifest_add(&p.manifest, &x, NULL, &e), 0);
    assert_int_equal(release_commit(&p, &stop, &n.removed, &e), -EIO);
    assert_string_equal(e.text, "'x' was not fetched: run the sync again");
    release_close(&p, false);
    assert_string_equal(names_in(store), "V.manifest V/ V.manifest V/ lock previous");
    assert_int_equal(gen_shown(target, &own), 2);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, make_root, remove_root)
    const struct CMUnitTest tests[] = {
        TEST(one_after_the_other),
        TEST(a_folder_is_taken_over),
        TEST(there_and_back),
        TEST(in_place),
        TEST(nothing_is_different),
        TEST(what_was_fetched_is_kept),
        TEST(what_cannot_be_trusted_goes),
        TEST(the_next_version_is_swept),
        TEST(a_stop_switches_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
