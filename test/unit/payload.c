/* Protects what listeners read: headers and payloads are Supervisor's, byte for byte. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "engine/payload.h"
#include "engine/state.h"

#define BYTES(text) .data = (text), .len = sizeof(text) - 1

static void check(const struct event *ev, const char *type, const char *payload)
{
    struct buf b = BUF_EMPTY;
    payload_write(ev, &b);
    assert_string_equal(eventtype_name(payload_type(ev)), type);
    assert_string_equal(buf_str(&b), payload);
    buf_close(&b);
}

static struct event state(enum proc_state from, enum proc_state to)
{
    return (struct event){.type = EVENT_PROCESS_STATE,
                          .group = "web",
                          .name = "api",
                          .from = (int)from,
                          .state = (int)to,
                          .pid = 4711,
                          .tries = 2,
                          .expected = true};
}

static void test_states(void **unused)
{
    // clang-format off
    static const struct { enum proc_state from, to; const char *type, *payload; } rows[] = {
        { PROC_STOPPED,  PROC_STARTING, "PROCESS_STATE_STARTING",
          "processname:api groupname:web from_state:STOPPED tries:2" },
        { PROC_STARTING, PROC_BACKOFF,  "PROCESS_STATE_BACKOFF",
          "processname:api groupname:web from_state:STARTING tries:2" },
        { PROC_STARTING, PROC_RUNNING,  "PROCESS_STATE_RUNNING",
          "processname:api groupname:web from_state:STARTING pid:4711" },
        { PROC_RUNNING,  PROC_STOPPING, "PROCESS_STATE_STOPPING",
          "processname:api groupname:web from_state:RUNNING pid:4711" },
        { PROC_STOPPING, PROC_STOPPED,  "PROCESS_STATE_STOPPED",
          "processname:api groupname:web from_state:STOPPING pid:4711" },
        { PROC_RUNNING,  PROC_EXITED,   "PROCESS_STATE_EXITED",
          "processname:api groupname:web from_state:RUNNING expected:1 pid:4711" },
        { PROC_BACKOFF,  PROC_FATAL,    "PROCESS_STATE_FATAL",
          "processname:api groupname:web from_state:BACKOFF" },
        { PROC_STOPPING, PROC_UNKNOWN,  "PROCESS_STATE_UNKNOWN",
          "processname:api groupname:web from_state:STOPPING" },
    };
    // clang-format on
    (void)unused;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct event ev = state(rows[i].from, rows[i].to);
        check(&ev, rows[i].type, rows[i].payload);
    }
}

static void test_others(void **unused)
{
    // clang-format off
    static const struct { struct event ev; const char *type, *payload; } rows[] = {
        { {.type = EVENT_GROUP_ADDED, .group = "web"},   "PROCESS_GROUP_ADDED", "groupname:web\n" },
        { {.type = EVENT_GROUP_REMOVED, .group = "web"}, "PROCESS_GROUP_REMOVED",
          "groupname:web\n" },
        { {.type = EVENT_SUPERVISOR_STATE, .state = 1},  "SUPERVISOR_STATE_CHANGE_RUNNING", "" },
        { {.type = EVENT_SUPERVISOR_STATE, .state = 0},  "SUPERVISOR_STATE_CHANGE_STOPPING", "" },
        { {.type = EVENT_SUPERVISOR_STATE, .state = -1}, "SUPERVISOR_STATE_CHANGE_STOPPING", "" },
        { {.type = EVENT_TICK, .period = 5, .when = 1795240195},    "TICK_5", "when:1795240195" },
        { {.type = EVENT_TICK, .period = 60, .when = 1795240140},   "TICK_60", "when:1795240140" },
        { {.type = EVENT_TICK, .period = 3600, .when = 1795237200}, "TICK_3600",
          "when:1795237200" },
        { {.type = EVENT_REMOTE, .name = "typ\xc3\xa9", BYTES("one\ntwo")}, "REMOTE_COMMUNICATION",
          "type:typ\xc3\xa9\none\ntwo" },
        { {.type = EVENT_PROCESS_LOG, .group = "g", .name = "p", .pid = 9, BYTES("hi\n")},
          "PROCESS_LOG_STDOUT", "processname:p groupname:g pid:9 channel:stdout\nhi\n" },
        { {.type = EVENT_PROCESS_LOG, .group = "g", .name = "p", .pid = 9, .is_err = true,
           BYTES("\xff'\n")},
          "PROCESS_LOG_STDERR",
          "processname:p groupname:g pid:9 channel:stderr\nUndecodable: b\"\\xff'\\n\"" },
        { {.type = EVENT_PROCESS_COMM, .group = "g", .name = "p", .pid = 9, BYTES("")},
          "PROCESS_COMMUNICATION_STDOUT", "processname:p groupname:g pid:9\n" },
        { {.type = EVENT_PROCESS_COMM, .group = "g", .name = "p", .pid = 9, .is_err = true,
           BYTES("x")},
          "PROCESS_COMMUNICATION_STDERR", "processname:p groupname:g pid:9\nx" },
    };
    // clang-format on
    (void)unused;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        check(&rows[i].ev, rows[i].type, rows[i].payload);
    assert_int_equal(payload_type(&(struct event){.type = EVENT_JOB_STATE}), EVENTTYPES);
    assert_int_equal(payload_type(&(struct event){.type = EVENT_JOB_NEWS}), EVENTTYPES);
    assert_int_equal(payload_type(&(struct event){.type = EVENT_PROCESS_NEWS}), EVENTTYPES);
}

/* Values without blanks and colons, a newline, and a sentence. */
static void test_jobs(void **unused)
{
    // clang-format off
    static const struct { struct event ev; const char *type; const char *payload; } rows[] = {
        { {.type = EVENT_JOB_NEWS, .news = JOB_NEWS_STARTED, .name = "job:certbot", .pid = 7,
           .cause = "by schedule", .when = 1795240195, .tries = 1},
          "JOB_STARTED", "jobname:certbot kind:job cause:schedule due:1795240195 attempt:1 pid:7\n" },
        { {.type = EVENT_JOB_STATE, .news = JOB_NEWS_SUCCEEDED, .name = "sync:data", .pid = 7,
           .cause = "required", .when = 5, .tries = 3, .took = 61042, .result = "succeeded",
           .why = "exit status 0"},
          "JOB_SUCCEEDED", "jobname:data kind:sync cause:required due:5 attempt:3 took:61.042 "
          "result:succeeded\n" },
        { {.type = EVENT_JOB_STATE, .news = JOB_NEWS_FAILED, .name = "job:x", .cause = "at boot",
           .when = 5, .tries = 1, .took = 999, .result = "timed out", .why = "timed out: 10 m\xff"},
          "JOB_FAILED", "jobname:x kind:job cause:boot due:5 attempt:1 took:0.999 "
          "result:timed_out\nUndecodable: b'timed out: 10 m\\xff'" },
        { {.type = EVENT_JOB_NEWS, .news = JOB_NEWS_MISSED, .name = "job:x", .period = 93600,
           .why = "not for 26h"},
          "JOB_MISSED", "jobname:x kind:job expect_every:93600 last_success:0\nnot for 26h" },
        { {.type = EVENT_JOB_STATE, .news = JOB_NEWS_SUCCEEDED, .name = "job:x",
           .cause = "made up for", .when = 5, .tries = 1, .result = "succeeded"},
          "JOB_SUCCEEDED", "jobname:x kind:job cause:made_up_for due:5 attempt:1 took:0.000 "
                           "result:succeeded\n" },
        { {.type = EVENT_JOB_NEWS, .news = JOB_NEWS_SKIPPED, .name = "job:x", .cause = "by hand",
           .when = 6, .tries = 2, .why = "the run before was still on its way"},
          "JOB_SKIPPED", "jobname:x kind:job cause:hand due:6\nthe run before was still on its way" },
    };
    // clang-format on
    (void)unused;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        check(&rows[i].ev, rows[i].type, rows[i].payload);
}

static void test_shutdown(void **unused)
{
    // clang-format off
    static const struct { struct event ev; const char *type; const char *payload; } rows[] = {
        { {.type = EVENT_SHUTDOWN, .power = POWER_WARNING, .name = "poweroff", .cause = "schedule",
           .when = 1795240195, .took = 599500, BYTES("soon")},
          "SHUTDOWN_WARNING", "action:poweroff cause:schedule when:1795240195 left:599\nsoon" },
        { {.type = EVENT_SHUTDOWN, .power = POWER_PLANNED, .name = "reboot", .cause = "hand"},
          "SHUTDOWN_PLANNED", "action:reboot cause:hand when:0 left:0\n" },
        { {.type = EVENT_SHUTDOWN, .power = POWER_POSTPONED, .name = "exec", .cause = "hand"},
          "SHUTDOWN_POSTPONED", "action:exec cause:hand when:0 left:0\n" },
        { {.type = EVENT_SHUTDOWN, .power = POWER_CANCELLED, .name = "halt", .cause = "hand"},
          "SHUTDOWN_CANCELLED", "action:halt cause:hand when:0 left:0\n" },
        { {.type = EVENT_SHUTDOWN, .power = POWER_FAILED, .name = "exit", .cause = "hand"},
          "SHUTDOWN_FAILED", "action:exit cause:hand when:0 left:0\n" },
    };
    // clang-format on
    (void)unused;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        check(&rows[i].ev, rows[i].type, rows[i].payload);
}

/* The expected texts are what Python's repr() says of these bytes. */
static void test_undecodable(void **unused)
{
    // clang-format off
    static const struct { const char *data; size_t len; const char *text; } rows[] = {
        { "caf\xc3\xa9", 5,             "caf\xc3\xa9" },
        { "caf\xe9", 4,                 "Undecodable: b'caf\\xe9'" },
        { "\xff'\"\\", 4,               "Undecodable: b'\\xff\\'\"\\\\'" },
        { "\xff\"", 2,                  "Undecodable: b'\\xff\"'" },
        { "\xc0\x80", 2,                "Undecodable: b'\\xc0\\x80'" },
        { "\xed\xa0\x80", 3,            "Undecodable: b'\\xed\\xa0\\x80'" },
        { "\xf0\x9f\x98", 3,            "Undecodable: b'\\xf0\\x9f\\x98'" },
        { "\t\r\n\0\x1b~\x7f\x80", 8,   "Undecodable: b'\\t\\r\\n\\x00\\x1b~\\x7f\\x80'" },
        { "", 0,                        "" },
    };
    // clang-format on
    (void)unused;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct buf b = BUF_EMPTY;
        payload_write_text(rows[i].data, rows[i].len, &b);
        assert_string_equal(buf_str(&b), rows[i].text);
        buf_close(&b);
    }
}

static void test_head(void **unused)
{
    struct buf b = BUF_EMPTY;
    struct payload_head head = {.server = "my id",
                                .serial = 41,
                                .pool = "ears",
                                .pool_serial = 7,
                                .type = EVENTTYPE_TICK_5,
                                .points = payload_points("typ\xc3\xa9 \xe2\x82\xac \xff", 11)};
    (void)unused;
    payload_write_head(&head, &b);
    assert_string_equal(buf_str(&b), "ver:3.0 server:my id serial:41 pool:ears poolserial:7 "
                                     "eventname:TICK_5 len:8\n");
    buf_close(&b);
}

static void test_types(void **unused)
{
    const char *few[] = {"TICK", "PROCESS_STATE_EXITED", "NO_SUCH", "TICK_5"};
    const char *all[] = {"EVENT"};
    struct name_list some = {few, 4};
    struct name_list every = {all, 1};
    (void)unused;
    for (int i = 0; i < EVENTTYPES; i++) {
        enum eventtype type = (enum eventtype)i;
        const char *parent = eventtype_name(eventtype_parent(type));
        assert_int_equal(eventtype_find(eventtype_name(type)), type);
        assert_true(eventtype_is(type, EVENTTYPE_EVENT));
        if (eventtype_parent(type) != EVENTTYPE_EVENT)
            assert_memory_equal(eventtype_name(type), parent, strlen(parent));
    }
    assert_int_equal(eventtype_find("tick"), EVENTTYPES);
    assert_false(eventtype_is(EVENTTYPE_TICK, EVENTTYPE_TICK_5));
    assert_int_equal(eventtype_mask(&some),
                     EVENTTYPE_BIT(EVENTTYPE_TICK) | EVENTTYPE_BIT(EVENTTYPE_TICK_5) |
                         EVENTTYPE_BIT(EVENTTYPE_TICK_60) | EVENTTYPE_BIT(EVENTTYPE_TICK_3600) |
                         EVENTTYPE_BIT(EVENTTYPE_PROCESS_STATE_EXITED));
    assert_int_equal(eventtype_mask(&every), EVENTTYPE_BIT(EVENTTYPES) - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_states),      cmocka_unit_test(test_others),
        cmocka_unit_test(test_jobs),        cmocka_unit_test(test_shutdown),
        cmocka_unit_test(test_undecodable), cmocka_unit_test(test_head),
        cmocka_unit_test(test_types),
    };
    return cmocka_run_group_tests_name("payload", tests, NULL, NULL);
}
