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
    MD5_SIZE = 16,
    SUM_SIZE = 32,        /* of the longest */
    SUM_TEXT = 31,        /* bytes of a sum that `sum` of digest_end has room for in hex */
    TRACKS_MAX = 6,       /* sizes of parts that are tried at a time: each costs an MD5 */
    PARTS_MAX = 10000,    /* of an upload, as S3 has it */
    READ_SIZE = 64 << 10, /* on the stack */
};

enum algo { ALGO_NONE, ALGO_PARTS, ALGO_MD5, ALGO_SHA1, ALGO_SHA256, ALGO_32, ALGO_32C, ALGO_64 };

struct algo_row {
    const char *name; /* as in x-amz-checksum-*; NULL: none of these */
    const char *evp;  /* as libcrypto calls it; NULL: not there */
    size_t size;      /* bytes of the sum */
};

// clang-format off
static const struct algo_row algos[] = {
    [ALGO_NONE]   = {NULL,        NULL,     0},
    [ALGO_PARTS]  = {NULL,        "MD5",    MD5_SIZE},
    [ALGO_MD5]    = {"md5",       "MD5",    MD5_SIZE},
    [ALGO_SHA1]   = {"sha1",      "SHA1",   20},
    [ALGO_SHA256] = {"sha256",    "SHA256", SUM_SIZE},
    [ALGO_32]     = {"crc32",     NULL,     4},
    [ALGO_32C]    = {"crc32c",    NULL,     4},
    [ALGO_64]     = {"crc64nvme", NULL,     8},
};

/* What uploads are cut into, the usual first. Of those of which as many as the tag says fit. */
static const int64_t part_sizes[] = {
    8 << 20,    /* aws-cli, boto, mainstay-sync */
    5 << 20,    /* rclone, the SDK for Go */
    16 << 20,   /* mc, the SDK for Java */
    15 << 20,   /* s3cmd */
    50 << 20,   /* s5cmd */
    17179870,   /* the console */
    10 << 20,
    64 << 20,
    100 << 20,
    128 << 20,
    32 << 20,
    20 << 20,
    25 << 20,
    256 << 20,
    512 << 20,
    1 << 30,
};
// clang-format on
enum { ALGOS = ALGO_64 + 1 };
_Static_assert(sizeof algos / sizeof *algos == ALGOS, "a row per sum");

/* One size of parts that may have been the upload's. */
struct track {
    int64_t part_size;
    int64_t left;     /* of the part */
    int64_t ended;    /* parts */
    EVP_MD_CTX *part; /* owned, as is whole; kept for the next file */
    EVP_MD_CTX *whole;
};

struct digest {
    enum algo algo;
    unsigned char want[SUM_SIZE];
    EVP_MD_CTX *md; /* owned; NULL until it is needed */
    uint64_t crc;
    struct track tracks[TRACKS_MAX];
    unsigned track_count;
    int64_t parts;
    bool sure; /* the size of the parts is known */
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
        return false; /* FIPS has no MD5 */
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
    return errno == 0 && is_end(end) && n <= PARTS_MAX ? n : 0;
}

static bool add_track(struct digest *d, int64_t size, int64_t part_size)
{
    if (d->track_count == TRACKS_MAX || part_size <= 0)
        return true;
    const int64_t parts = size / part_size + (size % part_size != 0);
    if ((parts ? parts : 1) != d->parts)
        return true;
    for (unsigned i = 0; i < d->track_count; i++) {
        if (d->tracks[i].part_size == part_size)
            return true;
    }
    struct track *t = &d->tracks[d->track_count++];
    t->part_size = t->left = part_size;
    t->ended = 0;
    return md_start(&t->part, ALGO_PARTS) && md_start(&t->whole, ALGO_PARTS);
}

static bool start_parts(struct digest *d, const struct digest_expect *x)
{
    const int64_t mib = 1 << 20;
    d->algo = ALGO_PARTS;
    d->track_count = 0;
    bool ok = add_track(d, x->size, x->part_size);
    d->sure = d->track_count > 0 || d->parts == 1;
    if (d->parts == 1)
        ok = ok && add_track(d, x->size, x->size > 0 ? x->size : 1);
    const size_t known = d->sure ? 0 : sizeof part_sizes / sizeof *part_sizes;
    for (size_t i = 0; i < known; i++)
        ok = ok && add_track(d, x->size, part_sizes[i]);
    /* as large as must be, which is what is done to stay below the most parts that may be */
    const int64_t least = x->size / d->parts + (x->size % d->parts != 0);
    if (!d->sure)
        ok = ok && add_track(d, x->size, (least + mib - 1) / mib * mib) &&
             add_track(d, x->size, least);
    return ok && d->track_count > 0;
}

static bool start_tag(struct digest *d, const struct digest_expect *x)
{
    const char *end = parse_md5(x->etag, d->want);
    if (!end)
        return false;
    d->algo = ALGO_MD5;
    if (is_end(end))
        return md_start(&d->md, ALGO_MD5);
    d->parts = parse_parts(end);
    return d->parts > 0 && x->size >= 0 && start_parts(d, x);
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
    for (unsigned i = 0; i < TRACKS_MAX; i++) {
        EVP_MD_CTX_free(d->tracks[i].part);
        EVP_MD_CTX_free(d->tracks[i].whole);
    }
    mem_free(d);
}

// --- the bytes ---------------------------------------------------------------------------------

static void track_end_part(struct track *t)
{
    unsigned char md5[MD5_SIZE];
    (void)EVP_DigestFinal_ex(t->part, md5, NULL);
    (void)EVP_DigestUpdate(t->whole, md5, sizeof md5);
    (void)md_start(&t->part, ALGO_PARTS);
    t->left = t->part_size;
    t->ended++;
}

static void track_add(struct track *t, const char *data, size_t len)
{
    while (len > 0) {
        const size_t n = (int64_t)len < t->left ? len : (size_t)t->left;
        (void)EVP_DigestUpdate(t->part, data, n);
        t->left -= (int64_t)n;
        data += n;
        len -= n;
        if (t->left == 0)
            track_end_part(t);
    }
}

void digest_add(struct digest *d, const void *data, size_t len)
{
    switch (d->algo) {
    case ALGO_NONE:
        return;
    case ALGO_PARTS:
        for (unsigned i = 0; i < d->track_count; i++)
            track_add(&d->tracks[i], data, len);
        return;
    case ALGO_MD5:
    case ALGO_SHA1:
    case ALGO_SHA256:
        (void)EVP_DigestUpdate(d->md, data, len);
        return;
    case ALGO_32:
        d->crc = crc32_z(d->crc, data, len);
        return;
    case ALGO_32C:
        d->crc = crc_32c((uint32_t)d->crc, data, len);
        return;
    case ALGO_64:
        d->crc = crc_64nvme(d->crc, data, len);
        return;
    }
}

/* Whether one of the sizes gives the tag; the sum of the first that was tried is in `got`. */
static bool end_parts(struct digest *d, unsigned char *got)
{
    bool same = false;
    for (unsigned i = 0; i < d->track_count; i++) {
        struct track *t = &d->tracks[i];
        unsigned char md5[MD5_SIZE];
        if (t->left < t->part_size || t->ended == 0)
            track_end_part(t);
        (void)EVP_DigestFinal_ex(t->whole, md5, NULL);
        same = same || memcmp(md5, d->want, sizeof md5) == 0;
        if (i == 0)
            memcpy(got, md5, sizeof md5);
    }
    return same;
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
    bool same = false;
    if (sum)
        *sum = '\0';
    if (d->algo == ALGO_NONE)
        return DIGEST_NOTHING;
    if (d->algo == ALGO_PARTS)
        same = end_parts(d, got);
    else if (algos[d->algo].evp)
        (void)EVP_DigestFinal_ex(d->md, got, NULL);
    else
        end_crc(d, got);
    if (sum)
        digest_hex(got, size < SUM_TEXT ? size : SUM_TEXT, sum);
    if (d->algo == ALGO_PARTS)
        return same ? DIGEST_SAME : d->sure ? DIGEST_OTHER : DIGEST_DOUBTFUL;
    return memcmp(got, d->want, size) == 0 ? DIGEST_SAME : DIGEST_OTHER;
}

// --- whole files -------------------------------------------------------------------------------

static int add_file(int fd, int64_t offset, int64_t length, EVP_MD_CTX *md5, EVP_MD_CTX *sha256)
{
    char data[READ_SIZE];
    while (length > 0) {
        const size_t want = length < (int64_t)sizeof data ? (size_t)length : sizeof data;
        const ssize_t n = pread(fd, data, want, offset);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return n < 0 ? -errno : -EIO;
        (void)EVP_DigestUpdate(md5, data, (size_t)n);
        if (sha256)
            (void)EVP_DigestUpdate(sha256, data, (size_t)n);
        offset += n;
        length -= n;
    }
    return 0;
}

int digest_file(int fd, int64_t offset, int64_t length, bool with_sha256, struct digest_sums *out)
{
    EVP_MD_CTX *md5 = NULL;
    EVP_MD_CTX *sha256 = NULL;
    int rc = -ENOTSUP;
    if (md_start(&md5, ALGO_MD5) && (!with_sha256 || md_start(&sha256, ALGO_SHA256)))
        rc = add_file(fd, offset, length, md5, sha256);
    if (rc == 0) {
        (void)EVP_DigestFinal_ex(md5, out->md5, NULL);
        if (sha256)
            (void)EVP_DigestFinal_ex(sha256, out->sha256, NULL);
    }
    EVP_MD_CTX_free(md5);
    EVP_MD_CTX_free(sha256);
    return rc;
}

int digest_md5(const void *data, size_t len, unsigned char *md5)
{
    EVP_MD_CTX *ctx = NULL;
    bool ok = md_start(&ctx, ALGO_MD5) && EVP_DigestUpdate(ctx, data, len) == 1 &&
              EVP_DigestFinal_ex(ctx, md5, NULL) == 1;
    EVP_MD_CTX_free(ctx);
    return ok ? 0 : -ENOTSUP;
}

bool digest_matches(int fd, int64_t size, const char *etag, const atomic_bool *stop)
{
    char data[READ_SIZE];
    const struct digest_expect expect = {.etag = etag, .size = size};
    struct digest *d = digest_new(&expect);
    int64_t at = 0;
    while (d && at < size && !atomic_load(stop)) {
        const ssize_t n = pread(fd, data, sizeof data, at);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            break;
        digest_add(d, data, (size_t)n);
        at += n;
    }
    bool same = d && at == size && digest_end(d, NULL) == DIGEST_SAME;
    digest_free(d);
    return same;
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
