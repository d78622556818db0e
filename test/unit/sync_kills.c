/*
 * Protects readers of the target when a sync is killed: after every one of its system calls, and at
 * random moments; what comes next goes on from there.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <time.h>

#include "base/clock.h"
#include "sync_release.h"

enum { SYSCALL_STOP = SIGTRAP | 0x80, RANDOM_MS = 2000 };

/* In memory: hundreds of flushes of a disk would take minutes. */
static int make_root_in_memory(void **state)
{
    (void)state;
    (void)snprintf(root, sizeof root, "/dev/shm/mainstay-kills-XXXXXX");
    assert_non_null(mkdtemp(root));
    (void)snprintf(target, sizeof target, "%s/data", root);
    (void)snprintf(store, sizeof store, "%s/.data.mainstay", root);
    return 0;
}

// --- a process that is stopped after every system call ---------------------------------------

typedef int work(int number);

static int sync_atomic(int number)
{
    struct gen_counts n;
    return gen_sync(target, PUBLISH_ATOMIC, number, &n);
}

static int sync_in_place(int number)
{
    struct gen_counts n;
    return gen_sync(target, PUBLISH_INPLACE, number, &n);
}

static int roll_back(int number)
{
    (void)number;
    return release_rollback(target, &e);
}

static pid_t start_traced(work *f, int number)
{
    pid_t pid = fork();
    if (pid == 0) {
        if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) < 0)
            _exit(99);
        (void)raise(SIGSTOP);
        _exit(f(number) < 0 ? 1 : 0);
    }
    int status = 0;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFSTOPPED(status));
    const long options = PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL;
    assert_int_equal(ptrace(PTRACE_SETOPTIONS, pid, NULL, options), 0);
    return pid;
}

/* To the end of the next system call; false: it has ended by itself. */
static bool step(pid_t pid)
{
    int status = 0;
    for (int stops = 0; stops < 2;) { /* where it begins, where it ends */
        assert_int_equal(ptrace(PTRACE_SYSCALL, pid, NULL, NULL), 0);
        assert_int_equal(waitpid(pid, &status, 0), pid);
        if (WIFEXITED(status)) {
            assert_int_equal(WEXITSTATUS(status), 0);
            return false;
        }
        assert_true(WIFSTOPPED(status));
        stops += WSTOPSIG(status) == SYSCALL_STOP;
    }
    return true;
}

/* false: it has ended before it could be killed. */
static bool kill_after(work *f, int number, long calls)
{
    pid_t pid = start_traced(f, number);
    while (calls-- > 0) {
        if (!step(pid))
            return false;
    }
    int status = 0;
    assert_int_equal(kill(pid, SIGKILL), 0);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFSIGNALED(status));
    return true;
}

// --- what there is afterwards ----------------------------------------------------------------

static void expect_one_of(int a, int b)
{
    bool own = false;
    int shown = gen_shown(target, &own);
    if ((shown != a && shown != b) || !own)
        fail_msg("the target shows %d, not %d or %d%s", shown, a, b, own ? "" : ", without ours");
}

static void expect_store(int previous)
{
    char path[160];
    bool own = false;
    (void)snprintf(path, sizeof path, "%s/previous", store);
    assert_int_equal(gen_shown(path, &own), previous);
    assert_true(own);
    const char *names = names_in(store);
    if (strcmp(names, "V.manifest V/ V.manifest V/ lock previous") != 0 &&
        strcmp(names, "V-before/ V.manifest V/ lock previous") != 0)
        fail_msg("the store holds %s", names);
}

/* Stopped after every call, it shows the old one up to some moment and then the new one. */
static void watch(int number)
{
    bool switched = false;
    pid_t pid = start_traced(sync_atomic, number);
    while (step(pid)) {
        bool own = false;
        int shown = gen_shown(target, &own);
        switched = switched || shown == number;
        if (shown != (switched ? number : number - 1) || !own)
            fail_msg("the target shows %d amid %d", shown, number);
    }
    assert_true(switched);
    expect_store(number - 1);
}

static void at_every_moment(void **state)
{
    (void)state;
    put("data/own/notes", "mine");
    assert_int_equal(sync_in_place(1), 0);
    watch(2); /* a folder becomes a link */
    watch(3); /* a link another one */
}

/* Killed after the first call, after the second, ... until it ends before; each goes on. */
static void after_every_call(void **state)
{
    (void)state;
    int number = 3;
    put("data/own/notes", "mine");
    assert_int_equal(sync_in_place(1), 0);
    assert_int_equal(sync_atomic(2), 0);
    for (long calls = 1; kill_after(sync_atomic, number, calls); calls++, number++) {
        expect_one_of(number - 1, number);
        if (calls % 3 == 0) { /* once more, at another moment */
            (void)kill_after(sync_atomic, number, calls * 7919 % (calls + 50));
            expect_one_of(number - 1, number);
        }
        assert_int_equal(sync_atomic(number), 0);
        expect_one_of(number, number);
        expect_store(number - 1);
    }
    assert_true(number > 100);
}

/* Likewise, while a folder is exchanged for the link: what was in it is never lost. */
static void after_every_call_of_the_first(void **state)
{
    (void)state;
    bool killed = true;
    for (long calls = 1; killed; calls++) {
        put("data/own/notes", "mine");
        assert_int_equal(sync_in_place(1), 0);
        killed = kill_after(sync_atomic, 2, calls);
        expect_one_of(1, 2);
        assert_int_equal(sync_atomic(2), 0);
        expect_one_of(2, 2);
        expect_store(1);
        assert_int_equal(tree_clear(AT_FDCWD, target), 0);
        assert_int_equal(tree_clear(AT_FDCWD, store), 0);
    }
}

static void after_every_call_of_a_rollback(void **state)
{
    (void)state;
    bool own = false;
    put("data/own/notes", "mine");
    assert_int_equal(sync_in_place(1), 0);
    assert_int_equal(sync_atomic(2), 0);
    assert_int_equal(sync_atomic(3), 0);
    for (long calls = 1; kill_after(roll_back, 0, calls); calls++) {
        int shown = gen_shown(target, &own);
        assert_true(own && (shown == 2 || shown == 3));
        assert_int_equal(roll_back(0), 0);
        expect_one_of(5 - shown, 5 - shown);
        expect_store(shown);
    }
    int shown = gen_shown(target, &own);
    assert_int_equal(sync_atomic(4), 0);
    expect_store(shown);
}

/* Each file is the old or the new one, whole, and then all are the new ones and nothing else. */
static void after_every_call_in_place(void **state)
{
    (void)state;
    int number = 2;
    bool own = false;
    put("data/own/notes", "mine");
    assert_int_equal(sync_in_place(1), 0);
    for (long calls = 1; kill_after(sync_in_place, number, calls); calls++, number++) {
        struct gen old;
        struct gen now;
        gen_make(&old, number - 1);
        gen_make(&now, number);
        int fd = open(target, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        for (size_t i = 0; i < old.count; i++) {
            const struct gen_file *f = gen_find(&now, old.files[i].path);
            char text[64];
            bool there = gen_read(fd, old.files[i].path, text, sizeof text);
            assert_true(there || !f);
            if (there && strcmp(text, old.files[i].text) != 0)
                assert_true(f && strcmp(text, f->text) == 0);
        }
        fd_close(&fd);
        assert_int_equal(sync_in_place(number), 0);
        assert_int_equal(gen_shown(target, &own), number);
        assert_true(own);
    }
}

// --- at random, with somebody who reads all the time -----------------------------------------

static atomic_bool ended;

static void on_end(int signal)
{
    (void)signal;
    atomic_store(&ended, true);
}

/* Exit status 0: never a mixture. A version may go only when two newer ones have come. */
static int read_all_the_time(void)
{
    long whole = 0;
    long gone = 0;
    (void)signal(SIGTERM, on_end);
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL); /* a test that fails leaves nobody behind */
    while (!atomic_load(&ended)) {
        bool own = false;
        char *before = target_read_link(target);
        int shown = gen_shown(target, &own);
        char *after = target_read_link(target);
        bool stayed = before && after && strcmp(before, after) == 0;
        if (shown == -1)
            return 1;
        if (stayed && (shown < 0 || !own))
            return 2;
        whole += stayed;
        gone += shown < 0 || !own;
        mem_free(before);
        mem_free(after);
    }
    (void)fprintf(stderr, "# read whole: %ld times, too late: %ld times\n", whole, gone);
    return whole > 50 ? 0 : 3;
}

static void at_random_moments(void **state)
{
    (void)state;
    put("data/own/notes", "mine");
    assert_int_equal(sync_in_place(1), 0);
    assert_int_equal(sync_atomic(2), 0);
    pid_t reader = fork();
    if (reader == 0)
        _exit(read_all_the_time());
    uint32_t seed = 4711;
    int64_t end = clock_now() + RANDOM_MS;
    int kills = 0;
    for (int number = 3; clock_now() < end || kills < 50; number++) {
        int status = 0;
        for (int tries = 0; tries < 3; tries++) {
            pid_t pid = fork();
            if (pid == 0)
                _exit(sync_atomic(number) < 0);
            seed = seed * 1664525 + 1013904223;
            const struct timespec pause = {.tv_nsec = (seed >> 8) % 4000000};
            (void)nanosleep(&pause, NULL);
            (void)kill(pid, SIGKILL);
            assert_int_equal(waitpid(pid, &status, 0), pid);
            kills += WIFSIGNALED(status);
            expect_one_of(number - 1, number);
        }
        assert_int_equal(sync_atomic(number), 0);
        expect_one_of(number, number);
        expect_store(number - 1);
    }
    int status = 0;
    assert_int_equal(kill(reader, SIGTERM), 0);
    assert_int_equal(waitpid(reader, &status, 0), reader);
    assert_int_equal(status, 0);
    print_message("%d kills\n", kills);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, make_root_in_memory, remove_root)
    const struct CMUnitTest tests[] = {
        TEST(at_every_moment),
        TEST(after_every_call),
        TEST(after_every_call_of_the_first),
        TEST(after_every_call_of_a_rollback),
        TEST(after_every_call_in_place),
        TEST(at_random_moments),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
