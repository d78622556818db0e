#include "output/autolog.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/mem.h"

enum { AUTOLOG_SUFFIX = 8, AUTOLOG_TRIES = 100 };

static void autolog_suffix(char *text)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789_";
    unsigned char random[AUTOLOG_SUFFIX];
    if (getrandom(random, sizeof random, GRND_NONBLOCK) != sizeof random)
        for (size_t i = 0; i < AUTOLOG_SUFFIX; i++) /* early at boot: O_EXCL is what counts */
            random[i] = (unsigned char)((uint64_t)clock() >> i);
    for (size_t i = 0; i < AUTOLOG_SUFFIX; i++)
        text[i] = letters[random[i] % (sizeof letters - 1)];
    text[AUTOLOG_SUFFIX] = '\0';
}

static char *autolog_path(const struct autolog_name *n)
{
    char suffix[AUTOLOG_SUFFIX + 1];
    autolog_suffix(suffix);
    char *process = mem_strdup(n->process);
    for (char *c = strchr(process, '/'); c; c = strchr(c, '/'))
        *c = '_';
    char *path =
        mem_printf("%s/%s-%s---%s-%s.log", n->folder, process, n->channel, n->identifier, suffix);
    mem_free(process);
    return path;
}

int autolog_create(const struct autolog_name *n, char **path, struct err *e)
{
    int error = EEXIST;
    for (int i = 0; i < AUTOLOG_TRIES && error == EEXIST; i++) {
        char *name = autolog_path(n);
        int fd = open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
        if (fd >= 0) {
            fd_close(&fd);
            *path = name;
            return 0;
        }
        error = errno;
        mem_free(name);
    }
    return err_set(e, -error, "cannot create a log for '%s' in %s: %s", n->process, n->folder,
                   strerror(error));
}

/* \S+\.log and anything behind it */
static bool autolog_ends(const char *rest)
{
    size_t run = 0;
    while (rest[run] && !isspace((unsigned char)rest[run]))
        run++;
    const char *log = rest[0] ? strstr(rest + 1, ".log") : NULL;
    return log && log + strlen(".log") <= rest + run;
}

/* .+?---IDENTIFIER-\S+\.log\.{0,1}\d{0,4}, the identifier taken literally */
bool autolog_matches(const char *name, const char *identifier)
{
    char *middle = mem_printf("---%s-", identifier);
    size_t len = strlen(middle);
    bool found = false;
    const char *at = name[0] ? strstr(name + 1, middle) : NULL;
    for (; at && !found; at = strstr(at + 1, middle))
        found = autolog_ends(at + len);
    mem_free(middle);
    return found;
}

static void autolog_remove(int folder, const char *path, const char *name)
{
    struct stat st;
    if (fstatat(folder, name, &st, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISREG(st.st_mode))
        return;
    if (unlinkat(folder, name, 0) < 0 && errno != ENOENT)
        log_warn("Failed to clean up '%s/%s': %s", path, name, strerror(errno));
}

int autolog_clean(const char *folder, const char *identifier, struct err *e)
{
    DIR *d = opendir(folder);
    if (!d)
        return err_set(e, -errno, "cannot read %s: %s", folder, strerror(errno));
    for (struct dirent *entry = readdir(d); entry; entry = readdir(d))
        if (autolog_matches(entry->d_name, identifier))
            autolog_remove(dirfd(d), folder, entry->d_name);
    (void)closedir(d);
    return 0;
}
