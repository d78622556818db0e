#include "base/option.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/parse.h"

enum { EDITS_MAX = 2 }; /* between what was written and what may have been meant */

static const struct option_row *find_row(const struct option_table *t, const char *name, size_t len)
{
    for (size_t i = 0; i < t->count; i++) {
        const char *row = t->rows[i].name;
        if (row != NULL && strlen(row) == len && memcmp(row, name, len) == 0)
            return &t->rows[i];
    }
    return NULL;
}

static int no_such_option(const struct option_table *t, const char *name, size_t len, struct err *e)
{
    char text[64];
    const char *near = NULL;
    unsigned best = EDITS_MAX + 1;
    (void)snprintf(text, sizeof text, "%.*s", (int)(len < sizeof text ? len : sizeof text), name);
    for (size_t i = 0; i < t->count; i++) {
        const struct option_row *row = &t->rows[i];
        unsigned edits = row->help && row->name ? parse_distance(text, row->name) : best;
        if (edits < best) {
            best = edits;
            near = row->name;
        }
    }
    return err_set(e, -EINVAL, "unknown option '%s'%s%s%s --help lists them", text,
                   near ? ", did you mean " : ";", near ? near : "", near ? "?" : "");
}

/* Its place among the choices, or -1. */
static int find_choice(const struct option_row *row, const char *value)
{
    for (int i = 0; row->choices[i] != NULL; i++) {
        if (strcmp(row->choices[i], value) == 0)
            return i;
    }
    return -1;
}

/* Takes argv[*i] and, when the option wants one and has no =, the word after it. */
static int take_option(const struct option_table *t, void *to, char **argv, int *i, struct err *e)
{
    const char *text = argv[*i];
    const char *eq = strchrnul(text, '=');
    const struct option_row *row = find_row(t, text, (size_t)(eq - text));
    const char *value = *eq != '\0' ? eq + 1 : NULL;
    if (row == NULL)
        return no_such_option(t, text, (size_t)(eq - text), e);
    if (row->argument == NULL)
        return value != NULL ? err_set(e, -EINVAL, "%s takes no value", row->name)
                             : row->set(to, row, "", e);
    if (value == NULL && row->optional) {
        const char *next = argv[*i + 1];
        bool is_value = next != NULL && find_choice(row, next) >= 0;
        value = is_value ? next : row->choices[0];
        *i += is_value;
    } else if (value == NULL) {
        if (argv[*i + 1] == NULL)
            return err_set(e, -EINVAL, "%s needs a value: %s", row->name, row->argument);
        value = argv[++*i];
    }
    if (*value == '\0')
        return err_set(e, -EINVAL, "%s must not be empty", row->name);
    return row->set(to, row, value, e);
}

int option_parse(const struct option_table *t, void *to, char **argv, option_word *word,
                 struct err *e)
{
    bool words_only = false;
    int rc = 0;
    for (int i = 1; rc == 0 && argv[0] != NULL && argv[i] != NULL; i++) {
        if (!words_only && strcmp(argv[i], "--") == 0)
            words_only = true;
        else if (!words_only && argv[i][0] == '-')
            rc = take_option(t, to, argv, &i, e);
        else
            rc = word(to, argv[i], e);
    }
    return rc;
}

// --- values --------------------------------------------------------------------------------------

static void *field(void *to, const struct option_row *row)
{
    return (char *)to + row->offset;
}

int option_flag(void *to, const struct option_row *row, const char *value, struct err *e)
{
    (void)value, (void)e;
    *(bool *)field(to, row) = true;
    return 0;
}

int option_text(void *to, const struct option_row *row, const char *value, struct err *e)
{
    (void)e;
    *(const char **)field(to, row) = value;
    return 0;
}

int option_number(void *to, const struct option_row *row, const char *value, struct err *e)
{
    int64_t number;
    if (parse_int(value, &number, e) < 0)
        return err_prefix(e, -EINVAL, "%s", row->name);
    if (number < row->min || number > row->max)
        return err_set(e, -EINVAL, "%s: %s is out of range: %" PRId64 " to %" PRId64, row->name,
                       value, row->min, row->max);
    *(int64_t *)field(to, row) = number;
    return 0;
}

int option_duration(void *to, const struct option_row *row, const char *value, struct err *e)
{
    int64_t ms;
    if (parse_duration(value, &ms, e) < 0)
        return err_prefix(e, -EINVAL, "%s", row->name);
    if (ms < row->min || ms > row->max)
        return err_set(e, -EINVAL, "%s: %s is out of range: %gs to %gs", row->name, value,
                       (double)row->min / 1000, (double)row->max / 1000);
    *(int64_t *)field(to, row) = ms;
    return 0;
}

static int no_choice(const struct option_row *row, const char *value, struct err *e)
{
    struct buf list = BUF_EMPTY;
    for (int i = 0; row->choices[i] != NULL; i++)
        buf_printf(&list, "%s%s",
                   i == 0                ? ""
                   : row->choices[i + 1] ? ", "
                                         : " or ",
                   row->choices[i]);
    int rc = err_set(e, -EINVAL, "%s: '%s' is not %s", row->name, value, buf_str(&list));
    buf_close(&list);
    return rc;
}

static void set_enum(void *to, const struct option_row *row, unsigned value)
{
    memcpy(field(to, row), &value, sizeof value);
}

int option_choice(void *to, const struct option_row *row, const char *value, struct err *e)
{
    int choice = find_choice(row, value);
    if (choice < 0)
        return no_choice(row, value, e);
    set_enum(to, row, (unsigned)choice);
    return 0;
}

int option_one_of(void *to, const struct option_row *row, const char *value, struct err *e)
{
    return find_choice(row, value) < 0 ? no_choice(row, value, e) : option_text(to, row, value, e);
}

int option_switch(void *to, const struct option_row *row, const char *value, struct err *e)
{
    (void)value, (void)e;
    set_enum(to, row, (unsigned)row->min);
    return 0;
}

// --- help ----------------------------------------------------------------------------------------

/* The lines of a text stand below each other, from the column on. */
static void help_row(const struct option_row *row, unsigned column, struct buf *out)
{
    size_t from = out->len;
    if (row->name == NULL) {
        buf_printf(out, "\n%s:\n", row->help);
        return;
    }
    buf_printf(out, "  %s%s%s", row->name, row->argument ? " " : "",
               row->argument ? row->argument : "");
    for (const char *at = row->help;; at++) {
        do
            buf_char(out, ' ');
        while (out->len - from < column);
        size_t len = strcspn(at, "\n");
        buf_append(out, at, len);
        buf_char(out, '\n');
        from = out->len;
        at += len;
        if (*at == '\0')
            break;
    }
}

void option_help(const struct option_table *t, struct buf *out)
{
    for (size_t i = 0; i < t->count; i++) {
        if (t->rows[i].help != NULL)
            help_row(&t->rows[i], t->column, out);
    }
}
