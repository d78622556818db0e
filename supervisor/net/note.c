#include "net/note.h"

#include <inttypes.h>
#include <stdbool.h>
#include <string.h>
#include <time.h>

#include "base/mem.h"
#include "base/xml.h"

static json_t *text_json(const char *text, size_t len)
{
    struct buf clean = BUF_EMPTY;
    xml_legal_text(&clean, text, len);
    json_t *value = json_stringn(buf_str(&clean), clean.len);
    buf_close(&clean);
    return value;
}

static json_t *field_json(struct field f)
{
    return f.text ? text_json(f.text, f.len) : json_null();
}

/* 2026-11-21T22:31:04+00:00, in the zone of the machine. */
static json_t *time_json(int64_t when)
{
    char day[32] = "";
    char zone[16] = "";
    struct tm local;
    const time_t seconds = (time_t)(when / 1000);
    if (localtime_r(&seconds, &local)) {
        (void)strftime(day, sizeof day, "%Y-%m-%dT%H:%M:%S", &local);
        (void)strftime(zone, sizeof zone, "%z", &local);
    }
    return json_sprintf("%s%.3s:%s", day, zone, strlen(zone) > 3 ? zone + 3 : "00");
}

static json_t *note_start(const struct note_about *about, const char *event, int64_t when)
{
    json_t *note = json_object();
    (void)json_object_set_new(note, "event", text_json(event, strlen(event)));
    (void)json_object_set_new(note, "host", text_json(about->host, strlen(about->host)));
    (void)json_object_set_new(note, "notify", text_json(about->notify, strlen(about->notify)));
    (void)json_object_set_new(note, "time", time_json(when));
    return note;
}

/* So that whoever gets it twice can tell. */
static void put_id(json_t *note, const struct note_about *about, int64_t when, struct field serial)
{
    char *id = mem_printf("%s-%s-%" PRId64 "-%.*s", about->host, about->notify, when,
                          (int)(serial.len < 20 ? serial.len : 20), serial.text);
    (void)json_object_set_new(note, "id", text_json(id, strlen(id)));
    mem_free(id);
}

/* The words of the event's first line, by their names. */
static json_t *details_json(struct field line)
{
    json_t *details = json_object();
    for (size_t at = 0; at < line.len;) {
        const char *word = line.text + at;
        const char *blank = memchr(word, ' ', line.len - at);
        const size_t len = blank ? (size_t)(blank - word) : line.len - at;
        const char *colon = memchr(word, ':', len);
        if (colon && colon > word) {
            const size_t key_len = (size_t)(colon - word);
            json_t *key = text_json(word, key_len);
            (void)json_object_set_new(details, json_string_value(key),
                                      text_json(colon + 1, len - key_len - 1));
            json_decref(key);
        }
        at += len + 1;
    }
    return details;
}

json_t *note_new(const struct note_about *about, const struct told *t, int64_t when)
{
    struct buf text = BUF_EMPTY;
    char *event = mem_strndup(t->event.text ? t->event.text : "", t->event.len);
    json_t *note = note_start(about, event, when);
    words_write(t, &text);
    (void)json_object_set_new(note, "text", text_json(buf_str(&text), text.len));
    (void)json_object_set_new(note, "daemon", field_json(t->server));
    (void)json_object_set_new(note, "details", details_json(t->line));
    if (t->data.len > 0)
        (void)json_object_set_new(note, "data", field_json(t->data));
    if (t->cut)
        (void)json_object_set_new(note, "cut", json_true());
    put_id(note, about, when, t->serial.text ? t->serial : (struct field){"", 0});
    buf_close(&text);
    mem_free(event);
    return note;
}

static uint32_t hash_of(const char *text)
{
    uint32_t hash = 2166136261u; /* FNV-1a */
    for (; *text; text++)
        hash = (hash ^ (unsigned char)*text) * 16777619u;
    return hash;
}

static void write_duration(int64_t ms, struct buf *out)
{
    const int64_t minute = 60000;
    if (ms < minute)
        buf_printf(out, "%" PRId64 " s", (ms + 999) / 1000);
    else if (ms < 120 * minute)
        buf_printf(out, "%" PRId64 " min", (ms + minute / 2) / minute);
    else
        buf_printf(out, "%" PRId64 " h", (ms + 30 * minute) / (60 * minute));
}

json_t *note_again(const struct note_about *about, const struct quiet_entry *entry, int64_t when)
{
    struct buf text = BUF_EMPTY;
    json_t *note = note_start(about, entry->event, when);
    const int64_t took = when - entry->began;
    const int64_t sense = 60 * INT64_C(86400000); /* beyond it, it was the clock that was set */
    buf_printf(&text, "%s; again %" PRIu64 " time%s", entry->text, entry->count,
               entry->count == 1 ? "" : "s");
    if (took >= 0 && took < sense) {
        buf_text(&text, " in ");
        write_duration(took, &text);
    }
    (void)json_object_set_new(note, "text", text_json(buf_str(&text), text.len));
    (void)json_object_set_new(note, "again", json_integer((json_int_t)entry->count));
    (void)json_object_set_new(note, "since", time_json(entry->began));
    char *tag = mem_printf("again-%08" PRIx32, hash_of(entry->key)); /* several at a time */
    put_id(note, about, when, (struct field){tag, strlen(tag)});
    mem_free(tag);
    buf_close(&text);
    return note;
}

json_t *note_lost(const struct note_about *about, uint64_t count, int64_t when)
{
    json_t *note = note_start(about, "NOTIFY_LOST", when);
    char *text = mem_printf("%" PRIu64 " older message%s of [notify:%s] could not be delivered and "
                            "%s lost",
                            count, count == 1 ? "" : "s", about->notify, count == 1 ? "is" : "are");
    (void)json_object_set_new(note, "text", text_json(text, strlen(text)));
    (void)json_object_set_new(note, "lost", json_integer((json_int_t)count));
    put_id(note, about, when, (struct field){"lost", 4});
    mem_free(text);
    return note;
}

/* --- For whoever is told ------------------------------------------------------------------- */

const char *note_text(const json_t *note, const char *member)
{
    const char *text = json_string_value(json_object_get(note, member));
    return text ? text : "";
}

void note_subject(const json_t *note, struct buf *out)
{
    buf_printf(out, "%s: %s", note_text(note, "host"), note_text(note, "text"));
}

static int on_chunk(const char *data, size_t size, void *ctx)
{
    buf_append(ctx, data, size);
    return 0;
}

static void write_json(const json_t *value, struct buf *out)
{
    (void)json_dump_callback(value, on_chunk, out, JSON_COMPACT);
}

/* A time is read more easily with blanks. */
static void write_time(const json_t *note, struct buf *out)
{
    const char *text = note_text(note, "time");
    for (size_t i = 0; text[i]; i++) {
        if (i == strlen("2026-11-21T22:31:04"))
            buf_char(out, ' ');
        buf_char(out, text[i] == 'T' ? ' ' : text[i]);
    }
}

/* Slack wants these three marked, and nothing else. */
static void write_slack(const json_t *note, struct buf *out)
{
    struct buf plain = BUF_EMPTY;
    struct buf marked = BUF_EMPTY;
    note_subject(note, &plain);
    buf_text(&plain, " (");
    write_time(note, &plain);
    buf_char(&plain, ')');
    for (size_t i = 0; i < plain.len; i++) {
        const char c = plain.data[i];
        buf_append(&marked, &c, c == '&' || c == '<' || c == '>' ? 0 : 1);
        buf_text(&marked, c == '&' ? "&amp;" : c == '<' ? "&lt;" : c == '>' ? "&gt;" : "");
    }
    json_t *body = json_object();
    (void)json_object_set_new(body, "text", json_stringn(buf_str(&marked), marked.len));
    write_json(body, out);
    json_decref(body);
    buf_close(&plain);
    buf_close(&marked);
}

static void write_text(const json_t *note, struct buf *out)
{
    const char *key;
    json_t *value;
    buf_printf(out, "%s\n\nhost: %s\ntime: ", note_text(note, "text"), note_text(note, "host"));
    write_time(note, out);
    buf_printf(out, "\nevent: %s\n", note_text(note, "event"));
    json_object_foreach(json_object_get(note, "details"), key, value)
    {
        buf_printf(out, "%s: %s\n", key, json_string_value(value));
    }
    if (*note_text(note, "data"))
        buf_printf(out, "\n%s\n", note_text(note, "data"));
}

void note_write(const json_t *note, enum note_format format, struct buf *out)
{
    switch (format) {
    case NOTE_JSON:
        write_json(note, out);
        break;
    case NOTE_SLACK:
        write_slack(note, out);
        break;
    case NOTE_TEXT:
        write_text(note, out);
        break;
    }
}
