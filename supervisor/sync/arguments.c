#include "sync/arguments.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "base/parse.h"

enum { HELP_COLUMN = 26 };

enum option_type {
    OPTION_FLAG,
    OPTION_TEXT,
    OPTION_NUMBER,
    OPTION_TIME,
    OPTION_CHOICE,
    OPTION_INCLUDE,
    OPTION_EXCLUDE,
};

struct option_row {
    const char *name;
    enum option_type type;
    size_t offset;
    const char *argument;       /* as --help shows it; NULL: none */
    int64_t min, max;           /* OPTION_NUMBER; ms for OPTION_TIME */
    const char *const *choices; /* OPTION_CHOICE: in the order of the enum; ends in NULL */
    const char *help;
};

static const char *const styles[] = {"auto", "path", "virtual", NULL};
static const char *const publishes[] = {"atomic", "inplace", NULL};

#define AT(field) offsetof(struct arguments, field)

// clang-format off
static const struct option_row rows[] = {
    {"--endpoint",        OPTION_TEXT,    AT(endpoint), "URL", 0, 0, NULL,
     "S3 server; else AWS_ENDPOINT_URL_S3, AWS_ENDPOINT_URL, the profile, AWS"},
    {"--region",          OPTION_TEXT,    AT(region), "NAME", 0, 0, NULL,
     "else AWS_REGION, AWS_DEFAULT_REGION, the profile, us-east-1"},
    {"--profile",         OPTION_TEXT,    AT(profile), "NAME", 0, 0, NULL,
     "profile of the AWS files, before keys of the environment"},
    {"--env-file",        OPTION_TEXT,    AT(env_file), "FILE", 0, 0, NULL,
     "NAME=value lines that go before the environment: keys, region, endpoint"},
    {"--no-sign-request", OPTION_FLAG,    AT(anonymous), NULL, 0, 0, NULL,
     "ask without credentials"},
    {"--style",           OPTION_CHOICE,  AT(style), "STYLE", 0, 0, styles,
     "auto, path (host/bucket) or virtual (bucket.host)"},
    {"--ca-file",         OPTION_TEXT,    AT(ca_file), "FILE", 0, 0, NULL,
     "certificates to trust; else AWS_CA_BUNDLE, the system's"},
    {"--publish",         OPTION_CHOICE,  AT(publish), "HOW", 0, 0, publishes,
     "atomic: readers see all of the old or all of the new; inplace: file by file"},
    {"--delete",          OPTION_FLAG,    AT(delete), NULL, 0, 0, NULL,
     "remove files that the source does not have"},
    {"--allow-empty",     OPTION_FLAG,    AT(allow_empty), NULL, 0, 0, NULL,
     "accept a source without objects"},
    {"--include",         OPTION_INCLUDE, 0, "PATTERN", 0, 0, NULL,
     "fetch what matches; the last match of --include and --exclude decides"},
    {"--exclude",         OPTION_EXCLUDE, 0, "PATTERN", 0, 0, NULL,
     "leave out what matches, here and there; * matches slashes too"},
    {"--concurrency",     OPTION_NUMBER,  AT(concurrency), "N", 1, 256, NULL,
     "requests at a time (16)"},
    {"--tries",           OPTION_NUMBER,  AT(tries), "N", 1, 20, NULL,
     "for each request (3)"},
    {"--stall-timeout",   OPTION_TIME,    AT(stall_ms), "TIME", 1000, 3600000, NULL,
     "without a byte (30s)"},
    {"--connect-timeout", OPTION_TIME,    AT(connect_ms), "TIME", 100, 600000, NULL,
     "for a connection (10s)"},
    {"--dry-run",         OPTION_FLAG,    AT(dry), NULL, 0, 0, NULL,
     "say what would be done, change nothing"},
    {"--json",            OPTION_FLAG,    AT(json), NULL, 0, 0, NULL,
     "print the result as one line of JSON"},
    {"--quiet",           OPTION_FLAG,    AT(quiet), NULL, 0, 0, NULL,
     "print errors only"},
    {"--help",            OPTION_FLAG,    AT(help), NULL, 0, 0, NULL,
     "this text"},
    {"--version",         OPTION_FLAG,    AT(version), NULL, 0, 0, NULL,
     "the version"},
};
// clang-format on
enum { ROW_COUNT = sizeof rows / sizeof *rows };

static const struct option_row *find_row(const char *name, size_t len)
{
    for (size_t i = 0; i < ROW_COUNT; i++) {
        if (strlen(rows[i].name) == len && memcmp(rows[i].name, name, len) == 0)
            return &rows[i];
    }
    return NULL;
}

static const char *nearest(const char *name)
{
    const char *best = NULL;
    unsigned best_edits = 4;
    for (size_t i = 0; i < ROW_COUNT; i++) {
        unsigned edits = parse_distance(name, rows[i].name);
        if (edits < best_edits) {
            best_edits = edits;
            best = rows[i].name;
        }
    }
    return best;
}

static int set_number(const struct option_row *row, const char *value, int64_t *out, struct err *e)
{
    int64_t n = 0;
    int rc = row->type == OPTION_TIME ? parse_duration(value, &n, e) : parse_int(value, &n, e);
    if (rc < 0)
        return err_prefix(e, -EINVAL, "%s", row->name);
    if (n < row->min || n > row->max)
        return err_set(e, -EINVAL, "%s: %s is out of range", row->name, value);
    *out = n;
    return 0;
}

static int set_choice(const struct option_row *row, const char *value, void *out, struct err *e)
{
    for (int i = 0; row->choices[i]; i++) {
        if (strcmp(row->choices[i], value) == 0) {
            memcpy(out, &(unsigned){(unsigned)i}, sizeof(unsigned));
            return 0;
        }
    }
    return err_set(e, -EINVAL, "%s: '%s' is not one of its choices: %s", row->name, value,
                   row->help);
}
_Static_assert(sizeof(enum s3_style) == sizeof(unsigned), "a choice is stored as unsigned");
_Static_assert(sizeof(enum publish_mode) == sizeof(unsigned), "a choice is stored as unsigned");

static int set_option(struct arguments *o, const struct option_row *row, const char *value,
                      struct err *e)
{
    void *field = (char *)o + row->offset;
    switch (row->type) {
    case OPTION_FLAG:
        *(bool *)field = true;
        return 0;
    case OPTION_TEXT:
        if (!*value)
            return err_set(e, -EINVAL, "%s must not be empty", row->name);
        *(const char **)field = value;
        return 0;
    case OPTION_NUMBER:
    case OPTION_TIME:
        return set_number(row, value, field, e);
    case OPTION_CHOICE:
        return set_choice(row, value, field, e);
    case OPTION_INCLUDE:
    case OPTION_EXCLUDE:
        return filter_add(&o->filter, row->type == OPTION_INCLUDE, value, e);
    }
    return -EINVAL;
}

/* Takes argv[*i] and, if the option wants one and has no =, the argument after it. */
static int take_option(struct arguments *o, int argc, char **argv, int *i, struct err *e)
{
    const char *text = argv[*i];
    const char *eq = strchrnul(text, '=');
    const struct option_row *row = find_row(text, (size_t)(eq - text));
    if (!row) {
        const char *near = nearest(text);
        return err_set(e, -EINVAL, "there is no option %s%s%s%s", text,
                       near ? " (did you mean " : "", near ? near : "", near ? "?)" : "");
    }
    if (row->type == OPTION_FLAG)
        return *eq ? err_set(e, -EINVAL, "%s takes no value", row->name)
                   : set_option(o, row, NULL, e);
    if (*eq)
        return set_option(o, row, eq + 1, e);
    if (*i + 1 >= argc)
        return err_set(e, -EINVAL, "%s needs a value: %s", row->name, row->argument);
    *i += 1;
    return set_option(o, row, argv[*i], e);
}

static int take_name(struct arguments *o, const char *name, struct err *e)
{
    if (!*name)
        return err_set(e, -EINVAL, "source and target must not be empty");
    if (!o->source)
        o->source = name;
    else if (!o->target)
        o->target = name;
    else
        return err_set(e, -EINVAL, "there is more than a source and a target: '%s'", name);
    return 0;
}

int arguments_parse(struct arguments *o, int argc, char **argv, struct err *e)
{
    *o = (struct arguments){.concurrency = 16, .tries = 3, .stall_ms = 30000, .connect_ms = 10000};
    bool names_only = false;
    int rc = 0;
    for (int i = 1; rc == 0 && i < argc; i++) {
        if (!names_only && strcmp(argv[i], "--") == 0)
            names_only = true;
        else if (!names_only && argv[i][0] == '-')
            rc = take_option(o, argc, argv, &i, e);
        else
            rc = take_name(o, argv[i], e);
    }
    if (rc == 0 && !o->help && !o->version && !o->target)
        rc = err_set(e, -EINVAL, "a source (s3://bucket/prefix) and a target folder are needed");
    if (rc < 0)
        arguments_close(o);
    return rc;
}

void arguments_close(struct arguments *o)
{
    filter_close(&o->filter);
}

void arguments_help(struct buf *out)
{
    buf_text(out, "usage: mainstay-sync [options] s3://BUCKET/PREFIX TARGET\n"
                  "Makes the folder TARGET hold the objects under PREFIX.\n\n");
    for (size_t i = 0; i < ROW_COUNT; i++) {
        const struct option_row *row = &rows[i];
        size_t from = out->len;
        buf_printf(out, "  %s%s%s", row->name, row->argument ? " " : "",
                   row->argument ? row->argument : "");
        do
            buf_char(out, ' ');
        while (out->len - from < HELP_COLUMN);
        buf_printf(out, "%s\n", row->help);
    }
    buf_text(out,
             "\nKeys come from AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN,\n"
             "the profile in ~/.aws, a role, the container (ECS, EKS) or the machine (EC2).\n"
             "Exit codes: 0 done, 1 an object failed, 2 usage, 3 denied, 4 not found,\n"
             "5 server or network, 6 local file, 7 done but keys skipped, 8 busy.\n");
}
