/* Looking at bytes sixteen at a time, as most fields of a line are shorter than a call of memchr is
 * worth. Nothing at or behind `limit` is read. */
#ifndef TRAFFIC_BYTES_H
#define TRAFFIC_BYTES_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#if defined __SSE2__
#include <emmintrin.h>
#endif

enum { BYTES_STEP = 16 };

/* What is found in the sixteen bytes at `at`: a bit for each. */
#if defined __SSE2__
static inline unsigned bytes_are(const char *at, char a, char b)
{
    __m128i bytes = _mm_loadu_si128((const __m128i *)(const void *)at);
    __m128i found = _mm_or_si128(_mm_cmpeq_epi8(bytes, _mm_set1_epi8(a)),
                                 _mm_cmpeq_epi8(bytes, _mm_set1_epi8(b)));
    return (unsigned)_mm_movemask_epi8(found);
}

/* Blanks, quotes, control characters, DEL, and what is beyond ASCII: bytes that are in no word. */
static inline unsigned bytes_no_word(const char *at)
{
    __m128i bytes = _mm_loadu_si128((const __m128i *)(const void *)at);
    __m128i low = _mm_cmplt_epi8(bytes, _mm_set1_epi8('!')); /* signed: also above 0x7f */
    return (unsigned)_mm_movemask_epi8(low) | bytes_are(at, 0x7f, '"');
}

static inline unsigned bytes_no_digit(const char *at)
{
    __m128i bytes = _mm_loadu_si128((const __m128i *)(const void *)at);
    __m128i beyond = _mm_subs_epu8(_mm_xor_si128(bytes, _mm_set1_epi8('0')), _mm_set1_epi8(9));
    return 0xffffU & ~(unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(beyond, _mm_setzero_si128()));
}
#else
static inline unsigned bytes_are(const char *at, char a, char b)
{
    unsigned found = 0;
    for (unsigned i = 0; i < BYTES_STEP; i++)
        found |= (unsigned)(at[i] == a || at[i] == b) << i;
    return found;
}

static inline unsigned bytes_no_word(const char *at)
{
    unsigned found = 0;
    for (unsigned i = 0; i < BYTES_STEP; i++)
        found |= (unsigned)(at[i] <= ' ' || at[i] >= 0x7f || at[i] == '"') << i;
    return found;
}

static inline unsigned bytes_no_digit(const char *at)
{
    unsigned found = 0;
    for (unsigned i = 0; i < BYTES_STEP; i++)
        found |= (unsigned)(at[i] < '0' || at[i] > '9') << i;
    return found;
}
#endif

/* The first `a` or `b` in [at, end), or end. */
static inline const char *bytes_find(const char *at, const char *end, const char *limit,
                                     const char set[2])
{
    while (at < end && limit - at >= BYTES_STEP) {
        unsigned found = bytes_are(at, set[0], set[1]);
        if (found != 0) {
            at += __builtin_ctz(found);
            return at < end ? at : end;
        }
        at += BYTES_STEP;
    }
    while (at < end && *at != set[0] && *at != set[1])
        at++;
    return at < end ? at : end;
}

/* The end of the printable bytes without blanks and quotes at `at`. */
static inline const char *bytes_word_end(const char *at, const char *limit)
{
    while (limit - at >= BYTES_STEP) {
        unsigned found = bytes_no_word(at);
        if (found != 0)
            return at + __builtin_ctz(found);
        at += BYTES_STEP;
    }
    while (at<limit && * at> ' ' && *at < 0x7f)
        at++;
    return at;
}

/* The end of the digits at `at`. */
static inline const char *bytes_digits_end(const char *at, const char *limit)
{
    while (limit - at >= BYTES_STEP) {
        unsigned found = bytes_no_digit(at);
        if (found != 0)
            return at + __builtin_ctz(found);
        at += BYTES_STEP;
    }
    while (at < limit && *at >= '0' && *at <= '9')
        at++;
    return at;
}

/* Eight bytes as a number, in the order of the machine. */
static inline uint64_t bytes_eight(const char *at)
{
    uint64_t value;
    memcpy(&value, at, sizeof value);
    return value;
}

#endif
