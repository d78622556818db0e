#include "engine/cgroup_path.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"

/* The n-th word (from 0) of a line, as a copy; NULL when there are not so many. */
static char *path_word(const char *line, size_t len, size_t n)
{
    const char *end = line + len;
    for (; n > 0 && line < end; n--) {
        const char *blank = memchr(line, ' ', (size_t)(end - line));
        line = blank ? blank + 1 : end;
    }
    if (line >= end)
        return NULL;
    const char *blank = memchr(line, ' ', (size_t)(end - line));
    return mem_strndup(line, (size_t)((blank ? blank : end) - line));
}

/* mountinfo writes blanks, tabs, line ends and backslashes as \040 and so on. */
static void path_unescape(char *text)
{
    char *to = text;
    for (const char *from = text; *from; from++) {
        unsigned code = 0;
        if (from[0] == '\\' && strspn(from + 1, "01234567") >= 3) {
            for (int i = 1; i <= 3; i++)
                code = code * 8 + (unsigned)(from[i] - '0');
            *to++ = (char)code;
            from += 3;
        } else {
            *to++ = *from;
        }
    }
    *to = '\0';
}

/* The line "0::/..." names the folder, seen from the root of our cgroup namespace. */
static char *path_of_process(const char *cgroup)
{
    for (const char *line = cgroup; line && *line; line = strchr(line, '\n')) {
        line += *line == '\n';
        if (strncmp(line, "0::/", 4) == 0)
            return mem_strndup(line + 3, strcspn(line + 3, "\n"));
    }
    return NULL;
}

/* What the mount shows of `own`, as a path from here; NULL: it shows another part. */
static char *path_join(const char *point, const char *root, const char *own)
{
    size_t len = strcmp(root, "/") == 0 ? 0 : strlen(root);
    if (strncmp(own, root, len) != 0 || (own[len] != '/' && own[len] != '\0'))
        return NULL;
    const char *rest = own + len;
    return mem_printf("%s%s", point, strcmp(rest, "/") == 0 ? "" : rest);
}

static bool path_is_cgroup2(const char *line, size_t len)
{
    static const char kind[] = " - cgroup2 ";
    return memmem(line, len, kind, sizeof kind - 1) != NULL;
}

/* One line of mountinfo that is a mount of cgroup v2; NULL as in path_join. */
static char *path_in_mount(const char *line, size_t len, const char *own)
{
    char *root = path_word(line, len, 3);
    char *point = path_word(line, len, 4);
    path_unescape(root);
    path_unescape(point);
    char *path = path_join(point, root, own);
    mem_free(root);
    mem_free(point);
    return path;
}

/* A later mount lies over an earlier one: the last one that shows us counts. */
static char *path_in_mounts(const char *mountinfo, const char *own, bool *any)
{
    char *found = NULL;
    for (const char *line = mountinfo; *line;) {
        size_t len = strcspn(line, "\n");
        bool is = path_is_cgroup2(line, len);
        char *path = is ? path_in_mount(line, len, own) : NULL;
        if (path) {
            mem_free(found);
            found = path;
        }
        *any |= is;
        line += len + (line[len] == '\n');
    }
    return found;
}

char *cgroup_path_find(const char *cgroup, const char *mountinfo, const char **why)
{
    bool any = false;
    char *own = path_of_process(cgroup);
    if (!own) {
        *why = "this machine has no cgroup v2";
        return NULL;
    }
    char *path = path_in_mounts(mountinfo, own, &any);
    if (!path)
        *why = any ? "our cgroup cannot be seen from here" : "cgroup v2 is not mounted";
    if (path && strncmp(own, "/..", 3) == 0) { /* of a namespace that is not ours */
        *why = "our cgroup is not below the root of its namespace";
        mem_free(path);
        path = NULL;
    }
    mem_free(own);
    return path;
}

/* --- Names --------------------------------------------------------------------------------- */

static uint32_t path_hash(const char *text)
{
    uint32_t hash = 2166136261U; /* FNV-1a */
    for (; *text; text++)
        hash = (hash ^ (unsigned char)*text) * 16777619U;
    return hash;
}

void cgroup_path_name(bool of_job, const char *label, char name[CGROUP_NAME_MAX + 1])
{
    bool changed = false;
    if (of_job && strncmp(label, "job:", 4) == 0)
        label += 4;
    int len = snprintf(name, CGROUP_NAME_MAX + 1, "%s-%s", of_job ? "job" : "program", label);
    for (char *c = name; *c; c++) {
        if (*c == '/' || (unsigned char)*c < ' ' || *c == 0x7f) {
            *c = '_';
            changed = true;
        }
    }
    if (!changed && len <= CGROUP_NAME_MAX)
        return;
    size_t at = strlen(name); /* what was taken away comes back as a number */
    at = at > CGROUP_NAME_MAX - 9 ? CGROUP_NAME_MAX - 9 : at;
    (void)snprintf(name + at, CGROUP_NAME_MAX + 1 - at, "-%08x", (unsigned)path_hash(label));
}

bool cgroup_path_is_ours(const char *name)
{
    return strncmp(name, "program-", 8) == 0 || strncmp(name, "job-", 4) == 0;
}

char *cgroup_path_scope(const char *unit)
{
    const char *dot = strrchr(unit, '.');
    const char *end = dot ? dot : unit + strlen(unit);
    const char *at = strchr(unit, '@');
    if (!at || at > end)
        return mem_printf("%.*s-programs.scope", (int)(end - unit), unit);
    return mem_printf("%.*s-programs-%.*s.scope", (int)(at - unit), unit, (int)(end - at - 1),
                      at + 1);
}
