#include "sync/s3/helper.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/mem.h"
#include "config/shlex.h"

enum { HELPER_LOOK_MS = 50 };

struct running {
    const struct helper *helper;
    const char *name; /* of the program */
    pid_t pid;
    int out;      /* what it prints comes here; -1: it has closed it */
    int64_t ends; /* clock_now */
};

/* `words` has room for HELPER_WORDS_MAX of them and a NULL; they are the caller's. */
static int split(const char *line, char **words, struct err *e)
{
    struct shlex x = {.text = line, .blanks_only = true};
    struct buf word = BUF_EMPTY;
    size_t count = 0;
    int rc = 0;
    while ((rc = shlex_next(&x, &word, e)) == 1 && count < HELPER_WORDS_MAX)
        words[count++] = mem_strdup(buf_str(&word));
    buf_close(&word);
    if (rc == 1)
        rc = err_set(e, -E2BIG, "more than %d words", HELPER_WORDS_MAX);
    return rc == 0 && count == 0 ? err_set(e, -EINVAL, "it is empty") : rc;
}

/* A group of its own, so that all of it can be ended; signals as a fresh program has them. */
static int spawn(char **words, int out, pid_t *pid)
{
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attributes;
    sigset_t none;
    sigset_t all;
    (void)sigemptyset(&none);
    (void)sigfillset(&all);
    (void)posix_spawn_file_actions_init(&files);
    (void)posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    (void)posix_spawn_file_actions_adddup2(&files, out, STDOUT_FILENO);
    (void)posix_spawnattr_init(&attributes);
    (void)posix_spawnattr_setsigmask(&attributes, &none);
    (void)posix_spawnattr_setsigdefault(&attributes, &all);
    (void)posix_spawnattr_setpgroup(&attributes, 0);
    (void)posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF |
                                                    POSIX_SPAWN_SETPGROUP);
    int rc = posix_spawnp(pid, words[0], &files, &attributes, words, environ);
    (void)posix_spawn_file_actions_destroy(&files);
    (void)posix_spawnattr_destroy(&attributes);
    return -rc;
}

/* 0, or why waiting is over. */
static int look(const struct running *r, struct err *e)
{
    const atomic_bool *cancelled = r->helper->cancelled;
    if (cancelled && atomic_load(cancelled))
        return err_set(e, -ECANCELED, "stopped");
    if (clock_now() >= r->ends)
        return err_set(e, -ETIMEDOUT, "%s is not done after %d s", r->name,
                       (int)(r->helper->time_ms / 1000));
    return 0;
}

static int take_output(struct running *r, struct buf *out, struct err *e)
{
    char piece[4096];
    ssize_t n = read(r->out, piece, sizeof piece);
    if (n < 0 && (errno == EINTR || errno == EAGAIN))
        return 0;
    if (n <= 0) {
        fd_close(&r->out);
        return 0;
    }
    buf_append(out, piece, (size_t)n);
    explicit_bzero(piece, sizeof piece);
    if (out->len > HELPER_OUTPUT_LIMIT)
        return err_set(e, -EFBIG, "%s prints more than %d KiB", r->name, HELPER_OUTPUT_LIMIT >> 10);
    return 0;
}

static int read_output(struct running *r, struct buf *out, struct err *e)
{
    int rc = 0;
    while (rc == 0 && r->out >= 0) {
        struct pollfd p = {.fd = r->out, .events = POLLIN};
        int ready = poll(&p, 1, HELPER_LOOK_MS);
        rc = look(r, e);
        if (rc == 0 && ready > 0)
            rc = take_output(r, out, e);
    }
    return rc;
}

/* It has closed its output: what is left is its end. */
static int await_end(const struct running *r, int *status, struct err *e)
{
    int rc = 0;
    while (rc == 0 && waitpid(r->pid, status, WNOHANG) == 0) {
        (void)poll(NULL, 0, HELPER_LOOK_MS / 10);
        rc = look(r, e);
    }
    return rc;
}

static int judge(const struct running *r, int status, struct err *e)
{
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
        return 0;
    if (WIFEXITED(status))
        return err_set(e, -ECHILD, "%s failed with exit code %d", r->name, WEXITSTATUS(status));
    return err_set(e, -ECHILD, "%s was ended by signal %d", r->name, WTERMSIG(status));
}

static int attend(struct running *r, struct buf *out, struct err *e)
{
    int status = 0;
    int rc = read_output(r, out, e);
    if (rc == 0)
        rc = await_end(r, &status, e);
    if (rc == 0)
        return judge(r, status, e);
    (void)kill(-r->pid, SIGKILL);
    (void)waitpid(r->pid, NULL, 0);
    return rc;
}

static int run(const struct helper *c, char **words, struct buf *out, struct err *e)
{
    int ends[2];
    struct running r = {.helper = c, .name = *words, .ends = clock_now() + c->time_ms};
    if (pipe2(ends, O_CLOEXEC) < 0)
        return err_set(e, -errno, "there is no pipe: %s", strerror(errno));
    int rc = spawn(words, ends[1], &r.pid);
    (void)close(ends[1]);
    r.out = ends[0];
    if (rc < 0)
        (void)err_set(e, rc, "cannot run %s: %s", r.name, strerror(-rc));
    else
        rc = attend(&r, out, e);
    fd_close(&r.out);
    return rc;
}

int helper_run(const struct helper *c, struct buf *out, struct err *e)
{
    char **words = mem_array(HELPER_WORDS_MAX + 1, sizeof *words);
    int rc = split(c->line, words, e);
    if (rc == 0)
        rc = run(c, words, out, e);
    for (size_t i = 0; words[i]; i++)
        mem_free(words[i]);
    mem_free(words);
    return rc;
}
