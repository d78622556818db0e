/* Protects what outlives the daemon: lines of which one half is always whole, bundles of
 * descriptors, and the way to systemd, which never waits and keeps the order. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/list.h"
#include "handover/bundle.h"
#include "handover/statelog.h"
#include "systemd/store.h"

/* --- Lines --------------------------------------------------------------------------------- */

static void again(const struct statelog *l, struct statelog *next)
{
    int fds[2] = {dup(l->halves[0].fd), dup(l->halves[1].fd)};
    assert_int_equal(statelog_open(next, fds, NULL), 0);
}

static void assert_text(const struct statelog *l, const char *text)
{
    const char *have;
    size_t len;
    assert_true(statelog_text(l, &have, &len));
    assert_int_equal(len, strlen(text));
    assert_memory_equal(have, text, len);
}

static void test_lines(void **state)
{
    struct statelog l;
    struct statelog next;
    const char *text;
    size_t len;
    (void)state;
    assert_int_equal(statelog_open(&l, (const int[]){-1, -1}, NULL), 0);
    assert_false(statelog_text(&l, &text, &len));
    again(&l, &next);
    assert_false(statelog_text(&next, &text, &len));
    statelog_close(&next);
    assert_int_equal(statelog_rewrite(&l, "one\n", 4), 0);
    assert_int_equal(statelog_append(&l, "two\n", 4), 0);
    statelog_hold(&l, 17);
    statelog_hold(&l, 18);
    statelog_let_go(&l, 18);
    statelog_let_go(&l, 19);
    again(&l, &next);
    assert_text(&next, "one\ntwo\n");
    assert_true(statelog_holds(&next, 17) && !statelog_holds(&next, 18));
    assert_int_equal(statelog_append(&next, "three\n", 6), 0);
    assert_text(&next, "one\ntwo\nthree\n");
    assert_int_equal(statelog_rewrite(&next, "1\n", 2), 0);
    statelog_close(&l);
    again(&next, &l);
    assert_text(&l, "1\n");
    assert_true(statelog_holds(&l, 17));
    statelog_end(&l);
    assert_false(statelog_text(&l, &text, &len));
    statelog_close(&next);
    again(&l, &next);
    assert_false(statelog_text(&next, &text, &len));
    statelog_close(&next);
    statelog_close(&l);
}

static void test_long_lines(void **state)
{
    struct statelog l;
    struct statelog next;
    size_t size = 3 << 20;
    char *large = malloc(size);
    const char *text;
    size_t len;
    (void)state;
    assert_non_null(large);
    memset(large, 'x', size);
    assert_int_equal(statelog_open(&l, (const int[]){-1, -1}, NULL), 0);
    assert_int_equal(statelog_rewrite(&l, "begin\n", 6), 0);
    assert_false(statelog_is_long(&l));
    assert_int_equal(statelog_append(&l, large, size), 0);
    assert_int_equal(statelog_append(&l, large, size), 0);
    assert_true(statelog_is_long(&l));
    again(&l, &next);
    assert_true(statelog_text(&next, &text, &len));
    assert_int_equal(len, 6 + 2 * size);
    assert_memory_equal(text + 6 + size, large, size);
    assert_int_equal(statelog_rewrite(&next, large, size), 0);
    assert_false(statelog_is_long(&next));
    statelog_close(&l);
    again(&next, &l);
    assert_true(statelog_text(&l, &text, &len));
    assert_int_equal(len, size);
    statelog_close(&l);
    statelog_close(&next);
    free(large);
}

static void test_not_ours(void **state)
{
    struct statelog l;
    struct err e;
    char junk[70000];
    (void)state;
    memset(junk, 'j', sizeof junk);
    int fds[2] = {memfd_create("a", 0), memfd_create("b", 0)};
    assert_int_equal(write(fds[0], junk, sizeof junk), sizeof junk);
    assert_int_equal(write(fds[1], "short", 5), 5);
    assert_int_equal(statelog_open(&l, fds, &e), -EINVAL);
    assert_int_equal(fcntl(fds[0], F_GETFD), -1);
    assert_int_equal(fcntl(fds[1], F_GETFD), -1);
}

/* A writer that is killed at any moment leaves all lines up to some number, and nothing else. */
static void write_numbers(struct statelog *l)
{
    char line[32];
    char all[4096];
    for (int i = 1;; i++) {
        int n = snprintf(line, sizeof line, "%d\n", i);
        if (i % 20 == 0) {
            n = snprintf(all, sizeof all, "all to %d\n", i);
            (void)statelog_rewrite(l, all, (size_t)n);
        } else {
            (void)statelog_append(l, line, (size_t)n);
        }
    }
}

static void assert_numbers(const struct statelog *l)
{
    const char *text;
    size_t len;
    int last = 0;
    assert_true(statelog_text(l, &text, &len));
    char *copy = strndup(text, len);
    assert_non_null(copy);
    for (char *line = strtok(copy, "\n"); line; line = strtok(NULL, "\n")) {
        int number = 0;
        if (sscanf(line, "all to %d", &number) == 1)
            assert_int_equal(last, 0);
        else
            assert_int_equal(number = atoi(line), last + 1);
        last = number;
    }
    assert_int_equal(text[len - 1], '\n');
    free(copy);
}

static void test_killed(void **state)
{
    struct statelog l;
    (void)state;
    for (int round = 0; round < 60; round++) {
        assert_int_equal(statelog_open(&l, (const int[]){-1, -1}, NULL), 0);
        assert_int_equal(statelog_rewrite(&l, "all to 0\n", 9), 0);
        pid_t pid = fork();
        if (pid == 0)
            write_numbers(&l);
        struct timespec soon = {0, round * 7 % 30 * 100000L};
        (void)nanosleep(&soon, NULL);
        (void)kill(pid, SIGKILL);
        assert_int_equal(waitpid(pid, NULL, 0), pid);
        struct statelog next;
        again(&l, &next);
        assert_numbers(&next);
        statelog_close(&next);
        statelog_close(&l);
    }
}

/* --- Bundles ------------------------------------------------------------------------------- */

static void test_bundle(void **state)
{
    int ends[2];
    char byte;
    (void)state;
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    struct bundle b = {.roles = "abc", .fds = {ends[0], -1, ends[1]}};
    int fd = bundle_make(&b);
    assert_true(fd >= 0);
    fd_close(&ends[0]);
    fd_close(&ends[1]);
    for (int i = 0; i < 3; i++) { /* as often as one likes */
        assert_int_equal(bundle_look(&b, fd), 0);
        assert_string_equal(b.roles, "ac");
        int to = bundle_take(&b, 'c');
        int from = bundle_take(&b, 'a');
        assert_int_equal(bundle_take(&b, 'a'), -1);
        assert_int_equal(bundle_take(&b, 'b'), -1);
        assert_int_equal(fcntl(to, F_GETFD), FD_CLOEXEC);
        assert_int_equal(write(to, "x", 1), 1);
        assert_int_equal(read(from, &byte, 1), 1);
        fd_close(&to);
        fd_close(&from);
        bundle_close(&b);
    }
    assert_int_equal(bundle_look(&b, fd), 0);
    int left = b.fds[0];
    bundle_close(&b);
    assert_int_equal(fcntl(left, F_GETFD), -1);
    fd_close(&fd);
    b = (struct bundle){.roles = "a", .fds = {-1}};
    assert_int_equal(bundle_make(&b), -ENOENT);
    int other = memfd_create("other", 0);
    assert_true(bundle_look(&b, other) < 0);
    fd_close(&other);
}

/* --- The way to systemd -------------------------------------------------------------------- */

static char kept_names[4096]; /* as on_kept was told of them */

static void on_kept(struct store *s, const char *name)
{
    (void)s;
    size_t used = strlen(kept_names);
    (void)snprintf(kept_names + used, sizeof kept_names - used, "%s ", name);
}

static int listen_as_systemd(const char *path, int room)
{
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    (void)unlink(path);
    (void)snprintf(to.sun_path, sizeof to.sun_path, "%s", path);
    assert_int_equal(bind(fd, (struct sockaddr *)&to, sizeof to), 0);
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof room), 0);
    return fd;
}

/* The next message: "+name" with a descriptor, "-name" without; "" when there is none. */
static const char *heard(int fd)
{
    static char text[256];
    char data[256];
    char control[CMSG_SPACE(sizeof(int))];
    struct iovec bytes = {data, sizeof data - 1};
    struct msghdr m = {.msg_iov = &bytes,
                       .msg_iovlen = 1,
                       .msg_control = control,
                       .msg_controllen = sizeof control};
    ssize_t n = recvmsg(fd, &m, MSG_CMSG_CLOEXEC);
    if (n < 0)
        return "";
    data[n] = '\0';
    const char *name = strstr(data, "\nFDNAME=");
    assert_non_null(name);
    const struct cmsghdr *header = CMSG_FIRSTHDR(&m);
    bool with = header != NULL;
    assert_true(
        strncmp(data, with ? "FDSTORE=1\nFDPOLL=0\n" : "FDSTOREREMOVE=1\n", with ? 19 : 16) == 0);
    if (header) {
        int got;
        memcpy(&got, CMSG_DATA(header), sizeof got);
        fd_close(&got);
    }
    (void)snprintf(text, sizeof text, "%c%s", with ? '+' : '-', name + 8);
    return text;
}

static int a_file(void)
{
    return memfd_create("a", MFD_CLOEXEC);
}

static void close_store(struct store *s, uv_loop_t *loop)
{
    store_close(s);
    (void)uv_run(loop, UV_RUN_DEFAULT);
}

static void test_store(void **state)
{
    uv_loop_t loop;
    struct store s;
    char name[32];
    int sent = 0;
    (void)state;
    assert_int_equal(uv_loop_init(&loop), 0);
    (void)setenv("NOTIFY_SOCKET", "./notify", 1);
    int fd = a_file();
    store_init(&s, &loop);
    assert_false(store_is_there(&s)); /* no path of that kind */
    assert_int_equal(store_keep(&s, "x", fd), -ENOTCONN);
    assert_int_equal(fcntl(fd, F_GETFD), -1);
    store_drop(&s, "x");
    close_store(&s, &loop);

    char path[64];
    (void)snprintf(path, sizeof path, "/tmp/mainstay-store-%d", (int)getpid());
    int systemd = listen_as_systemd(path, 4096);
    (void)setenv("NOTIFY_SOCKET", path, 1);
    (void)setenv("FDSTORE", "0", 1);
    store_init(&s, &loop);
    assert_false(store_is_there(&s));
    close_store(&s, &loop);
    (void)unsetenv("FDSTORE");
    store_init(&s, &loop);
    s.on_kept = on_kept;
    assert_true(store_is_there(&s));
    assert_int_equal(store_keep(&s, "first", a_file()), 1);
    store_drop(&s, "first");
    assert_string_equal(heard(systemd), "+first");
    assert_string_equal(heard(systemd), "-first");
    assert_string_equal(heard(systemd), "");
    for (;; sent++) { /* until it is full */
        (void)snprintf(name, sizeof name, "n%d", sent);
        if (store_keep(&s, name, a_file()) == 0)
            break;
        assert_true(sent < 1000);
    }
    store_drop(&s, "gone");
    assert_int_equal(store_keep(&s, "last", a_file()), 0);
    assert_string_equal(kept_names, "");
    for (int i = 0; i < sent; i++) {
        (void)snprintf(name, sizeof name, "+n%d", i);
        assert_string_equal(heard(systemd), name);
    }
    assert_string_equal(heard(systemd), "");
    (void)uv_run(&loop, UV_RUN_DEFAULT); /* ends when the queue is empty */
    (void)snprintf(name, sizeof name, "+n%d", sent);
    assert_string_equal(heard(systemd), name);
    assert_string_equal(heard(systemd), "-gone");
    assert_string_equal(heard(systemd), "+last");
    (void)snprintf(name, sizeof name, "n%d last ", sent);
    assert_string_equal(kept_names, name);
    for (int i = 0; store_keep(&s, "full", a_file()) != -ENOBUFS; i++)
        assert_true(i < 2 * STORE_QUEUE);
    close_store(&s, &loop);
    assert_int_equal(uv_loop_close(&loop), 0);
    fd_close(&systemd);
    (void)unlink(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lines),    cmocka_unit_test(test_long_lines),
        cmocka_unit_test(test_not_ours), cmocka_unit_test(test_killed),
        cmocka_unit_test(test_bundle),   cmocka_unit_test(test_store),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
