/* Protects what Tab offers in mainstayctl: commands and all that they take, as page and help say. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fd.h"
#include "base/mem.h"
#include "ctl/commands.h"
#include "ctl/complete.h"
#include "ctl/print.h"

static const struct invocation native = {.native = true, .serverurl = NULL};

static void tab_completes_commands(void **state)
{
    (void)state;
    static const struct {
        const char *line, *adds;
    } rows[] = {
        {"stat", "us "},   {"s", ""},      {"sta", ""},
        {"rel", "oad "},   {"re", ""},     {"help ver", "sion "},
        {"  stat", "us "}, {"exit x", ""}, {"xyz", ""},
        {"main", "tail "},
    };
    struct invocation o = native;
    struct ctl c = {.o = &o};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct completion found;
        complete_line(&c, rows[i].line, strlen(rows[i].line), &found);
        assert_string_equal(buf_str(&found.more), rows[i].adds);
        completion_close(&found);
    }
    struct completion found;
    complete_line(&c, "re", 2, &found);
    assert_int_equal(found.count, 4);
    assert_string_equal(found.names[0], "reload");
    assert_string_equal(found.names[3], "restart");
    completion_close(&found);
}

static bool offers(const char *line, const char *name, bool as_supervisorctl)
{
    struct invocation o = {.native = !as_supervisorctl};
    struct ctl c = {.o = &o};
    struct completion found;
    bool there = false;
    complete_line(&c, line, strlen(line), &found);
    for (size_t i = 0; i < found.count; i++)
        there |= strcmp(found.names[i], name) == 0;
    completion_close(&found);
    return there;
}

static void tab_completes_options(void **state)
{
    (void)state;
    static const struct {
        const char *line, *name;
        bool in_supervisorctl;
    } rows[] = {
        {"jobs --", "--calendar", false},
        {"jobs ", "--calendar", false},
        {"run --no", "--no-wait", false},
        {"run backup -", "--no-wait", false},
        {"shutdown --", "--at", false},
        {"shutdown --a", "--action", false},
        {"shutdown --in 1h --a", "--action", false},
        {"shutdown --action ", "poweroff", false},
        {"shutdown --in 1h --action ex", "exit", false},
        {"status -", "-v", false},
        {"status web -", "-v", false},
        {"history -", "-v", false},
        {"tail -", "-f", true},
        {"maintail ", "-f", true},
        {"tail web ", "stderr", true},
        {"tail -f web std", "stdout", true},
        {"signal ", "HUP", true},
        {"signal U", "USR1", true},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (!offers(rows[i].line, rows[i].name, false))
            fail_msg("'%s' does not offer %s", rows[i].line, rows[i].name);
        bool there = offers(rows[i].line, rows[i].name, true);
        if (there != rows[i].in_supervisorctl)
            fail_msg("'%s' %s %s as supervisorctl", rows[i].line, there ? "offers" : "misses",
                     rows[i].name);
    }
    assert_false(offers("tail -", "-100", false)); /* an example */
    assert_false(offers("exit ", "exit", false));
}

static void check_offered(const char *command, const char *option)
{
    char *line = mem_printf("%s -", command);
    if (!offers(line, option, false))
        fail_msg("%s is not offered behind '%s'", option, command);
    mem_free(line);
}

/* An item of the page: "shutdown --at Ar time Op Cm --action Ar action", "tail Fl f Ar name". */
static size_t check_item(char *item)
{
    char *rest = NULL;
    const char *command = strtok_r(item, " ", &rest);
    bool flag = false;
    size_t count = 0;
    for (char *word = strtok_r(NULL, " ", &rest); word; word = strtok_r(NULL, " ", &rest)) {
        char *option = mem_printf("%s%s", flag ? "-" : "", word);
        flag = strcmp(word, "Fl") == 0;
        if (option[0] == '-' && strpbrk(option, "abcdefghijklmnopqrstuvwxyz")) {
            check_offered(command, option);
            count++;
        }
        mem_free(option);
    }
    return count;
}

static void tab_knows_every_option_of_the_page(void **state)
{
    static const char item[] = ".It Cm ";
    struct buf page = BUF_EMPTY;
    struct err e;
    char *rest = NULL;
    size_t count = 0;
    (void)state;
    if (fd_read_file("man/mainstayctl.1", 1 << 20, &page, &e) < 0)
        fail_msg("%s", e.text);
    for (char *line = strtok_r(page.data, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
        if (strncmp(line, item, sizeof item - 1) == 0)
            count += check_item(line + sizeof item - 1);
    }
    assert_true(count >= 12);
    buf_close(&page);
}

/* Whatever help shows as an option, Tab offers; but in texts there may be others. */
static void tab_knows_every_option_of_help(void **state)
{
    size_t count = 0;
    (void)state;
    for (size_t i = 0; i < command_count; i++) {
        const struct command *row = &command_table[i];
        char *text = mem_printf("%s\n%s", row->help, row->more ? row->more : "");
        char *rest = NULL;
        for (char *word = strtok_r(text, " \t\n[]", &rest); word;
             word = strtok_r(NULL, " \t\n[]", &rest)) {
            if (word[0] != '-' || !strpbrk(word, "abcdefghijklmnopqrstuvwxyz"))
                continue;
            check_offered(row->name, word);
            count++;
        }
        mem_free(text);
    }
    assert_true(count >= 12);
}

/* The names that Tab shows come from a daemon, too. */
static void choices_cannot_steer_the_terminal(void **state)
{
    (void)state;
    static const char *const names[] = {"a\x1b[2J", "b\xc2\x9b", "c\xff", "d"};
    char *text = NULL;
    size_t len = 0;
    FILE *before = stdout;
    stdout = open_memstream(&text, &len);
    assert_non_null(stdout);
    print_grid(names, sizeof names / sizeof *names, 80);
    (void)fclose(stdout);
    stdout = before;
    assert_non_null(strstr(text, "a\\x1b[2J"));
    assert_non_null(strstr(text, "b\\x9b"));
    assert_non_null(strstr(text, "c\\xff"));
    assert_null(memchr(text, 0x1b, len));
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tab_completes_commands),
        cmocka_unit_test(tab_completes_options),
        cmocka_unit_test(tab_knows_every_option_of_the_page),
        cmocka_unit_test(tab_knows_every_option_of_help),
        cmocka_unit_test(choices_cannot_steer_the_terminal),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
