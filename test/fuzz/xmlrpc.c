/* Feeds anything to the XML-RPC reader; what it accepts must survive being written and reread. */
#include <stdint.h>
#include <stdlib.h>

#include "base/limits.h"
#include "control/xmlrpc.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
    if (!holds)
        abort();
}

static void try_call(const char *text, size_t len)
{
    struct xmlrpc_call c = {0}, again = {0};
    struct buf b = BUF_EMPTY;
    struct err e = {{0}};
    if (xmlrpc_read_call(text, len, &c, &e) < 0) {
        must(e.text[0] != '\0' && !c.method && !c.params);
        return;
    }
    must(c.method[0] != '\0' && json_is_array(c.params));
    xmlrpc_write_call(&b, c.method, c.params);
    if (b.len <= LIMIT_BODY) {
        must(xmlrpc_read_call(b.data, b.len, &again, &e) == 0);
        must(json_equal(c.params, again.params));
    }
    xmlrpc_call_close(&again);
    xmlrpc_call_close(&c);
    buf_close(&b);
}

static void try_answer(const char *text, size_t len)
{
    struct xmlrpc_answer a = {0}, again = {0};
    struct buf b = BUF_EMPTY;
    struct err e = {{0}};
    if (xmlrpc_read_answer(text, len, &a, &e) < 0) {
        must(e.text[0] != '\0' && !a.value && !a.text);
        return;
    }
    must(a.fault ? a.text && !a.value : a.value && !a.text);
    if (a.fault)
        xmlrpc_write_fault(&b, a.code, a.text);
    else
        xmlrpc_write_value_answer(&b, a.value);
    must(xmlrpc_read_answer(b.data, b.len, &again, &e) == 0);
    must(again.fault == a.fault && again.code == a.code);
    must(a.fault || json_equal(a.value, again.value));
    xmlrpc_answer_close(&again);
    xmlrpc_answer_close(&a);
    buf_close(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *text = (const char *)data;
    try_call(text, size);
    try_answer(text, size);
    json_t *value = xmlrpc_string(text, size);
    struct buf b = BUF_EMPTY;
    struct xmlrpc_answer a = {0};
    must(value != NULL);
    xmlrpc_write_value_answer(&b, value);
    must(xmlrpc_read_answer(b.data, b.len, &a, NULL) == 0 && json_equal(a.value, value));
    xmlrpc_answer_close(&a);
    json_decref(value);
    buf_close(&b);
    return 0;
}
