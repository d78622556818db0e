#include "config/path.h"

#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

const char *path_home_user(struct arena *a, const char *path)
{
    return *path == '~' ? arena_strndup(a, path + 1, strcspn(path, "/") - 1) : NULL;
}

const char *path_home_of(const char *user)
{
    const char *home = *user ? NULL : getenv("HOME");
    if (home)
        return home;
    const struct passwd *pw = *user ? getpwnam(user) : getpwuid(getuid());
    return pw ? pw->pw_dir : NULL;
}

const char *path_in_home(struct arena *a, const char *path, const char *home)
{
    size_t keep = strlen(home);
    while (keep > 0 && home[keep - 1] == '/')
        keep--;
    const char *all = arena_printf(a, "%.*s%s", (int)keep, home, path + strcspn(path, "/"));
    return *all ? all : "/";
}

const char *path_normal_in(struct arena *a, const char *cwd, const char *path)
{
    char *from = arena_printf(a, "%s/%s", *path == '/' ? "" : cwd, path);
    char *out = arena_alloc(a, strlen(from) + 3);
    size_t len = 0;
    /* exactly two slashes in front are kept: POSIX leaves open what they mean */
    size_t kept = strncmp(path, "//", 2) == 0 && path[2] != '/';
    out[0] = '/';
    out += kept;
    while (*from) {
        from += strspn(from, "/");
        size_t part = strcspn(from, "/");
        if (part == 2 && memcmp(from, "..", 2) == 0) {
            while (len > 0 && out[--len] != '/')
                ;
        } else if (part > 0 && !(part == 1 && *from == '.')) {
            out[len++] = '/';
            memcpy(out + len, from, part);
            len += part;
        }
        from += part;
    }
    if (len == 0)
        out[len++] = '/';
    out[len] = '\0';
    return out - kept;
}

const char *path_folder(struct arena *a, const char *path)
{
    const char *slash = strrchr(path, '/');
    if (!slash)
        return "";
    return slash == path ? "/" : arena_strndup(a, path, (size_t)(slash - path));
}

bool path_is_folder(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}
