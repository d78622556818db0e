#include "ctl/settings.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/fd.h"
#include "base/mem.h"

enum { FILE_MAX_BYTES = 16 * 1024 * 1024 };

struct reading {
    struct settings *s;
    char *here;       /* folder of the file; owned */
    bool inside;      /* in [supervisorctl] */
    bool has_section; /* it was there */
};

void settings_close(struct settings *s)
{
    mem_free(s->serverurl);
    mem_free(s->username);
    if (s->password)
        explicit_bzero(s->password, strlen(s->password));
    mem_free(s->password);
    mem_free(s->prompt);
    mem_free(s->history_file);
    *s = (struct settings){0};
}

/* The first of the usual places that is there, or NULL. */
static char *find_file(const char *program, bool native)
{
    char *prefix = mem_strdup(program); /* bin's parent: /usr for /usr/bin/supervisorctl */
    for (int i = 0; i < 2; i++) {
        char *slash = strrchr(prefix, '/');
        *(slash ? slash : prefix) = '\0';
    }
    char *places[] = {
        native ? mem_strdup("/etc/mainstay/mainstay.conf") : NULL,
        mem_printf("%s%setc/supervisord.conf", prefix, *prefix ? "/" : ""),
        mem_printf("%s%ssupervisord.conf", prefix, *prefix ? "/" : ""),
        mem_strdup("supervisord.conf"),
        mem_strdup("etc/supervisord.conf"),
        mem_strdup("/etc/supervisord.conf"),
        mem_strdup("/etc/supervisor/supervisord.conf"),
    };
    char *found = NULL;
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        if (!found && places[i] && access(places[i], F_OK) == 0)
            found = places[i];
        else
            mem_free(places[i]);
    }
    mem_free(prefix);
    return found;
}

static char *absolute(const char *path)
{
    char *folder = path[0] == '/' ? NULL : realpath(".", NULL);
    char *whole = folder ? mem_printf("%s/%s", folder, path) : mem_strdup(path);
    free(folder);
    return whole;
}

/* %(here)s, %(ENV_X)s and %%. */
static int expand_value(const char *value, const char *here, struct buf *out)
{
    for (; *value; value++) {
        const char *end = strncmp(value, "%(", 2) == 0 ? strstr(value, ")s") : NULL;
        if (strncmp(value, "%%", 2) == 0) {
            buf_char(out, '%');
            value++;
        } else if (end) {
            char *name = mem_strndup(value + 2, (size_t)(end - value) - 2);
            const char *text = strcmp(name, "here") == 0       ? here
                               : strncmp(name, "ENV_", 4) == 0 ? getenv(name + 4)
                                                               : NULL;
            mem_free(name);
            if (!text)
                return -EINVAL;
            buf_text(out, text);
            value = end + 1;
        } else if (*value == '%') {
            return -EINVAL;
        } else {
            buf_char(out, *value);
        }
    }
    return 0;
}

static char **setting_of(struct settings *s, const char *key)
{
    const struct {
        const char *key;
        char **at;
    } rows[] = {{"serverurl", &s->serverurl},
                {"username", &s->username},
                {"password", &s->password},
                {"prompt", &s->prompt},
                {"history_file", &s->history_file}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (strcasecmp(rows[i].key, key) == 0)
            return rows[i].at;
    }
    return NULL;
}

static int take_key(struct reading *r, const char *key, const char *value, struct err *e)
{
    char **at = setting_of(r->s, key);
    if (!at)
        return 0;
    struct buf b = BUF_EMPTY;
    if (expand_value(value, r->here, &b) < 0) {
        buf_close(&b);
        return err_set(e, -EINVAL, "Format string '%s' for 'supervisorctl.%s' is badly formatted",
                       strcasecmp(key, "password") == 0 ? "..." : value, key);
    }
    mem_free(*at);
    *at = buf_take(&b);
    return 0;
}

/* A comment begins with ; or # at the start of a line or behind a blank. */
static void strip(char *line)
{
    for (char *at = line; *at; at++) {
        if ((*at == ';' || *at == '#') && (at == line || isspace((unsigned char)at[-1])))
            *at = '\0';
        if (!*at)
            break;
    }
    size_t len = strlen(line);
    while (len > 0 && isspace((unsigned char)line[len - 1]))
        line[--len] = '\0';
}

static int take_line(struct reading *r, char *line, struct err *e)
{
    strip(line);
    line += strspn(line, " \t");
    if (*line == '[') {
        char *end = strrchr(line, ']');
        r->inside = end && strlen("[supervisorctl]") == (size_t)(end - line + 1) &&
                    strncmp(line, "[supervisorctl]", strlen("[supervisorctl]")) == 0;
        r->has_section |= r->inside;
        return 0;
    }
    char *value = strpbrk(line, "=:");
    if (!r->inside || !value)
        return 0;
    *value++ = '\0';
    strip(line);
    return take_key(r, line, value + strspn(value, " \t"), e);
}

static int read_settings(struct reading *r, const char *path, struct err *e)
{
    struct buf text = BUF_EMPTY;
    if (access(path, F_OK) < 0)
        return err_set(e, -ENOENT, "could not find config file %s", path);
    if (fd_read_file(path, FILE_MAX_BYTES, &text, NULL) < 0) {
        buf_close(&text);
        return err_set(e, -EIO, "could not read config file %s", path);
    }
    int rc = 0;
    char *next = text.data;
    while (next && rc == 0) {
        char *line = strsep(&next, "\n");
        rc = take_line(r, line, e);
    }
    buf_close(&text);
    if (rc == 0 && !r->has_section)
        rc = err_set(e, -EINVAL, ".ini file does not include supervisorctl section");
    return rc;
}

static void make_absolute(char **path)
{
    if (!*path || !**path)
        return;
    char *whole = absolute(*path);
    mem_free(*path);
    *path = whole;
}

static void finish(struct settings *s)
{
    make_absolute(&s->history_file);
    if (!s->serverurl || strncmp(s->serverurl, "unix://", 7) != 0)
        return;
    char *path = mem_strdup(s->serverurl + 7);
    make_absolute(&path);
    mem_free(s->serverurl);
    s->serverurl = mem_printf("unix://%s", path);
    mem_free(path);
}

int settings_load(struct settings *s, const char *path, const char *program, bool native,
                  struct err *e)
{
    *s = (struct settings){0};
    char *file = path ? mem_strdup(path) : find_file(program, native);
    if (!file)
        return 0;
    char *whole = absolute(file);
    struct reading r = {.s = s, .here = mem_strndup(whole, (size_t)(strrchr(whole, '/') - whole))};
    int rc = read_settings(&r, file, e);
    s->found = rc == 0;
    if (rc == 0)
        finish(s);
    mem_free(r.here);
    mem_free(whole);
    mem_free(file);
    return rc;
}
