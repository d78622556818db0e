/* Protects the sums: published values, uploads in parts of sizes that nobody tells. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/mem.h"
#include "sync/local/crc.h"
#include "sync/local/digest.h"

#define CHECK "123456789"
#define CHECK_MD5 "25f9e794323b453885f5181f1b624d0b"

enum { MIB = 1 << 20, BIG = 21 * MIB + 4321, SUM_TEXT = 64 };

// clang-format off
static const struct {
    const char *etag;
    const char *checksum;
    const char *sum; /* NULL: nothing to compare with */
    enum digest_verdict verdict;
} rows[] = {
    {"\"" CHECK_MD5 "\"", NULL, CHECK_MD5, DIGEST_SAME},
    {CHECK_MD5, "", CHECK_MD5, DIGEST_SAME},
    {"\"25F9E794323B453885F5181F1B624D0B\"", "", CHECK_MD5, DIGEST_SAME},
    {"\"25f9e794323b453885f5181f1b624d0c\"", "", CHECK_MD5, DIGEST_OTHER},
    {"\"cf80e42a4bc0e37ad4f2b9f0b6ae8c05-1\"", "", NULL, DIGEST_OTHER},
    /* a checksum wins over the tag */
    {"\"25f9e794323b453885f5181f1b624d0c\"", "crc32:y/Q5Jg==", "cbf43926", DIGEST_SAME},
    {NULL, "crc32:y/Q5Jw==", "cbf43926", DIGEST_OTHER},
    {NULL, "crc32c:4waSgw==", "e3069283", DIGEST_SAME},
    {NULL, "CRC64NVME:rosUhgp5mIg=", "ae8b14860a799888", DIGEST_SAME},
    {NULL, "crc64nvme:rosUhgp5mIk=", "ae8b14860a799888", DIGEST_OTHER},
    {NULL, "sha1:98O8HYCOBHMq32eZZczDTKeuNEE=", "f7c3bc1d808e04732adf679965ccc34ca7ae3441",
     DIGEST_SAME},
    {NULL, "sha256:FeKw08M4keuw8e9gnsQZQgwg4yDOlMZfvIwzEkSOsiU=",
     "15e2b0d3c33891ebb0f1ef609ec419420c20e320ce94c65fbc8c3312448eb2", DIGEST_SAME},
    /* what says nothing, and what is of something else */
    {NULL, NULL, NULL, DIGEST_NOTHING},
    {"", "", NULL, DIGEST_NOTHING},
    {"\"691f2a3b-1000\"", "", NULL, DIGEST_NOTHING},
    {"W/\"" CHECK_MD5 "\"", "", NULL, DIGEST_NOTHING},
    {"\"" CHECK_MD5 "-0\"", "", NULL, DIGEST_NOTHING},
    {"\"" CHECK_MD5 "-10001\"", "", NULL, DIGEST_NOTHING},
    {"\"" CHECK_MD5 "-1x\"", "", NULL, DIGEST_NOTHING},
    {"\"" CHECK_MD5 "-2\"", "crc77:y/Q5Jg==", NULL, DIGEST_DOUBTFUL},
    {NULL, "crc32c:4waSgw==-3", NULL, DIGEST_NOTHING},
    {NULL, "crc32c:4waS", NULL, DIGEST_NOTHING},
    {NULL, "crc32c:", NULL, DIGEST_NOTHING},
    {NULL, "crc32c", NULL, DIGEST_NOTHING},
    {"\"" CHECK_MD5 "\"", "crc32c:!!!!", CHECK_MD5, DIGEST_SAME},
};
// clang-format on

static void known_values(void **state)
{
    (void)state;
    struct digest *again = digest_idle();
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct digest_expect x = {rows[i].etag, rows[i].checksum, sizeof CHECK - 1, 0};
        char sum[SUM_TEXT] = "?";
        struct digest *d = digest_new(&x);
        assert_int_equal(!d, rows[i].verdict == DIGEST_NOTHING);
        assert_int_equal(!digest_start(again, &x), rows[i].verdict == DIGEST_NOTHING);
        digest_add(again, CHECK, sizeof CHECK - 1);
        enum digest_verdict verdict = digest_end(again, NULL);
        if (verdict == DIGEST_AGAIN) {
            digest_add(again, CHECK, sizeof CHECK - 1);
            verdict = digest_end(again, NULL);
        }
        assert_int_equal(verdict, rows[i].verdict);
        if (!d)
            continue;
        do {
            for (size_t at = 0; at < sizeof CHECK - 1; at++)
                digest_add(d, &CHECK[at], 1);
            verdict = digest_end(d, sum);
        } while (verdict == DIGEST_AGAIN);
        assert_int_equal(verdict, rows[i].verdict);
        if (rows[i].sum)
            assert_string_equal(sum, rows[i].sum);
        digest_free(d);
    }
    digest_free(again);
}

static char *big_data(void)
{
    char *data = mem_alloc(BIG);
    uint32_t x = 1;
    for (size_t i = 0; i < BIG; i++) {
        x = x * 1664525 + 1013904223;
        data[i] = (char)(x >> 24);
    }
    return data;
}

static int file_of(const void *data, size_t len)
{
    int fd = memfd_create("digest", MFD_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(pwrite(fd, data, len, 0), len);
    return fd;
}

/* The tag of an upload in parts, from its definition. */
static void tag_of(int fd, int64_t size, int64_t part_size, char *tag, size_t room)
{
    struct buf sums = BUF_EMPTY;
    struct digest_sums s;
    char hex[SUM_TEXT];
    int parts = 0;
    for (int64_t at = 0; at < size || parts == 0; at += part_size, parts++) {
        const int64_t len = size - at < part_size ? size - at : part_size;
        assert_int_equal(digest_file(fd, at, len, false, &s), 0);
        buf_append(&sums, s.md5, MD5_SIZE);
    }
    int all = file_of(buf_str(&sums), sums.len);
    assert_int_equal(digest_file(all, 0, (int64_t)sums.len, false, &s), 0);
    digest_hex(s.md5, MD5_SIZE, hex);
    (void)snprintf(tag, room, "\"%s-%d\"", hex, parts);
    buf_close(&sums);
    close(all);
}

static enum digest_verdict add_all(struct digest *d, const char *data, int64_t size, char *sum)
{
    for (int64_t at = 0, step = 100003; at < size; at += step)
        digest_add(d, data + at, (size_t)(size - at < step ? size - at : step));
    return digest_end(d, sum);
}

/* So many bytes from there on; the object may end before. */
static struct partsum_slice slice_of(const char *data, int64_t size, int64_t from, int64_t len)
{
    const int64_t left = size - from;
    return (struct partsum_slice){data + from, left <= 0 ? 0 : (size_t)(len < left ? len : left)};
}

/* The same with its parts side by side, in steps that end nowhere in particular. */
static enum digest_verdict add_parts(struct digest *d, const char *data, int64_t size, char *sum)
{
    const int64_t part = digest_part_size(d);
    for (int64_t group = 0; group < size; group += part * MD5_LANES) {
        const int64_t count = (size - group + part - 1) / part;
        const size_t lanes = count < MD5_LANES ? (size_t)count : MD5_LANES;
        for (int64_t at = 0, step = 40009; at < part; at += step) {
            struct partsum_slice slices[MD5_LANES];
            for (size_t i = 0; i < lanes; i++)
                slices[i] = slice_of(data, size, group + (int64_t)i * part + at,
                                     step < part - at ? step : part - at);
            digest_add_parts(d, slices, lanes);
        }
        digest_end_parts(d, lanes);
    }
    return digest_end(d, sum);
}

/* Bytes are wanted a second time at most, and the sum of other bytes stays the same. */
static enum digest_verdict judge(const char *tag, const char *data, int64_t size, int64_t part)
{
    const struct digest_expect x = {tag, NULL, size, part};
    char sum[SUM_TEXT];
    char again[SUM_TEXT];
    struct digest *d = digest_new(&x);
    assert_non_null(d);
    enum digest_verdict verdict = add_all(d, data, size, sum);
    struct digest *side = digest_new(&x);
    if (digest_part_size(side) > 0) {
        assert_int_equal(add_parts(side, data, size, again), verdict);
        assert_string_equal(sum, again);
    }
    digest_free(side);
    if (verdict == DIGEST_AGAIN) {
        assert_int_equal(digest_part_size(d), 0); /* several sizes */
        verdict = add_all(d, data, size, again);
        assert_string_equal(sum, again);
    }
    digest_free(d);
    return verdict;
}

static void uploads_in_parts(void **state)
{
    (void)state;
    // clang-format off
    static const struct {
        int64_t size, part, told;
        enum digest_verdict good, bad;
    } uploads[] = {
        {BIG,      5 * MIB,   0,         DIGEST_SAME,     DIGEST_DOUBTFUL},
        {BIG,      8 * MIB,   0,         DIGEST_SAME,     DIGEST_DOUBTFUL},
        {BIG,      10 * MIB,  0,         DIGEST_SAME,     DIGEST_DOUBTFUL},
        {BIG,      16 * MIB,  0,         DIGEST_SAME,     DIGEST_DOUBTFUL},
        {BIG,      17179870,  0,         DIGEST_SAME,     DIGEST_DOUBTFUL},
        {BIG,      11 * MIB,  0,         DIGEST_SAME,     DIGEST_DOUBTFUL}, /* least, whole MiB */
        {BIG,      7341473,   0,         DIGEST_SAME,     DIGEST_DOUBTFUL}, /* exactly a third */
        {BIG,      100 * MIB, 0,         DIGEST_SAME,     DIGEST_OTHER},    /* one part */
        {BIG,      7654321,   0,         DIGEST_DOUBTFUL, DIGEST_DOUBTFUL},
        {BIG,      7654321,   7654321,   DIGEST_SAME,     DIGEST_OTHER},
        {BIG,      8 * MIB,   MIB,       DIGEST_SAME,     DIGEST_DOUBTFUL}, /* told nonsense */
        {16 * MIB, 8 * MIB,   0,         DIGEST_SAME,     DIGEST_DOUBTFUL}, /* ends with a part */
        {8 * MIB,  8 * MIB,   0,         DIGEST_SAME,     DIGEST_OTHER},
        {0,        8 * MIB,   0,         DIGEST_SAME,     DIGEST_OTHER},
    };
    // clang-format on
    char *data = big_data();
    int fd = file_of(data, BIG);
    for (size_t i = 0; i < sizeof uploads / sizeof *uploads; i++) {
        char tag[SUM_TEXT];
        const int64_t size = uploads[i].size;
        tag_of(fd, size, uploads[i].part, tag, sizeof tag);
        assert_int_equal(judge(tag, data, size, uploads[i].told), uploads[i].good);
        tag[1] = tag[1] == '0' ? '1' : '0';
        assert_int_equal(judge(tag, data, size, uploads[i].told), uploads[i].bad);
    }
    close(fd);
    mem_free(data);
}

/* Side by side each has the verdict that it has alone, whatever the others are. */
static void side_by_side(void **state)
{
    (void)state;
    char *data = big_data();
    char tag[SUM_TEXT];
    int fd = file_of(data, BIG);
    tag_of(fd, BIG, 5 * MIB, tag, sizeof tag);
    const struct digest_expect x[MD5_LANES] = {
        {tag, NULL, BIG, 0},
        {"\"" CHECK_MD5 "\"", NULL, sizeof CHECK - 1, 0},
        {NULL, "crc32c:4waSgw==", sizeof CHECK - 1, 0},
        {"\"25f9e794323b453885f5181f1b624d0c\"", NULL, sizeof CHECK - 1, 0},
    };
    struct digest_input in[MD5_LANES];
    for (unsigned i = 0; i < MD5_LANES; i++)
        in[i] = (struct digest_input){digest_new(&x[i]), CHECK, sizeof CHECK - 1};
    in[0].data = data;
    in[0].len = BIG;
    digest_add_each(in, MD5_LANES);
    assert_int_equal(digest_end(in[0].digest, NULL), DIGEST_SAME);
    assert_int_equal(digest_end(in[1].digest, NULL), DIGEST_SAME);
    assert_int_equal(digest_end(in[2].digest, NULL), DIGEST_SAME);
    assert_int_equal(digest_end(in[3].digest, NULL), DIGEST_OTHER);
    for (unsigned i = 0; i < MD5_LANES; i++)
        digest_free(in[i].digest);
    close(fd);
    mem_free(data);
}

/* In any pieces the sums are those of the whole, also by way of bytes and not of words. */
static void pieces(void **state)
{
    (void)state;
    char *data = big_data();
    const size_t len = 100000;
    const uint32_t a = crc_32c(0, data, len);
    const uint64_t b = crc_64nvme(0, data, len);
    for (size_t cut = 1; cut < len; cut += cut + 3) {
        assert_true(crc_32c(crc_32c(0, data, cut), data + cut, len - cut) == a);
        assert_true(crc_64nvme(crc_64nvme(0, data, cut), data + cut, len - cut) == b);
    }
    mem_free(data);
}

static void whole_files(void **state)
{
    (void)state;
    struct digest_sums s;
    char hex[SUM_TEXT + 1];
    int fd = file_of("xx" CHECK "yy", sizeof CHECK + 3);
    assert_int_equal(digest_file(fd, 2, sizeof CHECK - 1, true, &s), 0);
    digest_hex(s.md5, sizeof s.md5, hex);
    assert_string_equal(hex, CHECK_MD5);
    digest_hex(s.sha256, sizeof s.sha256, hex);
    assert_string_equal(hex, "15e2b0d3c33891ebb0f1ef609ec419420c20e320ce94c65fbc8c3312448eb225");
    assert_int_equal(digest_file(fd, 10, 100, false, &s), -EIO);
    assert_int_equal(digest_file(-1, 0, 1, false, &s), -EBADF);
    struct buf text = BUF_EMPTY;
    digest_base64(&text, (const unsigned char *)"\xfb\xff", 2);
    assert_string_equal(buf_str(&text), "+/8=");
    buf_close(&text);
    close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_values), cmocka_unit_test(uploads_in_parts),
        cmocka_unit_test(side_by_side), cmocka_unit_test(pieces),
        cmocka_unit_test(whole_files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
