#include "sync/s3/sse.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/base64.h"
#include "base/fd.h"
#include "base/mem.h"
#include "sync/local/digest.h"
#include "sync/s3/http.h"

enum { KEY_SIZE = 32, FILE_MAX = 256 };

/* All of a file that only we may read; how much there is, or -errno. */
static ssize_t read_private(const char *path, char *data, struct err *e)
{
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (fd < 0)
        return err_set(e, -errno, "cannot open the key file %s: %s", path, strerror(errno));
    ssize_t n = fstat(fd, &st) < 0 ? -errno : read(fd, data, FILE_MAX);
    if (n < 0)
        n = err_set(e, -EIO, "cannot read the key file %s", path);
    else if (!S_ISREG(st.st_mode))
        n = err_set(e, -EINVAL, "the key file %s is no file", path);
    else if (st.st_mode & (S_IRWXG | S_IRWXO))
        n = err_set(e, -EINVAL, "others may read the key file %s: chmod 600 it", path);
    fd_close(&fd);
    return n;
}

static int read_key(const char *path, unsigned char *key, struct err *e)
{
    char data[FILE_MAX];
    ssize_t n = read_private(path, data, e);
    struct buf raw = BUF_EMPTY;
    if (n == KEY_SIZE)
        buf_append(&raw, data, KEY_SIZE);
    else if (n > KEY_SIZE)
        (void)base64_decode(&raw, data, (size_t)n);
    if (raw.len == KEY_SIZE)
        memcpy(key, raw.data, KEY_SIZE);
    else if (n >= 0)
        n = err_set(e, -EINVAL, "the key file %s must hold 32 bytes, or their base64", path);
    explicit_bzero(data, sizeof data);
    if (raw.data)
        explicit_bzero(raw.data, raw.room);
    buf_close(&raw);
    return n < 0 ? (int)n : 0;
}

static char *base64(const unsigned char *data, size_t len)
{
    struct buf b = BUF_EMPTY;
    base64_encode(&b, data, len);
    return buf_take(&b);
}

static int use_own_key(struct sse *s, const char *path, struct err *e)
{
    unsigned char key[KEY_SIZE];
    unsigned char md5[MD5_SIZE];
    int rc = read_key(path, key, e);
    if (rc < 0)
        return rc;
    digest_md5(key, sizeof key, md5);
    s->key = base64(key, sizeof key);
    s->key_md5 = base64(md5, sizeof md5);
    explicit_bzero(key, sizeof key);
    static const char algorithm[] = "x-amz-server-side-encryption-customer-algorithm";
    s->object[0] = (struct wire_header){algorithm, "AES256"};
    s->object[1] = (struct wire_header){"x-amz-server-side-encryption-customer-key", s->key};
    s->object[2] =
        (struct wire_header){"x-amz-server-side-encryption-customer-key-md5", s->key_md5};
    return 0;
}

int sse_init(struct sse *s, const struct sse_query *q, struct err *e)
{
    *s = (struct sse){0};
    if (q->how)
        s->store[0] = (struct wire_header){"x-amz-server-side-encryption", q->how};
    if (q->how && q->kms_key_id)
        s->store[1] =
            (struct wire_header){"x-amz-server-side-encryption-aws-kms-key-id", q->kms_key_id};
    return q->key_file ? use_own_key(s, q->key_file, e) : 0;
}

int sse_allows(const struct sse *s, const char *origin, struct err *e)
{
    if (!s->key || http_is_private(origin, NULL))
        return 0;
    return err_set(e, -EPERM,
                   "the key of --sse-c-key-file is not sent to %s, where others can read it on its "
                   "way: name an https:// endpoint",
                   origin);
}

void sse_close(struct sse *s)
{
    if (s->key)
        explicit_bzero(s->key, strlen(s->key));
    mem_free(s->key);
    mem_free(s->key_md5);
    *s = (struct sse){0};
}
