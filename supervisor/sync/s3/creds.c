#include "sync/s3/creds.h"

#include <ctype.h>
#include <errno.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/fd.h"
#include "base/mem.h"

enum { CREDS_FILE_LIMIT = 1 << 20 };

struct profile {
    const char *name;
    struct buf credentials; /* text of the credentials file */
    struct buf config;      /* text of the config file */
    char *config_section;   /* "default" or "profile NAME" */
};

static const char *env(const char *name)
{
    const char *value = getenv(name);
    return value && *value ? value : NULL;
}

static const char *trim(const char *from, const char **end)
{
    while (from < *end && isspace((unsigned char)*from))
        from++;
    while (*end > from && isspace((unsigned char)(*end)[-1]))
        (*end)--;
    return from;
}

/* "[ default ]" is the section "default". */
static bool is_section(const char *line, const char *end, const char *name)
{
    const char *close = memchr(line, ']', (size_t)(end - line));
    if (!close)
        return false;
    const char *from = trim(line + 1, &close);
    return strlen(name) == (size_t)(close - from) && memcmp(from, name, strlen(name)) == 0;
}

static char *line_value(const char *line, const char *end, const char *key)
{
    const char *eq = memchr(line, '=', (size_t)(end - line));
    if (!eq)
        return NULL;
    const char *key_end = eq;
    const char *name = trim(line, &key_end);
    if (strlen(key) != (size_t)(key_end - name) || strncasecmp(name, key, strlen(key)) != 0)
        return NULL;
    const char *value = trim(eq + 1, &end);
    return value < end ? mem_strndup(value, (size_t)(end - value)) : NULL;
}

char *creds_value(const char *text, const char *section, const char *key)
{
    bool inside = false;
    char *value = NULL;
    for (const char *line = text, *next; *line && !value; line = next) {
        const char *end = strchrnul(line, '\n');
        next = *end ? end + 1 : end;
        if (*line == '[')
            inside = is_section(line, end, section);
        /* indented lines belong to a nested setting, such as the ones below "s3 =" */
        else if (inside && !strchr(" \t#;", *line))
            value = line_value(line, end, key);
    }
    return value;
}

bool creds_has_section(const char *text, const char *section)
{
    for (const char *line = text, *next; *line; line = next) {
        const char *end = strchrnul(line, '\n');
        next = *end ? end + 1 : end;
        if (*line == '[' && is_section(line, end, section))
            return true;
    }
    return false;
}

/* Service managers need not set HOME; the user has one all the same. */
static const char *home_folder(void)
{
    const struct passwd *user = env("HOME") ? NULL : getpwuid(geteuid());
    return user ? user->pw_dir : env("HOME");
}

static int read_aws_file(const char *variable, const char *name, struct buf *out, struct err *e)
{
    const char *path = env(variable);
    char *made = NULL;
    if (!path && home_folder())
        path = made = mem_printf("%s/.aws/%s", home_folder(), name);
    int rc = path ? fd_read_file(path, CREDS_FILE_LIMIT, out, e) : 0;
    if (rc == -ENOENT || rc == -ENOTDIR)
        rc = 0;
    mem_free(made);
    return rc;
}

static void profile_close(struct profile *p)
{
    if (p->credentials.data)
        explicit_bzero(p->credentials.data, p->credentials.room);
    if (p->config.data)
        explicit_bzero(p->config.data, p->config.room);
    buf_close(&p->credentials);
    buf_close(&p->config);
    mem_free(p->config_section);
}

static int profile_open(struct profile *p, const char *name, struct err *e)
{
    *p = (struct profile){.name = name ? name : env("AWS_PROFILE")};
    bool asked = p->name != NULL;
    if (!p->name)
        p->name = "default";
    p->config_section =
        strcmp(p->name, "default") == 0 ? mem_strdup(p->name) : mem_printf("profile %s", p->name);
    int rc = read_aws_file("AWS_SHARED_CREDENTIALS_FILE", "credentials", &p->credentials, e);
    if (rc == 0)
        rc = read_aws_file("AWS_CONFIG_FILE", "config", &p->config, e);
    if (rc < 0 || !asked)
        return rc;

    if (!creds_has_section(buf_str(&p->credentials), p->name) &&
        !creds_has_section(buf_str(&p->config), p->config_section))
        return err_set(e, -ENOENT, "there is no profile '%s' in the AWS credentials or config file",
                       p->name);
    return 0;
}

static char *profile_value(const struct profile *p, const char *key)
{
    char *value = creds_value(buf_str(&p->credentials), p->name, key);
    return value ? value : creds_value(buf_str(&p->config), p->config_section, key);
}

static bool is_plain(const char *text)
{
    for (; text && *text; text++) {
        if (!isgraph((unsigned char)*text))
            return false;
    }
    return true;
}

/* What goes into a header must not be able to start another one. */
static int check_keys(const struct creds *c, const char *where, struct err *e)
{
    if (!c->access_key && !c->secret)
        return 0;
    if (!c->access_key || !c->secret)
        return err_set(e, -ENOKEY, "the %s holds only one of access key and secret key", where);
    if (!is_plain(c->access_key) || !is_plain(c->secret) || !is_plain(c->token))
        return err_set(e, -ENOKEY, "a key in the %s holds a blank or control character", where);
    return 0;
}

static int load_keys(const struct creds_query *q, const struct profile *p, struct creds *c,
                     struct err *e)
{
    if (!q->profile && (env("AWS_ACCESS_KEY_ID") || env("AWS_SECRET_ACCESS_KEY"))) {
        c->access_key = mem_strdup(env("AWS_ACCESS_KEY_ID"));
        c->secret = mem_strdup(env("AWS_SECRET_ACCESS_KEY"));
        c->token = mem_strdup(env("AWS_SESSION_TOKEN"));
        return check_keys(c, "environment", e);
    }
    c->access_key = profile_value(p, "aws_access_key_id");
    c->secret = profile_value(p, "aws_secret_access_key");
    c->token = profile_value(p, "aws_session_token");
    int rc = check_keys(c, "AWS credentials file", e);
    if (rc == 0 && !c->access_key)
        rc = err_set(e, -ENOKEY,
                     "no credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or write "
                     "profile '%s' into ~/.aws/credentials, or use --no-sign-request",
                     p->name);
    return rc;
}

static char *first_of(const char *a, const char *b, char *otherwise)
{
    const char *text = a ? a : b;
    if (!text)
        return otherwise;
    mem_free(otherwise);
    return mem_strdup(text);
}

int creds_load(const struct creds_query *q, struct creds *c, struct err *e)
{
    struct profile p;
    struct creds made = {0};
    int rc = profile_open(&p, q->profile, e);
    if (rc == 0 && !q->anonymous)
        rc = load_keys(q, &p, &made, e);
    if (rc == 0) {
        made.region =
            first_of(env("AWS_REGION"), env("AWS_DEFAULT_REGION"), profile_value(&p, "region"));
        made.endpoint = first_of(env("AWS_ENDPOINT_URL_S3"), env("AWS_ENDPOINT_URL"),
                                 profile_value(&p, "endpoint_url"));
        made.ca_file = first_of(env("AWS_CA_BUNDLE"), NULL, profile_value(&p, "ca_bundle"));
        *c = made;
    } else {
        creds_close(&made);
    }
    profile_close(&p);
    return rc;
}

static void wipe(char **text)
{
    if (*text)
        explicit_bzero(*text, strlen(*text));
    mem_free(*text);
    *text = NULL;
}

void creds_close(struct creds *c)
{
    wipe(&c->access_key);
    wipe(&c->secret);
    wipe(&c->token);
    wipe(&c->region);
    wipe(&c->endpoint);
    wipe(&c->ca_file);
    c->expires = 0;
}
