#include "sync/s3/envfile.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/fd.h"
#include "base/mem.h"

static char *skip_blanks(char *text)
{
    while (*text == ' ' || *text == '\t')
        text++;
    return text;
}

static bool is_name(char c)
{
    return isalnum((unsigned char)c) || c == '_' || c == '.' || c == '-';
}

/* Of an unquoted value: up to " #" or the end of the line, without the blanks there. */
static char *take_bare(char *value)
{
    char *end = value;
    for (char *at = value; *at && !(*at == '#' && at > value && isblank((unsigned char)at[-1]));
         at++) {
        if (!isspace((unsigned char)*at))
            end = at + 1;
    }
    *end = '\0';
    return value;
}

static char unescape(char c)
{
    return c == 'n' ? '\n' : c == 'r' ? '\r' : c == 't' ? '\t' : c;
}

/* From the opening quote, in place; NULL when it does not end or something follows it. */
static char *take_quoted(char *value)
{
    char quote = *value;
    char *out = value;
    char *at = value + 1;
    for (; *at && *at != quote; at++) {
        if (*at == '\\' && quote == '"' && at[1] && strchr("nrt\"\\$", at[1]))
            *out++ = unescape(*++at);
        else
            *out++ = *at;
    }
    if (!*at)
        return NULL;
    at++;
    at += strspn(at, " \t\r");
    if (*at && *at != '#')
        return NULL;
    *out = '\0';
    return value;
}

static char *take_value(char *value)
{
    value = skip_blanks(value);
    return *value == '"' || *value == '\'' ? take_quoted(value) : take_bare(value);
}

/* One line without its newline; false when it makes no sense. */
static bool take_line(struct envfile *f, char *line)
{
    char *name = skip_blanks(line);
    if (!*name || *name == '#' || *name == '\r')
        return true;
    if (strncmp(name, "export", 6) == 0 && isblank((unsigned char)name[6]))
        name = skip_blanks(name + 6);
    char *end = name;
    while (is_name(*end))
        end++;
    char *eq = skip_blanks(end);
    if (end == name || *eq != '=')
        return false;
    char *value = take_value(eq + 1);
    if (!value)
        return false;
    *end = '\0';
    f->variables = mem_grow(f->variables, f->count + 1, sizeof *f->variables);
    f->variables[f->count++] = (struct envfile_variable){name, value};
    return true;
}

int envfile_parse(struct envfile *f, const char *name, struct err *e)
{
    if (!f->text.data)
        return 0;
    if (strlen(f->text.data) != f->text.len)
        return err_set(e, -EINVAL, "%s holds a NUL byte: it is no file of variables", name);
    int number = 1;
    for (char *line = f->text.data, *next; line; line = next, number++) {
        next = strchr(line, '\n');
        if (next)
            *next++ = '\0';
        if (!take_line(f, line))
            return err_set(e, -EINVAL, "%s:%d: this is not NAME=value, or its quotes do not end",
                           name, number);
    }
    return 0;
}

int envfile_read(struct envfile *f, const char *path, struct err *e)
{
    *f = (struct envfile){.text = BUF_EMPTY};
    int rc = path ? fd_read_file(path, ENVFILE_LIMIT, &f->text, e) : 0;
    if (rc == 0)
        rc = envfile_parse(f, path, e);
    if (rc < 0)
        envfile_close(f);
    return rc;
}

void envfile_close(struct envfile *f)
{
    if (f->text.data)
        explicit_bzero(f->text.data, f->text.room);
    buf_close(&f->text);
    mem_free(f->variables);
    f->variables = NULL;
    f->count = 0;
}

const char *envfile_own(const struct envfile *f, const char *name)
{
    for (size_t i = f->count; i > 0; i--) {
        const struct envfile_variable *v = &f->variables[i - 1];
        if (strcmp(v->name, name) == 0)
            return *v->value ? v->value : NULL;
    }
    return NULL;
}

const char *envfile_get(const struct envfile *f, const char *name)
{
    const char *value = envfile_own(f, name);
    if (!value)
        value = getenv(name);
    return value && *value ? value : NULL;
}
