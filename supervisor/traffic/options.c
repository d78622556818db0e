#include "traffic/options.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "base/option.h"
#include "traffic/day.h"

enum { HELP_COLUMN = 22 };

// clang-format off
static const struct { const char *name, *suffix; } outputs[] = {
    [OUTPUT_JSON] = {"json", "json"},
    [OUTPUT_TEXT] = {"text", "txt"},
    [OUTPUT_HTML] = {"html", "html"},
};
// clang-format on
_Static_assert(sizeof outputs / sizeof *outputs == OUTPUT_KINDS, "each kind has a name");

const char *output_suffix(enum output_kind kind)
{
    return outputs[kind].suffix;
}

// --- values --------------------------------------------------------------------------------------

static int add_log(void *to, const struct option_row *row, const char *path, struct err *e)
{
    struct options *o = to;
    if (o->log_count == OPTIONS_LOGS_MAX)
        return err_set(e, -EINVAL, "%s: at most %d logs can be given", row->name, OPTIONS_LOGS_MAX);
    o->logs[o->log_count++] = path;
    return 0;
}

static int add_route(void *to, const struct option_row *row, const char *text, struct err *e)
{
    struct options *o = to;
    if (o->route_count == OPTIONS_ROUTES_MAX)
        return err_set(e, -EINVAL, "%s: at most %d can be given", row->name, OPTIONS_ROUTES_MAX);
    o->routes[o->route_count++] = text;
    return 0;
}

static int set_day(void *to, const struct option_row *row, const char *text, struct err *e)
{
    struct options *o = to;
    o->days = strcmp(text, "all") == 0 ? DAYS_ALL : DAYS_ONE;
    o->day = o->today;
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

static int set_report(void *to, const struct option_row *row, const char *text, struct err *e)
{
    struct options *o = to;
    unsigned bits = 0;
    for (const char *at = text;; at++) {
        size_t len = strcspn(at, ",");
        enum output_kind kind = find_output(at, len);
        if (kind == OUTPUT_KINDS)
            return err_set(e, -EINVAL, "%s: '%s' is not json, text or html, or some of them",
                           row->name, text);
        bits |= 1U << kind;
        at += len;
        if (*at == '\0')
            break;
    }
    o->outputs = bits;
    return 0;
}

static int set_compat(void *to, const struct option_row *row, const char *text, struct err *e)
{
    struct options *o = to;
    if (strcmp(text, "viewbovis") != 0)
        return err_set(e, -EINVAL, "%s: '%s' is not viewbovis", row->name, text);
    o->compat = COMPAT_VIEWBOVIS;
    return 0;
}

// --- the table -----------------------------------------------------------------------------------

#define AT(field) offsetof(struct options, field)

// clang-format off
static const struct option_row rows[] = {
    {.help = "What is read"},
    {"--log",         "FILE",   add_log,     0,
     "an access log, with what logrotate made of it (FILE.1, FILE.2.gz); several can be\n"
     "given"},
    {"--format",      "FORMAT", option_text, AT(format),
     "combined, common, viewbovis, json, nginx's log_format as text, or\n"
     "nginx.conf[:NAME]; without it each line is looked at on its own"},
    {"--day",         "DAY",    set_day,     0,
     "today (as the clock here has it), YYYY-mm-dd, or all; a line's own time and zone\n"
     "decide"},
    {"--date",        "DAY",    set_day,     0, NULL},
    {"--state",       "FILE",   option_text, AT(state),
     "remember there what was read, and read only what is new"},

    {.help = "What is counted"},
    {"--route",       "ROUTE",  add_route,   0,
     "/path exactly, '/path/*' what begins so, '~REGEX'; 'GET,POST /path 2xx,304' only\n"
     "such; without any, every path that was requested"},

    {.help = "What is written"},
    {"--out",         "PLACE",  option_text, AT(out),
     "a folder, for files NAME_YYYY-mm-dd.json; or a file, in whose name %Y-%m-%d and\n"
     "the like of strftime stand for the day; each is replaced as a whole"},
    {"--name",        "NAME",   option_text, AT(name),
     "of the files in a folder (the first log's, without .log)"},
    {"--report",      "KIND",   set_report,  0,
     "json, text or html; several with commas, for a folder"},
    {"--compat",      "WHOM",   set_compat,  0,
     "viewbovis: nothing but paths and numbers, {\"/\": 3, \"/sample\": 0}"},
    {"--json-stdout", NULL,     option_flag, AT(json_stdout),
     "write to standard output, too (where all goes without --out)"},
    {"--quiet",       NULL,     option_flag, AT(quiet),
     "no summary for people"},
    {"--help",        NULL,     option_flag, AT(help), "this text"},
    {"-h",            NULL,     option_flag, AT(help), NULL},
    {"--version",     NULL,     option_flag, AT(version), "the version"},
};
// clang-format on
static const struct option_table table = {rows, sizeof rows / sizeof *rows, HELP_COLUMN};

static int no_option(void *to, const char *word, struct err *e)
{
    (void)to;
    return err_set(e, -EINVAL, "'%s' is no option; logs are given with --log", word);
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

int options_parse(struct options *o, char **argv, int32_t today, struct err *e)
{
    *o = (struct options){
        .format = "auto", .day = today, .today = today, .outputs = 1U << OUTPUT_JSON};
    int rc = option_parse(&table, o, argv, no_option, e);
    return rc < 0 || o->help || o->version ? rc : check_together(o, e);
}

void options_help(struct buf *out)
{
    buf_text(out, "usage: mainstay-traffic --log FILE ... [options]\n"
                  "Counts the requests in access logs, route by route and day by day.\n");
    option_help(&table, out);
    buf_text(out,
             "\nExit codes: 0 done, 1 a log could not be read or a result not be written (the\n"
             "old one stays), 2 wrong usage. See mainstay-traffic(1).\n");
}
