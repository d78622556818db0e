/* Protects the XML-RPC codec: the exact bytes sent, all that clients send, and hostile input. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/base64.h"
#include "base/buf.h"
#include "base/limits.h"
#include "control/xmlrpc.h"

#define DECLARATION "<?xml version='1.0'?>\n"
#define CALL(method, params)                                                                       \
    DECLARATION "<methodCall>\n<methodName>" method "</methodName>\n<params>\n" params             \
                "</params>\n</methodCall>\n"
#define PARAM(value) "<param>\n" value "</param>\n"
#define ANSWER(value)                                                                              \
    DECLARATION "<methodResponse>\n<params>\n" PARAM(value) "</params>\n</methodResponse>\n"

/* Compares a value with JSON text. */
static void assert_json(const json_t *value, const char *want)
{
    char *text = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY | JSON_ENSURE_ASCII);
    assert_non_null(text);
    assert_string_equal(text, want);
    free(text);
}

/* Calls as Python's client writes them, with the method and parameters they stand for. */
static void calls_of_pythons_client(void **state)
{
    (void)state;
    // clang-format off
    static const struct { const char *xml, *method, *params; } rows[] = {
        {CALL("supervisor.getVersion", ""), "supervisor.getVersion", "[]"},
        {CALL("supervisor.startProcess", PARAM("<value><string>web:wa</string></value>\n")
              PARAM("<value><boolean>0</boolean></value>\n")),
         "supervisor.startProcess", "[\"web:wa\",false]"},
        {CALL("supervisor.readProcessStdoutLog", PARAM("<value><string>a</string></value>\n")
              PARAM("<value><int>-1600</int></value>\n") PARAM("<value><int>0</int></value>\n")),
         "supervisor.readProcessStdoutLog", "[\"a\",-1600,0]"},
        {CALL("supervisor.sendProcessStdin", PARAM("<value><string>cat</string></value>\n")
              PARAM("<value><string>caf\xC3\xA9 &lt;&amp;&gt;\n</string></value>\n")),
         "supervisor.sendProcessStdin", "[\"cat\",\"caf\\u00E9 <&>\\n\"]"},
        {CALL("system.multicall", PARAM("<value><array><data>\n<value><struct>\n<member>\n"
              "<name>methodName</name>\n<value><string>supervisor.getPID</string></value>\n"
              "</member>\n<member>\n<name>params</name>\n<value><array><data>\n"
              "</data></array></value>\n</member>\n</struct></value>\n"
              "<value><struct>\n</struct></value>\n</data></array></value>\n")),
         "system.multicall", "[[{\"methodName\":\"supervisor.getPID\",\"params\":[]},{}]]"},
        {CALL("a.b", PARAM("<value><double>0.5</double></value>\n")
              PARAM("<value><dateTime.iso8601>20261121T08:30:00</dateTime.iso8601></value>\n")
              PARAM("<value><base64>\naGVsbG8=\n</base64></value>\n")
              PARAM("<value><nil/></value>")),
         "a.b", "[0.5,\"20261121T08:30:00\",\"hello\",null]"},
    };
    // clang-format on
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct xmlrpc_call c = {0};
        struct err e = {{0}};
        assert_int_equal(xmlrpc_read_call(rows[i].xml, strlen(rows[i].xml), &c, &e), 0);
        assert_string_equal(c.method, rows[i].method);
        assert_json(c.params, rows[i].params);
        xmlrpc_call_close(&c);
    }
}

/* What other clients may send and the specification allows. */
static void calls_of_other_clients(void **state)
{
    (void)state;
    // clang-format off
    static const struct { const char *value, *json; } rows[] = {
        {"<value>bare text</value>", "\"bare text\""},
        {"<value></value>", "\"\""},
        {"<value/>", "\"\""},
        {"<value> <i4> 7 </i4> </value>", "7"},
        {"<value><i8>9007199254740993</i8></value>", "9007199254740993"},
        {"<value><int>-0</int></value>", "0"},
        {"<value><boolean>1</boolean></value>", "true"},
        {"<value><boolean>true</boolean></value>", "false"}, /* as Supervisor reads it */
        {"<value><double> -1e3 </double></value>", "-1000.0"},
        {"<value><string><![CDATA[<&>]]></string></value>", "\"<&>\""},
        {"<value><string>a&#13;b&#x263a;</string></value>", "\"a\\rb\\u263A\""},
        {"<value><base64>/w==</base64></value>", "\"?\""},
        {"<value><array/></value>", "[]"},
        {"<value><struct><member><name>z</name><value>1</value></member><member><name>a</name>"
         "<value><int>2</int></value></member></struct></value>", "{\"z\":\"1\",\"a\":2}"},
        {"<value><struct><member><value>1</value><name>late</name></member></struct></value>",
         NULL},
    };
    // clang-format on
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct buf b = BUF_EMPTY;
        struct xmlrpc_call c = {0};
        struct err e = {{0}};
        buf_printf(&b,
                   "<methodCall><methodName>m</methodName><params><param>%s</param></params>"
                   "</methodCall>",
                   rows[i].value);
        int rc = xmlrpc_read_call(b.data, b.len, &c, &e);
        assert_int_equal(rc, rows[i].json ? 0 : -EINVAL);
        if (rc == 0)
            assert_json(json_array_get(c.params, 0), rows[i].json);
        xmlrpc_call_close(&c);
        buf_close(&b);
    }
}

static void params_may_be_missing(void **state)
{
    (void)state;
    static const char xml[] = "\xEF\xBB\xBF<?xml version=\"1.0\" encoding=\"UTF-8\"?>"
                              "<methodCall><methodName>supervisor.getPID</methodName></methodCall>";
    struct xmlrpc_call c = {0};
    struct err e;
    assert_int_equal(xmlrpc_read_call(xml, sizeof xml - 1, &c, &e), 0);
    assert_json(c.params, "[]");
    xmlrpc_call_close(&c);
}

#define ONE(value)                                                                                 \
    "<methodCall><methodName>m</methodName><params><param><value>" value                           \
    "</value></param></params></methodCall>"

static void bad_documents_are_refused(void **state)
{
    (void)state;
    // clang-format off
    static const struct { const char *xml, *says; } rows[] = {
        {"", "no element found"},
        {"hello", "syntax error"},
        {"<methodCall>", "no element found"},
        {"<methodCall></methodCall>", "no method name"},
        {"<methodCall><methodName></methodName></methodCall>", "no method name"},
        {"<methodCall><methodName>a\x01</methodName></methodCall>", "not well-formed"},
        {"<methodCall><methodName>a\xFF</methodName></methodCall>", "not well-formed"},
        {"<methodCall><methodName>&nbsp;</methodName></methodCall>", "undefined entity"},
        {"<methodResponse></methodResponse>", "no such element"},
        {"<value>1</value>", "no such element"},
        {"<methodCall><methodName>m</methodName></methodCall><x/>", "junk after"},
        {"<!DOCTYPE x><methodCall><methodName>m</methodName></methodCall>", "document type"},
        {"<!DOCTYPE x [<!ENTITY a 'b'>]><methodCall><methodName>&a;</methodName></methodCall>",
         "document type"},
        {"<!DOCTYPE x SYSTEM 'file:///etc/passwd'><methodCall/>", "document type"},
        {ONE("<int>seven</int>"), "not of the type"},
        {ONE("<int></int>"), "not of the type"},
        {ONE("<int>99999999999999999999</int>"), "not of the type"},
        {ONE("<double>inf</double>"), "not of the type"},
        {ONE("<double>1x</double>"), "not of the type"},
        {ONE("<base64>!</base64>"), "not of the type"},
        {ONE("<base64>a</base64>"), "not of the type"},
        {ONE("<int>1</int><int>2</int>"), "more than one"},
        {ONE("<value>1</value>"), "no such element"},
        {ONE("<string><int>1</int></string>"), "no such element"},
        {ONE("<struct><member><name>a</name></member></struct>"), "no value"},
        {ONE("<struct><member><value>a</value></member></struct>"), "without a name"},
        {ONE("<struct><member><name>a</name><name>b</name></member></struct>"), "two names"},
        {ONE("<array><value>1</value></array>"), "no such element"},
        {ONE("<bigint>1</bigint>"), "no such element"},
    };
    // clang-format on
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct xmlrpc_call c = {0};
        struct err e = {{0}};
        assert_int_equal(xmlrpc_read_call(rows[i].xml, strlen(rows[i].xml), &c, &e), -EINVAL);
        if (!strstr(e.text, rows[i].says))
            fail_msg("row %zu: '%s' does not say '%s'", i, e.text, rows[i].says);
        assert_null(c.method);
    }
}

/* A document with `count` times `open`, then `middle`, then `count` times `close`. */
static int read_nested(const char *open, const char *middle, const char *close, int count)
{
    struct buf b = BUF_EMPTY;
    buf_text(&b, "<methodCall><methodName>m</methodName><params><param><value>");
    for (int i = 0; i < count; i++)
        buf_text(&b, open);
    buf_text(&b, middle);
    for (int i = 0; i < count; i++)
        buf_text(&b, close);
    buf_text(&b, "</value></param></params></methodCall>");
    struct xmlrpc_call c = {0};
    struct err e;
    int rc = xmlrpc_read_call(b.data, b.len, &c, &e);
    xmlrpc_call_close(&c);
    buf_close(&b);
    return rc;
}

static void depth_size_and_count_have_limits(void **state)
{
    (void)state;
    static const char array[] = "<array><data><value>", end_array[] = "</value></data></array>";
    static const char object[] = "<struct><member><name>a</name><value>";
    static const char end_object[] = "</value></member></struct>";
    assert_int_equal(read_nested(array, "", end_array, 32), 0);
    assert_int_equal(read_nested(array, "", end_array, 33), -EMSGSIZE);
    assert_int_equal(read_nested(array, "", end_array, 10000), -EMSGSIZE);
    assert_int_equal(read_nested(object, "", end_object, 32), 0);
    assert_int_equal(read_nested(object, "", end_object, 33), -EMSGSIZE);

    /* one value is the parameter itself */
    assert_int_equal(read_nested("<array><data>", "", "</data></array>", 1), 0);
    struct buf many = BUF_EMPTY;
    buf_text(&many, "<array><data>");
    for (int i = 0; i < LIMIT_CALL_VALUES - 1; i++)
        buf_text(&many, "<value/>");
    struct buf more = BUF_EMPTY;
    buf_append(&more, many.data, many.len);
    buf_text(&many, "</data></array>");
    buf_text(&more, "<value/></data></array>");
    assert_int_equal(read_nested("", many.data, "", 0), 0);
    assert_int_equal(read_nested("", more.data, "", 0), -EMSGSIZE);
    buf_close(&many);
    buf_close(&more);

    struct buf big = BUF_EMPTY;
    for (int i = 0; i < LIMIT_BODY; i++)
        buf_char(&big, 'x');
    assert_int_equal(read_nested("", big.data, "", 0), -EMSGSIZE);
    buf_drop(&big, 200);
    assert_int_equal(read_nested("", big.data, "", 0), 0);
    buf_close(&big);
}

/* The whole answer, byte for byte as Python's xmlrpc.client marshals the same value. */
static void answers_are_written_as_python_does(void **state)
{
    (void)state;
    // clang-format off
    static const struct { const char *json, *value; } rows[] = {
        {"\"3.0\"", "<value><string>3.0</string></value>\n"},
        {"\"\"", "<value><string></string></value>\n"},
        {"\"a<b>&\\\"'\\u00e9\\n\"", "<value><string>a&lt;b&gt;&amp;\"'\xC3\xA9\n</string></value>\n"},
        {"true", "<value><boolean>1</boolean></value>\n"},
        {"false", "<value><boolean>0</boolean></value>\n"},
        {"-42", "<value><int>-42</int></value>\n"},
        {"4294967296", "<value><int>4294967296</int></value>\n"},
        {"0.1", "<value><double>0.1</double></value>\n"},
        {"100.0", "<value><double>100.0</double></value>\n"},
        {"123456.789", "<value><double>123456.789</double></value>\n"},
        {"1e16", "<value><double>1e+16</double></value>\n"},
        {"1e15", "<value><double>1000000000000000.0</double></value>\n"},
        {"0.0001", "<value><double>0.0001</double></value>\n"},
        {"0.00001", "<value><double>1e-05</double></value>\n"},
        {"-0.0", "<value><double>-0.0</double></value>\n"},
        {"[]", "<value><array><data>\n</data></array></value>\n"},
        {"[[[],[\"a\"],[]]]",
         "<value><array><data>\n<value><array><data>\n<value><array><data>\n</data></array></value>\n"
         "<value><array><data>\n<value><string>a</string></value>\n</data></array></value>\n"
         "<value><array><data>\n</data></array></value>\n</data></array></value>\n"
         "</data></array></value>\n"},
        {"{\"statecode\":1,\"statename\":\"RUNNING\"}",
         "<value><struct>\n<member>\n<name>statecode</name>\n<value><int>1</int></value>\n"
         "</member>\n<member>\n<name>statename</name>\n<value><string>RUNNING</string></value>\n"
         "</member>\n</struct></value>\n"},
    };
    // clang-format on
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct buf b = BUF_EMPTY, want = BUF_EMPTY;
        struct xmlrpc_answer a = {0};
        struct err e = {{0}};
        json_t *value = json_loads(rows[i].json, JSON_DECODE_ANY, NULL);
        assert_non_null(value);
        xmlrpc_write_value_answer(&b, value);
        buf_printf(&want, ANSWER("%s"), rows[i].value);
        assert_string_equal(b.data, want.data);
        assert_int_equal(xmlrpc_read_answer(b.data, b.len, &a, &e), 0);
        assert_false(a.fault);
        assert_true(json_equal(a.value, value));
        xmlrpc_answer_close(&a);
        json_decref(value);
        buf_close(&b);
        buf_close(&want);
    }
}

static void faults_travel(void **state)
{
    (void)state;
    static const char want[] =
        DECLARATION "<methodResponse>\n<fault>\n<value><struct>\n<member>\n<name>faultCode</name>\n"
                    "<value><int>10</int></value>\n</member>\n<member>\n<name>faultString</name>\n"
                    "<value><string>BAD_NAME: a&amp;b</string></value>\n</member>\n"
                    "</struct></value>\n</fault>\n</methodResponse>\n";
    struct buf b = BUF_EMPTY;
    struct xmlrpc_answer a = {0};
    struct err e;
    xmlrpc_write_fault(&b, 10, "BAD_NAME: a&b");
    assert_string_equal(b.data, want);
    assert_int_equal(xmlrpc_read_answer(b.data, b.len, &a, &e), 0);
    assert_true(a.fault);
    assert_int_equal(a.code, 10);
    assert_string_equal(a.text, "BAD_NAME: a&b");
    assert_null(a.value);
    xmlrpc_answer_close(&a);
    buf_close(&b);
}

static void bad_answers_are_refused(void **state)
{
    (void)state;
    static const char *const rows[] = {
        "<methodCall><methodName>m</methodName></methodCall>",
        "<methodResponse></methodResponse>",
        "<methodResponse><params></params></methodResponse>",
        "<methodResponse><params><param/></params></methodResponse>",
        "<methodResponse><params><param><value/></param><param><value/></param></params>"
        "</methodResponse>",
        "<methodResponse><fault><value>1</value></fault></methodResponse>",
        "<methodResponse><fault><value><struct/></value></fault></methodResponse>",
        "<methodResponse><fault></fault></methodResponse>",
        "<html><body>502</body></html>",
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct xmlrpc_answer a = {0};
        struct err e;
        assert_int_equal(xmlrpc_read_answer(rows[i], strlen(rows[i]), &a, &e), -EINVAL);
        assert_null(a.value);
        assert_null(a.text);
    }
}

static void calls_are_written_as_python_does(void **state)
{
    (void)state;
    struct buf b = BUF_EMPTY;
    xmlrpc_write_call(&b, "supervisor.getVersion", NULL);
    assert_string_equal(b.data, CALL("supervisor.getVersion", ""));
    buf_clear(&b);
    json_t *params = json_pack("[s,b]", "web:wa", 1);
    xmlrpc_write_call(&b, "supervisor.startProcess", params);
    assert_string_equal(b.data, CALL("supervisor.startProcess",
                                     PARAM("<value><string>web:wa</string></value>\n")
                                         PARAM("<value><boolean>1</boolean></value>\n")));
    json_decref(params);
    buf_close(&b);
}

/* A log may hold anything; the client's parser must take it all the same. */
static void any_bytes_can_be_sent(void **state)
{
    (void)state;
    static const char log[] = "ok\x1b[1mbold\0nul\xff\xc3(caf\xc3\xa9)\r\n\xed\xa0\x80\xef\xbf\xbf";
    static const char want[] = "ok?[1mbold?nul?"
                               "?(caf\xc3\xa9)\r\n???"
                               "???";
    json_t *value = xmlrpc_string(log, sizeof log - 1);
    assert_non_null(value);
    assert_string_equal(json_string_value(value), want);
    struct buf b = BUF_EMPTY;
    struct xmlrpc_answer a = {0};
    struct err e;
    xmlrpc_write_value_answer(&b, value);
    assert_non_null(strstr(b.data, "&#13;\n"));
    assert_int_equal(xmlrpc_read_answer(b.data, b.len, &a, &e), 0);
    assert_true(json_equal(a.value, value)); /* CR LF survives, too */
    xmlrpc_answer_close(&a);
    json_decref(value);
    buf_close(&b);

    for (int c = 0; c < 256; c++) {
        char byte = (char)c;
        value = xmlrpc_string(&byte, 1);
        assert_non_null(value);
        xmlrpc_write_value_answer(&b, value);
        assert_int_equal(xmlrpc_read_answer(b.data, b.len, &a, &e), 0);
        xmlrpc_answer_close(&a);
        json_decref(value);
        buf_close(&b);
    }
    value = json_stringn("a\0b", 3); /* a value that somebody else made */
    xmlrpc_write_value_answer(&b, value);
    assert_non_null(strstr(b.data, "<string>a?b</string>"));
    json_decref(value);
    buf_close(&b);
}

static void base64_both_ways(void **state)
{
    (void)state;
    static const struct {
        const char *plain, *coded;
    } rows[] = {{"", ""},
                {"f", "Zg=="},
                {"fo", "Zm8="},
                {"foo", "Zm9v"},
                {"foob", "Zm9vYg=="},
                {"fooba", "Zm9vYmE="},
                {"foobar", "Zm9vYmFy"},
                {"user:p\xC3\xA4ss", "dXNlcjpww6Rzcw=="}};
    struct buf b = BUF_EMPTY;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        base64_encode(&b, rows[i].plain, strlen(rows[i].plain));
        assert_string_equal(buf_str(&b), rows[i].coded);
        buf_clear(&b);
        assert_int_equal(base64_decode(&b, rows[i].coded, strlen(rows[i].coded)), 0);
        assert_string_equal(buf_str(&b), rows[i].plain);
        buf_clear(&b);
    }
    assert_int_equal(base64_decode(&b, " Zm 9v\n", 7), 0);
    assert_string_equal(b.data, "foo");
    static const char *const wrong[] = {"Z", "Zm9vY", "Zm-v", "Zg==Zg==", "\x80"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        assert_int_equal(base64_decode(&b, wrong[i], strlen(wrong[i])), -EINVAL);
        assert_string_equal(b.data, "foo");
    }
    assert_int_equal(base64_decode(&b, "a\0b=", 4), -EINVAL);
    buf_close(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(calls_of_pythons_client),
        cmocka_unit_test(calls_of_other_clients),
        cmocka_unit_test(params_may_be_missing),
        cmocka_unit_test(bad_documents_are_refused),
        cmocka_unit_test(depth_size_and_count_have_limits),
        cmocka_unit_test(answers_are_written_as_python_does),
        cmocka_unit_test(faults_travel),
        cmocka_unit_test(bad_answers_are_refused),
        cmocka_unit_test(calls_are_written_as_python_does),
        cmocka_unit_test(any_bytes_can_be_sent),
        cmocka_unit_test(base64_both_ways),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
