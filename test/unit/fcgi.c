/* Protects the socket of fcgi-programs: made once, as configured, for as long as it has users. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "base/log.h"
#include "engine/fcgi.h"
#include "output_temp.h"

static struct buf lines; /* what was logged, without date and level */

static void keep_line(void *ctx, enum log_level level, const char *line, size_t len)
{
    (void)ctx;
    (void)level;
    const char *text = strstr(line, " INFO ");
    assert_non_null(text);
    buf_append(&lines, text + 6, len - (size_t)(text + 6 - line));
}

static int begin(void **state)
{
    (void)state;
    buf_clear(&lines);
    log_set_writer(keep_line, NULL);
    return 0;
}

static int end(void **state)
{
    (void)state;
    log_set_writer(NULL, NULL);
    return 0;
}

static const char *url_of(const char *name)
{
    static char url[PATH_MAX + 64];
    (void)snprintf(url, sizeof url, "unix://%s/%s", temp_folder, name);
    return url;
}

static struct socket_config config_of(const char *url)
{
    return (struct socket_config){url, CONFIG_UNSET, 0700, CONFIG_UNSET, CONFIG_UNSET};
}

static int connected(const char *name)
{
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    (void)snprintf(to.sun_path, sizeof to.sun_path, "%s", name);
    int rc = connect(fd, (const struct sockaddr *)&to, sizeof to) < 0 ? -errno : 0;
    (void)close(fd);
    return rc;
}

static void lives_as_long_as_its_users(void **state)
{
    (void)state;
    struct fcgi f;
    struct socket_config c = config_of(url_of("a.sock"));
    size_t before = open_descriptors();
    fcgi_init(&f, &c);
    assert_int_equal(fcgi_take(&f, NULL), 0);
    int fd = f.fd;
    assert_int_equal(connected("a.sock"), 0);
    assert_int_equal(fcgi_take(&f, NULL), 0);
    assert_int_equal(f.fd, fd);
    fcgi_drop(&f);
    assert_int_equal(connected("a.sock"), 0);
    fcgi_drop(&f);
    assert_int_equal(f.fd, -1);
    assert_int_equal(connected("a.sock"), -ECONNREFUSED); /* its file stays */
    assert_int_equal(fcgi_take(&f, NULL), 0);             /* and again, over the file */
    assert_int_equal(connected("a.sock"), 0);
    fcgi_drop(&f);
    assert_int_equal(open_descriptors(), before);
    const char *url = url_of("a.sock");
    char want[4 * PATH_MAX];
    (void)snprintf(want, sizeof want,
                   "Creating socket %s\nClosing socket %s\nCreating socket %s\nClosing socket %s\n",
                   url, url, url, url);
    assert_string_equal(buf_str(&lines), want);
}

/* The processes share its description: it must block, and only they may inherit it. */
static void descriptor_is_as_programs_expect(void **state)
{
    (void)state;
    struct fcgi f;
    struct socket_config c = config_of(url_of("flags.sock"));
    fcgi_init(&f, &c);
    assert_int_equal(fcgi_take(&f, NULL), 0);
    assert_int_equal(fcntl(f.fd, F_GETFL) & O_NONBLOCK, 0);
    assert_int_equal(fcntl(f.fd, F_GETFD), FD_CLOEXEC);
    fcgi_drop(&f);
}

static void mode_whatever_the_umask(void **state)
{
    (void)state;
    static const int modes[] = {0700, 0666, 0777, 0600, 0};
    mode_t before = umask(077);
    for (size_t i = 0; i < sizeof modes / sizeof *modes; i++) {
        struct fcgi f;
        struct stat st;
        struct socket_config c = config_of(url_of("mode.sock"));
        c.mode = modes[i];
        fcgi_init(&f, &c);
        assert_int_equal(fcgi_take(&f, NULL), 0);
        assert_int_equal(stat("mode.sock", &st), 0);
        assert_int_equal(st.st_mode & 07777, modes[i]);
        fcgi_drop(&f);
    }
    assert_int_equal(umask(before), 077); /* ours is as it was */
}

static void owner(void **state)
{
    (void)state;
    struct fcgi f;
    struct stat st;
    if (geteuid() != 0)
        fail_msg("this test needs root: it gives a socket to another user");
    struct passwd *pw = getpwnam("daemon");
    struct socket_config c = config_of(url_of("owner.sock"));
    assert_non_null(pw);
    c.uid = pw->pw_uid;
    fcgi_init(&f, &c);
    assert_int_equal(fcgi_take(&f, NULL), 0);
    assert_int_equal(stat("owner.sock", &st), 0);
    assert_int_equal(st.st_uid, pw->pw_uid);
    assert_int_equal(st.st_gid, getegid());
    fcgi_drop(&f);
    c.gid = pw->pw_gid;
    assert_int_equal(fcgi_take(&f, NULL), 0);
    assert_int_equal(stat("owner.sock", &st), 0);
    assert_int_equal(st.st_gid, pw->pw_gid);
    fcgi_drop(&f);
}

static void backlog(void **state)
{
    (void)state;
    struct fcgi f;
    struct sockaddr_un to = {.sun_family = AF_UNIX, .sun_path = "backlog.sock"};
    struct socket_config c = config_of(url_of("backlog.sock"));
    int fds[8];
    int waiting = 0;
    c.backlog = 2;
    fcgi_init(&f, &c);
    assert_int_equal(fcgi_take(&f, NULL), 0);
    for (int i = 0; i < 8; i++) {
        fds[i] = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        waiting += connect(fds[i], (const struct sockaddr *)&to, sizeof to) == 0;
    }
    assert_int_equal(waiting, 3); /* the kernel takes one more than it is told */
    for (int i = 0; i < 8; i++)
        (void)close(fds[i]);
    fcgi_drop(&f);
}

static void refused(const char *url, int rc, const char *sentence)
{
    struct fcgi f;
    struct err e;
    struct socket_config c = config_of(url);
    char want[2 * PATH_MAX];
    size_t before = open_descriptors();
    fcgi_init(&f, &c);
    assert_int_equal(fcgi_take(&f, &e), rc);
    (void)snprintf(want, sizeof want, "Could not create FastCGI socket %s: %s", url, sentence);
    assert_string_equal(e.text, want);
    assert_int_equal(f.fd, -1);
    assert_int_equal(f.users, 0);
    assert_int_equal(open_descriptors(), before);
}

static void path_that_cannot_be(void **state)
{
    (void)state;
    char long_path[300] = "unix:///";
    char sentence[PATH_MAX + 64];
    memset(long_path + 8, 'x', 200);
    refused(long_path, -ENAMETOOLONG, "its path is longer than 107 bytes");
    refused("unix:///nonexistent/x.sock", -ENOENT, "No such file or directory");
    assert_int_equal(fd_write_file("precious", "x", 1, 0600, NULL), 0);
    (void)snprintf(sentence, sizeof sentence, "%s/precious exists and is no socket", temp_folder);
    refused(url_of("precious"), -EEXIST, sentence);
    assert_string_equal(slurp("precious"), "x");
    assert_int_equal(symlink("nowhere", "dangling"), 0);
    refused(url_of("dangling"), -EADDRINUSE, "Address already in use");
}

static void tcp(void **state)
{
    (void)state;
    struct fcgi f;
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof at;
    char url[64];
    int other = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(other, (const struct sockaddr *)&at, sizeof at), 0);
    assert_int_equal(listen(other, 1), 0);
    assert_int_equal(getsockname(other, (struct sockaddr *)&at, &size), 0);
    (void)snprintf(url, sizeof url, "tcp://localhost:%d", ntohs(at.sin_port));
    refused(url, -EADDRINUSE, "Address already in use");
    (void)close(other);
    struct socket_config c = {url, CONFIG_UNSET, CONFIG_UNSET, CONFIG_UNSET, CONFIG_UNSET};
    fcgi_init(&f, &c);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(fcgi_take(&f, NULL), 0);
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        assert_int_equal(connect(fd, (const struct sockaddr *)&at, sizeof at), 0);
        (void)close(fd);
        fcgi_drop(&f);
    }
}

static void no_memory_is_left(void **state)
{
    (void)state;
    buf_close(&lines);
}

int main(void)
{
#define fcgi_test(f) cmocka_unit_test_setup_teardown(f, begin, end)
    const struct CMUnitTest tests[] = {
        fcgi_test(lives_as_long_as_its_users),
        fcgi_test(descriptor_is_as_programs_expect),
        fcgi_test(mode_whatever_the_umask),
        fcgi_test(owner),
        fcgi_test(backlog),
        fcgi_test(path_that_cannot_be),
        fcgi_test(tcp),
        cmocka_unit_test(no_memory_is_left),
    };
    return cmocka_run_group_tests(tests, temp_enter, temp_leave);
}
