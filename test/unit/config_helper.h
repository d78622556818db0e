/* What the tests of the configuration share: loading a text, loading a fixture. */
#ifndef TEST_CONFIG_HELPER_H
#define TEST_CONFIG_HELPER_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/mem.h"
#include "config/load.h"
#include "config_again.h"

/* One load and what came of it. */
struct loaded {
    struct config *config; /* NULL when it was refused */
    struct problem_list problems;
    struct err e;
    struct buf text; /* every problem, one a line, without the file's folder */
    int rc;
};

static inline const char *fixtures(void)
{
    static char path[4096];
    const char *root = getenv("ROOT");
    (void)snprintf(path, sizeof path, "%s/test/fixtures/config", root ? root : ".");
    return path;
}

static inline void load_file(struct loaded *l, const struct load_options *o)
{
    *l = (struct loaded){0};
    problem_list_init(&l->problems);
    l->rc = config_load(o, &l->config, &l->problems, &l->e);
    for (size_t i = 0; i < l->problems.count; i++) {
        struct problem p = l->problems.items[i];
        const char *slash = p.file ? strrchr(p.file, '/') : NULL;
        p.file = slash ? slash + 1 : p.file;
        problem_print(&p, &l->text);
    }
    assert_int_equal(l->rc == 0, l->config != NULL);
    assert_int_equal(l->rc == 0, l->problems.errors == 0);
    if (l->config)
        assert_loads_again(l->config);
}

/* The text as a file of its own; nothing on the machine is looked up. */
static inline void load_bytes(struct loaded *l, const char *text, size_t len)
{
    static const struct env_var home = {"HOME", "/home/me"};
    static const struct env_list environment = {(struct env_var *)(uintptr_t)&home, 1};
    char path[] = "/tmp/mainstay-config-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(fd_write_all(fd, text, len), 0);
    fd_close(&fd);
    struct load_options o = {path, true, "/here", "node", .environ = &environment};
    load_file(l, &o);
    (void)remove(path);
}

static inline void load_text(struct loaded *l, const char *text)
{
    load_bytes(l, text, strlen(text));
}

static inline void load_close(struct loaded *l)
{
    config_unref(l->config);
    problem_list_close(&l->problems);
    buf_close(&l->text);
}

#endif
