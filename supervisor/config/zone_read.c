/* Zones from the machine. */
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/mem.h"
#include "config/zone.h"

enum { NAME_MAX_LEN = 100 };

static const char *zone_folder(void)
{
    const char *given = getenv("TZDIR");
    return given && *given == '/' ? given : "/usr/share/zoneinfo";
}

/* No way leads out of the folder. */
static bool is_name(const char *name)
{
    static const char allowed[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+-_/";
    size_t len = strlen(name);
    return len > 0 && len <= NAME_MAX_LEN && strspn(name, allowed) == len && *name != '/' &&
           name[len - 1] != '/';
}

char *zone_path(const char *name)
{
    return is_name(name) ? mem_printf("%s/%s", zone_folder(), name) : NULL;
}

/* The entry of a folder that has this name when capitals do not count; "" : there is none. */
static void folder_find(const char *folder, const char *name, char out[NAME_MAX_LEN + 1])
{
    DIR *d = opendir(folder);
    out[0] = '\0';
    for (struct dirent *entry; d && (entry = readdir(d)) != NULL;) {
        if (strcasecmp(entry->d_name, name) == 0 && strlen(name) <= NAME_MAX_LEN)
            memcpy(out, entry->d_name, strlen(name) + 1);
    }
    if (d)
        (void)closedir(d);
}

/* "Europe/Berlin" for "europe/berlin"; mem_free; NULL: nothing is like it. */
static char *zone_near(const char *name)
{
    char part[NAME_MAX_LEN + 1];
    char real[NAME_MAX_LEN + 1];
    char *path = mem_strdup(zone_folder());
    size_t before = strlen(path) + 1;
    for (const char *at = name; path && *at; at += *at == '/') {
        size_t len = strcspn(at, "/");
        memcpy(part, at, len);
        part[len] = '\0';
        folder_find(path, part, real);
        char *next = *real ? mem_printf("%s/%s", path, real) : NULL;
        mem_free(path);
        path = next;
        at += len;
    }
    struct stat st;
    char *near =
        path && stat(path, &st) == 0 && S_ISREG(st.st_mode) ? mem_strdup(path + before) : NULL;
    mem_free(path);
    return near;
}

static int zone_missing(const char *name, struct err *e)
{
    const char *folder = zone_folder();
    if (access(folder, F_OK) < 0)
        return err_set(e, -ENOENT,
                       "'%.100s' is not known: there are no time zones in %s; install the package "
                       "tzdata, or write UTC",
                       name, folder);
    char *near = is_name(name) ? zone_near(name) : NULL;
    int rc =
        near ? err_set(e, -ENOENT, "there is no time zone '%.100s': did you mean '%s'?", name, near)
             : err_set(e, -ENOENT,
                       "there is no time zone '%.100s' in %s: write a name like Europe/Berlin "
                       "or UTC, as timedatectl list-timezones shows them",
                       name, folder);
    mem_free(near);
    return rc;
}

static bool is_utc(const char *name)
{
    return strcmp(name, "UTC") == 0 || strcmp(name, "Etc/UTC") == 0;
}

int zone_read(const char *name, struct zone *out, struct err *e)
{
    struct buf data = BUF_EMPTY;
    struct stat st;
    char *path = zone_path(name);
    bool there = path && stat(path, &st) == 0 && S_ISREG(st.st_mode);
    int rc = 0;
    if (!there && is_utc(name))
        *out = (struct zone){.goes_on = true};
    else if (!there)
        rc = zone_missing(name, e);
    else if ((rc = fd_read_file(path, ZONE_FILE_MAX, &data, e)) == 0 &&
             (rc = zone_parse(buf_str(&data), data.len, out, e)) < 0)
        rc = err_prefix(e, rc, "%s", path);
    buf_close(&data);
    mem_free(path);
    return rc;
}
