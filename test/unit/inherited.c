/* Protects which of the sockets that a process was born with is taken for which address. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "base/log.h"
#include "base/mem.h"
#include "engine/inherited.h"
#include "output_temp.h"

static struct buf lines;

static void keep_line(void *ctx, enum log_level level, const char *line, size_t len)
{
    (void)ctx;
    (void)level;
    buf_append(&lines, line, len);
}

static int at_path(const char *path)
{
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    (void)snprintf(to.sun_path, sizeof to.sun_path, "%s", path);
    assert_int_equal(bind(fd, (const struct sockaddr *)&to, sizeof to), 0);
    assert_int_equal(listen(fd, 1), 0);
    return fd;
}

/* At any port, which is written to *port. */
static int at_v6(const char *address, int only, uint16_t *port)
{
    struct sockaddr_in6 to = {.sin6_family = AF_INET6};
    socklen_t len = sizeof to;
    int fd = socket(AF_INET6, SOCK_STREAM, 0);
    assert_int_equal(inet_pton(AF_INET6, address, &to.sin6_addr), 1);
    assert_int_equal(setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &only, sizeof only), 0);
    assert_int_equal(bind(fd, (const struct sockaddr *)&to, sizeof to), 0);
    assert_int_equal(listen(fd, 1), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&to, &len), 0);
    *port = ntohs(to.sin6_port);
    return fd;
}

static int at_v4(const char *address, uint16_t *port)
{
    struct sockaddr_in to = {.sin_family = AF_INET};
    socklen_t len = sizeof to;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(inet_pton(AF_INET, address, &to.sin_addr), 1);
    assert_int_equal(bind(fd, (const struct sockaddr *)&to, sizeof to), 0);
    assert_int_equal(listen(fd, 1), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&to, &len), 0);
    *port = ntohs(to.sin_port);
    return fd;
}

static bool is_same(int a, int b)
{
    struct stat x, y;
    return fstat(a, &x) == 0 && fstat(b, &y) == 0 && x.st_ino == y.st_ino;
}

/* What is taken is this one, and does not survive an exec. */
static void assert_taken(int got, int wanted)
{
    assert_true(got >= 0);
    assert_true(got != wanted && is_same(got, wanted));
    assert_int_equal(fcntl(got, F_GETFD), FD_CLOEXEC);
    (void)close(got);
}

static int v4(struct inherited *t, const char *address, uint16_t port)
{
    struct sockaddr_in want = {.sin_family = AF_INET, .sin_port = htons(port)};
    assert_int_equal(inet_pton(AF_INET, address, &want.sin_addr), 1);
    return inherited_inet(t, (const struct sockaddr *)&want, NULL);
}

static int v6(struct inherited *t, const char *address, uint16_t port)
{
    struct sockaddr_in6 want = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
    assert_int_equal(inet_pton(AF_INET6, address, &want.sin6_addr), 1);
    return inherited_inet(t, (const struct sockaddr *)&want, NULL);
}

static void paths(void **state)
{
    (void)state;
    struct inherited t = {0};
    bool own = true;
    int a = at_path("a.sock");
    char *path = mem_printf("%s/a.sock", temp_folder);
    char *link = mem_printf("%s/link/a.sock", temp_folder);
    char *other = mem_printf("%s/b.sock", temp_folder);
    assert_int_equal(symlink(".", "link"), 0);
    inherited_add(&t, dup(a), "relative", false); /* which nobody can name: never taken */
    assert_int_equal(inherited_unix(&t, path, &own), -1);
    assert_int_equal(inherited_unix(NULL, path, &own), -1);
    (void)unlink("a.sock");
    int b = at_path(path);
    inherited_add(&t, b, "path", false);
    assert_int_equal(inherited_unix(&t, other, &own), -1);
    assert_taken(inherited_unix(&t, path, &own), b);
    assert_false(own);
    assert_taken(inherited_unix(&t, link, &own), b);
    assert_int_equal(unlink(path), 0); /* nobody can find it any more */
    assert_int_equal(inherited_unix(&t, path, &own), -1);
    (void)close(a);
    inherited_close(&t);
    mem_free(path);
    mem_free(link);
    mem_free(other);
}

static void addresses(void **state)
{
    (void)state;
    struct inherited t = {0};
    uint16_t p[6];
    int local = at_v4("127.0.0.1", &p[0]);
    int any = at_v4("0.0.0.0", &p[1]);
    int both = at_v6("::", 0, &p[2]);
    int only = at_v6("::", 1, &p[3]);
    int one = at_v6("::1", 1, &p[4]);
    int mapped = at_v6("::ffff:127.0.0.1", 0, &p[5]);
    const int all[] = {local, any, both, only, one, mapped};
    for (size_t i = 0; i < 6; i++)
        inherited_add(&t, all[i], "x", true);
    assert_taken(v4(&t, "127.0.0.1", p[0]), local);
    assert_int_equal(v4(&t, "0.0.0.0", p[0]), -1);
    assert_int_equal(v4(&t, "127.0.0.2", p[0]), -1);
    assert_taken(v4(&t, "0.0.0.0", p[1]), any);
    assert_int_equal(v4(&t, "127.0.0.1", p[1]), -1); /* it would be open for more than is wanted */
    assert_int_equal(v6(&t, "::", p[1]), -1);
    assert_taken(v4(&t, "0.0.0.0", p[2]), both);
    assert_taken(v6(&t, "::", p[2]), both);
    assert_int_equal(v4(&t, "127.0.0.1", p[2]), -1);
    assert_int_equal(v4(&t, "0.0.0.0", p[3]), -1);
    assert_taken(v6(&t, "::", p[3]), only);
    assert_taken(v6(&t, "::1", p[4]), one);
    assert_int_equal(v6(&t, "::2", p[4]), -1);
    assert_taken(v4(&t, "127.0.0.1", p[5]), mapped);
    inherited_close(&t);
}

/* A socket that does not listen, a pipe, a file, a number that is closed. */
static void other_things_are_none(void **state)
{
    (void)state;
    struct inherited t = {0};
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof to;
    int ends[2];
    int bound = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(bound, (const struct sockaddr *)&to, len), 0);
    assert_int_equal(getsockname(bound, (struct sockaddr *)&to, &len), 0);
    assert_int_equal(pipe(ends), 0);
    inherited_add(&t, bound, "bound", false);
    inherited_add(&t, ends[0], "pipe", false);
    inherited_add(&t, ends[1], "pipe", false);
    assert_int_equal(inherited_inet(&t, (const struct sockaddr *)&to, NULL), -1);
    assert_int_equal(inherited_unix(&t, "/", NULL), -1);
    assert_int_equal(inherited_named(&t, "nothing"), -1);
    assert_int_equal(inherited_named(&t, "pipe"), ends[0]);
    assert_int_equal(inherited_named(&t, "pipe"), ends[1]);
    assert_int_equal(inherited_named(&t, "pipe"), -1);
    inherited_close(&t);
    (void)close(ends[0]);
    (void)close(ends[1]);
}

static void what_nobody_wants_is_closed(void **state)
{
    (void)state;
    struct inherited t = {0};
    uint16_t p[4];
    size_t before = open_descriptors();
    inherited_add(&t, at_v4("127.0.0.1", &p[0]), "lent", false);
    inherited_add(&t, at_v4("127.0.0.1", &p[1]), "own", true);
    inherited_add(&t, at_v6("::1", 1, &p[2]), "spare", false);
    inherited_add(&t, open("/dev/null", O_RDONLY), "file", false);
    (void)close(v4(&t, "127.0.0.1", p[0]));
    (void)close(v4(&t, "127.0.0.1", p[1]));
    log_set_writer(keep_line, NULL);
    inherited_settle(&t);
    inherited_settle(&t); /* says nothing more */
    log_set_writer(NULL, NULL);
    char *want = mem_printf("'spare' ([::1]:%d)", p[2]);
    assert_non_null(strstr(buf_str(&lines), want));
    assert_non_null(strstr(buf_str(&lines), "'file' (no socket with an address)"));
    assert_null(strstr(buf_str(&lines), "'own'"));
    assert_null(strstr(buf_str(&lines), "'lent'"));
    assert_int_equal(open_descriptors(), before + 1);
    (void)close(v4(&t, "127.0.0.1", p[0])); /* systemd has it: it can be had again */
    assert_int_equal(v4(&t, "127.0.0.1", p[1]), -1);
    inherited_close(&t);
    assert_int_equal(open_descriptors(), before);
    mem_free(want);
    buf_close(&lines);
}

/* --- What systemd says ---------------------------------------------------------------------- */

/* In a process of its own, whose descriptors 3 to 5 are sockets: the names that it makes of it. */
static void read_there(const char *pid, const char *fds, const char *names, int out)
{
    struct inherited t = {0};
    struct buf text = BUF_EMPTY;
    uint16_t port;
    char self[16];
    for (int fd = 3; fd < 6; fd++)
        (void)dup2(at_v4("127.0.0.1", &port), fd);
    (void)snprintf(self, sizeof self, "%d", (int)getpid());
    (void)setenv("LISTEN_PID", pid ? pid : self, 1);
    (void)setenv("LISTEN_FDS", fds, 1);
    (void)unsetenv("LISTEN_FDNAMES");
    if (names)
        (void)setenv("LISTEN_FDNAMES", names, 1);
    inherited_read(&t);
    for (size_t i = 0; i < t.count; i++)
        buf_printf(&text, "%d=%s%s ", t.items[i].fd, t.items[i].name,
                   fcntl(t.items[i].fd, F_GETFD) == FD_CLOEXEC ? "" : "!");
    if (getenv("LISTEN_PID") || getenv("LISTEN_FDS") || getenv("LISTEN_FDNAMES"))
        buf_text(&text, "children see it");
    (void)fd_write_all(out, buf_str(&text), text.len);
    inherited_close(&t);
    buf_close(&text);
}

static void assert_read(const char *pid, const char *fds, const char *names, const char *want)
{
    char got[256] = "";
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    int out = fcntl(ends[1], F_DUPFD, 200); /* out of the way of the sockets */
    pid_t child = fork();
    if (child == 0) {
        read_there(pid, fds, names, out);
        _exit(0);
    }
    (void)close(ends[1]);
    (void)close(out);
    for (size_t len = 0; len < sizeof got - 1;) {
        ssize_t n = read(ends[0], got + len, sizeof got - 1 - len);
        if (n <= 0)
            break;
        len += (size_t)n;
    }
    (void)close(ends[0]);
    assert_int_equal(waitpid(child, NULL, 0), child);
    assert_string_equal(got, want);
}

static void variables(void **state)
{
    (void)state;
    assert_read(NULL, "3", "a:b:c", "3=a 4=b 5=c ");
    assert_read(NULL, "2", "a:b:c", "3=a 4=b ");
    assert_read(NULL, "3", "a", "3=a 4=unknown 5=unknown ");
    assert_read(NULL, "3", "::c", "3=unknown 4=unknown 5=c ");
    assert_read(NULL, "1", NULL, "3=unknown ");
    assert_read("1", "3", "a:b:c", "");
    assert_read("", "3", "a:b:c", "");
    assert_read(NULL, "", "a", "");
    assert_read(NULL, "-1", "a", "");
    assert_read(NULL, "1000000000", "a", "");
    assert_read(NULL, "3x", "a", "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(paths),
        cmocka_unit_test(addresses),
        cmocka_unit_test(other_things_are_none),
        cmocka_unit_test(what_nobody_wants_is_closed),
        cmocka_unit_test(variables),
    };
    return cmocka_run_group_tests(tests, temp_enter, temp_leave);
}
