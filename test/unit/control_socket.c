/* Protects files of others from what is done to our socket, whose folder somebody else may own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include "control/socket.h"

static char folder[] = "/tmp/mainstay-socket-XXXXXX";
static char victim[64], path[64];

enum trick { TRICK_NONE, TRICK_SYMLINK, TRICK_LINK };
static enum trick trick;

/* The socket listens: a moment at which the owner of the folder is quick. */
int listen(int fd, int backlog)
{
    struct sockaddr_un bound;
    socklen_t len = sizeof bound;
    assert_int_equal(getsockname(fd, (struct sockaddr *)&bound, &len), 0);
    if (trick != TRICK_NONE)
        assert_int_equal(unlink(bound.sun_path), 0);
    if (trick == TRICK_SYMLINK)
        assert_int_equal(symlink(victim, bound.sun_path), 0);
    if (trick == TRICK_LINK)
        assert_int_equal(link(victim, bound.sun_path), 0);
    return (int)syscall(SYS_listen, fd, backlog);
}

static mode_t mode_of(const char *name)
{
    struct stat st;
    assert_int_equal(lstat(name, &st), 0);
    return st.st_mode;
}

static int open_folder(void **state)
{
    (void)state;
    assert_non_null(mkdtemp(folder));
    (void)snprintf(victim, sizeof victim, "%s/shadow", folder);
    (void)snprintf(path, sizeof path, "%s/m.sock", folder);
    return close(open(victim, O_CREAT | O_WRONLY, 0600));
}

static int close_folder(void **state)
{
    (void)state;
    (void)unlink(path);
    return unlink(victim) < 0 ? -1 : rmdir(folder);
}

static int open_it(struct socket *l, enum trick how)
{
    struct server_config c = {
        .is_unix = true, .path = path, .mode = 0777, .uid = CONFIG_UNSET, .gid = CONFIG_UNSET};
    struct err e;
    trick = how;
    return socket_open(l, &c, &e);
}

static void others_are_left_alone(void **state)
{
    struct socket l;
    (void)state;
    assert_true(open_it(&l, TRICK_SYMLINK) < 0);
    assert_int_equal(mode_of(victim), S_IFREG | 0600);
    assert_true(open_it(&l, TRICK_LINK) < 0);
    assert_int_equal(mode_of(victim), S_IFREG | 0600);
    assert_int_equal(access(path, F_OK), -1);
}

static void ours_is_changed(void **state)
{
    struct socket l;
    struct err e;
    struct server_config c = {
        .is_unix = true, .path = path, .mode = 0700, .uid = CONFIG_UNSET, .gid = CONFIG_UNSET};
    (void)state;
    assert_int_equal(open_it(&l, TRICK_NONE), 0);
    assert_int_equal(mode_of(path), S_IFSOCK | 0777);
    assert_int_equal(socket_permit(&l, &c, &e), 0);
    assert_int_equal(mode_of(path), S_IFSOCK | 0700);
    assert_true(socket_is_there(&l));
    assert_int_equal(unlink(path), 0);
    assert_int_equal(symlink(victim, path), 0);
    assert_false(socket_is_there(&l));
    assert_true(socket_permit(&l, &c, &e) < 0);
    assert_int_equal(mode_of(victim), S_IFREG | 0600);
    socket_close(&l);
    assert_int_equal(mode_of(path), S_IFLNK | 0777); /* not ours: not removed */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(others_are_left_alone),
        cmocka_unit_test(ours_is_changed),
    };
    return cmocka_run_group_tests(tests, open_folder, close_folder);
}
