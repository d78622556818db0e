/*
 * XML-RPC: calls and answers from and to bytes. Pure; used by the daemon and by mainstayctl.
 *
 * Values are jansson's: int, boolean, string, real, array, null, and object for struct, whose
 * members keep their order. What is written is byte for byte what Supervisor sends, except
 * that characters no XML document may hold are '?' and CR is &#13;.
 *
 * Read are int i4 i8 boolean string double dateTime.iso8601 (as text) base64 (decoded to text)
 * array struct nil, and a bare <value>text</value>. Documents come from strangers: no document
 * type, and limits on depth, size and count (base/limits.h); a breach is -EMSGSIZE, any
 * other fault of the document -EINVAL, each with one sentence.
 */
#ifndef CONTROL_XMLRPC_H
#define CONTROL_XMLRPC_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

struct xmlrpc_call {
    char *method;   /* owned, never empty */
    json_t *params; /* owned; always an array, empty without <params> */
};

int xmlrpc_read_call(const char *xml, size_t len, struct xmlrpc_call *out, struct err *e);
void xmlrpc_call_close(struct xmlrpc_call *c);
void xmlrpc_write_call(struct buf *out, const char *method, const json_t *params);

struct xmlrpc_answer {
    bool fault;
    int code;      /* faultCode */
    char *text;    /* faultString; owned, NULL when it is no fault */
    json_t *value; /* owned, NULL when it is a fault */
};

int xmlrpc_read_answer(const char *xml, size_t len, struct xmlrpc_answer *out, struct err *e);
void xmlrpc_answer_close(struct xmlrpc_answer *a);
void xmlrpc_write_value_answer(struct buf *out, const json_t *value);

/*
 * The same in pieces, for an answer of thousands of structs: open and close in pairs. Names are
 * ours and need no escape.
 */
void xmlrpc_open_answer(struct buf *out);
void xmlrpc_close_answer(struct buf *out);
void xmlrpc_open_array(struct buf *out);
void xmlrpc_close_array(struct buf *out);
void xmlrpc_open_struct(struct buf *out);
void xmlrpc_close_struct(struct buf *out);
void xmlrpc_member_int(struct buf *out, const char *name, int64_t number);
void xmlrpc_member_text(struct buf *out, const char *name, const char *text);
void xmlrpc_write_fault(struct buf *out, int code, const char *text);

/* A string value from any bytes; what is not UTF-8 or not legal in XML becomes '?'. */
json_t *xmlrpc_string(const char *text, size_t len);

#endif
