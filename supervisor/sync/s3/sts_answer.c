#include <errno.h>
#include <expat.h>
#include <stdbool.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "sync/s3/sts.h"

enum { STS_TEXT_LIMIT = 64 << 10 };

struct member {
    const char *parent;
    const char *name;
    size_t offset;
};

// clang-format off
static const struct member members[] = {
    {"Credentials", "AccessKeyId",     offsetof(struct sts_answer, access_key)},
    {"Credentials", "SecretAccessKey", offsetof(struct sts_answer, secret)},
    {"Credentials", "SessionToken",    offsetof(struct sts_answer, token)},
    {"Credentials", "Expiration",      offsetof(struct sts_answer, expiration)},
    {"Error",       "Code",            offsetof(struct sts_answer, code)},
    {"Error",       "Message",         offsetof(struct sts_answer, message)},
};
// clang-format on
enum { MEMBER_COUNT = sizeof members / sizeof *members };

struct sts_reader {
    XML_Parser parser;
    struct sts_answer *answer;
    const char *parent;           /* of `members`, that is open; or NULL */
    const struct member *current; /* that is open; or NULL */
    struct buf text;              /* of the current one */
};

static char **text_of(struct sts_answer *a, const struct member *m)
{
    return (char **)(void *)((char *)a + m->offset);
}

static void XMLCALL on_start(void *ctx, const XML_Char *name, const XML_Char **attributes)
{
    (void)attributes;
    struct sts_reader *r = ctx;
    r->current = NULL;
    for (size_t i = 0; i < MEMBER_COUNT; i++) {
        if (r->parent == members[i].parent && strcmp(name, members[i].name) == 0)
            r->current = &members[i];
    }
    for (size_t i = 0; !r->parent && i < MEMBER_COUNT; i++) {
        if (strcmp(name, members[i].parent) == 0)
            r->parent = members[i].parent;
    }
    buf_clear(&r->text);
}

static void XMLCALL on_end(void *ctx, const XML_Char *name)
{
    struct sts_reader *r = ctx;
    if (r->current && r->text.len && !*text_of(r->answer, r->current))
        *text_of(r->answer, r->current) = mem_strdup(buf_str(&r->text));
    if (r->parent && strcmp(name, r->parent) == 0)
        r->parent = NULL;
    r->current = NULL;
}

static void XMLCALL on_text(void *ctx, const XML_Char *text, int len)
{
    struct sts_reader *r = ctx;
    if (r->current && r->text.len + (size_t)len <= STS_TEXT_LIMIT)
        buf_append(&r->text, text, (size_t)len);
}

/* No answer of STS has one; entities begin there. */
static void XMLCALL on_doctype(void *ctx, const XML_Char *name, const XML_Char *system,
                               const XML_Char *public, int internal)
{
    (void)name, (void)system, (void)public, (void)internal;
    struct sts_reader *r = ctx;
    (void)XML_StopParser(r->parser, XML_FALSE);
}

/* Two members of different parents never have the same name, so strings of `members` compare. */
int sts_read(const char *text, size_t len, struct sts_answer *a)
{
    struct sts_reader r = {.parser = XML_ParserCreate(NULL), .answer = a, .text = BUF_EMPTY};
    if (!r.parser)
        return -ENOMEM;
    XML_SetUserData(r.parser, &r);
    XML_SetElementHandler(r.parser, on_start, on_end);
    XML_SetCharacterDataHandler(r.parser, on_text);
    XML_SetStartDoctypeDeclHandler(r.parser, on_doctype);
    bool ok = XML_Parse(r.parser, text, (int)len, 1) == XML_STATUS_OK;
    XML_ParserFree(r.parser);
    if (r.text.data)
        explicit_bzero(r.text.data, r.text.room);
    buf_close(&r.text);
    return ok ? 0 : -EPROTO;
}

void sts_answer_close(struct sts_answer *a)
{
    for (size_t i = 0; i < MEMBER_COUNT; i++) {
        char **text = text_of(a, &members[i]);
        if (*text)
            explicit_bzero(*text, strlen(*text));
        mem_free(*text);
        *text = NULL;
    }
}
