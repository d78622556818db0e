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
#include "config/source.h"

/* All files of one load. */
struct files {
    struct loader *l;
    const struct ini_section *section; /* [include] */
    struct stat main;
    size_t bytes;              /* read so far */
    struct config_text *texts; /* owned: the main file and what is included */
    size_t count;
};

static int read_one(struct files *f, const struct ini_source *source, struct err *e)
{
    struct buf text = BUF_EMPTY;
    int rc = fd_read_file(source->path, LOADER_FILE_LIMIT - f->bytes, &text, e);
    if (rc == 0) {
        const char *data = arena_strndup(f->l->types.arena, buf_str(&text), text.len);
        f->bytes += text.len;
        f->texts = mem_grow(f->texts, f->count + 1, sizeof *f->texts);
        f->texts[f->count++] = (struct config_text){source->path, data, text.len};
        ini_read(&f->l->ini, source, data, text.len, f->l->problems);
    }
    buf_close(&text);
    return rc;
}

/* What was read, for those who make the same configuration again. */
static void keep_texts(struct files *f)
{
    struct config_sources *s = f->l->config->sources;
    s->texts = arena_array(s->arena, f->count, sizeof *s->texts);
    s->text_count = f->count;
    if (f->count)
        memcpy(s->texts, f->texts, f->count * sizeof *s->texts);
    mem_free(f->texts);
}

static void list_included(struct config *c)
{
    const struct config_sources *s = c->sources;
    if (s->text_count < 2)
        return;
    c->included.names = arena_array(s->arena, s->text_count - 1, sizeof *c->included.names);
    while (c->included.count < s->text_count - 1) {
        c->included.names[c->included.count] = s->texts[c->included.count + 1].path;
        c->included.count++;
    }
}

/* The folder that %(here)s is in an included file. */
static const char *source_folder(struct loader *l, const char *path)
{
    struct arena *a = l->types.arena;
    return path_folder(a, source_path_normal(l->config->sources, a, path));
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
    if (f->count > LOADER_INCLUDE_LIMIT) /* the main file does not count */ {
        load_error(l, f->section, "files", "more than %d included files", LOADER_INCLUDE_LIMIT);
        return;
    }
    source.here = source_folder(l, source.path);
    if (read_one(f, &source, &e) < 0)
        load_error(l, f->section, "files", "%s", e.text);
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
}

/* The main file. */
static int read_main(struct files *f, const char *path, struct err *e)
{
    const struct config *c = f->l->config;
    const struct ini_source source = {c->path, c->here, false};
    if (stat(c->path, &f->main) < 0)
        return err_set(e, -errno,
                       errno == ENOENT ? "could not find config file %s"
                                       : "could not read config file %s",
                       path);
    if (S_ISDIR(f->main.st_mode))
        return err_set(e, -EISDIR, "could not read config file %s: it is a folder", path);
    return read_one(f, &source, e);
}

int load_files(struct loader *l, const char *path, struct err *e)
{
    struct arena *a = l->types.arena;
    struct config *c = l->config;
    struct files f = {.l = l};
    c->path = source_path_normal(c->sources, a, path);
    const char *folder = path_folder(a, c->path);
    c->here = c->sources->here ? c->sources->here : folder;
    const struct config_place place = {c->path, 0};
    int rc = read_main(&f, path, e);
    if (rc < 0) {
        problem_add(l->problems, PROBLEM_ERROR, place, NULL, "%s", e->text);
        return rc;
    }
    const struct ini_section *include = ini_find(&l->ini, "include");
    if (include) {
        /* a copy: the array of sections may move while included files are read */
        const struct ini_section section = *include;
        f.section = &section;
        l->here_everywhere = true;
        include_all(&f, folder);
    }
    keep_texts(&f);
    list_included(c);
    return 0;
}

int load_files_again(struct loader *l, struct err *e)
{
    struct config *c = l->config;
    const struct config_sources *s = c->sources;
    const struct config_place nowhere = {NULL, 0};
    if (s->text_count == 0) {
        int rc = err_set(e, -EINVAL, "there is no text to load the configuration from");
        problem_add(l->problems, PROBLEM_ERROR, nowhere, NULL, "%s", e->text);
        return rc;
    }
    c->path = s->texts[0].path;
    c->here = s->here ? s->here : path_folder(l->types.arena, c->path);
    for (size_t i = 0; i < s->text_count; i++) {
        const struct config_text *text = &s->texts[i];
        const struct ini_source source = {text->path,
                                          i == 0 ? c->here : source_folder(l, text->path), i > 0};
        ini_read(&l->ini, &source, text->data, text->len, l->problems);
    }
    l->here_everywhere = ini_find(&l->ini, "include") != NULL;
    list_included(c);
    return 0;
}
