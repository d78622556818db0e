/*
 * The most frequent texts of a stream (paths, referrers, agents) in bounded memory.
 *
 * Exact while at most TOP_TEXTS different ones have come. After that those seen least are
 * forgotten, half of the table at a time, and a text that comes (again) may have been one of them:
 * its `more` says how many times it may have come beyond `count`. `count` is never too high, and
 * what is frequent is never missed: a text that came more than `forgotten` times is here.
 */
#ifndef TRAFFIC_TOP_H
#define TRAFFIC_TOP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "traffic/hash.h"

enum {
    TOP_TEXTS = 8192,              /* a power of two */
    TOP_TEXT_LEN = 2048,           /* bytes of a text; longer ones are only counted together */
    TOP_TEXT_BYTES = 512 * 1024,   /* of all texts together */
    TOP_SLOTS_MAX = 2 * TOP_TEXTS, /* half empty: short searches */
};

struct top_text {
    uint32_t at; /* where in `text` */
    uint32_t len;
    uint64_t count;
    uint64_t more;  /* may have come so many times more; 0: count is exact */
    uint64_t bytes; /* sum of what was given with it, since it is here */
};

struct top_slot {
    uint32_t tag;  /* of the hash, so that most misses need not look further */
    uint32_t text; /* index into texts plus one, 0: free */
};

struct top {
    struct top_text *texts; /* owned; in the order in which they came */
    size_t count;
    size_t room;
    struct top_slot *slots; /* owned; 2 * room */
    char *text;             /* owned; the texts themselves, without separators */
    size_t text_len;
    size_t text_room;
    uint64_t total;     /* how often anything was added */
    uint64_t too_long;  /* how often a text above TOP_TEXT_LEN was */
    uint64_t forgotten; /* the most that a text that is not here may have come; 0: all are here */
    struct hash_key key;
};

void top_init(struct top *t);
void top_close(struct top *t);

/* A text on its way in; borrowed. */
struct top_key {
    const char *text;
    size_t len;
    uint64_t hash;
};

/*
 * In two steps, with other work between them: the first asks for the memory that the second will
 * look at.
 */
struct top_key top_expect(const struct top *t, const char *text, size_t len);
void top_take(struct top *t, const struct top_key *key, uint64_t bytes);

/* Both at once. */
void top_add(struct top *t, const char *text, size_t len, uint64_t bytes);

/* Forgets those seen least until at most `texts` of them, of `bytes` together, are left. */
void top_shrink(struct top *t, size_t texts, size_t bytes);

/* As it was saved; false when there is no room, or the text is here already. */
bool top_restore(struct top *t, const char *text, const struct top_text *saved);

/* Bytes of memory. */
static inline size_t top_size(const struct top *t)
{
    return t->room * (sizeof *t->texts + 2 * sizeof *t->slots) + t->text_room;
}

static inline bool top_exact(const struct top *t)
{
    return t->forgotten == 0;
}

static inline const char *top_text(const struct top *t, const struct top_text *item)
{
    return t->text + item->at;
}

/*
 * The most frequent `want` of them, most frequent first, equal ones by their bytes. Fills `best`
 * with pointers that hold until the next call that takes a `struct top *`; returns their number.
 */
size_t top_best(const struct top *t, const struct top_text **best, size_t want);

#endif
