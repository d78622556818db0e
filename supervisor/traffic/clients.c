#include "traffic/clients.h"

#include <endian.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

enum {
    SLOTS_MIN = 64,
    SHORT_LEN = 15,               /* addresses that are kept as they are */
    RANK_MAX = 64 - CLIENTS_BITS, /* of a register */
};

static const struct hash_key LOW = HASH_KEY_FIXED;
static const struct hash_key HIGH = {UINT64_C(0xA24BAED4963EE407), UINT64_C(0x8CB92BA72F3D8DD7)};

void clients_init(struct clients *c)
{
    *c = (struct clients){.key = hash_key_random()};
}

void clients_close(struct clients *c)
{
    mem_free(c->slots);
    mem_free(c->registers);
    clients_init(c);
}

/* The bytes of the address, and their number. Loads of whole words, which may overlap. */
static struct client short_client(const char *address, size_t len)
{
    uint64_t low = 0;
    uint64_t high = 0;
    if (len > 8) {
        low = hash_load8(address);
        high = hash_load8(address + len - 8) >> (8 * (16 - len));
    } else if (len == 8) {
        low = hash_load8(address);
    } else if (len >= 4) {
        low = hash_load4(address) | hash_load4(address + len - 4) << (8 * (len - 4));
    } else {
        for (size_t i = 0; i < len; i++)
            low |= (uint64_t)(unsigned char)address[i] << (8 * i);
    }
    return (struct client){low, high | (uint64_t)len << 56};
}

static size_t slot_of(const struct clients *c, const struct client *who)
{
    return hash_mix(who->low ^ c->key.first, who->high ^ c->key.second) & (c->slot_count - 1);
}

static struct client *find(const struct clients *c, const struct client *who)
{
    size_t mask = c->slot_count - 1;
    size_t i = slot_of(c, who);
    while (c->slots[i].high != 0 && (c->slots[i].high != who->high || c->slots[i].low != who->low))
        i = (i + 1) & mask;
    return &c->slots[i];
}

static void grow(struct clients *c)
{
    struct client *old = c->slots;
    size_t old_count = c->slot_count;
    c->slot_count = old_count == 0 ? SLOTS_MIN : 2 * old_count;
    c->slots = mem_array(c->slot_count, sizeof *c->slots);
    for (size_t i = 0; i < old_count; i++)
        if (old[i].high != 0)
            *find(c, &old[i]) = old[i];
    mem_free(old);
}

static void sketch_add(struct clients *c, const struct client *who)
{
    uint64_t hash = hash_mix(who->low ^ LOW.first, who->high ^ LOW.second);
    hash = hash_mix(hash ^ HIGH.first, HIGH.second); /* a sketch lives by the bits of its hash */
    size_t i = hash >> (64 - CLIENTS_BITS);
    uint64_t rest = hash << CLIENTS_BITS;
    int rank = rest == 0 ? RANK_MAX : __builtin_clzll(rest) + 1;
    if (rank > RANK_MAX)
        rank = RANK_MAX;
    if (c->registers[i] < rank)
        c->registers[i] = (uint8_t)rank;
}

static void begin_sketch(struct clients *c)
{
    c->registers = mem_alloc(CLIENTS_REGISTERS);
    for (size_t i = 0; i < c->slot_count; i++)
        if (c->slots[i].high != 0)
            sketch_add(c, &c->slots[i]);
    mem_free(c->slots);
    c->slots = NULL;
    c->slot_count = c->count = 0;
}

static void add_client(struct clients *c, const struct client *who)
{
    if (c->registers != NULL) {
        sketch_add(c, who);
        return;
    }
    if (2 * c->count >= c->slot_count && c->slot_count < CLIENTS_SLOTS_MAX)
        grow(c);
    struct client *slot = find(c, who);
    if (slot->high != 0)
        return;
    *slot = *who;
    if (++c->count > CLIENTS_EXACT)
        begin_sketch(c);
}

struct client clients_expect(const struct clients *c, const char *address, size_t len)
{
    if (len > SHORT_LEN)
        return (struct client){hash_bytes(address, len, &LOW),
                               hash_bytes(address, len, &HIGH) | UINT64_C(255) << 56};
    struct client who = short_client(address, len);
    if (c->slots != NULL)
        __builtin_prefetch(&c->slots[slot_of(c, &who)]);
    return who;
}

void clients_take(struct clients *c, const struct client *who)
{
    if (who->high != 0)
        add_client(c, who);
}

void clients_add(struct clients *c, const char *address, size_t len)
{
    struct client who = clients_expect(c, address, len);
    clients_take(c, &who);
}

void clients_shrink(struct clients *c, size_t most)
{
    if (c->count > most)
        begin_sketch(c);
}

/* What the registers that are still 0 add to the sum below; `share` is below 1. */
static double empty_part(double share)
{
    double weight = 1;
    double sum = share;
    double before;
    do {
        before = sum;
        share *= share;
        sum += share * weight;
        weight += weight;
    } while (sum > before);
    return sum;
}

/* Ertl's estimator ("New cardinality estimation algorithms for HyperLogLog sketches", 2017): no
 * table of corrections, and no bend where a plain count of empty registers would take over. */
static uint64_t estimate(const uint8_t *registers)
{
    double counts[RANK_MAX + 1] = {0};
    for (size_t i = 0; i < CLIENTS_REGISTERS; i++)
        counts[registers[i]]++;
    double sum = 0;
    for (int rank = RANK_MAX; rank > 0; rank--)
        sum = (sum + counts[rank]) / 2;
    sum += CLIENTS_REGISTERS * empty_part(counts[0] / CLIENTS_REGISTERS);
    /* a sketch is only begun with clients, so some register is not 0 */
    double alpha = 0.7213475204444817; /* 1 / (2 ln 2) */
    return (uint64_t)(alpha * CLIENTS_REGISTERS * CLIENTS_REGISTERS / sum + 0.5);
}

uint64_t clients_count(const struct clients *c)
{
    return c->registers != NULL ? estimate(c->registers) : c->count;
}

size_t clients_size(const struct clients *c)
{
    return c->slot_count * sizeof *c->slots + (c->registers != NULL ? CLIENTS_REGISTERS : 0);
}

static int compare_clients(const void *left, const void *right)
{
    const struct client *a = left;
    const struct client *b = right;
    if (a->high != b->high)
        return a->high < b->high ? -1 : 1;
    return a->low < b->low ? -1 : a->low > b->low;
}

void clients_save(const struct clients *c, struct buf *out)
{
    if (c->registers != NULL) {
        buf_append(out, c->registers, CLIENTS_REGISTERS);
        return;
    }
    struct client *all = mem_array(c->count, sizeof *all);
    size_t n = 0;
    for (size_t i = 0; i < c->slot_count; i++)
        if (c->slots[i].high != 0)
            all[n++] = c->slots[i];
    qsort(all, n, sizeof *all, compare_clients);
    for (size_t i = 0; i < n; i++) {
        uint64_t words[2] = {htole64(all[i].low), htole64(all[i].high)};
        buf_append(out, words, sizeof words);
    }
    mem_free(all);
}

static bool restore_sketch(struct clients *c, const uint8_t *data, size_t len)
{
    bool any = false;
    if (len != CLIENTS_REGISTERS)
        return false;
    for (size_t i = 0; i < len; i++) {
        any = any || data[i] != 0;
        if (data[i] > RANK_MAX)
            return false;
    }
    if (!any)
        return false; /* nobody begins a sketch without clients */
    c->registers = mem_alloc(CLIENTS_REGISTERS);
    memcpy(c->registers, data, len);
    return true;
}

bool clients_restore(struct clients *c, bool exact, const void *data, size_t len)
{
    const char *at = data;
    if (!exact)
        return restore_sketch(c, data, len);
    if (len % 16 != 0 || len / 16 > CLIENTS_EXACT)
        return false;
    for (size_t i = 0; i < len; i += 16) {
        struct client who = {hash_load8(at + i), hash_load8(at + i + 8)};
        if (who.high == 0)
            return false;
        add_client(c, &who);
    }
    return true;
}
