/* Protects the signer: AWS's published examples, one key a day, and MD5 sums. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "sync/s3/sigv4.h"

#define EMPTY_BODY "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define EXAMPLE_HOST "examplebucket.s3.amazonaws.com"

/* The keys of the examples in AWS's documentation of Signature Version 4 for S3. */
static struct sigv4 example_signer(void)
{
    return (struct sigv4){.access_key = "AKIAIOSFODNN7EXAMPLE",
                          .secret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
                          .region = "us-east-1"};
}

static const struct sigv4_header plain[] = {{"host", EXAMPLE_HOST},
                                            {"x-amz-content-sha256", EMPTY_BODY},
                                            {"x-amz-date", "20130524T000000Z"}};
static const struct sigv4_header ranged[] = {{"host", EXAMPLE_HOST},
                                             {"range", "bytes=0-9"},
                                             {"x-amz-content-sha256", EMPTY_BODY},
                                             {"x-amz-date", "20130524T000000Z"}};

// clang-format off
static const struct {
    const char *path;
    const char *query;
    const struct sigv4_header *headers;
    size_t count;
    const char *signature;
} examples[] = {
    {"/test.txt", "", ranged, 4,
     "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"},
    {"/", "lifecycle=", plain, 3,
     "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"},
    {"/", "max-keys=2&prefix=J", plain, 3,
     "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"},
};
// clang-format on

static struct sigv4_request example_request(size_t i)
{
    return (struct sigv4_request){.method = "GET",
                                  .path = examples[i].path,
                                  .query = examples[i].query,
                                  .headers = examples[i].headers,
                                  .header_count = examples[i].count,
                                  .payload = EMPTY_BODY,
                                  .time = "20130524T000000Z"};
}

static void published_examples(void **state)
{
    (void)state;
    struct sigv4 s = example_signer();
    for (size_t i = 0; i < sizeof examples / sizeof *examples; i++) {
        struct buf b = BUF_EMPTY;
        struct sigv4_request r = example_request(i);
        sigv4_sign(&s, &r, &b);
        const char *at = strstr(buf_str(&b), "Signature=");
        assert_non_null(at);
        assert_string_equal(at + strlen("Signature="), examples[i].signature);
        buf_close(&b);
    }
    sigv4_close(&s);
}

static void header_names_what_is_signed(void **state)
{
    (void)state;
    struct sigv4 s = example_signer();
    struct buf b = BUF_EMPTY;
    struct sigv4_request r = example_request(0);
    sigv4_sign(&s, &r, &b);
    static const char want[] =
        "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,"
        "SignedHeaders=host;range;x-amz-content-sha256;x-amz-date,Signature=";
    assert_memory_equal(buf_str(&b), want, sizeof want - 1);
    assert_null(strstr(buf_str(&b), s.secret));
    buf_close(&b);
    sigv4_close(&s);
}

/* A signature of the next day with the key of this one would be refused at midnight. */
static void key_follows_the_day(void **state)
{
    (void)state;
    struct sigv4 kept = example_signer();
    struct sigv4 fresh = example_signer();
    struct buf a = BUF_EMPTY;
    struct buf b = BUF_EMPTY;
    struct sigv4_request today = example_request(1);
    struct sigv4_request tomorrow = today;
    tomorrow.time = "20130525T000000Z";
    sigv4_sign(&kept, &today, &a);
    buf_clear(&a);
    sigv4_sign(&kept, &tomorrow, &a);
    sigv4_sign(&fresh, &tomorrow, &b);
    assert_string_equal(buf_str(&a), buf_str(&b));
    buf_clear(&a);
    sigv4_sign(&kept, &today, &a);
    assert_non_null(strstr(buf_str(&a), examples[1].signature));
    sigv4_close(&kept);
    sigv4_close(&fresh);
    buf_close(&a);
    buf_close(&b);
}

/* RFC 2104: a key that is longer than a block is hashed first. Expected by Python's hmac. */
static void a_secret_may_be_long(void **state)
{
    (void)state;
    struct sigv4 s = example_signer();
    struct buf b = BUF_EMPTY;
    struct sigv4_request r = example_request(0);
    s.secret = "0123456789012345678901234567890123456789012345678901234567890123456789";
    sigv4_sign(&s, &r, &b);
    assert_non_null(strstr(
        buf_str(&b), "Signature=a2c0e54101104422313818fc8250646b2020b9f5b25eaa4f12bc2e5a9f33d388"));
    sigv4_close(&s);
    buf_close(&b);
}

static void times(void **state)
{
    (void)state;
    char text[SIGV4_TIME_SIZE];
    sigv4_time(1369353600, text);
    assert_string_equal(text, "20130524T000000Z");
    sigv4_time(4102444799, text);
    assert_string_equal(text, "20991231T235959Z");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(published_examples),
        cmocka_unit_test(header_names_what_is_signed),
        cmocka_unit_test(key_follows_the_day),
        cmocka_unit_test(a_secret_may_be_long),
        cmocka_unit_test(times),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
