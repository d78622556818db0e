/* Protects the checks before a method runs, answers that come later, and system.*. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/buf.h"
#include "base/limits.h"
#include "control/rpc.h"

static struct call *held; /* the call of test.later that is not answered yet */
static int abandoned;
static bool up = true;

static void echo(struct call *c)
{
    call_return(c, json_incref(c->params));
}

static void flag(struct call *c)
{
    call_return(c, json_boolean(call_flag(c, 0, true)));
}

static void fails(struct call *c)
{
    call_fault(c, FAULT_FAILED, call_text(c, 0));
}

static void slow(struct call *c)
{
    const struct timespec time = {.tv_nsec = (LIMIT_TURN_MS + 2) * 1000000}; /* more than a turn */
    (void)nanosleep(&time, NULL);
    call_return(c, json_true());
}

static void on_abandon(struct call *c)
{
    (void)c;
    abandoned++;
}

static void later(struct call *c)
{
    held = c;
    c->abandon = on_abandon;
}

// clang-format off
static const struct rpc_method rows[] = {
    {"test.none",   "boolean", "",     echo,  RPC_ANYTIME, "Takes nothing."},
    {"test.text",   "string",  "s",    echo,  0,           "Takes a text."},
    {"test.most",   "array",   "si|b", echo,  0,           "Takes a bit of all."},
    {"test.signal", "boolean", "g",    echo,  0,           "Takes a signal."},
    {"test.flag",   "boolean", "|b",   flag,  0,           "Says what a flag means."},
    {"test.fail",   "boolean", "s",    fails, 0,           "Fails."},
    {"test.later",  "boolean", "",     later, 0,           "Is answered later."},
    {"test.slow",   "boolean", "",     slow,  0,           "Takes its time."},
};
// clang-format on

/* The answer, in words: JSON, or the fault's text with its number. */
static struct buf answer = BUF_EMPTY;
static int answers;

static void on_done(struct call *c)
{
    buf_clear(&answer);
    answers++;
    if (c->value) {
        char *text = json_dumps(c->value, JSON_COMPACT | JSON_ENCODE_ANY);
        buf_text(&answer, text);
        free(text);
    } else {
        buf_printf(&answer, "%d ", (int)c->fault.code);
        fault_text(&c->fault, &answer);
    }
}

static bool available(const struct rpc *r)
{
    (void)r;
    return up;
}

static struct rpc rpc;

static int open_rpc(void **state)
{
    (void)state;
    rpc_init(&rpc);
    rpc.available = available;
    rpc_register(&rpc, rows, sizeof rows / sizeof *rows);
    rpc_register(&rpc, system_methods, system_methods_count);
    up = true;
    answers = abandoned = 0;
    held = NULL;
    return 0;
}

static int close_rpc(void **state)
{
    (void)state;
    rpc_close(&rpc);
    buf_close(&answer);
    return 0;
}

static void call(const char *method, const char *params)
{
    json_t *value = json_loads(params, 0, NULL);
    assert_non_null(value);
    buf_clear(&answer);
    rpc_call(&rpc, method, value, NULL, on_done, NULL);
}

static void arity_and_types(void **state)
{
    (void)state;
    // clang-format off
    static const struct { const char *method, *params, *want; } cases[] = {
        {"test.none",   "[]",            "[]"},
        {"test.none",   "[1]",           "2 INCORRECT_PARAMETERS"},
        {"test.text",   "[\"a\"]",       "[\"a\"]"},
        {"test.text",   "[]",            "2 INCORRECT_PARAMETERS"},
        {"test.text",   "[1]",           "2 INCORRECT_PARAMETERS"},
        {"test.text",   "[[\"a\"]]",     "2 INCORRECT_PARAMETERS"},
        {"test.text",   "[\"a\",\"b\"]", "2 INCORRECT_PARAMETERS"},
        {"test.most",   "[\"a\",1]",     "[\"a\",1]"},
        {"test.most",   "[\"a\",1,true]", "[\"a\",1,true]"},
        {"test.most",   "[\"a\",1,0]",   "[\"a\",1,0]"},
        {"test.most",   "[\"a\",\" 7 \",\"x\"]", "[\"a\",\" 7 \",\"x\"]"},
        {"test.most",   "[\"a\",2.5]",   "[\"a\",2.5]"},
        {"test.most",   "[\"a\",true]",  "[\"a\",true]"},
        {"test.most",   "[\"a\",\"x\"]", "2 INCORRECT_PARAMETERS"},
        {"test.most",   "[\"a\",1e19]",  "2 INCORRECT_PARAMETERS"},
        {"test.most",   "[\"a\",[]]",    "2 INCORRECT_PARAMETERS"},
        {"test.most",   "[\"a\"]",       "2 INCORRECT_PARAMETERS"},
        {"test.most",   "[\"a\",1,true,1]", "2 INCORRECT_PARAMETERS"},
        {"test.signal", "[\"HUP\"]",     "[\"HUP\"]"},
        {"test.signal", "[1]",           "[1]"},
        {"test.signal", "[1.5]",         "2 INCORRECT_PARAMETERS"},
        {"test.fail",   "[\"why\"]",     "30 FAILED: why"},
        {"test.nope",   "[]",            "1 UNKNOWN_METHOD"},
        {"",            "[]",            "1 UNKNOWN_METHOD"},
    };
    // clang-format on
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        call(cases[i].method, cases[i].params);
        assert_string_equal(buf_str(&answer), cases[i].want);
    }
}

/* As Python sees it, because Supervisor does; a dashboard in PHP sends "1" for yes. */
static void flags_of_every_type(void **state)
{
    (void)state;
    // clang-format off
    static const struct { const char *params, *want; } cases[] = {
        {"[]",          "true"},
        {"[true]",      "true"},
        {"[false]",     "false"},
        {"[1]",         "true"},
        {"[0]",         "false"},
        {"[-1]",        "true"},
        {"[0.5]",       "true"},
        {"[0.0]",       "false"},
        {"[\"1\"]",     "true"},
        {"[\"0\"]",     "true"},
        {"[\"\"]",      "false"},
        {"[[]]",        "false"},
        {"[[0]]",       "true"},
        {"[{}]",        "false"},
        {"[{\"a\":0}]", "true"},
    };
    // clang-format on
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        call("test.flag", cases[i].params);
        assert_string_equal(buf_str(&answer), cases[i].want);
    }
}

static void nothing_is_served_during_a_shutdown(void **state)
{
    (void)state;
    up = false;
    call("test.text", "[\"a\"]");
    assert_string_equal(buf_str(&answer), "6 SHUTDOWN_STATE");
    call("test.text", "[]"); /* counted first, as Python does */
    assert_string_equal(buf_str(&answer), "2 INCORRECT_PARAMETERS");
    call("test.none", "[]");
    assert_string_equal(buf_str(&answer), "[]");
    call("test.nope", "[]");
    assert_string_equal(buf_str(&answer), "1 UNKNOWN_METHOD");
}

static void methods_tell_of_themselves(void **state)
{
    (void)state;
    call("system.listMethods", "[]");
    assert_string_equal(buf_str(&answer),
                        "[\"system.listMethods\",\"system.methodHelp\",\"system.methodSignature\","
                        "\"system.multicall\",\"test.fail\",\"test.flag\",\"test.later\","
                        "\"test.most\",\"test.none\",\"test.signal\",\"test.slow\",\"test.text\"]");
    call("system.methodHelp", "[\"test.text\"]");
    assert_string_equal(buf_str(&answer), "\"Takes a text.\"");
    call("system.methodSignature", "[\"test.most\"]");
    assert_string_equal(buf_str(&answer), "[\"array\",\"string\",\"int\",\"boolean\"]");
    call("system.methodHelp", "[\"test.nope\"]");
    assert_string_equal(buf_str(&answer), "4 SIGNATURE_UNSUPPORTED");
    call("system.methodSignature", "[\"test.nope\"]");
    assert_string_equal(buf_str(&answer), "4 SIGNATURE_UNSUPPORTED");
}

static void many_calls_in_one(void **state)
{
    (void)state;
    call("system.multicall",
         "[[{\"methodName\":\"test.text\",\"params\":[\"a\"]},{\"methodName\":\"test.none\"},"
         "{\"params\":[]},{\"methodName\":\"system.multicall\",\"params\":[[]]},"
         "{\"methodName\":\"test.fail\",\"params\":[\"x\"]},7,"
         "{\"methodName\":\"test.none\",\"params\":3}]]");
    assert_string_equal(
        buf_str(&answer),
        "[[\"a\"],[],"
        "{\"faultCode\":2,\"faultString\":\"INCORRECT_PARAMETERS: No methodName\"},"
        "{\"faultCode\":2,\"faultString\":\"INCORRECT_PARAMETERS: Recursive system.multicall "
        "forbidden\"},"
        "{\"faultCode\":30,\"faultString\":\"FAILED: x\"},"
        "{\"faultCode\":2,\"faultString\":\"INCORRECT_PARAMETERS: No methodName\"},"
        "{\"faultCode\":2,\"faultString\":\"INCORRECT_PARAMETERS\"}]");
    call("system.multicall", "[[]]");
    assert_string_equal(buf_str(&answer), "[]");
}

static void a_multicall_waits_for_each_call(void **state)
{
    (void)state;
    call("system.multicall", "[[{\"methodName\":\"test.later\"},{\"methodName\":\"test.none\"},"
                             "{\"methodName\":\"test.later\"}]]");
    assert_int_equal(answers, 0);
    struct call *first = held;
    call_return(first, json_integer(1));
    assert_int_equal(answers, 0);
    assert_ptr_not_equal(held, NULL);
    call_return(held, json_integer(2));
    assert_string_equal(buf_str(&answer), "[1,[],2]");
    assert_int_equal(answers, 1);
}

/* Ten thousand answers at once must not be ten thousand frames deep. */
static void who_has_left_is_forgotten(void **state)
{
    (void)state;
    static const char *const rows_of_calls =
        "[[{\"methodName\": \"test.none\"}, {\"methodName\": \"test.later\"},"
        " {\"methodName\": \"test.none\"}]]";
    int alice, bob;
    rpc_call(&rpc, "test.later", json_array(), NULL, on_done, &alice);
    rpc_call(&rpc, "system.multicall", json_loads(rows_of_calls, 0, NULL), NULL, on_done, &bob);
    rpc_forget(&rpc, &rpc); /* who has never asked */
    assert_int_equal(abandoned, 0);
    rpc_forget(&rpc, &bob); /* the part that waits goes, too, and none is begun any more */
    assert_int_equal(abandoned, 1);
    rpc_forget(&rpc, &alice);
    assert_int_equal(abandoned, 2);
    assert_int_equal(answers, 0);
    assert_true(list_empty(&rpc.calls));
}

static void a_long_multicall(void **state)
{
    (void)state;
    json_t *calls = json_array();
    for (int i = 0; i < LIMIT_MULTICALL; i++)
        json_array_append_new(calls, json_pack("{s:s}", "methodName", "test.none"));
    json_t *params = json_pack("[o]", calls);
    rpc_call(&rpc, "system.multicall", json_incref(params), NULL, on_done, NULL);
    assert_int_equal(answers, 1);
    assert_int_equal(answer.len, (size_t)LIMIT_MULTICALL * 3 + 1);
    json_array_append_new(calls, json_pack("{s:s}", "methodName", "test.none"));
    rpc_call(&rpc, "system.multicall", params, NULL, on_done, NULL);
    assert_string_equal(buf_str(&answer), "2 INCORRECT_PARAMETERS: too many calls");
}

/* What a client asks for again and again in one call must not fill the memory. */
static void a_multicall_of_large_answers(void **state)
{
    (void)state;
    char text[10000] = "";
    memset(text, 'x', sizeof text - 1);
    json_t *calls = json_array();
    for (int i = 0; i < LIMIT_MULTICALL; i++)
        json_array_append_new(calls,
                              json_pack("{s:s, s:[s]}", "methodName", "test.text", "params", text));
    rpc_call(&rpc, "system.multicall", json_pack("[o]", calls), NULL, on_done, NULL);
    assert_int_equal(answers, 1);
    assert_true(answer.len < (size_t)LIMIT_CALL_RESULT + (2 << 20));
    assert_non_null(strstr(buf_str(&answer), "too much for one answer"));
}

static int pauses;

static void on_pause(struct rpc *r)
{
    (void)r;
    pauses++;
}

#define SLOW "{\"methodName\": \"test.slow\"}"

/* Others have their turn while a multicall takes its time; two of them take turns. */
static void a_slow_multicall_pauses(void **state)
{
    (void)state;
    int rounds = 0;
    rpc.pause = on_pause;
    pauses = 0;
    call("system.multicall", "[[" SLOW "," SLOW "," SLOW "," SLOW "," SLOW "]]");
    assert_int_equal(answers, 0);
    assert_int_equal(pauses, 1);
    call("test.none", "[]");
    assert_string_equal(buf_str(&answer), "[]");
    call("system.multicall", "[[" SLOW "," SLOW "," SLOW "]]");
    assert_int_equal(answers, 1);
    while (rpc_go_on(&rpc))
        rounds++;
    assert_int_equal(answers, 3);
    assert_string_equal(buf_str(&answer), "[true,true,true,true,true]"); /* came first, ends last */
    assert_true(rounds >= 2);
    assert_false(rpc_go_on(&rpc));
}

static void who_pauses_can_be_forgotten(void **state)
{
    (void)state;
    int alice;
    rpc.pause = on_pause;
    json_t *calls = json_loads("[[" SLOW "," SLOW "," SLOW "]]", 0, NULL);
    rpc_call(&rpc, "system.multicall", calls, NULL, on_done, &alice);
    rpc_forget(&rpc, &alice);
    assert_false(rpc_go_on(&rpc));
    assert_true(list_empty(&rpc.calls));
    call("system.multicall", "[[" SLOW "," SLOW "," SLOW "]]");
    assert_int_equal(answers, 0);
    rpc_close(&rpc);
    assert_int_equal(answers, 1);
    assert_false(rpc_go_on(&rpc));
}

static void what_waits_at_the_end_gets_a_fault(void **state)
{
    (void)state;
    call("test.later", "[]");
    call("system.multicall", "[[{\"methodName\":\"test.later\"},{\"methodName\":\"test.none\"}]]");
    assert_int_equal(answers, 0);
    rpc_close(&rpc);
    assert_int_equal(answers, 2);
    assert_int_equal(abandoned, 2);
    assert_true(list_empty(&rpc.calls));
    call("test.none", "[]");
    assert_string_equal(buf_str(&answer), "6 SHUTDOWN_STATE");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(arity_and_types, open_rpc, close_rpc),
        cmocka_unit_test_setup_teardown(flags_of_every_type, open_rpc, close_rpc),
        cmocka_unit_test_setup_teardown(nothing_is_served_during_a_shutdown, open_rpc, close_rpc),
        cmocka_unit_test_setup_teardown(methods_tell_of_themselves, open_rpc, close_rpc),
        cmocka_unit_test_setup_teardown(many_calls_in_one, open_rpc, close_rpc),
        cmocka_unit_test_setup_teardown(a_multicall_waits_for_each_call, open_rpc, close_rpc),
        cmocka_unit_test_setup_teardown(who_has_left_is_forgotten, open_rpc, close_rpc),
        cmocka_unit_test_setup_teardown(a_long_multicall, open_rpc, close_rpc),
        cmocka_unit_test_setup_teardown(a_multicall_of_large_answers, open_rpc, close_rpc),
        cmocka_unit_test_setup_teardown(a_slow_multicall_pauses, open_rpc, close_rpc),
        cmocka_unit_test_setup_teardown(who_pauses_can_be_forgotten, open_rpc, close_rpc),
        cmocka_unit_test_setup_teardown(what_waits_at_the_end_gets_a_fault, open_rpc, close_rpc),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
