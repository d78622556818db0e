/* Protects MD5 of several inputs side by side: published values, and libcrypto's for random ones. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#include "sync/local/digest.h"
#include "sync/local/md5.h"

enum { ROUNDS = 3000, INPUTS = 9, DATA = 3000, HEX = 2 * MD5_SIZE + 1 };

/* RFC 1321, A.5 */
static const struct {
    const char *text;
    const char *sum;
} published[] = {
    {"", "d41d8cd98f00b204e9800998ecf8427e"},
    {"a", "0cc175b9c0f1b6a831c399e269772661"},
    {"abc", "900150983cd24fb0d6963f7d28e17f72"},
    {"message digest", "f96b697d7cb7938d525a2f31aaf161d0"},
    {"abcdefghijklmnopqrstuvwxyz", "c3fcd3d76192e4007dfb496cca67e13b"},
    {"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789",
     "d174ab98d277d9f5a5611c2c9f419d9f"},
    {"12345678901234567890123456789012345678901234567890123456789012345678901234567890",
     "57edf4a22be3c955ac49da2e2107b67a"},
};

static void check_published(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof published / sizeof *published; i++) {
        unsigned char sum[MD5_SIZE];
        char hex[HEX];
        digest_md5(published[i].text, strlen(published[i].text), sum);
        digest_hex(sum, sizeof sum, hex);
        assert_string_equal(hex, published[i].sum);
    }
}

struct sample {
    struct md5 md5;
    unsigned char data[DATA];
    size_t len;
    size_t given;
};

static uint32_t next_random(void)
{
    static uint32_t x = 20;
    x = x * 1664525 + 1013904223;
    return x >> 8;
}

/* Around the ends of blocks, and anywhere. */
static size_t random_len(size_t most)
{
    const size_t len = next_random() % 2 ? next_random() % (most + 1)
                                         : next_random() % 4 * MD5_BLOCK + next_random() % 16;
    return len < most ? len : most;
}

/* A next piece of each of some, in one call. */
static bool give(struct sample *samples, size_t count)
{
    struct md5_input inputs[INPUTS];
    size_t n = 0;
    bool more = false;
    for (size_t i = 0; i < count; i++) {
        struct sample *s = &samples[i];
        const size_t len = random_len(s->len - s->given);
        if (next_random() % 8 > 0) {
            inputs[n++] = (struct md5_input){&s->md5, s->data + s->given, len};
            s->given += len;
        }
        more = more || s->given < s->len;
    }
    md5_add(inputs, n);
    return more;
}

static void check_random(void **state)
{
    (void)state;
    static struct sample samples[INPUTS];
    for (int round = 0; round < ROUNDS; round++) {
        const size_t count = 1 + next_random() % INPUTS;
        for (size_t i = 0; i < count; i++) {
            struct sample *s = &samples[i];
            md5_start(&s->md5);
            s->len = random_len(DATA);
            s->given = 0;
            for (size_t at = 0; at < s->len; at++)
                s->data[at] = (unsigned char)next_random();
        }
        while (give(samples, count)) {
        }
        for (size_t i = 0; i < count; i++) {
            unsigned char sum[MD5_SIZE];
            unsigned char want[MD5_SIZE];
            md5_end(&samples[i].md5, sum);
            assert_int_equal(
                EVP_Digest(samples[i].data, samples[i].len, want, NULL, EVP_md5(), NULL), 1);
            assert_memory_equal(sum, want, sizeof sum);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(check_published),
        cmocka_unit_test(check_random),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
