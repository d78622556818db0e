#include "handover/predecessor.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/mem.h"
#include "control/resume.h"
#include "engine/inherited.h"
#include "handover/become.h"
#include "handover/memory.h"
#include "handover/rows.h"
#include "output/journal.h"

/* All that is open now, but for who looks. */
static void remember_fds(struct predecessor *p)
{
    const struct dirent *entry;
    DIR *folder = opendir("/proc/self/fd");
    while (folder && (entry = readdir(folder)) != NULL) {
        int fd = atoi(entry->d_name); // NOLINT(cert-err34-c): the kernel's own numbers
        if (fd <= STDERR_FILENO || fd == dirfd(folder))
            continue;
        p->fds = mem_grow(p->fds, p->count + 1, sizeof *p->fds);
        p->fds[p->count++] = fd;
    }
    if (folder)
        (void)closedir(folder);
}

static int predecessor_lines(struct predecessor *p, int fd, struct err *e)
{
    struct buf text = BUF_EMPTY;
    int rc = memory_read(fd, &text, e);
    if (rc == 0)
        rc = adopt_read(&p->adoption, buf_str(&text), text.len, e);
    buf_close(&text);
    if (rc == 0 && json_integer_value(json_object_get(p->adoption.daemon, "pid")) != getpid())
        rc = err_set(e, -EINVAL, "the hand-over is meant for another process");
    return rc;
}

static bool is_lines(int fd)
{
    struct buf text = BUF_EMPTY;
    int rc = memory_read(fd, &text, NULL);
    buf_close(&text);
    return rc == 0;
}

int predecessor_find(struct predecessor *p, char **argv, struct err *e)
{
    const char *value = getenv(BECOME_VARIABLE);
    int at = 0;
    *p = (struct predecessor){.old = -1, .lines = -1};
    numbers_init(&p->numbers, NULL);
    // NOLINTNEXTLINE(cert-err34-c): it is ours, or what it says is not so
    if (!value || sscanf(value, "%d:%d:%n", &p->lines, &p->old, &at) < 2 || at == 0 ||
        !is_lines(p->lines)) {
        (void)unsetenv(BECOME_VARIABLE);
        p->old = p->lines = -1;
        return 0;
    }
    p->reason = value[at] ? mem_strdup(value + at) : NULL;
    (void)unsetenv(BECOME_VARIABLE);
    remember_fds(p);
    int rc = predecessor_lines(p, p->lines, e);
    p->taken = rc == 0;
    if (rc == 0)
        return 0;
    predecessor_return(p, argv, e);
    return err_prefix(e, rc, "the programs of the daemon before us cannot be taken over");
}

void predecessor_return(struct predecessor *p, char **argv, const struct err *why)
{
    if (p->old < 0 || p->reason || p->count == 0)
        return;
    for (size_t at = 0; at < p->count; at++)
        (void)become_let_along(p->fds[at]);
    (void)become_go(NULL, p->old, argv, p->lines, why->text);
}

static void welcome_follow(struct predecessor *p, struct control *c, const json_t *line)
{
    struct follow_state state = {.socket = -1, .file = -1};
    if (line_unpack(line, &rows_follow, &state, &p->numbers.carrier, NULL) == 0)
        control_resume(c, &state);
}

static void welcome_visitor(struct predecessor *p, struct control *c, const json_t *line)
{
    struct follow_state state = {.socket = -1};
    if (line_unpack(line, &rows_visitor, &state, &p->numbers.carrier, NULL) == 0 &&
        state.socket >= 0 && state.section)
        control_welcome(c, state.section, state.socket);
    mem_free(state.section);
}

void predecessor_clients(struct predecessor *p, struct control *c)
{
    const struct book_entry *entry;
    size_t at = 0;
    while ((entry = book_next(&p->adoption.book, "follow", &at)) != NULL)
        welcome_follow(p, c, entry->line);
    at = 0;
    while ((entry = book_next(&p->adoption.book, "visitor", &at)) != NULL)
        welcome_visitor(p, c, entry->line);
}

void predecessor_journal(struct whole *w)
{
    struct buf waits = BUF_EMPTY;
    struct err e;
    if (w->journal < 0)
        return;
    if (memory_read(w->journal, &waits, &e) < 0)
        log_error("what waited for journald is lost: %s", e.text);
    else
        journal_restore(&waits);
    buf_close(&waits);
    fd_close(&w->journal);
}

static void tell_count(size_t count, const char *one, struct buf *out)
{
    buf_printf(out, "%zu %s%s", count, one, count == 1 ? "" : "s");
}

void predecessor_tell(const struct predecessor *p, struct whole *w)
{
    struct buf what = BUF_EMPTY;
    long long us = (long long)(become_now() - w->left);
    const char *before = p->adoption.book.version ? p->adoption.book.version : "?";
    tell_count(p->adoption.programs, "program", &what);
    buf_text(&what, p->adoption.jobs ? " and " : "");
    if (p->adoption.jobs)
        tell_count(p->adoption.jobs, "job", &what);
    if (p->reason) {
        log_error("the upgrade has failed, %s goes on with %s: %s", MAINSTAY_VERSION,
                  buf_str(&what), p->reason);
    } else {
        w->upgrades++;
        log_info("upgraded from mainstay %s to %s: pid %d stays, %s run%s on, paused for %lld.%lld "
                 "ms",
                 before, MAINSTAY_VERSION, (int)getpid(), buf_str(&what),
                 p->adoption.programs + p->adoption.jobs == 1 ? "s" : "", us / 1000, us / 100 % 10);
    }
    if (p->adoption.lost > 0)
        log_critical("%zu things could not be taken over, see above", p->adoption.lost);
    buf_close(&what);
}

void predecessor_close(struct predecessor *p)
{
    adopt_close(&p->adoption);
    fd_close(&p->old);
    fd_close(&p->lines);
    mem_free(p->fds);
    mem_free(p->reason);
    p->fds = NULL;
    p->reason = NULL;
    p->count = 0;
}

int predecessor_check_main(int fd, FILE *out)
{
    struct adoption a = {0};
    struct buf text = BUF_EMPTY;
    struct err e;
    int rc = memory_read(fd, &text, &e);
    if (rc == 0)
        rc = adopt_read(&a, buf_str(&text), text.len, &e);
    buf_close(&text);
    adopt_close(&a);
    (void)fprintf(out, "%s\n", rc < 0 ? e.text : PREDECESSOR_UNDERSTOOD);
    return rc < 0 ? 1 : 0;
}
