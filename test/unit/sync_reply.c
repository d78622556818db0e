/* Protects the reader of small XML answers: one text, or nothing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "sync/s3/reply.h"

struct row {
    const char *xml;
    const char *want; /* NULL: nothing */
};

static void one_text_or_nothing(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"<R><A>x</A></R>", "x"},
        {"<R xmlns='urn:n'><B/><A>x &amp; y</A><A>z</A></R>", "x & y"},
        {"<?xml version='1.0'?><R><C><A>deep</A></C></R>", "deep"},
        {"<R><A></A></R>", ""},
        {"<Q><A>x</A></Q>", NULL},
        {"<A>x</A>", NULL},
        {"<R><B>x</B></R>", NULL},
        {"<R><A>x</A>", NULL},
        {"<R><A>much too long a text</A></R>", NULL},
        {"<!DOCTYPE R [<!ENTITY e 'x'>]><R><A>&e;</A></R>", NULL},
        {"<html>", NULL},
        {"", NULL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char out[16] = "untouched";
        bool found = reply_text(rows[i].xml, strlen(rows[i].xml), "R", "A", out, sizeof out);
        assert_int_equal(found, rows[i].want != NULL);
        if (found)
            assert_string_equal(out, rows[i].want);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(one_text_or_nothing)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
