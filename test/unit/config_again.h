/* What the tests of the configuration share: the same snapshot comes back from its own texts. */
#ifndef TEST_CONFIG_AGAIN_H
#define TEST_CONFIG_AGAIN_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "config/archive.h"
#include "config/diff.h"
#include "config/dump.h"

static inline char *dump_of(const struct config *c)
{
    struct problem_list none;
    struct buf text = BUF_EMPTY;
    problem_list_init(&none);
    config_dump(c, &none, &text);
    problem_list_close(&none);
    return buf_take(&text);
}

/* Two snapshots that say the same, also where a dump says nothing. */
static inline void assert_same_config(const struct config *a, const struct config *b)
{
    char *x = dump_of(a);
    char *y = dump_of(b);
    assert_string_equal(x, y);
    mem_free(x);
    mem_free(y);
    assert_string_equal(a->here, b->here);
    assert_null(config_fixed_change(a, b));
    for (size_t i = 0; i < a->group_count; i++)
        assert_true(config_same_group(&a->groups[i], &b->groups[i]));
    for (size_t i = 0; i < a->server_count; i++) {
        const char *password = a->servers[i].password;
        assert_string_equal(password ? password : "",
                            b->servers[i].password ? b->servers[i].password : "");
    }
}

/* Whatever loads can be made again from what it was made of. */
static inline void assert_loads_again(const struct config *c)
{
    struct config *again = NULL;
    struct err e = {""};
    json_t *packed = config_pack(c);
    char *text = json_dumps(packed, JSON_COMPACT);
    json_t *read = json_loads(text, 0, NULL);
    assert_non_null(read);
    if (config_unpack(read, &again, &e) < 0)
        fail_msg("%s", e.text);
    if (again)
        assert_same_config(c, again);
    config_unref(again);
    json_decref(packed);
    json_decref(read);
    free(text);
}

#endif
