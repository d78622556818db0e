/*
 * How many different clients came. Exact up to CLIENTS_EXACT; from the next one on a HyperLogLog
 * sketch stands in for the set, with a standard error of CLIENTS_ERROR, in 16 KiB.
 *
 * A client is its address as the log has it; of one longer than 15 bytes (IPv6, a chain of
 * proxies) a hash of 120 bits stands for it.
 */
#ifndef TRAFFIC_CLIENTS_H
#define TRAFFIC_CLIENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "traffic/hash.h"

enum {
    CLIENTS_EXACT = 32768,
    CLIENTS_SLOTS_MAX = 2 * CLIENTS_EXACT,
    CLIENTS_BITS = 14,
    CLIENTS_REGISTERS = 1 << CLIENTS_BITS,
};

#define CLIENTS_ERROR 0.0081 /* 1.04 / sqrt(CLIENTS_REGISTERS) */

struct client {
    uint64_t low;
    uint64_t high; /* its last byte is the length, or 255; 0: nobody */
};

struct clients {
    struct client *slots; /* owned; NULL before the first, and once the sketch is in use */
    size_t slot_count;
    size_t count;       /* in slots */
    uint8_t *registers; /* owned; the sketch, NULL while the count is exact */
    struct hash_key key;
};

void clients_init(struct clients *c);
void clients_close(struct clients *c);

/*
 * In two steps, with other work between them: the first asks for the memory that the second will
 * look at. Nobody else may be added in between. An empty address is nobody.
 */
struct client clients_expect(const struct clients *c, const char *address, size_t len);
void clients_take(struct clients *c, const struct client *who);

/* Both at once. */
void clients_add(struct clients *c, const char *address, size_t len);

static inline bool clients_exact(const struct clients *c)
{
    return c->registers == NULL;
}

/* Above `most` clients the sketch replaces the set from now on. */
void clients_shrink(struct clients *c, size_t most);

uint64_t clients_count(const struct clients *c);
size_t clients_size(const struct clients *c); /* bytes of memory */

/* All there is to know, as bytes: 16 for each client, or the registers. Sorted: same set, same
 * bytes. clients_restore takes them into an empty one; false when they are none. */
void clients_save(const struct clients *c, struct buf *out);
bool clients_restore(struct clients *c, bool exact, const void *data, size_t len);

#endif
