#include "sync/report_json.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/xml.h"

/* JSON wants UTF-8; file names and servers do not promise it. */
static json_t *words(const char *text, size_t len)
{
    struct buf b = BUF_EMPTY;
    for (size_t i = 0, n; i < len; i += n) {
        n = xml_utf8_char(text + i, len - i);
        if (n)
            buf_append(&b, text + i, n);
        else
            buf_char(&b, '?'), n = 1;
    }
    json_t *value = json_stringn(buf_str(&b), b.len);
    buf_close(&b);
    return value;
}

static json_t *text(const char *value)
{
    return value ? words(value, strlen(value)) : json_null();
}

static void print(json_t *doc)
{
    if (doc)
        (void)json_dumpf(doc, stdout, JSON_COMPACT | JSON_REAL_PRECISION(4));
    (void)fputc('\n', stdout);
    (void)fflush(stdout);
    json_decref(doc);
}

void report_json_progress(const struct report *r, int64_t now)
{
    int64_t rate = progress_bytes_per_second(&r->rate, now, r->moved_bytes);
    int64_t left = progress_seconds_left(r->to_fetch_bytes - r->moved_bytes, rate);
    print(json_pack("{s:s, s:I, s:b, s:I, s:I, s:I, s:I, s:I, s:I, s:o, s:f}", "event", "progress",
                    "listed", (json_int_t)r->listed, "listed_all", (int)r->listed_all, "to_fetch",
                    (json_int_t)r->to_fetch, "to_fetch_bytes", (json_int_t)r->to_fetch_bytes,
                    "fetched", (json_int_t)r->fetched, "moved_bytes", (json_int_t)r->moved_bytes,
                    "unchanged", (json_int_t)r->unchanged, "bytes_per_second", (json_int_t)rate,
                    "seconds_left",
                    r->listed_all && left >= 0 ? json_integer((json_int_t)left) : json_null(),
                    "seconds", (double)(now - r->started) / 1000.0));
}

void report_json_key(enum report_event event, const char *key, size_t len, const char *sentence)
{
    print(json_pack("{s:s, s:o, s:o}", "event", event == REPORT_SKIPPED ? "skipped" : "failed",
                    "key", words(key, len), "reason", text(sentence)));
}

void report_json_plan(const char *verb, const char *path)
{
    print(json_pack("{s:s, s:s, s:o}", "event", "plan", "do", verb, "path", text(path)));
}

void report_json_result(const struct report *r, enum sync_exit code, const char *error)
{
    const struct arguments *o = r->options;
    bool done = code == SYNC_OK || code == SYNC_KEYS;
    int64_t ms = clock_now() - r->started;
    double per_second = ms > 0 ? (double)r->moved_bytes * 1000 / (double)ms : 0;
    json_t *doc = json_pack(
        "{s:s, s:s, s:i, s:o, s:o, s:b, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:b, s:I, s:f, "
        "s:o}",
        "event", "result", "result", done ? "ok" : "failed", "exit", (int)code, "source",
        text(o->source), "target", text(o->target), "dry_run", (int)o->dry, "listed",
        (json_int_t)r->listed, "fetched", (json_int_t)r->fetched, "fetched_bytes",
        (json_int_t)r->fetched_bytes, "unchanged", (json_int_t)r->unchanged, "deleted",
        (json_int_t)r->deleted, "skipped", (json_int_t)r->skipped, "failed", (json_int_t)r->failed,
        "retries", (json_int_t)r->retries, "published", (int)r->published, "bytes_per_second",
        (json_int_t)per_second, "seconds", (double)ms / 1000.0, "error", text(error));
    print(doc);
}
