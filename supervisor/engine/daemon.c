#include "engine/daemon.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <link.h>
#include <linux/close_range.h>
#include <malloc.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"

/* A reader that left, or a log that has reached RLIMIT_FSIZE, is an error of the write, not our
 * death. */
static void daemon_prepare_signals(void)
{
    (void)signal(SIGPIPE, SIG_IGN);
    (void)signal(SIGXFSZ, SIG_IGN);
}

/* Whoever started us may have blocked signals, and the mask comes through exec: without SIGCHLD
 * nobody is reaped, without SIGTERM nothing stops. Not before there are handlers: what came during
 * an upgrade waits for them. */
void daemon_hear_signals(void)
{
    sigset_t none;
    (void)sigemptyset(&none);
    (void)sigprocmask(SIG_SETMASK, &none, NULL);
}

/* Python gives a process without a locale LC_CTYPE=C.UTF-8, and Supervisor's children have it:
 * what they print would be another encoding without. */
static void daemon_prepare_locale(void)
{
    static const char *const names[] = {"LC_ALL", "LC_CTYPE", "LANG"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const char *value = getenv(names[i]);
        if (!value || !*value)
            continue;
        if (i == 0 || (strcmp(value, "C") != 0 && strcmp(value, "POSIX") != 0))
            return;
        break;
    }
    (void)setenv("LC_CTYPE", "C.UTF-8", 1);
}

int daemon_prepare(struct err *e)
{
    int fd;
    do {
        fd = open("/dev/null", O_RDWR | O_CLOEXEC);
        if (fd < 0)
            return err_set(e, -errno, "cannot open /dev/null: %s", strerror(errno));
    } while (fd <= STDERR_FILENO);
    fd_close(&fd);
    (void)close_range(3, ~0U, CLOSE_RANGE_CLOEXEC);
    daemon_prepare_signals();
    daemon_prepare_locale();
    if (prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) < 0)
        return err_set(e, -errno, "cannot become the reaper of orphans: %s", strerror(errno));
    return 0;
}

/* In the parent: what the child says is all that the user sees of the start. */
static _Noreturn void daemon_wait(int fd)
{
    struct buf said = BUF_EMPTY;
    char chunk[512];
    ssize_t n;
    while ((n = read(fd, chunk, sizeof chunk)) > 0)
        buf_append(&said, chunk, (size_t)n);
    if (said.len == 1 && said.data[0] == '\0')
        _exit(0);
    (void)fprintf(stderr, "%s\n",
                  said.len ? buf_str(&said) : "Error: the daemon died while it was starting");
    _exit(2);
}

int daemon_detach(int *fd, struct err *e)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) < 0)
        return err_set(e, -errno, "cannot make a pipe: %s", strerror(errno));
    pid_t pid = fork();
    if (pid < 0)
        return err_set(e, -errno, "cannot go to the background: %s", strerror(errno));
    if (pid > 0) {
        (void)close(ends[1]);
        daemon_wait(ends[0]);
    }
    (void)close(ends[0]);
    *fd = ends[1];
    (void)setsid();
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (null < 0 || dup2(null, 0) < 0 || dup2(null, 1) < 0 || dup2(null, 2) < 0)
        return err_set(e, -errno, "cannot open /dev/null: %s", strerror(errno));
    fd_close(&null);
    /* the subreaper setting is not inherited */
    (void)prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
    return 0;
}

void daemon_tell(int *fd, const char *sentence)
{
    if (*fd < 0)
        return;
    if (sentence)
        (void)fd_write_all(*fd, sentence, strlen(sentence));
    else
        (void)fd_write_all(*fd, "", 1);
    fd_close(fd);
}

void daemon_warn_root(const struct config *config)
{
    if (config->uid == CONFIG_UNSET && geteuid() == 0)
        log_critical("Supervisor is running as root.  Privileges were not dropped because no user "
                     "is specified in the config file.  If you intend to run as root, you can set "
                     "user=root in the config file to avoid this message.");
}

void daemon_log_user(const struct config *config)
{
    if (config->uid != CONFIG_UNSET)
        log_info("Set uid to user %u succeeded", (unsigned)config->uid);
}

int daemon_become(const struct config *config, struct err *e)
{
    daemon_warn_root(config);
    if (config->uid == CONFIG_UNSET)
        return 0;
    uid_t uid = (uid_t)config->uid;
    if (uid != geteuid() && geteuid() != 0)
        return err_set(e, -EPERM, "Can't drop privilege as nonroot user");
    const struct passwd *pw = getpwuid(uid); /* user= may be a number */
    if (uid != geteuid() && (initgroups(pw ? pw->pw_name : config->user, (gid_t)config->gid) < 0 ||
                             setgid((gid_t)config->gid) < 0 || setuid(uid) < 0))
        return err_set(e, -errno, "cannot become user %s: %s", config->user, strerror(errno));
    daemon_log_user(config);
    return 0;
}

struct daemon_limit {
    __rlimit_resource_t resource;
    const char *name;
    const char *needed, *what, *key, *whose; /* for Supervisor's sentence */
};

// clang-format off
static const struct daemon_limit daemon_files = { RLIMIT_NOFILE, "RLIMIT_NOFILE",
    "file descriptors", "file descriptors", "minfds", "process" };
static const struct daemon_limit daemon_processes = { RLIMIT_NPROC, "RLIMIT_NPROC",
    "available processes", "processes", "minprocs", "program" };
// clang-format on

static int daemon_refuse_limit(const struct daemon_limit *of, int64_t wanted, rlim_t allowed,
                               struct err *e)
{
    return err_set(e, -errno,
                   "The minimum number of %s required to run this %s is %lld as per the \"%s\" "
                   "command-line argument or config file setting. The current environment will "
                   "only allow you to open %llu %s.  Either raise the number of usable %s in your "
                   "environment (see README.rst) or lower the %s setting in the config file to "
                   "allow the %s to start.",
                   of->needed, of->whose, (long long)wanted, of->key, (unsigned long long)allowed,
                   of->what, of->what, of->key, of->whose);
}

static int daemon_raise(const struct daemon_limit *of, int64_t wanted, struct err *e)
{
    struct rlimit limit;
    if (getrlimit(of->resource, &limit) < 0)
        return err_set(e, -errno, "cannot read %s: %s", of->name, strerror(errno));
    if (wanted <= 0 || limit.rlim_cur == RLIM_INFINITY || limit.rlim_cur >= (rlim_t)wanted)
        return 0;
    const rlim_t allowed = limit.rlim_max;
    limit.rlim_cur = (rlim_t)wanted;
    if (limit.rlim_max != RLIM_INFINITY && limit.rlim_max < limit.rlim_cur)
        limit.rlim_max = limit.rlim_cur;
    if (setrlimit(of->resource, &limit) < 0)
        return daemon_refuse_limit(of, wanted, allowed, e);
    log_info("Increased %s limit to %lld", of->name, (long long)wanted);
    return 0;
}

int daemon_raise_limits(const struct config *config, struct err *e)
{
    int rc = daemon_raise(&daemon_files, config->minfds, e);
    return rc < 0 ? rc : daemon_raise(&daemon_processes, config->minprocs, e);
}

void daemon_enter_folder(const struct config *config)
{
    log_info("daemonizing the supervisord process");
    (void)umask((mode_t)config->umask);
    if (!config->directory)
        return;
    struct buf name = BUF_EMPTY;
    buf_repr(&name, config->directory);
    if (chdir(config->directory) < 0)
        log_critical("can't chdir into %s: [Errno %d] %s: %s", buf_str(&name), errno,
                     strerror(errno), buf_str(&name));
    else
        log_info("set current directory: %s", buf_str(&name));
    buf_close(&name);
}

/* Segments that are not writable are never changed, not even by relocation: dropping is safe. */
static int daemon_trim_library(struct dl_phdr_info *info, size_t size, void *ctx)
{
    const uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
    (void)size;
    (void)ctx;
    for (int i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *segment = &info->dlpi_phdr[i];
        if (segment->p_type != PT_LOAD || (segment->p_flags & PF_W))
            continue;
        uintptr_t from = (info->dlpi_addr + segment->p_vaddr) & ~(page - 1);
        uintptr_t to = info->dlpi_addr + segment->p_vaddr + segment->p_filesz;
        // NOLINTNEXTLINE(performance-no-int-to-ptr): the loader tells addresses as numbers
        (void)madvise((void *)from, to - from, MADV_DONTNEED);
    }
    return 0;
}

void daemon_trim(void)
{
    (void)malloc_trim(0);
    (void)dl_iterate_phdr(daemon_trim_library, NULL);
}

const char *daemon_program_folder(struct arena *a)
{
    char path[PATH_MAX];
    ssize_t n = readlink("/proc/self/exe", path, sizeof path - 1);
    if (n <= 0)
        return NULL;
    path[n] = '\0';
    char *slash = strrchr(path, '/');
    return slash ? arena_strndup(a, path, (size_t)(slash - path)) : NULL;
}
