/* Loading what can be loaded, when an included file cannot. */
#include <string.h>

#include "config/loader.h"
#include "config/problem.h"

static bool partial_has(const struct name_list *skip, const char *file)
{
    for (size_t i = 0; i < skip->count; i++) {
        if (strcmp(skip->names[i], file) == 0)
            return true;
    }
    return false;
}

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
        if (partial_has(&before, p->file))
            return false;
        const struct config_place place = {p->file, p->line};
        problem_add(left, PROBLEM_ERROR, place, p->key, "%s", p->text);
        if (!partial_has(skip, p->file))
            skip->names[skip->count++] = arena_strdup(&left->arena, p->file);
    }
    return skip->count > known;
}

int config_load_good(const struct load_options *o, struct config **out, struct problem_list *left,
                     struct err *e)
{
    struct load_options options = *o;
    struct name_list skip = {arena_array(&left->arena, LOADER_INCLUDE_LIMIT, sizeof(const char *)),
                             0};
    options.skip = &skip;
    for (;;) {
        struct problem_list problems;
        problem_list_init(&problems);
        int rc = config_load(&options, out, &problems, e);
        bool again = rc < 0 && partial_leave_out(&problems, &skip, left);
        problem_list_close(&problems);
        if (!again)
            return rc;
    }
}
