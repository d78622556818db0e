#include "config/cmdline.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "config/key.h"
#include "config/type.h"

enum cmdline_use {
    USE_FILE,   /* -c */
    USE_KEY,    /* overrides a key of [supervisord] */
    USE_FLAG,   /* likewise, with the value "true" */
    USE_ACTION, /* does something else than run */
    USE_UNRESOLVED,
    USE_HERE,
    USE_NODE,
    USE_HANDOVER,
    USE_NOTHING, /* known, and without effect */
};

// clang-format off
static const struct cmdline_row {
    char short_name; /* 0: none */
    const char *long_name;
    enum cmdline_use use;
    enum cmdline_action action; /* USE_ACTION */
    const char *argument;       /* NULL: takes none */
    const char *help;           /* NULL: for tests, not shown */
    bool ours;                  /* not an option of supervisord: never abbreviated */
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
    {0,   "profile_options",   USE_NOTHING,    CMDLINE_RUN,     "LIST",
     "for Python's profiler: no effect"},
    {0,   "check",             USE_ACTION,     CMDLINE_CHECK,   NULL,
     "check the configuration, print each problem, and exit", true},
    {0,   "dump-config",       USE_ACTION,     CMDLINE_DUMP,    NULL,
     "print the effective configuration as JSON and exit", true},
    {0,   "unresolved",        USE_UNRESOLVED, CMDLINE_RUN,     NULL,
     "with --check or --dump-config: do not look up users, groups, folders", true},
    {0,   "keys",              USE_ACTION,     CMDLINE_KEYS,    NULL,
     "print every section and key there is, as JSON, and exit", true},
    {0,   "catalog",           USE_ACTION,     CMDLINE_CATALOG, NULL,
     "print what journalctl -x explains, as a message catalog, and exit", true},
    {0,   "sweep",             USE_ACTION,     CMDLINE_SWEEP,   NULL,
     "for the unit: when it is stopped, end what a killed daemon left, and exit", true},
    {0,   "here",              USE_HERE,       CMDLINE_RUN,     "DIR", NULL, true},
    {0,   "node",              USE_NODE,       CMDLINE_RUN,     "NAME", NULL, true},
    {0,   "check-handover",    USE_HANDOVER,   CMDLINE_RUN,     "FD", NULL, true},
    {'v', "version",           USE_ACTION,     CMDLINE_VERSION, NULL,
     "print the version and exit"},
    {'h', "help",              USE_ACTION,     CMDLINE_HELP,    NULL,
     "print this help and exit"},
};
// clang-format on
enum { CMDLINE_ROWS = sizeof cmdline_rows / sizeof *cmdline_rows };

/* One option on the command line, and what it was given. */
struct word {
    const struct cmdline_row *row;
    bool is_long;
    const char *value; /* NULL: takes none */
};

static const struct cmdline_row *find_short(char name)
{
    for (int i = 0; i < CMDLINE_ROWS; i++)
        if (cmdline_rows[i].short_name == name)
            return &cmdline_rows[i];
    return NULL;
}

/*
 * By its whole name, or by the beginning of one of Supervisor's: what is ours makes no shorter
 * name ambiguous that was clear before.
 */
static const struct cmdline_row *find_long(const char *name, size_t len, struct err *e)
{
    const struct cmdline_row *found = NULL;
    for (int i = 0; i < CMDLINE_ROWS; i++) {
        const struct cmdline_row *row = &cmdline_rows[i];
        if (strncmp(row->long_name, name, len) != 0)
            continue;
        if (row->long_name[len] == '\0')
            return row;
        if (row->ours)
            continue;
        if (found) {
            (void)err_set(e, -EINVAL, "option --%.*s not a unique prefix", (int)len, name);
            return NULL;
        }
        found = row;
    }
    if (!found)
        (void)err_set(e, -EINVAL, "option --%.*s not recognized", (int)len, name);
    return found;
}

/* --name, --name=value, --name value. *at is the next argument. */
static int read_long(const char *text, char **argv, int *at, struct word *out, struct err *e)
{
    size_t len = strcspn(text, "=");
    out->row = find_long(text, len, e);
    if (!out->row)
        return -EINVAL;
    out->is_long = true;
    out->value = text[len] ? text + len + 1 : NULL;
    if (!out->row->argument && out->value)
        return err_set(e, -EINVAL, "option --%s must not have an argument", out->row->long_name);
    if (out->row->argument && !out->value)
        out->value = argv[*at] ? argv[(*at)++] : NULL;
    if (out->row->argument && !out->value)
        return err_set(e, -EINVAL, "option --%s requires argument", out->row->long_name);
    return 0;
}

/* One letter of -abc, -c value or -cvalue; *text is behind it afterwards, NULL at the end. */
static int read_short(const char **text, char **argv, int *at, struct word *out, struct err *e)
{
    char name = *(*text)++;
    *out = (struct word){find_short(name == '?' ? 'h' : name), false, NULL};
    if (!out->row)
        return err_set(e, -EINVAL, "option -%c not recognized", name);
    if (out->row->argument) {
        out->value = **text ? *text : argv[*at] ? argv[(*at)++] : NULL;
        *text = NULL;
        if (!out->value)
            return err_set(e, -EINVAL, "option -%c requires argument", name);
    }
    if (*text && **text == '\0')
        *text = NULL;
    return 0;
}

/* All options, in order; *rest is the first argument that is none. */
static int read_words(char **argv, struct word *words, size_t *count, int *rest, struct err *e)
{
    int at = 1;
    int rc = 0;
    const char *letters = NULL;
    while (rc == 0 && (letters || (argv[at] && argv[at][0] == '-' && argv[at][1]))) {
        struct word *word = &words[*count];
        if (!letters && strcmp(argv[at], "--") == 0) {
            at++;
            break;
        }
        if (!letters) {
            letters = argv[at++] + 1;
        }
        if (*letters == '-') {
            rc = read_long(letters + 1, argv, &at, word, e);
            letters = NULL;
        } else {
            rc = read_short(&letters, argv, &at, word, e);
        }
        (*count)++;
    }
    *rest = at;
    return rc;
}

static int refuse_rest(char **argv, int rest, struct err *e)
{
    struct buf list = BUF_EMPTY;
    if (!argv[rest])
        return 0;
    for (int i = rest; argv[i]; i++) {
        buf_text(&list, i > rest ? ", " : "");
        buf_repr(&list, argv[i]);
    }
    int rc = err_set(e, -EINVAL, "positional arguments are not supported: [%s]", buf_str(&list));
    buf_close(&list);
    return rc;
}

static void put_name(const struct word *word, char *out, size_t size)
{
    if (word->is_long)
        (void)snprintf(out, size, "--%s", word->row->long_name);
    else
        (void)snprintf(out, size, "-%c", word->row->short_name);
}

/* Supervisor looks at the values of options at once, but not at the user. */
static int check_value(struct cmdline *o, const struct word *word, struct err *e)
{
    const struct type_context x = {.arena = &o->arena};
    struct config *scratch = arena_alloc(&o->arena, sizeof *scratch);
    struct buf quoted = BUF_EMPTY;
    char name[64];
    for (size_t i = 0; i < key_supervisord.count; i++) {
        const struct key_row *row = &key_supervisord.rows[i];
        struct err why;
        if (strcmp(row->name, word->row->long_name) != 0 || row->type == KEY_USER ||
            type_parse(row, word->value, &x, scratch, &why) == 0)
            continue;
        put_name(word, name, sizeof name);
        buf_repr(&quoted, word->value);
        int rc =
            err_set(e, -EINVAL, "invalid value for %s %s: %s", name, buf_str(&quoted), why.text);
        buf_close(&quoted);
        return rc;
    }
    return 0;
}

static void put_override(struct cmdline *o, const char *key, const char *value)
{
    struct env_list *list = &o->load.overrides;
    list->vars[list->count++] = (struct env_var){.name = key, .value = value};
}

static void apply(struct cmdline *o, const struct word *word)
{
    switch (word->row->use) {
    case USE_FILE:
        o->load.path = word->value;
        break;
    case USE_KEY:
        put_override(o, word->row->long_name, word->value);
        break;
    case USE_FLAG:
        put_override(o, word->row->long_name, "true");
        break;
    case USE_ACTION:
        o->action = word->row->action;
        break;
    case USE_UNRESOLVED:
        o->load.unresolved = true;
        break;
    case USE_HERE:
        o->load.here = word->value;
        break;
    case USE_NODE:
        o->load.node = word->value;
        break;
    case USE_HANDOVER:
        o->action = CMDLINE_HANDOVER;
        /* what is no such descriptor is found out by who looks into it */
        o->handover = word->value ? atoi(word->value) : -1; // NOLINT(cert-err34-c)
        break;
    case USE_NOTHING:
        break;
    }
}

/* In order, as Supervisor does: behind -h nothing is looked at any more. */
static int take_words(struct cmdline *o, const struct word *words, size_t count, struct err *e)
{
    bool seen[CMDLINE_ROWS] = {false};
    for (size_t i = 0; i < count; i++) {
        const struct cmdline_row *row = words[i].row;
        char name[64];
        put_name(&words[i], name, sizeof name);
        int rc = row->use == USE_KEY ? check_value(o, &words[i], e) : 0;
        if (rc == 0 && seen[row - cmdline_rows])
            rc = err_set(e, -EINVAL, "conflicting command line option '%s'", name);
        if (rc < 0)
            return rc;
        seen[row - cmdline_rows] = true;
        apply(o, &words[i]);
        if (o->action == CMDLINE_HELP || o->action == CMDLINE_VERSION)
            return 0;
    }
    return 0;
}

static size_t most_words(char **argv)
{
    size_t count = 1;
    for (int i = 1; argv[i]; i++)
        count += strlen(argv[i]);
    return count;
}

int cmdline_parse(struct cmdline *o, int argc, char **argv, struct err *e)
{
    size_t count = 0;
    int rest = 0;
    const char *slash = argc > 0 ? strrchr(argv[0], '/') : NULL;
    *o = (struct cmdline){.action = CMDLINE_RUN};
    arena_init(&o->arena);
    o->load.overrides.vars = arena_array(&o->arena, CMDLINE_ROWS, sizeof(struct env_var));
    if (argc < 1)
        return 0;
    if (strcmp(slash ? slash + 1 : argv[0], "supervisord") == 0)
        o->load.as_supervisor = argv[0];
    struct word *words = arena_array(&o->arena, most_words(argv), sizeof *words);
    int rc = read_words(argv, words, &count, &rest, e);
    if (rc == 0)
        rc = refuse_rest(argv, rest, e);
    return rc == 0 ? take_words(o, words, count, e) : rc;
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
