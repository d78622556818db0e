/*
 * bytes_find for a processor with AVX2, which amd64 has had since 2013 but need not have: 64 bytes
 * at once, in which nearly every field of a line ends. WIDE marks the functions that may use it;
 * they must not be called where wide_is_here does not say so.
 */
#ifndef TRAFFIC_WIDE_H
#define TRAFFIC_WIDE_H

#include <stdbool.h>
#include <stdint.h>

#include "traffic/bytes.h"

#if defined __x86_64__
#include <immintrin.h>

#define WIDE __attribute__((target("avx2,bmi")))

static inline bool wide_is_here(void)
{
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi");
}

/* A bit for each of 32 bytes. */
WIDE static inline uint32_t wide_are(const char *at, char a, char b)
{
    __m256i bytes = _mm256_loadu_si256((const __m256i *)(const void *)at);
    __m256i found = _mm256_or_si256(_mm256_cmpeq_epi8(bytes, _mm256_set1_epi8(a)),
                                    _mm256_cmpeq_epi8(bytes, _mm256_set1_epi8(b)));
    return (uint32_t)_mm256_movemask_epi8(found);
}

/* The first byte of the set in [at, end), or end. */
WIDE static inline const char *wide_find(const char *at, const char *end, const char set[2])
{
    enum { HALF = 32, WHOLE = 64 };
    for (; end - at >= WHOLE; at += WHOLE) {
        uint64_t found = wide_are(at, set[0], set[1]);
        found |= (uint64_t)wide_are(at + HALF, set[0], set[1]) << HALF;
        if (found != 0)
            return at + __builtin_ctzll(found);
    }
    while (at < end && *at != set[0] && *at != set[1]) /* at the end of a piece: seldom */
        at++;
    return at;
}

#else

#define WIDE

static inline bool wide_is_here(void)
{
    return false;
}

static inline const char *wide_find(const char *at, const char *end, const char set[2])
{
    return bytes_find(at, end, end, set);
}

#endif

#endif
