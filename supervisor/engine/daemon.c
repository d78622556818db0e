#include "engine/daemon.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <link.h>
#include <linux/close_range.h>
#include <malloc.h>
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

/* Whoever started us may have blocked signals, and the mask comes through exec: without SIGCHLD
 * nobody is reaped, without SIGTERM nothing stops. A reader that left, or a log that has reached
 * RLIMIT_FSIZE, is an error of the write, not our death. */
static void daemon_prepare_signals(void)
{
    sigset_t none;
    (void)sigemptyset(&none);
    (void)sigprocmask(SIG_SETMASK, &none, NULL);
    (void)signal(SIGPIPE, SIG_IGN);
    (void)signal(SIGXFSZ, SIG_IGN);
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

int daemon_become(const struct config *config, struct err *e)
{
    if (config->uid == CONFIG_UNSET) {
        if (geteuid() == 0)
            log_critical("Supervisor is running as root.  Privileges were not dropped because no "
                         "user is specified in the config file.  If you intend to run as root, "
                         "you can set user=root in the config file to avoid this message.");
        return 0;
    }
    uid_t uid = (uid_t)config->uid;
    if (uid == geteuid())
        return 0;
    if (geteuid() != 0)
        return err_set(e, -EPERM, "Can't drop privilege as nonroot user");
    if (initgroups(config->user, (gid_t)config->gid) < 0 || setgid((gid_t)config->gid) < 0 ||
        setuid(uid) < 0)
        return err_set(e, -errno, "cannot become user %s: %s", config->user, strerror(errno));
    log_info("Set uid to user %u succeeded", (unsigned)uid);
    return 0;
}

static int daemon_raise(int resource, const char *name, int64_t wanted, struct err *e)
{
    struct rlimit limit;
    if (getrlimit((__rlimit_resource_t)resource, &limit) < 0)
        return err_set(e, -errno, "cannot read %s: %s", name, strerror(errno));
    if (wanted <= 0 || limit.rlim_cur == RLIM_INFINITY || limit.rlim_cur >= (rlim_t)wanted)
        return 0;
    rlim_t had = limit.rlim_cur;
    limit.rlim_cur = (rlim_t)wanted;
    if (limit.rlim_max != RLIM_INFINITY && limit.rlim_max < limit.rlim_cur)
        limit.rlim_max = limit.rlim_cur;
    if (setrlimit((__rlimit_resource_t)resource, &limit) < 0)
        return err_set(e, -errno,
                       "%s must be at least %lld (minfds, minprocs) and this environment allows "
                       "only %llu: raise it, or lower the key",
                       name, (long long)wanted, (unsigned long long)had);
    log_info("Increased %s limit to %lld", name, (long long)wanted);
    return 0;
}

int daemon_raise_limits(const struct config *config, struct err *e)
{
    int rc = daemon_raise(RLIMIT_NOFILE, "RLIMIT_NOFILE", config->minfds, e);
    return rc < 0 ? rc : daemon_raise(RLIMIT_NPROC, "RLIMIT_NPROC", config->minprocs, e);
}

int daemon_enter_folder(const struct config *config, struct err *e)
{
    (void)umask((mode_t)config->umask);
    if (!config->directory)
        return 0;
    if (chdir(config->directory) < 0)
        return err_set(e, -errno, "can't chdir into '%s': %s", config->directory, strerror(errno));
    log_info("set current directory: '%s'", config->directory);
    return 0;
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
