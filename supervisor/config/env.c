#include "config/env.h"

#include <errno.h>
#include <string.h>

#include "base/mem.h"
#include "config/shlex.h"

static struct env_var *env_find(const struct env_list *l, const char *name)
{
    /* linear: environments have tens of names */
    for (size_t i = 0; i < l->count; i++)
        if (strcmp(l->vars[i].name, name) == 0)
            return &l->vars[i];
    return NULL;
}

const char *env_get(const struct env_list *l, const char *name)
{
    const struct env_var *var = env_find(l, name);
    return var ? var->value : NULL;
}

/* A later one of the same name replaces the value. The array has room for one more. */
static void env_put(struct env_list *l, const char *name, const char *value)
{
    struct env_var *var = env_find(l, name);
    if (!var)
        var = &l->vars[l->count++];
    *var = (struct env_var){name, value};
}

struct env_list env_merge(struct arena *a, const struct env_list *under,
                          const struct env_list *over)
{
    struct env_list all = {0};
    if (under->count + over->count == 0)
        return all;
    all.vars = arena_array(a, under->count + over->count, sizeof *all.vars);
    if (under->count)
        memcpy(all.vars, under->vars, under->count * sizeof *all.vars);
    all.count = under->count;
    for (size_t i = 0; i < over->count; i++)
        env_put(&all, over->vars[i].name, over->vars[i].value);
    return all;
}

/* What separates two pairs: any one word is skipped, but only these look meant. */
static bool env_separator(const char *word)
{
    return strcmp(word, ",") == 0 || strcmp(word, ";") == 0;
}

/* NAME, =, value into words[0] and words[2]. 1; 0 at the end of the text; -EINVAL. */
static int env_pair(struct shlex *x, struct buf words[3], const char *last, struct err *e)
{
    for (int i = 0; i < 3; i++) {
        int rc = shlex_next(x, &words[i], e);
        if (rc < 0 || (rc == 0 && i == 0))
            return rc;
        if (rc > 0 && (i != 1 || strcmp(buf_str(&words[i]), "=") == 0))
            continue;
        return err_set(e, -EINVAL,
                       "Unexpected end of key/value pairs %s%.60s%s: write "
                       "NAME=\"value\",NAME2=\"value2\" with quotes around special characters",
                       *last ? "after the value of '" : "in the first pair", last,
                       *last ? "'" : "");
    }
    return 1;
}

static int env_read(struct shlex *x, struct buf words[3], struct arena *a, struct env_list *out,
                    const char **odd, struct err *e)
{
    struct env_var *vars = NULL;
    const char *last = "";
    size_t room = 0;
    int rc;
    *out = (struct env_list){0};
    while ((rc = env_pair(x, words, last, e)) > 0) {
        if (out->count == ENV_LIMIT) {
            rc = err_set(e, -EINVAL, "more than %d variables", ENV_LIMIT);
            break;
        }
        if (out->count == room) {
            room = room ? room * 2 : 16;
            vars = mem_grow(vars, room, sizeof *vars);
            out->vars = vars;
        }
        last = arena_strdup(a, buf_str(&words[0]));
        env_put(out, last, arena_strdup(a, buf_str(&words[2])));
        rc = shlex_next(x, &words[0], e);
        if (rc > 0 && odd && !env_separator(buf_str(&words[0])))
            *odd = last;
        if (rc <= 0)
            break;
    }
    if (rc == 0 && out->count) {
        out->vars = arena_array(a, out->count, sizeof *vars);
        memcpy(out->vars, vars, out->count * sizeof *vars);
    }
    mem_free(vars);
    return rc;
}

int env_parse(const char *text, struct arena *a, struct env_list *out, const char **odd,
              struct err *e)
{
    struct shlex x = {.text = text};
    struct buf words[3] = {BUF_EMPTY, BUF_EMPTY, BUF_EMPTY};
    struct env_list list;
    if (odd)
        *odd = NULL;
    int rc = env_read(&x, words, a, &list, odd, e);
    if (rc == 0)
        *out = list;
    for (int i = 0; i < 3; i++)
        buf_close(&words[i]);
    return rc;
}
