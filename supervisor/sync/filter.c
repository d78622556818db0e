#include "sync/filter.h"

#include <errno.h>
#include <string.h>

#include "base/mem.h"

static int add(struct filter *f, enum filter_style style, bool include, const char *pattern,
               struct err *e)
{
    if (f->count > 0 && f->style != style)
        return err_set(e, -EINVAL,
                       "--include and --exclude cannot be mixed with --filter: the "
                       "last match decides in those, the first in this");
    if (f->count == FILTER_RULES_MAX)
        return err_set(e, -EINVAL, "there are more than %d patterns", FILTER_RULES_MAX);
    struct filter_rule rule = {.include = include};
    int rc = glob_compile(&rule.glob, style == FILTER_FIRST ? GLOB_RCLONE : GLOB_AWS, pattern, e);
    if (rc < 0)
        return rc;
    f->style = style;
    f->rules = mem_grow(f->rules, f->count + 1, sizeof *f->rules);
    f->rules[f->count++] = rule;
    return 0;
}

int filter_add(struct filter *f, bool include, const char *pattern, struct err *e)
{
    return add(f, FILTER_LAST, include, pattern, e);
}

static void forget_rules(struct filter *f)
{
    for (size_t i = 0; i < f->count; i++)
        glob_close(&f->rules[i].glob);
    f->count = 0;
}

int filter_add_rule(struct filter *f, const char *rule, struct err *e)
{
    if (strcmp(rule, "!") == 0) {
        forget_rules(f);
        return 0;
    }
    bool include = rule[0] == '+';
    if ((!include && rule[0] != '-') || rule[1] != ' ')
        return err_set(e, -EINVAL, "'%s' is no rule: \"+ PATTERN\", \"- PATTERN\" or \"!\"", rule);
    return add(f, FILTER_FIRST, include, rule + 2 + strspn(rule + 2, " "), e);
}

static int add_line(struct filter *f, char *line, struct err *e)
{
    line += strspn(line, " \t");
    size_t len = strlen(line);
    while (len > 0 && strchr(" \t\r", line[len - 1]))
        line[--len] = '\0';
    return len == 0 || *line == '#' || *line == ';' ? 0 : filter_add_rule(f, line, e);
}

int filter_add_lines(struct filter *f, const char *text, struct err *e)
{
    int rc = 0;
    for (unsigned number = 1; rc == 0 && *text; number++) {
        size_t len = strcspn(text, "\n");
        char *line = mem_strndup(text, len);
        rc = add_line(f, line, e);
        mem_free(line);
        if (rc < 0)
            return err_prefix(e, rc, "line %u", number);
        text += len + (text[len] == '\n');
    }
    return rc;
}

bool filter_wants(const struct filter *f, const char *path)
{
    bool first = f->style == FILTER_FIRST;
    for (size_t i = 0; i < f->count; i++) {
        const struct filter_rule *rule = &f->rules[first ? i : f->count - 1 - i];
        if (glob_matches(&rule->glob, path))
            return rule->include;
    }
    return true;
}

void filter_close(struct filter *f)
{
    forget_rules(f);
    mem_free(f->rules);
    *f = (struct filter){0};
}
