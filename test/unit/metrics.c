/* Protects the text of /metrics: labels of any bytes, numbers, missing samples, and its tables. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <ctype.h>
#include <math.h>
#include <string.h>

#include "control/sheet.h"

/* --- Labels ---------------------------------------------------------------------------------- */

static void labels_of_any_bytes(void **state)
{
    // clang-format off
    static const struct { const char *value, *want; } rows[] = {
        {"web", "web"},
        {"", ""},
        {"a b,c={d}", "a b,c={d}"},
        {"say \"x\"", "say \\\"x\\\""},
        {"C:\\dir", "C:\\\\dir"},
        {"two\nlines", "two\\nlines"},
        {"\\n", "\\\\n"},
        {"caf\xc3\xa9 \xf0\x9f\x98\x80", "caf\xc3\xa9 \xf0\x9f\x98\x80"},
        {"caf\xe9", "caf\\\\xe9"},
        {"\xc3", "\\\\xc3"},
        {"a\xed\xa0\x80z", "a\\\\xed\\\\xa0\\\\x80z"},
        {"\x1b[2J\r\t\x7f", "\\\\x1b[2J\\\\x0d\\\\x09\\\\x7f"},
        {"\xc2\x9b" "2J\xc2\xa0", "\\\\xc2\\\\x9b2J\xc2\xa0"},
    };
    // clang-format on
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct buf labels = BUF_EMPTY, want = BUF_EMPTY;
        sheet_label(&labels, "group", rows[i].value);
        sheet_label(&labels, "program", "x");
        buf_printf(&want, "group=\"%s\",program=\"x\"", rows[i].want);
        assert_string_equal(buf_str(&labels), buf_str(&want));
        buf_close(&labels);
        buf_close(&want);
    }
}

/* --- Sheets ---------------------------------------------------------------------------------- */

static double given; /* what the rows below read */

static double read_given(const struct metric_subject *s)
{
    (void)s;
    return given;
}

static double each_given(const struct metric_subject *s, size_t value)
{
    (void)s;
    return given == (double)value ? NAN : (double)value * 10;
}

static const char *const kinds[] = {"a", "b", "c", NULL};
static const struct metric given_rows[] = {
    {"x_total", METRIC_COUNTER, read_given, "One."},
    {"y", METRIC_GAUGE, NULL, "Three.", "kind", kinds, each_given},
};
static const struct metric_table given_table = {given_rows, 2};

static void write_all(const struct sheet *s, struct buf *out)
{
    for (size_t row = 0; row < s->table->count; row++) {
        size_t line = 0;
        do
            line = sheet_write(s, row, line, out);
        while (line > 0);
    }
}

static void samples_as_text(void **state)
{
    static const struct metric_subject subject;
    struct sheet s;
    struct buf text = BUF_EMPTY;
    (void)state;
    sheet_init(&s, &given_table);
    given = 1;
    sheet_add(&s, "group=\"web\"", &subject);
    given = 2.5;
    sheet_add(&s, "", &subject);
    given = NAN;
    sheet_add(&s, "group=\"none\"", &subject);
    write_all(&s, &text);
    assert_string_equal(buf_str(&text), "# HELP x_total One.\n# TYPE x_total counter\n"
                                        "x_total{group=\"web\"} 1\nx_total 2.5\n"
                                        "# HELP y Three.\n# TYPE y gauge\n"
                                        "y{group=\"web\",kind=\"a\"} 0\n"
                                        "y{group=\"web\",kind=\"c\"} 20\n"
                                        "y{kind=\"a\"} 0\ny{kind=\"b\"} 10\ny{kind=\"c\"} 20\n"
                                        "y{group=\"none\",kind=\"a\"} 0\n"
                                        "y{group=\"none\",kind=\"b\"} 10\n"
                                        "y{group=\"none\",kind=\"c\"} 20\n");
    buf_close(&text);
    sheet_close(&s);
}

static void numbers(void **state)
{
    // clang-format off
    static const struct { double value; const char *want; } rows[] = {
        {0, "0"}, {1, "1"}, {-1, "-1"}, {1795313353, "1795313353"},
        {1795313353.979, "1795313353.979"}, {0.000001, "1e-06"}, {0.1, "0.1"},
        {4503599627370497.0, "4503599627370497"}, {1e18, "1e+18"},
    };
    // clang-format on
    static const struct metric_subject subject;
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct sheet s;
        struct buf text = BUF_EMPTY, want = BUF_EMPTY;
        sheet_init(&s, &given_table);
        given = rows[i].value;
        sheet_add(&s, "", &subject);
        (void)sheet_write(&s, 0, 0, &text);
        buf_printf(&want, "\nx_total %s\n", rows[i].want);
        assert_non_null(strstr(buf_str(&text), buf_str(&want)));
        buf_close(&text);
        buf_close(&want);
        sheet_close(&s);
    }
}

/* Parts of a row are the row: no line twice, none left out, one head. */
static void parts_make_the_whole(void **state)
{
    static const struct metric_subject subject;
    (void)state;
    for (size_t count = 0; count < 450; count += 50) {
        struct sheet s;
        struct buf text = BUF_EMPTY, want = BUF_EMPTY;
        sheet_init(&s, &given_table);
        buf_text(&want, "# HELP x_total One.\n# TYPE x_total counter\n");
        for (size_t i = 0; i < count; i++) {
            struct buf label = BUF_EMPTY;
            buf_printf(&label, "n=\"%zu\"", i);
            given = (double)i;
            sheet_add(&s, buf_str(&label), &subject);
            buf_printf(&want, "x_total{n=\"%zu\"} %zu\n", i, i);
            buf_close(&label);
        }
        size_t line = 0;
        do
            line = sheet_write(&s, 0, line, &text);
        while (line > 0);
        assert_string_equal(buf_str(&text), buf_str(&want));
        buf_close(&text);
        buf_close(&want);
        sheet_close(&s);
    }
}

/* --- The tables ------------------------------------------------------------------------------ */

static bool is_name(const char *text)
{
    for (const char *at = text; *at; at++) {
        if (!islower((unsigned char)*at) && *at != '_')
            return false;
    }
    return *text != '\0';
}

static bool ends_with(const char *text, const char *end)
{
    size_t len = strlen(text), want = strlen(end);
    return len >= want && strcmp(text + len - want, end) == 0;
}

static void check_row(const struct metric *row)
{
    assert_true(is_name(row->name));
    assert_int_equal(strncmp(row->name, "mainstay_", 9), 0);
    assert_int_equal(ends_with(row->name, "_total"), row->type == METRIC_COUNTER);
    assert_null(strpbrk(row->help, "\n\\"));
    assert_true(ends_with(row->help, "."));
    assert_true((row->label != NULL) == (row->values != NULL && row->each && !row->read));
    assert_true(row->label ? is_name(row->label) : row->read != NULL);
    for (size_t i = 0; row->label && row->values[i]; i++)
        assert_null(strpbrk(row->values[i], "\"\\\n"));
}

static const struct metric *row_find(enum metric_kind kind, const char *name)
{
    for (size_t i = 0; i < metric_tables[kind].count; i++) {
        if (strcmp(metric_tables[kind].rows[i].name, name) == 0)
            return &metric_tables[kind].rows[i];
    }
    return NULL;
}

static void rows_are_as_prometheus_wants_them(void **state)
{
    (void)state;
    for (enum metric_kind kind = 0; kind < METRIC_KINDS; kind++) {
        for (size_t i = 0; i < metric_tables[kind].count; i++) {
            const struct metric *row = &metric_tables[kind].rows[i];
            check_row(row);
            assert_ptr_equal(row_find(kind, row->name), row); /* the first of that name */
        }
    }
}

static void states_have_their_names(void **state)
{
    static const enum proc_state states[] = {PROC_STOPPED, PROC_STARTING, PROC_RUNNING,
                                             PROC_BACKOFF, PROC_STOPPING, PROC_EXITED,
                                             PROC_FATAL,   PROC_UNKNOWN};
    const struct metric *procs = row_find(METRIC_PROCESS, "mainstay_process_state");
    const struct metric *jobs = row_find(METRIC_JOB, "mainstay_job_state");
    struct pgroup group = {0};
    struct proc p = {.group = &group};
    struct job job = {0};
    (void)state;
    for (size_t i = 0; i < sizeof states / sizeof *states; i++) {
        const struct metric_subject s = {.proc = &p};
        p.fsm.state = states[i];
        assert_string_equal(procs->values[i], proc_state_name(states[i]));
        for (size_t k = 0; procs->values[k]; k++)
            assert_true(procs->each(&s, k) == (i == k));
    }
    for (enum job_state i = 0; i < JOB_STATES; i++) {
        const struct metric_subject s = {.job = &job};
        job.state = i;
        assert_string_equal(jobs->values[i], job_state_name(i));
        for (size_t k = 0; jobs->values[k]; k++)
            assert_true(jobs->each(&s, k) == (i == k));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(labels_of_any_bytes),
        cmocka_unit_test(samples_as_text),
        cmocka_unit_test(numbers),
        cmocka_unit_test(parts_make_the_whole),
        cmocka_unit_test(rows_are_as_prometheus_wants_them),
        cmocka_unit_test(states_have_their_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
