#include "sync/local/digest.h"

#include <errno.h>
#include <openssl/evp.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>
#include <zlib.h>

#include "base/base64.h"
#include "base/mem.h"
#include "sync/local/crc.h"

enum {
    SUM_SIZE = 32,  /* of the longest */
    SUM_TEXT = 31,  /* bytes of a sum that `sum` of digest_end has room for in hex */
    TRACKS_MAX = 6, /* sizes of parts that are tried: each costs an MD5 */
    FEEDS_MAX = MD5_LANES * TRACKS_MAX,
    READ_SIZE = 64 << 10, /* on the stack */
};

enum algo { ALGO_NONE, ALGO_PARTS, ALGO_MD5, ALGO_SHA1, ALGO_SHA256, ALGO_32, ALGO_32C, ALGO_64 };

struct algo_row {
    const char *name; /* as in x-amz-checksum-*; NULL: none of these */
    const char *evp;  /* as libcrypto calls it; NULL: it is not asked */
    size_t size;      /* bytes of the sum */
};

// clang-format off
static const struct algo_row algos[] = {
    [ALGO_NONE]   = {NULL,        NULL,     0},
    [ALGO_PARTS]  = {NULL,        NULL,     MD5_SIZE},
    [ALGO_MD5]    = {"md5",       NULL,     MD5_SIZE},
    [ALGO_SHA1]   = {"sha1",      "SHA1",   20},
    [ALGO_SHA256] = {"sha256",    "SHA256", SUM_SIZE},
    [ALGO_32]     = {"crc32",     NULL,     4},
    [ALGO_32C]    = {"crc32c",    NULL,     4},
    [ALGO_64]     = {"crc64nvme", NULL,     8},
};

// clang-format on
enum { ALGOS = ALGO_64 + 1 };
_Static_assert(sizeof algos / sizeof *algos == ALGOS, "a row per sum");

struct digest {
    enum algo algo;
    unsigned char want[SUM_SIZE];
    EVP_MD_CTX *md; /* owned; NULL until it is needed, kept for the next file */
    uint64_t crc;
    struct md5 md5;
    struct partsum parts;
};

// --- libcrypto ---------------------------------------------------------------------------------

static EVP_MD *fetched[ALGOS];
static pthread_once_t once = PTHREAD_ONCE_INIT;

/* Fetched once: to look one up by name for each file would cost more than a small file's sum. */
static void on_first_use(void)
{
    for (unsigned i = 0; i < ALGOS; i++)
        fetched[i] = algos[i].evp ? EVP_MD_fetch(NULL, algos[i].evp, NULL) : NULL;
}

static bool md_start(EVP_MD_CTX **ctx, enum algo algo)
{
    (void)pthread_once(&once, on_first_use);
    if (!fetched[algo])
        return false; /* a policy of the machine's */
    if (!*ctx)
        *ctx = EVP_MD_CTX_new();
    if (!*ctx)
        abort();
    return EVP_DigestInit_ex(*ctx, fetched[algo], NULL) == 1;
}

// --- what is expected --------------------------------------------------------------------------

static unsigned hex_value(char c)
{
    return c <= '9' ? (unsigned)(c - '0') : ((unsigned)c | 0x20) - 'a' + 10;
}

/* "0123...": 32 digits of hex, then an end that the caller looks at. NULL: it is no MD5. */
static const char *parse_md5(const char *tag, unsigned char *md5)
{
    const char *at = tag ? tag + (*tag == '"') : "";
    if (strspn(at, "0123456789abcdefABCDEF") != (size_t)2 * MD5_SIZE)
        return NULL;
    for (unsigned i = 0; i < MD5_SIZE; i++, at += 2)
        md5[i] = (unsigned char)(hex_value(at[0]) << 4 | hex_value(at[1]));
    return at;
}

static bool is_end(const char *at)
{
    return strcmp(at, "\"") == 0 || *at == '\0';
}

/* The N of "...-N", or 0. */
static int64_t parse_parts(const char *at)
{
    if (*at != '-' || at[1] < '1' || at[1] > '9')
        return 0;
    char *end = NULL;
    errno = 0;
    const long n = strtol(at + 1, &end, 10);
    return errno == 0 && is_end(end) && n <= PARTSUM_PARTS_MAX ? n : 0;
}

static bool start_tag(struct digest *d, const struct digest_expect *x)
{
    const char *end = parse_md5(x->etag, d->want);
    if (!end)
        return false;
    d->algo = ALGO_MD5;
    md5_start(&d->md5);
    if (is_end(end))
        return true;
    const int64_t parts = parse_parts(end);
    if (parts == 0 || x->size < 0)
        return false;
    d->algo = ALGO_PARTS;
    return partsum_start(&d->parts, x->size, parts, x->part_size);
}

static enum algo find_algo(const char *name, size_t len)
{
    for (unsigned i = ALGO_NONE; i < ALGOS; i++) {
        if (algos[i].name && strlen(algos[i].name) == len &&
            strncasecmp(algos[i].name, name, len) == 0)
            return (enum algo)i;
    }
    return ALGO_NONE;
}

/* "crc32c:BASE64". A sum of sums ("...-N") is none of the bytes. */
static bool start_checksum(struct digest *d, const char *text)
{
    const char *colon = text ? strchr(text, ':') : NULL;
    if (!colon || strchr(colon, '-'))
        return false;
    const enum algo algo = find_algo(text, (size_t)(colon - text));
    struct buf want = BUF_EMPTY;
    bool ok = algo != ALGO_NONE && base64_decode(&want, colon + 1, strlen(colon + 1)) == 0 &&
              want.len == algos[algo].size;
    if (ok)
        memcpy(d->want, want.data, want.len);
    buf_close(&want);
    d->algo = algo;
    d->crc = 0;
    md5_start(&d->md5);
    return ok && (!algos[algo].evp || md_start(&d->md, algo));
}

bool digest_start(struct digest *d, const struct digest_expect *x)
{
    if (start_checksum(d, x->checksum) || start_tag(d, x))
        return true;
    d->algo = ALGO_NONE;
    return false;
}

struct digest *digest_idle(void)
{
    return mem_alloc(sizeof(struct digest));
}

struct digest *digest_new(const struct digest_expect *x)
{
    struct digest *d = digest_idle();
    if (digest_start(d, x))
        return d;
    digest_free(d);
    return NULL;
}

void digest_free(struct digest *d)
{
    if (!d)
        return;
    EVP_MD_CTX_free(d->md);
    mem_free(d);
}

// --- the bytes ---------------------------------------------------------------------------------

static void add_to(struct md5 *m, const void *data, size_t len)
{
    struct md5_input in = {.md5 = m, .data = data, .len = len};
    md5_add(&in, 1);
}

/* What of it is MD5 becomes feeds; the rest is done. */
static size_t add_other(const struct digest_input *in, struct partsum_feed *feeds)
{
    struct digest *d = in->digest;
    size_t n = 0;
    switch (d->algo) {
    case ALGO_NONE:
        break;
    case ALGO_PARTS:
        n = partsum_feeds(&d->parts, in->data, in->len, feeds);
        break;
    case ALGO_MD5:
        feeds[n++] = (struct partsum_feed){.md5 = &d->md5, .data = in->data, .len = in->len};
        break;
    case ALGO_SHA1:
    case ALGO_SHA256:
        (void)EVP_DigestUpdate(d->md, in->data, in->len);
        break;
    case ALGO_32:
        d->crc = crc32_z(d->crc, in->data, in->len);
        break;
    case ALGO_32C:
        d->crc = crc_32c((uint32_t)d->crc, in->data, in->len);
        break;
    case ALGO_64:
        d->crc = crc_64nvme(d->crc, in->data, in->len);
        break;
    }
    return n;
}

void digest_add_each(const struct digest_input *inputs, size_t count)
{
    struct partsum_feed feeds[FEEDS_MAX];
    size_t n = 0;
    for (size_t i = 0; i < count; i++)
        n += add_other(&inputs[i], feeds + n);
    partsum_feed_all(feeds, n);
}

void digest_add(struct digest *d, const void *data, size_t len)
{
    const struct digest_input in = {.digest = d, .data = data, .len = len};
    digest_add_each(&in, 1);
}

int64_t digest_part_size(const struct digest *d)
{
    return d->algo == ALGO_PARTS ? partsum_part_size(&d->parts) : 0;
}

void digest_add_parts(struct digest *d, const struct partsum_slice *slices, size_t count)
{
    partsum_add_parts(&d->parts, slices, count);
}

void digest_end_parts(struct digest *d, size_t count)
{
    partsum_end_parts(&d->parts, count);
}

/* `got` is the sum by the likeliest size, whatever the verdict. */
static enum digest_verdict judge_parts(struct digest *d, unsigned char *got)
{
    const bool same = partsum_end(&d->parts, d->want);
    memcpy(got, d->parts.likeliest, sizeof d->parts.likeliest);
    if (same)
        return DIGEST_SAME;
    if (d->parts.sure)
        return DIGEST_OTHER;
    return partsum_go_on(&d->parts) ? DIGEST_AGAIN : DIGEST_DOUBTFUL;
}

/* Sums of bits are written with the highest byte first. */
static void end_crc(const struct digest *d, unsigned char *got)
{
    const size_t size = algos[d->algo].size;
    for (size_t i = 0; i < size; i++)
        got[i] = (unsigned char)(d->crc >> 8 * (size - 1 - i));
}

enum digest_verdict digest_end(struct digest *d, char *sum)
{
    unsigned char got[SUM_SIZE] = {0};
    const size_t size = algos[d->algo].size;
    enum digest_verdict verdict = DIGEST_NOTHING;
    if (sum)
        *sum = '\0';
    if (d->algo == ALGO_NONE)
        return verdict;
    if (d->algo == ALGO_PARTS)
        verdict = judge_parts(d, got);
    else if (d->algo == ALGO_MD5)
        md5_end(&d->md5, got);
    else if (algos[d->algo].evp)
        (void)EVP_DigestFinal_ex(d->md, got, NULL);
    else
        end_crc(d, got);
    if (d->algo != ALGO_PARTS)
        verdict = memcmp(got, d->want, size) == 0 ? DIGEST_SAME : DIGEST_OTHER;
    if (sum)
        digest_hex(got, size < SUM_TEXT ? size : SUM_TEXT, sum);
    return verdict;
}

// --- whole files -------------------------------------------------------------------------------

static int add_file(int fd, int64_t offset, int64_t length, struct md5 *md5, EVP_MD_CTX *sha256)
{
    char data[READ_SIZE];
    while (length > 0) {
        const size_t want = length < (int64_t)sizeof data ? (size_t)length : sizeof data;
        const ssize_t n = pread(fd, data, want, offset);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return n < 0 ? -errno : -EIO;
        add_to(md5, data, (size_t)n);
        if (sha256)
            (void)EVP_DigestUpdate(sha256, data, (size_t)n);
        offset += n;
        length -= n;
    }
    return 0;
}

int digest_file(int fd, int64_t offset, int64_t length, bool with_sha256, struct digest_sums *out)
{
    struct md5 md5;
    EVP_MD_CTX *sha256 = NULL;
    int rc = -ENOTSUP;
    md5_start(&md5);
    if (!with_sha256 || md_start(&sha256, ALGO_SHA256))
        rc = add_file(fd, offset, length, &md5, sha256);
    if (rc == 0) {
        md5_end(&md5, out->md5);
        if (sha256)
            (void)EVP_DigestFinal_ex(sha256, out->sha256, NULL);
    }
    EVP_MD_CTX_free(sha256);
    return rc;
}

void digest_md5(const void *data, size_t len, unsigned char *md5)
{
    struct md5 m;
    md5_start(&m);
    add_to(&m, data, len);
    md5_end(&m, md5);
    explicit_bzero(&m, sizeof m); /* keys, too, have sums */
}

/* false: it cannot be read, is shorter, or `stop` is set. */
static bool read_all(int fd, int64_t size, struct digest *d, const atomic_bool *stop)
{
    char data[READ_SIZE];
    for (int64_t at = 0; at < size;) {
        const ssize_t n = atomic_load(stop) ? 0 : pread(fd, data, sizeof data, at);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        digest_add(d, data, (size_t)n);
        at += n;
    }
    return true;
}

bool digest_matches(int fd, int64_t size, const char *etag, const atomic_bool *stop)
{
    const struct digest_expect expect = {.etag = etag, .size = size};
    struct digest *d = digest_new(&expect);
    enum digest_verdict verdict = d ? DIGEST_AGAIN : DIGEST_NOTHING;
    while (verdict == DIGEST_AGAIN)
        verdict = read_all(fd, size, d, stop) ? digest_end(d, NULL) : DIGEST_OTHER;
    digest_free(d);
    return verdict == DIGEST_SAME;
}

void digest_hex(const unsigned char *data, size_t len, char *text)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < len; i++) {
        *text++ = digits[data[i] >> 4];
        *text++ = digits[data[i] & 0xf];
    }
    *text = '\0';
}

void digest_base64(struct buf *out, const unsigned char *data, size_t len)
{
    base64_encode(out, data, len);
}
