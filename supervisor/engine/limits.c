#include "engine/limits.h"

#include <stdio.h>
#include <string.h>

#include "engine/cgroup_dir.h"

// clang-format off
static const struct limits_row {
    const char *key;
    const char *file;
    size_t offset;
    enum controller controller;
    int64_t otherwise; /* when it is not set */
    const char *tail;  /* behind the number */
} limits_rows[] = {
    {"memory_max",  "memory.max",  offsetof(struct limits, memory_max),  CONTROLLER_MEMORY,
     CONFIG_NO_LIMIT, ""},
    {"memory_high", "memory.high", offsetof(struct limits, memory_high), CONTROLLER_MEMORY,
     CONFIG_NO_LIMIT, ""},
    {"cpu_weight",  "cpu.weight",  offsetof(struct limits, cpu_weight),  CONTROLLER_CPU,
     100, ""},
    {"cpu_max",     "cpu.max",     offsetof(struct limits, cpu_max),     CONTROLLER_CPU,
     CONFIG_NO_LIMIT, " 100000"},
    {"tasks_max",   "pids.max",    offsetof(struct limits, tasks_max),   CONTROLLER_PIDS,
     CONFIG_NO_LIMIT, ""},
};
static const struct { const char *name; enum controller controller; } limits_controller_rows[] = {
    {"memory", CONTROLLER_MEMORY}, {"cpu", CONTROLLER_CPU}, {"pids", CONTROLLER_PIDS},
};
// clang-format on
enum { LIMITS_ROWS = sizeof limits_rows / sizeof *limits_rows };

static int64_t limits_value(const struct limits *l, const struct limits_row *row)
{
    return *(const int64_t *)(const void *)((const char *)l + row->offset);
}

unsigned limits_controllers(const struct limits *l)
{
    unsigned controllers = 0;
    for (int i = 0; i < LIMITS_ROWS; i++) {
        if (limits_value(l, &limits_rows[i]) != CONFIG_UNSET)
            controllers |= limits_rows[i].controller;
    }
    return controllers;
}

bool limits_same(const struct limits *a, const struct limits *b)
{
    return memcmp(a, b, sizeof *a) == 0; /* numbers of one size: there is nothing in between */
}

void limits_names(const struct limits *l, unsigned controllers, struct buf *out)
{
    for (int i = 0; i < LIMITS_ROWS; i++) {
        if ((limits_rows[i].controller & controllers) &&
            limits_value(l, &limits_rows[i]) != CONFIG_UNSET)
            buf_printf(out, "%s%s", out->len ? ", " : "", limits_rows[i].key);
    }
}

static int limits_write(const struct limits *l, const struct limits_row *row, int dir)
{
    char text[64];
    int64_t value = limits_value(l, row);
    if (value == CONFIG_UNSET)
        value = row->otherwise;
    if (value == CONFIG_NO_LIMIT)
        (void)snprintf(text, sizeof text, "max%s", row->tail);
    else
        (void)snprintf(text, sizeof text, "%lld%s", (long long)value, row->tail);
    return cgroup_dir_write(dir, row->file, text);
}

int limits_apply(const struct limits *l, unsigned controllers, int dir, const char **file)
{
    int first = 0;
    for (int i = 0; i < LIMITS_ROWS; i++) {
        const struct limits_row *row = &limits_rows[i];
        int rc = row->controller & controllers ? limits_write(l, row, dir) : 0;
        if (rc < 0 && first == 0) {
            first = rc;
            *file = row->file;
        }
    }
    return first;
}

static bool limits_listed(const char *names, const char *name)
{
    size_t len = strlen(name);
    for (const char *at = names; (at = strstr(at, name)) != NULL; at += len) {
        bool begins = at == names || at[-1] == ' ';
        if (begins && (at[len] == ' ' || at[len] == '\n' || at[len] == '\0'))
            return true;
    }
    return false;
}

unsigned limits_enable(int dir, int *rc)
{
    char names[512];
    char text[16];
    unsigned enabled = 0;
    *rc = cgroup_dir_read(dir, "cgroup.controllers", names, sizeof names);
    if (*rc < 0)
        return 0;
    *rc = 0;
    for (size_t i = 0; i < sizeof limits_controller_rows / sizeof *limits_controller_rows; i++) {
        if (!limits_listed(names, limits_controller_rows[i].name))
            continue;
        (void)snprintf(text, sizeof text, "+%s", limits_controller_rows[i].name);
        int wrote = cgroup_dir_write(dir, "cgroup.subtree_control", text);
        if (wrote < 0)
            *rc = wrote;
        else
            enabled |= limits_controller_rows[i].controller;
    }
    return enabled;
}

void limits_memory_text(int64_t bytes, char *text, size_t size)
{
    const char *unit = " KMGT";
    if (bytes == CONFIG_NO_LIMIT) {
        (void)snprintf(text, size, "max");
        return;
    }
    for (; unit[1] && bytes >= 1024 && bytes % 1024 == 0; unit++)
        bytes /= 1024;
    (void)snprintf(text, size, "%lld%.*s", (long long)bytes, *unit == ' ' ? 0 : 1, unit);
}
