/* Protects what is remembered of a power-off that people have decided on: as text and back, of this
 * boot alone, and never by halves. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/mem.h"
#include "jobs/power_note.h"

static const char boot[] = "5f2c7a1e-0000-4000-8000-123456789abc";

static struct power_plan example(void)
{
    struct power_plan plan;
    powerplan_init(&plan);
    plan.seen = 1795300000;
    plan.skip = 1795390000;
    plan.hand = 1795303800000;
    plan.from = 123456;
    plan.ask = 1795303860000;
    plan.action = POWER_REBOOT;
    plan.next = 1795303800;
    return plan;
}

static void there_and_back(void **state)
{
    struct power_plan plan = example();
    struct power_plan read = {.next = 5};
    struct buf text = BUF_EMPTY;
    bool bad = true;
    (void)state;
    power_note_text(&plan, boot, &text);
    assert_true(power_note_parse(buf_str(&text), boot, &read, &bad));
    assert_false(bad);
    assert_memory_equal(&plan, &read, sizeof plan);
    assert_false(power_note_parse(buf_str(&text), "5f2c7a1e-0000-4000-8000-0", &read, &bad));
    assert_false(bad);
    assert_false(
        power_note_parse(buf_str(&text), "5f2c7a1e-0000-4000-8000-123456789abd", &read, &bad));
    assert_false(bad);
    assert_false(power_note_parse(buf_str(&text), "", &read, &bad));
    assert_true(bad);
    /* cut off anywhere, or with something behind it: nothing of it counts */
    read.hand = 7;
    size_t first = strcspn(buf_str(&text), "\n") + 1;
    for (size_t len = 0; len < text.len; len++) {
        char *part = mem_strndup(buf_str(&text), len);
        assert_false(power_note_parse(part, boot, &read, &bad));
        assert_true(bad == (len < 5 || len >= first));
        mem_free(part);
    }
    buf_text(&text, "more");
    assert_false(power_note_parse(buf_str(&text), boot, &read, &bad));
    assert_true(bad);
    assert_int_equal(read.hand, 7);
    buf_close(&text);
}

static void nonsense(void **state)
{
    // clang-format off
    static const char *const rest[] = {
        "seen -1\nskip 0\nhand -1\nfrom -1\nwarned 0\nask -1\naction -1\nnext -1\n",
        "seen 0\nskip 0\nhand -2\nfrom -1\nwarned 0\nask -1\naction -1\nnext -1\n",
        "seen 0\nskip 0\nhand -1\nfrom -1\nwarned 0\nask -1\naction 4\nnext -1\n",  /* a command is nobody's to ask for */
        "seen 0\nskip 0\nhand -1\nfrom -1\nwarned 0\nask -1\naction 99\nnext -1\n",
        "seen 0\nskip 0\nhand 99999999999999999999\nfrom -1\nwarned 0\nask -1\naction -1\nnext -1\n",
        "seen 0\nskip 0\nhand x\nfrom -1\nwarned 0\nask -1\naction -1\nnext -1\n",
        "hand -1\nseen 0\nskip 0\nfrom -1\nwarned 0\nask -1\naction -1\nnext -1\n",
        "seen 0\n\nskip 0\nhand -1\nfrom -1\nwarned 0\nask -1\naction -1\nnext -1\n",
    };
    // clang-format on
    (void)state;
    for (size_t i = 0; i < sizeof rest / sizeof *rest; i++) {
        struct power_plan plan = example();
        struct buf text = BUF_EMPTY;
        bool bad = false;
        buf_printf(&text, "boot %s\n%s", boot, rest[i]);
        assert_false(power_note_parse(buf_str(&text), boot, &plan, &bad));
        assert_true(bad);
        assert_int_equal(plan.from, 123456);
        buf_close(&text);
    }
}

static bool there(const char *folder)
{
    char path[96];
    (void)snprintf(path, sizeof path, "%s/poweroff", folder);
    return access(path, F_OK) == 0;
}

static void on_disk(void **state)
{
    char one[] = "/tmp/mainstay-note.XXXXXX";
    char two[] = "/tmp/mainstay-note.XXXXXX";
    struct power_plan plan = example();
    struct power_plan read;
    struct power_note n = {0};
    struct stat st;
    char path[96];
    (void)state;
    assert_true(mkdtemp(one) && mkdtemp(two));
    power_note_open(&n, one);
    assert_false(power_note_read(&n, &read));
    power_note_write(&n, NULL);
    assert_false(there(one));
    power_note_write(&n, &plan);
    (void)snprintf(path, sizeof path, "%s/poweroff", one);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    power_note_open(&n, two); /* another statedir */
    assert_false(there(one));
    power_note_write(&n, &plan);
    assert_true(there(two));
    power_note_close(&n);
    power_note_open(&n, two); /* by who has it from the version before, and does not read it */
    power_note_write(&n, NULL);
    assert_false(there(two));
    power_note_write(&n, &plan);
    power_note_close(&n);
    power_note_open(&n, two);
    assert_true(power_note_read(&n, &read));
    assert_memory_equal(&plan, &read, sizeof plan);
    power_note_write(&n, NULL);
    assert_false(there(two));
    (void)snprintf(path, sizeof path, "%s/poweroff.new", two);
    assert_int_equal(mkdir(path, 0700), 0); /* it cannot be written */
    power_note_write(&n, &plan);
    power_note_write(&n, &plan);
    assert_true(n.failing);
    assert_int_equal(rmdir(path), 0);
    power_note_write(&n, &plan);
    assert_false(n.failing);
    assert_true(there(two));
    power_note_open(&n, NULL); /* nowhere */
    assert_false(there(two));
    power_note_close(&n);
    assert_int_equal(rmdir(one) + rmdir(two), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(there_and_back),
        cmocka_unit_test(nonsense),
        cmocka_unit_test(on_disk),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
