/* What the tests of output/ share: a folder that goes away, files as text, open descriptors. */
#ifndef TEST_OUTPUT_TEMP_H
#define TEST_OUTPUT_TEMP_H

#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/fd.h"

static char temp_folder[PATH_MAX];

static inline int temp_enter(void **state)
{
    (void)state;
    const char *base = getenv("TMPDIR");
    (void)snprintf(temp_folder, sizeof temp_folder, "%s/mainstay-unit-XXXXXX",
                   base ? base : "/tmp");
    return mkdtemp(temp_folder) && chdir(temp_folder) == 0 ? 0 : -1;
}

static inline int temp_leave(void **state)
{
    (void)state;
    char command[PATH_MAX + 16];
    (void)snprintf(command, sizeof command, "rm -rf '%s'", temp_folder);
    return chdir("/") == 0 && system(command) == 0 ? 0 : -1;
}

/* The content of a file, "(none)" when there is none; borrowed until the next call. */
static inline const char *slurp(const char *path)
{
    static struct buf content;
    buf_clear(&content);
    if (fd_read_file(path, 64 * 1024 * 1024, &content, NULL) < 0)
        return "(none)";
    return buf_str(&content);
}

static inline size_t open_descriptors(void)
{
    size_t n = 0;
    DIR *d = opendir("/proc/self/fd");
    while (d && readdir(d))
        n++;
    if (d)
        (void)closedir(d);
    return n;
}

#endif
