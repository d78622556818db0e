/* mainstay-sync: S3 to a folder. Usually a job of mainstayd; a plain program by hand. */
#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/fd.h"
#include "sync/arguments.h"
#include "sync/local/release.h"
#include "sync/push.h"
#include "sync/report.h"
#include "sync/sync.h"

/* Deep folders and many connections need descriptors. */
static void raise_limits(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
        return;
    limit.rlim_cur = limit.rlim_max;
    (void)setrlimit(RLIMIT_NOFILE, &limit);
}

/* It holds keys, and libraries have copies: they are in no core dump, and nobody else's to read. */
static void hide_memory(void)
{
    (void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}

/* Or else a file of the target would get such a number, and then what is said. */
static void open_standard(void)
{
    int fd = -1;
    do
        fd = open("/dev/null", O_RDWR); /* NOLINT(android-cloexec-open): children have these, too */
    while (fd >= 0 && fd <= STDERR_FILENO);
    fd_close(&fd);
}

/* Who has read enough, as head does, is no error. */
static bool is_hung_up(int fd)
{
    struct pollfd p = {.fd = fd};
    return poll(&p, 1, 0) > 0 && p.revents & POLLERR;
}

/* What was said is the result of a dry run and the like; of any other it is not. */
static enum sync_exit check_output(const struct arguments *o, enum sync_exit code)
{
    bool lost = fflush(stdout) != 0 || ferror(stdout);
    if (!lost || is_hung_up(STDOUT_FILENO))
        return code;
    (void)fputs("mainstay-sync: cannot write to standard output: is its disk full?\n", stderr);
    return code == SYNC_OK && (o->dry || o->help || o->version) ? SYNC_LOCAL : code;
}

static void print_help(void)
{
    struct buf b = BUF_EMPTY;
    arguments_help(&b);
    (void)fputs(buf_str(&b), stdout);
    buf_close(&b);
}

enum { HEAP_STEP = 512 << 10, HEAP_SPARE = 4 << 20 };

/*
 * A few threads are enough for the disk and for sums, and one heap serves them all: each further
 * one would keep memory of its own. What a page of the listing leaves serves the next.
 */
static void set_up(void)
{
    (void)mallopt(M_ARENA_MAX, 1);
    (void)mallopt(M_TOP_PAD, HEAP_STEP);
    (void)mallopt(M_TRIM_THRESHOLD, HEAP_SPARE);
    (void)setenv("UV_THREADPOOL_SIZE", "4", 0);
    (void)signal(SIGPIPE, SIG_IGN);
    (void)signal(SIGXFSZ, SIG_IGN); /* a limit of file sizes is an error like a full disk */
    raise_limits();
}

static enum sync_exit roll_back(const struct arguments *o)
{
    struct err e;
    int rc = release_rollback(o->target, &e);
    if (rc < 0)
        (void)fprintf(stderr, "mainstay-sync: %s\n", e.text);
    else if (!o->quiet)
        (void)printf("%s shows the version before again\n", o->target);
    switch (rc) {
    case -EBUSY:
        return SYNC_BUSY;
    case -EINVAL:
        return SYNC_USAGE;
    case -ENOENT:
        return SYNC_NOT_FOUND;
    default:
        return sync_exit_local(rc);
    }
}

static enum sync_exit run(const struct arguments *o)
{
    struct err e;
    struct report r;
    set_up();
    report_start(&r, o);
    enum sync_exit code = o->upload ? push_run(o, &r, &e) : sync_run(o, &r, &e);
    report_end(&r, code, code == SYNC_OK || !e.text[0] ? NULL : e.text);
    return code;
}

int main(int argc, char **argv)
{
    struct arguments o;
    struct err e;
    (void)argc; /* argv ends in NULL */
    open_standard();
    hide_memory();
    if (arguments_parse(&o, argv, &e) < 0) {
        (void)fprintf(stderr, "mainstay-sync: %s\nTry mainstay-sync --help.\n", e.text);
        return SYNC_USAGE;
    }
    enum sync_exit code = SYNC_OK;
    if (o.help)
        print_help();
    else if (o.version)
        (void)puts("mainstay-sync " MAINSTAY_VERSION);
    else if (o.rollback)
        code = roll_back(&o);
    else
        code = run(&o);
    code = check_output(&o, code);
    arguments_close(&o);
    return (int)code;
}
