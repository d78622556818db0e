#include "config/cmdline.h"

#include <errno.h>
#include <getopt.h>
#include <string.h>

enum cmdline_use {
    USE_FILE,   /* -c */
    USE_KEY,    /* overrides a key of [supervisord] */
    USE_FLAG,   /* likewise, with the value "true" */
    USE_ACTION, /* does something else than run */
    USE_UNRESOLVED,
    USE_HERE,
    USE_NODE,
};

// clang-format off
static const struct cmdline_row {
    char short_name; /* 0: none */
    const char *long_name;
    enum cmdline_use use;
    enum cmdline_action action; /* USE_ACTION */
    const char *argument;       /* NULL: takes none */
    const char *help;           /* NULL: for tests, not shown */
} cmdline_rows[] = {
    {'c', "configuration",     USE_FILE,       CMDLINE_RUN,     "FILE",
     "read this configuration file"},
    {'n', "nodaemon",          USE_FLAG,       CMDLINE_RUN,     NULL,
     "stay in the foreground"},
    {'s', "silent",            USE_FLAG,       CMDLINE_RUN,     NULL,
     "in the foreground, do not log to standard output"},
    {'u', "user",              USE_KEY,        CMDLINE_RUN,     "USER",
     "run as this user (name or number)"},
    {'m', "umask",             USE_KEY,        CMDLINE_RUN,     "MASK",
     "octal umask of the daemon (022)"},
    {'d', "directory",         USE_KEY,        CMDLINE_RUN,     "DIR",
     "change to this folder when in the background"},
    {'l', "logfile",           USE_KEY,        CMDLINE_RUN,     "FILE",
     "the daemon's own log"},
    {'y', "logfile_maxbytes",  USE_KEY,        CMDLINE_RUN,     "SIZE",
     "rotate that log at this size (50MB)"},
    {'z', "logfile_backups",   USE_KEY,        CMDLINE_RUN,     "N",
     "keep so many rotated logs (10)"},
    {'e', "loglevel",          USE_KEY,        CMDLINE_RUN,     "LEVEL",
     "critical error warn info debug trace or blather"},
    {'j', "pidfile",           USE_KEY,        CMDLINE_RUN,     "FILE",
     "where the process id is written"},
    {'i', "identifier",        USE_KEY,        CMDLINE_RUN,     "NAME",
     "the name of this instance"},
    {'q', "childlogdir",       USE_KEY,        CMDLINE_RUN,     "DIR",
     "where AUTO logs of programs are"},
    {'k', "nocleanup",         USE_FLAG,       CMDLINE_RUN,     NULL,
     "keep old AUTO logs"},
    {'a', "minfds",            USE_KEY,        CMDLINE_RUN,     "N",
     "raise the limit of open files to this"},
    {'t', "strip_ansi",        USE_FLAG,       CMDLINE_RUN,     NULL,
     "remove ANSI escapes from the programs' output"},
    {0,   "minprocs",          USE_KEY,        CMDLINE_RUN,     "N",
     "raise the limit of processes to this"},
    {0,   "check",             USE_ACTION,     CMDLINE_CHECK,   NULL,
     "check the configuration, print each problem, and exit"},
    {0,   "dump-config",       USE_ACTION,     CMDLINE_DUMP,    NULL,
     "print the effective configuration as JSON and exit"},
    {0,   "unresolved",        USE_UNRESOLVED, CMDLINE_RUN,     NULL,
     "with --check or --dump-config: do not look up users, groups, folders"},
    {0,   "keys",              USE_ACTION,     CMDLINE_KEYS,    NULL,
     "print every section and key there is, as JSON, and exit"},
    {0,   "here",              USE_HERE,       CMDLINE_RUN,     "DIR", NULL},
    {0,   "node",              USE_NODE,       CMDLINE_RUN,     "NAME", NULL},
    {'v', "version",           USE_ACTION,     CMDLINE_VERSION, NULL,
     "print the version and exit"},
    {'h', "help",              USE_ACTION,     CMDLINE_HELP,    NULL,
     "print this help and exit"},
};
// clang-format on
enum { CMDLINE_ROWS = sizeof cmdline_rows / sizeof *cmdline_rows };

/* getopt_long's tables, made from ours: a long option's value is its row + 256. */
static void cmdline_tables(char *short_names, struct option *long_names)
{
    char *at = short_names;
    *at++ = '+';
    *at++ = ':';
    for (int i = 0; i < CMDLINE_ROWS; i++) {
        const struct cmdline_row *row = &cmdline_rows[i];
        long_names[i] = (struct option){
            row->long_name, row->argument ? required_argument : no_argument, NULL, 256 + i};
        if (row->short_name) {
            *at++ = row->short_name;
            if (row->argument)
                *at++ = ':';
        }
    }
    *at++ = '?'; /* -? is help, too: getopt reports it as unknown, which cmdline_parse knows */
    *at = '\0';
    long_names[CMDLINE_ROWS] = (struct option){0};
}

static int cmdline_find(int value)
{
    if (value >= 256)
        return value - 256;
    for (int i = 0; i < CMDLINE_ROWS; i++) {
        if (cmdline_rows[i].short_name == value)
            return i;
    }
    return -1;
}

static void cmdline_override(struct cmdline *o, const char *key, const char *value)
{
    struct env_list *list = &o->load.overrides;
    list->vars[list->count++] = (struct env_var){.name = key, .value = value};
}

static void cmdline_apply(struct cmdline *o, const struct cmdline_row *row, const char *value)
{
    switch (row->use) {
    case USE_FILE:
        o->load.path = value;
        break;
    case USE_KEY:
        cmdline_override(o, row->long_name, value);
        break;
    case USE_FLAG:
        cmdline_override(o, row->long_name, "true");
        break;
    case USE_ACTION:
        o->action = row->action;
        break;
    case USE_UNRESOLVED:
        o->load.unresolved = true;
        break;
    case USE_HERE:
        o->load.here = value;
        break;
    case USE_NODE:
        o->load.node = value;
        break;
    }
}

int cmdline_parse(struct cmdline *o, int argc, char **argv, struct err *e)
{
    char short_names[2 * CMDLINE_ROWS + 4];
    struct option long_names[CMDLINE_ROWS + 1];
    bool seen[CMDLINE_ROWS] = {false};
    *o = (struct cmdline){.action = CMDLINE_RUN};
    arena_init(&o->arena);
    o->load.overrides.vars = arena_array(&o->arena, CMDLINE_ROWS, sizeof(struct env_var));
    cmdline_tables(short_names, long_names);
    opterr = 0;
    optind = 1;
    int value;
    while ((value = getopt_long(argc, argv, short_names, long_names, NULL)) != -1) {
        const char *word = argv[optind - 1];
        if (value == ':')
            return err_set(e, -EINVAL, "option %s requires argument", word);
        if (value == '?' && optopt == '?')
            value = 'h';
        if (value == '?' && optopt >= 256)
            return err_set(e, -EINVAL, "option --%s must not have an argument",
                           cmdline_rows[optopt - 256].long_name);
        if (value == '?' && optopt)
            return err_set(e, -EINVAL, "option -%c not recognized", optopt);
        if (value == '?')
            return err_set(e, -EINVAL, "option %s not recognized", word);
        int i = cmdline_find(value);
        if (i < 0)
            return err_set(e, -EINVAL, "option %s not recognized", word);
        if (seen[i])
            return err_set(e, -EINVAL, "conflicting command line option '%s'", word);
        seen[i] = true;
        cmdline_apply(o, &cmdline_rows[i], optarg);
    }
    if (optind < argc)
        return err_set(e, -EINVAL, "positional arguments are not supported: ['%s']", argv[optind]);
    return 0;
}

void cmdline_close(struct cmdline *o)
{
    arena_close(&o->arena);
}

void cmdline_help(FILE *out, const char *program)
{
    (void)fprintf(out, "usage: %s [OPTION...]\n\n", program);
    (void)fprintf(out, "Starts the programs of its configuration file, in the order they need, and "
                       "keeps them alive.\n\n");
    for (int i = 0; i < CMDLINE_ROWS; i++) {
        const struct cmdline_row *row = &cmdline_rows[i];
        char left[64];
        if (!row->help)
            continue;
        if (row->short_name)
            (void)snprintf(left, sizeof left, "  -%c, --%s%s%s", row->short_name, row->long_name,
                           row->argument ? " " : "", row->argument ? row->argument : "");
        else
            (void)snprintf(left, sizeof left, "      --%s%s%s", row->long_name,
                           row->argument ? " " : "", row->argument ? row->argument : "");
        (void)fprintf(out, "%-33s %s\n", left, row->help);
    }
}
