#include "sync/arguments.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "base/fd.h"
#include "base/parse.h"

enum { HELP_COLUMN = 28, FILTER_FILE_MAX = 1 << 20 };

enum option_type {
    OPTION_HEADING, /* no option: the help of those after it */
    OPTION_FLAG,
    OPTION_TEXT,
    OPTION_NUMBER,
    OPTION_TIME,
    OPTION_RATE,
    OPTION_CHOICE,
    OPTION_WORD,   /* one of the choices, as text; without a value the first */
    OPTION_SWITCH, /* no value: sets an enum to `min` */
    OPTION_INCLUDE,
    OPTION_EXCLUDE,
    OPTION_RULE,
    OPTION_RULES, /* a file of them */
};

struct option_row {
    const char *name;
    enum option_type type;
    size_t offset;
    const char *argument;       /* as --help shows it; NULL: none */
    int64_t min, max;           /* OPTION_NUMBER; ms for OPTION_TIME, bytes for OPTION_RATE */
    const char *const *choices; /* in the order of the enum; ends in NULL */
    const char *help;           /* NULL: another tool's name for the row before; not shown */
};

static const char *const styles[] = {"auto", "path", "virtual", NULL};
static const char *const publishes[] = {"atomic", "inplace", NULL};
static const char *const bad_keys[] = {"report", "ignore", "fail", NULL};
static const char *const sses[] = {"AES256", "aws:kms", "aws:kms:dsse", NULL};
static const char *const payers[] = {"requester", NULL};

#define AT(field) offsetof(struct arguments, field)

// clang-format off
static const struct option_row rows[] = {
    {NULL, OPTION_HEADING, 0, NULL, 0, 0, NULL, "What"},
    {"--include",         OPTION_INCLUDE, 0, "PATTERN", 0, 0, NULL,
     "take what matches; the last match of --include and --exclude decides"},
    {"--exclude",         OPTION_EXCLUDE, 0, "PATTERN", 0, 0, NULL,
     "leave out what matches, here and there; * matches slashes too"},
    {"--filter",          OPTION_RULE,    0, "RULE", 0, 0, NULL,
     "\"+ PATTERN\" or \"- PATTERN\": the first match decides; ** matches slashes"},
    {"--filter-from",     OPTION_RULES,   0, "FILE", 0, 0, NULL,
     "such rules, one a line"},
    {"--size-only",       OPTION_FLAG,    AT(size_only), NULL, 0, 0, NULL,
     "what has the same size is the same"},
    {"--checksum",        OPTION_FLAG,    AT(checksum), NULL, 0, 0, NULL,
     "read what has the same size, compare the content"},
    {"--delete",          OPTION_FLAG,    AT(delete), NULL, 0, 0, NULL,
     "remove from the target what the source does not have"},
    {"--allow-empty",     OPTION_FLAG,    AT(allow_empty), NULL, 0, 0, NULL,
     "accept a source without objects"},
    {"--bad-keys",        OPTION_CHOICE,  AT(bad_keys), "HOW", 0, 0, bad_keys,
     "those that are no file names: report (skip, exit code 7), ignore or fail"},
    {"--dry-run",         OPTION_FLAG,    AT(dry), NULL, 0, 0, NULL,
     "say what would be done, change nothing"},
    {"--dryrun",          OPTION_FLAG,    AT(dry), NULL, 0, 0, NULL, NULL},

    {NULL, OPTION_HEADING, 0, NULL, 0, 0, NULL, "The target"},
    {"--publish",         OPTION_CHOICE,  AT(publish), "HOW", 0, 0, publishes,
     "atomic: readers see all of the old or all of the new; inplace: file by file"},
    {"--rollback",        OPTION_FLAG,    AT(rollback), NULL, 0, 0, NULL,
     "show the version before again: mainstay-sync --rollback TARGET"},

    {NULL, OPTION_HEADING, 0, NULL, 0, 0, NULL, "The server"},
    {"--endpoint",        OPTION_TEXT,    AT(endpoint), "URL", 0, 0, NULL,
     "S3 server; else AWS_ENDPOINT_URL_S3, AWS_ENDPOINT_URL, the profile, AWS"},
    {"--endpoint-url",    OPTION_TEXT,    AT(endpoint), "URL", 0, 0, NULL, NULL},
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
    {"--ca-bundle",       OPTION_TEXT,    AT(ca_file), "FILE", 0, 0, NULL, NULL},
    {"--request-payer",   OPTION_WORD,    AT(request_payer), NULL, 0, 0, payers,
     "pay for what is read from somebody else's bucket"},
    {"--sse",             OPTION_WORD,    AT(sse), "HOW", 0, 0, sses,
     "the server is to encrypt uploads: AES256, aws:kms or aws:kms:dsse"},
    {"--sse-kms-key-id",  OPTION_TEXT,    AT(sse_kms_key_id), "ID", 0, 0, NULL,
     "with this key of KMS"},
    {"--sse-c-key-file",  OPTION_TEXT,    AT(sse_c_key_file), "FILE", 0, 0, NULL,
     "objects are encrypted with this key of ours: 32 bytes, or their base64"},

    {NULL, OPTION_HEADING, 0, NULL, 0, 0, NULL, "Speed and patience"},
    {"--concurrency",     OPTION_NUMBER,  AT(concurrency), "N", 1, 256, NULL,
     "requests at a time (16)"},
    {"--bwlimit",         OPTION_RATE,    AT(bytes_per_second), "RATE", 1 << 10, 1LL << 50, NULL,
     "bytes a second at most, such as 500K or 10M"},
    {"--tries",           OPTION_NUMBER,  AT(tries), "N", 1, 20, NULL,
     "for each request (3)"},
    {"--stall-timeout",   OPTION_TIME,    AT(stall_ms), "TIME", 1000, 3600000, NULL,
     "without a byte (30s)"},
    {"--connect-timeout", OPTION_TIME,    AT(connect_ms), "TIME", 100, 600000, NULL,
     "for a connection (10s)"},

    {NULL, OPTION_HEADING, 0, NULL, 0, 0, NULL, "What is said"},
    {"--progress",        OPTION_SWITCH,  AT(progress), NULL, PROGRESS_ALWAYS, 0, NULL,
     "say how far it is, also where there is no terminal"},
    {"--no-progress",     OPTION_SWITCH,  AT(progress), NULL, PROGRESS_NEVER, 0, NULL,
     "do not"},
    {"--json",            OPTION_FLAG,    AT(json), NULL, 0, 0, NULL,
     "print events and the result as lines of JSON"},
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
        if (rows[i].name && strlen(rows[i].name) == len && memcmp(rows[i].name, name, len) == 0)
            return &rows[i];
    }
    return NULL;
}

static const char *nearest(const char *name)
{
    const char *best = NULL;
    unsigned best_edits = 4;
    for (size_t i = 0; i < ROW_COUNT; i++) {
        unsigned edits = rows[i].help && rows[i].name ? parse_distance(name, rows[i].name) : 4;
        if (edits < best_edits) {
            best_edits = edits;
            best = rows[i].name;
        }
    }
    return best;
}

// --- values --------------------------------------------------------------------------------------

/* "10M", also "10M/s". */
static int parse_rate(const char *value, int64_t *out, struct err *e)
{
    char text[32];
    size_t len = strlen(value);
    if (len > 2 && strcmp(value + len - 2, "/s") == 0)
        len -= 2;
    if (len < sizeof text) {
        memcpy(text, value, len);
        text[len] = '\0';
        if (parse_memory(text, out, NULL) == 0)
            return 0;
    }
    return err_set(e, -EINVAL, "'%s' is no number of bytes a second: write 500K or 10M", value);
}

static int set_number(const struct option_row *row, const char *value, int64_t *out, struct err *e)
{
    int64_t n = 0;
    int rc = row->type == OPTION_TIME   ? parse_duration(value, &n, e)
             : row->type == OPTION_RATE ? parse_rate(value, &n, e)
                                        : parse_int(value, &n, e);
    if (rc < 0)
        return err_prefix(e, -EINVAL, "%s", row->name);
    if (n < row->min || n > row->max)
        return err_set(e, -EINVAL, "%s: %s is out of range", row->name, value);
    *out = n;
    return 0;
}

/* Its place among the choices, or -1. */
static int find_choice(const struct option_row *row, const char *value)
{
    for (int i = 0; row->choices[i]; i++) {
        if (strcmp(row->choices[i], value) == 0)
            return i;
    }
    return -1;
}

static int bad_choice(const struct option_row *row, const char *value, struct err *e)
{
    return err_set(e, -EINVAL, "%s: '%s' is not one of its choices: %s", row->name, value,
                   row->help);
}

static void set_enum(void *out, unsigned value)
{
    memcpy(out, &value, sizeof value);
}
_Static_assert(sizeof(enum s3_style) == sizeof(unsigned), "a choice is stored as unsigned");
_Static_assert(sizeof(enum publish_mode) == sizeof(unsigned), "a choice is stored as unsigned");
_Static_assert(sizeof(enum bad_keys) == sizeof(unsigned), "a choice is stored as unsigned");
_Static_assert(sizeof(enum progress) == sizeof(unsigned), "a choice is stored as unsigned");

static int add_rules(struct filter *f, const char *path, struct err *e)
{
    struct buf text = BUF_EMPTY;
    int rc = fd_read_file(path, FILTER_FILE_MAX, &text, e);
    if (rc == 0 && memchr(buf_str(&text), '\0', text.len))
        rc = err_set(e, -EINVAL, "%s is no text", path);
    else if (rc == 0 && (rc = filter_add_lines(f, buf_str(&text), e)) < 0)
        rc = err_prefix(e, rc, "%s", path);
    buf_close(&text);
    return rc < 0 ? -EINVAL : 0;
}

static int set_filter(struct arguments *o, const struct option_row *row, const char *value,
                      struct err *e)
{
    struct filter *f = &o->filter;
    int rc = row->type == OPTION_RULES  ? add_rules(f, value, e)
             : row->type == OPTION_RULE ? filter_add_rule(f, value, e)
                                        : filter_add(f, row->type == OPTION_INCLUDE, value, e);
    return rc < 0 ? err_prefix(e, rc, "%s", row->name) : 0;
}

static int set_option(struct arguments *o, const struct option_row *row, const char *value,
                      struct err *e)
{
    void *field = (char *)o + row->offset;
    int choice = row->choices ? find_choice(row, value) : 0;
    if (choice < 0)
        return bad_choice(row, value, e);
    switch (row->type) {
    case OPTION_HEADING:
        break;
    case OPTION_FLAG:
        *(bool *)field = true;
        return 0;
    case OPTION_TEXT:
        if (!*value)
            return err_set(e, -EINVAL, "%s must not be empty", row->name);
        *(const char **)field = value;
        return 0;
    case OPTION_WORD:
        *(const char **)field = value;
        return 0;
    case OPTION_NUMBER:
    case OPTION_TIME:
    case OPTION_RATE:
        return set_number(row, value, field, e);
    case OPTION_CHOICE:
        set_enum(field, (unsigned)choice);
        return 0;
    case OPTION_SWITCH:
        set_enum(field, (unsigned)row->min);
        return 0;
    case OPTION_INCLUDE:
    case OPTION_EXCLUDE:
    case OPTION_RULE:
    case OPTION_RULES:
        return set_filter(o, row, value, e);
    }
    return -EINVAL;
}

// --- the line ------------------------------------------------------------------------------------

static int no_such_option(const char *text, struct err *e)
{
    const char *near = nearest(text);
    return err_set(e, -EINVAL, "there is no option %s%s%s%s", text, near ? " (did you mean " : "",
                   near ? near : "", near ? "?)" : "");
}

/* Takes argv[*i] and, if the option wants one and has no =, the argument after it. */
static int take_option(struct arguments *o, int argc, char **argv, int *i, struct err *e)
{
    const char *text = argv[*i];
    const char *eq = strchrnul(text, '=');
    const char *after = *i + 1 < argc ? argv[*i + 1] : NULL;
    const struct option_row *row = find_row(text, (size_t)(eq - text));
    if (!row)
        return no_such_option(text, e);
    if (row->type == OPTION_FLAG || row->type == OPTION_SWITCH)
        return *eq ? err_set(e, -EINVAL, "%s takes no value", row->name)
                   : set_option(o, row, "", e);
    if (*eq)
        return set_option(o, row, eq + 1, e);
    if (row->type == OPTION_WORD && (!after || find_choice(row, after) < 0))
        return set_option(o, row, row->choices[0], e);
    if (!after)
        return err_set(e, -EINVAL, "%s needs a value: %s", row->name, row->argument);
    *i += 1;
    return set_option(o, row, after, e);
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

static bool is_s3(const char *name)
{
    return strncmp(name, "s3://", 5) == 0;
}

static int check_rollback(struct arguments *o, struct err *e)
{
    if (!o->source || o->target || is_s3(o->source))
        return err_set(e, -EINVAL, "--rollback wants the target folder and nothing else");
    o->target = o->source;
    o->source = NULL;
    return 0;
}

static int check_names(struct arguments *o, struct err *e)
{
    if (o->rollback)
        return check_rollback(o, e);
    if (!o->target)
        return err_set(e, -EINVAL, "a source (s3://bucket/prefix) and a target folder are needed");
    o->upload = is_s3(o->target);
    if (is_s3(o->source) && o->upload)
        return err_set(e, -EINVAL,
                       "from one S3 place to another is not possible: fetch to a "
                       "folder, then send that");
    if (!is_s3(o->source) && !o->upload)
        return err_set(e, -EINVAL,
                       "one of source and target must be s3://bucket/prefix; '%s' and "
                       "'%s' are both local",
                       o->source, o->target);
    return 0;
}

static int check_together(const struct arguments *o, struct err *e)
{
    if (o->size_only && o->checksum)
        return err_set(e, -EINVAL, "--size-only and --checksum contradict each other");
    if (o->sse_c_key_file && (o->sse || o->sse_kms_key_id))
        return err_set(e, -EINVAL, "--sse-c-key-file and --sse contradict each other");
    if (o->sse_kms_key_id && (!o->sse || strncmp(o->sse, "aws:kms", 7) != 0))
        return err_set(e, -EINVAL, "--sse-kms-key-id is only for --sse aws:kms");
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
    if (rc == 0 && !o->help && !o->version)
        rc = check_names(o, e);
    if (rc == 0 && !o->help && !o->version)
        rc = check_together(o, e);
    if (rc < 0)
        arguments_close(o);
    return rc;
}

void arguments_close(struct arguments *o)
{
    filter_close(&o->filter);
}

// --- help ----------------------------------------------------------------------------------------

static void help_row(struct buf *out, const struct option_row *row)
{
    size_t from = out->len;
    if (!row->name) {
        buf_printf(out, "\n%s:\n", row->help);
        return;
    }
    buf_printf(out, "  %s%s%s", row->name, row->argument ? " " : "",
               row->argument ? row->argument : "");
    do
        buf_char(out, ' ');
    while (out->len - from < HELP_COLUMN);
    buf_printf(out, "%s\n", row->help);
}

void arguments_help(struct buf *out)
{
    buf_text(out,
             "usage: mainstay-sync [options] s3://BUCKET/PREFIX TARGET\n"
             "       mainstay-sync [options] FOLDER s3://BUCKET/PREFIX\n"
             "       mainstay-sync --rollback TARGET\n"
             "Makes the folder TARGET hold the objects under PREFIX, or the other way round.\n");
    for (size_t i = 0; i < ROW_COUNT; i++) {
        if (rows[i].help)
            help_row(out, &rows[i]);
    }
    buf_text(out,
             "\nKeys come from --env-file, the environment, a profile of ~/.aws/credentials or\n"
             "~/.aws/config, or the machine that this runs on; see mainstay-sync(1).\n"
             "Exit codes: 0 done, 1 an object failed, 2 usage, 3 denied, 4 not found, 5 server or\n"
             "network, 6 local file, 7 done but keys skipped, 8 busy, 9 disk full, 130 and 143\n"
             "stopped by SIGINT and SIGTERM.\n");
}
