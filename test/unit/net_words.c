/* Protects what people are told: a sentence for each event there is, in one line, whatever comes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "config/eventtype.h"
#include "net/note.h"

static void hear(struct intake *in, const char *event, const char *payload, size_t points)
{
    char *text = mem_printf("ver:3.0 server:my box serial:4 pool:ops poolserial:2 eventname:%s "
                            "len:%zu\n%s",
                            event, points, payload);
    const char *data = text;
    size_t len = strlen(text);
    *in = (struct intake){0};
    assert_int_equal(intake_take(in, &data, &len), INTAKE_EVENT);
    assert_int_equal(len, 0);
    mem_free(text);
}

struct sentence_case {
    const char *event, *payload, *sentence;
};

// clang-format off
static const struct sentence_case sentences[] = {
    {"PROCESS_STATE_FATAL", "processname:web groupname:web from_state:BACKOFF",
     "web has given up: no start of it has succeeded"},
    {"PROCESS_STATE_FATAL", "processname:web groupname:team from_state:BACKOFF",
     "team:web has given up: no start of it has succeeded"},
    {"PROCESS_STATE_EXITED", "processname:a groupname:a from_state:RUNNING expected:0 pid:7",
     "a (pid 7) has ended unexpectedly"},
    {"PROCESS_STATE_EXITED", "processname:a groupname:a from_state:RUNNING expected:1 pid:7",
     "a (pid 7) has ended, as expected"},
    {"PROCESS_STATE_BACKOFF", "processname:a groupname:a from_state:STARTING tries:2",
     "a ended too quickly, at start number 2"},
    {"PROCESS_STATE_BACKOFF", "processname:a groupname:a", "a ended too quickly"},
    {"PROCESS_LOG_STDOUT", "processname:a groupname:a pid:7 channel:stdout\n  one\ntwo\r\n \n",
     "a writes: one two"},
    {"PROCESS_COMMUNICATION_STDERR", "processname:a groupname:a pid:7\nhelp",
     "a says: help"},
    {"REMOTE_COMMUNICATION", "type:deploy\nversion 7 is out", "deploy: version 7 is out"},
    {"REMOTE_COMMUNICATION", "type:\nno type", ": no type"},
    {"SUPERVISOR_STATE_CHANGE_STOPPING", "", "the supervisor 'my' is stopping"},
    {"PROCESS_GROUP_REMOVED", "groupname:team\n", "group team is gone"},
    {"JOB_STARTED", "jobname:b kind:job cause:hand due:1 attempt:1 pid:9\n", "job b has started"},
    {"JOB_STARTED", "jobname:b kind:job cause:hand due:1 attempt:3 pid:9\n",
     "job b is tried again, attempt 3"},
    {"JOB_SUCCEEDED", "jobname:b kind:sync cause:boot due:1 attempt:1 took:61.500 result:succeeded\n",
     "sync b has succeeded after 61.500 s"},
    {"JOB_FAILED", "jobname:b kind:job cause:hand due:1 attempt:2 took:1.0 result:failed\nexit status 3",
     "job b has failed: exit status 3"},
    {"JOB_FAILED", "jobname:b kind:job cause:hand due:1 attempt:2 took:1.0 result:failed\n",
     "job b has failed"},
    {"JOB_FAILED", "jobname:b kind:job cause:hand due:1 attempt:0 took:0.0 result:failed\na has failed",
     "job b was not tried: a has failed"},
    {"JOB_FAILED", "jobname:b kind:job cause:hand due:1 attempt:1 took:0.0 result:stopped\n",
     "job b was stopped"},
    {"JOB_MISSED", "jobname:b kind:job expect_every:93600 last_success:0\nnot since ever",
     "job b has not succeeded for too long: not since ever"},
    {"JOB_SKIPPED", "jobname:b kind:job cause:schedule due:1\n", "job b was due, but has not run"},
    {"SHUTDOWN_WARNING", "action:poweroff cause:schedule when:1 left:600\npower-off in 10 min",
     "power-off in 10 min"},
    {"SOMETHING_NEWER", "a:1 b:2\nmore", "SOMETHING_NEWER: a:1 b:2"},
};
// clang-format on

static void each_event_has_its_sentence(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof sentences / sizeof *sentences; i++) {
        struct intake in;
        struct buf text = BUF_EMPTY;
        hear(&in, sentences[i].event, sentences[i].payload, strlen(sentences[i].payload));
        const struct told t = told_read(&in);
        words_write(&t, &text);
        assert_string_equal(buf_str(&text), sentences[i].sentence);
        buf_close(&text);
        intake_close(&in);
    }
}

/* A type that somebody adds to the daemon needs a sentence here. */
static void no_type_is_forgotten(void **state)
{
    (void)state;
    for (int type = 0; type < EVENTTYPES; type++) {
        const char *name = eventtype_name((enum eventtype)type);
        struct intake in;
        struct buf text = BUF_EMPTY;
        bool leaf = true;
        for (int other = 1; other < EVENTTYPES; other++)
            leaf = leaf && (int)eventtype_parent((enum eventtype)other) != type;
        if (!leaf)
            continue;
        hear(&in, name, "processname:a groupname:a jobname:a kind:job\nx", 46);
        const struct told t = told_read(&in);
        words_write(&t, &text);
        if (strncmp(buf_str(&text), name, strlen(name)) == 0)
            fail_msg("%s has no sentence in words.c", name);
        buf_close(&text);
        intake_close(&in);
    }
}

static void foreign_text_stays_in_its_place(void **state)
{
    (void)state;
    static const char head[] = "type:x\n";
    struct buf payload = BUF_EMPTY, text = BUF_EMPTY;
    struct intake in;
    buf_text(&payload, head);
    for (int i = 0; i < 400; i++)
        buf_text(&payload, "\xc3\xa9");
    hear(&in, "REMOTE_COMMUNICATION", buf_str(&payload), strlen(head) + 400);
    const struct told t = told_read(&in);
    words_write(&t, &text);
    assert_int_equal(text.len, 3 + WORDS_TEXT_MAX + 3); /* whole characters, then ... */
    assert_string_equal(buf_str(&text) + text.len - 5, "\xc3\xa9...");
    buf_close(&payload);
    buf_close(&text);
    intake_close(&in);
}

static void payloads_count_in_characters(void **state)
{
    (void)state;
    static const char bytes[] = "eventname:A len:4\na\xc3\xa9\xf0\x9f\x98\x80z"
                                "eventname:B len:3\n\xe9xy" /* what is no character is a byte */
                                "eventname:C len:0\n";
    struct intake in = {0};
    struct buf names = BUF_EMPTY;
    for (size_t i = 0; i < sizeof bytes - 1; i++) {
        const char *data = bytes + i;
        size_t len = 1;
        while (intake_take(&in, &data, &len) == INTAKE_EVENT)
            buf_printf(&names, "%c%zu", in.head.data[strlen("eventname:")], in.text.len);
    }
    assert_string_equal(buf_str(&names), "A8B3C0");
    buf_close(&names);
    intake_close(&in);
}

/* What is too long is cut off, and that is said; the next event is whole again. */
static void long_payloads_are_cut(void **state)
{
    (void)state;
    const struct note_about about = {"box", "ops"};
    char *text = mem_alloc(INTAKE_TEXT_MAX + 10);
    memset(text, 'x', INTAKE_TEXT_MAX + 9);
    text[INTAKE_TEXT_MAX + 9] = '\0';
    memcpy(text, "type:a\n", 7);
    for (size_t over = 0; over < 2; over++) {
        struct intake in;
        text[INTAKE_TEXT_MAX + over] = '\0';
        hear(&in, "REMOTE_COMMUNICATION", text, INTAKE_TEXT_MAX + over);
        const struct told t = told_read(&in);
        json_t *note = note_new(&about, &t, 0);
        assert_int_equal(json_is_true(json_object_get(note, "cut")), over);
        assert_int_equal(strlen(note_text(note, "data")), INTAKE_TEXT_MAX - 7);
        const char *data = "eventname:B len:0\n";
        size_t len = strlen(data);
        assert_int_equal(intake_take(&in, &data, &len), INTAKE_EVENT);
        assert_false(in.cut);
        json_decref(note);
        intake_close(&in);
        text[INTAKE_TEXT_MAX + over] = 'x';
    }
    mem_free(text);
}

/* Counts of several things that are told at one moment are several messages. */
static void counts_in_words(void **state)
{
    (void)state;
    const struct note_about about = {"box", "ops"};
    char event[] = "E", one[] = "one", two[] = "two", text[] = "a is down";
    const struct quiet_entry first = {one, event, text, 1000, 3};
    const struct quiet_entry second = {two, event, text, 1000, 1};
    const int64_t today = 1795240195000; /* the clock was at 1970 when it began */
    json_t *a = note_again(&about, &first, 61000);
    json_t *b = note_again(&about, &second, 61000);
    json_t *c = note_again(&about, &first, today);
    json_t *d = note_again(&about, &first, 0); /* and was put back */
    assert_string_equal(note_text(a, "text"), "a is down; again 3 times in 1 min");
    assert_string_equal(note_text(b, "text"), "a is down; again 1 time in 1 min");
    assert_string_equal(note_text(c, "text"), "a is down; again 3 times");
    assert_string_equal(note_text(d, "text"), "a is down; again 3 times");
    assert_string_not_equal(note_text(a, "id"), note_text(b, "id"));
    json_decref(a);
    json_decref(b);
    json_decref(c);
    json_decref(d);
}

static void what_is_no_event_is_said(void **state)
{
    (void)state;
    static const char *const bad[] = {"\n",
                                      "len:3\n",
                                      "eventname:A\n",
                                      "eventname:A len:\n",
                                      "eventname:A len:-1\n",
                                      "eventname:A len:1234567890\n"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct intake in = {0};
        const char *data = bad[i];
        size_t len = strlen(data);
        assert_int_equal(intake_take(&in, &data, &len), INTAKE_BROKEN);
        intake_close(&in);
    }
    struct intake in = {0};
    char *line = mem_alloc(INTAKE_HEAD_MAX + 2);
    memset(line, 'x', INTAKE_HEAD_MAX + 1);
    const char *data = line;
    size_t len = INTAKE_HEAD_MAX + 1;
    assert_int_equal(intake_take(&in, &data, &len), INTAKE_BROKEN);
    intake_close(&in);
    mem_free(line);
}

static void the_same_thing_has_the_same_key(void **state)
{
    (void)state;
    static const struct {
        const char *event, *one, *other;
        bool same;
    } cases[] = {
        {"PROCESS_STATE_EXITED", "processname:a groupname:a expected:0 pid:7",
         "processname:a groupname:a expected:0 pid:8", true},
        {"PROCESS_STATE_EXITED", "processname:a groupname:a expected:0 pid:7",
         "processname:a groupname:a expected:1 pid:7", false},
        {"PROCESS_STATE_FATAL", "processname:a groupname:a", "processname:b groupname:a", false},
        {"JOB_FAILED", "jobname:a kind:job\nexit status 1", "jobname:a kind:job\nexit status 2",
         true},
        {"REMOTE_COMMUNICATION", "type:x\none", "type:x\ntwo", false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct intake one, other;
        struct buf a = BUF_EMPTY, b = BUF_EMPTY;
        hear(&one, cases[i].event, cases[i].one, strlen(cases[i].one));
        hear(&other, cases[i].event, cases[i].other, strlen(cases[i].other));
        const struct told t = told_read(&one);
        const struct told u = told_read(&other);
        words_key(&t, &a);
        words_key(&u, &b);
        assert_int_equal(strcmp(buf_str(&a), buf_str(&b)) == 0, cases[i].same);
        buf_close(&a);
        buf_close(&b);
        intake_close(&one);
        intake_close(&other);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_event_has_its_sentence),
        cmocka_unit_test(no_type_is_forgotten),
        cmocka_unit_test(foreign_text_stays_in_its_place),
        cmocka_unit_test(payloads_count_in_characters),
        cmocka_unit_test(long_payloads_are_cut),
        cmocka_unit_test(counts_in_words),
        cmocka_unit_test(what_is_no_event_is_said),
        cmocka_unit_test(the_same_thing_has_the_same_key),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
