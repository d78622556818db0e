#include "config/problem.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

void problem_list_init(struct problem_list *l)
{
    *l = (struct problem_list){0};
    arena_init(&l->arena);
}

void problem_list_close(struct problem_list *l)
{
    arena_close(&l->arena);
    mem_free(l->items);
    *l = (struct problem_list){0};
}

static bool same(const char *a, const char *b)
{
    return (!a && !b) || (a && b && strcmp(a, b) == 0);
}

static bool problem_known(const struct problem_list *l, const struct problem *p)
{
    for (size_t i = 0; i < l->count; i++) {
        const struct problem *old = &l->items[i];
        if (old->line == p->line && old->warning == p->warning && same(old->file, p->file) &&
            same(old->key, p->key) && same(old->text, p->text))
            return true;
    }
    return false;
}

/* One line, whatever the values hold: a line end becomes \n, as in Supervisor's sentences. */
static const char *one_line(struct arena *a, const char *text)
{
    struct buf out = BUF_EMPTY;
    for (const char *c = text; *c; c++) {
        const char *known = strchr("\nn\tt\rr", *c);
        if ((unsigned char)*c >= 0x20 && *c != 0x7f)
            buf_char(&out, *c);
        else if (known && *known < 0x20)
            buf_printf(&out, "\\%c", known[1]);
        else
            buf_printf(&out, "\\x%02x", (unsigned)*c);
    }
    const char *line = arena_strdup(a, buf_str(&out));
    buf_close(&out);
    return line;
}

void problem_add(struct problem_list *l, enum problem_kind kind, struct config_place at,
                 const char *key, const char *fmt, ...)
{
    char text[2048];
    va_list ap;
    bool warning = kind == PROBLEM_WARNING;
    /* the last place is kept for the first error: e must be able to name one */
    if (l->count == PROBLEM_LIMIT || (l->count == PROBLEM_LIMIT - 1 && (warning || l->errors))) {
        l->errors += warning ? 0 : 1;
        return;
    }
    va_start(ap, fmt);
    (void)vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    struct problem p = {at.file, at.line, key, one_line(&l->arena, text), warning};
    if (problem_known(l, &p))
        return;
    l->errors += warning ? 0 : 1;
    l->items = mem_grow(l->items, l->count + 1, sizeof *l->items);
    p.file = arena_strdup(&l->arena, at.file);
    p.key = arena_strdup(&l->arena, key);
    l->items[l->count++] = p;
}

/* By file and line; at one place as they were found. */
static int compare_problems(const void *a, const void *b)
{
    const struct problem *const *x = a;
    const struct problem *const *y = b;
    const char *f = (*x)->file ? (*x)->file : "";
    const char *g = (*y)->file ? (*y)->file : "";
    int order = strcmp(f, g);
    if (order == 0 && (*x)->line != (*y)->line)
        order = (*x)->line < (*y)->line ? -1 : 1;
    return order ? order : (*x > *y) - (*x < *y);
}

void problem_list_sort(struct problem_list *l)
{
    const struct problem **sorted = mem_array(l->count + 1, sizeof *sorted);
    struct problem *items = mem_array(l->count + 1, sizeof *items);
    for (size_t i = 0; i < l->count; i++)
        sorted[i] = &l->items[i];
    qsort(sorted, l->count, sizeof *sorted, compare_problems);
    for (size_t i = 0; i < l->count; i++)
        items[i] = *sorted[i];
    mem_free(sorted);
    mem_free(l->items);
    l->items = items;
}

void problem_print(const struct problem *p, struct buf *out)
{
    if (p->file && p->line)
        buf_printf(out, "%s:%u: ", p->file, p->line);
    else if (p->file)
        buf_printf(out, "%s: ", p->file);
    if (p->key)
        buf_printf(out, "%s: ", p->key);
    buf_printf(out, "%s%s\n", p->warning ? "warning: " : "", p->text);
}
