/* Keys of profiles: written there, printed by a program, or lent by a role. */
#include <errno.h>
#include <string.h>

#include "base/fd.h"
#include "base/mem.h"
#include "sync/s3/helper.h"
#include "sync/s3/keydoc.h"
#include "sync/s3/search.h"
#include "sync/s3/sts.h"

enum { CHAIN_MAX = 5, TOKEN_LIMIT = 64 << 10 };

#define SESSION "mainstay-sync"

// --- what a profile has itself ----------------------------------------------------------------

static int written_in(struct search *s, enum awsfile which, const char *profile, struct creds *c,
                      struct err *e)
{
    c->access_key = awsfiles_in(&s->files, which, profile, "aws_access_key_id");
    c->secret = awsfiles_in(&s->files, which, profile, "aws_secret_access_key");
    c->token = awsfiles_in(&s->files, which, profile, "aws_session_token");
    if (!c->token)
        c->token = awsfiles_in(&s->files, which, profile, "aws_security_token");
    if (!c->access_key && !c->secret) {
        creds_close(c);
        return 0;
    }
    return search_check(
        c, which == AWSFILE_CREDENTIALS ? "AWS credentials file" : "AWS config file", e);
}

static int check_version(const struct buf *text, const char *from, struct err *e)
{
    int64_t version = 0;
    if (!keydoc_number(buf_str(text), text->len, "Version", &version) || version != 1)
        return err_set(e, -EPROTO, "%s: the answer is not of Version 1", from);
    return 0;
}

static int printed_by(struct search *s, const char *profile, struct creds *c, struct err *e)
{
    char *line = awsfiles_get(&s->files, profile, "credential_process");
    if (!line)
        return 0;
    const char *from = arena_printf(&s->arena, "credential_process of profile '%s'", profile);
    const struct helper helper = {
        .line = line, .time_ms = HELPER_TIME_MS, .cancelled = s->query->cancelled};
    struct buf out = BUF_EMPTY;
    int rc = helper_run(&helper, &out, e);
    if (rc < 0)
        (void)err_prefix(e, rc, "%s", from);
    if (rc == 0)
        rc = check_version(&out, from, e);
    if (rc == 0)
        rc = keydoc_read(buf_str(&out), out.len, from, c, e);
    if (out.data)
        explicit_bzero(out.data, out.room);
    buf_close(&out);
    mem_free(line);
    return rc < 0 ? rc == -ECANCELED ? rc : -ENOKEY : search_check(c, from, e);
}

static int own_keys(struct search *s, const char *profile, struct creds *c, struct err *e)
{
    int rc = written_in(s, AWSFILE_CREDENTIALS, profile, c, e);
    if (rc == 0)
        rc = printed_by(s, profile, c, e);
    if (rc == 0)
        rc = written_in(s, AWSFILE_CONFIG, profile, c, e);
    return rc;
}

static bool has_written_keys(struct search *s, const char *profile)
{
    return search_setting(s, profile, "aws_access_key_id") != NULL;
}

int creds_profile(struct search *s, struct creds *c, struct err *e)
{
    int rc = own_keys(s, s->profile, c, e);
    if (rc == 0 && (search_setting(s, s->profile, "sso_session") ||
                    search_setting(s, s->profile, "sso_start_url")))
        rc =
            err_set(e, -ENOKEY,
                    "profile '%s' signs in by SSO, which needs a browser: let the AWS CLI do it by "
                    "'credential_process = aws configure export-credentials --profile %s' in a "
                    "profile of its own",
                    s->profile, s->profile);
    return rc;
}

// --- roles ------------------------------------------------------------------------------------

static int assume(struct search *s, struct sts_role *role, const char *profile, struct creds *c,
                  struct err *e)
{
    const struct sts sts = {
        .endpoint = search_endpoint(s, "AWS_ENDPOINT_URL_STS", "sts"),
        .region = s->region,
        .ca_file = s->ca_file,
        .cancelled = s->query->cancelled,
    };
    role->session = role->session ? role->session : SESSION;
    int rc = sts_assume(&sts, role, c, e);
    if (rc < 0)
        return profile ? err_prefix(e, rc, "profile '%s'", profile) : rc;
    return search_check(c, "answer of STS", e);
}

/* Tokens are read anew each time: who mounts them replaces them. */
static int read_token(const char *path, struct buf *out, struct err *e)
{
    int rc = fd_read_file(path, TOKEN_LIMIT, out, e);
    while (out->len && strchr(" \t\r\n", out->data[out->len - 1]))
        out->data[--out->len] = '\0';
    if (rc == 0 && !out->len)
        rc = err_set(e, -ENOKEY, "%s is empty: it should hold a token", path);
    return rc < 0 ? -ENOKEY : 0;
}

struct web_identity {
    const char *arn;
    const char *file;
    const char *session;
    const char *profile; /* NULL: of the environment */
};

static int assume_by_token(struct search *s, const struct web_identity *w, struct creds *c,
                           struct err *e)
{
    struct buf token = BUF_EMPTY;
    int rc = read_token(w->file, &token, e);
    if (rc == 0) {
        struct sts_role role = {.arn = w->arn, .session = w->session, .token = buf_str(&token)};
        rc = assume(s, &role, w->profile, c, e);
    } else {
        (void)err_prefix(e, rc, "web identity");
    }
    if (token.data)
        explicit_bzero(token.data, token.room);
    buf_close(&token);
    return rc;
}

static int profile_web_identity(struct search *s, const char *profile, struct creds *c,
                                struct err *e)
{
    const struct web_identity w = {
        .arn = search_setting(s, profile, "role_arn"),
        .file = search_setting(s, profile, "web_identity_token_file"),
        .session = search_setting(s, profile, "role_session_name"),
        .profile = profile,
    };
    return w.arn && w.file ? assume_by_token(s, &w, c, e) : 0;
}

int creds_web_identity(struct search *s, struct creds *c, struct err *e)
{
    const struct web_identity w = {
        .arn = envfile_get(&s->env, "AWS_ROLE_ARN"),
        .file = envfile_get(&s->env, "AWS_WEB_IDENTITY_TOKEN_FILE"),
        .session = envfile_get(&s->env, "AWS_ROLE_SESSION_NAME"),
    };
    if (s->query->profile || !w.file)
        return profile_web_identity(s, s->profile, c, e);
    if (!w.arn)
        return err_set(e, -ENOKEY, "AWS_WEB_IDENTITY_TOKEN_FILE is set, but not AWS_ROLE_ARN");
    return assume_by_token(s, &w, c, e);
}

/* Profiles with a role, from the one that is wanted to the one whose keys are the first. */
struct chain {
    const char *roles[CHAIN_MAX]; /* profiles */
    size_t count;
    const char *source; /* profile with keys; or NULL: */
    const char *place;  /* credential_source */
};

static bool is_role(struct search *s, const char *profile)
{
    return search_setting(s, profile, "role_arn") &&
           !search_setting(s, profile, "web_identity_token_file");
}

/* One profile with a role: where its keys come from. */
static int add_role(struct search *s, struct chain *chain, const char *profile, struct err *e)
{
    const char *source = search_setting(s, profile, "source_profile");
    const char *place = search_setting(s, profile, "credential_source");
    if (search_setting(s, profile, "mfa_serial"))
        return err_set(e, -ENOKEY,
                       "profile '%s' wants a code from a person (mfa_serial): make keys beforehand "
                       "with 'aws sts get-session-token' and give them by --env-file",
                       profile);
    if (!source == !place)
        return err_set(e, -EINVAL,
                       "profile '%s' has a role_arn and needs one of source_profile and "
                       "credential_source",
                       profile);
    if (source && !awsfiles_has(&s->files, source))
        return err_set(e, -ENOENT, "source_profile of '%s': there is no profile '%s'", profile,
                       source);
    if (chain->count == CHAIN_MAX)
        return err_set(e, -EINVAL,
                       "source_profile of '%s' leads in a circle or through more than %d profiles",
                       s->profile, CHAIN_MAX);
    chain->roles[chain->count++] = profile;
    chain->source = source;
    chain->place = place;
    return 0;
}

static int follow(struct search *s, struct chain *chain, struct err *e)
{
    int rc = add_role(s, chain, s->profile, e);
    while (rc == 0 && chain->source && !has_written_keys(s, chain->source) &&
           is_role(s, chain->source))
        rc = add_role(s, chain, chain->source, e);
    return rc;
}

static int first_keys(struct search *s, const struct chain *chain, struct creds *c, struct err *e)
{
    const char *last = chain->roles[chain->count - 1];
    int rc = 0;
    if (chain->source) {
        rc = profile_web_identity(s, chain->source, c, e);
        if (rc == 0)
            rc = own_keys(s, chain->source, c, e);
        return rc ? rc
                  : err_set(e, -ENOKEY, "profile '%s', the source_profile of '%s', has no keys",
                            chain->source, last);
    }
    if (strcmp(chain->place, "Environment") == 0)
        rc = creds_environment(s, c, e);
    else if (strcmp(chain->place, "EcsContainer") == 0)
        rc = creds_container(s, c, e);
    else if (strcmp(chain->place, "Ec2InstanceMetadata") == 0)
        rc = creds_machine(s, c, e);
    else
        return err_set(e, -EINVAL,
                       "credential_source of profile '%s' must be Environment, EcsContainer or "
                       "Ec2InstanceMetadata",
                       last);
    return rc ? rc
              : err_set(e, -ENOKEY, "credential_source of profile '%s': %s has no keys", last,
                        chain->place);
}

/* The keys in c are good for asking for the role's, which take their place. */
static int climb(struct search *s, const char *profile, struct creds *c, struct err *e)
{
    struct creds made = {0};
    struct sts_role role = {
        .arn = search_setting(s, profile, "role_arn"),
        .session = search_setting(s, profile, "role_session_name"),
        .external_id = search_setting(s, profile, "external_id"),
        .duration = search_setting(s, profile, "duration_seconds"),
        .source = c,
    };
    int rc = assume(s, &role, profile, &made, e);
    creds_close(c);
    *c = made;
    return rc;
}

int creds_role(struct search *s, struct creds *c, struct err *e)
{
    struct chain chain = {0};
    if (!is_role(s, s->profile))
        return 0;
    int rc = follow(s, &chain, e);
    if (rc == 0)
        rc = first_keys(s, &chain, c, e);
    for (size_t i = chain.count; rc >= 0 && i > 0; i--)
        rc = climb(s, chain.roles[i - 1], c, e);
    return rc;
}
