#include "sync/s3/keydoc.h"

#include <ctype.h>
#include <errno.h>
#include <jansson.h>
#include <string.h>
#include <time.h>

#include "base/mem.h"

enum { KEYDOC_WORDS = 300 };

void keydoc_words(struct buf *out, const char *text)
{
    for (size_t i = 0; i < KEYDOC_WORDS && text[i]; i++)
        buf_char(out, iscntrl((unsigned char)text[i]) ? ' ' : text[i]);
}

static const char *skip_digits(const char *text)
{
    while (isdigit((unsigned char)*text))
        text++;
    return text;
}

/* "Z", "+01:00" or "-0330": the seconds that clocks there are ahead; false: something else. */
static bool read_offset(const char *text, int *out)
{
    if (strcmp(text, "Z") == 0 || strcmp(text, "z") == 0) {
        *out = 0;
        return true;
    }
    bool ahead = *text == '+';
    if (!ahead && *text != '-')
        return false;
    struct tm tm = {0};
    const char *end = strptime(text + 1, strchr(text, ':') ? "%H:%M" : "%H%M", &tm);
    if (!end || *end)
        return false;
    *out = (tm.tm_hour * 3600 + tm.tm_min * 60) * (ahead ? 1 : -1);
    return true;
}

bool keydoc_time(const char *text, int64_t *out)
{
    struct tm tm = {0};
    int offset = 0;
    const char *end = strptime(text, "%Y-%m-%dT%H:%M:%S", &tm);
    if (end && *end == '.')
        end = skip_digits(end + 1);
    if (!end || !read_offset(end, &offset))
        return false;
    *out = (int64_t)timegm(&tm) - offset;
    return true;
}

static const char *text_of(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    return text && *text ? text : NULL;
}

/* jansson frees without wiping. */
static void wipe(const json_t *object)
{
    static const char *const secrets[] = {"SecretAccessKey", "Token", "SessionToken"};
    for (size_t i = 0; i < sizeof secrets / sizeof *secrets; i++) {
        const json_t *value = json_object_get(object, secrets[i]);
        if (json_string_length(value))
            explicit_bzero((void *)(uintptr_t)json_string_value(value), json_string_length(value));
    }
}

static void append_complaint(const json_t *object, struct buf *out)
{
    const char *code = text_of(object, "Code") ? text_of(object, "Code") : text_of(object, "code");
    const char *message = text_of(object, "Message");
    if (!message)
        message = text_of(object, "message");
    if (code)
        keydoc_words(out, code);
    if (code && message)
        buf_text(out, ": ");
    if (message)
        keydoc_words(out, message);
}

void keydoc_complaint(const char *text, size_t len, struct buf *out)
{
    json_t *object = json_loadb(text, len, 0, NULL);
    append_complaint(object, out);
    json_decref(object);
}

bool keydoc_number(const char *text, size_t len, const char *name, int64_t *out)
{
    json_t *object = json_loadb(text, len, 0, NULL);
    const json_t *value = json_object_get(object, name);
    bool found = json_is_integer(value);
    if (found)
        *out = json_integer_value(value);
    wipe(object);
    json_decref(object);
    return found;
}

static int complain(const json_t *object, const char *from, struct err *e)
{
    struct buf words = BUF_EMPTY;
    append_complaint(object, &words);
    int rc = err_set(e, -ENOKEY, "%s hands out no keys: %s", from,
                     words.len ? buf_str(&words) : "it does not say why");
    buf_close(&words);
    return rc;
}

static int take_keys(const json_t *object, const char *from, struct creds *c, struct err *e)
{
    const char *code = text_of(object, "Code");
    if (code && strcmp(code, "Success") != 0)
        return complain(object, from, e);
    const char *access_key = text_of(object, "AccessKeyId");
    const char *secret = text_of(object, "SecretAccessKey");
    if (!access_key && !secret && (text_of(object, "message") || text_of(object, "Message")))
        return complain(object, from, e);
    if (!access_key || !secret)
        return err_set(e, -EPROTO, "%s: the answer has no AccessKeyId and SecretAccessKey", from);
    const char *expires = text_of(object, "Expiration");
    int64_t end = 0;
    if (expires && !keydoc_time(expires, &end))
        return err_set(e, -EPROTO, "%s: the Expiration of the keys is no time", from);
    const char *token = text_of(object, "Token");
    c->access_key = mem_strdup(access_key);
    c->secret = mem_strdup(secret);
    c->token = mem_strdup(token ? token : text_of(object, "SessionToken"));
    c->expires = end;
    return 0;
}

int keydoc_read(const char *text, size_t len, const char *from, struct creds *c, struct err *e)
{
    json_t *object = json_loadb(text, len, 0, NULL);
    int rc = json_is_object(object)
                 ? take_keys(object, from, c, e)
                 : err_set(e, -EPROTO, "%s: the answer is no JSON object with keys", from);
    wipe(object);
    json_decref(object);
    return rc;
}
