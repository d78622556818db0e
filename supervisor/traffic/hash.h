/*
 * A fast hash of bytes for the tables of this program. Not for secrets: whoever knows the key can
 * make collisions, so tables that outsiders fill take a random one (hash_key_random).
 */
#ifndef TRAFFIC_HASH_H
#define TRAFFIC_HASH_H

#include <endian.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/random.h>

struct hash_key {
    uint64_t first;
    uint64_t second;
};

/* Always the same: for sketches, whose content must mean the same tomorrow. */
#define HASH_KEY_FIXED                                                                             \
    {                                                                                              \
        UINT64_C(0x9E3779B97F4A7C15), UINT64_C(0xD1B54A32D192ED03)                                 \
    }

static inline struct hash_key hash_key_random(void)
{
    struct hash_key key = HASH_KEY_FIXED;
    struct hash_key noise = {0};
    (void)!getrandom(&noise, sizeof noise, GRND_NONBLOCK);
    key.first ^= noise.first;
    key.second ^= noise.second;
    return key;
}

/* Both halves of the product: every bit of the result hangs on every bit of both. */
static inline uint64_t hash_mix(uint64_t a, uint64_t b)
{
    __extension__ typedef unsigned __int128 wide;
    wide product = (wide)a * b;
    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static inline uint64_t hash_load8(const char *text)
{
    uint64_t word;
    memcpy(&word, text, sizeof word);
    return le64toh(word);
}

static inline uint64_t hash_load4(const char *text)
{
    uint32_t word;
    memcpy(&word, text, sizeof word);
    return le32toh(word);
}

static inline uint64_t hash_bytes(const char *text, size_t len, const struct hash_key *key)
{
    uint64_t hash = key->second ^ len;
    uint64_t a = 0;
    uint64_t b = 0;
    for (; len > 16; text += 16, len -= 16)
        hash = hash_mix(hash_load8(text) ^ key->first, hash_load8(text + 8) ^ hash);
    if (len >= 8) {
        a = hash_load8(text);
        b = hash_load8(text + len - 8);
    } else if (len >= 4) {
        a = hash_load4(text);
        b = hash_load4(text + len - 4);
    } else if (len > 0) {
        a = (uint64_t)(unsigned char)text[0] << 16 | (uint64_t)(unsigned char)text[len / 2] << 8 |
            (unsigned char)text[len - 1];
    }
    hash = hash_mix(a ^ key->first, b ^ hash);
    return hash_mix(hash ^ key->first, key->second);
}

#endif
