/* Protects the start and the end of a child: exec-stage errors, environment, drained output. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/list.h"
#include "engine/child.h"
#include "engine/machine.h"
#include "engine/reaper.h"

struct bed {
    uv_loop_t loop;
    struct machine machine;
    struct reaper reaper;
    struct child child;
    struct process_config config;
    struct spawn_context ctx;
    char folder[32];
    char log[48];
    int code, status;
    bool exited, exec_failed;
    struct err why;
};

static int64_t zero[] = {0};

static void on_exit_of(struct reaper *r, pid_t pid, int code, int status)
{
    struct bed *b = container_of(r, struct bed, reaper);
    if (pid != b->child.pid)
        return;
    b->exec_failed = child_exited(&b->child, &b->why);
    b->code = code;
    b->status = status;
    b->exited = true;
    reaper_close(r);
    machine_close(&b->machine);
}

static int bed_open(void **state)
{
    struct bed *b = calloc(1, sizeof *b);
    (void)snprintf(b->folder, sizeof b->folder, "/tmp/mainstay-child-XXXXXX");
    assert_non_null(mkdtemp(b->folder));
    (void)snprintf(b->log, sizeof b->log, "%s/log", b->folder);
    assert_int_equal(uv_loop_init(&b->loop), 0);
    assert_int_equal(machine_open(&b->machine, &b->loop), 0);
    assert_int_equal(reaper_open(&b->reaper, &b->loop, on_exit_of), 0);
    b->config = (struct process_config){
        .name = "p",
        .program = "p",
        .section = "program:p",
        .uid = CONFIG_UNSET,
        .gid = CONFIG_UNSET,
        .umask = CONFIG_UNSET,
        .exitcodes = {.values = zero, .count = 1},
        .redirect_stderr = true,
        .out = {.kind = LOG_KIND_FILE, .path = b->log},
        .err = {.kind = LOG_KIND_NONE},
    };
    *state = b;
    return 0;
}

static int bed_close(void **state)
{
    struct bed *b = *state;
    if (!b->exited) {
        reaper_close(&b->reaper);
        machine_close(&b->machine);
    }
    (void)uv_run(&b->loop, UV_RUN_DEFAULT);
    assert_true(child_idle(&b->child));
    child_close(&b->child);
    assert_int_equal(uv_loop_close(&b->loop), 0);
    (void)unlink(b->log);
    (void)rmdir(b->folder);
    free(b);
    return 0;
}

/* Runs the command to its end and returns what it wrote. */
static char *bed_run(struct bed *b, const char *command)
{
    struct err e;
    struct buf out = BUF_EMPTY;
    b->config.command = command;
    child_init(&b->child, &b->config, "g", &b->machine.host);
    int rc = child_start(&b->child, &b->ctx, &e);
    if (rc < 0)
        print_error("%s\n", e.text);
    assert_int_equal(rc, 0);
    (void)uv_run(&b->loop, UV_RUN_DEFAULT);
    assert_true(b->exited);
    if (access(b->log, F_OK) == 0)
        assert_int_equal(fd_read_file(b->log, 1 << 24, &out, &e), 0);
    return buf_take(&out);
}

static void refused(struct bed *b, const char *command, int rc, const char *sentence)
{
    struct err e;
    b->config.command = command;
    child_init(&b->child, &b->config, "g", &b->machine.host);
    assert_int_equal(child_start(&b->child, &b->ctx, &e), rc);
    assert_string_equal(e.text, sentence);
    child_close(&b->child);
}

static void command_that_cannot_run(void **state)
{
    struct bed *b = *state;
    refused(b, "/nonexistent/cmd -x", -ENOENT, "can't find command '/nonexistent/cmd'");
    refused(b, "no-such-cmd-in-path", -ENOENT, "can't find command 'no-such-cmd-in-path'");
    refused(b, "/tmp", -ENOEXEC, "command at '/tmp' is a directory");
    refused(b, "/etc/passwd", -ENOEXEC, "command at '/etc/passwd' is not executable");
    refused(b, "echo \"x", -ENOEXEC, "can't parse command 'echo \"x': No closing quotation");
    refused(b, "", -ENOEXEC, "command is empty");
    b->config.out.path = "/tmp";
    refused(b, "/bin/true", -EISDIR, "unknown error making dispatchers for 'p': EISDIR");
}

static void folder_that_is_missing(void **state)
{
    struct bed *b = *state;
    b->config.directory = "/nonexistent/x";
    free(bed_run(b, "./run"));
    assert_true(b->exec_failed);
    assert_string_equal(b->why.text,
                        "cannot change directory to /nonexistent/x: No such file or directory");
    assert_int_equal(b->status, 127);
}

static void file_that_is_no_program(void **state)
{
    struct bed *b = *state;
    struct err e;
    char path[64];
    (void)snprintf(path, sizeof path, "%s/run", b->folder);
    assert_int_equal(fd_write_file(path, "no program\n", 11, 0755, &e), 0);
    free(bed_run(b, path));
    assert_true(b->exec_failed);
    assert_non_null(strstr(b->why.text, "Exec format error"));
    (void)unlink(path);
}

static void relative_command_is_seen_from_its_folder(void **state)
{
    struct bed *b = *state;
    struct err e;
    char path[64];
    (void)snprintf(path, sizeof path, "%s/run", b->folder);
    assert_int_equal(fd_write_file(path, "#!/bin/sh\npwd\n", 14, 0755, &e), 0);
    b->config.directory = b->folder;
    char *out = bed_run(b, "./run");
    assert_false(b->exec_failed);
    assert_memory_equal(out, b->folder, strlen(b->folder));
    free(out);
    (void)unlink(path);
}

static void environment_umask_and_signals(void **state)
{
    struct bed *b = *state;
    struct env_var vars[] = {{"OWN", "a b"}, {"SUPERVISOR_GROUP_NAME", "mine"}};
    b->config.environment = (struct env_list){vars, 2};
    b->config.umask = 027;
    b->ctx.server_url = "unix:///run/x.sock";
    (void)setenv("NOTIFY_SOCKET", "/run/systemd/notify", 1);
    char *out = bed_run(b, "/bin/sh -c 'echo $OWN/$SUPERVISOR_ENABLED/$SUPERVISOR_SERVER_URL/"
                           "$SUPERVISOR_PROCESS_NAME/$SUPERVISOR_GROUP_NAME/$NOTIFY_SOCKET; umask;"
                           " grep ^SigBlk: /proc/self/status; grep ^SigIgn: /proc/self/status;"
                           " ls /proc/self/fd | tr \"\\n\" \" \"'");
    (void)unsetenv("NOTIFY_SOCKET");
    /* 32 and 33 are libc's own: nobody can reset them, and nobody is told of them */
    const uint64_t libc_signals = UINT64_C(3) << 31;
    char *ignored = strstr(out, "SigIgn:");
    assert_non_null(ignored);
    char *end;
    assert_int_equal(strtoull(ignored + 8, &end, 16) & ~libc_signals, 0);
    *ignored = '\0';
    assert_string_equal(out, "a b/1/unix:///run/x.sock/p/mine/\n0027\n"
                             "SigBlk:\t0000000000000000\n");
    assert_string_equal(end, "\n0 1 2 3 ");
    free(out);
}

static void user_and_groups(void **state)
{
    struct bed *b = *state;
    if (geteuid() != 0)
        fail_msg("this test needs root: it starts a process as another user");
    struct passwd *pw = getpwnam("daemon");
    assert_non_null(pw);
    b->config.user = "daemon";
    b->config.uid = pw->pw_uid;
    b->config.gid = pw->pw_gid;
    char *out = bed_run(b, "/bin/sh -c 'id -un; id -gn; id -Gn'");
    assert_string_equal(out, "daemon\ndaemon\ndaemon\n");
    free(out);
}

static void whole_output_of_a_child_that_dies(void **state)
{
    struct bed *b = *state;
    char *out = bed_run(b, "/bin/sh -c 'head -c 60000 /dev/zero | tr \"\\0\" x; kill -9 $$'");
    assert_int_equal(strlen(out), 60000);
    assert_int_equal(b->status, SIGKILL);
    free(out);
}

static void process_group_of_its_own(void **state)
{
    struct bed *b = *state;
    char *out = bed_run(b, "/bin/sh -c 'set -- $(cat /proc/self/stat); echo $5 $$'");
    int group = 0;
    int pid = 1;
    assert_int_equal(sscanf(out, "%d %d", &group, &pid), 2);
    assert_int_equal(group, pid);
    assert_int_not_equal(group, getpgrp());
    free(out);
}

int main(void)
{
#define bed_test(f) cmocka_unit_test_setup_teardown(f, bed_open, bed_close)
    const struct CMUnitTest tests[] = {
        bed_test(command_that_cannot_run),
        bed_test(folder_that_is_missing),
        bed_test(file_that_is_no_program),
        bed_test(relative_command_is_seen_from_its_folder),
        bed_test(environment_umask_and_signals),
        bed_test(user_and_groups),
        bed_test(whole_output_of_a_child_that_dies),
        bed_test(process_group_of_its_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
