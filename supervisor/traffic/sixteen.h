/* What is in sixteen bytes: a bit for each. With SSE2, which every amd64 has, or a loop. */
#ifndef TRAFFIC_SIXTEEN_H
#define TRAFFIC_SIXTEEN_H

#include <stdbool.h>

#if defined __SSE2__
#include <emmintrin.h>
#endif

enum { BYTES_STEP = 16, BYTES_TWO_STEPS = 32 };

/* No blanks, quotes, control characters, DEL, and nothing beyond ASCII. */
static inline bool bytes_in_word(char c)
{
    return c > ' ' && c < 0x7f && c != '"';
}

#if defined __SSE2__
static inline unsigned bytes_are(const char *at, char a, char b)
{
    __m128i bytes = _mm_loadu_si128((const __m128i *)(const void *)at);
    __m128i found = _mm_or_si128(_mm_cmpeq_epi8(bytes, _mm_set1_epi8(a)),
                                 _mm_cmpeq_epi8(bytes, _mm_set1_epi8(b)));
    return (unsigned)_mm_movemask_epi8(found);
}

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

static inline unsigned bytes_no_capital(const char *at)
{
    __m128i bytes = _mm_loadu_si128((const __m128i *)(const void *)at);
    __m128i beyond = _mm_sub_epi8(bytes, _mm_set1_epi8('A'));
    beyond = _mm_subs_epu8(beyond, _mm_set1_epi8('Z' - 'A'));
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
        found |= (unsigned)!bytes_in_word(at[i]) << i;
    return found;
}

static inline unsigned bytes_no_digit(const char *at)
{
    unsigned found = 0;
    for (unsigned i = 0; i < BYTES_STEP; i++)
        found |= (unsigned)(at[i] < '0' || at[i] > '9') << i;
    return found;
}

static inline unsigned bytes_no_capital(const char *at)
{
    unsigned found = 0;
    for (unsigned i = 0; i < BYTES_STEP; i++)
        found |= (unsigned)(at[i] < 'A' || at[i] > 'Z') << i;
    return found;
}
#endif

#endif
