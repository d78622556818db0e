#include "sync/arguments.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "base/fd.h"
#include "base/option.h"
#include "base/parse.h"

enum { HELP_COLUMN = 28, FILTER_FILE_MAX = 1 << 20 };

static const char *const styles[] = {"auto", "path", "virtual", NULL};
static const char *const publishes[] = {"atomic", "inplace", NULL};
static const char *const bad_keys[] = {"report", "ignore", "fail", NULL};
static const char *const sses[] = {"AES256", "aws:kms", "aws:kms:dsse", NULL};
static const char *const payers[] = {"requester", NULL};

// --- values --------------------------------------------------------------------------------------

/* "10M", also "10M/s". */
static int parse_rate(const char *value, int64_t *out)
{
    char text[32];
    size_t len = strlen(value);
    if (len > 2 && strcmp(value + len - 2, "/s") == 0)
        len -= 2;
    if (len >= sizeof text)
        return -EINVAL;
    memcpy(text, value, len);
    text[len] = '\0';
    return parse_memory(text, out, NULL);
}

static int set_rate(void *to, const struct option_row *row, const char *value, struct err *e)
{
    struct arguments *o = to;
    int64_t bytes;
    if (parse_rate(value, &bytes) < 0)
        return err_set(e, -EINVAL, "%s: '%s' is no number of bytes a second: write 500K or 10M",
                       row->name, value);
    if (bytes < row->min || bytes > row->max)
        return err_set(e, -EINVAL, "%s: %s is out of range: 1K to 1024T", row->name, value);
    o->bytes_per_second = bytes;
    return 0;
}

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

static int named(int rc, const struct option_row *row, struct err *e)
{
    return rc < 0 ? err_prefix(e, rc, "%s", row->name) : 0;
}

static int set_include(void *to, const struct option_row *row, const char *value, struct err *e)
{
    struct arguments *o = to;
    return named(filter_add(&o->filter, true, value, e), row, e);
}

static int set_exclude(void *to, const struct option_row *row, const char *value, struct err *e)
{
    struct arguments *o = to;
    return named(filter_add(&o->filter, false, value, e), row, e);
}

static int set_rule(void *to, const struct option_row *row, const char *value, struct err *e)
{
    struct arguments *o = to;
    return named(filter_add_rule(&o->filter, value, e), row, e);
}

static int set_rules(void *to, const struct option_row *row, const char *value, struct err *e)
{
    struct arguments *o = to;
    return named(add_rules(&o->filter, value, e), row, e);
}

// --- the table -----------------------------------------------------------------------------------

#define AT(field) offsetof(struct arguments, field)

// clang-format off
static const struct option_row rows[] = {
    {.help = "What"},
    {"--include",         "PATTERN", set_include,     0,
     "take what matches; the last match of --include and --exclude decides"},
    {"--exclude",         "PATTERN", set_exclude,     0,
     "leave out what matches, here and there; * matches slashes too"},
    {"--filter",          "RULE",    set_rule,        0,
     "\"+ PATTERN\" or \"- PATTERN\": the first match decides; ** matches slashes"},
    {"--filter-from",     "FILE",    set_rules,       0,
     "such rules, one a line"},
    {"--size-only",       NULL,      option_flag,     AT(size_only),
     "what has the same size is the same"},
    {"--checksum",        NULL,      option_flag,     AT(checksum),
     "read what has the same size, compare the content"},
    {"--delete",          NULL,      option_flag,     AT(delete),
     "remove from the target what the source does not have"},
    {"--allow-empty",     NULL,      option_flag,     AT(allow_empty),
     "accept a source without objects"},
    {"--bad-keys",        "HOW",     option_choice,   AT(bad_keys),
     "those that are no file names: report (skip, exit code 7), ignore or fail", bad_keys},
    {"--dry-run",         NULL,      option_flag,     AT(dry),
     "say what would be done, change nothing"},
    {"--dryrun",          NULL,      option_flag,     AT(dry), NULL},

    {.help = "The target"},
    {"--publish",         "HOW",     option_choice,   AT(publish),
     "atomic: readers see all of the old or all of the new; inplace: file by file", publishes},
    {"--rollback",        NULL,      option_flag,     AT(rollback),
     "show the version before again: mainstay-sync --rollback TARGET"},

    {.help = "The server"},
    {"--endpoint",        "URL",     option_text,     AT(endpoint),
     "S3 server; else AWS_ENDPOINT_URL_S3, AWS_ENDPOINT_URL, the profile, AWS"},
    {"--endpoint-url",    "URL",     option_text,     AT(endpoint), NULL},
    {"--region",          "NAME",    option_text,     AT(region),
     "else AWS_REGION, AWS_DEFAULT_REGION, the profile, us-east-1"},
    {"--profile",         "NAME",    option_text,     AT(profile),
     "profile of the AWS files, before keys of the environment"},
    {"--env-file",        "FILE",    option_text,     AT(env_file),
     "NAME=value lines that go before the environment: keys, region, endpoint"},
    {"--no-sign-request", NULL,      option_flag,     AT(anonymous),
     "ask without credentials"},
    {"--style",           "STYLE",   option_choice,   AT(style),
     "auto, path (host/bucket) or virtual (bucket.host)", styles},
    {"--ca-file",         "FILE",    option_text,     AT(ca_file),
     "certificates to trust; else AWS_CA_BUNDLE, the system's"},
    {"--ca-bundle",       "FILE",    option_text,     AT(ca_file), NULL},
    {"--request-payer",   "[WHO]",   option_one_of,   AT(request_payer),
     "pay for what is read from somebody else's bucket", payers, .optional = true},
    {"--sse",             "[HOW]",   option_one_of,   AT(sse),
     "the server is to encrypt uploads: AES256, aws:kms or aws:kms:dsse", sses, .optional = true},
    {"--sse-kms-key-id",  "ID",      option_text,     AT(sse_kms_key_id),
     "with this key of KMS"},
    {"--sse-c-key-file",  "FILE",    option_text,     AT(sse_c_key_file),
     "objects are encrypted with this key of ours: 32 bytes, or their base64"},

    {.help = "Speed and patience"},
    {"--concurrency",     "N",       option_number,   AT(concurrency),
     "requests at a time (64)", .min = 1, .max = 256},
    {"--bwlimit",         "RATE",    set_rate,        0,
     "bytes a second at most, such as 500K or 10M", .min = 1 << 10, .max = 1LL << 50},
    {"--tries",           "N",       option_number,   AT(tries),
     "for each request (3)", .min = 1, .max = 20},
    {"--stall-timeout",   "TIME",    option_duration, AT(stall_ms),
     "without a byte (30s)", .min = 1000, .max = 3600000},
    {"--connect-timeout", "TIME",    option_duration, AT(connect_ms),
     "for a connection (10s)", .min = 100, .max = 600000},

    {.help = "What is said"},
    {"--progress",        NULL,      option_switch,   AT(progress),
     "say how far it is, also where there is no terminal", .min = PROGRESS_ALWAYS},
    {"--no-progress",     NULL,      option_switch,   AT(progress),
     "do not", .min = PROGRESS_NEVER},
    {"--json",            NULL,      option_flag,     AT(json),
     "print events and the result as lines of JSON"},
    {"--quiet",           NULL,      option_flag,     AT(quiet),
     "print errors only"},
    {"--help",            NULL,      option_flag,     AT(help),
     "this text"},
    {"-h",                NULL,      option_flag,     AT(help), NULL},
    {"--version",         NULL,      option_flag,     AT(version),
     "the version"},
};
// clang-format on
static const struct option_table table = {rows, sizeof rows / sizeof *rows, HELP_COLUMN};

_Static_assert(sizeof(enum s3_style) == sizeof(unsigned), "a choice is stored as unsigned");
_Static_assert(sizeof(enum publish_mode) == sizeof(unsigned), "a choice is stored as unsigned");
_Static_assert(sizeof(enum bad_keys) == sizeof(unsigned), "a choice is stored as unsigned");
_Static_assert(sizeof(enum progress) == sizeof(unsigned), "a choice is stored as unsigned");

// --- the line ------------------------------------------------------------------------------------

static int take_name(void *to, const char *name, struct err *e)
{
    struct arguments *o = to;
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

int arguments_parse(struct arguments *o, char **argv, struct err *e)
{
    *o = (struct arguments){.concurrency = 64, .tries = 3, .stall_ms = 30000, .connect_ms = 10000};
    int rc = option_parse(&table, o, argv, take_name, e);
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

void arguments_help(struct buf *out)
{
    buf_text(out,
             "usage: mainstay-sync [options] s3://BUCKET/PREFIX TARGET\n"
             "       mainstay-sync [options] FOLDER s3://BUCKET/PREFIX\n"
             "       mainstay-sync --rollback TARGET\n"
             "Makes the folder TARGET hold the objects under PREFIX, or the other way round.\n");
    option_help(&table, out);
    buf_text(out,
             "\nKeys come from --env-file, the environment, a profile of ~/.aws/credentials or\n"
             "~/.aws/config, or the machine that this runs on; see mainstay-sync(1).\n"
             "Exit codes: 0 done, 1 an object failed, 2 usage, 3 denied, 4 not found, 5 server or\n"
             "network, 6 local file, 7 done but keys skipped, 8 busy, 9 disk full, 129, 130 and\n"
             "143 stopped by SIGHUP, SIGINT and SIGTERM.\n");
}
