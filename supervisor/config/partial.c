/* Loading what can be loaded, when an included file cannot. */
#include <errno.h>
#include <string.h>

#include "base/fd.h"
#include "config/loader.h"
#include "config/problem.h"

/*
 * The files that are to blame go into `skip`, what is wrong with them into `left`. False: there is
 * something wrong that cannot be left out. (The main file is not left out by being in `skip`: it
 * comes up again.)
 */
static bool partial_leave_out(const struct problem_list *problems, struct name_list *skip,
                              struct problem_list *left)
{
    const size_t known = skip->count;
    for (size_t i = 0; i < problems->count; i++) {
        const struct problem *p = &problems->items[i];
        if (p->warning)
            continue;
        if (!p->file || skip->count == LOADER_INCLUDE_LIMIT)
            return false;
        const struct name_list before = {skip->names, known};
        if (name_list_has(&before, p->file))
            return false;
        const struct config_place place = {p->file, p->line};
        problem_add(left, PROBLEM_ERROR, place, p->key, "%s", p->text);
        if (!name_list_has(skip, p->file))
            skip->names[skip->count++] = arena_strdup(&left->arena, p->file);
    }
    return skip->count > known;
}

static int partial_load(const struct load_options *o, struct config **out, struct name_list *skip,
                        struct problem_list *left, struct err *e)
{
    struct load_options options = *o;
    options.skip = skip;
    for (;;) {
        struct problem_list problems;
        problem_list_init(&problems);
        int rc = config_load(&options, out, &problems, e);
        bool again = rc < 0 && partial_leave_out(&problems, skip, left);
        problem_list_close(&problems);
        if (!again)
            return rc;
    }
}

/* --- What the files that are left out have to do with the groups ----------------------------- */

/* As much of them as can be read. */
static void partial_read(const struct name_list *skip, struct ini *ini)
{
    struct problem_list ignored;
    problem_list_init(&ignored);
    for (size_t i = 0; i < skip->count; i++) {
        struct buf text = BUF_EMPTY;
        const struct ini_source source = {skip->names[i], "", true};
        if (fd_read_file(skip->names[i], LOADER_FILE_LIMIT, &text, NULL) == 0)
            ini_read(ini, &source, buf_str(&text), text.len, &ignored);
        buf_close(&text);
    }
    problem_list_close(&ignored);
}

static bool partial_names(const struct ini *ini, const struct ini_section *s, const char *program)
{
    const struct ini_entry *e = section_has(s, "group:") ? ini_get(ini, s, "programs") : NULL;
    size_t len = strlen(program);
    for (const char *at = e ? e->value : ""; *at;) {
        at += strspn(at, " ,\t\n");
        size_t word = strcspn(at, " ,\t\n");
        if (word == len && strncmp(at, program, len) == 0)
            return true;
        at += word;
    }
    return false;
}

/* The section of such a file that the group is made from, or that changes it; NULL. */
static const struct ini_section *partial_part(const struct ini *ini, const struct group_config *g)
{
    const struct ini_section *all = ini_find(ini, "supervisord");
    if (all || ini->sections[0].count > 0) /* [DEFAULT] */
        return all ? all : &ini->sections[0];
    for (size_t i = 1; i < ini->count; i++) {
        const struct ini_section *s = &ini->sections[i];
        if (section_has(s, "group:") && strcmp(s->name + strlen("group:"), g->name) == 0)
            return s;
        for (size_t k = 0; k < g->process_count; k++)
            if (strcmp(s->name, g->processes[k].section) == 0 ||
                partial_names(ini, s, g->processes[k].program))
                return s;
    }
    return NULL;
}

static int partial_check(const struct ini *ini, const struct config *next,
                         const struct name_list *names, struct err *e)
{
    for (size_t i = 0; i < names->count; i++) {
        const struct group_config *g = config_find_group(next, names->names[i]);
        const struct ini_section *s = g ? partial_part(ini, g) : NULL;
        if (!g)
            return err_set(e, -EINVAL, "%s is not in the files that can be read", names->names[i]);
        if (s)
            return err_set(e, -EINVAL, "%s depends on [%s], which is in a file that is broken",
                           names->names[i], s->name);
    }
    return 0;
}

int config_load_good(const struct load_options *o, const struct name_list *names,
                     struct config **out, struct problem_list *left, struct err *e)
{
    struct name_list skip = {arena_array(&left->arena, LOADER_INCLUDE_LIMIT, sizeof(const char *)),
                             0};
    struct config *next = NULL;
    struct ini ini;
    int rc = partial_load(o, &next, &skip, left, e);
    if (rc < 0)
        return rc;
    ini_init(&ini, &left->arena);
    partial_read(&skip, &ini);
    rc = partial_check(&ini, next, names, e);
    ini_close(&ini);
    if (rc < 0)
        config_unref(next);
    else
        *out = next;
    return rc;
}
