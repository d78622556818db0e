#include "handover/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "handover/line.h"

enum { MEMORY_SEALS = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE };

int memory_new(const char *name, const struct buf *text, struct err *e)
{
    int fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (fd < 0)
        return err_set(e, -errno, "cannot make memory for the hand-over: %s", strerror(errno));
    int rc = fd_write_all(fd, text->data, text->len);
    if (rc == 0 && fcntl(fd, F_ADD_SEALS, MEMORY_SEALS) < 0)
        rc = -errno;
    if (rc == 0)
        return fd;
    fd_close(&fd);
    return err_set(e, rc, "cannot write the hand-over: %s", strerror(-rc));
}

int memory_read(int fd, struct buf *out, struct err *e)
{
    struct stat st;
    int seals = fcntl(fd, F_GET_SEALS);
    if (seals < 0 || (seals & MEMORY_SEALS) != MEMORY_SEALS || fstat(fd, &st) < 0)
        return err_set(e, -EINVAL, "descriptor %d is not the memory of a hand-over", fd);
    if (st.st_size > LINES_LENGTH_MAX)
        return err_set(e, -EFBIG, "the hand-over has more than %d bytes", LINES_LENGTH_MAX);
    if (st.st_size == 0)
        return 0;
    void *text = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (text == MAP_FAILED)
        return err_set(e, -errno, "cannot read the hand-over: %s", strerror(errno));
    buf_append(out, text, (size_t)st.st_size);
    (void)munmap(text, (size_t)st.st_size);
    return 0;
}
