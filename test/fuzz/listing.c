/* Fuzzes what a server may answer: the pages of a listing, the files made of them, and an error. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "../unit/wire_fake.h"
#include "sync/remote.h"

static struct s3_place place = {
    .base = (char *)(uintptr_t) "/b",
    .bucket = (char *)(uintptr_t) "b",
    .prefix = (char *)(uintptr_t) "p/",
};

struct input {
    const char *data; /* pages, with a NUL between each two */
    size_t size;
    size_t step; /* pages are fed in pieces of it */
};

static void on_change(struct lister *l)
{
    (void)l;
}

/* The next page of the input; false when there is none. */
static bool answer(struct input *in)
{
    if (in->size == 0)
        return false;
    const char *end = memchr(in->data, '\0', in->size);
    size_t len = end ? (size_t)(end - in->data) : in->size;
    (void)fake_answer(in->data, len, in->step);
    in->data += len + (end != NULL);
    in->size -= len + (end != NULL);
    return true;
}

static bool is_bad_path(const char *path)
{
    return *path == '/' || !*path || strstr(path, "//") || strncmp(path, "../", 3) == 0 ||
           strstr(path, "/../") || strcmp(path, "..") == 0;
}

/* No path may leave the target, come twice or out of order, or be in the way of another. */
static void check(const char *path, char *const *before, size_t count)
{
    if (is_bad_path(path))
        abort();
    if (count > 0 && path_order(before[count - 1], path) >= 0)
        abort();
    for (size_t i = 0; i < count; i++) {
        if (s3key_inside(before[i], path) || s3key_inside(path, before[i]))
            abort();
    }
}

static void drain(struct remote *r, struct input *in)
{
    char **paths = NULL;
    size_t count = 0;
    const struct remote_file *file;
    enum lister_state state;
    while ((state = remote_look(r, &file)) == LISTER_READY ||
           (state == LISTER_WAIT && answer(in))) {
        if (state != LISTER_READY)
            continue;
        if (file->fault == KEY_OK) {
            check(file->path, paths, count);
            paths = mem_grow(paths, count + 1, sizeof *paths);
            paths[count++] = mem_strdup(file->path);
        }
        remote_next(r);
    }
    if (state == LISTER_FAILED && (r->lister->why == SYNC_OK || !r->lister->err.text[0]))
        abort();
    while (count > 0)
        mem_free(paths[--count]);
    mem_free(paths);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input in = {(const char *)data + (size > 0), size - (size > 0), 1};
    struct filter filter = {0};
    struct lister l;
    struct remote r;
    struct err e;
    if (filter_add(&filter, false, "*.tmp", &e) < 0 || filter_add(&filter, true, "keep*", &e) < 0)
        abort();
    if (size > 0)
        in.step = (size_t)data[0] % 61 + 1;
    lister_start(&l, NULL, &place, "p/");
    l.on_change = on_change;
    remote_init(&r, &l, &filter);
    drain(&r, &in);
    remote_close(&r);
    lister_close(&l);
    filter_close(&filter);

    struct s3_error error;
    list_read_error((const char *)data, size, &error);
    if (strlen(error.code) >= sizeof error.code || strlen(error.region) >= sizeof error.region)
        abort();
    return 0;
}
