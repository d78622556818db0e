/* Reading the main file and what its [include] names. */
#include <errno.h>
#include <glob.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/mem.h"
#include "config/loader.h"
#include "config/path.h"
#include "config/problem.h"

/* All files of one load. */
struct files {
    struct loader *l;
    const struct ini_section *section; /* [include] */
    struct stat main;
    size_t bytes;       /* read so far */
    const char **names; /* owned */
    size_t count;
};

static int read_one(struct files *f, const struct ini_source *source, struct err *e)
{
    struct buf text = BUF_EMPTY;
    int rc = fd_read_file(source->path, LOADER_FILE_LIMIT - f->bytes, &text, e);
    if (rc == 0) {
        f->bytes += text.len;
        ini_read(&f->l->ini, source, buf_str(&text), text.len, f->l->problems);
    }
    buf_close(&text);
    return rc;
}

static void include_file(struct files *f, const char *path)
{
    struct loader *l = f->l;
    if (l->options->skip && name_list_has(l->options->skip, path))
        return;
    struct arena *a = l->types.arena;
    struct ini_source source = {arena_strdup(a, path), NULL, true};
    struct stat st;
    struct err e;
    if (stat(path, &st) < 0 || access(path, R_OK) < 0) {
        /* a link that leads nowhere, a file of somebody else: no reason not to start */
        load_warning(l, f->section, "files", "cannot open %s: %s: ignored", path, strerror(errno));
        return;
    }
    if (S_ISDIR(st.st_mode)) {
        load_warning(l, f->section, "files", "%s is a folder: ignored (write %s/*.conf)", path,
                     path);
        return;
    }
    if (!S_ISREG(st.st_mode)) {
        load_error(l, f->section, "files", "%s is not a regular file", path);
        return;
    }
    if (st.st_dev == f->main.st_dev && st.st_ino == f->main.st_ino)
        load_warning(l, f->section, "files", "%s includes itself", path);
    if (f->count == LOADER_INCLUDE_LIMIT) {
        load_error(l, f->section, "files", "more than %d included files", LOADER_INCLUDE_LIMIT);
        return;
    }
    source.here = path_folder(a, path_normal(a, path));
    if (read_one(f, &source, &e) < 0) {
        load_error(l, f->section, "files", "%s", e.text);
        return;
    }
    f->names = mem_grow(f->names, f->count + 1, sizeof *f->names);
    f->names[f->count++] = source.path;
}

static int compare_paths(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static void include_pattern(struct files *f, const char *pattern)
{
    glob_t found;
    int rc = glob(pattern, GLOB_NOSORT | GLOB_NOESCAPE, NULL, &found);
    if (rc == GLOB_NOMATCH) {
        load_warning(f->l, f->section, "files", "No file matches via include \"%s\"", pattern);
        return;
    }
    if (rc != 0) {
        load_error(f->l, f->section, "files", "cannot look for \"%s\"", pattern);
        return;
    }
    qsort(found.gl_pathv, found.gl_pathc, sizeof *found.gl_pathv, compare_paths);
    for (size_t i = 0; i < found.gl_pathc; i++)
        include_file(f, found.gl_pathv[i]);
    globfree(&found);
}

static void include_all(struct files *f, const char *folder)
{
    struct loader *l = f->l;
    struct arena *a = l->types.arena;
    struct text_values values = {NULL};
    char *rest = NULL;
    if (!load_table(l, f->section, &key_include, LOAD_ONCE, &l->names, &values))
        return;
    char *text = arena_strdup(a, values.text);
    for (char *word = strtok_r(text, " \t\r\n\v\f", &rest); word;
         word = strtok_r(NULL, " \t\r\n\v\f", &rest)) {
        const char *slash = strcmp(folder, "/") == 0 ? "" : "/";
        include_pattern(f, *word == '/' ? word : arena_printf(a, "%s%s%s", folder, slash, word));
    }
    if (f->count == 0)
        return;
    l->config->included = (struct name_list){arena_array(a, f->count, sizeof *f->names), f->count};
    memcpy(l->config->included.names, f->names, f->count * sizeof *f->names);
    mem_free(f->names);
}

int load_files(struct loader *l, const char *path, struct err *e)
{
    struct arena *a = l->types.arena;
    struct config *c = l->config;
    struct files f = {.l = l};
    c->path = path_normal(a, path);
    const char *folder = path_folder(a, c->path);
    c->here = l->options->here ? arena_strdup(a, l->options->here) : folder;
    const struct config_place place = {c->path, 0};
    struct ini_source source = {c->path, c->here, false};
    int rc = 0;
    if (stat(c->path, &f.main) < 0)
        rc = err_set(e, -errno,
                     errno == ENOENT ? "could not find config file %s"
                                     : "could not read config file %s",
                     path);
    else if (S_ISDIR(f.main.st_mode))
        rc = err_set(e, -EISDIR, "could not read config file %s: it is a folder", path);
    else
        rc = read_one(&f, &source, e);
    if (rc < 0) {
        problem_add(l->problems, PROBLEM_ERROR, place, NULL, "%s", e->text);
        return rc;
    }
    const struct ini_section *include = ini_find(&l->ini, "include");
    if (!include)
        return 0;
    /* a copy: the array of sections may move while included files are read */
    const struct ini_section section = *include;
    f.section = &section;
    l->here_everywhere = true;
    include_all(&f, folder);
    return 0;
}
