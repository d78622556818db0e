#include "control/xmlrpc.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/xml.h"

#define DECLARATION "<?xml version='1.0'?>\n"

void xmlrpc_call_close(struct xmlrpc_call *c)
{
    mem_free(c->method);
    json_decref(c->params);
    *c = (struct xmlrpc_call){0};
}

void xmlrpc_answer_close(struct xmlrpc_answer *a)
{
    mem_free(a->text);
    json_decref(a->value);
    *a = (struct xmlrpc_answer){0};
}

json_t *xmlrpc_string(const char *text, size_t len)
{
    struct buf b = BUF_EMPTY;
    xml_legal_text(&b, text, len);
    json_t *value = json_stringn_nocheck(buf_str(&b), b.len); /* it is UTF-8 now */
    buf_close(&b);
    return value;
}

/* The fewest digits that read back as the same number, laid out as Python's repr does. */
static void write_real(struct buf *out, double number)
{
    char text[64];
    int digits = 1;
    do
        (void)snprintf(text, sizeof text, "%.*e", digits - 1, number);
    while (strtod(text, NULL) != number && ++digits <= 17);
    int exponent = (int)strtol(strchr(text, 'e') + 1, NULL, 10);
    if (exponent >= -4 && exponent < 16) {
        int decimals = digits - 1 - exponent;
        (void)snprintf(text, sizeof text, "%.*f", decimals > 1 ? decimals : 1, number);
    }
    buf_text(out, text);
}

static void write_string(struct buf *out, const char *text, size_t len)
{
    buf_text(out, "<string>");
    xml_text(out, text, len);
    buf_text(out, "</string>");
}

/* One of three that call each other; the depth of values is limited where they are read. */
static void write_value(struct buf *out, const json_t *value);

static void write_array(struct buf *out, const json_t *array)
{
    buf_text(out, "<array><data>\n");
    for (size_t i = 0; i < json_array_size(array); i++)
        write_value(out, json_array_get(array, i));
    buf_text(out, "</data></array>");
}

static void write_struct(struct buf *out, const json_t *object)
{
    json_t *members = (json_t *)(uintptr_t)object; /* jansson's iterator takes no const */
    buf_text(out, "<struct>\n");
    for (void *it = json_object_iter(members); it; it = json_object_iter_next(members, it)) {
        const char *name = json_object_iter_key(it);
        buf_text(out, "<member>\n<name>");
        xml_text(out, name, strlen(name));
        buf_text(out, "</name>\n");
        write_value(out, json_object_iter_value(it));
        buf_text(out, "</member>\n");
    }
    buf_text(out, "</struct>");
}

static void write_value(struct buf *out, const json_t *value)
{
    buf_text(out, "<value>");
    switch (json_typeof(value)) {
    case JSON_OBJECT:
        write_struct(out, value);
        break;
    case JSON_ARRAY:
        write_array(out, value);
        break;
    case JSON_STRING:
        write_string(out, json_string_value(value), json_string_length(value));
        break;
    case JSON_INTEGER:
        buf_printf(out, "<int>%" JSON_INTEGER_FORMAT "</int>", json_integer_value(value));
        break;
    case JSON_REAL:
        buf_text(out, "<double>");
        write_real(out, json_real_value(value));
        buf_text(out, "</double>");
        break;
    case JSON_TRUE:
        buf_text(out, "<boolean>1</boolean>");
        break;
    case JSON_FALSE:
        buf_text(out, "<boolean>0</boolean>");
        break;
    case JSON_NULL:
        buf_text(out, "<nil/>");
        break;
    }
    buf_text(out, "</value>\n");
}

void xmlrpc_open_answer(struct buf *out)
{
    buf_text(out, DECLARATION "<methodResponse>\n<params>\n<param>\n");
}

void xmlrpc_close_answer(struct buf *out)
{
    buf_text(out, "</param>\n</params>\n</methodResponse>\n");
}

void xmlrpc_open_array(struct buf *out)
{
    buf_text(out, "<value><array><data>\n");
}

void xmlrpc_close_array(struct buf *out)
{
    buf_text(out, "</data></array></value>\n");
}

void xmlrpc_open_struct(struct buf *out)
{
    buf_text(out, "<value><struct>\n");
}

void xmlrpc_close_struct(struct buf *out)
{
    buf_text(out, "</struct></value>\n");
}

void xmlrpc_member_int(struct buf *out, const char *name, int64_t number)
{
    char digits[24];
    (void)snprintf(digits, sizeof digits, "%lld", (long long)number);
    buf_text(out, "<member>\n<name>");
    buf_text(out, name);
    buf_text(out, "</name>\n<value><int>");
    buf_text(out, digits);
    buf_text(out, "</int></value>\n</member>\n");
}

void xmlrpc_member_text(struct buf *out, const char *name, const char *text)
{
    buf_text(out, "<member>\n<name>");
    buf_text(out, name);
    buf_text(out, "</name>\n<value>");
    write_string(out, text, strlen(text));
    buf_text(out, "</value>\n</member>\n");
}

static void write_param(struct buf *out, const json_t *value)
{
    buf_text(out, "<param>\n");
    write_value(out, value);
    buf_text(out, "</param>\n");
}

void xmlrpc_write_call(struct buf *out, const char *method, const json_t *params)
{
    buf_text(out, DECLARATION "<methodCall>\n<methodName>");
    xml_text(out, method, strlen(method));
    buf_text(out, "</methodName>\n<params>\n");
    for (size_t i = 0; i < json_array_size(params); i++)
        write_param(out, json_array_get(params, i));
    buf_text(out, "</params>\n</methodCall>\n");
}

void xmlrpc_write_value_answer(struct buf *out, const json_t *value)
{
    buf_text(out, DECLARATION "<methodResponse>\n<params>\n");
    write_param(out, value);
    buf_text(out, "</params>\n</methodResponse>\n");
}

void xmlrpc_write_fault(struct buf *out, int code, const char *text)
{
    buf_text(out, DECLARATION "<methodResponse>\n<fault>\n<value><struct>\n"
                              "<member>\n<name>faultCode</name>\n");
    buf_printf(out, "<value><int>%d</int></value>\n</member>\n", code);
    buf_text(out, "<member>\n<name>faultString</name>\n<value>");
    write_string(out, text, strlen(text));
    buf_text(out, "</value>\n</member>\n</struct></value>\n</fault>\n</methodResponse>\n");
}
