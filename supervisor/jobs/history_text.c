#include "jobs/history_text.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/xml.h"

/* One attempt of all; a later line about the same one takes its place. */
struct kept {
    json_t *line; /* owned */
    size_t turn;  /* where its first line was */
    bool stays;   /* however old it is */
};

struct kepts {
    struct kept *items; /* owned */
    size_t count;
    size_t room;
};

/* --- A line -------------------------------------------------------------------------------- */

/* Names and reasons may be in any encoding; JSON wants UTF-8. */
static json_t *history_text(const char *text)
{
    struct buf clean = BUF_EMPTY;
    size_t len = text ? strlen(text) : 0;
    for (size_t at = 0; at < len;) {
        size_t n = xml_utf8_char(text + at, len - at);
        buf_append(&clean, n ? text + at : "?", n ? n : 1);
        at += n ? n : 1;
    }
    json_t *value = json_string(buf_str(&clean));
    buf_close(&clean);
    return value;
}

static void history_put(json_t *line, const char *name, const char *text)
{
    if (text && *text)
        (void)json_object_set_new(line, name, history_text(text));
}

static void history_put_number(json_t *line, const char *name, int64_t number)
{
    if (number >= 0)
        (void)json_object_set_new(line, name, json_integer(number));
}

void history_line(const struct history_entry *entry, struct buf *out)
{
    json_t *line = json_object();
    (void)json_object_set_new(line, "job", history_text(entry->job));
    history_put_number(line, "start", entry->start);
    history_put_number(line, "end", entry->end ? entry->end : -1);
    history_put_number(line, "attempt", entry->attempt);
    history_put(line, "cause", entry->cause);
    history_put(line, "result", entry->result);
    history_put(line, "exit", entry->exit);
    history_put_number(line, "status", entry->exit && *entry->exit ? entry->status : -1);
    history_put(line, "why", entry->why);
    history_put_number(line, "objects", entry->objects);
    history_put_number(line, "bytes", entry->bytes);
    history_put_number(line, "changed", entry->changed);
    history_put(line, "log", entry->log);
    history_put_number(line, "log_at", entry->log && *entry->log ? entry->log_at : -1);
    history_put_number(line, "due", entry->due ? entry->due : -1);
    char *text = json_dumps(line, JSON_COMPACT);
    buf_text(out, text);
    buf_char(out, '\n');
    free(text);
    json_decref(line);
}

/* NULL: it is no line of a history. The caller's. */
static json_t *history_parse(const char *line, size_t len)
{
    json_t *object = json_loadb(line, len, JSON_REJECT_DUPLICATES, NULL);
    bool good = json_is_object(object) && json_is_string(json_object_get(object, "job")) &&
                json_is_integer(json_object_get(object, "start"));
    if (good)
        return object;
    json_decref(object);
    return NULL;
}

static size_t line_len(const char *text, size_t len)
{
    const char *end = memchr(text, '\n', len);
    return end ? (size_t)(end - text) : len;
}

size_t history_check(const char *text, size_t len, struct buf *out)
{
    size_t bad = 0;
    for (size_t at = 0; at < len;) {
        size_t n = line_len(text + at, len - at);
        if (at + n == len)
            break; /* torn */
        json_t *line = history_parse(text + at, n);
        if (line)
            buf_append(out, text + at, n + 1);
        else
            bad++;
        json_decref(line);
        at += n + 1;
    }
    return bad;
}

/* --- Attempts ------------------------------------------------------------------------------ */

static const char *job_of(const json_t *line)
{
    return json_string_value(json_object_get(line, "job"));
}

static const char *text_of(const json_t *line, const char *name)
{
    const char *text = json_string_value(json_object_get(line, name));
    return text ? text : "";
}

static const char *result_of(const json_t *line)
{
    return text_of(line, "result");
}

static int64_t number_of(const json_t *line, const char *name)
{
    return json_integer_value(json_object_get(line, name));
}

/* What was no attempt has one line only. */
static bool same_attempt(const json_t *a, const json_t *b)
{
    return number_of(a, "attempt") > 0 && number_of(a, "start") == number_of(b, "start") &&
           number_of(a, "attempt") == number_of(b, "attempt") && strcmp(job_of(a), job_of(b)) == 0;
}

static int order_of(int64_t a, int64_t b)
{
    return a < b ? -1 : a > b;
}

/* By job, and then all lines about one attempt side by side. */
static int by_attempt(const void *left, const void *right)
{
    const struct kept *a = left;
    const struct kept *b = right;
    int order = strcmp(job_of(a->line), job_of(b->line));
    if (order == 0)
        order = order_of(number_of(a->line, "start"), number_of(b->line, "start"));
    if (order == 0)
        order = order_of(number_of(a->line, "attempt"), number_of(b->line, "attempt"));
    return order ? order : order_of((int64_t)a->turn, (int64_t)b->turn);
}

/* By job, and then as they began. */
static int by_job(const void *left, const void *right)
{
    const struct kept *a = left;
    const struct kept *b = right;
    int order = strcmp(job_of(a->line), job_of(b->line));
    return order ? order : order_of((int64_t)a->turn, (int64_t)b->turn);
}

static int by_turn(const void *left, const void *right)
{
    const struct kept *a = left;
    const struct kept *b = right;
    return order_of((int64_t)a->turn, (int64_t)b->turn);
}

static void kepts_sort(struct kepts *k, int (*order)(const void *, const void *))
{
    if (k->count > 0)
        qsort(k->items, k->count, sizeof *k->items, order);
}

static void kepts_add(struct kepts *k, json_t *line)
{
    if (k->count == k->room) {
        k->room = k->room ? 2 * k->room : 64;
        k->items = mem_grow(k->items, k->room, sizeof *k->items);
    }
    k->items[k->count] = (struct kept){line, k->count, false};
    k->count++;
}

void history_facts(const char *text, size_t len,
                   void (*on_line)(const struct history_fact *fact, void *ctx), void *ctx)
{
    for (size_t at = 0; at < len;) {
        size_t n = line_len(text + at, len - at);
        json_t *line = at + n < len ? history_parse(text + at, n) : NULL;
        struct history_fact fact = {.result = "", .why = ""};
        if (line) {
            fact.job = job_of(line);
            fact.result = result_of(line);
            fact.why = text_of(line, "why");
            fact.attempt = number_of(line, "attempt");
            fact.start = number_of(line, "start");
            fact.end = number_of(line, "end");
            on_line(&fact, ctx);
        }
        json_decref(line);
        at += n + 1;
    }
}

/* All lines of the job; NULL: of all jobs. */
static void kepts_read(struct kepts *k, const char *text, size_t len, const char *job)
{
    for (size_t at = 0; at < len;) {
        size_t n = line_len(text + at, len - at);
        json_t *line = at + n < len ? history_parse(text + at, n) : NULL;
        if (line && (!job || strcmp(job_of(line), job) == 0))
            kepts_add(k, line);
        else
            json_decref(line);
        at += n + 1;
    }
}

/* The line of its end stands in the place of that of its beginning. */
static void kepts_join(struct kepts *k)
{
    size_t kept = 0;
    kepts_sort(k, by_attempt);
    for (size_t i = 0; i < k->count; i++) {
        struct kept *last = kept > 0 ? &k->items[kept - 1] : NULL;
        if (last && same_attempt(last->line, k->items[i].line)) {
            json_decref(last->line);
            last->line = k->items[i].line;
        } else {
            k->items[kept++] = k->items[i];
        }
    }
    k->count = kept;
}

static bool same_job(const struct kepts *k, size_t a, size_t b)
{
    return b < k->count && strcmp(job_of(k->items[a].line), job_of(k->items[b].line)) == 0;
}

/* What expect_every= goes by: the newest success, and the mark of the beginning. Sorted by job. */
static void kepts_mark(struct kepts *k)
{
    for (size_t i = k->count, good = k->count; i-- > 0;) {
        const char *result = result_of(k->items[i].line);
        bool success = strcmp(result, "succeeded") == 0;
        k->items[i].stays = (success && !(good < k->count && same_job(k, i, good))) ||
                            strcmp(result, "expected") == 0;
        good = success ? i : good;
    }
}

/* The newest of each job, and those that stay. */
static void kepts_cut(struct kepts *k, size_t most)
{
    size_t kept = 0;
    for (size_t i = 0; i < k->count; i++) {
        if (!same_job(k, i, i + most) || k->items[i].stays)
            k->items[kept++] = k->items[i];
        else
            json_decref(k->items[i].line);
    }
    k->count = kept;
}

static void kepts_close(struct kepts *k)
{
    for (size_t i = 0; i < k->count; i++)
        json_decref(k->items[i].line);
    mem_free(k->items);
}

void history_keep(const char *text, size_t len, size_t most, struct buf *out)
{
    struct kepts k = {0};
    kepts_read(&k, text, len, NULL);
    kepts_join(&k);
    kepts_sort(&k, by_job);
    kepts_mark(&k);
    kepts_cut(&k, most);
    kepts_sort(&k, by_turn);
    for (size_t i = 0; i < k.count; i++) {
        char *line = json_dumps(k.items[i].line, JSON_COMPACT);
        buf_text(out, line);
        buf_char(out, '\n');
        free(line);
    }
    kepts_close(&k);
}

json_t *history_of(const char *text, size_t len, const char *job, size_t most)
{
    struct kepts k = {0};
    json_t *lines = json_array();
    kepts_read(&k, text, len, job);
    kepts_join(&k);
    kepts_sort(&k, by_job);
    kepts_cut(&k, most);
    for (size_t i = 0; i < k.count; i++)
        (void)json_array_append(lines, k.items[i].line);
    kepts_close(&k);
    return lines;
}
