#include "sync/s3/awsfile.h"

#include <ctype.h>
#include <errno.h>
#include <pwd.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/mem.h"

enum { AWSFILE_LIMIT = 1 << 20, AWSFILE_PASSWD = 16 << 10 };

static const char *trim(const char *from, const char **end)
{
    while (from < *end && isspace((unsigned char)*from))
        from++;
    while (*end > from && isspace((unsigned char)(*end)[-1]))
        (*end)--;
    return from;
}

static bool is_text(const char *from, const char *end, const char *text)
{
    return strlen(text) == (size_t)(end - from) && memcmp(from, text, strlen(text)) == 0;
}

/* "[ default ]" is the section "default"; names may stand in quotes: [profile "my own"]. */
static bool is_section(const char *line, const char *end, const struct awsfile_place *at)
{
    const char *close = memchr(line, ']', (size_t)(end - line));
    if (!close)
        return false;
    const char *from = trim(line + 1, &close);
    if (at->kind) {
        size_t len = strlen(at->kind);
        if ((size_t)(close - from) <= len || memcmp(from, at->kind, len) != 0 ||
            !isspace((unsigned char)from[len]))
            return false;
        from = trim(from + len, &close);
    }
    if (close - from >= 2 && (*from == '"' || *from == '\'') && close[-1] == *from) {
        from++;
        close--;
    }
    return is_text(from, close, at->section);
}

/* Where the value of `key` begins in this line; NULL: the line is about something else. */
static const char *value_of(const char *line, const char *end, const char *key)
{
    const char *sign = line;
    while (sign < end && *sign != '=' && *sign != ':')
        sign++;
    if (sign == end)
        return NULL;
    const char *key_end = sign;
    const char *name = trim(line, &key_end);
    if (strlen(key) != (size_t)(key_end - name) || strncasecmp(name, key, strlen(key)) != 0)
        return NULL;
    return sign + 1;
}

struct reader {
    bool inside; /* the section */
    bool under;  /* the setting whose indented ones are looked for */
};

static const char *read_line(struct reader *r, const char *line, const char *end,
                             const struct awsfile_place *at, const char *key)
{
    if (*line == '[') {
        r->inside = is_section(line, end, at);
        r->under = false;
        return NULL;
    }
    if (!r->inside || *line == '#' || *line == ';')
        return NULL;
    bool indented = *line == ' ' || *line == '\t';
    if (!indented)
        r->under = at->under && value_of(line, end, at->under);
    return indented == (at->under != NULL) && indented == r->under ? value_of(line, end, key)
                                                                   : NULL;
}

char *awsfile_value(const char *text, const struct awsfile_place *at, const char *key)
{
    struct reader r = {false, false};
    for (const char *line = text, *next; *line; line = next) {
        const char *end = strchrnul(line, '\n');
        next = *end ? end + 1 : end;
        const char *value = read_line(&r, line, end, at, key);
        if (!value)
            continue;
        value = trim(value, &end);
        if (value < end)
            return mem_strndup(value, (size_t)(end - value));
    }
    return NULL;
}

bool awsfile_has(const char *text, const struct awsfile_place *at)
{
    for (const char *line = text, *next; *line; line = next) {
        const char *end = strchrnul(line, '\n');
        next = *end ? end + 1 : end;
        if (*line == '[' && is_section(line, end, at))
            return true;
    }
    return false;
}

/* Service managers need not set HOME; the user has one all the same. */
static char *home_folder(const struct envfile *env)
{
    if (envfile_get(env, "HOME"))
        return mem_strdup(envfile_get(env, "HOME"));
    struct passwd user;
    struct passwd *found = NULL;
    char *room = mem_alloc(AWSFILE_PASSWD);
    (void)getpwuid_r(geteuid(), &user, room, AWSFILE_PASSWD, &found);
    char *home = found ? mem_strdup(found->pw_dir) : NULL;
    mem_free(room);
    return home;
}

static int read_one(const struct envfile *env, const char *variable, const char *name,
                    struct buf *out, struct err *e)
{
    char *home = home_folder(env);
    const char *given = envfile_get(env, variable);
    char *path = NULL;
    if (given && given[0] == '~' && given[1] == '/' && home)
        path = mem_printf("%s%s", home, given + 1);
    else if (given)
        path = mem_strdup(given);
    else if (home)
        path = mem_printf("%s/.aws/%s", home, name);
    int rc = path ? fd_read_file(path, AWSFILE_LIMIT, out, e) : 0;
    if (rc == -ENOENT || rc == -ENOTDIR)
        rc = 0;
    static const char mark[] = "\xEF\xBB\xBF"; /* some editors begin a file so */
    if (rc == 0 && strncmp(buf_str(out), mark, 3) == 0)
        buf_drop(out, 3);
    mem_free(path);
    mem_free(home);
    return rc;
}

int awsfiles_read(struct awsfiles *f, const struct envfile *env, struct err *e)
{
    *f = (struct awsfiles){{BUF_EMPTY, BUF_EMPTY}};
    int rc = read_one(env, "AWS_SHARED_CREDENTIALS_FILE", "credentials",
                      &f->texts[AWSFILE_CREDENTIALS], e);
    if (rc == 0)
        rc = read_one(env, "AWS_CONFIG_FILE", "config", &f->texts[AWSFILE_CONFIG], e);
    if (rc < 0)
        awsfiles_close(f);
    return rc;
}

void awsfiles_close(struct awsfiles *f)
{
    for (int i = 0; i < 2; i++) {
        if (f->texts[i].data)
            explicit_bzero(f->texts[i].data, f->texts[i].room);
        buf_close(&f->texts[i]);
    }
}

/* [default] needs no "profile" before it, but may have one. */
static struct awsfile_place place_of(enum awsfile which, const char *profile)
{
    bool plain = which == AWSFILE_CREDENTIALS || strcmp(profile, "default") == 0;
    return (struct awsfile_place){.kind = plain ? NULL : "profile", .section = profile};
}

static const struct awsfile_place odd_default = {.kind = "profile", .section = "default"};

bool awsfiles_has(const struct awsfiles *f, const char *profile)
{
    for (int i = 0; i < 2; i++) {
        const struct awsfile_place at = place_of((enum awsfile)i, profile);
        if (awsfile_has(buf_str(&f->texts[i]), &at))
            return true;
    }
    return strcmp(profile, "default") == 0 &&
           awsfile_has(buf_str(&f->texts[AWSFILE_CONFIG]), &odd_default);
}

char *awsfiles_in(const struct awsfiles *f, enum awsfile which, const char *profile,
                  const char *key)
{
    const struct awsfile_place at = place_of(which, profile);
    char *value = awsfile_value(buf_str(&f->texts[which]), &at, key);
    if (!value && which == AWSFILE_CONFIG && strcmp(profile, "default") == 0)
        value = awsfile_value(buf_str(&f->texts[which]), &odd_default, key);
    return value;
}

char *awsfiles_get(const struct awsfiles *f, const char *profile, const char *key)
{
    char *value = awsfiles_in(f, AWSFILE_CREDENTIALS, profile, key);
    return value ? value : awsfiles_in(f, AWSFILE_CONFIG, profile, key);
}

char *awsfiles_service(const struct awsfiles *f, const char *profile, const char *service,
                       const char *key)
{
    char *name = awsfiles_get(f, profile, "services");
    if (!name)
        return NULL;
    const struct awsfile_place at = {.kind = "services", .section = name, .under = service};
    char *value = awsfile_value(buf_str(&f->texts[AWSFILE_CONFIG]), &at, key);
    mem_free(name);
    return value;
}
