#include "traffic/top.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "traffic/sum.h"

enum { ROOM_MIN = 64, TEXT_ROOM_MIN = 4096 };

void top_init(struct top *t)
{
    *t = (struct top){.key = hash_key_random()};
}

void top_close(struct top *t)
{
    mem_free(t->texts);
    mem_free(t->slots);
    mem_free(t->text);
    top_init(t);
}

static uint64_t hash_of(const struct top *t, const char *text, size_t len)
{
    return hash_bytes(text, len, &t->key);
}

/* The slot that holds the text, or the free one where it belongs. */
static struct top_slot *find(const struct top *t, uint64_t hash, const char *text, size_t len)
{
    size_t mask = 2 * t->room - 1;
    size_t i = hash & mask;
    for (; t->slots[i].text != 0; i = (i + 1) & mask) {
        if (t->slots[i].tag != (uint32_t)(hash >> 32))
            continue;
        const struct top_text *known = &t->texts[t->slots[i].text - 1];
        if (known->len == len && memcmp(t->text + known->at, text, len) == 0)
            break;
    }
    return &t->slots[i];
}

static void fill_slots(struct top *t)
{
    memset(t->slots, 0, 2 * t->room * sizeof *t->slots);
    for (size_t i = 0; i < t->count; i++) {
        const struct top_text *item = &t->texts[i];
        uint64_t hash = hash_of(t, t->text + item->at, item->len);
        struct top_slot *slot = find(t, hash, t->text + item->at, item->len);
        *slot = (struct top_slot){(uint32_t)(hash >> 32), (uint32_t)i + 1};
    }
}

static void grow(struct top *t)
{
    t->room = t->room == 0 ? ROOM_MIN : 2 * t->room;
    t->texts = mem_grow(t->texts, t->room, sizeof *t->texts);
    t->slots = mem_grow(t->slots, 2 * t->room, sizeof *t->slots);
    fill_slots(t);
}

/* Moves what is at most `pivot` before the rest; the number of those. */
static size_t partition(uint64_t *values, size_t count, uint64_t pivot)
{
    size_t low = 0;
    for (size_t i = 0; i < count; i++) {
        if (values[i] > pivot)
            continue;
        uint64_t value = values[i];
        values[i] = values[low];
        values[low++] = value;
    }
    return low;
}

/* The value that half of them do not exceed. Reorders them; count > 0. */
static uint64_t median(uint64_t *values, size_t count)
{
    size_t want = (count - 1) / 2;
    for (;;) {
        uint64_t pivot = values[count / 2];
        size_t at_most = partition(values, count, pivot);
        size_t below = pivot == 0 ? 0 : partition(values, at_most, pivot - 1);
        if (want >= below && want < at_most)
            return pivot;
        if (want < below) {
            count = below;
            continue;
        }
        values += at_most;
        count -= at_most;
        want -= at_most;
    }
}

/* Forgets at least half of the texts: those that came least. */
static void forget(struct top *t)
{
    uint64_t *values = mem_array(t->count, sizeof *values);
    for (size_t i = 0; i < t->count; i++)
        values[i] = t->texts[i].count + t->texts[i].more;
    t->forgotten = median(values, t->count);
    mem_free(values);
    size_t kept = 0;
    size_t text_len = 0;
    for (size_t i = 0; i < t->count; i++) {
        struct top_text item = t->texts[i];
        if (item.count + item.more <= t->forgotten)
            continue;
        memmove(t->text + text_len, t->text + item.at, item.len);
        item.at = (uint32_t)text_len;
        text_len += item.len;
        t->texts[kept++] = item;
    }
    t->count = kept;
    t->text_len = text_len;
    fill_slots(t);
}

void top_shrink(struct top *t, size_t texts, size_t bytes)
{
    while (t->count > texts || t->text_len > bytes)
        forget(t);
}

/* Room for one more text of that length. */
static void make_room(struct top *t, size_t len)
{
    while (t->count == TOP_TEXTS || t->text_len + len > TOP_TEXT_BYTES)
        forget(t);
    if (t->count == t->room)
        grow(t);
    while (t->text_room < t->text_len + len) {
        t->text_room = t->text_room == 0 ? TEXT_ROOM_MIN : 2 * t->text_room;
        t->text = mem_grow(t->text, t->text_room, 1);
    }
}

static struct top_text *append(struct top *t, uint64_t hash, const char *text, size_t len)
{
    struct top_text *item = &t->texts[t->count++];
    *item = (struct top_text){.at = (uint32_t)t->text_len, .len = (uint32_t)len};
    if (len > 0)
        memcpy(t->text + t->text_len, text, len);
    t->text_len += len;
    struct top_slot *slot = find(t, hash, text, len);
    *slot = (struct top_slot){(uint32_t)(hash >> 32), (uint32_t)t->count};
    return item;
}

struct top_key top_expect(const struct top *t, const char *text, size_t len)
{
    struct top_key key = {text, len, 0};
    if (len > TOP_TEXT_LEN)
        return key;
    key.hash = hash_of(t, text, len);
    if (t->room != 0)
        __builtin_prefetch(&t->slots[key.hash & (2 * t->room - 1)]);
    return key;
}

void top_take(struct top *t, const struct top_key *key, uint64_t bytes)
{
    t->total++;
    if (key->len > TOP_TEXT_LEN) {
        t->too_long++;
        return;
    }
    const struct top_slot *slot = t->room == 0 ? NULL : find(t, key->hash, key->text, key->len);
    struct top_text *item;
    if (slot != NULL && slot->text != 0) {
        item = &t->texts[slot->text - 1];
    } else {
        make_room(t, key->len);
        item = append(t, key->hash, key->text, key->len);
        item->more = t->forgotten;
    }
    item->count++;
    sum_add(&item->bytes, bytes);
}

void top_add(struct top *t, const char *text, size_t len, uint64_t bytes)
{
    struct top_key key = top_expect(t, text, len);
    top_take(t, &key, bytes);
}

bool top_restore(struct top *t, const char *text, const struct top_text *saved)
{
    if (saved->len > TOP_TEXT_LEN || t->count == TOP_TEXTS ||
        t->text_len + saved->len > TOP_TEXT_BYTES)
        return false;
    uint64_t hash = hash_of(t, text, saved->len);
    if (t->room != 0 && find(t, hash, text, saved->len)->text != 0)
        return false;
    make_room(t, saved->len);
    struct top_text *item = append(t, hash, text, saved->len);
    item->count = saved->count;
    item->more = saved->more;
    item->bytes = saved->bytes;
    return true;
}

/* What qsort_r hands on, which wants no pointer to const. */
struct order {
    const struct top *top;
};

static int compare_texts(const void *left, const void *right, void *ctx)
{
    const struct top *t = ((const struct order *)ctx)->top;
    const struct top_text *a = *(const struct top_text *const *)left;
    const struct top_text *b = *(const struct top_text *const *)right;
    if (a->count != b->count)
        return a->count < b->count ? 1 : -1;
    size_t shorter = a->len < b->len ? a->len : b->len;
    int order = memcmp(top_text(t, a), top_text(t, b), shorter);
    return order != 0 ? order : a->len < b->len ? -1 : a->len > b->len;
}

size_t top_best(const struct top *t, const struct top_text **best, size_t want)
{
    struct order order = {t};
    const struct top_text **all = mem_array(t->count, sizeof *all);
    for (size_t i = 0; i < t->count; i++)
        all[i] = &t->texts[i];
    qsort_r(all, t->count, sizeof *all, compare_texts, &order);
    if (want > t->count)
        want = t->count;
    memcpy(best, all, want * sizeof *best);
    mem_free(all);
    return want;
}
