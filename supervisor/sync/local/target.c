#include "sync/local/target.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"

enum { LINKS_MAX = 8, LINK_TEXT_MAX = 4096 };

char *target_folder(const char *path)
{
    const char *slash = strrchr(path, '/');
    if (!slash)
        return mem_strdup(".");
    return slash == path ? mem_strdup("/") : mem_strndup(path, (size_t)(slash - path));
}

char *target_read_link(const char *path)
{
    char text[LINK_TEXT_MAX];
    ssize_t n = readlink(path, text, sizeof text);
    return n > 0 && (size_t)n < sizeof text ? mem_strndup(text, (size_t)n) : NULL;
}

static char *store_name_of(const char *target)
{
    const char *slash = strrchr(target, '/');
    return mem_printf(".%s.mainstay", slash ? slash + 1 : target);
}

/* "20261121T..." for ".data.mainstay/20261121T...", the link of an earlier sync; else NULL. */
static const char *version_in(const char *link, const char *store_name)
{
    size_t len = strlen(store_name);
    if (strncmp(link, store_name, len) != 0 || link[len] != '/')
        return NULL;
    const char *version = link + len + 1;
    return *version && *version != '.' && !strchr(version, '/') ? version : NULL;
}

/* Somebody who went back may have linked to `previous` instead of what it names. */
static char *version_named(const char *path, const char *store_name, const char *version)
{
    if (strcmp(version, TARGET_PREVIOUS) != 0)
        return mem_strdup(version);
    char *folder = target_folder(path);
    char *link = mem_printf("%s/%s/%s", folder, store_name, version);
    char *real = target_read_link(link);
    mem_free(link);
    mem_free(folder);
    return real ? real : mem_strdup(version);
}

/* One step along a link that somebody else made; NULL when `path` is none or is ours. */
static char *follow(const char *path, char **current)
{
    char *link = target_read_link(path);
    if (!link)
        return NULL;
    char *name = store_name_of(path);
    const char *version = version_in(link, name);
    char *next = NULL;
    if (version)
        *current = version_named(path, name, version);
    else if (link[0] == '/')
        next = mem_strdup(link);
    else {
        char *folder = target_folder(path);
        next = mem_printf("%s/%s", folder, link);
        mem_free(folder);
    }
    mem_free(name);
    mem_free(link);
    return next;
}

static char *without_slashes(const char *path)
{
    size_t len = strlen(path);
    while (len > 1 && path[len - 1] == '/')
        len--;
    return mem_strndup(path, len);
}

int target_make_folders(const char *path, struct err *e)
{
    char *copy = mem_strdup(path);
    int rc = 0;
    for (char *c = copy + 1; rc == 0; c++) {
        char was = *c;
        if (was != '/' && was != '\0')
            continue;
        *c = '\0';
        if (mkdir(copy, 0777) < 0 && errno != EEXIST && errno != EISDIR && errno != EROFS)
            rc = err_set(e, -errno, "cannot create the folder %s: %s", copy, strerror(errno));
        *c = was;
        if (was == '\0')
            break;
    }
    mem_free(copy);
    return rc;
}

/* Absolute, without links, dots and double slashes, but for the last part. */
static int resolve_parent(struct target *t, bool dry, struct err *e)
{
    const char *slash = strrchr(t->path, '/');
    const char *last = slash ? slash + 1 : t->path;
    char real[PATH_MAX];
    char *folder = NULL;
    int rc = 0;
    struct stat st;
    if (lstat(t->path, &st) == 0 && S_ISDIR(st.st_mode)) {
        if (!realpath(t->path, real))
            return err_set(e, -errno, "cannot resolve %s: %s", t->path, strerror(errno));
        mem_free(t->path);
        t->path = mem_strdup(real);
        return 0;
    }
    if (!*last || strcmp(last, ".") == 0 || strcmp(last, "..") == 0)
        return err_set(e, -EINVAL, "'%s' is no name for a folder", t->path);
    folder = target_folder(t->path);
    if (!dry)
        rc = target_make_folders(folder, e);
    if (rc == 0 && realpath(folder, real)) {
        char *full = mem_printf("%s/%s", strcmp(real, "/") == 0 ? "" : real, last);
        mem_free(t->path);
        t->path = full;
    } else if (rc == 0 && !(dry && errno == ENOENT)) {
        rc = err_set(e, -errno, "cannot resolve %s: %s", folder, strerror(errno));
    }
    mem_free(folder);
    return rc;
}

static int follow_links(struct target *t, bool dry, const char *name, struct err *e)
{
    t->path = without_slashes(name);
    for (int i = 0; i < LINKS_MAX; i++) {
        int rc = resolve_parent(t, dry, e);
        if (rc < 0)
            return rc;
        char *next = follow(t->path, &t->current);
        if (!next)
            return 0;
        mem_free(t->path);
        t->path = without_slashes(next);
        mem_free(next);
    }
    return err_set(e, -ELOOP, "%s is a circle of links", name);
}

/* What it shows is a version; the link to that is what is synced. */
static bool is_version(const char *path)
{
    static const char end[] = ".mainstay";
    const size_t end_len = sizeof end - 1;
    char *folder = target_folder(path);
    const char *slash = strrchr(folder, '/');
    const char *store = slash ? slash + 1 : folder;
    const size_t len = strlen(store);
    const bool found = store[0] == '.' && len >= end_len && strcmp(store + len - end_len, end) == 0;
    mem_free(folder);
    return found;
}

int target_resolve(struct target *t, const char *name, bool dry, struct err *e)
{
    *t = (struct target){0};
    int rc = follow_links(t, dry, name, e);
    if (rc == 0 && strcmp(t->path, "/") == 0)
        rc = err_set(e, -EINVAL, "the target must not be the root folder");
    if (rc == 0 && is_version(t->path))
        rc = err_set(e, -EINVAL,
                     "'%s' is %s, a version that earlier syncs have made: name the link that shows "
                     "it, from outside",
                     name, t->path);
    if (rc < 0)
        target_close(t);
    else
        t->store_name = store_name_of(t->path);
    return rc;
}

const char *target_base(const struct target *t)
{
    const char *slash = strrchr(t->path, '/');
    return slash ? slash + 1 : t->path;
}

void target_close(struct target *t)
{
    mem_free(t->path);
    mem_free(t->store_name);
    mem_free(t->current);
    *t = (struct target){0};
}
