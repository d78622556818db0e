#include "net/errand.h"

#include <errno.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/mem.h"
#include "base/parse.h"
#include "config/shlex.h"

enum { ASK_MS = 100 }; /* whether it has ended, where nobody says so */

extern char **environ;

/* The text as a file without a name: whoever reads it has an end, and nobody waits for a pipe. */
static int text_file(const struct errand_ask *ask, struct err *e)
{
    int fd = memfd_create("message", MFD_CLOEXEC);
    int rc = fd < 0 ? -errno : fd_write_all(fd, ask->text, ask->len);
    if (rc == 0 && lseek(fd, 0, SEEK_SET) < 0)
        rc = -errno;
    if (rc < 0) {
        fd_close(&fd);
        return err_set(e, rc, "cannot keep the text for command=: %s", strerror(-rc));
    }
    return fd;
}

static void words_free(char **words)
{
    for (size_t i = 0; words[i]; i++)
        mem_free(words[i]);
    mem_free(words);
}

static char **words_of(const char *line, struct err *e)
{
    struct shlex x = {.text = line, .blanks_only = true};
    struct buf word = BUF_EMPTY;
    char **words = mem_array(ERRAND_WORDS + 1, sizeof *words);
    size_t count = 0;
    int rc;
    while ((rc = shlex_next(&x, &word, e)) > 0 && count < ERRAND_WORDS)
        words[count++] = mem_strdup(buf_str(&word));
    buf_close(&word);
    if (rc == 0 && count > 0)
        return words;
    if (rc >= 0)
        err_write(e, count ? "command= has more than 256 words" : "command= has no word");
    words_free(words);
    return NULL;
}

static char **environment_of(char *const *more)
{
    size_t count = 0, added = 0;
    while (environ[count])
        count++;
    while (more[added])
        added++;
    char **all = mem_array(count + added + 1, sizeof *all);
    for (size_t i = 0; i < added; i++)
        all[i] = more[i];
    for (size_t i = 0; i < count; i++)
        all[added + i] = environ[i];
    return all;
}

static int spawn(struct errand *c, char **words, char **environment, int fd)
{
    posix_spawn_file_actions_t files;
    posix_spawnattr_t how;
    sigset_t none, usual;
    (void)sigemptyset(&none);
    (void)sigemptyset(&usual);
    (void)sigaddset(&usual, SIGPIPE);
    int rc = posix_spawn_file_actions_init(&files);
    if (rc != 0)
        return -rc;
    rc = posix_spawnattr_init(&how);
    if (rc == 0) {
        (void)posix_spawn_file_actions_adddup2(&files, fd, STDIN_FILENO);
        /* our standard output is the daemon's ear */
        (void)posix_spawn_file_actions_adddup2(&files, STDERR_FILENO, STDOUT_FILENO);
        (void)posix_spawnattr_setpgroup(&how, 0);
        (void)posix_spawnattr_setsigmask(&how, &none);
        (void)posix_spawnattr_setsigdefault(&how, &usual);
        (void)posix_spawnattr_setflags(&how, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK |
                                                 POSIX_SPAWN_SETSIGDEF);
        rc = posix_spawnp(&c->pid, words[0], &files, &how, words, environment);
        (void)posix_spawnattr_destroy(&how);
    }
    (void)posix_spawn_file_actions_destroy(&files);
    return -rc;
}

int errand_start(struct errand *c, const struct errand_ask *ask, struct err *e)
{
    *c = (struct errand){.pidfd = -1, .deadline = ask->deadline};
    char **words = words_of(ask->line, e);
    if (!words)
        return -EINVAL;
    int fd = text_file(ask, e);
    if (fd < 0) {
        words_free(words);
        return fd;
    }
    char **environment = environment_of(ask->environment);
    int rc = spawn(c, words, environment, fd);
    if (rc < 0) {
        c->pid = 0;
        rc = err_set(e, rc, "cannot run %s: %s", words[0], strerror(-rc));
    } else {
        c->pidfd = (int)syscall(SYS_pidfd_open, c->pid, 0);
    }
    mem_free(environment);
    words_free(words);
    fd_close(&fd);
    return rc;
}

static int judge(const struct errand *c, int status, struct err *e)
{
    char name[16];
    if (c->late)
        return err_set(e, -ETIMEDOUT, "command= took longer than timeout= and was killed");
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
        return 0;
    if (WIFEXITED(status))
        return err_set(e, -EIO, "command= has ended with %d", WEXITSTATUS(status));
    return err_set(e, -EIO, "command= was ended by %s",
                   parse_signal_name(WTERMSIG(status), name, sizeof name));
}

int64_t errand_due(const struct errand *c, int64_t now)
{
    return c->late || c->pidfd < 0 ? now + ASK_MS : c->deadline;
}

bool errand_ended(struct errand *c, int64_t now, int *rc, struct err *e)
{
    int status;
    if (c->pid == 0)
        return false;
    /* first this: of what is asked late it may well have been in time */
    if (waitpid(c->pid, &status, WNOHANG) != c->pid) {
        c->late = c->late || now >= c->deadline;
        if (c->late)
            (void)kill(-c->pid, SIGKILL);
        return false;
    }
    c->pid = 0;
    fd_close(&c->pidfd);
    *rc = judge(c, status, e);
    return true;
}

void errand_close(struct errand *c)
{
    if (c->pid > 0) {
        (void)kill(-c->pid, SIGKILL);
        (void)waitpid(c->pid, NULL, 0);
    }
    c->pid = 0;
    fd_close(&c->pidfd);
}
