/* What the tests of the journal share: a journald that reads when it is told to. */
#ifndef TEST_JOURNALD_H
#define TEST_JOURNALD_H

#include <endian.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/buf.h"
#include "output_temp.h"

/* Listens at `path`, in the place of whoever did. */
static inline int journald(const char *path)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    (void)snprintf(at.sun_path, sizeof at.sun_path, "%s", path);
    (void)unlink(path);
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(fd, (const struct sockaddr *)&at, sizeof at), 0);
    return fd;
}

/* The entry lies in a file, which must be sealed as journald wants it. */
static inline void journald_read_file(int fd, struct buf *entry)
{
    struct stat st;
    int seals = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL;
    assert_int_equal(fcntl(fd, F_GET_SEALS), seals);
    assert_int_equal(fstat(fd, &st), 0);
    void *data = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    assert_ptr_not_equal(data, MAP_FAILED);
    buf_append(entry, data, (size_t)st.st_size);
    (void)munmap(data, (size_t)st.st_size);
    (void)close(fd);
}

/* The next entry as it was sent; false when there is none. */
static inline bool journald_read(int fd, struct buf *entry)
{
    static char data[1 << 20];
    union {
        struct cmsghdr head;
        char room[CMSG_SPACE(sizeof(int))];
    } control;
    struct iovec part = {data, sizeof data};
    struct msghdr m = {.msg_iov = &part,
                       .msg_iovlen = 1,
                       .msg_control = &control,
                       .msg_controllen = sizeof control};
    buf_clear(entry);
    ssize_t n = recvmsg(fd, &m, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    if (n < 0)
        return false;
    buf_append(entry, data, (size_t)n);
    if (m.msg_controllen > 0) {
        int file;
        assert_int_equal(n, 0);
        memcpy(&file, CMSG_DATA(&control.head), sizeof file);
        journald_read_file(file, entry);
    }
    return true;
}

/* A field's value, as bytes; false when the entry has none. The parser is journald's in small. */
static inline bool journald_field(const struct buf *entry, const char *field, struct buf *value)
{
    const char *at = entry->data;
    const char *end = at + entry->len;
    buf_clear(value);
    buf_append(value, "", 0);
    while (at < end) {
        const char *stop = memchr(at, '\n', (size_t)(end - at));
        assert_non_null(stop);
        const char *is = memchr(at, '=', (size_t)(stop - at));
        size_t name = (size_t)((is ? is : stop) - at);
        const char *data = is ? is + 1 : stop + 1 + sizeof(uint64_t);
        uint64_t len = is ? (uint64_t)(stop - data) : 0;
        if (!is)
            memcpy(&len, stop + 1, sizeof len);
        len = is ? len : le64toh(len);
        assert_true(data + len < end && data[len] == '\n');
        if (name == strlen(field) && memcmp(at, field, name) == 0) {
            buf_append(value, data, len);
            return true;
        }
        at = data + len + 1;
    }
    return false;
}

/* A field of an entry as text, "(none)" when there is none; borrowed until the next call. */
static inline const char *journald_text(const struct buf *entry, const char *field)
{
    static struct buf values[4];
    static unsigned next;
    struct buf *value = &values[next++ % 4];
    return journald_field(entry, field, value) ? buf_str(value) : "(none)";
}

#endif
