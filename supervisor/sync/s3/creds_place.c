/* Keys that the place where we run hands out: a container's agent, or the machine's metadata. */
#include <ctype.h>
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/mem.h"
#include "base/parse.h"
#include "sync/s3/http.h"
#include "sync/s3/keydoc.h"
#include "sync/s3/search.h"

enum {
    CONTAINER_MS = 2000,
    CONTAINER_TRIES = 3,
    MACHINE_MS = 1000,
    TOKEN_LIMIT = 64 << 10,
    ROLE_LENGTH = 256,
    EXTENSION = 600, /* seconds that keys of the machine are used beyond their end */
    PAUSE_MS = 100,
};

#define MACHINE "the metadata service of this machine"
#define CONTAINER "the container's credentials endpoint"
#define SECRETS_PATH "/latest/meta-data/iam/security-credentials/"

/* Waits a little before another try; false: somebody has cancelled it. */
static bool pause_before(const struct search *s, int try)
{
    const atomic_bool *cancelled = s->query->cancelled;
    (void)poll(NULL, 0, try * PAUSE_MS);
    return !cancelled || !atomic_load(cancelled);
}

/* Only what another try may make better is tried again. */
static int ask(const struct search *s, struct http_request *r, int tries, struct http_answer *a,
               struct err *e)
{
    r->cancelled = s->query->cancelled;
    for (int i = 1;; i++) {
        int rc = http_ask(r, a, e);
        bool again = rc == -EHOSTUNREACH || rc == -ETIMEDOUT ||
                     (rc == 0 && (a->status >= 500 || a->status == 429));
        if (!again || i >= tries || !pause_before(s, i))
            return rc;
        if (rc == 0)
            http_answer_close(a);
    }
}

/* A server that echoes what it was sent must not bring it into a sentence. */
static bool repeats(const char *words, const char *header)
{
    const char *secret = header ? strstr(header, ": ") : NULL;
    return secret && secret[2] && strstr(words, secret + 2);
}

/* "HOST answers 403 (code: message)"; `header` holds what must not be said, or is NULL */
static int refuse(const char *from, const struct http_answer *a, const char *header, struct err *e)
{
    struct buf words = BUF_EMPTY;
    keydoc_complaint(buf_str(&a->body), a->body.len, &words);
    if (repeats(buf_str(&a->body), header) || repeats(buf_str(&words), header))
        buf_clear(&words);
    int rc = err_set(e, -ENOKEY, "%s answers with status %ld%s%s", from, a->status,
                     words.len ? ": " : "", buf_str(&words));
    buf_close(&words);
    return rc;
}

/* The keys in an answer of status 200, or why there are none. */
static int read_answer(const char *from, const struct http_answer *a, const char *header,
                       struct creds *c, struct err *e)
{
    if (a->status != 200)
        return refuse(from, a, header, e);
    int rc = keydoc_read(buf_str(&a->body), a->body.len, from, c, e);
    if (rc < 0 && (repeats(buf_str(&a->body), header) || repeats(e->text, header)))
        return err_set(e, rc, "%s hands out no keys, and repeats our token", from);
    return rc;
}

// --- containers -------------------------------------------------------------------------------

/* Tokens go without encryption only where nobody else listens. */
static const char *const agents[] = {"169.254.170.2", "169.254.170.23", "fd00:ec2::23", NULL};

static int container_url(struct search *s, const char **url, struct err *e)
{
    const char *relative = envfile_get(&s->env, "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");
    const char *full = envfile_get(&s->env, "AWS_CONTAINER_CREDENTIALS_FULL_URI");
    *url = relative ? arena_printf(&s->arena, "http://169.254.170.2%s%s",
                                   *relative == '/' ? "" : "/", relative)
                    : full;
    if (!*url)
        return 0;
    if (!relative && !http_is_private(full, agents))
        return err_set(e, -EINVAL,
                       "AWS_CONTAINER_CREDENTIALS_FULL_URI must begin with https://, or be http:// "
                       "of localhost or of the agent of ECS or EKS");
    return 1;
}

/* What goes into a header must not be able to start another one. */
static bool is_header_text(const struct buf *text)
{
    for (size_t i = 0; i < text->len; i++) {
        if (iscntrl((unsigned char)text->data[i]))
            return false;
    }
    return true;
}

static void cut_blanks(struct buf *text)
{
    while (text->len && strchr(" \t\r\n", text->data[text->len - 1]))
        text->data[--text->len] = '\0';
}

/* "authorization: ..." owned by the caller; NULL with 0: there is none. */
static int container_header(struct search *s, char **header, struct err *e)
{
    const char *file = envfile_get(&s->env, "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE");
    const char *token = envfile_get(&s->env, "AWS_CONTAINER_AUTHORIZATION_TOKEN");
    struct buf text = BUF_EMPTY;
    int rc = file ? fd_read_file(file, TOKEN_LIMIT, &text, e) : 0;
    if (rc == 0 && !file && token)
        buf_text(&text, token);
    cut_blanks(&text);
    if (rc == 0 && !is_header_text(&text))
        rc = err_set(e, -ENOKEY, "the authorization token is not one line of text");
    if (rc == 0 && text.len)
        *header = mem_printf("authorization: %s", buf_str(&text));
    if (text.data)
        explicit_bzero(text.data, text.room);
    buf_close(&text);
    return rc < 0 ? err_prefix(e, -ENOKEY, CONTAINER) : 0;
}

int creds_container(struct search *s, struct creds *c, struct err *e)
{
    const char *url = NULL;
    char *header = NULL;
    struct http_answer a;
    int rc = container_url(s, &url, e);
    if (rc <= 0)
        return rc;
    rc = container_header(s, &header, e);
    if (rc < 0)
        return rc;
    struct http_request r = {
        .method = "GET",
        .url = url,
        .headers = {"accept: application/json", header},
        .connect_ms = CONTAINER_MS,
        .total_ms = CONTAINER_MS,
        .ca_file = s->ca_file,
    };
    rc = ask(s, &r, CONTAINER_TRIES, &a, e);
    if (rc < 0) {
        (void)err_prefix(e, rc, CONTAINER);
    } else {
        rc = read_answer(CONTAINER, &a, header, c, e);
        http_answer_close(&a);
    }
    if (header)
        explicit_bzero(header, strlen(header));
    mem_free(header);
    return rc < 0 ? rc : search_check(c, "answer of " CONTAINER, e);
}

// --- the machine ------------------------------------------------------------------------------

struct machine {
    const char *origin; /* "http://169.254.169.254" */
    char *header;       /* "x-aws-ec2-metadata-token: ...", owned; NULL: version 1 of the service */
    int64_t ms;         /* for each request */
    int tries;
    bool second_only; /* version 2 or nothing */
};

static int64_t number_of(struct search *s, const char *variable, const char *key, int64_t otherwise,
                         int64_t max)
{
    const char *text = search_either(s, variable, key);
    int64_t n = 0;
    return text && parse_int(text, &n, NULL) == 0 && n >= 1 && n <= max ? n : otherwise;
}

static bool is_true(const char *text)
{
    return text && strcasecmp(text, "true") == 0;
}

static struct machine machine_of(struct search *s)
{
    const char *origin =
        search_either(s, "AWS_EC2_METADATA_SERVICE_ENDPOINT", "ec2_metadata_service_endpoint");
    const char *mode = search_either(s, "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE",
                                     "ec2_metadata_service_endpoint_mode");
    bool six = mode && strcasecmp(mode, "ipv6") == 0;
    size_t len = origin ? strlen(origin) : 0;
    while (len && origin[len - 1] == '/')
        len--;
    return (struct machine){
        .origin = len   ? arena_strndup(&s->arena, origin, len)
                  : six ? "http://[fd00:ec2::254]"
                        : "http://169.254.169.254",
        .ms = MACHINE_MS *
              number_of(s, "AWS_METADATA_SERVICE_TIMEOUT", "metadata_service_timeout", 1, 60),
        .tries = (int)number_of(s, "AWS_METADATA_SERVICE_NUM_ATTEMPTS",
                                "metadata_service_num_attempts", 1, 10),
        .second_only =
            is_true(search_either(s, "AWS_EC2_METADATA_V1_DISABLED", "ec2_metadata_v1_disabled")),
    };
}

/* This is no place with keys after all; why is said at the end. */
static int note(struct search *s, const char *why)
{
    buf_printf(&s->notes, "; " MACHINE ": %s", why);
    return 0;
}

static bool is_version_one(int rc, long status)
{
    return rc == -ETIMEDOUT || (rc == 0 && (status == 403 || status == 404 || status == 405));
}

/*
 * The first request of version 2. 1: go on, with or without a token; 0: nobody is there. A service
 * that does not know it, or whose answer does not come through to a container, has version 1.
 */
static int start_session(struct search *s, struct machine *m, struct err *e)
{
    struct http_answer a = {.body = BUF_EMPTY};
    struct http_request r = {
        .method = "PUT",
        .url = arena_printf(&s->arena, "%s/latest/api/token", m->origin),
        .headers = {"x-aws-ec2-metadata-token-ttl-seconds: 21600"},
        .body = "",
        .connect_ms = m->ms,
        .total_ms = m->ms,
    };
    int rc = ask(s, &r, m->tries, &a, e);
    long status = a.status;
    if (rc == 0)
        cut_blanks(&a.body);
    if (rc == 0 && status == 200 && a.body.len && is_header_text(&a.body))
        m->header = mem_printf("x-aws-ec2-metadata-token: %s", a.body.data);
    if (rc == 0)
        http_answer_close(&a);
    if (m->header || (is_version_one(rc, status) && !m->second_only))
        return 1;
    if (rc == -ECANCELED)
        return rc;
    return note(s, rc < 0 ? e->text : "it does not hand out a token (version 2)");
}

/* 0 and *a is to be closed, whatever its status. */
static int ask_machine(struct search *s, const struct machine *m, const char *role,
                       struct http_answer *a, struct err *e)
{
    struct http_request r = {
        .method = "GET",
        .url = arena_printf(&s->arena, "%s" SECRETS_PATH "%s", m->origin, role),
        .headers = {m->header},
        .connect_ms = m->ms,
        .total_ms = m->ms,
    };
    return ask(s, &r, m->tries, a, e);
}

/* The first line, when it is a name of a role. */
static const char *role_in(struct search *s, const struct buf *body)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                  "+=,.@_-";
    size_t len = strspn(buf_str(body), letters);
    const char *end = buf_str(body) + len;
    if (!len || len > ROLE_LENGTH || (*end && *end != '\n' && *end != '\r'))
        return NULL;
    return arena_strndup(&s->arena, body->data, len);
}

static int find_role(struct search *s, const struct machine *m, const char **role, struct err *e)
{
    struct http_answer a;
    int rc = ask_machine(s, m, "", &a, e);
    if (rc == -ECANCELED)
        return rc;
    if (rc < 0)
        return note(s, e->text);
    *role = a.status == 200 ? role_in(s, &a.body) : NULL;
    bool empty = a.status == 404 || (a.status == 200 && a.body.len == 0);
    http_answer_close(&a);
    if (*role)
        return 1;
    return note(s, empty ? "the machine has no role" : "its answer makes no sense");
}

/* When the service cannot renew keys in time, it hands out the old ones, and S3 takes them. */
static void extend(struct creds *c)
{
    int64_t now = clock_wall() / 1000;
    if (c->expires && c->expires <= now)
        c->expires = now + EXTENSION;
}

static int read_keys(struct search *s, const struct machine *m, const char *role, struct creds *c,
                     struct err *e)
{
    struct http_answer a;
    int rc = ask_machine(s, m, role, &a, e);
    if (rc < 0)
        return err_prefix(e, rc, MACHINE);
    rc = read_answer(MACHINE, &a, m->header, c, e);
    http_answer_close(&a);
    if (rc < 0)
        return rc;
    extend(c);
    return search_check(c, "answer of " MACHINE, e);
}

int creds_machine(struct search *s, struct creds *c, struct err *e)
{
    const char *role = NULL;
    if (is_true(envfile_get(&s->env, "AWS_EC2_METADATA_DISABLED")))
        return 0;
    struct machine m = machine_of(s);
    int rc = start_session(s, &m, e);
    if (rc == 1)
        rc = find_role(s, &m, &role, e);
    if (rc == 1)
        rc = read_keys(s, &m, role, c, e);
    if (m.header)
        explicit_bzero(m.header, strlen(m.header));
    mem_free(m.header);
    return rc;
}
