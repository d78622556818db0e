#include "sync/s3/creds.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"
#include "sync/s3/keydoc.h"
#include "sync/s3/search.h"

static bool is_plain(const char *text)
{
    for (; text && *text; text++) {
        if (!isgraph((unsigned char)*text))
            return false;
    }
    return true;
}

int search_check(const struct creds *c, const char *where, struct err *e)
{
    if (!c->access_key || !c->secret)
        return err_set(e, -ENOKEY, "the %s holds only one of access key and secret key", where);
    if (!is_plain(c->access_key) || !is_plain(c->secret) || !is_plain(c->token))
        return err_set(e, -ENOKEY, "a key in the %s holds a blank or control character", where);
    return 1;
}

const char *search_setting(struct search *s, const char *profile, const char *key)
{
    char *value = awsfiles_get(&s->files, profile, key);
    const char *kept = arena_strdup(&s->arena, value);
    mem_free(value);
    return kept;
}

const char *search_either(struct search *s, const char *variable, const char *key)
{
    const char *value = envfile_get(&s->env, variable);
    return value ? value : search_setting(s, s->profile, key);
}

static bool ignores_endpoints(struct search *s)
{
    const char *value =
        search_either(s, "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "ignore_configured_endpoint_urls");
    return value && strcasecmp(value, "true") == 0;
}

const char *search_endpoint(struct search *s, const char *variable, const char *service)
{
    if (ignores_endpoints(s))
        return NULL;
    const char *value = envfile_get(&s->env, variable);
    if (!value)
        value = envfile_get(&s->env, "AWS_ENDPOINT_URL");
    if (value)
        return value;
    char *own = awsfiles_service(&s->files, s->profile, service, "endpoint_url");
    value = arena_strdup(&s->arena, own);
    mem_free(own);
    return value ? value : search_setting(s, s->profile, "endpoint_url");
}

/* All three variables come from one place: a session token belongs to its keys. */
static const char *variable(const struct search *s, bool own, const char *name)
{
    return own ? envfile_own(&s->env, name) : envfile_get(&s->env, name);
}

int creds_environment(struct search *s, struct creds *c, struct err *e)
{
    bool own =
        envfile_own(&s->env, "AWS_ACCESS_KEY_ID") || envfile_own(&s->env, "AWS_SECRET_ACCESS_KEY");
    const char *access_key = variable(s, own, "AWS_ACCESS_KEY_ID");
    const char *secret = variable(s, own, "AWS_SECRET_ACCESS_KEY");
    const char *where = own ? "env file" : "environment";
    if (!access_key && !secret)
        return 0;
    c->access_key = mem_strdup(access_key);
    c->secret = mem_strdup(secret);
    c->token = mem_strdup(variable(s, own, "AWS_SESSION_TOKEN"));
    if (!c->token)
        c->token = mem_strdup(variable(s, own, "AWS_SECURITY_TOKEN"));
    const char *expires = variable(s, own, "AWS_CREDENTIAL_EXPIRATION");
    if (expires && !keydoc_time(expires, &c->expires))
        return err_set(e, -ENOKEY, "AWS_CREDENTIAL_EXPIRATION of the %s is no time", where);
    return search_check(c, where, e);
}

/* Who names a profile by option wants its keys. */
static int unless_asked(struct search *s, struct creds *c, struct err *e)
{
    return s->query->profile ? 0 : creds_environment(s, c, e);
}

static int nowhere(const struct search *s, struct err *e)
{
    return err_set(e, -ENOKEY,
                   "no credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or write "
                   "profile '%s' into ~/.aws/credentials, or use --no-sign-request%s",
                   s->profile, buf_str(&s->notes));
}

/* The order that the AWS command line has, too. */
static int find_keys(struct search *s, struct creds *c, struct err *e)
{
    static int (*const steps[])(struct search *, struct creds *, struct err *) = {
        unless_asked, creds_role, creds_web_identity, creds_profile, creds_container, creds_machine,
    };
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < sizeof steps / sizeof *steps; i++)
        rc = steps[i](s, c, e);
    return rc > 0 ? 0 : rc < 0 ? rc : nowhere(s, e);
}

static int choose_profile(struct search *s, struct err *e)
{
    const char *name = s->query->profile;
    if (!name)
        name = envfile_get(&s->env, "AWS_PROFILE");
    if (!name)
        name = envfile_get(&s->env, "AWS_DEFAULT_PROFILE");
    s->profile = name ? name : "default";
    if (name && !awsfiles_has(&s->files, name))
        return err_set(e, -ENOENT, "there is no profile '%s' in the AWS credentials or config file",
                       name);
    return 0;
}

static int search_open(struct search *s, const struct creds_query *q, struct err *e)
{
    *s = (struct search){.query = q, .notes = BUF_EMPTY};
    arena_init(&s->arena);
    int rc = envfile_read(&s->env, q->env_file, e);
    if (rc == 0)
        rc = awsfiles_read(&s->files, &s->env, e);
    if (rc == 0)
        rc = choose_profile(s, e);
    if (rc < 0)
        return rc;
    const char *region = envfile_get(&s->env, "AWS_REGION");
    s->region = q->region ? q->region : region;
    if (!s->region)
        s->region = search_either(s, "AWS_DEFAULT_REGION", "region");
    s->ca_file = q->ca_file ? q->ca_file : search_either(s, "AWS_CA_BUNDLE", "ca_bundle");
    return 0;
}

static void search_close(struct search *s)
{
    envfile_close(&s->env);
    awsfiles_close(&s->files);
    arena_close(&s->arena);
    buf_close(&s->notes);
}

int creds_load(const struct creds_query *q, struct creds *c, struct err *e)
{
    struct search s;
    struct creds made = {0};
    int rc = search_open(&s, q, e);
    if (rc == 0 && !q->anonymous)
        rc = find_keys(&s, &made, e);
    if (rc == 0) {
        made.region = mem_strdup(s.region);
        made.endpoint = mem_strdup(search_endpoint(&s, "AWS_ENDPOINT_URL_S3", "s3"));
        made.ca_file = mem_strdup(s.ca_file);
        *c = made;
    } else {
        creds_close(&made);
    }
    search_close(&s);
    return rc;
}

enum sync_exit creds_why(int rc)
{
    switch (-rc) {
    case 0:
        return SYNC_OK;
    case ENOKEY:
    case EKEYEXPIRED:
        return SYNC_DENIED;
    case ENOENT:
    case EINVAL:
        return SYNC_USAGE;
    case EHOSTUNREACH:
    case ETIMEDOUT:
    case EPROTO:
        return SYNC_SERVER;
    case ECANCELED:
        return SYNC_SIGTERM;
    default:
        return SYNC_LOCAL;
    }
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
