#include "config/load.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "config/dependency.h"
#include "config/loader.h"
#include "config/nudge.h"
#include "config/path.h"
#include "config/problem.h"

/* The folder above the one that our program is in: /usr for /usr/bin/mainstayd. */
static const char *install_prefix(struct arena *a, const char *as_supervisor)
{
    char self[4096];
    if (as_supervisor && strchr(as_supervisor, '/'))
        return path_folder(a, path_folder(a, as_supervisor));
    ssize_t len = readlink("/proc/self/exe", self, sizeof self - 1);
    if (len <= 0)
        return "/usr";
    const char *folder = path_folder(a, arena_strndup(a, self, (size_t)len));
    const char *prefix = path_folder(a, folder);
    return strcmp(prefix, "/") == 0 ? "" : prefix;
}

int config_find_file(struct arena *a, const char *as_supervisor, const char **path, struct err *e)
{
    const char *prefix = install_prefix(a, as_supervisor);
    /* "" for ./supervisord, "/" for /bin/supervisord */
    const char *slash = (as_supervisor && !*prefix) || strcmp(prefix, "/") == 0 ? "" : "/";
    const char *const places[] = {
        "/etc/mainstay/mainstay.conf",
        arena_printf(a, "%s%setc/supervisord.conf", prefix, slash),
        arena_printf(a, "%s%ssupervisord.conf", prefix, slash),
        "supervisord.conf",
        "etc/supervisord.conf",
        "/etc/supervisord.conf",
        "/etc/supervisor/supervisord.conf",
    };
    struct buf tried = BUF_EMPTY;
    const size_t first = as_supervisor ? 1 : 0;
    for (size_t i = first; i < sizeof places / sizeof *places; i++) {
        if (access(places[i], F_OK) == 0) {
            *path = places[i];
            buf_close(&tried);
            return 0;
        }
        buf_printf(&tried, "%s%s", i > first ? ", " : "", places[i]);
    }
    int rc = err_set(e, -ENOENT,
                     "No config file found at default paths (%s); use the -c option to specify a "
                     "config file at a different path",
                     buf_str(&tried));
    buf_close(&tried);
    return rc;
}

/* What the load is made of, as far as that is known before it. */
static struct config_sources *load_sources(const struct load_options *o, struct arena *a)
{
    if (o->sources)
        return sources_copy(o->sources, a);
    struct config_sources *s = arena_alloc(a, sizeof *s);
    const struct source_answer node = {
        .question = SOURCE_NODE, .about = "", .yes = true, .text = o->node};
    s->arena = a;
    s->here = arena_strdup(a, o->here);
    s->unresolved = o->unresolved;
    s->overrides = sources_copy_list(a, &o->overrides);
    if (o->node)
        (void)sources_answer(s, &node);
    return s;
}

/* The file to read. Root should not run what lies about in the current folder unawares. */
static int load_path(struct loader *l, const char **path, struct err *e)
{
    const struct config_place nowhere = {NULL, 0};
    *path = l->options->path;
    if (*path || l->options->sources)
        return 0;
    int rc = config_find_file(l->types.arena, l->options->as_supervisor, path, e);
    if (rc < 0)
        problem_add(l->problems, PROBLEM_ERROR, nowhere, NULL, "%s", e->text);
    else if (**path != '/' && geteuid() == 0)
        problem_add(l->problems, PROBLEM_WARNING, nowhere, NULL,
                    "%s was found in the current folder: root should name its configuration "
                    "with -c",
                    *path);
    return rc;
}

static void loader_init(struct loader *l, const struct load_options *o,
                        struct problem_list *problems)
{
    struct arena arena;
    arena_init(&arena);
    struct config *c = arena_alloc(&arena, sizeof *c);
    c->arena = arena;
    c->refs = 1;
    c->sources = load_sources(o, &c->arena);
    *l = (struct loader){
        .options = o,
        .config = c,
        .problems = problems,
        .types = {.arena = &c->arena,
                  .unresolved = c->sources->unresolved,
                  .odd = &l->odd,
                  .sources = c->sources},
        .budget = LOADER_BUDGET,
    };
    ini_init(&l->ini, &c->arena);
}

/* The first error as one line, for those who have room for one only. */
static int first_error(const struct problem_list *problems, struct err *e)
{
    const struct problem *p = problems->items;
    struct buf line = BUF_EMPTY;
    while (p->warning)
        p++;
    problem_print(p, &line);
    int rc = err_set(e, -EINVAL, "%.*s", (int)(line.len - 1), buf_str(&line));
    buf_close(&line);
    return rc;
}

/* The command line wins over the file; in it a % is a %. */
static void load_overrides(struct loader *l)
{
    const struct env_list *list = &l->config->sources->overrides;
    struct arena *a = l->types.arena;
    for (size_t i = 0; i < list->count; i++) {
        struct buf value = BUF_EMPTY;
        for (const char *c = list->vars[i].value; *c; c++)
            buf_append(&value, *c == '%' ? "%%" : c, *c == '%' ? 2 : 1);
        const struct ini_entry entry = {
            .name = list->vars[i].name,
            .value = arena_strdup(a, buf_str(&value)),
            .here = l->config->here,
            .place.file = "command line",
        };
        buf_close(&value);
        ini_put(&l->ini, "supervisord", &entry);
    }
}

int config_load(const struct load_options *o, struct config **out, struct problem_list *problems,
                struct err *e)
{
    struct loader l;
    const char *path = NULL;
    struct err file_error;
    loader_init(&l, o, problems);
    load_environment_names(&l);
    int rc = load_path(&l, &path, &file_error);
    if (rc == 0)
        rc = path ? load_files(&l, path, &file_error) : load_files_again(&l, &file_error);
    if (rc == 0) {
        load_overrides(&l);
        load_main(&l);
        load_rpcinterfaces(&l);
        load_groups(&l);
        listens_check(&l);
        load_jobs(&l);
        load_servers(&l);
        load_ctl(&l);
        load_lint(&l);
    }
    if (problems->errors == 0) {
        dependency_check(&l);
        nudge_check(&l);
        load_power_check(&l);
    }
    ini_close(&l.ini);
    problem_list_sort(problems);
    if (problems->errors == 0) {
        *out = l.config;
        return 0;
    }
    config_unref(l.config);
    return first_error(problems, e);
}

int config_load_again(const struct config_sources *sources, struct config **out,
                      struct problem_list *problems, struct err *e)
{
    const struct load_options options = {.sources = sources};
    return config_load(&options, out, problems, e);
}
