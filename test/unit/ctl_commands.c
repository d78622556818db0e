/* Protects mainstayctl's table of commands, its options, how it prints, and its manual page. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/mem.h"
#include "ctl/commands.h"
#include "ctl/print.h"
#include "ctl/settings.h"

static const struct invocation native = {.native = true, .serverurl = NULL};

static void table_is_in_order_and_whole(void **state)
{
    (void)state;
    for (size_t i = 0; i < command_count; i++) {
        const struct command *row = &command_table[i];
        assert_non_null(row->run);
        assert_true(strncmp(row->help, row->name, strlen(row->name)) == 0);
        assert_true(row->least == 0 || (row->missing && row->missing_exit != 0));
        if (i > 0)
            assert_true(strcmp(command_table[i - 1].name, row->name) < 0);
    }
}

static void native_commands_have_no_place_in_supervisorctl(void **state)
{
    (void)state;
    struct invocation drop_in = {.native = false}, own = native;
    struct ctl c = {.o = &drop_in};
    assert_null(command_find(&c, "jobs", 4));
    assert_null(command_find(&c, "run", 3));
    assert_non_null(command_find(&c, "status", 6));
    assert_null(command_find(&c, "stat", 4));
    c.o = &own;
    assert_non_null(command_find(&c, "jobs", 4));
    assert_non_null(command_find(&c, "run", 3));
}

/* A page's words without mdoc's macros: "It Fl c , Fl -conf Ar FILE" is "-c, --conf FILE". */
static void append_plain(struct buf *out, char *mdoc)
{
    static const char *const dropped[] = {".It", ".Nm", "Cm", "Ar", "Op"};
    char *rest = NULL;
    bool flag = false;
    for (char *word = strtok_r(mdoc, " \n", &rest); word; word = strtok_r(NULL, " \n", &rest)) {
        bool drop = false;
        for (size_t i = 0; i < sizeof dropped / sizeof *dropped; i++)
            drop |= strcmp(word, dropped[i]) == 0;
        if (drop || strcmp(word, "Fl") == 0) {
            flag |= !drop;
            continue;
        }
        buf_printf(out, "%s%s%s", strcmp(word, ",") == 0 ? "" : " ", flag ? "-" : "", word);
        flag = false;
    }
}

/* A form as it stands in the page: "signal <signal name> all" is "signal signal-name all". */
static void page_has(const struct buf *page, const char *text, size_t len)
{
    struct buf b = BUF_EMPTY;
    bool inside = false;
    while (len > 0 && text[len - 1] == ' ')
        len--;
    for (size_t i = 0; i < len; i++) {
        inside = text[i] == '<' || (inside && text[i] != '>');
        if (!strchr("<>", text[i]))
            buf_char(&b, inside && text[i] == ' ' ? '-' : text[i]);
    }
    char *form = buf_take(&b);
    if (!strstr(buf_str(page), form))
        fail_msg("man/mainstayctl.1 does not have '%s'", form);
    mem_free(form);
}

static void manual_has_every_command_and_option(void **state)
{
    (void)state;
    struct buf page = BUF_EMPTY, plain = BUF_EMPTY;
    struct err e;
    if (fd_read_file("man/mainstayctl.1", 1 << 20, &page, &e) < 0)
        fail_msg("%s", e.text);
    append_plain(&plain, page.data);
    for (size_t i = 0; i < command_count; i++) {
        const char *line = command_table[i].help;
        while (*line) {
            size_t len = strcspn(line, "\n"), form = strcspn(line, "\t");
            if (form < len) /* the usage of tail as a whole has no text */
                page_has(&plain, line, form);
            line += len;
            line += *line == '\n';
        }
    }
    for (unsigned i = 0; i < invocation_row_count; i++) {
        const struct invocation_row *row = &invocation_rows[i];
        char *form = mem_printf("-%c, --%s", row->letter, row->name ? row->name : "");
        if (row->name)
            page_has(&plain, form, strlen(form));
        mem_free(form);
    }
    buf_close(&page);
    buf_close(&plain);
}

static void quotes_like_python(void **state)
{
    (void)state;
    static const struct {
        const char *text, *want;
    } rows[] = {
        {"plain", "'plain'"},
        {"it's", "\"it's\""},
        {"it's \"x\"", "'it\\'s \"x\"'"},
        {"a\\b\n\t\r", "'a\\\\b\\n\\t\\r'"},
        {"\x01\x7F", "'\\x01\\x7f'"},
        {"caf\xC3\xA9", "'caf\xC3\xA9'"},
        {"\xFF", "'\\udcff'"},
        {"", "''"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct buf b = BUF_EMPTY;
        print_quoted(&b, rows[i].text);
        assert_string_equal(b.data, rows[i].want);
        buf_close(&b);
    }
}

/* What a failure reads like, to a script that knows supervisorctl and to a person. */
static void failures_in_two_dialects(void **state)
{
    (void)state;
    // clang-format off
    static const struct { struct failure f; const char *python, *plain; } rows[] = {
        {{FAILURE_SOCKET, EACCES, "Permission denied"},
         "error: <class 'PermissionError'>, [Errno 13] Permission denied: file: ",
         "error: cannot connect to unix:///run/x.sock: Permission denied (are you root?)"},
        {{FAILURE_SOCKET, ENOENT, "No such file or directory"},
         "error: <class 'FileNotFoundError'>, [Errno 2] No such file or directory: file: ",
         "error: cannot connect to unix:///run/x.sock: No such file or directory "
         "(is the daemon running?)"},
        {{FAILURE_FAULT, 6, "SHUTDOWN_STATE"},
         "error: <class 'xmlrpc.client.Fault'>, <Fault 6: 'SHUTDOWN_STATE'>: file: ",
         "error: the daemon refused: SHUTDOWN_STATE (fault 6)"},
        {{FAILURE_FAULT, 92, "CANT_REREAD: no 'x'"},
         "error: <class 'xmlrpc.client.Fault'>, <Fault 92: \"CANT_REREAD: no 'x'\">: file: ",
         "error: the daemon refused: CANT_REREAD: no 'x' (fault 92)"},
        {{FAILURE_HTTP, 401, "Unauthorized"},
         "error: <class 'xmlrpc.client.ProtocolError'>, <ProtocolError for 127.0.0.1/RPC2: "
         "401 Unauthorized>: file: ",
         "error: unix:///run/x.sock answered 401 Unauthorized (give -u and -p, or username= and "
         "password= in [supervisorctl])"},
        {{FAILURE_CLOSED, 0, ""},
         "error: <class 'http.client.RemoteDisconnected'>, Remote end closed connection without "
         "response: file: ",
         "error: unix:///run/x.sock closed the connection without an answer"},
    };
    // clang-format on
    char url[] = "unix:///run/x.sock";
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct invocation o = {.serverurl = url};
        struct buf b = BUF_EMPTY;
        failure_text(&rows[i].f, &o, &b);
        b.data[strlen(rows[i].python)] = '\0';
        assert_string_equal(b.data, rows[i].python);
        buf_clear(&b);
        o.native = true;
        failure_text(&rows[i].f, &o, &b);
        assert_string_equal(b.data, rows[i].plain);
        buf_close(&b);
    }
}

/* Options as getopt reads them; the last column is what the error says, NULL for none. */
static void options_of_the_command_line(void **state)
{
    (void)state;
    // clang-format off
    static const struct { const char *words[8]; int args; const char *error; } rows[] = {
        {{"-c", "t.conf", "status", "-x"}, 2, NULL},
        {{"-ct.conf", "-i", "--", "-x"}, 1, NULL},
        {{"--configuration=t.conf", "--user", "me", "pid"}, 1, NULL},
        {{"--configuration", "t.conf"}, 0, NULL},
        {{"-c", "t.conf", "-"}, 1, NULL},
        {{"-Z"}, 0, "option -Z not recognized"},
        {{"--nope"}, 0, "option --nope not recognized"},
        {{"--h"}, 0, "option --h not a unique prefix"},
        {{"-s"}, 0, "option -s requires argument"},
        {{"--serverurl"}, 0, "option --serverurl requires argument"},
        {{"--interactive=yes"}, 0, "option --interactive must not have an argument"},
        {{"-s", "foo"}, 0, "invalid value for -s 'foo': value 'foo' is not a URL"},
        {{"--se=http://"}, 0,
         "invalid value for --serverurl 'http://': value 'http://' is not a URL"},
        {{"-u", "a", "--username=b"}, 0, "conflicting command line option '--username'"},
        {{"-c", "none.conf", "status"}, 1, "could not find config file none.conf"},
        {{"-c", "nosection.conf", "status"}, 1,
         ".ini file does not include supervisorctl section"},
    };
    // clang-format on
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char *argv[10] = {mem_strdup("./supervisorctl")};
        int argc = 1;
        for (; rows[i].words[argc - 1]; argc++)
            argv[argc] = mem_strdup(rows[i].words[argc - 1]);
        struct invocation o;
        struct err e = {{0}};
        int rc = invocation_init(&o, argc, argv, &e);
        assert_string_equal(e.text, rows[i].error ? rows[i].error : "");
        assert_int_equal(rc == 0, !rows[i].error);
        if (rc == 0)
            assert_int_equal(o.arg_count, rows[i].args);
        invocation_close(&o);
        for (int k = 0; k < argc; k++)
            mem_free(argv[k]);
    }
}

/* Nobody else on the machine is to read it from the list of processes. */
static void a_password_leaves_the_command_line(void **state)
{
    (void)state;
    char name[] = "supervisorctl", file[] = "-ct.conf", command[] = "pid";
    char letter[] = "-p", apart[] = "hunter2", together[] = "-phunter2";
    char named[] = "--password=hunter2";
    char *rows[][5] = {{name, file, letter, apart, command},
                       {name, file, together, command, NULL},
                       {name, file, named, command, NULL}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct invocation o;
        struct err e = {{0}};
        char *argv[6] = {rows[i][0], rows[i][1], rows[i][2], rows[i][3], rows[i][4], NULL};
        assert_int_equal(invocation_init(&o, rows[i][4] ? 5 : 4, argv, &e), 0);
        assert_string_equal(o.password, "hunter2");
        assert_int_equal(o.arg_count, 1);
        invocation_close(&o);
    }
    assert_string_equal(letter, "-p");
    assert_string_equal(apart, "xxxxxxx");
    assert_string_equal(together, "-pxxxxxxx");
    assert_string_equal(named, "--password=xxxxxxx");
}

static void settings_of_the_file(void **state)
{
    (void)state;
    char name[] = "supervisorctl", flag[] = "-c", file[] = "t.conf";
    char *argv[] = {name, flag, file, NULL};
    struct invocation o;
    struct err e = {{0}};
    char *here = realpath(".", NULL);
    assert_int_equal(invocation_init(&o, 3, argv, &e), 0);
    char *url = mem_printf("unix://%s/run/s.sock", here);
    assert_string_equal(o.serverurl, url);
    assert_string_equal(o.username, "somebody");
    assert_string_equal(o.password, "50%;x");
    assert_string_equal(o.prompt, "box");
    assert_true(o.interactive); /* no command: there is somebody */
    mem_free(url);
    free(here);
    invocation_close(&o);
}

static void defaults_without_a_file(void **state)
{
    (void)state;
    struct settings none = {0}, silent = {.found = true};
    struct invocation o = {.native = false};
    invocation_complete(&o, &none);
    assert_string_equal(o.serverurl, "http://localhost:9001");
    assert_string_equal(o.prompt, "supervisor");
    assert_null(o.username);
    invocation_close(&o);
    o = native;
    invocation_complete(&o, &none);
    assert_string_equal(o.serverurl, "unix:///run/mainstay/mainstay.sock");
    assert_string_equal(o.prompt, "mainstay");
    invocation_close(&o);
    o = native;
    invocation_complete(&o, &silent);
    assert_string_equal(o.serverurl, "http://localhost:9001");
    invocation_close(&o);
}

/* A file for the daemon alone is enough to find it by our own name. */
static void the_daemons_own_section(void **state)
{
    (void)state;
    struct settings s;
    struct err e;
    assert_int_equal(settings_load(&s, "daemon.conf", false, &e), -EINVAL);
    settings_close(&s);
    assert_int_equal(settings_load(&s, "daemon.conf", true, &e), 0);
    assert_string_equal(s.serverurl, "unix:///run/some.sock");
    assert_string_equal(s.username, "me");
    settings_close(&s);
    assert_int_equal(settings_load(&s, "nosection.conf", true, &e), 0);
    assert_false(s.found);
    settings_close(&s);
    assert_int_equal(settings_load(&s, "bad.conf", true, &e), -EINVAL);
    assert_non_null(strstr(e.text, "cannot be expanded"));
    assert_null(strstr(e.text, "secret"));
    settings_close(&s);
}

static char folder[] = "/tmp/ctl_commands.XXXXXX";
static char *before;

static int write_text(const char *path, const char *text)
{
    struct err e;
    return fd_write_file(path, text, strlen(text), 0600, &e);
}

static int in_a_folder(void **state)
{
    (void)state;
    static const char text[] = "\xEF\xBB\xBF[supervisord]\nserverurl=http://wrong\n"
                               "[supervisorctl] ; the section\r\n"
                               "ServerURL : unix://%(here)s/./run//s.sock ; a comment\n"
                               "username=first\nusername = somebody\t# a comment\n"
                               "password=50%%;x\nprompt=box\nunknown=x\n[other]\nprompt=wrong\n";
    before = realpath(".", NULL);
    return !before || !mkdtemp(folder) || chdir(folder) < 0 || write_text("t.conf", text) < 0 ||
           write_text("daemon.conf", "[unix_http_server]\nfile=/run//some.sock\nusername=me\n") <
               0 ||
           write_text("bad.conf", "[supervisorctl]\npassword=secret%(x)s\n") < 0 ||
           write_text("nosection.conf", "[x]\n") < 0;
}

static int out_of_the_folder(void **state)
{
    (void)state;
    int rc = unlink("t.conf") < 0 || unlink("nosection.conf") < 0 || unlink("daemon.conf") < 0 ||
             unlink("bad.conf") < 0 || chdir(before) < 0 || rmdir(folder) < 0;
    free(before);
    return rc;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(table_is_in_order_and_whole),
        cmocka_unit_test(native_commands_have_no_place_in_supervisorctl),
        cmocka_unit_test(manual_has_every_command_and_option),
        cmocka_unit_test(quotes_like_python),
        cmocka_unit_test(failures_in_two_dialects),
    };
    const struct CMUnitTest with_files[] = {
        cmocka_unit_test(options_of_the_command_line),
        cmocka_unit_test(a_password_leaves_the_command_line),
        cmocka_unit_test(settings_of_the_file),
        cmocka_unit_test(defaults_without_a_file),
        cmocka_unit_test(the_daemons_own_section),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    return failed + cmocka_run_group_tests(with_files, in_a_folder, out_of_the_folder);
}
