#include "handover/become.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/list.h"
#include "base/log.h"
#include "base/mem.h"
#include "handover/memory.h"
#include "output/journal.h"

extern char **environ;

/* --- Descriptors by number ----------------------------------------------------------------- */

static json_t *numbers_give(struct carrier *c, int fd)
{
    const struct numbers *n = container_of(c, struct numbers, carrier);
    if (n->fds)
        (void)json_array_append_new(n->fds, json_integer(fd));
    return json_integer(fd);
}

static int numbers_take(struct carrier *c, const json_t *value)
{
    int fd = (int)json_integer_value(value);
    (void)c;
    return fd > STDERR_FILENO && fcntl(fd, F_SETFD, FD_CLOEXEC) == 0 ? fd : -1;
}

void numbers_init(struct numbers *n, json_t *fds)
{
    *n = (struct numbers){{numbers_give, numbers_take}, fds};
}

bool become_let_along(int fd)
{
    return fcntl(fd, F_SETFD, 0) == 0;
}

/* --- Going --------------------------------------------------------------------------------- */

int become_lines(const struct whole *w, json_t *fds, struct err *e)
{
    struct numbers n;
    struct config_archive archive = {0};
    struct buf text = BUF_EMPTY;
    numbers_init(&n, fds);
    snapshot_all(w, &archive, &n.carrier, &text);
    config_archive_close(&archive);
    /* Who reads them refuses a longer line: then nobody could go on any more, not even we. */
    int fd = text.len <= LINE_LENGTH_MAX
                 ? memory_new("mainstay-handover", &text, e)
                 : err_set(e, -EFBIG, "what is to be handed over takes %zu MB: more than %d",
                           text.len >> 20, LINE_LENGTH_MAX >> 20);
    buf_close(&text);
    return fd;
}

int64_t become_now(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

int become_go(const char *program, int old, char **argv, int lines, const char *reason)
{
    char *value = mem_printf("%d:%d:%s", lines, old, reason);
    (void)setenv(BECOME_VARIABLE, value, 1);
    mem_free(value);
    if (program)
        (void)execve(program, argv, environ);
    else
        (void)execveat(old, "", argv, environ, AT_EMPTY_PATH);
    int rc = -errno;
    (void)unsetenv(BECOME_VARIABLE);
    return rc;
}

/* Signals that come from here on wait for the handlers of whoever we are then. */
static void hold_signals(sigset_t *before)
{
    sigset_t all;
    (void)sigfillset(&all);
    (void)sigprocmask(SIG_SETMASK, &all, before);
}

/* What journald has not taken comes along, also when it has not read for hours. */
static int become_journal(struct err *e)
{
    struct buf waits = BUF_EMPTY;
    if (journal_counts().count == 0)
        return -1;
    journal_save(&waits);
    int fd = memory_new("mainstay-journal", &waits, e);
    buf_close(&waits);
    return fd < 0 ? -1 : fd;
}

int become(struct whole *w, char **argv, struct err *e)
{
    sigset_t before;
    json_t *fds = json_array();
    w->left = become_now();
    w->journal = become_journal(e);
    int lines = become_lines(w, fds, e);
    if (lines < 0) {
        fd_close(&w->journal);
        json_decref(fds);
        return lines;
    }
    int old = open("/proc/self/exe", O_PATH | O_CLOEXEC);
    (void)close_range(3, ~0U, CLOSE_RANGE_CLOEXEC);
    bool all = become_let_along(lines) && (old < 0 || become_let_along(old));
    for (size_t i = 0; i < json_array_size(fds); i++)
        all &= become_let_along((int)json_integer_value(json_array_get(fds, i)));
    hold_signals(&before);
    int rc = all ? become_go(w->program, old, argv, lines, "") : -EBADF;
    (void)sigprocmask(SIG_SETMASK, &before, NULL);
    (void)close_range(3, ~0U, CLOSE_RANGE_CLOEXEC);
    fd_close(&lines);
    fd_close(&old);
    fd_close(&w->journal);
    json_decref(fds);
    return err_set(e, rc, "%s", strerror(-rc));
}
