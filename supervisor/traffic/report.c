#include "traffic/report.h"

#include <errno.h>
#include <jansson.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "traffic/forms.h"

/* One row for each form. */
struct form_row {
    const char *name;
    void (*write)(const struct report *r, struct buf *out);
};

static const struct form_row FORMS[] = {
    [REPORT_JSON] = {"json", form_json},
    [REPORT_VIEWBOVIS] = {"viewbovis", form_viewbovis},
    [REPORT_TEXT] = {"text", form_text},
    [REPORT_HTML] = {"html", form_html},
};

bool report_form(const char *name, enum report_form *form)
{
    for (size_t i = 0; i < sizeof FORMS / sizeof *FORMS; i++) {
        if (strcmp(FORMS[i].name, name) != 0)
            continue;
        *form = (enum report_form)i;
        return true;
    }
    return false;
}

void report_write(const struct report *r, enum report_form form, struct buf *out)
{
    FORMS[form].write(r, out);
}

uint64_t report_malformed_lines(const struct report *r)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < r->malformed_count; i++)
        sum += r->malformed[i].lines;
    return sum;
}

size_t report_top(const struct report *r)
{
    size_t top = r->top > 0 ? r->top : REPORT_TOP;
    return top < REPORT_TOP_MAX ? top : REPORT_TOP_MAX;
}

static int compare_routes(const void *left, const void *right)
{
    const struct route *a = left;
    const struct route *b = right;
    if (a->requests != b->requests)
        return a->requests < b->requests ? 1 : -1;
    return strcmp(a->path, b->path);
}

void report_json(struct count *c, struct buf *out)
{
    json_t *object = json_object();
    if (!c->fixed) {
        qsort(c->routes, c->route_count, sizeof *c->routes, compare_routes);
        memset(c->slots, 0, sizeof c->slots); /* they point at the old order */
    }
    for (size_t i = 0; i < c->route_count; i++)
        (void)json_object_set_new(object, c->routes[i].path,
                                  json_integer((json_int_t)c->routes[i].requests));
    if (!c->fixed && c->other > 0)
        (void)json_object_set_new(object, "other", json_integer((json_int_t)c->other));
    char *text = json_dumps(object, JSON_INDENT(2) | JSON_PRESERVE_ORDER);
    buf_text(out, text);
    buf_char(out, '\n');
    free(text);
    json_decref(object);
}

int report_name(const char *pattern, const struct tm *day, char **name, struct err *e)
{
    char text[PATH_MAX];
    if (*pattern == '\0')
        return err_set(e, -EINVAL, "--out names no file");
        /* the pattern is the user's own option, as date(1) takes it */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    size_t len = strftime(text, sizeof text, pattern, day);
#pragma GCC diagnostic pop
    if (len == 0)
        return err_set(e, -ENAMETOOLONG, "the file name of --out is too long or empty");
    *name = mem_strdup(text);
    return 0;
}
