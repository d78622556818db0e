#include "ctl/commands.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/parse.h"
#include "ctl/ask.h"
#include "ctl/jobs.h"
#include "ctl/print.h"

#define API_VERSION "3.0"

static int command_help(struct ctl *c, const struct words *w);
static int command_quit(struct ctl *c, const struct words *w);

// clang-format off
/* In the order in which help lists them; forms and tabs as in supervisorctl, texts our own. */
const struct command command_table[] = {
    {"add", command_add, 0, COMPLETE_GROUPS, .help =
        "add <name> [...]\tPut groups from the newest configuration to work"},
    {"avail", command_avail, COMMAND_NO_ARGS, COMPLETE_NONE, .help =
        "avail\t\t\tList what is configured, whether it is in use, and its priorities"},
    {"clear", command_clear, COMMAND_CHECK, COMPLETE_ALL, 1,
        "Error: clear requires a process name", EXIT_GENERIC,
        "clear <name>\t\tEmpty the log files of a process\n"
        "clear <name> <name>\tEmpty the log files of several processes\n"
        "clear all\t\tEmpty the log files of all processes"},
    {"exit", command_quit, 0, COMPLETE_NONE, .help =
        "exit\tLeave the prompt"},
    {"fg", command_fg, COMMAND_CHECK, COMPLETE_PROCESSES, 1,
        "ERROR: no process name supplied", EXIT_GENERIC,
        "fg <process>\tShow what a process says and hand it what is typed, line by line\n"
        "\t\tuntil Ctrl-C"},
    {"help", command_help, COMMAND_UNLISTED, COMPLETE_COMMANDS, .help =
        "help\t\tList the commands\n"
        "help <action>\tExplain one command"},
    {"history", command_history, COMMAND_CHECK | COMMAND_NATIVE, COMPLETE_JOBS, 1,
        "Error: history requires a job name", EXIT_INVALID,
        "history <job>\t\tShow what a job did: when, how long, why, and how it went\n"
        "history <job> <count>\tThe same for so many attempts instead of the last 20\n"
        "history -v <job>\tThe same with when each ended, how, and where its output begins"},
    {"jobs", command_jobs, COMMAND_CHECK | COMMAND_NATIVE, COMPLETE_NONE, .help =
        "jobs\t\t\tShow every job, its state, how it went and when it is due next\n"
        "jobs --calendar <span>\tShow what runs when by its schedule, in the next 7d"},
    {"maintail", command_maintail, COMMAND_CHECK, COMPLETE_NONE, .help =
        "maintail -f \tShow the daemon's log as it grows, until Ctrl-C\n"
        "maintail -100\tShow its last 100 bytes\n"
        "maintail\tShow its last 1600 bytes\n"},
    {"metrics", command_metrics, COMMAND_NO_ARGS | COMMAND_CHECK | COMMAND_NATIVE, COMPLETE_NONE,
        .help =
        "metrics\t\t\tShow what monitoring is told, in the words of Prometheus"},
    {"open", command_open, 0, COMPLETE_NONE, .help =
        "open <url>\tTalk to another daemon from now on,\n"
        "\t\tat http://host:port or unix:///path"},
    {"pid", command_pid, COMMAND_CHECK, COMPLETE_PROCESSES, .help =
        "pid\t\t\tShow the process id of the daemon\n"
        "pid <name>\t\tShow the process id of a process, 0 when it does not run\n"
        "pid all\t\t\tShow the process ids of all processes, one in a line"},
    {"quit", command_quit, 0, COMPLETE_NONE, .help =
        "quit\tLeave the prompt"},
    {"reload", command_reload, COMMAND_NO_ARGS, COMPLETE_NONE, .help =
        "reload \t\tStop everything and start anew with the configuration as it is then"},
    {"remove", command_remove, 0, COMPLETE_GROUPS, .help =
        "remove <name> [...]\tTake stopped groups out of work"},
    {"reread", command_reread, COMMAND_NO_ARGS, COMPLETE_NONE, .help =
        "reread \t\t\tRead the configuration and say what update would change"},
    {"restart", command_restart, COMMAND_CHECK, COMPLETE_PROCESSES, 1,
        "Error: restart requires a process name", EXIT_GENERIC,
        "restart <name>\t\tStop a process and start it again, with the configuration it has\n"
        "restart <gname>:*\tThe same for all processes of a group\n"
        "restart <name> <name>\tThe same for several processes or groups\n"
        "restart all\t\tThe same for all processes"},
    {"run", command_run, COMMAND_CHECK | COMMAND_NATIVE, COMPLETE_JOBS, 1,
        "Error: run requires a job name", EXIT_INVALID,
        "run <job> [...]\t\tRun jobs, one after the other, and wait for each\n"
        "run --no-wait <job> [...]\tHave them run, all at once, and wait for none"},
    {"shutdown", command_shutdown, COMMAND_SPARE, COMPLETE_NONE, .help =
        "shutdown \tStop everything and the daemon", .more =
        "shutdown --at <time>\tPlan the power-off: 22:30, or 2026-11-22 06:00\n"
        "shutdown --in <time>\tPlan it for so long from now: 30m, 2h\n"
        "\t\t\twith --action poweroff, reboot, halt or exit for something else than\n"
        "\t\t\twhat is configured\n"
        "shutdown --postpone <time>\tPut off the next one\n"
        "shutdown --cancel\tDo without the next one\n"
        "shutdown --show\t\tSay what is planned"},
    {"signal", command_signal, COMMAND_CHECK, COMPLETE_PROCESSES, 2,
        "Error: signal requires a signal name and a process name", EXIT_GENERIC,
        "signal <signal name> <name>\t\tSend a signal to a process\n"
        "signal <signal name> <gname>:*\t\tSend it to all processes of a group\n"
        "signal <signal name> <name> <name>\tSend it to several processes or groups\n"
        "signal <signal name> all\t\tSend it to all processes"},
    {"start", command_start, COMMAND_CHECK, COMPLETE_PROCESSES, 1,
        "Error: start requires a process name", EXIT_INVALID,
        "start <name>\t\tStart a process and wait until it is up\n"
        "start <gname>:*\t\tStart all processes of a group\n"
        "start <name> <name>\tStart several processes or groups\n"
        "start all\t\tStart all processes"},
    {"status", command_status, COMMAND_CHECK, COMPLETE_ALL, .help =
        "status <name>\t\tShow the state of a process\n"
        "status <gname>:*\tShow the states of the processes of a group\n"
        "status <name> <name>\tShow the states of several processes or groups\n"
        "status\t\t\tShow the states of all processes", .more =
        "status -v [<name> ...]\tThe same with memory, CPU time, tasks, restarts and the last end"},
    {"stop", command_stop, COMMAND_CHECK, COMPLETE_ALL, 1,
        "Error: stop requires a process name", EXIT_GENERIC,
        "stop <name>\t\tStop a process and wait until it is gone\n"
        "stop <gname>:*\t\tStop all processes of a group\n"
        "stop <name> <name>\tStop several processes or groups\n"
        "stop all\t\tStop all processes", .more =
        "stop <job>\t\tEnd the run of a job"},
    {"tail", command_tail, COMMAND_CHECK, COMPLETE_ALL, 1,
        "Error: too few arguments", EXIT_GENERIC,
        "tail [-f] <name> [stdout|stderr] (default stdout)\n"
        "tail -f <name>\t\tShow what a process says as it comes,\n"
        "\t\t\tuntil Ctrl-C\n"
        "tail -100 <name>\tShow the last 100 bytes of it\n"
        "tail <name> stderr\tShow the last 1600 bytes of its standard error", .more =
        "tail <job>\t\tThe same for a job"},
    {"update", command_update, 0, COMPLETE_GROUPS, .help =
        "update\t\t\tRead the configuration and do what changed: remove, restart, add groups\n"
        "update all\t\tThe same\n"
        "update <gname> [...]\tThe same for these groups only"},
    {"upgrade", command_upgrade, COMMAND_CHECK | COMMAND_NATIVE, COMPLETE_NONE, .help =
        "upgrade\t\t\tHave the daemon become the version that is installed now;\n"
        "\t\t\tno process is stopped or restarted\n"
        "upgrade <path>\t\tThe same with the program at this path"},
    {"version", command_version, COMMAND_NO_ARGS | COMMAND_CHECK, COMPLETE_NONE, .help =
        "version\t\t\tShow the version of the daemon"},
};
// clang-format on
const size_t command_count = sizeof command_table / sizeof *command_table;

const struct command *command_find(const struct ctl *c, const char *name, size_t len)
{
    for (size_t i = 0; i < command_count; i++) {
        const struct command *row = &command_table[i];
        if ((row->flags & COMMAND_NATIVE) && !c->o->native)
            continue;
        if (strlen(row->name) == len && strncmp(row->name, name, len) == 0)
            return row;
    }
    return NULL;
}

void command_print_help(const struct ctl *c, const struct command *row)
{
    print_line("%s", row->help);
    if (row->more && c->o->native)
        print_line("%s", row->more);
}

static void help_list(const struct ctl *c)
{
    static const char header[] = "default commands (type help <topic>):";
    const char *names[sizeof command_table / sizeof *command_table];
    size_t count = 0;
    for (size_t i = 0; i < command_count; i++) {
        const struct command *row = &command_table[i];
        if (!(row->flags & COMMAND_UNLISTED) && (c->o->native || !(row->flags & COMMAND_NATIVE)))
            names[count++] = row->name;
    }
    print_line("\n%s", header);
    for (size_t i = 0; i < sizeof header - 1; i++)
        (void)putchar('=');
    (void)putchar('\n');
    print_columns(names, count);
    (void)putchar('\n');
}

static int command_help(struct ctl *c, const struct words *w)
{
    const struct command *row = command_find(c, w->line, strlen(w->line));
    if (w->count == 0)
        help_list(c);
    else if (row)
        command_print_help(c, row);
    else
        print_line("*** No help on %s", w->line);
    return 0;
}

static int command_quit(struct ctl *c, const struct words *w)
{
    (void)w;
    (void)putchar('\n');
    c->quit = true;
    return 0;
}

/* --- Words --------------------------------------------------------------------------------- */

bool words_have(const struct words *w, const char *name)
{
    for (size_t i = 0; i < w->count; i++) {
        if (strcmp(w->items[i], name) == 0)
            return true;
    }
    return false;
}

static void words_init(struct words *w, const char *line)
{
    *w = (struct words){.line = line, .text = mem_strdup(line)};
    w->items = mem_array(strlen(line) / 2 + 1, sizeof *w->items);
    char *rest = NULL;
    for (char *word = strtok_r(w->text, " \t\r\n\v\f", &rest); word;
         word = strtok_r(NULL, " \t\r\n\v\f", &rest))
        w->items[w->count++] = word;
}

static void words_close(struct words *w)
{
    mem_free(w->items);
    mem_free(w->text);
}

/* --- Running ------------------------------------------------------------------------------- */

void ctl_init(struct ctl *c, struct invocation *o)
{
    *c = (struct ctl){.o = o};
    client_init(&c->client, o);
}

void ctl_close(struct ctl *c)
{
    client_close(&c->client);
}

static int check_failed(struct ctl *c)
{
    if (client_faulted(&c->client, FAULT_UNKNOWN_METHOD)) {
        print_line("Sorry, supervisord responded but did not recognize the supervisor namespace "
                   "commands that supervisorctl uses to control it.  Please check that the "
                   "[rpcinterface:supervisor] section is enabled in the configuration file (see "
                   "sample.conf).");
        c->exit = EXIT_UNIMPLEMENTED;
        return 0;
    }
    if (client_socket_failed(&c->client, ECONNREFUSED)) {
        print_line("%s refused connection", c->o->serverurl);
        c->exit = EXIT_REFUSED;
        return 0;
    }
    if (client_socket_failed(&c->client, ENOENT)) {
        print_line("%s no such file", c->o->serverurl);
        c->exit = EXIT_NOT_RUNNING;
        return 0;
    }
    c->exit = EXIT_GENERIC;
    return -1;
}

int ctl_check(struct ctl *c)
{
    json_t *version = NULL;
    if (client_call(&c->client, "supervisor.getVersion", NULL, &version) < 0) {
        bool stops = c->o->native && client_faulted(&c->client, FAULT_SHUTDOWN_STATE);
        return stops ? 1 : check_failed(c); /* some methods answer all the same */
    }
    const char *text = json_string_value(version) ? json_string_value(version) : "?";
    bool right = strcmp(text, API_VERSION) == 0;
    if (!right) {
        print_line("Sorry, this version of supervisorctl expects to talk to a server with API "
                   "version " API_VERSION ", but the remote version is %s.",
                   text);
        c->exit = EXIT_WRONG_VERSION;
    }
    json_decref(version);
    return right;
}

static int ctl_run(struct ctl *c, const struct command *row, const struct words *w)
{
    bool bare = row->flags & (c->o->native ? COMMAND_NO_ARGS : COMMAND_NO_ARGS | COMMAND_SPARE);
    if (bare && w->count > 0) {
        print_line("Error: %s accepts no arguments", row->name);
        c->exit = EXIT_GENERIC;
        command_print_help(c, row);
        return 0;
    }
    int up = row->flags & COMMAND_CHECK ? ctl_check(c) : 1;
    if (up == 0 && row->run == command_status)
        c->exit = EXIT_STATUS_UNKNOWN;
    if (up <= 0)
        return up;
    if (w->count < row->least) {
        print_line("%s", row->missing);
        c->exit = row->missing_exit;
        command_print_help(c, row);
        return 0;
    }
    return row->run(c, w);
}

/* Asks for a name and a password for the server. */
static int ctl_ask_login(struct ctl *c)
{
    char *username = ask("Username:");
    char *password = username ? ask_secret("Password:") : NULL;
    if (!password) {
        const char *why = username ? "" : ask_end_text();
        mem_free(username);
        return client_fail(&c->client, FAILURE_INPUT, 0, "%s", why);
    }
    print_line("%s", "");
    mem_free(c->o->username);
    mem_free(c->o->password);
    c->o->username = username;
    c->o->password = password;
    return 0;
}

/* Runs the command; a server that wants a password gets one when there is somebody to ask. */
static int ctl_run_with_login(struct ctl *c, const struct command *row, const struct words *w)
{
    for (int before = c->exit;; c->exit = before) {
        int rc = ctl_run(c, row, w);
        const struct failure *f = &c->client.failure;
        if (rc == 0 || f->kind != FAILURE_HTTP || f->code != 401)
            return rc;
        print_line("Server requires authentication");
        if (!c->o->interactive)
            return rc;
        if (ctl_ask_login(c) < 0)
            return -1;
    }
}

static void ctl_command(struct ctl *c, const struct command *row, const char *rest)
{
    struct words w;
    struct buf text = BUF_EMPTY;
    words_init(&w, rest);
    c->client.failure = (struct failure){0};
    if (ctl_run_with_login(c, row, &w) < 0) {
        failure_text(&c->client.failure, c->o, &text);
        print_line("%s", buf_str(&text));
        c->exit = EXIT_GENERIC;
    }
    client_close(&c->client); /* a new command is a new connection */
    buf_close(&text);
    words_close(&w);
}

/* Without blanks at both ends, "?" spelled out as "help". */
static char *normalised(const char *line)
{
    while (isspace((unsigned char)*line))
        line++;
    size_t len = strlen(line);
    while (len > 0 && isspace((unsigned char)line[len - 1]))
        len--;
    bool question = *line == '?';
    return mem_printf("%s%.*s", question ? "help " : "", (int)len - question, line + question);
}

/* supervisorctl's words; by its own name also what may have been meant. */
static void unknown_command(const struct ctl *c, const char *line, size_t len)
{
    char *word = mem_strndup(line, len);
    const char *near = NULL;
    unsigned least = len < 4 ? 2 : 3;
    for (size_t i = 0; c->o->native && i < command_count; i++) {
        unsigned distance = parse_distance(word, command_table[i].name);
        if (distance < least) {
            least = distance;
            near = command_table[i].name;
        }
    }
    print_line("*** Unknown syntax: %s%s%s%s", line, near ? ": did you mean '" : "",
               near ? near : "", near ? "'?" : "");
    mem_free(word);
}

void ctl_line(struct ctl *c, const char *text)
{
    char *line = normalised(text);
    size_t len = 0;
    while (isalnum((unsigned char)line[len]) || line[len] == '_')
        len++;
    const struct command *row = command_find(c, line, len);
    if (len == 3 && strncmp(line, "EOF", 3) == 0)
        row = command_find(c, "quit", strlen("quit"));
    if (row) {
        const char *rest = line + len;
        while (isspace((unsigned char)*rest))
            rest++;
        ctl_command(c, row, rest);
    } else if (*line) {
        unknown_command(c, line, len);
        c->exit = EXIT_GENERIC;
    }
    (void)fflush(stdout);
    mem_free(line);
}
