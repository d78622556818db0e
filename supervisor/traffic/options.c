#include "traffic/options.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "base/parse.h"
#include "traffic/day.h"

enum { HELP_COLUMN = 22 };

enum option_type {
    OPTION_HEADING, /* no option: the help of those after it */
    OPTION_FLAG,
    OPTION_TEXT,
    OPTION_LOG,
    OPTION_ROUTE,
    OPTION_DAY,
    OPTION_REPORT,
    OPTION_COMPAT,
};

struct option_row {
    const char *name;
    enum option_type type;
    size_t offset;        /* of OPTION_FLAG and OPTION_TEXT */
    const char *argument; /* as --help shows it; NULL: none */
    const char *help;     /* NULL: an older name of the row before; not shown */
};

#define AT(field) offsetof(struct options, field)

// clang-format off
static const struct option_row rows[] = {
    {NULL, OPTION_HEADING, 0, NULL, "What is read"},
    {"--log",         OPTION_LOG,    0,               "FILE",
     "an access log, with what logrotate made of it (FILE.1, FILE.2.gz); several can be\n"
     "given"},
    {"--format",      OPTION_TEXT,   AT(format),      "FORMAT",
     "combined, common, viewbovis, json, nginx's log_format as text, or\n"
     "nginx.conf[:NAME]; without it each line is looked at on its own"},
    {"--day",         OPTION_DAY,    0,               "DAY",
     "today (as the clock here has it), YYYY-mm-dd, or all; a line's own time and zone\n"
     "decide"},
    {"--date",        OPTION_DAY,    0,               "DAY", NULL},
    {"--state",       OPTION_TEXT,   AT(state),       "FILE",
     "remember there what was read, and read only what is new"},

    {NULL, OPTION_HEADING, 0, NULL, "What is counted"},
    {"--route",       OPTION_ROUTE,  0,               "ROUTE",
     "/path exactly, '/path/*' what begins so, '~REGEX'; 'GET,POST /path 2xx,304' only\n"
     "such; without any, every path that was requested"},

    {NULL, OPTION_HEADING, 0, NULL, "What is written"},
    {"--out",         OPTION_TEXT,   AT(out),         "PLACE",
     "a folder, for files NAME_YYYY-mm-dd.json; or a file, in whose name %Y-%m-%d and\n"
     "the like of strftime stand for the day; each is replaced as a whole"},
    {"--name",        OPTION_TEXT,   AT(name),        "NAME",
     "of the files in a folder (the first log's, without .log)"},
    {"--report",      OPTION_REPORT, 0,               "KIND",
     "json, text or html; several with commas, for a folder"},
    {"--compat",      OPTION_COMPAT, 0,               "WHOM",
     "viewbovis: nothing but paths and numbers, {\"/\": 3, \"/sample\": 0}"},
    {"--json-stdout", OPTION_FLAG,   AT(json_stdout), NULL,
     "write to standard output, too (where all goes without --out)"},
    {"--quiet",       OPTION_FLAG,   AT(quiet),       NULL,
     "no summary for people"},
    {"--help",        OPTION_FLAG,   AT(help),        NULL, "this text"},
    {"--version",     OPTION_FLAG,   AT(version),     NULL, "the version"},
};

static const struct { const char *name, *suffix; } outputs[] = {
    [OUTPUT_JSON] = {"json", "json"},
    [OUTPUT_TEXT] = {"text", "txt"},
    [OUTPUT_HTML] = {"html", "html"},
};
// clang-format on
enum { ROW_COUNT = sizeof rows / sizeof *rows };
_Static_assert(sizeof outputs / sizeof *outputs == OUTPUT_KINDS, "each kind has a name");

const char *output_suffix(enum output_kind kind)
{
    return outputs[kind].suffix;
}

static const struct option_row *find_row(const char *name, size_t len)
{
    for (size_t i = 0; i < ROW_COUNT; i++) {
        if (rows[i].name && strlen(rows[i].name) == len && memcmp(rows[i].name, name, len) == 0)
            return &rows[i];
    }
    return NULL;
}

// --- values --------------------------------------------------------------------------------------

static int add_log(struct options *o, const char *path, struct err *e)
{
    if (o->log_count == OPTIONS_LOGS_MAX)
        return err_set(e, -EINVAL, "--log: at most %d logs can be given", OPTIONS_LOGS_MAX);
    o->logs[o->log_count++] = path;
    return 0;
}

static int add_route(struct options *o, const char *text, struct err *e)
{
    if (o->route_count == OPTIONS_ROUTES_MAX)
        return err_set(e, -EINVAL, "--route: at most %d can be given", OPTIONS_ROUTES_MAX);
    o->routes[o->route_count++] = text;
    return 0;
}

static int set_day(struct options *o, const struct option_row *row, const char *text, int32_t today,
                   struct err *e)
{
    o->days = strcmp(text, "all") == 0 ? DAYS_ALL : DAYS_ONE;
    o->day = today;
    if (o->days == DAYS_ALL || strcmp(text, "today") == 0)
        return 0;
    if (day_parse(text, &o->day, NULL) < 0)
        return err_set(e, -EINVAL, "%s: '%s' is no day; write YYYY-mm-dd, today or all", row->name,
                       text);
    return 0;
}

/* The kind of that name, or OUTPUT_KINDS. */
static enum output_kind find_output(const char *name, size_t len)
{
    unsigned kind = 0;
    while (kind < OUTPUT_KINDS &&
           (strlen(outputs[kind].name) != len || memcmp(outputs[kind].name, name, len) != 0))
        kind++;
    return (enum output_kind)kind;
}

static int set_report(struct options *o, const char *text, struct err *e)
{
    unsigned bits = 0;
    for (const char *at = text;; at++) {
        size_t len = strcspn(at, ",");
        enum output_kind kind = find_output(at, len);
        if (kind == OUTPUT_KINDS)
            return err_set(e, -EINVAL, "--report: '%s' is not json, text or html, or some of them",
                           text);
        bits |= 1U << kind;
        at += len;
        if (*at == '\0')
            break;
    }
    o->outputs = bits;
    return 0;
}

static int set_compat(struct options *o, const char *text, struct err *e)
{
    if (strcmp(text, "viewbovis") != 0)
        return err_set(e, -EINVAL, "--compat: '%s' is not viewbovis", text);
    o->compat = COMPAT_VIEWBOVIS;
    return 0;
}

static int set_option(struct options *o, const struct option_row *row, const char *value,
                      int32_t today, struct err *e)
{
    void *field = (char *)o + row->offset;
    if (row->type != OPTION_FLAG && *value == '\0')
        return err_set(e, -EINVAL, "%s must not be empty", row->name);
    switch (row->type) {
    case OPTION_HEADING:
        break;
    case OPTION_FLAG:
        *(bool *)field = true;
        return 0;
    case OPTION_TEXT:
        *(const char **)field = value;
        return 0;
    case OPTION_LOG:
        return add_log(o, value, e);
    case OPTION_ROUTE:
        return add_route(o, value, e);
    case OPTION_DAY:
        return set_day(o, row, value, today, e);
    case OPTION_REPORT:
        return set_report(o, value, e);
    case OPTION_COMPAT:
        return set_compat(o, value, e);
    }
    return -EINVAL;
}

// --- the line ------------------------------------------------------------------------------------

static int no_such_option(const char *text, struct err *e)
{
    const char *near = NULL;
    unsigned best = 3;
    for (size_t i = 0; i < ROW_COUNT; i++) {
        unsigned edits = rows[i].help && rows[i].name ? parse_distance(text, rows[i].name) : best;
        if (edits < best) {
            best = edits;
            near = rows[i].name;
        }
    }
    if (near != NULL)
        return err_set(e, -EINVAL, "unknown option '%s', did you mean %s? --help lists them", text,
                       near);
    return err_set(e, -EINVAL, "unknown option '%s'; --help lists them", text);
}

/* Takes argv[*i] and, if the option wants one and has no =, the argument after it. */
static int take_option(struct options *o, char **argv, int *i, int32_t today, struct err *e)
{
    const char *text = argv[*i];
    const char *eq = strchrnul(text, '=');
    const struct option_row *row = find_row(text, (size_t)(eq - text));
    if (row == NULL)
        return no_such_option(text, e);
    if (row->type == OPTION_FLAG)
        return *eq ? err_set(e, -EINVAL, "%s takes no value", row->name)
                   : set_option(o, row, "", today, e);
    if (*eq)
        return set_option(o, row, eq + 1, today, e);
    if (argv[*i + 1] == NULL)
        return err_set(e, -EINVAL, "%s needs a value", row->name);
    *i += 1;
    return set_option(o, row, argv[*i], today, e);
}

static int check_together(const struct options *o, struct err *e)
{
    if (o->log_count == 0)
        return err_set(e, -EINVAL, "no log was given; --log FILE names one");
    if (o->compat != COMPAT_NONE && o->outputs != 1U << OUTPUT_JSON)
        return err_set(e, -EINVAL, "--compat viewbovis is a shape of JSON; leave --report out");
    if (o->name != NULL && strchr(o->name, '/') != NULL)
        return err_set(e, -EINVAL, "--name: '%s' is a path; --out names the folder", o->name);
    if (o->name != NULL && o->out == NULL)
        return err_set(e, -EINVAL, "--name is for the files in a folder; --out names it");
    return 0;
}

int options_parse(struct options *o, int argc, char **argv, int32_t today, struct err *e)
{
    *o = (struct options){.format = "auto", .day = today, .outputs = 1U << OUTPUT_JSON};
    for (int i = 1; i < argc; i++) {
        if (argv[i][0] != '-')
            return err_set(e, -EINVAL, "'%s' is no option; logs are given with --log", argv[i]);
        int rc = take_option(o, argv, &i, today, e);
        if (rc < 0)
            return rc;
    }
    return o->help || o->version ? 0 : check_together(o, e);
}

// --- help ----------------------------------------------------------------------------------------

/* The lines of a help text stand below each other. */
static void help_row(struct buf *out, const struct option_row *row)
{
    size_t from = out->len;
    if (row->name == NULL) {
        buf_printf(out, "\n%s:\n", row->help);
        return;
    }
    buf_printf(out, "  %s%s%s", row->name, row->argument ? " " : "",
               row->argument ? row->argument : "");
    for (const char *at = row->help;; at++) {
        do
            buf_char(out, ' ');
        while (out->len - from < HELP_COLUMN);
        size_t len = strcspn(at, "\n");
        buf_append(out, at, len);
        buf_char(out, '\n');
        from = out->len;
        at += len;
        if (*at == '\0')
            break;
    }
}

void options_help(struct buf *out)
{
    buf_text(out, "usage: mainstay-traffic --log FILE ... [options]\n"
                  "Counts the requests in access logs, route by route and day by day.\n");
    for (size_t i = 0; i < ROW_COUNT; i++) {
        if (rows[i].help != NULL)
            help_row(out, &rows[i]);
    }
    buf_text(out,
             "\nExit codes: 0 done, 1 a log could not be read or a result not be written (the\n"
             "old one stays), 2 wrong usage. See mainstay-traffic(1).\n");
}
