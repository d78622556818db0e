#include "ctl/settings.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/fd.h"
#include "base/mem.h"
#include "config/expand.h"
#include "config/ini.h"
#include "config/path.h"
#include "config/source.h"

enum { FILE_MAX_BYTES = 16 * 1024 * 1024 };

enum { HERE_AND_ENV = EXPAND_HERE | EXPAND_ENV };

/* One file being read. */
struct reading {
    struct settings *s;
    struct arena arena;
    struct ini ini;
    struct problem_list problems;
    struct expand_name *names; /* owned */
    size_t name_count;
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

/* Every ENV_X, and here at the end. */
static void reading_init(struct reading *r, struct settings *s, const char *here)
{
    size_t count = 0;
    *r = (struct reading){.s = s};
    arena_init(&r->arena);
    ini_init(&r->ini, &r->arena);
    problem_list_init(&r->problems);
    while (environ[count])
        count++;
    r->names = mem_array(count + 1, sizeof *r->names);
    for (size_t i = 0; i < count; i++) {
        size_t len = strcspn(environ[i], "=");
        const char *name = arena_strndup(&r->arena, environ[i], len);
        const char *value = environ[i] + len + (environ[i][len] ? 1 : 0);
        r->names[r->name_count++] = (struct expand_name){"ENV_", name, value, 0, EXPAND_ENV};
    }
    r->names[r->name_count++] = (struct expand_name){"", "here", here, 0, EXPAND_HERE};
}

static void reading_close(struct reading *r)
{
    mem_free(r->names);
    problem_list_close(&r->problems);
    ini_close(&r->ini);
    arena_close(&r->arena);
}

/* Sets *at to what a key says, if it says anything. */
static int take_key(struct reading *r, const struct ini_section *s, const char *key,
                    unsigned names_allowed, char **at, struct err *e)
{
    const struct ini_entry *entry = ini_get(&r->ini, s, key);
    if (!entry)
        return 0;
    const struct expand_names names = {.items = r->names, .count = r->name_count};
    struct buf value = BUF_EMPTY;
    struct err why;
    if (expand(entry->value, &names, names_allowed, &value, &why) < 0) {
        bool secret = strcmp(key, "password") == 0;
        buf_close(&value);
        return err_set(e, -EINVAL, "Format string%s%.200s%s for '%s.%s' %s", secret ? "" : " '",
                       secret ? "" : entry->value, secret ? "" : "'", s->name, key, why.text);
    }
    *at = buf_take(&value);
    return 0;
}

static void make_normal(struct reading *r, char **path)
{
    if (!*path || !**path)
        return;
    char *normal =
        mem_strdup(source_path_normal(NULL, &r->arena, source_path_home(NULL, &r->arena, *path)));
    mem_free(*path);
    *path = normal;
}

static int take_section(struct reading *r, const struct ini_section *section, struct err *e)
{
    struct settings *s = r->s;
    int rc = take_key(r, section, "serverurl", HERE_AND_ENV, &s->serverurl, e);
    if (rc == 0)
        rc = take_key(r, section, "username", EXPAND_ENV, &s->username, e);
    if (rc == 0)
        rc = take_key(r, section, "password", EXPAND_ENV, &s->password, e);
    if (rc == 0)
        rc = take_key(r, section, "prompt", EXPAND_ENV, &s->prompt, e);
    if (rc == 0)
        rc = take_key(r, section, "history_file", HERE_AND_ENV, &s->history_file, e);
    make_normal(r, &s->history_file);
    if (s->serverurl && strncmp(s->serverurl, "unix://", 7) == 0) {
        char *path = mem_strdup(s->serverurl + 7);
        make_normal(r, &path);
        mem_free(s->serverurl);
        s->serverurl = mem_printf("unix://%s", path);
        mem_free(path);
    }
    return rc;
}

/* A file for the daemon alone: its socket is where it says. */
static int take_server(struct reading *r, const struct ini_section *section, struct err *e)
{
    struct settings *s = r->s;
    char *path = NULL;
    int rc = take_key(r, section, "file", HERE_AND_ENV, &path, e);
    if (rc == 0)
        rc = take_key(r, section, "username", EXPAND_ENV, &s->username, e);
    if (rc == 0)
        rc = take_key(r, section, "password", EXPAND_ENV, &s->password, e);
    make_normal(r, &path);
    if (path)
        s->serverurl = mem_printf("unix://%s", path);
    mem_free(path);
    return rc;
}

static int take_file(struct reading *r, bool native, struct err *e)
{
    if (r->problems.errors > 0) {
        const struct problem *p = r->problems.items;
        while (p->warning)
            p++;
        return err_set(e, -EINVAL, "%s", p->text);
    }
    const struct ini_section *section = ini_find(&r->ini, "supervisorctl");
    if (section)
        return take_section(r, section, e);
    if (!native)
        return err_set(e, -EINVAL, ".ini file does not include supervisorctl section");
    section = ini_find(&r->ini, "unix_http_server");
    r->s->found = section != NULL;
    return section ? take_server(r, section, e) : 0;
}

static int read_file(struct settings *s, const char *path, bool native, struct err *e)
{
    struct buf text = BUF_EMPTY;
    struct arena a;
    struct reading r;
    if (access(path, F_OK) < 0)
        return err_set(e, -ENOENT, "could not find config file %s", path);
    if (fd_read_file(path, FILE_MAX_BYTES, &text, NULL) < 0) {
        buf_close(&text);
        return err_set(e, -EIO, "could not read config file %s", path);
    }
    arena_init(&a);
    const struct ini_source source = {.path = path,
                                      .here = path_folder(&a, source_path_normal(NULL, &a, path))};
    reading_init(&r, s, source.here);
    s->found = true;
    ini_read(&r.ini, &source, buf_str(&text), text.len, &r.problems);
    int rc = take_file(&r, native, e);
    reading_close(&r);
    arena_close(&a);
    buf_close(&text);
    return rc;
}

int settings_load(struct settings *s, const char *path, bool native, struct err *e)
{
    struct arena a;
    struct err nowhere;
    int rc = 0;
    *s = (struct settings){0};
    arena_init(&a);
    if (path || config_find_file(&a, native ? NULL : "supervisorctl", &path, &nowhere) == 0)
        rc = read_file(s, path, native, e);
    arena_close(&a);
    return rc;
}
