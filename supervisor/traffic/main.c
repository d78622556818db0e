/* mainstay-traffic: how often each path was requested on one day, from nginx's access logs. */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/mem.h"
#include "traffic/count.h"
#include "traffic/logformat.h"
#include "traffic/report.h"
#include "traffic/rotated.h"
#include "traffic/scan.h"

enum exit_code { EXIT_DONE = 0, EXIT_FAILED = 1, EXIT_USAGE = 2 };

enum {
    LOGS_MAX = 64,
    SLACK = 86400, /* seconds: the log's times may be those of another zone */
};

struct options {
    const char *logs[LOGS_MAX]; /* borrowed from argv, as all texts here */
    size_t log_count;
    const char *out; /* NULL: standard output only */
    bool json_stdout;
    struct tm date; /* local time */
};

struct traffic {
    struct options options;
    struct count count;
    struct scan scan;
    struct log_files files;
    char day[LOGFORMAT_DAY_LEN + 1];
    uint64_t kinds[LINE_UNREADABLE + 1]; /* lines by enum logformat_kind */
};

static const char HELP[] =
    "usage: mainstay-traffic --log FILE [--log FILE ...] [--out FILE] [--route PATH ...]\n"
    "                        [--date YYYY-mm-dd] [--json-stdout]\n"
    "Counts the requests of one day in nginx's access logs, path by path, as JSON.\n"
    "\n"
    "  --log FILE         an access log; what logrotate made of it (FILE.1, FILE.2.gz) is\n"
    "                     read too when it may hold lines of that day\n"
    "  --out FILE         write the JSON there, as a whole; %Y-%m-%d and the like of\n"
    "                     strftime stand for the day that is counted\n"
    "  --route PATH       count exactly this path, 0 when nobody asked for it; without any\n"
    "                     --route every path that was requested is counted\n"
    "  --date YYYY-mm-dd  the day, as the log's own times have it (default: today)\n"
    "  --json-stdout      write the JSON to standard output (default without --out)\n"
    "  --help, --version  say this, or the version, and exit\n"
    "\n"
    "Exit status: 0 done, 1 a log could not be read or the result not written, 2 wrong usage.\n";

static int parse_date(const char *text, struct tm *out, struct err *e)
{
    struct tm day = {.tm_isdst = -1};
    const char *end = strlen(text) == 10 ? strptime(text, "%Y-%m-%d", &day) : NULL;
    struct tm same = day; /* in UTC, where every day of the calendar is */
    if (end == NULL || *end != '\0' || timegm(&same) == (time_t)-1 || same.tm_mday != day.tm_mday)
        return err_set(e, -EINVAL, "--date: '%s' is no day; write YYYY-mm-dd", text);
    same.tm_isdst = -1;
    *out = same;
    return 0;
}

static void date_today(struct tm *out)
{
    time_t now = time(NULL);
    (void)localtime_r(&now, out);
    out->tm_hour = out->tm_min = out->tm_sec = 0;
    out->tm_isdst = -1;
    (void)mktime(out);
}

static int add_route(struct count *c, const char *path, struct err *e)
{
    if (*path != '/')
        return err_set(e, -EINVAL, "--route: '%s' does not begin with /", path);
    if (strpbrk(path, "?#") != NULL)
        return err_set(e, -EINVAL, "--route: '%s' has a query string; paths are counted without",
                       path);
    if (!count_add(c, path))
        return err_set(e, -EINVAL, "--route: '%.60s' is too long, not UTF-8, or above %d routes",
                       path, COUNT_ROUTES_MAX);
    return 0;
}

static int add_log(struct options *o, const char *path, struct err *e)
{
    if (o->log_count == LOGS_MAX)
        return err_set(e, -EINVAL, "--log: at most %d logs can be given", LOGS_MAX);
    o->logs[o->log_count++] = path;
    return 0;
}

/* 0, or 1 when the option was all that was asked for. */
static int take_option(struct traffic *t, int option, struct err *e)
{
    switch (option) {
    case 'l':
        return add_log(&t->options, optarg, e);
    case 'o':
        t->options.out = optarg;
        return 0;
    case 'r':
        return add_route(&t->count, optarg, e);
    case 'd':
        return parse_date(optarg, &t->options.date, e);
    case 'j':
        t->options.json_stdout = true;
        return 0;
    case 'h':
        (void)fputs(HELP, stdout);
        return 1;
    default:
        (void)printf("mainstay-traffic %s\n", MAINSTAY_VERSION);
        return 1;
    }
}

static int parse_options(struct traffic *t, int argc, char **argv, struct err *e)
{
    // clang-format off
    static const struct option known[] = {
        {"log", required_argument, NULL, 'l'},     {"out", required_argument, NULL, 'o'},
        {"route", required_argument, NULL, 'r'},   {"date", required_argument, NULL, 'd'},
        {"json-stdout", no_argument, NULL, 'j'},   {"help", no_argument, NULL, 'h'},
        {"version", no_argument, NULL, 'V'},       {0},
    };
    // clang-format on
    int option;
    opterr = 0;
    date_today(&t->options.date);
    while ((option = getopt_long(argc, argv, ":", known, NULL)) != -1) {
        if (option == '?' && optopt != 0 && argv[optind - 1][1] != '-')
            return err_set(e, -EINVAL, "unknown option '-%c'; --help lists them", optopt);
        if (option == '?')
            return err_set(e, -EINVAL, "unknown option '%s'; --help lists them", argv[optind - 1]);
        if (option == ':')
            return err_set(e, -EINVAL, "%s needs a value", argv[optind - 1]);
        int rc = take_option(t, option, e);
        if (rc != 0)
            return rc;
    }
    if (optind < argc)
        return err_set(e, -EINVAL, "'%s' is no option; logs are given with --log", argv[optind]);
    if (t->options.log_count == 0)
        return err_set(e, -EINVAL, "no log was given; --log FILE names one");
    return 0;
}

static void on_line(void *ctx, const char *line, size_t len)
{
    struct traffic *t = ctx;
    struct span path;
    enum logformat_kind kind = logformat_read(line, len, t->day, &path);
    t->kinds[kind]++;
    if (kind == LINE_PATH)
        count_path(&t->count, path.text, path.len);
}

static int count_logs(struct traffic *t, struct err *e)
{
    const struct options *o = &t->options;
    struct tm midnight = o->date;
    time_t since = mktime(&midnight) - SLACK;
    for (size_t i = 0; i < o->log_count; i++) {
        int rc = log_files_add(&t->files, o->logs[i], since, e);
        if (rc < 0)
            return rc;
    }
    for (size_t i = 0; i < t->files.count; i++) {
        struct log_file *f = &t->files.items[i];
        int fd = f->fd;
        f->fd = -1;
        int rc = scan_file(&t->scan, fd, f->path, e);
        if (rc < 0)
            return rc;
    }
    return 0;
}

/* For people; the JSON is for programs. */
static void print_summary(const struct traffic *t, FILE *out)
{
    uint64_t requests = t->kinds[LINE_PATH] + t->kinds[LINE_NO_PATH];
    uint64_t bad = t->kinds[LINE_UNREADABLE] + t->scan.too_long;
    char date[16];
    (void)strftime(date, sizeof date, "%Y-%m-%d", &t->options.date);
    (void)fprintf(out, "%s: %" PRIu64 " request%s in %zu file%s", date, requests,
                  requests == 1 ? "" : "s", t->files.count, t->files.count == 1 ? "" : "s");
    if (bad > 0)
        (void)fprintf(out, "; %" PRIu64 " line%s no request", bad, bad == 1 ? " is" : "s are");
    (void)fputc('\n', out);
}

static int write_file(const struct traffic *t, const struct buf *json, struct err *e)
{
    char *name = NULL;
    int rc = report_name(t->options.out, &t->options.date, &name, e);
    if (rc == 0)
        rc = fd_write_file(name, json->data, json->len, 0644, e);
    mem_free(name);
    return rc;
}

static int write_report(struct traffic *t, struct err *e)
{
    const struct options *o = &t->options;
    bool to_stdout = o->json_stdout || o->out == NULL;
    struct buf json = BUF_EMPTY;
    report_json(&t->count, &json);
    int rc = o->out != NULL ? write_file(t, &json, e) : 0;
    if (rc == 0 && to_stdout)
        (void)fwrite(json.data, 1, json.len, stdout);
    if (rc == 0)
        print_summary(t, to_stdout ? stderr : stdout);
    if (rc == 0 && (fflush(stdout) != 0 || ferror(stdout)))
        rc = err_set(e, -EIO, "cannot write to standard output");
    buf_close(&json);
    return rc;
}

static enum exit_code run(struct traffic *t, int argc, char **argv, struct err *e)
{
    int rc = parse_options(t, argc, argv, e);
    if (rc != 0)
        return rc < 0 ? EXIT_USAGE : EXIT_DONE;
    const struct tm *date = &t->options.date;
    logformat_day(date->tm_year + 1900, date->tm_mon + 1, date->tm_mday, t->day);
    if (count_logs(t, e) < 0 || write_report(t, e) < 0)
        return EXIT_FAILED;
    return EXIT_DONE;
}

int main(int argc, char **argv)
{
    struct traffic *t = mem_alloc(sizeof *t); /* too large for a stack */
    struct err e = {0};
    count_init(&t->count);
    log_files_init(&t->files);
    scan_init(&t->scan, on_line, t);
    enum exit_code code = run(t, argc, argv, &e);
    if (code != EXIT_DONE)
        (void)fprintf(stderr, "mainstay-traffic: %s\n", e.text);
    scan_close(&t->scan);
    log_files_close(&t->files);
    count_close(&t->count);
    mem_free(t);
    return (int)code;
}
