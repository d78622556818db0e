/* Any bytes as a configuration file: the reader, every key, groups, jobs, names and the dump. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/fd.h"
#include "config/dump.h"
#include "config/load.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *input_path(void)
{
    static char path[64];
    if (!path[0])
        (void)snprintf(path, sizeof path, "/tmp/mainstay-fuzz-ini-%d", (int)getpid());
    return path;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct env_var home[] = {{"HOME", "/root"}};
    static const struct env_list environment = {home, 1};
    struct load_options o = {.path = input_path(), .unresolved = true, .here = "/etc"};
    struct problem_list problems;
    struct config *c = NULL;
    struct buf out = BUF_EMPTY;
    struct err e;
    o.node = "host";
    o.environ = &environment;
    FILE *file = fopen(o.path, "w");
    if (!file || fwrite(data, 1, size, file) != size || fclose(file) != 0)
        abort();
    problem_list_init(&problems);
    int rc = config_load(&o, &c, &problems, &e);
    if ((rc == 0) != (problems.errors == 0) || (rc == 0) != (c != NULL))
        abort();
    if (c)
        config_dump(c, &problems, &out);
    else
        config_dump_problems(&problems, &e, &out);
    for (size_t i = 0; i < problems.count; i++)
        problem_print(&problems.items[i], &out);
    problem_list_close(&problems);
    config_unref(c);
    buf_close(&out);
    (void)unlink(o.path);
    return 0;
}
