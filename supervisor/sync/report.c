#include "sync/report.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/clock.h"
#include "sync/report_json.h"
#include "sync/s3/s3key.h"

enum {
    DRAW_EVERY = 200, /* ms, as all */
    TELL_EVERY = 1000,
    WRITE_EVERY = 10000, /* progress where there is no terminal */
    COMPLAINTS_MAX = 100,
};

void report_start(struct report *r, const struct arguments *o)
{
    *r = (struct report){.options = o, .started = clock_now()};
    r->terminal = !o->quiet && o->progress != PROGRESS_NEVER && isatty(STDERR_FILENO) == 1 &&
                  (!o->json || o->progress == PROGRESS_ALWAYS);
    notifier_open(&r->notifier);
    r->told = r->started; /* no event of a run that is soon over but its result */
    r->drawn = r->sent = r->started - WRITE_EVERY;
}

// --- how far it is -------------------------------------------------------------------------------

static int percent(const struct report *r)
{
    double part = r->to_fetch_bytes > 0 ? (double)r->moved_bytes / (double)r->to_fetch_bytes
                                        : (double)r->fetched / (double)r->to_fetch;
    if (part < 0)
        part = 0;
    return part >= 1 ? (r->fetched < r->to_fetch ? 99 : 100) : (int)(part * 100);
}

static bool is_all_here(const struct report *r)
{
    return r->listed_all && r->to_fetch > 0 && r->fetched >= r->to_fetch;
}

/* ", 38 s left", when that can be known. */
static void append_left(struct buf *out, const struct report *r, int64_t rate)
{
    int64_t left = progress_seconds_left(r->to_fetch_bytes - r->moved_bytes, rate);
    if (!r->listed_all || left <= 0)
        return;
    buf_text(out, ", ");
    progress_show_seconds(out, left);
    buf_text(out, " left");
}

void report_line(const struct report *r, int64_t now, struct buf *out)
{
    int64_t rate = progress_bytes_per_second(&r->rate, now, r->moved_bytes);
    const char *more = r->listed_all ? "" : "+";
    if (r->to_fetch == 0) {
        buf_printf(out, "%zu listed, %zu unchanged", r->listed, r->unchanged);
        return;
    }
    if (r->listed_all)
        buf_printf(out, "%d %%, ", percent(r));
    buf_printf(out, "%zu of %zu%s objects, ", r->fetched, r->to_fetch, more);
    progress_show_bytes(out, r->moved_bytes);
    buf_text(out, " of ");
    progress_show_bytes(out, r->to_fetch_bytes);
    buf_text(out, more);
    if (is_all_here(r)) {
        buf_text(out, r->options->upload ? "" : ", flushing to disk");
        return;
    }
    buf_text(out, ", ");
    progress_show_bytes(out, rate);
    buf_text(out, "/s");
    append_left(out, r, rate);
}

void report_status(const struct report *r, int64_t now, struct buf *out)
{
    if (r->to_fetch == 0 || !r->listed_all) {
        buf_printf(out, "%zu listed", r->listed);
        if (r->to_fetch > 0) {
            buf_text(out, ", ");
            progress_show_bytes(out, r->moved_bytes);
            buf_text(out, r->options->upload ? " uploaded" : " fetched");
        }
        return;
    }
    buf_printf(out, "%d %% of ", percent(r));
    progress_show_bytes(out, r->to_fetch_bytes);
    append_left(out, r, progress_bytes_per_second(&r->rate, now, r->moved_bytes));
}

static void wipe_line(struct report *r)
{
    if (r->shown)
        (void)fputs("\r\033[K", stderr);
    r->shown = false;
}

/* Never more than the terminal is wide, or it could not be wiped. */
static void draw(struct report *r, int64_t now)
{
    struct buf line = BUF_EMPTY;
    struct winsize size = {0};
    report_line(r, now, &line);
    int width =
        ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 1 ? size.ws_col - 1 : 79;
    wipe_line(r);
    (void)fprintf(stderr, "%.*s", width, buf_str(&line));
    (void)fflush(stderr);
    r->shown = true;
    buf_close(&line);
}

static void write_line(const struct report *r, int64_t now)
{
    struct buf line = BUF_EMPTY;
    report_line(r, now, &line);
    (void)fprintf(stderr, "mainstay-sync: %s\n", buf_str(&line));
    buf_close(&line);
}

static void send_status(struct report *r, int64_t now)
{
    struct buf text = BUF_EMPTY;
    buf_text(&text, "STATUS=");
    report_status(r, now, &text);
    (void)notifier_send(&r->notifier, buf_str(&text));
    buf_close(&text);
}

/* Whether it is time again; `last` is then now. */
static bool is_due(int64_t *last, int64_t now, int64_t every)
{
    if (now - *last < every)
        return false;
    *last = now;
    return true;
}

void report_tick(struct report *r)
{
    const struct arguments *o = r->options;
    int64_t now = clock_now();
    progress_add(&r->rate, now, r->moved_bytes);
    if (r->notifier.fd >= 0 && is_due(&r->sent, now, TELL_EVERY))
        send_status(r, now);
    if (o->json && !o->quiet && o->progress != PROGRESS_NEVER && is_due(&r->told, now, TELL_EVERY))
        report_json_progress(r, now);
    if (r->terminal && is_due(&r->drawn, now, DRAW_EVERY))
        draw(r, now);
    else if (!r->terminal && !o->quiet && o->progress == PROGRESS_ALWAYS && !o->json &&
             is_due(&r->drawn, now, WRITE_EVERY))
        write_line(r, now);
}

// --- single words --------------------------------------------------------------------------------

void report_complain(struct report *r, const char *text)
{
    wipe_line(r);
    (void)fprintf(stderr, "mainstay-sync: %s\n", text);
}

void report_key(struct report *r, enum report_event event, const char *key, size_t len,
                const char *sentence)
{
    const struct arguments *o = r->options;
    if (o->json && !o->quiet)
        report_json_key(event, key, len, sentence);
    if (r->complaints++ < COMPLAINTS_MAX)
        report_complain(r, sentence);
    else if (r->complaints == COMPLAINTS_MAX + 1)
        report_complain(r, o->json ? "there are more such keys"
                                   : "there are more such keys (--json names them all)");
}

void report_plan(struct report *r, const char *verb, const char *path)
{
    const struct arguments *o = r->options;
    struct buf b = BUF_EMPTY;
    if (o->quiet)
        return;
    if (o->json) {
        report_json_plan(verb, path);
        return;
    }
    wipe_line(r);
    s3key_show(&b, path, strlen(path));
    (void)printf("%s %s\n", verb, buf_str(&b));
    buf_close(&b);
}

// --- the end -------------------------------------------------------------------------------------

static const char *done_word(const struct arguments *o)
{
    if (o->upload)
        return o->dry ? "to upload" : "uploaded";
    return o->dry ? "to fetch" : "fetched";
}

static void append_summary(struct buf *b, const struct report *r)
{
    const struct arguments *o = r->options;
    buf_printf(b, "%s %s -> %s: %zu %s (", o->dry ? "would sync" : "synced", o->source, o->target,
               r->fetched, done_word(o));
    progress_show_bytes(b, r->fetched_bytes);
    buf_printf(b, "), %zu unchanged, %zu %s", r->unchanged, r->deleted,
               o->dry ? "to delete" : "deleted");
    if (r->skipped)
        buf_printf(b, ", %zu skipped", r->skipped);
    if (r->failed)
        buf_printf(b, ", %zu failed", r->failed);
    buf_printf(b, " in %.1f s\n", (double)(clock_now() - r->started) / 1000.0);
}

static void send_result(struct report *r)
{
    struct buf text = BUF_EMPTY;
    buf_printf(&text, "MAINSTAY_CHANGED=%d\nMAINSTAY_OBJECTS=%zu\nMAINSTAY_BYTES=%" PRId64,
               r->published, r->fetched, r->fetched_bytes);
    if (!r->options->dry)
        (void)notifier_send(&r->notifier, buf_str(&text));
    buf_close(&text);
}

void report_end(struct report *r, enum sync_exit code, const char *error)
{
    const struct arguments *o = r->options;
    send_result(r);
    wipe_line(r);
    if (error)
        report_complain(r, error);
    if (o->json) {
        report_json_result(r, code, error);
    } else if (!o->quiet && (code == SYNC_OK || code == SYNC_KEYS || code == SYNC_OBJECTS)) {
        struct buf b = BUF_EMPTY;
        append_summary(&b, r);
        (void)fputs(buf_str(&b), stdout);
        buf_close(&b);
    }
    (void)fflush(stdout);
    notifier_close(&r->notifier);
}
