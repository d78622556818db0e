#include "sync/local/partial.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "sync/local/boot.h"

enum { NOTE_ROOM = 2048, BOOT_WIDTH = 40 };

#define NOTE_HEAD "mainstay-sync parts 1 "
#define NOTE_SEALED 's'
#define NOTE_OPEN 'o'

/* "HEAD STATE BOOT SIZE PART_SIZE ETAG\nPATH\n": what follows BOOT is that of the object. */
enum { NOTE_STATE = sizeof NOTE_HEAD - 1, NOTE_BOOT = NOTE_STATE + 2 };

struct note {
    char text[NOTE_ROOM];
    size_t len;
};

size_t partial_parts(const struct partial *p)
{
    return (size_t)(p->size / p->part_size + (p->size % p->part_size != 0));
}

static int make_note(struct note *n, const struct partial *p, char state)
{
    const int len =
        snprintf(n->text, sizeof n->text, NOTE_HEAD "%c %-*.*s %" PRId64 " %" PRId64 " %s\n%s\n",
                 state, BOOT_WIDTH, BOOT_WIDTH, boot_id(), p->size, p->part_size, p->etag, p->path);
    if (len < 0 || (size_t)len >= sizeof n->text)
        return -ENAMETOOLONG;
    n->len = (size_t)len;
    return 0;
}

static int read_all(int fd, void *data, size_t len, int64_t at)
{
    for (char *to = data; len > 0;) {
        const ssize_t n = pread(fd, to, len, at);
        if (n == 0 || (n < 0 && errno != EINTR))
            return n < 0 ? -errno : -ESTALE;
        if (n > 0) {
            to += n;
            at += n;
            len -= (size_t)n;
        }
    }
    return 0;
}

int partial_begin(int fd, const struct partial *p)
{
    struct note n = {.len = 0};
    int rc = make_note(&n, p, NOTE_OPEN);
    if (rc < 0)
        return rc;
    /* once to forget what is there, once to have a byte per part */
    const int64_t end = p->size + (int64_t)(n.len + partial_parts(p));
    if (ftruncate(fd, p->size) < 0 || ftruncate(fd, end) < 0)
        return -errno;
    return fd_pwrite_all(fd, n.text, n.len, p->size);
}

/* Whether two notes are of the same object: all but the state and the boot is equal. */
static bool is_same(const struct note *a, const struct note *b)
{
    const size_t rest = NOTE_BOOT + BOOT_WIDTH;
    return memcmp(a->text, b->text, NOTE_STATE) == 0 && a->text[NOTE_BOOT - 1] == ' ' &&
           b->text[NOTE_BOOT - 1] == ' ' &&
           memcmp(a->text + rest, b->text + rest, a->len - rest) == 0;
}

static bool is_trusted(const struct note *n, const struct note *mine)
{
    if (n->text[NOTE_STATE] == NOTE_SEALED)
        return true;
    return n->text[NOTE_STATE] == NOTE_OPEN && boot_is_this(boot_id()) &&
           memcmp(n->text + NOTE_BOOT, mine->text + NOTE_BOOT, BOOT_WIDTH) == 0;
}

/* What is written from here on is not on the disk, and the note must not say so after a crash. */
static int reopen_note(int fd, const struct partial *p, const struct note *mine, bool was_sealed)
{
    const int rc = fd_pwrite_all(fd, mine->text, mine->len, p->size);
    if (rc == 0 && was_sealed && fdatasync(fd) < 0)
        return -errno;
    return rc;
}

static int load_parts(int fd, const struct partial *p, const struct note *n, unsigned char *parts)
{
    const size_t count = partial_parts(p);
    const int rc = read_all(fd, parts, count, p->size + (int64_t)n->len);
    for (size_t i = 0; rc == 0 && i < count; i++) {
        if (parts[i] > 1)
            return -ESTALE;
    }
    return rc;
}

int partial_load(int fd, const struct partial *p, unsigned char *parts)
{
    struct note mine = {.len = 0};
    struct note found = {.len = 0};
    int rc = *p->etag ? make_note(&mine, p, NOTE_OPEN) : -ESTALE;
    if (rc < 0)
        return rc;
    found.len = mine.len;
    rc = read_all(fd, found.text, found.len, p->size);
    if (rc == 0 && (!is_same(&mine, &found) || !is_trusted(&found, &mine)))
        rc = -ESTALE;
    if (rc == 0)
        rc = load_parts(fd, p, &mine, parts);
    if (rc == 0)
        rc = reopen_note(fd, p, &mine, found.text[NOTE_STATE] == NOTE_SEALED);
    return rc;
}

int partial_mark(int fd, const struct partial *p, size_t part, bool there)
{
    struct note n = {.len = 0};
    const unsigned char byte = there;
    const int rc = make_note(&n, p, NOTE_OPEN);
    return rc < 0 ? rc : fd_pwrite_all(fd, &byte, 1, p->size + (int64_t)(n.len + part));
}

int partial_seal(int fd, const struct partial *p)
{
    const char sealed = NOTE_SEALED;
    if (fdatasync(fd) < 0)
        return -errno;
    const int rc = fd_pwrite_all(fd, &sealed, 1, p->size + NOTE_STATE);
    return rc == 0 && fdatasync(fd) < 0 ? -errno : rc;
}
