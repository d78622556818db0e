#include "engine/kin.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"

enum { KIN_GENERATIONS = 64 }; /* further up nobody looks */

/* What /proc says of a process at one moment. */
struct person {
    char state;
    pid_t parent;
    pid_t group;
    uid_t uid;
    char cgroup[512]; /* of cgroup v2; "" when it cannot be told */
};

static bool kin_read(int folder, const char *name, char *text, size_t size)
{
    int fd = openat(folder, name, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : read(fd, text, size - 1);
    fd_close(&fd);
    text[n > 0 ? n : 0] = '\0';
    return n > 0;
}

/* "0::/path": a longer path than there is room for is none. */
static void kin_cut_cgroup(char *text)
{
    char *line = strncmp(text, "0::", 3) == 0 ? text : strstr(text, "\n0::");
    char *end = line ? strchr(line + 1, '\n') : NULL;
    if (!end) {
        *text = '\0';
        return;
    }
    *end = '\0';
    char *path = strchr(line, ':') + 2;
    memmove(text, path, strlen(path) + 1);
}

/* All through one descriptor of its folder: never half of it of another process. */
static bool kin_look(pid_t pid, struct person *out)
{
    char name[32];
    char text[512];
    struct stat st;
    (void)snprintf(name, sizeof name, "/proc/%d", (int)pid);
    int folder = open(name, O_DIRECTORY | O_RDONLY | O_CLOEXEC);
    bool good =
        folder >= 0 && fstat(folder, &st) == 0 && kin_read(folder, "stat", text, sizeof text);
    if (good)
        (void)kin_read(folder, "cgroup", out->cgroup, sizeof out->cgroup);
    fd_close(&folder);
    const char *rest = good ? strrchr(text, ')') : NULL; /* the name before it may be anything */
    int parent;
    int group;
    // NOLINTNEXTLINE(cert-err34-c): the kernel writes numbers
    if (!rest || sscanf(rest + 1, " %c %d %d", &out->state, &parent, &group) != 3)
        return false;
    out->parent = parent;
    out->group = group;
    out->uid = st.st_uid;
    kin_cut_cgroup(out->cgroup);
    return true;
}

/* Where programs have no cgroup of their own, all are in ours. */
static bool kin_shares_cgroup(const struct kin *k, const struct person *who)
{
    struct person main;
    struct person us;
    return who->cgroup[0] && kin_look(k->main, &main) && strcmp(who->cgroup, main.cgroup) == 0 &&
           kin_look(getpid(), &us) && strcmp(us.cgroup, main.cgroup) != 0;
}

static bool kin_descends(const struct kin *k, const struct person *who)
{
    struct person at = *who;
    for (int i = 0; i < KIN_GENERATIONS && at.parent > 1; i++) {
        if (at.parent == k->main || at.parent == k->group)
            return true;
        if (at.parent == getpid()) /* orphans come to us */
            return at.group == k->group && at.uid == k->uid;
        if (!kin_look(at.parent, &at))
            return false;
    }
    return false;
}

bool kin_has(const struct kin *k, pid_t pid)
{
    struct person who;
    if (pid <= 1 || pid == getpid())
        return false;
    if (pid == k->main || pid == k->group)
        return true;
    return kin_look(pid, &who) && (kin_descends(k, &who) || kin_shares_cgroup(k, &who));
}

bool kin_lives(const struct kin *k, pid_t pid)
{
    struct person who;
    return kin_has(k, pid) && kin_look(pid, &who) && who.state != 'Z' && who.state != 'X';
}
