#include "sync/local/md5.h"

#include <endian.h>
#include <stdbool.h>
#include <string.h>

// clang-format off
/* The rounds of RFC 1321, 3.4: which word of the block, by how many bits, and the sine. */
#define STEPS(STEP) \
    STEP(F, a, b, c, d,  0,  7, 0xd76aa478) \
    STEP(F, d, a, b, c,  1, 12, 0xe8c7b756) \
    STEP(F, c, d, a, b,  2, 17, 0x242070db) \
    STEP(F, b, c, d, a,  3, 22, 0xc1bdceee) \
    STEP(F, a, b, c, d,  4,  7, 0xf57c0faf) \
    STEP(F, d, a, b, c,  5, 12, 0x4787c62a) \
    STEP(F, c, d, a, b,  6, 17, 0xa8304613) \
    STEP(F, b, c, d, a,  7, 22, 0xfd469501) \
    STEP(F, a, b, c, d,  8,  7, 0x698098d8) \
    STEP(F, d, a, b, c,  9, 12, 0x8b44f7af) \
    STEP(F, c, d, a, b, 10, 17, 0xffff5bb1) \
    STEP(F, b, c, d, a, 11, 22, 0x895cd7be) \
    STEP(F, a, b, c, d, 12,  7, 0x6b901122) \
    STEP(F, d, a, b, c, 13, 12, 0xfd987193) \
    STEP(F, c, d, a, b, 14, 17, 0xa679438e) \
    STEP(F, b, c, d, a, 15, 22, 0x49b40821) \
    STEP(G, a, b, c, d,  1,  5, 0xf61e2562) \
    STEP(G, d, a, b, c,  6,  9, 0xc040b340) \
    STEP(G, c, d, a, b, 11, 14, 0x265e5a51) \
    STEP(G, b, c, d, a,  0, 20, 0xe9b6c7aa) \
    STEP(G, a, b, c, d,  5,  5, 0xd62f105d) \
    STEP(G, d, a, b, c, 10,  9, 0x02441453) \
    STEP(G, c, d, a, b, 15, 14, 0xd8a1e681) \
    STEP(G, b, c, d, a,  4, 20, 0xe7d3fbc8) \
    STEP(G, a, b, c, d,  9,  5, 0x21e1cde6) \
    STEP(G, d, a, b, c, 14,  9, 0xc33707d6) \
    STEP(G, c, d, a, b,  3, 14, 0xf4d50d87) \
    STEP(G, b, c, d, a,  8, 20, 0x455a14ed) \
    STEP(G, a, b, c, d, 13,  5, 0xa9e3e905) \
    STEP(G, d, a, b, c,  2,  9, 0xfcefa3f8) \
    STEP(G, c, d, a, b,  7, 14, 0x676f02d9) \
    STEP(G, b, c, d, a, 12, 20, 0x8d2a4c8a) \
    STEP(H, a, b, c, d,  5,  4, 0xfffa3942) \
    STEP(H, d, a, b, c,  8, 11, 0x8771f681) \
    STEP(H, c, d, a, b, 11, 16, 0x6d9d6122) \
    STEP(H, b, c, d, a, 14, 23, 0xfde5380c) \
    STEP(H, a, b, c, d,  1,  4, 0xa4beea44) \
    STEP(H, d, a, b, c,  4, 11, 0x4bdecfa9) \
    STEP(H, c, d, a, b,  7, 16, 0xf6bb4b60) \
    STEP(H, b, c, d, a, 10, 23, 0xbebfbc70) \
    STEP(H, a, b, c, d, 13,  4, 0x289b7ec6) \
    STEP(H, d, a, b, c,  0, 11, 0xeaa127fa) \
    STEP(H, c, d, a, b,  3, 16, 0xd4ef3085) \
    STEP(H, b, c, d, a,  6, 23, 0x04881d05) \
    STEP(H, a, b, c, d,  9,  4, 0xd9d4d039) \
    STEP(H, d, a, b, c, 12, 11, 0xe6db99e5) \
    STEP(H, c, d, a, b, 15, 16, 0x1fa27cf8) \
    STEP(H, b, c, d, a,  2, 23, 0xc4ac5665) \
    STEP(I, a, b, c, d,  0,  6, 0xf4292244) \
    STEP(I, d, a, b, c,  7, 10, 0x432aff97) \
    STEP(I, c, d, a, b, 14, 15, 0xab9423a7) \
    STEP(I, b, c, d, a,  5, 21, 0xfc93a039) \
    STEP(I, a, b, c, d, 12,  6, 0x655b59c3) \
    STEP(I, d, a, b, c,  3, 10, 0x8f0ccc92) \
    STEP(I, c, d, a, b, 10, 15, 0xffeff47d) \
    STEP(I, b, c, d, a,  1, 21, 0x85845dd1) \
    STEP(I, a, b, c, d,  8,  6, 0x6fa87e4f) \
    STEP(I, d, a, b, c, 15, 10, 0xfe2ce6e0) \
    STEP(I, c, d, a, b,  6, 15, 0xa3014314) \
    STEP(I, b, c, d, a, 13, 21, 0x4e0811a1) \
    STEP(I, a, b, c, d,  4,  6, 0xf7537e82) \
    STEP(I, d, a, b, c, 11, 10, 0xbd3af235) \
    STEP(I, c, d, a, b,  2, 15, 0x2ad7d2bb) \
    STEP(I, b, c, d, a,  9, 21, 0xeb86d391)
// clang-format on

/*
 * The mixing functions, in two parts: what does not need b, the result of the step before, and what
 * has to wait for it.
 */
#define EARLY_F(c, d) 0
#define LATE_F(b, c, d) ((d) ^ ((b) & ((c) ^ (d))))
#define EARLY_G(c, d) ((c) & ~(d))
#define LATE_G(b, c, d) ((b) & (d))
#define EARLY_H(c, d) 0
#define LATE_H(b, c, d) ((b) ^ ((c) ^ (d)))
#define EARLY_I(c, d) 0
#define LATE_I(b, c, d) ((c) ^ ((b) | ~(d)))

#define STEP(mix, a, b, c, d, word, bits, sine)                                                    \
    (a) += w[word] + (sine) + EARLY_##mix(c, d);                                                   \
    (a) += LATE_##mix(b, c, d);                                                                    \
    (a) = (b) + ((a) << (bits) | (a) >> (32 - (bits)));

/* The sums stay as they are written: what has to wait is added last. */
#ifdef __clang__
#define AS_WRITTEN
#else
#define AS_WRITTEN __attribute__((optimize("no-tree-reassoc")))
#endif

/* A word of each of MD5_LANES blocks. */
typedef uint32_t md5_lanes __attribute__((vector_size(4 * MD5_LANES)));

AS_WRITTEN static void mix_one(uint32_t *s, const uint32_t *w)
{
    uint32_t a = s[0];
    uint32_t b = s[1];
    uint32_t c = s[2];
    uint32_t d = s[3];
    STEPS(STEP)
    s[0] += a;
    s[1] += b;
    s[2] += c;
    s[3] += d;
}

AS_WRITTEN static void mix_lanes(md5_lanes *s, const md5_lanes *w)
{
    md5_lanes a = s[0];
    md5_lanes b = s[1];
    md5_lanes c = s[2];
    md5_lanes d = s[3];
    STEPS(STEP)
    s[0] += a;
    s[1] += b;
    s[2] += c;
    s[3] += d;
}

// --- blocks --------------------------------------------------------------------------------------

static void add_block(struct md5 *m, const unsigned char *data)
{
    uint32_t w[MD5_BLOCK / 4];
    memcpy(w, data, MD5_BLOCK);
    for (size_t i = 0; i < MD5_BLOCK / 4; i++)
        w[i] = le32toh(w[i]);
    mix_one(m->state, w);
}

/* Four words of four blocks, the first of each first: rows become columns. */
static void load_words(md5_lanes *w, const unsigned char *const *data, size_t at)
{
    md5_lanes rows[MD5_LANES];
    for (size_t i = 0; i < MD5_LANES; i++) {
        memcpy(&rows[i], data[i] + at, sizeof rows[i]);
        for (size_t j = 0; j < 4; j++)
            rows[i][j] = le32toh(rows[i][j]);
    }
    const md5_lanes p = __builtin_shufflevector(rows[0], rows[1], 0, 4, 1, 5);
    const md5_lanes q = __builtin_shufflevector(rows[2], rows[3], 0, 4, 1, 5);
    const md5_lanes x = __builtin_shufflevector(rows[0], rows[1], 2, 6, 3, 7);
    const md5_lanes y = __builtin_shufflevector(rows[2], rows[3], 2, 6, 3, 7);
    w[0] = __builtin_shufflevector(p, q, 0, 1, 4, 5);
    w[1] = __builtin_shufflevector(p, q, 2, 3, 6, 7);
    w[2] = __builtin_shufflevector(x, y, 0, 1, 4, 5);
    w[3] = __builtin_shufflevector(x, y, 2, 3, 6, 7);
}

/* `blocks` of each of `count` inputs, 2 to MD5_LANES; what is missing is the first once more. */
static void add_lanes(struct md5_input *const *inputs, size_t count, size_t blocks)
{
    const unsigned char *data[MD5_LANES];
    md5_lanes s[4];
    md5_lanes w[MD5_BLOCK / 4];
    for (size_t i = 0; i < MD5_LANES; i++) {
        const struct md5_input *in = inputs[i < count ? i : 0];
        data[i] = in->data;
        for (size_t j = 0; j < 4; j++)
            s[j][i] = in->md5->state[j];
    }
    for (size_t at = 0; at < blocks * MD5_BLOCK; at += MD5_BLOCK) {
        for (size_t j = 0; j < MD5_BLOCK / 4; j += 4)
            load_words(w + j, data, at + 4 * j);
        mix_lanes(s, w);
    }
    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; j < 4; j++)
            inputs[i]->md5->state[j] = s[j][i];
    }
}

// --- inputs --------------------------------------------------------------------------------------

static void move_on(struct md5_input *in, size_t len)
{
    in->data += len;
    in->len -= len;
    in->md5->length += len;
}

/* What does not fill a block waits for more. */
static void keep_rest(struct md5_input *in)
{
    struct md5 *m = in->md5;
    const size_t have = m->length % MD5_BLOCK;
    const size_t room = MD5_BLOCK - have;
    const size_t len = in->len < room ? in->len : room;
    memcpy(m->rest + have, in->data, len);
    move_on(in, len);
    if (len == room)
        add_block(m, m->rest);
}

/* Those that have whole blocks, up to MD5_LANES, and how many blocks all of them have. */
static size_t gather(struct md5_input *inputs, size_t count, struct md5_input **out, size_t *blocks)
{
    size_t found = 0;
    *blocks = SIZE_MAX;
    for (size_t i = 0; i < count && found < MD5_LANES; i++) {
        const size_t have = inputs[i].len / MD5_BLOCK;
        if (have == 0)
            continue;
        out[found++] = &inputs[i];
        *blocks = have < *blocks ? have : *blocks;
    }
    return found;
}

void md5_add(struct md5_input *inputs, size_t count)
{
    struct md5_input *together[MD5_LANES];
    size_t blocks = 0;
    size_t found = 0;
    for (size_t i = 0; i < count; i++) {
        if (inputs[i].md5->length % MD5_BLOCK > 0)
            keep_rest(&inputs[i]);
    }
    while ((found = gather(inputs, count, together, &blocks)) > 0) {
        if (found > 1)
            add_lanes(together, found, blocks);
        for (size_t i = 0; found == 1 && i < blocks; i++)
            add_block(together[0]->md5, together[0]->data + i * MD5_BLOCK);
        for (size_t i = 0; i < found; i++)
            move_on(together[i], blocks * MD5_BLOCK);
    }
    for (size_t i = 0; i < count; i++) {
        if (inputs[i].len > 0)
            keep_rest(&inputs[i]);
    }
}

// --- a sum ---------------------------------------------------------------------------------------

void md5_start(struct md5 *m)
{
    static const uint32_t begin[4] = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476};
    memcpy(m->state, begin, sizeof begin);
    m->length = 0;
}

/* RFC 1321, 3.1 and 3.2: one bit, then as many as are missing, then the length in bits. */
void md5_end(struct md5 *m, unsigned char *sum)
{
    const uint64_t bits = htole64(m->length * 8);
    size_t at = m->length % MD5_BLOCK;
    m->rest[at++] = 0x80;
    if (at > MD5_BLOCK - sizeof bits) {
        memset(m->rest + at, 0, MD5_BLOCK - at);
        add_block(m, m->rest);
        at = 0;
    }
    memset(m->rest + at, 0, MD5_BLOCK - at);
    memcpy(m->rest + MD5_BLOCK - sizeof bits, &bits, sizeof bits);
    add_block(m, m->rest);
    for (size_t i = 0; i < 4; i++) {
        const uint32_t word = htole32(m->state[i]);
        memcpy(sum + 4 * i, &word, sizeof word);
    }
}
