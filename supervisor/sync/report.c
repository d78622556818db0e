#include "sync/report.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/xml.h"

void report_start(struct report *r, bool progress)
{
    *r = (struct report){.started = clock_now(), .progress = progress && isatty(STDERR_FILENO)};
}

void report_bytes(struct buf *out, int64_t bytes)
{
    static const char *const units[] = {"bytes", "kB", "MB", "GB", "TB", "PB"};
    size_t unit = 0;
    double value = (double)bytes;
    for (; value >= 1000 && unit + 1 < sizeof units / sizeof *units; unit++)
        value /= 1000;
    buf_printf(out, unit ? "%.1f %s" : "%.0f %s", value, units[unit]);
}

static double seconds_since(int64_t start)
{
    return (double)(clock_now() - start) / 1000.0;
}

static void wipe_line(struct report *r)
{
    if (r->shown)
        (void)fputs("\r\033[K", stderr);
    r->shown = false;
}

void report_tick(struct report *r)
{
    if (!r->progress)
        return;
    struct buf line = BUF_EMPTY;
    if (r->to_fetch == 0) {
        buf_printf(&line, "%zu objects listed", r->listed);
    } else {
        buf_printf(&line, "%zu of %zu objects, ", r->fetched, r->to_fetch);
        report_bytes(&line, r->moved_bytes);
        buf_text(&line, " of ");
        report_bytes(&line, r->to_fetch_bytes);
    }
    wipe_line(r);
    (void)fputs(buf_str(&line), stderr);
    (void)fflush(stderr);
    r->shown = true;
    buf_close(&line);
}

void report_complain(struct report *r, const char *text)
{
    wipe_line(r);
    (void)fprintf(stderr, "mainstay-sync: %s\n", text);
}

static const char *done_word(const struct arguments *o)
{
    if (o->upload)
        return o->dry ? "to upload" : "uploaded";
    return o->dry ? "to fetch" : "fetched";
}

static void append_summary(struct buf *b, const struct report *r, const struct arguments *o)
{
    buf_printf(b, "%s %s -> %s: %zu %s (", o->dry ? "would sync" : "synced", o->source, o->target,
               r->fetched, done_word(o));
    report_bytes(b, r->fetched_bytes);
    buf_printf(b, "), %zu unchanged, %zu %s", r->unchanged, r->deleted,
               o->dry ? "to delete" : "deleted");
    if (r->skipped)
        buf_printf(b, ", %zu skipped", r->skipped);
    if (r->failed)
        buf_printf(b, ", %zu failed", r->failed);
    buf_printf(b, " in %.1f s\n", seconds_since(r->started));
}

/* JSON wants UTF-8; file names and servers do not promise it. */
static json_t *json_words(const char *text)
{
    struct buf b = BUF_EMPTY;
    size_t len = strlen(text);
    for (size_t i = 0, n; i < len; i += n) {
        n = xml_utf8_char(text + i, len - i);
        if (n)
            buf_append(&b, text + i, n);
        else
            buf_char(&b, '?'), n = 1;
    }
    json_t *value = json_string(buf_str(&b));
    buf_close(&b);
    return value;
}

static void print_json(const struct report *r, const struct arguments *o, enum sync_exit code,
                       const char *error)
{
    bool done = code == SYNC_OK || code == SYNC_KEYS;
    json_t *doc = json_pack(
        "{s:s, s:i, s:o, s:o, s:b, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:b, s:f, s:o}", "result",
        done ? "ok" : "failed", "exit", (int)code, "source", json_words(o->source), "target",
        json_words(o->target), "dry_run", (int)o->dry, "listed", (json_int_t)r->listed, "fetched",
        (json_int_t)r->fetched, "fetched_bytes", (json_int_t)r->fetched_bytes, "unchanged",
        (json_int_t)r->unchanged, "deleted", (json_int_t)r->deleted, "skipped",
        (json_int_t)r->skipped, "failed", (json_int_t)r->failed, "published", (int)r->published,
        "seconds", seconds_since(r->started), "error", error ? json_words(error) : json_null());
    if (doc)
        (void)json_dumpf(doc, stdout, JSON_COMPACT | JSON_REAL_PRECISION(4));
    (void)fputc('\n', stdout);
    json_decref(doc);
}

void report_end(struct report *r, const struct arguments *o, enum sync_exit code, const char *error)
{
    wipe_line(r);
    if (error)
        report_complain(r, error);
    if (o->json) {
        print_json(r, o, code, error);
    } else if (!o->quiet && (code == SYNC_OK || code == SYNC_KEYS || code == SYNC_OBJECTS)) {
        struct buf b = BUF_EMPTY;
        append_summary(&b, r, o);
        (void)fputs(buf_str(&b), stdout);
        buf_close(&b);
    }
    (void)fflush(stdout);
}
