#include "ctl/invocation.h"

#include <ctype.h>
#include <errno.h>
#include <libgen.h>
#include <string.h>

#include "base/mem.h"
#include "ctl/print.h"
#include "ctl/settings.h"

// clang-format off
/* Long names in the order in which an abbreviation is looked up. */
const struct invocation_row invocation_rows[] = {
    {'h', "help",          NULL,   "print this text and leave"},
    {'?', NULL,            NULL,   NULL},
    {'c', "configuration", "FILE", "read [supervisorctl] from FILE, not from the usual places"},
    {'i', "interactive",   NULL,   "ask before shutdown and reload, and for passwords"},
    {'s', "serverurl",     "URL",  "talk to the daemon at unix:///path or http://host:port"},
    {'u', "username",      "NAME", "user name for a daemon that wants one"},
    {'p', "password",      "TEXT", "password for it"},
    {'r', "history_file",  "FILE", "keep the lines typed at the prompt in FILE"},
};
// clang-format on
const unsigned invocation_row_count = sizeof invocation_rows / sizeof *invocation_rows;

/* As urllib: a scheme, and something behind it. */
static bool is_url(const char *text)
{
    size_t len = strcspn(text, ":");
    if (!isalpha((unsigned char)*text) || text[len] != ':')
        return false;
    for (size_t i = 0; i < len; i++) {
        if (!isalnum((unsigned char)text[i]) && !strchr("+-.", text[i]))
            return false;
    }
    const char *rest = text + len + 1;
    if (strncmp(rest, "//", 2) == 0)
        rest += 2;
    return *rest && *rest != '?' && *rest != '#';
}

static int set_text(char **at, const char *value)
{
    if (*at)
        return -EEXIST;
    *at = mem_strdup(value);
    return 0;
}

/* Also takes it from the list of processes, where everybody on the machine could read it. */
static int set_secret(char **at, char *value)
{
    int rc = set_text(at, value);
    for (char *at_char = value; at_char && *at_char; at_char++)
        *at_char = 'x';
    return rc;
}

static int set_flag(bool *at)
{
    if (*at)
        return -EEXIST;
    *at = true;
    return 0;
}

static int set_config(struct invocation *o, const char *value)
{
    if (o->config)
        return -EEXIST;
    o->config = value;
    return 0;
}

static int option_set(struct invocation *o, char letter, char *value)
{
    switch (letter) {
    case 'c':
        return set_config(o, value);
    case 'i':
        return set_flag(&o->interactive);
    case 's':
        return is_url(value) ? set_text(&o->serverurl, value) : -EDOM;
    case 'u':
        return set_text(&o->username, value);
    case 'p':
        return set_secret(&o->password, value);
    case 'r':
        return set_text(&o->history_file, value);
    default: /* h ? */
        o->help = true;
        return 0;
    }
}

/* `shown` is the option in full: "-s" or "--serverurl". */
static int option_take(struct invocation *o, const struct invocation_row *row, const char *shown,
                       char *value, struct err *e)
{
    int rc = option_set(o, row->letter, value);
    if (rc == -EEXIST)
        return err_set(e, -EINVAL, "conflicting command line option '%s'", shown);
    if (rc == -EDOM) {
        struct buf quoted = BUF_EMPTY;
        print_quoted(&quoted, value);
        rc = err_set(e, -EINVAL, "invalid value for %s %s: value %s is not a URL", shown,
                     buf_str(&quoted), buf_str(&quoted));
        buf_close(&quoted);
    }
    return rc;
}

static int short_options(struct invocation *o, char **argv, int *i, struct err *e)
{
    for (char *at = argv[*i] + 1; *at; at++) {
        const struct invocation_row *row = invocation_rows;
        while (row < invocation_rows + invocation_row_count && row->letter != *at)
            row++;
        if (row == invocation_rows + invocation_row_count)
            return err_set(e, -EINVAL, "option -%c not recognized", *at);
        const char shown[] = {'-', *at, '\0'};
        char *value = NULL;
        if (row->value) {
            value = at[1] ? at + 1 : argv[++*i];
            if (!value)
                return err_set(e, -EINVAL, "option -%c requires argument", *at);
        }
        int rc = option_take(o, row, shown, value, e);
        if (rc < 0 || value)
            return rc;
    }
    return 0;
}

/* Any beginning that fits one long option only. */
static int find_long(const char *name, size_t len, const struct invocation_row **found,
                     struct err *e)
{
    *found = NULL;
    bool several = false;
    for (const struct invocation_row *row = invocation_rows;
         row < invocation_rows + invocation_row_count; row++) {
        if (!row->name || strncmp(row->name, name, len) != 0)
            continue;
        several = *found != NULL;
        *found = row;
        if (several || row->name[len] == '\0')
            break;
    }
    if (!*found)
        return err_set(e, -EINVAL, "option --%.*s not recognized", (int)len, name);
    if (several)
        return err_set(e, -EINVAL, "option --%.*s not a unique prefix", (int)len, name);
    return 0;
}

static int long_option(struct invocation *o, char **argv, int *i, struct err *e)
{
    char *name = argv[*i] + 2;
    size_t len = strcspn(name, "=");
    char *value = name[len] ? name + len + 1 : NULL;
    const struct invocation_row *row = NULL;
    int rc = find_long(name, len, &row, e);
    if (rc < 0)
        return rc;
    if (!row->value && value)
        return err_set(e, -EINVAL, "option --%s must not have an argument", row->name);
    if (row->value && !value)
        value = argv[++*i];
    if (row->value && !value)
        return err_set(e, -EINVAL, "option --%s requires argument", row->name);
    char shown[32] = "--";
    strncat(shown, row->name, sizeof shown - 3);
    return option_take(o, row, shown, value, e);
}

/* Options end at the first word that is none, or behind "--". */
static int parse_options(struct invocation *o, int argc, char **argv, struct err *e)
{
    int i = 1;
    int rc = 0;
    for (; i < argc && rc == 0; i++) {
        const char *word = argv[i];
        if (word[0] != '-' || word[1] == '\0')
            break;
        if (strcmp(word, "--") == 0) {
            i++;
            break;
        }
        rc = word[1] == '-' ? long_option(o, argv, &i, e) : short_options(o, argv, &i, e);
    }
    o->arg_count = argc > i ? argc - i : 0;
    o->args = argv + (argc - o->arg_count);
    return rc;
}

static void take_over(char **at, char **from, const char *otherwise)
{
    if (!*at && *from) {
        *at = *from;
        *from = NULL;
    }
    if (!*at)
        *at = mem_strdup(otherwise);
}

void invocation_complete(struct invocation *o, struct settings *s)
{
    take_over(&o->serverurl, &s->serverurl,
              o->native && !s->found ? SETTINGS_OUR_URL : SETTINGS_DEFAULT_URL);
    take_over(&o->username, &s->username, NULL);
    take_over(&o->password, &s->password, NULL);
    take_over(&o->prompt, &s->prompt, o->native ? "mainstay" : "supervisor");
    take_over(&o->history_file, &s->history_file, NULL);
    if (o->arg_count == 0)
        o->interactive = true;
}

int invocation_init(struct invocation *o, int argc, char **argv, struct err *e)
{
    *o = (struct invocation){.program = argc > 0 ? argv[0] : "mainstayctl"};
    const char *slash = strrchr(o->program, '/');
    o->native = strcmp(slash ? slash + 1 : o->program, "supervisorctl") != 0;
    int rc = parse_options(o, argc, argv, e);
    if (rc < 0 || o->help)
        return rc;
    struct settings s = {0};
    rc = settings_load(&s, o->config, o->native, e);
    if (rc == 0)
        invocation_complete(o, &s);
    settings_close(&s);
    return rc;
}

void invocation_close(struct invocation *o)
{
    mem_free(o->serverurl);
    mem_free(o->username);
    if (o->password)
        explicit_bzero(o->password, strlen(o->password));
    mem_free(o->password);
    mem_free(o->prompt);
    mem_free(o->history_file);
    *o = (struct invocation){0};
}
