/* Protects config_load: values, defaults, groups, includes, and every error's place. */
#include "config_helper.h"

#include <signal.h>
#include <sys/stat.h>

#define HEAD "[supervisord]\n"
#define PROGRAM HEAD "[program:x]\ncommand=ls\n"

static void defaults_are_supervisors(void **state)
{
    (void)state;
    struct loaded l;
    load_text(&l, PROGRAM);
    assert_string_equal(buf_str(&l.text), "");
    const struct config *c = l.config;
    assert_int_equal(c->loglevel, 20);
    assert_int_equal(c->umask, 022);
    assert_int_equal(c->minfds, 1024);
    assert_int_equal(c->uid, CONFIG_UNSET);
    assert_string_equal(c->identifier, "supervisor");
    assert_non_null(c->childlogdir);
    assert_int_equal(c->shutdown_timeout_ms, 300000);
    assert_string_equal(c->ctl.serverurl, "http://localhost:9001");
    assert_int_equal(c->group_count, 1);
    const struct group_config *g = &c->groups[0];
    const struct process_config *p = &g->processes[0];
    assert_string_equal(g->name, "x");
    assert_int_equal(g->priority, 999);
    assert_int_equal(g->process_count, 1);
    assert_string_equal(p->name, "x");
    assert_string_equal(p->program, "x");
    assert_string_equal(p->section, "program:x");
    assert_int_equal(p->place.line, 2);
    assert_string_equal(p->command, "ls");
    assert_null(p->directory);
    assert_null(p->user);
    assert_null(p->serverurl);
    assert_int_equal(p->uid, CONFIG_UNSET);
    assert_int_equal(p->umask, CONFIG_UNSET);
    assert_int_equal(p->startsecs, 1);
    assert_int_equal(p->startretries, 3);
    assert_int_equal(p->stopsignal, SIGTERM);
    assert_int_equal(p->stopwaitsecs, 10);
    assert_int_equal(p->autorestart, AUTORESTART_UNEXPECTED);
    assert_int_equal(p->exitcodes.count, 1);
    assert_int_equal(p->out.kind, LOG_KIND_AUTO);
    assert_int_equal(p->err.maxbytes, 50 * 1024 * 1024);
    assert_ptr_equal(config_find_group(c, "x"), g);
    assert_null(config_find_group(c, "y"));
    load_close(&l);
}

/* A program with one more line is accepted. */
static void accepts(const char *line)
{
    struct loaded l;
    char *text = mem_printf(PROGRAM "%s\n", line);
    load_text(&l, text);
    if (l.rc < 0)
        fail_msg("%s: %s", line, l.e.text);
    mem_free(text);
    load_close(&l);
}

static void what_supervisor_accepts(void **state)
{
    (void)state;
    // clang-format off
    static const char *const lines[] = {
        "autostart=TRUE", "autostart=On", "autostart=0", "startsecs=-1", "startsecs=1_000",
        "startretries=-1", "stopwaitsecs=0", "priority=-1", "numprocs=0", "numprocs=-1",
        "exitcodes=", "exitcodes=0, 2", "stopsignal=0", "stopsignal=64", "stopsignal=RTMIN",
        "stopsignal=sigusr1", "stopsignal=IO", "autorestart=UNEXPECTED", "autorestart=1",
        "stdout_logfile_maxbytes=1 kb", "stdout_logfile_maxbytes=-1", "umask=0o22", "umask=777",
        "stdout_logfile=", "stdout_logfile=OFF", "stdout_logfile=rel.log", "command=",
        "process_name=%(here)s", "serverurl= auto ", "environment=", "priority=%(ENV_HOME).0s7",
        "stdout_logfile=/tmp/%%%%x", "Unknown=1", "numprocs_start=-1",
    };
    // clang-format on
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
        accepts(lines[i]);
}

/* A text is refused, and this is the first problem, without the file's name. */
static void refuses(const char *text, const char *wanted)
{
    struct loaded l;
    load_text(&l, text);
    if (l.rc == 0)
        fail_msg("accepted: %s", text);
    const char *found = strchr(l.e.text, ':') + 1;
    if (strncmp(found, wanted, strlen(wanted)) != 0)
        assert_string_equal(found, wanted);
    load_close(&l);
}

static void what_supervisor_refuses(void **state)
{
    (void)state;
    // clang-format off
    static const struct { const char *line; const char *wanted; } rows[] = {
        {"autostart=maybe", "autostart: not a valid boolean value: 'maybe'"},
        {"autostart=", "autostart: not a valid boolean value: ''"},
        {"startsecs=1.5", "startsecs: invalid literal for int() with base 10: '1.5'"},
        {"priority=abc", "priority: invalid literal for int() with base 10: 'abc'"},
        {"exitcodes=256", "exitcodes: not a valid list of exit codes: '256'"},
        {"exitcodes=0,,2", "exitcodes: not a valid list of exit codes: '0,,2'"},
        {"stopsignal=65", "stopsignal: value '65' is not a valid signal number"},
        {"stopsignal=FOO", "stopsignal: value 'FOO' is not a valid signal name"},
        {"autorestart=foo", "autorestart: invalid 'autorestart' value 'foo'"},
        {"stdout_logfile_maxbytes=5M",
         "stdout_logfile_maxbytes: invalid literal for int() with base 10: '5m'"},
        {"umask=8", "umask: 8 can not be converted to an octal type"},
        {"stopasgroup=1\nkillasgroup=0",
         "killasgroup: Cannot set stopasgroup=true and killasgroup=false"},
        {"numprocs=2", "process_name: %(process_num) must be present within process_name"},
        {"numprocs=10001", "numprocs: 10001 is above 10000"},
        {"process_name=a:b", "process_name: Invalid name: 'a:b' because of character: ':'"},
        {"process_name=a b", "process_name: Invalid name: 'a b' because of character: ' '"},
        {"environment=A", "environment: Unexpected end of key/value pairs"},
        {"environment=A=\"100%\"", "environment: Format string for 'environment' is badly"},
        {"directory=100%", "directory: Format string '100%' for 'program:x.directory' is badly "
                           "formatted: incomplete format"},
        {"priority=%(program_name)s", "priority: Format string '%(program_name)s' for "
                                      "'program:x.priority' contains names ('program_name')"},
        {"user=%(process_num)d", "user: Format string '%(process_num)d' for 'program:x.user' "
                                 "contains names ('process_num') which cannot be expanded"},
        {"directory=date +%s", "directory: Format string 'date +%s' for 'program:x.directory' is "
                               "badly formatted: %s without a (name)"},
    };
    // clang-format on
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char *text = mem_printf(PROGRAM "%s\n", rows[i].line);
        struct loaded l;
        load_text(&l, text);
        if (l.rc == 0)
            fail_msg("accepted: %s", rows[i].line);
        const char *found = strstr(l.e.text, ": ") + 2;
        if (strncmp(found, rows[i].wanted, strlen(rows[i].wanted)) != 0)
            assert_string_equal(found, rows[i].wanted);
        load_close(&l);
        mem_free(text);
    }
}

static void sections_that_are_refused(void **state)
{
    (void)state;
    refuses("", " .ini file does not include supervisord section");
    refuses("[program:x]\ncommand=ls\n", " .ini file does not include supervisord section");
    refuses(HEAD "[program:x]\n", "2: program:x: program section program:x does not specify a");
    refuses(HEAD "[program:a/b]\ncommand=x\n", "2: program:a/b: Invalid name: 'a/b'");
    refuses(HEAD "[group:g]\nprograms=a,b\n",
            "3: programs: [group:g] names unknown program or fcgi-program a");
    refuses(PROGRAM "[fcgi-program:x]\ncommand=ls\nsocket=tcp://h:1\n[group:g]\nprograms=x\n",
            "8: programs: [group:g] name x is ambiguous (exists as program and fcgi-program)");
    refuses(HEAD "[eventlistener:e]\ncommand=x\n",
            "2: eventlistener:e: [eventlistener:e] section requires an \"events\" line");
    refuses(HEAD "[eventlistener:e]\ncommand=x\nevents=FOO\n", "4: events: Unknown event type FOO");
    refuses(HEAD "[eventlistener:e]\ncommand=x\nevents=TICK\nbuffer_size=0\n",
            "5: buffer_size: [eventlistener:e] section sets invalid buffer_size (0)");
    refuses(HEAD "[eventlistener:e]\ncommand=x\nevents=TICK\nresult_handler=foo:bar\n",
            "5: result_handler: foo:bar cannot be resolved within [eventlistener:e]");
    refuses(HEAD "[eventlistener:e]\ncommand=x\nevents=TICK\nredirect_stderr=1\n",
            "5: redirect_stderr: [eventlistener:e] section sets redirect_stderr=true but");
    refuses(HEAD "[fcgi-program:f]\ncommand=x\n",
            "2: fcgi-program:f: [fcgi-program:f] section requires a \"socket\" line");
    refuses(HEAD "[fcgi-program:f]\ncommand=x\nsocket=foo\n", "4: socket: Bad socket format 'foo'");
    refuses(HEAD "[fcgi-program:f]\ncommand=x\nsocket=tcp://h:70000\n",
            "4: socket: 70000 is above upper bound (65535)");
    refuses(HEAD "[fcgi-program:f]\ncommand=x\nsocket=tcp://h:0\n",
            "4: socket: 0 is below lower bound (1)");
    refuses(HEAD "[fcgi-program:f]\ncommand=x\nsocket=unix://f\n",
            "4: socket: Unix socket path f is not an absolute path");
    refuses(HEAD "[fcgi-program:f]\ncommand=x\nsocket=tcp://h:1\nsocket_mode=7\n",
            "4: socket: socket_owner and socket_mode params should only be used");
    refuses(HEAD "[fcgi-program:f]\ncommand=x\nsocket=tcp://h:1\nsocket_backlog=0\n",
            "5: socket_backlog: Invalid socket_backlog value 0");
    refuses(HEAD "[inet_http_server]\n",
            "2: inet_http_server: section [inet_http_server] has no port value");
    refuses(HEAD "[inet_http_server]\nport=0\n", "3: port: not a valid port number: '0'");
    refuses(HEAD "[inet_http_server]\nport=h:\n", "3: port: no port number specified in");
    refuses(HEAD "[unix_http_server]\n",
            "2: unix_http_server: section [unix_http_server] has no file value");
    refuses(HEAD "[unix_http_server]\nfile=/x\npassword=p\n",
            "4: password: Section [unix_http_server] contains incomplete authentication");
    refuses(HEAD "[rpcinterface:x]\n",
            "2: rpcinterface:x: section [rpcinterface:x] does not specify a");
    refuses(HEAD "[rpcinterface:x]\nsupervisor.rpcinterface_factory=a:b\n",
            "3: supervisor.rpcinterface_factory: a:b cannot be resolved within [rpcinterface:x]");
    refuses(HEAD "loglevel=warning\n", "2: loglevel: bad logging level name 'warning'");
    refuses(HEAD "[include]\n",
            "2: include: .ini file has [include] section, but no files setting");
    refuses(HEAD "[job:a]\ncommand=x\n[sync:a]\nsource=s3://data\ntarget=/x\n",
            "4: sync:a: [job:a] and [sync:a] have the same name");
    refuses(HEAD "[job:a]\ncommand=x\nwhen=\n",
            "4: when: '' is not one of boot, shutdown, poweroff or manual");
}

static void secrets_are_never_shown(void **state)
{
    (void)state;
    struct loaded l;
    load_text(&l, HEAD "environment=A=hunter2@hunter2,B\n[program:x]\ncommand=x\n"
                       "environment=A=\"hunter2%\"\n"
                       "[inet_http_server]\nport=1\nusername=u\npassword=hunter2%(hunter2)s\n");
    assert_int_equal(l.problems.errors, 3);
    assert_null(strstr(buf_str(&l.text), "hunter2"));
    load_close(&l);
}

static void twins_are_said(void **state)
{
    (void)state;
    struct loaded l;
    load_text(&l, PROGRAM "[program:y]\ncommand=first\nprocess_name=z\n"
                          "[program:z]\ncommand=second\n"
                          "[group:g]\nprograms=y,z\n[group:x]\nprograms=y\n");
    assert_int_equal(l.rc, 0);
    assert_non_null(strstr(buf_str(&l.text), "two groups are named 'x'"));
    assert_non_null(strstr(buf_str(&l.text), "two processes are named 'z'"));
    const struct group_config *g = config_find_group(l.config, "g");
    assert_int_equal(g->process_count, 1);
    assert_string_equal(g->processes[0].command, "second");
    assert_int_equal(l.config->group_count, 2);
    load_close(&l);
}

static void sockets_are_shared_by_one_program(void **state)
{
    (void)state;
    struct loaded l;
    load_text(&l, HEAD "[fcgi-program:f]\ncommand=x\nsocket=unix:///tmp//%(program_name)s.sock\n"
                       "numprocs=2\nprocess_name=f%(process_num)d\nsocket_mode=0660\n"
                       "[fcgi-program:h]\ncommand=x\nsocket=tcp://LocalHost:9000\n"
                       "[fcgi-program:bare]\ncommand=x\n"
                       "[program:p]\ncommand=x\n[group:g]\nprograms=f,p,h,bare\n"
                       "[fcgi-program:alone]\ncommand=x\nsocket=tcp://127.0.0.1:9001\n"
                       "[fcgi-program:twin]\ncommand=x\nsocket=tcp://127.0.0.1:9001\n");
    assert_int_equal(l.rc, 0);
    assert_non_null(strstr(buf_str(&l.text), "also the socket of [fcgi-program:alone]"));
    assert_non_null(strstr(buf_str(&l.text), "without socket= it is run as an ordinary program"));
    const struct group_config *g = config_find_group(l.config, "g");
    assert_int_equal(g->process_count, 5);
    const struct socket_config *f = g->processes[0].socket;
    assert_non_null(f);
    assert_string_equal(f->url, "unix:///tmp/f.sock");
    assert_int_equal(f->mode, 0660);
    assert_ptr_equal(g->processes[1].socket, f);
    assert_null(g->processes[2].socket);
    assert_string_equal(g->processes[3].socket->url, "tcp://localhost:9000");
    assert_null(g->processes[4].socket);
    const struct group_config *alone = config_find_group(l.config, "alone");
    assert_int_equal(alone->kind, GROUP_FCGI);
    assert_string_equal(alone->processes[0].socket->url, "tcp://127.0.0.1:9001");
    load_close(&l);
}

static void groups_start_by_priority_then_name(void **state)
{
    (void)state;
    struct loaded l;
    struct buf order = BUF_EMPTY;
    load_text(&l, HEAD "[program:m]\ncommand=x\npriority=1000\n[program:a]\ncommand=x\n"
                       "[program:z]\ncommand=x\npriority=1\n[group:g]\npriority=2\nprograms=b\n"
                       "[eventlistener:e]\ncommand=x\nevents=TICK\n[program:b]\ncommand=x\n"
                       "[program:n]\ncommand=x\nnumprocs=12\nprocess_name=%(process_num)d\n");
    for (size_t i = 0; i < l.config->group_count; i++)
        buf_printf(&order, "%s ", l.config->groups[i].name);
    assert_string_equal(buf_str(&order), "e z g a n m ");
    buf_clear(&order);
    const struct group_config *n = config_find_group(l.config, "n");
    for (size_t i = 0; i < n->process_count; i++)
        buf_printf(&order, "%s ", n->processes[i].name);
    assert_string_equal(buf_str(&order), "0 1 10 11 2 3 4 5 6 7 8 9 ");
    buf_close(&order);
    load_close(&l);
}

static void the_machine_is_asked(void **state)
{
    (void)state;
    static const char *const lines[] = {"user=no-such-user", "user=54321987",
                                        "user=", "stdout_logfile=/nonexistent/x.log"};
    char path[] = "/tmp/mainstay-config-XXXXXX";
    int fd = mkstemp(path);
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        struct loaded l;
        struct load_options o = {.path = path};
        char *text = mem_printf("[supervisord]\n[program:x]\ncommand=ls\n%s\n", lines[i]);
        assert_int_equal(fd_write_file(path, text, strlen(text), 0600, NULL), 0);
        load_file(&l, &o);
        assert_int_equal(l.rc, -EINVAL);
        load_close(&l);
        o.unresolved = true;
        load_file(&l, &o);
        assert_int_equal(l.rc, 0);
        load_close(&l);
        mem_free(text);
    }
    static const char good[] = "[supervisord]\nuser=root\n[program:x]\ncommand=ls\nuser=0\n"
                               "[unix_http_server]\nfile=~/x//y/../z\nchown=root:root\n";
    struct loaded l;
    struct load_options o = {.path = path};
    assert_int_equal(fd_write_file(path, good, sizeof good - 1, 0600, NULL), 0);
    load_file(&l, &o);
    assert_int_equal(l.rc, 0);
    assert_int_equal(l.config->uid, 0);
    assert_int_equal(l.config->groups[0].processes[0].uid, 0);
    assert_int_equal(l.config->groups[0].processes[0].gid, 0);
    assert_int_equal(l.config->servers[0].gid, 0);
    char *socket = mem_printf("%s/x/z", getenv("HOME"));
    assert_string_equal(l.config->servers[0].path, socket);
    mem_free(socket);
    load_close(&l);
    fd_close(&fd);
    (void)remove(path);
}

static void files_that_cannot_be_read(void **state)
{
    (void)state;
    struct loaded l;
    struct load_options o = {.path = "/nonexistent/x.conf"};
    load_file(&l, &o);
    assert_string_equal(l.e.text,
                        "/nonexistent/x.conf: could not find config file /nonexistent/x.conf");
    load_close(&l);
    o.path = "/tmp";
    load_file(&l, &o);
    assert_string_equal(l.e.text, "/tmp: could not read config file /tmp: it is a folder");
    load_close(&l);
}

/* A folder with files a.conf and b.conf beside main.conf. */
static void includes(void **state)
{
    (void)state;
    char folder[] = "/tmp/mainstay-config-XXXXXX";
    assert_non_null(mkdtemp(folder));
    // clang-format off
    static const struct { const char *name; const char *text; } files[] = {
        {"main.conf", "[supervisord]\n[include]\nfiles=b.conf [a]* sub pipe\n *.conf gone\n"
                      "[program:x]\ncommand=main\n"},
        {"a.conf", "[program:x]\ncommand=%(here)s\nautostart=maybe\n[include]\nfiles=c.conf\n"},
        {"b.conf", "[program:x]\ncommand=b\nautostart=no\n"},
    };
    // clang-format on
    char path[128];
    struct loaded l;
    struct load_options o = {.path = path, .here = "/elsewhere"};
    for (size_t i = 0; i < 3; i++) {
        (void)snprintf(path, sizeof path, "%s/%s", folder, files[i].name);
        assert_int_equal(fd_write_file(path, files[i].text, strlen(files[i].text), 0600, NULL), 0);
    }
    (void)snprintf(path, sizeof path, "%s/sub", folder);
    assert_int_equal(mkdir(path, 0700), 0);
    (void)snprintf(path, sizeof path, "%s/pipe", folder);
    assert_int_equal(mkfifo(path, 0600), 0);
    (void)snprintf(path, sizeof path, "%s/main.conf", folder);
    load_file(&l, &o);
    assert_int_equal(l.problems.errors, 1);
    assert_non_null(strstr(buf_str(&l.text), "main.conf:3: files: warning: No file matches via"));
    assert_non_null(strstr(buf_str(&l.text), "sub is a folder: ignored"));
    assert_non_null(strstr(buf_str(&l.text), "pipe is not a regular file"));
    assert_non_null(strstr(buf_str(&l.text), "main.conf includes itself"));
    assert_non_null(strstr(buf_str(&l.text), "a.conf:4: include: warning: an included file"));
    load_close(&l);
    (void)snprintf(path, sizeof path, "%s/pipe", folder);
    (void)remove(path);
    (void)snprintf(path, sizeof path, "%s/main.conf", folder);
    load_file(&l, &o);
    assert_int_equal(l.rc, 0); /* autostart=maybe of a.conf is overwritten by b.conf */
    assert_false(l.config->groups[0].processes[0].autostart);
    assert_string_equal(l.config->groups[0].processes[0].command, "main"); /* read again, last */
    assert_int_equal(l.config->included.count, 5);
    load_close(&l);
    for (size_t i = 0; i < 3; i++) {
        (void)snprintf(path, sizeof path, "%s/%s", folder, files[i].name);
        (void)remove(path);
    }
    (void)snprintf(path, sizeof path, "%s/sub", folder);
    (void)remove(path);
    (void)remove(folder);
}

static void the_command_line_wins(void **state)
{
    (void)state;
    char path[] = "/tmp/mainstay-config-XXXXXX";
    int fd = mkstemp(path);
    struct env_var vars[] = {{"identifier", " 100% ; x "}, {"nodaemon", "maybe"}};
    struct load_options o = {.path = path, .overrides = {vars, 1}};
    struct loaded l;
    assert_int_equal(fd_write_all(fd, "[supervisord]\nidentifier=x\n", 27), 0);
    load_file(&l, &o);
    assert_int_equal(l.rc, 0);
    assert_string_equal(l.config->identifier, " 100% ; x ");
    load_close(&l);
    o.overrides.count = 2;
    load_file(&l, &o);
    assert_string_equal(l.e.text, "command line: nodaemon: not a valid boolean value: 'maybe'");
    load_close(&l);
    fd_close(&fd);
    (void)remove(path);
}

static void totals_have_limits(void **state)
{
    (void)state;
    struct buf text = BUF_EMPTY;
    struct loaded l;
    buf_text(&text, HEAD);
    for (int i = 0; i < 7; i++)
        buf_printf(&text,
                   "[program:p%d]\ncommand=x\nnumprocs=10000\nprocess_name=%%(process_num)d\n", i);
    load_text(&l, buf_str(&text));
    assert_int_equal(l.rc, -EINVAL);
    assert_non_null(strstr(l.e.text, "more than 65536 processes"));
    load_close(&l);
    buf_clear(&text);
    buf_text(&text, HEAD "[program:p]\nnumprocs=10000\nprocess_name=%(process_num)d\ncommand=");
    for (int i = 0; i < 60000; i++)
        buf_text(&text, "word ");
    load_text(&l, buf_str(&text));
    assert_int_equal(l.rc, -EINVAL);
    assert_non_null(strstr(l.e.text, "expand to more than 256 MB"));
    load_close(&l);
    buf_close(&text);
}

static void a_thousand_programs(void **state)
{
    (void)state;
    struct buf text = BUF_EMPTY;
    struct loaded l;
    buf_text(&text, HEAD);
    for (int i = 0; i < 1000; i++)
        buf_printf(&text, "[program:p%d]\ncommand=x\n", i);
    load_text(&l, buf_str(&text));
    assert_int_equal(l.config->group_count, 1000);
    load_close(&l);
    buf_close(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults_are_supervisors),
        cmocka_unit_test(what_supervisor_accepts),
        cmocka_unit_test(what_supervisor_refuses),
        cmocka_unit_test(sections_that_are_refused),
        cmocka_unit_test(secrets_are_never_shown),
        cmocka_unit_test(twins_are_said),
        cmocka_unit_test(sockets_are_shared_by_one_program),
        cmocka_unit_test(groups_start_by_priority_then_name),
        cmocka_unit_test(the_machine_is_asked),
        cmocka_unit_test(files_that_cannot_be_read),
        cmocka_unit_test(includes),
        cmocka_unit_test(the_command_line_wins),
        cmocka_unit_test(totals_have_limits),
        cmocka_unit_test(a_thousand_programs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
