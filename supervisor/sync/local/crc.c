#include "sync/local/crc.h"

#include <pthread.h>
#include <stdbool.h>
#include <string.h>

enum { SLICES = 8, BITS = 8, BYTES = 256, LAST = 0xff };

static const uint32_t poly_32c = 0x82f63b78;
static const uint64_t poly_64nvme = 0x9a6c9329ac4bc9b5;

static uint32_t table_32c[SLICES][BYTES];
static uint64_t table_64nvme[SLICES][BYTES];
static pthread_once_t tables = PTHREAD_ONCE_INIT;

static void on_first_use(void)
{
    for (unsigned i = 0; i < BYTES; i++) {
        uint32_t a = i;
        uint64_t b = i;
        for (int bit = 0; bit < BITS; bit++) {
            a = a >> 1 ^ (a & 1 ? poly_32c : 0);
            b = b >> 1 ^ (b & 1 ? poly_64nvme : 0);
        }
        table_32c[0][i] = a;
        table_64nvme[0][i] = b;
    }
    for (int s = 1; s < SLICES; s++) {
        for (unsigned i = 0; i < BYTES; i++) {
            const uint32_t a = table_32c[s - 1][i];
            const uint64_t b = table_64nvme[s - 1][i];
            table_32c[s][i] = a >> BITS ^ table_32c[0][a & LAST];
            table_64nvme[s][i] = b >> BITS ^ table_64nvme[0][b & LAST];
        }
    }
}

/* Eight bytes, the first the least. */
static uint64_t load(const unsigned char *at)
{
    uint64_t word = 0;
    memcpy(&word, at, sizeof word);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    word = __builtin_bswap64(word);
#endif
    return word;
}

static unsigned byte_of(uint64_t word, int i)
{
    return (unsigned)(word >> (i * BITS) & LAST);
}

static uint32_t slow_32c(uint32_t crc, const unsigned char *at, size_t len)
{
    (void)pthread_once(&tables, on_first_use);
    for (; len >= SLICES; at += SLICES, len -= SLICES) {
        const uint64_t word = load(at) ^ crc;
        crc = 0;
        for (int i = 0; i < SLICES; i++)
            crc ^= table_32c[SLICES - 1 - i][byte_of(word, i)];
    }
    for (; len > 0; at++, len--)
        crc = crc >> BITS ^ table_32c[0][(crc ^ *at) & LAST];
    return crc;
}

#ifdef __x86_64__

/* The processor's own instruction: eight bytes at a time. */
__attribute__((target("sse4.2"))) static uint32_t fast_32c(uint32_t crc, const unsigned char *at,
                                                           size_t len)
{
    uint64_t sum = crc;
    for (; len >= SLICES; at += SLICES, len -= SLICES)
        sum = __builtin_ia32_crc32di(sum, load(at));
    for (; len > 0; at++, len--)
        sum = __builtin_ia32_crc32qi((uint32_t)sum, *at);
    return (uint32_t)sum;
}

static bool has_fast_32c(void)
{
    return __builtin_cpu_supports("sse4.2") != 0;
}

#else

static uint32_t fast_32c(uint32_t crc, const unsigned char *at, size_t len)
{
    return slow_32c(crc, at, len);
}

static bool has_fast_32c(void)
{
    return false;
}

#endif

uint32_t crc_32c(uint32_t crc, const void *data, size_t len)
{
    return ~(has_fast_32c() ? fast_32c(~crc, data, len) : slow_32c(~crc, data, len));
}

uint64_t crc_64nvme(uint64_t crc, const void *data, size_t len)
{
    (void)pthread_once(&tables, on_first_use);
    const unsigned char *at = data;
    crc = ~crc;
    for (; len >= SLICES; at += SLICES, len -= SLICES) {
        const uint64_t word = load(at) ^ crc;
        crc = 0;
        for (int i = 0; i < SLICES; i++)
            crc ^= table_64nvme[SLICES - 1 - i][byte_of(word, i)];
    }
    for (; len > 0; at++, len--)
        crc = crc >> BITS ^ table_64nvme[0][(crc ^ *at) & LAST];
    return ~crc;
}
