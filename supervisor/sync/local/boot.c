#include "sync/local/boot.h"

#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"

#define BOOT_FILE "/proc/sys/kernel/random/boot_id"

static pthread_once_t once = PTHREAD_ONCE_INIT;
static char id[40];

static void read_id(void)
{
    int fd = open(BOOT_FILE, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : read(fd, id, sizeof id - 1);
    fd_close(&fd);
    id[n > 0 ? n : 0] = '\0';
    id[strcspn(id, " \n")] = '\0';
    if (!*id)
        id[0] = '-';
}

const char *boot_id(void)
{
    (void)pthread_once(&once, read_id);
    return id;
}

bool boot_is_this(const char *other)
{
    const char *mine = boot_id();
    return strcmp(mine, "-") != 0 && strcmp(mine, other) == 0;
}
