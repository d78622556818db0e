#include "sync/s3/reply.h"

#include <expat.h>
#include <string.h>

enum { REPLY_MAX = 1 << 20 };

struct reply {
    XML_Parser parser;
    const char *root;
    const char *name;
    char *out;
    size_t size;
    size_t len;
    int depth;
    int open_at; /* depth of the element being read; 0: none */
    bool found;
    bool bad;
};

static const char *local_name(const char *name)
{
    const char *bar = strrchr(name, '|');
    return bar ? bar + 1 : name;
}

static void XMLCALL on_open(void *ctx, const XML_Char *full, const XML_Char **attributes)
{
    (void)attributes;
    struct reply *r = ctx;
    const char *name = local_name(full);
    r->depth++;
    if (r->depth == 1 && strcmp(name, r->root) != 0)
        r->bad = true;
    if (r->depth > 1 && !r->found && r->open_at == 0 && strcmp(name, r->name) == 0)
        r->open_at = r->depth;
    if (r->bad)
        (void)XML_StopParser(r->parser, XML_FALSE);
}

static void XMLCALL on_close(void *ctx, const XML_Char *full)
{
    (void)full;
    struct reply *r = ctx;
    if (r->open_at == r->depth) {
        r->open_at = 0;
        r->found = true;
    }
    r->depth--;
}

static void XMLCALL on_text(void *ctx, const XML_Char *text, int len)
{
    struct reply *r = ctx;
    if (r->open_at == 0)
        return;
    if (r->len + (size_t)len >= r->size) {
        r->bad = true;
        (void)XML_StopParser(r->parser, XML_FALSE);
        return;
    }
    memcpy(r->out + r->len, text, (size_t)len);
    r->len += (size_t)len;
}

/* Entities live in a document type, which no server sends. */
static void XMLCALL on_doctype(void *ctx, const XML_Char *name, const XML_Char *sysid,
                               const XML_Char *pubid, int has_subset)
{
    (void)name;
    (void)sysid;
    (void)pubid;
    (void)has_subset;
    struct reply *r = ctx;
    r->bad = true;
    (void)XML_StopParser(r->parser, XML_FALSE);
}

bool reply_text(const char *data, size_t len, const char *root, const char *name, char *out,
                size_t size)
{
    struct reply r = {.root = root, .name = name, .out = out, .size = size};
    if (len > REPLY_MAX || !(r.parser = XML_ParserCreateNS(NULL, '|')))
        return false;
    XML_SetUserData(r.parser, &r);
    XML_SetElementHandler(r.parser, on_open, on_close);
    XML_SetCharacterDataHandler(r.parser, on_text);
    XML_SetStartDoctypeDeclHandler(r.parser, on_doctype);
    bool parsed = XML_Parse(r.parser, data, (int)len, XML_TRUE) == XML_STATUS_OK;
    XML_ParserFree(r.parser);
    if (!parsed || r.bad || !r.found)
        return false;
    out[r.len] = '\0';
    return true;
}
