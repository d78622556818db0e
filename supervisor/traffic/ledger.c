#include "traffic/ledger.h"

#include <string.h>

#include "base/mem.h"
#include "traffic/day.h"

void ledger_init(struct ledger *l)
{
    *l = (struct ledger){0};
}

void ledger_close(struct ledger *l)
{
    for (size_t i = 0; i < l->count; i++)
        mem_free(l->items[i].log);
    mem_free(l->items);
    ledger_init(l);
}

static bool begins_alike(const struct ledger_entry *entry, const struct head *h)
{
    return entry->head_len > 0 && entry->head_len <= h->len &&
           head_sum(h, (size_t)entry->head_len) == entry->head_sum;
}

/* The size of a compressed file says nothing of the text in it. */
static bool is_long_enough(const struct ledger_entry *entry, const struct log_file *f,
                           const struct head *h)
{
    return h->compressed || (uint64_t)f->size >= entry->offset;
}

static struct ledger_entry *claim(struct ledger_entry *entry, const struct log_file *f)
{
    entry->claimed = true;
    entry->rotated = f->rotated;
    return entry;
}

struct ledger_entry *ledger_same(struct ledger *l, const struct log_file *f, const struct head *h)
{
    for (size_t i = 0; i < l->count; i++) {
        struct ledger_entry *entry = &l->items[i];
        if (entry->claimed || entry->inode != f->inode || entry->device != f->device)
            continue;
        if (begins_alike(entry, h) && is_long_enough(entry, f, h))
            return claim(entry, f);
    }
    return NULL;
}

struct ledger_entry *ledger_moved(struct ledger *l, const struct log_file *f, const struct head *h)
{
    struct ledger_entry *best = NULL;
    for (size_t i = 0; i < l->count; i++) {
        struct ledger_entry *entry = &l->items[i];
        if (entry->claimed || strcmp(entry->log, f->log) != 0 || !begins_alike(entry, h) ||
            !is_long_enough(entry, f, h))
            continue;
        if (best == NULL || entry->offset > best->offset)
            best = entry;
    }
    return best ? claim(best, f) : NULL;
}

bool ledger_is_copy(const struct ledger *l, const struct log_file *f, const struct head *h)
{
    if (!f->rotated)
        return false;
    for (size_t i = 0; i < l->count; i++) {
        const struct ledger_entry *entry = &l->items[i];
        if (entry->claimed && !entry->rotated && strcmp(entry->log, f->log) == 0 &&
            begins_alike(entry, h))
            return true;
    }
    return false;
}

int32_t ledger_day(const struct ledger_entry *entry)
{
    return entry->day != DAY_NONE ? entry->day
                                  : day_today((time_t)(entry->written_ns / 1000000000));
}

uint64_t ledger_loose(const struct ledger_entry *entry, enum line_kind kind)
{
    return entry->pending[kind] + (kind == LINE_CUT && entry->half);
}

struct ledger_entry *ledger_add(struct ledger *l, const struct log_file *f)
{
    l->items = mem_grow(l->items, l->count + 1, sizeof *l->items);
    struct ledger_entry *entry = &l->items[l->count++];
    *entry = (struct ledger_entry){.log = mem_strdup(f->log), .day = DAY_NONE};
    return claim(entry, f);
}

bool ledger_is_settled(const struct ledger_entry *entry, const struct log_file *f)
{
    return entry->inode == f->inode && entry->device == f->device && entry->size == f->size &&
           entry->written_ns == f->written_ns;
}

void ledger_note(struct ledger_entry *entry, const struct log_file *f, const struct head *h)
{
    entry->device = f->device;
    entry->inode = f->inode;
    entry->size = f->size;
    entry->written_ns = f->written_ns;
    entry->head_len = entry->offset < h->len ? entry->offset : h->len;
    entry->head_sum = head_sum(h, (size_t)entry->head_len);
}

void ledger_sweep(struct ledger *l)
{
    size_t kept = 0;
    for (size_t i = 0; i < l->count; i++) {
        if (l->items[i].claimed && l->items[i].offset > 0)
            l->items[kept++] = l->items[i];
        else
            mem_free(l->items[i].log);
    }
    l->count = kept;
}
