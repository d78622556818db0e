/* The reading half of the codec: expat's events, an element table, a stack of open values. */
#include <errno.h>
#include <expat.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/base64.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/parse.h"
#include "control/xmlrpc.h"

/* One level of an array is three elements: value, array, data; of a struct as well. */
enum { ELEMENTS_DEEP = 3 * LIMIT_DEPTH + 8 };

enum element {
    AT_TOP,
    AT_CALL,
    AT_ANSWER,
    AT_METHOD,
    AT_PARAMS,
    AT_PARAM,
    AT_FAULT,
    AT_VALUE,
    AT_ARRAY,
    AT_DATA,
    AT_STRUCT,
    AT_MEMBER,
    AT_NAME,
    AT_INT,
    AT_BOOLEAN,
    AT_STRING,
    AT_DOUBLE,
    AT_BASE64,
    AT_NIL,
    AT_COUNT
};

#define UNDER(element) (1U << (element))

// clang-format off
/* Every element, what it is, and where it may stand. */
static const struct element_row {
    const char *name;
    enum element is;
    unsigned under;
} elements[] = {
    {"methodCall",       AT_CALL,    UNDER(AT_TOP)},
    {"methodResponse",   AT_ANSWER,  UNDER(AT_TOP)},
    {"methodName",       AT_METHOD,  UNDER(AT_CALL)},
    {"params",           AT_PARAMS,  UNDER(AT_CALL) | UNDER(AT_ANSWER)},
    {"param",            AT_PARAM,   UNDER(AT_PARAMS)},
    {"fault",            AT_FAULT,   UNDER(AT_ANSWER)},
    {"value",            AT_VALUE,   UNDER(AT_PARAM) | UNDER(AT_FAULT) | UNDER(AT_DATA) |
                                     UNDER(AT_MEMBER)},
    {"array",            AT_ARRAY,   UNDER(AT_VALUE)},
    {"data",             AT_DATA,    UNDER(AT_ARRAY)},
    {"struct",           AT_STRUCT,  UNDER(AT_VALUE)},
    {"member",           AT_MEMBER,  UNDER(AT_STRUCT)},
    {"name",             AT_NAME,    UNDER(AT_MEMBER)},
    {"int",              AT_INT,     UNDER(AT_VALUE)},
    {"i4",               AT_INT,     UNDER(AT_VALUE)},
    {"i8",               AT_INT,     UNDER(AT_VALUE)},
    {"boolean",          AT_BOOLEAN, UNDER(AT_VALUE)},
    {"string",           AT_STRING,  UNDER(AT_VALUE)},
    {"double",           AT_DOUBLE,  UNDER(AT_VALUE)},
    {"dateTime.iso8601", AT_STRING,  UNDER(AT_VALUE)},
    {"base64",           AT_BASE64,  UNDER(AT_VALUE)},
    {"nil",              AT_NIL,     UNDER(AT_VALUE)},
};
// clang-format on
_Static_assert(sizeof elements / sizeof *elements == AT_COUNT + 2,
               "a row for each element but the top, and three more names for the same");

/* An array or struct that is still open. */
struct level {
    json_t *value;
    char *name; /* struct: the member whose value comes next; owned */
};

struct reader {
    XML_Parser parser;
    struct err *e;
    int rc; /* the first fault that was found */
    size_t values_left;
    enum element root; /* what the document has to be */
    enum element path[ELEMENTS_DEEP];
    size_t depth; /* path[depth - 1] is the open element, path[0] is AT_TOP */
    struct level levels[LIMIT_DEPTH];
    size_t level_count;
    struct buf text; /* of the innermost element */
    json_t *done;    /* the value just read, not yet in its place */
    char *method;
    json_t *params;
    json_t *fault;
};

static void reader_fail(struct reader *r, int code, const char *what)
{
    if (r->rc != 0)
        return;
    r->rc = err_set(r->e, code, "line %lu of the XML-RPC document: %s",
                    XML_GetCurrentLineNumber(r->parser), what);
    (void)XML_StopParser(r->parser, XML_FALSE);
}

static enum element reader_parent(const struct reader *r)
{
    return r->depth >= 2 ? r->path[r->depth - 2] : AT_TOP;
}

static void reader_open_level(struct reader *r, json_t *value)
{
    if (r->level_count == LIMIT_DEPTH) {
        json_decref(value);
        reader_fail(r, -EMSGSIZE, "values are nested too deeply");
        return;
    }
    r->levels[r->level_count++] = (struct level){.value = value};
}

static void reader_close_level(struct reader *r)
{
    struct level *l = &r->levels[--r->level_count];
    mem_free(l->name);
    r->done = l->value;
}

/* `element` starts and is already on the path. */
static void reader_start(struct reader *r, enum element element)
{
    buf_clear(&r->text);
    if (reader_parent(r) == AT_VALUE && r->done)
        reader_fail(r, -EINVAL, "a value holds more than one thing");
    else if (element == AT_VALUE && r->values_left-- == 0)
        reader_fail(r, -EMSGSIZE, "there are too many values");
    else if (element == AT_ARRAY)
        reader_open_level(r, json_array());
    else if (element == AT_STRUCT)
        reader_open_level(r, json_object());
}

/* NULL when XML-RPC has no such element here. */
static const struct element_row *reader_find(const struct reader *r, const char *name)
{
    enum element parent = r->path[r->depth - 1];
    for (size_t i = 0; i < sizeof elements / sizeof *elements; i++) {
        if ((elements[i].under & UNDER(parent)) && strcmp(elements[i].name, name) == 0)
            return parent != AT_TOP || elements[i].is == r->root ? &elements[i] : NULL;
    }
    return NULL;
}

static void on_start(void *ctx, const char *name, const char **attributes)
{
    struct reader *r = ctx;
    (void)attributes;
    if (r->rc != 0)
        return;
    const struct element_row *row = reader_find(r, name);
    if (!row) {
        reader_fail(r, -EINVAL, "an element stands where XML-RPC has no such element");
        return;
    }
    if (r->depth == ELEMENTS_DEEP) {
        reader_fail(r, -EMSGSIZE, "elements are nested too deeply");
        return;
    }
    r->path[r->depth++] = row->is;
    reader_start(r, row->is);
}

static json_t *read_int(const char *text)
{
    int64_t number = 0;
    return parse_int(text, &number, NULL) == 0 ? json_integer(number) : NULL;
}

/* Supervisor takes 1 for true and anything else for false. */
static json_t *read_boolean(const char *text)
{
    int64_t number = 0;
    return json_boolean(parse_int(text, &number, NULL) == 0 && number == 1);
}

static json_t *read_double(const char *text)
{
    char *end = NULL;
    double number = strtod(text, &end);
    if (end == text || end[strspn(end, " \t\r\n")] != '\0')
        return NULL;
    return json_real(number); /* NULL for infinities and not-a-number */
}

static json_t *read_base64(const struct buf *text)
{
    struct buf bytes = BUF_EMPTY;
    json_t *value = NULL;
    if (base64_decode(&bytes, buf_str(text), text->len) == 0)
        value = xmlrpc_string(buf_str(&bytes), bytes.len);
    buf_close(&bytes);
    return value;
}

/* A finished simple value, NULL when its text is not one. */
static json_t *read_scalar(enum element element, const struct buf *text)
{
    if (element == AT_INT)
        return read_int(buf_str(text));
    if (element == AT_BOOLEAN)
        return read_boolean(buf_str(text));
    if (element == AT_DOUBLE)
        return read_double(buf_str(text));
    if (element == AT_BASE64)
        return read_base64(text);
    if (element == AT_NIL)
        return json_null();
    return json_stringn(buf_str(text), text->len);
}

static void reader_place_member(struct reader *r, struct level *l, json_t *value)
{
    if (!l->name) {
        json_decref(value);
        reader_fail(r, -EINVAL, "a member of a struct has a value without a name");
        return;
    }
    (void)json_object_set_new(l->value, l->name, value);
    mem_free(l->name);
    l->name = NULL;
}

/* </value>: puts what was read where its parent wants it. */
static void reader_place(struct reader *r)
{
    json_t *value = r->done ? r->done : json_stringn(buf_str(&r->text), r->text.len);
    enum element parent = reader_parent(r);
    r->done = NULL;
    if (parent == AT_PARAM) {
        (void)json_array_append_new(r->params, value);
    } else if (parent == AT_FAULT) {
        json_decref(r->fault);
        r->fault = value;
    } else if (parent == AT_DATA) {
        (void)json_array_append_new(r->levels[r->level_count - 1].value, value);
    } else {
        reader_place_member(r, &r->levels[r->level_count - 1], value);
    }
}

static void reader_named(struct reader *r)
{
    struct level *l = &r->levels[r->level_count - 1];
    if (l->name)
        reader_fail(r, -EINVAL, "a member of a struct has two names");
    else
        l->name = mem_strndup(buf_str(&r->text), r->text.len);
}

static void reader_end(struct reader *r, enum element element)
{
    switch (element) {
    case AT_METHOD:
        mem_free(r->method);
        r->method = mem_strndup(buf_str(&r->text), r->text.len);
        break;
    case AT_NAME:
        reader_named(r);
        break;
    case AT_ARRAY:
    case AT_STRUCT:
        reader_close_level(r);
        break;
    case AT_VALUE:
        reader_place(r);
        break;
    case AT_INT:
    case AT_BOOLEAN:
    case AT_STRING:
    case AT_DOUBLE:
    case AT_BASE64:
    case AT_NIL:
        r->done = read_scalar(element, &r->text);
        if (!r->done)
            reader_fail(r, -EINVAL, "a value is not of the type it says");
        break;
    case AT_MEMBER:
        if (r->levels[r->level_count - 1].name)
            reader_fail(r, -EINVAL, "a member of a struct has no value");
        break;
    case AT_TOP:
    case AT_CALL:
    case AT_ANSWER:
    case AT_PARAMS:
    case AT_PARAM:
    case AT_FAULT:
    case AT_DATA:
    case AT_COUNT:
        break;
    }
}

static void on_end(void *ctx, const char *name)
{
    struct reader *r = ctx;
    (void)name;
    if (r->rc != 0)
        return;
    reader_end(r, r->path[r->depth - 1]);
    r->depth--;
    buf_clear(&r->text);
}

static void on_text(void *ctx, const char *text, int len)
{
    struct reader *r = ctx;
    if (r->rc == 0)
        buf_append(&r->text, text, (size_t)len);
}

/* Entities live in document types: without the one there are none of the other. */
static void on_doctype(void *ctx, const char *name, const char *system_id, const char *public_id,
                       int has_subset)
{
    (void)name;
    (void)system_id;
    (void)public_id;
    (void)has_subset;
    reader_fail(ctx, -EINVAL, "a document type is not allowed");
}

static void reader_close(struct reader *r)
{
    json_decref(r->done);
    while (r->level_count > 0) {
        reader_close_level(r);
        json_decref(r->done);
    }
    json_decref(r->params);
    json_decref(r->fault);
    mem_free(r->method);
    buf_close(&r->text);
    if (r->parser)
        XML_ParserFree(r->parser);
}

/* Reads the whole document into r, which the caller closes whatever comes back. */
static int reader_run(struct reader *r, const char *xml, size_t len, size_t limit)
{
    r->path[r->depth++] = AT_TOP;
    r->params = json_array();
    if (len > limit)
        return err_set(r->e, -EMSGSIZE, "the XML-RPC document is larger than %zu bytes", limit);
    r->parser = XML_ParserCreate(NULL);
    if (!r->parser)
        return err_set(r->e, -ENOMEM, "no memory for an XML parser");
    XML_SetUserData(r->parser, r);
    XML_SetElementHandler(r->parser, on_start, on_end);
    XML_SetCharacterDataHandler(r->parser, on_text);
    XML_SetStartDoctypeDeclHandler(r->parser, on_doctype);
    if (XML_Parse(r->parser, xml, (int)len, XML_TRUE) != XML_STATUS_OK)
        reader_fail(r, -EINVAL, XML_ErrorString(XML_GetErrorCode(r->parser)));
    return r->rc;
}

int xmlrpc_read_call(const char *xml, size_t len, struct xmlrpc_call *out, struct err *e)
{
    struct reader r = {.e = e, .root = AT_CALL, .values_left = LIMIT_CALL_VALUES};
    int rc = reader_run(&r, xml, len, LIMIT_BODY);
    if (rc == 0 && (!r.method || !*r.method))
        rc = err_set(e, -EINVAL, "the XML-RPC call has no method name");
    if (rc == 0) {
        *out = (struct xmlrpc_call){.method = r.method, .params = r.params};
        r.method = NULL;
        r.params = NULL;
    }
    reader_close(&r);
    return rc;
}

static int answer_from_fault(const json_t *fault, struct xmlrpc_answer *out, struct err *e)
{
    const json_t *code = json_object_get(fault, "faultCode");
    const json_t *text = json_object_get(fault, "faultString");
    json_int_t number = json_integer_value(code);
    if (!json_is_integer(code) || !json_is_string(text) || number < INT_MIN || number > INT_MAX)
        return err_set(e, -EINVAL, "the XML-RPC fault has no code or no text");
    *out = (struct xmlrpc_answer){
        .fault = true,
        .code = (int)number,
        .text = mem_strdup(json_string_value(text)),
    };
    return 0;
}

int xmlrpc_read_answer(const char *xml, size_t len, struct xmlrpc_answer *out, struct err *e)
{
    struct reader r = {.e = e, .root = AT_ANSWER, .values_left = LIMIT_ANSWER_VALUES};
    int rc = reader_run(&r, xml, len, LIMIT_ANSWER);
    if (rc == 0 && r.fault)
        rc = answer_from_fault(r.fault, out, e);
    else if (rc == 0 && json_array_size(r.params) != 1)
        rc = err_set(e, -EINVAL, "the XML-RPC answer holds %zu values, not one",
                     json_array_size(r.params));
    else if (rc == 0)
        *out = (struct xmlrpc_answer){.value = json_incref(json_array_get(r.params, 0))};
    reader_close(&r);
    return rc;
}
