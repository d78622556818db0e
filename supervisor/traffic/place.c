#include "traffic/place.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "base/mem.h"
#include "traffic/day.h"

/* `/var/log/nginx/access.log` is access. */
static char *name_of_log(const char *path)
{
    const char *slash = strrchr(path, '/');
    const char *base = slash ? slash + 1 : path;
    size_t len = strlen(base);
    if (len > 4 && strcmp(base + len - 4, ".log") == 0)
        len -= 4;
    return mem_strndup(base, len);
}

static bool is_folder(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

/* What strftime makes of the pattern for that day. */
static int expand(const char *pattern, int32_t day, char *text, struct err *e)
{
    struct tm tm;
    day_tm(day, &tm);
    /* the pattern is the user's own option, as date(1) takes it */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    size_t len = strftime(text, PATH_MAX, pattern, &tm);
#pragma GCC diagnostic pop
    if (len == 0)
        return err_set(e, -ENAMETOOLONG, "the file name of --out is too long or empty");
    return 0;
}

/* Whether the name has the day in it, in whatever way. */
static int differs_by_day(const char *pattern, bool *differs, struct err *e)
{
    char one[PATH_MAX];
    char other[PATH_MAX];
    int rc = expand(pattern, 0, one, e);
    if (rc == 0)
        rc = expand(pattern, 10957 + 397, other, e); /* another year, month, week, day */
    if (rc == 0)
        *differs = strcmp(one, other) != 0;
    return rc;
}

int place_init(struct place *p, const struct options *o, struct err *e)
{
    *p = (struct place){.path = o->out};
    size_t len = o->out != NULL ? strlen(o->out) : 0;
    if (len > 0 && o->out[len - 1] == '/' && mkdir(o->out, 0755) < 0 && errno != EEXIST)
        return err_set(e, -errno, "cannot make the folder %s: %s", o->out, strerror(errno));
    p->folder = len > 0 && is_folder(o->out);
    p->name = o->name ? mem_strdup(o->name) : name_of_log(o->logs[0]);
    if (p->folder)
        p->by_day = true;
    else if (o->out != NULL)
        return differs_by_day(o->out, &p->by_day, e);
    return 0;
}

void place_close(struct place *p)
{
    mem_free(p->name);
}

static int path_of(const struct place *p, int32_t day, enum output_kind kind, char *path,
                   struct err *e)
{
    char text[DAY_TEXT_SIZE];
    if (!p->folder)
        return expand(p->path, day, path, e);
    size_t len = strlen(p->path);
    int n = snprintf(path, PATH_MAX, "%s%s%s_%s.%s", p->path, p->path[len - 1] == '/' ? "" : "/",
                     p->name, day_text(day, text), output_suffix(kind));
    return n < PATH_MAX ? 0 : err_set(e, -ENAMETOOLONG, "the file name of --out is too long");
}

int place_write(const struct place *p, int32_t day, enum output_kind kind, const struct buf *text,
                struct err *e)
{
    char path[PATH_MAX];
    int rc = path_of(p, day, kind, path, e);
    return rc < 0 ? rc : fd_write_file(path, buf_str(text), text->len, 0644, e);
}
