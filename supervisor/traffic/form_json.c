/* The report for programs: everything that was counted, as one JSON object. */
#include "traffic/forms.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/xml.h"
#include "traffic/figures.h"

static void put(json_t *object, const char *name, uint64_t value)
{
    (void)json_object_set_new(object, name, json_integer((json_int_t)value));
}

/* JSON is UTF-8: what is none becomes U+FFFD, byte by byte. */
static json_t *log_text(const char *text, size_t len)
{
    struct buf clean = BUF_EMPTY;
    for (size_t i = 0; i < len;) {
        size_t n = xml_utf8_char(text + i, len - i);
        if (n > 0)
            buf_append(&clean, text + i, n);
        else if ((unsigned char)text[i] < 0x80)
            buf_char(&clean, text[i]); /* JSON has escapes for control characters */
        else
            buf_text(&clean, "\xef\xbf\xbd");
        i += n > 0 ? n : 1;
    }
    json_t *string = json_stringn(buf_str(&clean), clean.len);
    buf_close(&clean);
    return string;
}

static json_t *lines(const struct report *r)
{
    json_t *object = json_object();
    json_t *kinds = json_object();
    put(object, "read", r->lines);
    put(object, "counted", r->tally->requests);
    put(object, "malformed", report_malformed_lines(r));
    for (size_t i = 0; i < r->malformed_count; i++)
        if (r->malformed[i].lines > 0)
            put(kinds, r->malformed[i].kind, r->malformed[i].lines);
    (void)json_object_set_new(object, "malformed_by_kind", kinds);
    return object;
}

static json_t *classes(const uint64_t *counts)
{
    json_t *object = json_object();
    for (size_t i = 1; i < TALLY_CLASSES; i++)
        put(object, REPORT_CLASSES[i], counts[i]);
    if (counts[0] > 0)
        put(object, REPORT_CLASSES[0], counts[0]);
    return object;
}

static json_t *codes(const struct tally *t)
{
    json_t *object = json_object();
    /* nginx writes 000 for a request that was never answered */
    for (size_t i = 0; i < TALLY_CODES; i++) {
        char name[8];
        (void)snprintf(name, sizeof name, "%03zu", i);
        if (t->codes[i] > 0)
            put(object, name, t->codes[i]);
    }
    return object;
}

static json_t *clients(const struct tally *t)
{
    json_t *object = json_object();
    put(object, "count", clients_count(&t->clients));
    (void)json_object_set_new(object, "exact", json_boolean(clients_exact(&t->clients)));
    if (!clients_exact(&t->clients))
        (void)json_object_set_new(object, "standard_error", json_real(CLIENTS_ERROR));
    return object;
}

static json_t *milliseconds(const struct latency *l, uint64_t us)
{
    if (l->finer > 0)
        return json_real(figure_ms(l, us));
    return json_integer((json_int_t)figure_ms(l, us));
}

/* null where the log does not tell. */
static json_t *latency(const struct latency *l)
{
    // clang-format off
    static const struct {
        const char *name;
        unsigned permille;
    } percentiles[] = {
        {"p50", 500}, {"p75", 750}, {"p90", 900}, {"p95", 950}, {"p99", 990}, {"p999", 999},
    };
    // clang-format on
    if (l == NULL || l->count == 0)
        return json_null();
    json_t *object = json_object();
    put(object, "requests", l->count);
    uint64_t mean = l->sum_us / l->count;
    (void)json_object_set_new(object, "mean", json_real((double)mean / 1000));
    for (size_t i = 0; i < sizeof percentiles / sizeof *percentiles; i++)
        (void)json_object_set_new(object, percentiles[i].name,
                                  milliseconds(l, latency_percentile(l, percentiles[i].permille)));
    (void)json_object_set_new(object, "max", milliseconds(l, l->max_us));
    return object;
}

static json_t *hours(const struct tally *t)
{
    json_t *list = json_array();
    for (size_t i = 0; i < TALLY_HOURS; i++) {
        json_t *hour = json_object();
        put(hour, "hour", i);
        put(hour, "requests", t->hours[i].requests);
        put(hour, "bytes", t->hours[i].bytes);
        (void)json_object_set_new(hour, "status", classes(t->hours[i].classes));
        (void)json_array_append_new(list, hour);
    }
    return list;
}

static json_t *routes(const struct tally *t)
{
    json_t *list = json_array();
    for (size_t i = 0; i < t->route_count; i++) {
        const struct tally_route *route = &t->routes[i];
        json_t *object = json_object();
        (void)json_object_set_new(object, "route", log_text(route->name, strlen(route->name)));
        put(object, "requests", route->requests);
        if (t->depth == TALLY_FULL) {
            put(object, "bytes", route->bytes);
            (void)json_object_set_new(object, "status", classes(route->classes));
            (void)json_object_set_new(object, "latency_ms", latency(route->latency));
        }
        (void)json_array_append_new(list, object);
    }
    return list;
}

static json_t *top_list(const struct top *t, size_t want, const char *thing)
{
    const struct top_text **best = mem_array(want, sizeof *best);
    size_t count = top_best(t, best, want);
    json_t *list = json_array();
    for (size_t i = 0; i < count; i++) {
        json_t *object = json_object();
        (void)json_object_set_new(object, thing, log_text(top_text(t, best[i]), best[i]->len));
        put(object, "requests", best[i]->count);
        if (best[i]->more > 0)
            put(object, "more_at_most", best[i]->more);
        put(object, "bytes", best[i]->bytes);
        (void)json_array_append_new(list, object);
    }
    mem_free(best);
    return list;
}

static json_t *top(const struct top *t, size_t want, const char *thing)
{
    json_t *object = json_object();
    (void)json_object_set_new(object, "exact", json_boolean(top_exact(t)));
    if (top_exact(t))
        put(object, "different", t->count);
    else
        put(object, "unlisted_at_most", t->forgotten);
    if (t->too_long > 0)
        put(object, "too_long", t->too_long);
    (void)json_object_set_new(object, "top", top_list(t, want, thing));
    return object;
}

static void put_details(json_t *object, const struct tally *t)
{
    put(object, "bytes", t->bytes);
    (void)json_object_set_new(object, "status", classes(t->classes));
    (void)json_object_set_new(object, "codes", codes(t));
    (void)json_object_set_new(object, "clients", clients(t));
    (void)json_object_set_new(object, "latency_ms", latency(&t->latency));
    (void)json_object_set_new(object, "hours", hours(t));
}

static void put_routes(json_t *object, const struct tally *t)
{
    if (t->route_count == 0)
        return;
    (void)json_object_set_new(object, "routes", routes(t));
    put(object, "no_route", t->no_route);
}

static void put_tops(json_t *object, const struct report *r)
{
    const struct tally *t = r->tally;
    if (t->depth != TALLY_FULL && t->route_count > 0)
        return;
    put(object, "no_path", t->no_path);
    (void)json_object_set_new(object, "paths", top(&t->paths, report_top(r), "path"));
    if (t->depth != TALLY_FULL)
        return;
    (void)json_object_set_new(object, "referrers", top(&t->referrers, report_top(r), "referrer"));
    (void)json_object_set_new(object, "agents", top(&t->agents, report_top(r), "agent"));
}

static void write_out(json_t *object, struct buf *out)
{
    char *text = json_dumps(object, JSON_INDENT(2) | JSON_PRESERVE_ORDER | JSON_REAL_PRECISION(9));
    buf_text(out, text);
    buf_char(out, '\n');
    free(text);
    json_decref(object);
}

void form_json(const struct report *r, struct buf *out)
{
    json_t *object = json_object();
    json_t *logs = json_array();
    for (size_t i = 0; i < r->log_count; i++)
        (void)json_array_append_new(logs, log_text(r->logs[i], strlen(r->logs[i])));
    (void)json_object_set_new(object, "name", log_text(r->name, strlen(r->name)));
    (void)json_object_set_new(object, "day", json_string(r->day));
    (void)json_object_set_new(object, "logs", logs);
    (void)json_object_set_new(object, "lines", lines(r));
    put(object, "requests", r->tally->requests);
    if (r->tally->depth == TALLY_FULL)
        put_details(object, r->tally);
    put_routes(object, r->tally);
    put_tops(object, r);
    write_out(object, out);
}

/* A member's name must be UTF-8, and must be one: what is none is among "other". */
static bool can_be_name(const char *text, size_t len)
{
    for (size_t i = 0, n; i < len; i += n)
        if ((n = xml_utf8_char(text + i, len - i)) == 0 || text[i] == '\0')
            return false;
    return true;
}

static void put_paths(json_t *object, const struct tally *t)
{
    enum { PATHS_MAX = 1000 };
    const struct top_text *best[PATHS_MAX];
    size_t count = top_best(&t->paths, best, PATHS_MAX);
    uint64_t other = t->paths.total;
    for (size_t i = 0; i < count; i++) {
        if (!can_be_name(top_text(&t->paths, best[i]), best[i]->len))
            continue;
        char *name = mem_strndup(top_text(&t->paths, best[i]), best[i]->len);
        put(object, name, best[i]->count);
        other -= best[i]->count;
        mem_free(name);
    }
    if (other > 0)
        put(object, "other", other);
}

void form_viewbovis(const struct report *r, struct buf *out)
{
    const struct tally *t = r->tally;
    json_t *object = json_object();
    for (size_t i = 0; i < t->route_count; i++)
        put(object, t->routes[i].name, t->routes[i].requests);
    if (t->route_count == 0)
        put_paths(object, t);
    write_out(object, out);
}
