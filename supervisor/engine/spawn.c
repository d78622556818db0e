#include "engine/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <linux/close_range.h>
#include <linux/sched.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/fd.h"
#include "config/words.h"
#include "engine/command.h"

extern char **environ;

enum { SPAWN_SPARE_FDS = 16 }; /* for what is no program: clients, configuration, logs */

/* What the child does, in this order, and how a failure of it reads. */
enum spawn_stage {
    SPAWN_PGROUP,
    SPAWN_FDS,
    SPAWN_GROUPS,
    SPAWN_GID,
    SPAWN_UID,
    SPAWN_DIRECTORY,
    SPAWN_EXEC,
    SPAWN_STAGES,
};

struct spawn_report {
    int stage;
    int error;
};

/* --- The plan ---------------------------------------------------------------------------- */

/* These speak to mainstayd itself. A child that believed them would answer in its name. */
static bool spawn_own_variable(const char *entry)
{
    static const char *const own[] = {
        "NOTIFY_SOCKET=", "WATCHDOG_USEC=",  "WATCHDOG_PID=", "LISTEN_FDS=",
        "LISTEN_PID=",    "LISTEN_FDNAMES=", "MAINPID=",      "MAINSTAY_HANDOVER="};
    for (size_t i = 0; i < sizeof own / sizeof *own; i++) {
        if (strncmp(entry, own[i], strlen(own[i])) == 0)
            return true;
    }
    return false;
}

struct spawn_env {
    char **entries;
    size_t count;
    struct arena *a;
};

/* linear: an environment of a hundred is a hundred compares for each of a few additions */
static void spawn_env_put(struct spawn_env *env, const char *name, const char *value)
{
    char *entry = arena_printf(env->a, "%s=%s", name, value);
    size_t len = strlen(name) + 1;
    for (size_t i = 0; i < env->count; i++) {
        if (strncmp(env->entries[i], entry, len) == 0) {
            env->entries[i] = entry;
            return;
        }
    }
    env->entries[env->count++] = entry;
}

static const char *spawn_env_get(const struct spawn_env *env, const char *name)
{
    size_t len = strlen(name);
    for (size_t i = 0; i < env->count; i++) {
        if (strncmp(env->entries[i], name, len) == 0 && env->entries[i][len] == '=')
            return env->entries[i] + len + 1;
    }
    return NULL;
}

/* Supervisor's order: its own environment, SUPERVISOR_*, the configured ones (merged). */
static void spawn_env_make(struct spawn_env *env, const struct process_config *config,
                           const char *group, const struct spawn_context *ctx)
{
    size_t room = config->environment.count + config->hidden.count + 8;
    for (char **entry = environ; *entry; entry++)
        room++;
    env->entries = arena_array(env->a, room, sizeof *env->entries);
    for (char **entry = environ; *entry; entry++) {
        if (!spawn_own_variable(*entry))
            env->entries[env->count++] = *entry;
    }
    spawn_env_put(env, "SUPERVISOR_ENABLED", "1");
    const char *url = config->serverurl ? config->serverurl : ctx->server_url;
    if (url && *url)
        spawn_env_put(env, "SUPERVISOR_SERVER_URL", url);
    spawn_env_put(env, "SUPERVISOR_PROCESS_NAME", config->name);
    spawn_env_put(env, "SUPERVISOR_GROUP_NAME", group);
    for (size_t i = 0; i < config->environment.count; i++)
        spawn_env_put(env, config->environment.vars[i].name, config->environment.vars[i].value);
    for (size_t i = 0; i < config->hidden.count; i++)
        spawn_env_put(env, config->hidden.vars[i].name, config->hidden.vars[i].value);
}

static void spawn_plan_user(struct spawn_plan *plan, const struct process_config *config,
                            struct arena *a)
{
    if (config->uid == CONFIG_UNSET || (uid_t)config->uid == geteuid())
        return;
    struct passwd *pw = getpwuid((uid_t)config->uid); /* user= may be a number */
    plan->set_user = true;
    plan->uid = (uid_t)config->uid;
    plan->uid_text = arena_printf(a, "%u", (unsigned)plan->uid);
    plan->gid = (gid_t)config->gid;
    plan->group_count = 256;
    plan->groups = arena_array(a, (size_t)plan->group_count, sizeof *plan->groups);
    if (getgrouplist(pw ? pw->pw_name : config->user, plan->gid, plan->groups, &plan->group_count) <
        0)
        plan->group_count = 256; /* the first 256 of more */
}

static int spawn_unparsable(const char *command, const char *why, struct err *e)
{
    struct buf text = BUF_EMPTY;
    buf_repr(&text, command);
    int rc = err_set(e, -ENOEXEC, "can't parse command %s: %s", buf_str(&text), why);
    buf_close(&text);
    return rc;
}

int spawn_plan_make(struct spawn_plan *plan, const struct process_config *config, const char *group,
                    const struct spawn_context *ctx, struct arena *a, struct err *e)
{
    struct name_list words = {0};
    struct err why;
    if (words_split(config->command, a, &words, &why) < 0)
        return spawn_unparsable(config->command, why.text, e);
    if (words.count == 0)
        return err_set(e, -ENOEXEC, "command is empty");
    struct spawn_env env = {.a = a};
    spawn_env_make(&env, config, group, ctx);
    struct command_search search = {.path = spawn_env_get(&env, "PATH"),
                                    .directory = config->directory,
                                    .companions = ctx->program_folder};
    const char *path;
    int rc = command_locate(words.names[0], &search, a, &path, e);
    if (rc < 0)
        return rc;
    *plan = (struct spawn_plan){.name = config->name,
                                .path = path,
                                .envp = env.entries,
                                .directory = config->directory,
                                .umask = config->umask,
                                .in = -1,
                                .cgroup = -1,
                                .redirect_stderr = config->redirect_stderr};
    plan->argv = arena_array(a, words.count + 1, sizeof *plan->argv);
    for (size_t i = 0; i < words.count; i++)
        plan->argv[i] = arena_strdup(a, words.names[i]);
    spawn_plan_user(plan, config, a);
    return 0;
}

/* --- The child, between fork and exec: async-signal-safe calls only ------------------------ */

struct spawn_pipes {
    int in[2], out[2], err[2], report[2], gate[2];
};

/* Until its daemon has written down that there is this process; never if it dies before. */
static void spawn_wait_at_gate(struct spawn_pipes *pipes)
{
    char go;
    ssize_t n;
    if (pipes->gate[0] < 0)
        return;
    (void)close(pipes->gate[1]);
    do
        n = read(pipes->gate[0], &go, 1);
    while (n < 0 && errno == EINTR);
    if (n != 1)
        _exit(SPAWN_GATE_STATUS);
}

/* Its own pid, in decimal, to where the environment has room for it. */
static void spawn_write_pid(char *at)
{
    char digits[11];
    size_t n = 0;
    for (unsigned pid = (unsigned)getpid(); pid > 0; pid /= 10)
        digits[n++] = (char)('0' + pid % 10);
    while (n > 0)
        *at++ = digits[--n];
    *at = '\0';
}

/* The descriptors it is given become 3 and following; what stood there moves out of the way. */
static int spawn_pass(const struct spawn_plan *plan, struct spawn_pipes *pipes)
{
    int above = 3 + plan->pass_count;
    int moved[SPAWN_PASS_MAX];
    if (plan->pass_count == 0)
        return 0;
    pipes->report[1] = fcntl(pipes->report[1], F_DUPFD_CLOEXEC, above);
    for (int i = 0; i < plan->pass_count; i++) {
        moved[i] = fcntl(plan->pass[i], F_DUPFD_CLOEXEC, above);
        if (moved[i] < 0)
            return -1;
    }
    for (int i = 0; i < plan->pass_count; i++) {
        if (dup2(moved[i], 3 + i) < 0)
            return -1;
    }
    return pipes->report[1] < 0 ? -1 : 0;
}

static void spawn_reset_signals(void)
{
    struct sigaction dfl = {.sa_handler = SIG_DFL};
    sigset_t none;
    for (int number = 1; number < NSIG; number++)
        (void)sigaction(number, &dfl, NULL);
    (void)sigemptyset(&none);
    (void)sigprocmask(SIG_SETMASK, &none, NULL);
}

static int spawn_become(const struct spawn_plan *plan)
{
    if (!plan->set_user)
        return SPAWN_STAGES;
    if (setgroups((size_t)plan->group_count, plan->groups) < 0)
        return SPAWN_GROUPS;
    if (setgid(plan->gid) < 0)
        return SPAWN_GID;
    return setuid(plan->uid) < 0 ? SPAWN_UID : SPAWN_STAGES;
}

/* Returns the stage that failed, with errno. */
static int spawn_child_steps(const struct spawn_plan *plan, struct spawn_pipes *pipes)
{
    if (setpgid(0, 0) < 0)
        return SPAWN_PGROUP;
    spawn_wait_at_gate(pipes);
    for (int i = 0; i < 2; i++) {
        if (plan->pid_at[i])
            spawn_write_pid(plan->pid_at[i]);
    }
    int in = plan->in >= 0 ? plan->in : pipes->in[0];
    int err = plan->redirect_stderr ? pipes->out[1] : pipes->err[1];
    if (dup2(in, 0) < 0 || dup2(pipes->out[1], 1) < 0 || dup2(err, 2) < 0 ||
        spawn_pass(plan, pipes) < 0)
        return SPAWN_FDS;
    (void)close_range(3 + (unsigned)plan->pass_count, ~0U, CLOSE_RANGE_CLOEXEC);
    int stage = spawn_become(plan);
    if (stage != SPAWN_STAGES)
        return stage;
    if (plan->directory && chdir(plan->directory) < 0)
        return SPAWN_DIRECTORY;
    if (plan->umask != CONFIG_UNSET)
        (void)umask((mode_t)plan->umask);
    spawn_reset_signals();
    (void)execve(plan->path, plan->argv, plan->envp);
    return SPAWN_EXEC;
}

static void spawn_say(const char *text)
{
    (void)!write(STDERR_FILENO, text, strlen(text));
}

/* To the program's own log, in Supervisor's words: people look for them there. */
static void spawn_explain(const struct spawn_plan *plan, const struct spawn_report *report)
{
    const char *reason = strerrorname_np(report->error);
    if (report->stage < SPAWN_GROUPS)
        return; /* its standard error is still ours */
    if (report->stage == SPAWN_EXEC) {
        spawn_say("supervisor: couldn't exec ");
        spawn_say(plan->argv[0]);
    } else if (report->stage == SPAWN_DIRECTORY) {
        spawn_say("supervisor: couldn't chdir to ");
        spawn_say(plan->directory);
    } else {
        spawn_say("supervisor: couldn't setuid to ");
        spawn_say(plan->uid_text);
        if (report->stage == SPAWN_GROUPS)
            reason = report->error == EPERM ? "Can't drop privilege as nonroot user"
                                            : "Could not set groups of effective user";
        else if (report->stage == SPAWN_GID)
            reason = "Could not set group id of effective user";
    }
    spawn_say(": ");
    spawn_say(reason ? reason : "?");
    spawn_say("\nsupervisor: child process was not spawned\n");
}

static _Noreturn void spawn_child(const struct spawn_plan *plan, struct spawn_pipes *pipes)
{
    struct spawn_report report = {.stage = spawn_child_steps(plan, pipes), .error = errno};
    (void)!write(pipes->report[1], &report, sizeof report);
    spawn_explain(plan, &report);
    _exit(127);
}

/* --- The parent ---------------------------------------------------------------------------- */

/* Descriptors are given lowest first: is the limit so near that soon nobody could ask us, or
 * read a configuration, or stop what took them all? */
static bool spawn_near_limit(int fd)
{
    struct rlimit limit;
    return getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY &&
           (rlim_t)fd + SPAWN_SPARE_FDS >= limit.rlim_cur;
}

static int spawn_open_pipes(const struct spawn_plan *plan, struct spawn_pipes *pipes)
{
    *pipes = (struct spawn_pipes){{-1, -1}, {-1, -1}, {-1, -1}, {-1, -1}, {-1, -1}};
    if (plan->in < 0 && pipe2(pipes->in, O_CLOEXEC) < 0)
        return -errno;
    if (pipe2(pipes->out, O_CLOEXEC) < 0 || pipe2(pipes->report, O_CLOEXEC) < 0)
        return -errno;
    if (spawn_near_limit(pipes->report[1]))
        return -EMFILE;
    if (!plan->redirect_stderr && pipe2(pipes->err, O_CLOEXEC) < 0)
        return -errno;
    if (plan->gated && pipe2(pipes->gate, O_CLOEXEC) < 0)
        return -errno;
    (void)fd_nonblock(pipes->out[0]);
    (void)fd_nonblock(pipes->report[0]);
    if (pipes->in[1] >= 0)
        (void)fd_nonblock(pipes->in[1]);
    if (pipes->err[0] >= 0)
        (void)fd_nonblock(pipes->err[0]);
    return 0;
}

static void spawn_close_ends(struct spawn_pipes *pipes, bool ours_too)
{
    fd_close(&pipes->in[0]);
    fd_close(&pipes->out[1]);
    fd_close(&pipes->err[1]);
    fd_close(&pipes->report[1]);
    fd_close(&pipes->gate[0]);
    if (ours_too) {
        fd_close(&pipes->gate[1]);
        fd_close(&pipes->in[1]);
        fd_close(&pipes->out[0]);
        fd_close(&pipes->err[0]);
        fd_close(&pipes->report[0]);
    }
}

static int spawn_refuse_pipes(const char *name, int rc, struct err *e)
{
    if (rc == -EMFILE || rc == -ENFILE)
        return err_set(e, rc, "too many open files to spawn '%s'", name);
    return err_set(e, rc, "unknown error making dispatchers for '%s': %s", name,
                   strerrorname_np(-rc));
}

static int spawn_refuse_fork(const char *name, int rc, struct err *e)
{
    if (rc == -EAGAIN)
        return err_set(e, rc, "Too many processes in process table to spawn '%s'", name);
    return err_set(e, rc, "unknown error during fork for '%s': %s", name, strerrorname_np(-rc));
}

/* No handler of libc or of a library runs in between, as with _Fork. */
static pid_t spawn_clone(const struct spawn_plan *plan, int *pidfd, bool *strayed)
{
    struct clone_args args = {
        .flags = CLONE_PIDFD, .pidfd = (uintptr_t)pidfd, .exit_signal = SIGCHLD};
    *pidfd = -1;
    *strayed = false;
    if (plan->cgroup >= 0) {
        args.flags |= CLONE_INTO_CGROUP;
        args.cgroup = (unsigned)plan->cgroup;
        pid_t pid = (pid_t)syscall(SYS_clone3, &args, sizeof args);
        if (pid >= 0 || errno == EAGAIN || errno == ENOMEM)
            return pid;
        *strayed = true; /* whatever is wrong with that cgroup */
        args.flags &= ~(uint64_t)CLONE_INTO_CGROUP;
    }
    pid_t pid = (pid_t)syscall(SYS_clone3, &args, sizeof args);
    if (pid >= 0 || (errno != ENOSYS && errno != EPERM))
        return pid;
    pid = _Fork(); /* a container that forbids clone3, as older ones do */
    if (pid > 0)
        *pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
    return pid;
}

int spawn_process(const struct spawn_plan *plan, struct spawned *out, struct err *e)
{
    struct spawn_pipes pipes;
    int pidfd;
    bool strayed;
    int rc = spawn_open_pipes(plan, &pipes);
    if (rc < 0) {
        spawn_close_ends(&pipes, true);
        return spawn_refuse_pipes(plan->name, rc, e);
    }
    /* No handler of ours may run in the child: everything is blocked until it has reset them. */
    sigset_t all;
    sigset_t before;
    (void)sigfillset(&all);
    (void)sigprocmask(SIG_SETMASK, &all, &before);
    pid_t pid = spawn_clone(plan, &pidfd, &strayed);
    if (pid == 0)
        spawn_child(plan, &pipes);
    rc = pid < 0 ? -errno : 0;
    if (pid > 0)
        (void)setpgid(pid, pid); /* as the child does: a signal to the group may come before */
    (void)sigprocmask(SIG_SETMASK, &before, NULL);
    spawn_close_ends(&pipes, rc < 0);
    if (rc < 0)
        return spawn_refuse_fork(plan->name, rc, e);
    *out = (struct spawned){.pid = pid,
                            .pidfd = pidfd,
                            .gate = pipes.gate[1],
                            .in = pipes.in[1],
                            .out = pipes.out[0],
                            .err = pipes.err[0],
                            .report = pipes.report[0],
                            .strayed = strayed};
    return 0;
}

bool spawn_report_read(int fd, const struct process_config *config, struct err *why)
{
    struct spawn_report report;
    if (fd < 0 || read(fd, &report, sizeof report) != (ssize_t)sizeof report)
        return false;
    const char *reason = strerror(report.error);
    switch (report.stage) {
    case SPAWN_PGROUP:
        (void)err_set(why, -1, "cannot make a process group: %s", reason);
        break;
    case SPAWN_GROUPS:
    case SPAWN_GID:
    case SPAWN_UID:
        (void)err_set(why, -1, "cannot become user %s: %s%s", config->user, reason,
                      report.error == EPERM ? " (mainstayd does not run as root)" : "");
        break;
    case SPAWN_DIRECTORY:
        (void)err_set(why, -1, "cannot change directory to %s: %s", config->directory, reason);
        break;
    case SPAWN_EXEC:
        (void)err_set(why, -1, "cannot execute '%s': %s", config->command, reason);
        break;
    default:
        (void)err_set(why, -1, "cannot set up its descriptors: %s", reason);
        break;
    }
    return true;
}
