#include "engine/cgroup_dir.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"

enum {
    DIR_TEXT = 8192, /* bytes of a file that are looked at in one go */
    DIR_ROUNDS = 16, /* of looking for processes that came meanwhile */
    DIR_DEPTH = 8,   /* of folders that a program has made in its own */
};

int cgroup_dir_open(int parent, const char *name)
{
    int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    return fd < 0 ? -errno : fd;
}

int cgroup_dir_make(int parent, const char *name)
{
    if (mkdirat(parent, name, 0755) < 0 && errno != EEXIST)
        return -errno;
    return cgroup_dir_open(parent, name);
}

int cgroup_dir_read(int dir, const char *file, char *text, size_t size)
{
    int fd = openat(dir, file, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    ssize_t n = read(fd, text, size - 1);
    int rc = n < 0 ? -errno : (int)n;
    fd_close(&fd);
    text[rc < 0 ? 0 : rc] = '\0';
    return rc;
}

int cgroup_dir_write(int dir, const char *file, const char *text)
{
    int fd = openat(dir, file, O_WRONLY | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    int rc = write(fd, text, strlen(text)) < 0 ? -errno : 0;
    fd_close(&fd);
    return rc;
}

int64_t cgroup_dir_number(int dir, const char *file)
{
    char text[64];
    if (cgroup_dir_read(dir, file, text, sizeof text) <= 0)
        return -1;
    return strncmp(text, "max", 3) == 0 ? INT64_MAX : strtoll(text, NULL, 10);
}

int64_t cgroup_dir_field(int dir, const char *file, const char *key)
{
    char text[DIR_TEXT] = "";
    size_t len = strlen(key);
    if (cgroup_dir_read(dir, file, text, sizeof text) <= 0)
        return -1;
    for (const char *line = text; line && *line; line = strchr(line, '\n')) {
        line += *line == '\n';
        if (strncmp(line, key, len) == 0 && line[len] == ' ')
            return strtoll(line + len + 1, NULL, 10);
    }
    return -1;
}

/* --- Processes ----------------------------------------------------------------------------- */

/* A list of numbers, read in pieces. */
struct dir_list {
    void (*each)(void *ctx, pid_t pid);
    void *ctx;
    long number; /* what is known of the one that is being read */
    size_t count;
};

static void dir_take(struct dir_list *list, char c)
{
    if (c >= '0' && c <= '9') {
        list->number = list->number * 10 + (c - '0');
        return;
    }
    if (list->each && list->number > 0) /* 0: it lives in another namespace of processes */
        list->each(list->ctx, (pid_t)list->number);
    list->number = 0;
    list->count++;
}

size_t cgroup_dir_pids(int dir, const char *file, void (*each)(void *ctx, pid_t pid), void *ctx)
{
    char text[DIR_TEXT];
    struct dir_list list = {.each = each, .ctx = ctx};
    ssize_t n = 0;
    int fd = openat(dir, file, O_RDONLY | O_CLOEXEC);
    while (fd >= 0 && (n = read(fd, text, sizeof text)) > 0) {
        for (ssize_t i = 0; i < n; i++)
            dir_take(&list, text[i]);
    }
    fd_close(&fd);
    return list.count;
}

bool cgroup_dir_populated(int dir)
{
    return cgroup_dir_field(dir, "cgroup.events", "populated") == 1;
}

static void dir_kill_pid(void *ctx, pid_t pid)
{
    (void)ctx;
    (void)kill(pid, SIGKILL);
}

/* Before Linux 5.14: one by one, until nobody is left who could start another one. */
static void dir_kill_each(int dir)
{
    for (int round = 0; round < DIR_ROUNDS; round++) {
        if (cgroup_dir_pids(dir, "cgroup.procs", dir_kill_pid, NULL) == 0)
            return;
    }
}

void cgroup_dir_kill(int dir)
{
    if (cgroup_dir_write(dir, "cgroup.kill", "1") < 0)
        dir_kill_each(dir);
}

struct dir_move {
    int to; /* cgroup.procs */
};

static void dir_move_pid(void *ctx, pid_t pid)
{
    const struct dir_move *move = ctx;
    char text[16];
    (void)snprintf(text, sizeof text, "%d", (int)pid);
    (void)!write(move->to, text, strlen(text));
}

void cgroup_dir_move(int from, int to)
{
    struct dir_move move = {.to = openat(to, "cgroup.procs", O_WRONLY | O_CLOEXEC)};
    for (int round = 0; move.to >= 0 && round < DIR_ROUNDS; round++) {
        if (cgroup_dir_pids(from, "cgroup.procs", dir_move_pid, &move) == 0)
            break;
    }
    fd_close(&move.to);
}

/* --- Its end ------------------------------------------------------------------------------- */

static bool dir_is_folder(const struct dirent *entry)
{
    return entry->d_type == DT_DIR && strcmp(entry->d_name, ".") != 0 &&
           strcmp(entry->d_name, "..") != 0;
}

static int dir_remove(int parent, const char *name, int depth)
{
    if (unlinkat(parent, name, AT_REMOVEDIR) == 0 || errno == ENOENT)
        return 0;
    int rc = -errno;
    if (rc != -EBUSY || depth == 0)
        return rc;
    int dir = cgroup_dir_open(parent, name);
    DIR *entries = dir < 0 || cgroup_dir_populated(dir) ? NULL : fdopendir(dir);
    if (!entries) {
        if (dir >= 0)
            fd_close(&dir);
        return rc;
    }
    for (struct dirent *entry; (entry = readdir(entries)) != NULL;) {
        if (dir_is_folder(entry))
            (void)dir_remove(dir, entry->d_name, depth - 1);
    }
    (void)closedir(entries);
    return unlinkat(parent, name, AT_REMOVEDIR) == 0 ? 0 : -errno;
}

int cgroup_dir_remove(int parent, const char *name)
{
    return dir_remove(parent, name, DIR_DEPTH);
}
