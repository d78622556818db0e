#include "engine/usage.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "engine/cgroup_dir.h"

enum { USAGE_PROCESSES = 500 }; /* whose memory is looked at one by one */

struct usage_sum {
    int64_t pages;
    int count;
};

static int usage_read(pid_t pid, const char *file, char *text, size_t size)
{
    char path[64];
    (void)snprintf(path, sizeof path, "/proc/%d/%s", (int)pid, file);
    return cgroup_dir_read(AT_FDCWD, path, text, size);
}

/* The n-th number (from 0) of a line of words. */
static int64_t usage_word(const char *text, int n)
{
    for (; n > 0; n--) {
        text += strcspn(text, " ");
        text += strspn(text, " ");
    }
    return strtoll(text, NULL, 10);
}

static void usage_add_memory(void *ctx, pid_t pid)
{
    struct usage_sum *sum = ctx;
    char text[128];
    if (sum->count++ < USAGE_PROCESSES && usage_read(pid, "statm", text, sizeof text) > 0)
        sum->pages += usage_word(text, 1);
}

static bool usage_of_cgroup(int dir, struct usage *u)
{
    struct usage_sum sum = {0};
    u->tasks = (int64_t)cgroup_dir_pids(dir, "cgroup.threads", NULL, NULL);
    u->cpu_us = cgroup_dir_field(dir, "cpu.stat", "usage_usec");
    u->memory = cgroup_dir_number(dir, "memory.current");
    u->resident = u->memory < 0;
    if (u->resident) {
        (void)cgroup_dir_pids(dir, "cgroup.procs", usage_add_memory, &sum);
        u->memory = sum.pages * sysconf(_SC_PAGESIZE);
    }
    return u->tasks > 0;
}

/* Words of proc_pid_stat(5) behind the name, which may hold anything; the state is number 1. */
enum { USAGE_USER = 12, USAGE_SYSTEM = 13, USAGE_THREADS = 18 };

static bool usage_of_process(pid_t pid, struct usage *u)
{
    struct usage_sum sum = {0};
    char text[1024];
    if (pid <= 0 || usage_read(pid, "stat", text, sizeof text) <= 0)
        return false;
    const char *rest = strrchr(text, ')');
    if (!rest)
        return false;
    int64_t ticks = usage_word(rest, USAGE_USER) + usage_word(rest, USAGE_SYSTEM);
    usage_add_memory(&sum, pid);
    *u = (struct usage){.memory = sum.pages * sysconf(_SC_PAGESIZE),
                        .resident = true,
                        .cpu_us = ticks * 1000000 / sysconf(_SC_CLK_TCK),
                        .tasks = usage_word(rest, USAGE_THREADS)};
    return true;
}

bool usage_of(const struct child *c, struct usage *u)
{
    if (c->cgroup.fd >= 0)
        return usage_of_cgroup(c->cgroup.fd, u);
    return usage_of_process(c->pid, u);
}

bool usage_of_self(struct usage *u)
{
    return usage_of_process(getpid(), u);
}
