#include "engine/sockfile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"

/* The mode of the descriptor becomes that of the file: no name is looked up twice. */
int sockfile_bind(int fd, const struct sockaddr_un *to, mode_t mode)
{
    int rc = fchmod(fd, mode) < 0 ? -errno : 0;
    mode_t before = umask(0);
    if (rc == 0 && bind(fd, (const struct sockaddr *)to, sizeof *to) < 0)
        rc = -errno;
    (void)umask(before);
    return rc;
}

int sockfile_give(const char *path, int64_t uid, int64_t gid)
{
    struct stat st;
    if (uid < 0 && gid < 0)
        return 0;
    int fd = open(path, O_PATH | O_NOFOLLOW | O_CLOEXEC);
    int rc = fd < 0 || fstat(fd, &st) < 0 ? -errno : S_ISSOCK(st.st_mode) ? 0 : -ENOTSOCK;
    if (rc == 0 && fchownat(fd, "", (uid_t)uid, (gid_t)gid, AT_EMPTY_PATH) < 0)
        rc = -errno;
    fd_close(&fd);
    return rc;
}

int sockfile_change(const char *path, const struct stat *that, mode_t mode, int64_t uid,
                    int64_t gid)
{
    struct stat st = {.st_ino = 0};
    char name[32];
    int fd = open(path, O_PATH | O_NOFOLLOW | O_CLOEXEC);
    int rc = fd < 0 || fstat(fd, &st) < 0 ? -errno : 0;
    if (rc == 0 && (st.st_dev != that->st_dev || st.st_ino != that->st_ino))
        rc = -ESTALE;
    (void)snprintf(name, sizeof name, "/proc/self/fd/%d", fd);
    if (rc == 0 &&
        (chmod(name, mode) < 0 || fchownat(fd, "", (uid_t)uid, (gid_t)gid, AT_EMPTY_PATH) < 0))
        rc = -errno;
    fd_close(&fd);
    return rc;
}

int sockfile_answers(const char *path)
{
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    struct stat st;
    if (lstat(path, &st) < 0)
        return -errno;
    if (!S_ISSOCK(st.st_mode))
        return -ENOTSOCK;
    if (strlen(path) >= sizeof to.sun_path)
        return -ENAMETOOLONG;
    memcpy(to.sun_path, path, strlen(path) + 1);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return -errno;
    int code = connect(fd, (const struct sockaddr *)&to, sizeof to) < 0 ? errno : 0;
    fd_close(&fd);
    return code != ECONNREFUSED && code != ENOENT;
}
