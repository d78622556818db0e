/* Protects ready=, watchdog= and listen=: what is understood, what is refused and with which words. */
#include "config_helper.h"

#include "config/diff.h"
#include "config/listen.h"

#define PROGRAM "[supervisord]\n[program:a]\ncommand=a\n"

// clang-format off
static const struct { const char *text, *normal, *name; } good[] = {
    {"tcp:127.0.0.1:3000",      "tcp:127.0.0.1:3000", NULL},
    {"tcp:localhost:3000",      "tcp:127.0.0.1:3000", NULL},
    {"tcp:0.0.0.0:1",           "tcp:0.0.0.0:1",      NULL},
    {"tcp:65535",               "tcp:65535",          NULL},
    {"tcp:00080",               "tcp:80",             NULL},
    {"tcp:[::1]:3000",          "tcp:[::1]:3000",     NULL},
    {"tcp:[0:0::0:1]:3000",     "tcp:[::1]:3000",     NULL},
    {"tcp:[::]:3000",           "tcp:[::]:3000",      NULL},
    {"unix:/run/a.sock",        "unix:/run/a.sock",   NULL},
    {"unix:/run/a=b:c",         "unix:/run/a=b:c",    NULL},
    {"web=tcp:3000",            "tcp:3000",           "web"},
    {"a.b-c=unix:/run/a=b",     "unix:/run/a=b",      "a.b-c"},
};
static const char *const bad[] = {
    "", "tcp", "tcp:", "tcp::80", "tcp:0", "tcp:65536", "tcp:-1", "tcp:+1", "tcp: 1", "tcp:1 ",
    "tcp:100000", "tcp:0x50", "tcp:example.org:80", "tcp:127.0.0.1", "tcp:127.0.0.1:", "tcp:1.2.3:4",
    "tcp:127.0.0.1:80:90", "tcp:[::1]", "tcp:[::1]80", "tcp:[::1]:", "tcp:[::1:80", "tcp:[]:80",
    "tcp:[127.0.0.1]:80", "tcp:[fe80::1%eth0]:80", "tcp:::1:80", "udp:80", "unix:a.sock", "unix:",
    "3000", "/run/a.sock", "=tcp:80", "a b=tcp:80", "a\x01=tcp:80", "\xc3\xa4=tcp:80", "web=",
    "tcp:[1111:2222:3333:4444:5555:6666:7777:8888:9999:aaaa:bbbb:cccc:dddd:eeee:ffff]:80",
};
static const struct { const char *a, *b; bool clash; } pairs[] = {
    {"tcp:80",           "tcp:80",             true},
    {"tcp:80",           "tcp:81",             false},
    {"tcp:80",           "tcp:127.0.0.1:80",   true},
    {"tcp:80",           "tcp:[::1]:80",       true},
    {"tcp:80",           "tcp:[::]:80",        true},
    {"tcp:0.0.0.0:80",   "tcp:127.0.0.1:80",   true},
    {"tcp:0.0.0.0:80",   "tcp:[::]:80",        false},
    {"tcp:[::]:80",      "tcp:[::1]:80",       true},
    {"tcp:127.0.0.1:80", "tcp:127.0.0.2:80",   false},
    {"tcp:127.0.0.1:80", "tcp:127.0.0.1:81",   false},
    {"tcp:80",           "unix:/80",           false},
    {"unix:/a",          "unix:/a",            true},
    {"unix:/a",          "unix:/b",            false},
    {"x=unix:/a",        "y=unix:/a",          true},
};
// clang-format on

static void addresses_are_understood(void **state)
{
    (void)state;
    struct listen_address a;
    struct err e;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        assert_int_equal(listen_parse(good[i].text, &a, &e), 0);
        assert_string_equal(a.text, good[i].normal);
        assert_int_equal(a.name_len, good[i].name ? strlen(good[i].name) : 0);
        if (good[i].name)
            assert_memory_equal(a.name, good[i].name, a.name_len);
    }
}

static void others_are_refused(void **state)
{
    (void)state;
    struct listen_address a;
    char path[200];
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct err e = {""};
        assert_int_equal(listen_parse(bad[i], &a, &e), -EINVAL);
        assert_non_null(strstr(e.text, "'"));
    }
    (void)snprintf(path, sizeof path, "unix:/%0106d", 0);
    assert_int_equal(listen_parse(path, &a, NULL), 0);
    (void)snprintf(path, sizeof path, "unix:/%0107d", 0);
    assert_int_equal(listen_parse(path, &a, NULL), -EINVAL);
}

static void two_can_have_both_or_not(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        struct listen_address a;
        struct listen_address b;
        assert_int_equal(listen_parse(pairs[i].a, &a, NULL), 0);
        assert_int_equal(listen_parse(pairs[i].b, &b, NULL), 0);
        assert_int_equal(listen_clash(&a, &b), pairs[i].clash);
        assert_int_equal(listen_clash(&b, &a), pairs[i].clash);
    }
}

static void a_program_has_its_keys(void **state)
{
    (void)state;
    struct loaded l;
    load_text(&l, PROGRAM "ready=notify\nready_timeout=5m\nwatchdog=1.5s\nlisten_mode=0600\n"
                          "listen=web=tcp:80, unix:/run/../tmp//%(program_name)s.sock\n");
    assert_non_null(l.config);
    const struct process_config *p = &l.config->groups[0].processes[0];
    assert_int_equal(p->ready, READY_NOTIFY);
    assert_int_equal(p->ready_timeout_ms, 300000);
    assert_int_equal(p->watchdog_ms, 1500);
    assert_int_equal(p->listen_mode, 0600);
    assert_int_equal(p->listen.count, 2);
    assert_string_equal(p->listen.names[0], "web=tcp:80");
    assert_string_equal(p->listen.names[1], "unix:/tmp/a.sock");
    assert_string_equal(buf_str(&l.text), "");
    load_close(&l);
    load_text(&l, PROGRAM);
    p = &l.config->groups[0].processes[0];
    assert_int_equal(p->ready, READY_DELAY);
    assert_int_equal(p->ready_timeout_ms, 90000);
    assert_int_equal(p->watchdog_ms, 0);
    assert_int_equal(p->listen.count, 0);
    load_close(&l);
}

// clang-format off
static const struct { const char *text, *sentence; } problems[] = {
    {"ready=http://127.0.0.1/\n", ":4: ready: 'http://127.0.0.1/' is not one of delay or notify"},
    {"watchdog=soon\n", ":4: watchdog: "},
    {"watchdog=5ms\n", ":4: watchdog: warning: less than a second"},
    {"ready_timeout=5s\n", ":4: ready_timeout: warning: means nothing without ready=notify"},
    {"listen_mode=0600\n", ":4: listen_mode: warning: means nothing without listen="},
    {"\nlisten=tcp:99999\n", ":5: listen: 'tcp:99999' is no address: write tcp:127.0.0.1:3000"},
    {"listen=tcp:80,\n", ":4: listen: '' is no address"},
    {"listen=tcp:80,tcp:127.0.0.1:80\n", ":4: listen: tcp:80 and tcp:127.0.0.1:80 cannot both"},
    {"listen=tcp:80\n[program:b]\ncommand=b\nlisten=tcp:[::1]:80\n",
     ":7: listen: tcp:[::1]:80: [program:a] has tcp:80 already, only one of them can"},
    {"listen=unix:/a/../b\n[program:b]\ncommand=b\nlisten=x=unix:/b\n",
     ":7: listen: unix:/b: [program:a] has unix:/b already, only one of them can"},
};
// clang-format on

static void mistakes_have_their_place(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof problems / sizeof *problems; i++) {
        struct loaded l;
        char *text = mem_printf(PROGRAM "%s", problems[i].text);
        load_text(&l, text);
        if (!strstr(buf_str(&l.text), problems[i].sentence))
            fail_msg("%s instead of %s", buf_str(&l.text), problems[i].sentence);
        assert_int_equal(l.rc == 0, strstr(problems[i].sentence, "warning:") != NULL);
        load_close(&l);
        mem_free(text);
    }
}

/* The processes of a program, and a program in two groups, share what they listen at. */
static void one_program_is_no_clash(void **state)
{
    (void)state;
    struct loaded l;
    load_text(&l, PROGRAM "numprocs=3\nprocess_name=%(process_num)d\nlisten=tcp:80\n"
                          "[group:g]\nprograms=a\n[group:h]\nprograms=a\n"
                          "[program:b]\ncommand=b\nlisten=tcp:81,unix:/b,unix:/c\n");
    assert_non_null(l.config);
    assert_string_equal(buf_str(&l.text), "");
    load_close(&l);
}

static void another_way_of_writing_is_no_change(void **state)
{
    (void)state;
    static const char *const lines[] = {"tcp:localhost:80,unix:/run/a",
                                        "tcp:127.0.0.1:80,unix:/run//a",
                                        "tcp:127.0.0.1:80,unix:/run/b"};
    struct loaded l[3];
    for (int i = 0; i < 3; i++) {
        char *text = mem_printf(PROGRAM "listen=%s\n", lines[i]);
        load_text(&l[i], text);
        mem_free(text);
    }
    assert_true(config_same_group(&l[0].config->groups[0], &l[1].config->groups[0]));
    assert_false(config_same_group(&l[0].config->groups[0], &l[2].config->groups[0]));
    for (int i = 0; i < 3; i++)
        load_close(&l[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses_are_understood),
        cmocka_unit_test(others_are_refused),
        cmocka_unit_test(two_can_have_both_or_not),
        cmocka_unit_test(a_program_has_its_keys),
        cmocka_unit_test(mistakes_have_their_place),
        cmocka_unit_test(one_program_is_no_clash),
        cmocka_unit_test(another_way_of_writing_is_no_change),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
