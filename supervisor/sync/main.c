/* mainstay-sync: S3 to a folder. Usually a job of mainstayd; a plain program by hand. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/fd.h"
#include "sync/arguments.h"
#include "sync/push.h"
#include "sync/report.h"
#include "sync/sync.h"

/* SIGTERM and SIGINT become readable, so that waiting for the network ends at once. */
static int open_stop_fd(void)
{
    sigset_t set;
    (void)sigemptyset(&set);
    (void)sigaddset(&set, SIGTERM);
    (void)sigaddset(&set, SIGINT);
    (void)sigprocmask(SIG_BLOCK, &set, NULL);
    (void)signal(SIGPIPE, SIG_IGN);
    return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

static enum sync_exit which_signal(int stop_fd)
{
    struct signalfd_siginfo info = {0};
    ssize_t n = read(stop_fd, &info, sizeof info);
    return n == (ssize_t)sizeof info && info.ssi_signo == SIGINT ? SYNC_SIGINT : SYNC_SIGTERM;
}

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

static void print_help(void)
{
    struct buf b = BUF_EMPTY;
    arguments_help(&b);
    (void)fputs(buf_str(&b), stdout);
    buf_close(&b);
}

static enum sync_exit run(const struct arguments *o)
{
    struct err e;
    struct report r;
    int stop_fd = open_stop_fd();
    raise_limits();
    report_start(&r, o);
    if (o->upload) {
        sigset_t none;
        (void)sigemptyset(&none);
        (void)sigprocmask(SIG_SETMASK, &none, NULL);
    }
    enum sync_exit code = o->upload ? push_run(o, &r, &e) : sync_run(o, stop_fd, &r, &e);
    if (code == SYNC_SIGTERM)
        code = which_signal(stop_fd);
    report_end(&r, code, code == SYNC_OK || !e.text[0] ? NULL : e.text);
    fd_close(&stop_fd);
    return code;
}

int main(int argc, char **argv)
{
    struct arguments o;
    struct err e;
    hide_memory();
    if (arguments_parse(&o, argc, argv, &e) < 0) {
        (void)fprintf(stderr, "mainstay-sync: %s\nTry mainstay-sync --help.\n", e.text);
        return SYNC_USAGE;
    }
    enum sync_exit code = SYNC_OK;
    if (o.help)
        print_help();
    else if (o.version)
        (void)puts("mainstay-sync " MAINSTAY_VERSION);
    else
        code = run(&o);
    arguments_close(&o);
    return (int)code;
}
