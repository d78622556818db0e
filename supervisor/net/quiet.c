#include "net/quiet.h"

#include <jansson.h>
#include <string.h>

#include "base/mem.h"

void quiet_init(struct quiet *q, int64_t window_ms)
{
    *q = (struct quiet){.window_ms = window_ms};
    q->entries = mem_array(QUIET_MAX, sizeof *q->entries);
}

static void entry_close(struct quiet_entry *entry)
{
    mem_free(entry->key);
    mem_free(entry->event);
    mem_free(entry->text);
}

void quiet_close(struct quiet *q)
{
    for (size_t i = 0; i < q->count; i++)
        entry_close(&q->entries[i]);
    mem_free(q->entries);
    *q = (struct quiet){0};
}

static void quiet_remove(struct quiet *q, size_t at)
{
    entry_close(&q->entries[at]);
    q->entries[at] = q->entries[--q->count];
}

/* linear: at most QUIET_MAX short compares for each event */
static struct quiet_entry *quiet_find(struct quiet *q, const char *key)
{
    for (size_t i = 0; i < q->count; i++)
        if (strcmp(q->entries[i].key, key) == 0)
            return &q->entries[i];
    return NULL;
}

static void quiet_add(struct quiet *q, const struct quiet_entry *news)
{
    if (q->count < QUIET_MAX)
        q->entries[q->count++] = (struct quiet_entry){
            .key = mem_strdup(news->key),
            .event = mem_strdup(news->event),
            .text = mem_strdup(news->text),
            .began = news->began,
            .count = news->count,
        };
}

static bool is_over(const struct quiet *q, const struct quiet_entry *entry, int64_t now)
{
    return now - entry->began >= q->window_ms;
}

bool quiet_tell(struct quiet *q, const struct quiet_entry *news, int64_t now)
{
    struct quiet_entry *old = quiet_find(q, news->key);
    if (q->window_ms <= 0)
        return true;
    if (old && (old->count > 0 || !is_over(q, old, now))) {
        mem_free(old->text);
        old->text = mem_strdup(news->text);
        old->count++;
        return false;
    }
    if (old)
        quiet_remove(q, (size_t)(old - q->entries));
    const struct quiet_entry entry = {news->key, news->event, news->text, now, 0};
    quiet_add(q, &entry);
    return true;
}

int64_t quiet_due(const struct quiet *q)
{
    int64_t due = -1;
    for (size_t i = 0; i < q->count; i++) {
        const int64_t end = q->entries[i].began + q->window_ms;
        due = due < 0 || end < due ? end : due;
    }
    return due;
}

const struct quiet_entry *quiet_turn(struct quiet *q, int64_t now)
{
    for (size_t i = 0; i < q->count;) {
        struct quiet_entry *entry = &q->entries[i];
        if (entry->began > now)
            entry->began = now;
        if (!is_over(q, entry, now))
            i++;
        else if (entry->count > 0)
            return entry;
        else
            quiet_remove(q, i);
    }
    return NULL;
}

void quiet_told(struct quiet *q, const struct quiet_entry *entry, int64_t now)
{
    struct quiet_entry *own = &q->entries[entry - q->entries];
    own->began = now;
    own->count = 0;
}

static int on_chunk(const char *data, size_t size, void *ctx)
{
    buf_append(ctx, data, size);
    return 0;
}

void quiet_save(const struct quiet *q, struct buf *out)
{
    json_t *all = json_array();
    for (size_t i = 0; i < q->count; i++) {
        const struct quiet_entry *entry = &q->entries[i];
        json_t *item = json_pack("{s:s, s:s, s:s, s:I, s:I}", "key", entry->key, "event",
                                 entry->event, "text", entry->text, "began",
                                 (json_int_t)entry->began, "count", (json_int_t)entry->count);
        if (item)
            (void)json_array_append_new(all, item);
    }
    (void)json_dump_callback(all, on_chunk, out, JSON_COMPACT);
    json_decref(all);
}

void quiet_load(struct quiet *q, const char *text, size_t len)
{
    json_t *all = json_loadb(text, len, 0, NULL);
    for (size_t i = 0; i < json_array_size(all) && q->window_ms > 0; i++) {
        const char *key, *event, *words;
        json_int_t began, count;
        if (json_unpack(json_array_get(all, i), "{s:s, s:s, s:s, s:I, s:I}", "key", &key, "event",
                        &event, "text", &words, "began", &began, "count", &count) < 0 ||
            count < 0 || began < 0 || quiet_find(q, key))
            continue;
        const struct quiet_entry entry = {(char *)(uintptr_t)key, (char *)(uintptr_t)event,
                                          (char *)(uintptr_t)words, began, (uint64_t)count};
        quiet_add(q, &entry);
    }
    json_decref(all);
}
