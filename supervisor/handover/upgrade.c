#include "handover/upgrade.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/mem.h"
#include "control/resume.h"
#include "engine/keep.h"
#include "handover/become.h"
#include "handover/memory.h"
#include "handover/predecessor.h"
#include "output/journal.h"

static struct host *upgrade_host(const struct upgrade *u)
{
    return u->whole->supervisor->host;
}

/* --- The end of it, either way ------------------------------------------------------------- */

static void upgrade_over(struct upgrade *u)
{
    if (u->step >= UPGRADE_CALLS)
        control_hold(u->control, false);
    u->step = UPGRADE_NONE;
    host_disarm(upgrade_host(u), &u->look);
    mem_free(u->program);
    mem_free(u->version);
    u->program = u->version = NULL;
}

static void upgrade_refuse(struct upgrade *u, const char *sentence)
{
    (void)snprintf(u->refused, sizeof u->refused, "%s", sentence);
    log_error("the upgrade is refused, everything stays as it is: %s", sentence);
    control_upgraded(u->control, NULL, sentence);
    upgrade_over(u);
}

/* A process that could not be signalled, and whose group is removed: nobody would read it. */
static const struct child *upgrade_would_lose(const struct upgrade *u)
{
    const struct pgroup *g;
    list_each (g, &u->whole->supervisor->closing, link) {
        for (size_t i = 0; i < g->count; i++) {
            if (g->procs[i].child.pid != 0)
                return &g->procs[i].child;
        }
    }
    return NULL;
}

static bool upgrade_is_possible(const struct upgrade *u, struct err *e)
{
    const struct child *lost = upgrade_would_lose(u);
    if (lost) {
        (void)err_set(e, -EBUSY,
                      "'%s' (%d), which could not be signalled, would lose its output: "
                      "end it first",
                      lost->config->name, (int)lost->pid);
        return false;
    }
    if (!shutdown_under_way(u->shutdown))
        return true;
    (void)err_set(e, -ESHUTDOWN, "mainstayd is %s",
                  u->whole->supervisor->state == SUPERVISOR_RESTARTING ? "restarting everything"
                                                                       : "shutting down");
    return false;
}

/* --- Becoming another one ------------------------------------------------------------------ */

static void upgrade_become(struct upgrade *u)
{
    struct err e;
    struct err why;
    if (!upgrade_is_possible(u, &e)) {
        upgrade_refuse(u, e.text);
        return;
    }
    bool ready = u->bridge->ready;
    log_info("upgrade: becoming mainstay %s (%s)", u->version, u->program);
    u->whole->ready = ready;
    if (ready)
        bridge_reloading(u->bridge);
    char *before = u->whole->program;
    u->whole->program = u->program;
    (void)become(u->whole, u->argv, &why); /* returns only when it has failed */
    u->whole->program = before;
    if (ready)
        bridge_refused(u->bridge);
    (void)err_set(&e, -1, "cannot become %s: %s", u->program, why.text);
    upgrade_refuse(u, e.text);
}

static void on_look(struct timer *timer)
{
    struct upgrade *u = container_of(timer, struct upgrade, look);
    struct host *host = upgrade_host(u);
    bool late = host_now(host) >= u->until;
    bool rests = u->step == UPGRADE_CALLS || control_at_rest(u->control);
    bool kept = !host->keep || !host->keep->ops->busy(host->keep);
    bool quiet = rests && kept && control_quiet(u->control) && journal_counts().count == 0;
    if (!late && !quiet) {
        host_arm(host, &u->look, host_now(host) + 1);
        return;
    }
    if (u->step == UPGRADE_CALLS) {
        u->step = UPGRADE_FLUSH;
        control_hold(u->control, true);
        u->until = host_now(host) + UPGRADE_FLUSH_MS;
        control_put_off(u->control);
        control_upgraded(u->control, u->version, NULL);
        host_arm(host, &u->look, host_now(host) + 1);
        return;
    }
    upgrade_become(u);
}

/* --- Trials -------------------------------------------------------------------------------- */

/* The line of what was said that says most: the first error, else the first line at all. */
static void upgrade_words(const struct buf *said, struct buf *out)
{
    const char *at = buf_str(said);
    size_t first = strcspn(at, "\n");
    buf_clear(out);
    while (*at) {
        size_t len = strcspn(at, "\n");
        char *line = mem_strndup(at, len);
        bool warning = strstr(line, "warning: ") != NULL;
        if (!warning && len > 0) {
            buf_text(out, line);
            mem_free(line);
            return;
        }
        mem_free(line);
        at += at[len] ? len + 1 : len;
    }
    buf_append(out, buf_str(said), first);
}

static int upgrade_try(struct upgrade *u, char **argv, const char *directory, int fd, struct err *e)
{
    struct trial_plan plan = {
        .program = u->program, .argv = argv, .directory = directory, .fd = fd};
    int rc = trial_start(&u->trial, &plan, e);
    return rc < 0 ? err_prefix(e, rc, "cannot try %s", u->program) : 0;
}

static int upgrade_try_version(struct upgrade *u, struct err *e)
{
    char name[] = "mainstayd";
    char version[] = "--version";
    char *argv[] = {name, version, NULL};
    u->step = UPGRADE_VERSION;
    return upgrade_try(u, argv, NULL, -1, e);
}

/* With our own options, in the folder where they were given. */
static int upgrade_try_check(struct upgrade *u, struct err *e)
{
    char check[] = "--check";
    size_t count = 0;
    while (u->argv[count])
        count++;
    char **argv = mem_array(count + 2, sizeof *argv);
    argv[0] = u->argv[0];
    argv[1] = check;
    for (size_t i = 1; i < count; i++)
        argv[i + 1] = u->argv[i];
    bool there = u->whole->folder && access(u->whole->folder, X_OK) == 0;
    u->step = UPGRADE_CHECK;
    int rc = upgrade_try(u, argv, there ? u->whole->folder : NULL, -1, e);
    mem_free(argv);
    return rc;
}

static int upgrade_try_lines(struct upgrade *u, struct err *e)
{
    char name[] = "mainstayd";
    char check[] = "--check-handover=3";
    char *argv[] = {name, check, NULL};
    u->step = UPGRADE_LINES;
    int fd = become_lines(u->whole, NULL, e);
    if (fd < 0)
        return fd;
    int rc = upgrade_try(u, argv, NULL, fd, e);
    fd_close(&fd);
    return rc;
}

/* "0.3.0" and nothing else is the version of a mainstayd. */
static bool upgrade_is_version(const char *word)
{
    bool dot = false;
    if (!isdigit((unsigned char)*word) || strlen(word) > 40)
        return false;
    for (const char *at = word; *at; at++) {
        dot |= *at == '.';
        if (!isalnum((unsigned char)*at) && !strchr(".+~-", *at))
            return false;
    }
    return dot;
}

static void upgrade_take_version(struct upgrade *u, const char *words, struct err *e)
{
    if (!upgrade_is_version(words)) {
        (void)err_set(e, -EINVAL, "%s is no mainstayd: asked for its version it says '%s'",
                      u->program, words);
        upgrade_refuse(u, e->text);
        return;
    }
    u->version = mem_strdup(words);
    if (upgrade_try_check(u, e) < 0)
        upgrade_refuse(u, e->text);
}

static void upgrade_await_calls(struct upgrade *u, const char *words)
{
    struct host *host = upgrade_host(u);
    struct err e;
    if (strcmp(words, PREDECESSOR_UNDERSTOOD) != 0) {
        (void)err_set(&e, -EINVAL, "%s is no mainstayd: given the hand-over it says '%s'",
                      u->program, words);
        upgrade_refuse(u, e.text);
        return;
    }
    u->step = UPGRADE_CALLS;
    u->until = host_now(host) + UPGRADE_PATIENCE_MS;
    host_arm(host, &u->look, host_now(host));
}

static void upgrade_trial_failed(struct upgrade *u, const char *words)
{
    struct err e;
    const char *colon = *words ? ": " : "";
    const char *what = u->step == UPGRADE_VERSION ? "does not tell its version"
                       : u->step == UPGRADE_CHECK ? "does not accept the configuration"
                                                  : "cannot take over";
    if (!u->trial.begun)
        (void)err_set(&e, -EINVAL, "%s", u->trial.why);
    else
        (void)err_set(&e, -EINVAL, "%s %s: %s%s%s", u->program, what, u->trial.why, colon, words);
    upgrade_refuse(u, e.text);
}

static void on_trial_done(struct trial *t)
{
    struct upgrade *u = container_of(t, struct upgrade, trial);
    struct buf words = BUF_EMPTY;
    struct err e;
    upgrade_words(&t->said, &words);
    if (!upgrade_is_possible(u, &e)) {
        upgrade_refuse(u, e.text);
    } else if (!t->good) {
        upgrade_trial_failed(u, buf_str(&words));
    } else if (u->step == UPGRADE_VERSION) {
        upgrade_take_version(u, buf_str(&words), &e);
    } else if (u->step == UPGRADE_CHECK) {
        if (upgrade_try_lines(u, &e) < 0)
            upgrade_refuse(u, e.text);
    } else {
        upgrade_await_calls(u, buf_str(&words));
    }
    buf_close(&words);
}

/* --- From outside -------------------------------------------------------------------------- */

int upgrade_begin(struct upgrade *u, const char *program, struct err *e)
{
    const char *path = program && *program ? program : u->whole->program;
    if (u->step != UPGRADE_NONE)
        return err_set(e, -EBUSY, "an upgrade is under way already");
    if (!upgrade_is_possible(u, e))
        return -EBUSY;
    if (!path || *path != '/')
        return err_set(e, -EINVAL, "the program must be named with its whole path, not '%s'",
                       path ? path : "");
    if (access(path, X_OK) < 0)
        return err_set(e, -errno, "cannot execute %s: %s", path, strerror(errno));
    struct stat st;
    if (stat(path, &st) < 0 || !S_ISREG(st.st_mode))
        return err_set(e, -EINVAL, "%s is no program", path);
    u->refused[0] = '\0';
    u->program = mem_strdup(path);
    log_info("upgrade: trying %s", u->program);
    int rc = upgrade_try_version(u, e);
    if (rc < 0)
        upgrade_over(u);
    return rc;
}

bool upgrade_exited(struct upgrade *u, pid_t pid, int code, int status)
{
    return trial_exited(&u->trial, pid, code, status);
}

void upgrade_init(struct upgrade *u, struct host *host)
{
    trial_init(&u->trial, host);
    u->trial.on_done = on_trial_done;
    u->look.on_due = on_look;
}

void upgrade_close(struct upgrade *u)
{
    trial_stop(&u->trial);
    trial_close(&u->trial);
    if (u->step != UPGRADE_NONE)
        upgrade_over(u);
}

/* --- Who we are ---------------------------------------------------------------------------- */

static char *absolute(const char *path)
{
    char *folder = *path == '/' ? NULL : getcwd(NULL, 0);
    char *out = folder ? mem_printf("%s/%s", folder, path) : mem_strdup(path);
    mem_free(folder);
    return out;
}

static char *search_path(const char *name)
{
    const char *path = getenv("PATH");
    while (path && *path) {
        size_t len = strcspn(path, ":");
        char *file = mem_printf("%.*s/%s", (int)len, path, name);
        if (len > 0 && access(file, X_OK) == 0)
            return file;
        mem_free(file);
        path += len + (path[len] ? 1 : 0);
    }
    return NULL;
}

char *upgrade_program(const char *argv0)
{
    struct stat ours;
    struct stat there;
    char *path = strchr(argv0, '/') ? absolute(argv0) : search_path(argv0);
    if (path && stat(path, &there) == 0 && stat("/proc/self/exe", &ours) == 0 &&
        there.st_dev == ours.st_dev && there.st_ino == ours.st_ino)
        return path;
    mem_free(path);
    char target[4096];
    ssize_t n = readlink("/proc/self/exe", target, sizeof target - 1);
    return n > 0 ? mem_strndup(target, (size_t)n) : NULL;
}
