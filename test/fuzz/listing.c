/* Fuzzes what a server may answer: a page of a listing, an error, and the plan made of them. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "sync/plan.h"
#include "sync/s3/list.h"

/* No path of a plan may leave the target, and none may be in the way of another. */
static void check_plan(const struct plan *p)
{
    for (size_t i = 0; i < p->count; i++) {
        const char *path = p->items[i].path;
        if (*path == '/' || strstr(path, "//") || strncmp(path, "../", 3) == 0 ||
            strstr(path, "/../") || strcmp(path, "..") == 0 || !*path)
            abort();
        if (i > 0 && (s3key_compare(p->items[i - 1].path, path) >= 0 ||
                      s3key_inside(path, p->items[i - 1].path)))
            abort();
        if (plan_find(p, path) != &p->items[i])
            abort();
    }
}

static void make_plan(const struct listing *l)
{
    struct filter filter = {0};
    struct plan p;
    struct err e;
    if (filter_add(&filter, false, "*.tmp", &e) < 0 || filter_add(&filter, true, "keep*", &e) < 0)
        abort();
    if (plan_make(&p, l, &filter, ".mainstay", &e) == 0) {
        check_plan(&p);
        plan_close(&p);
    }
    filter_close(&filter);
}

/* Pages are fed in uneven pieces; the first byte says how. */
static int feed(struct list_page *page, const uint8_t *data, size_t size, struct err *e)
{
    size_t step = size ? (size_t)data[0] % 61 + 1 : 1;
    int rc = 0;
    for (size_t at = 1; rc == 0 && at < size; at += step)
        rc = list_page_feed(page, (const char *)data + at, size - at < step ? size - at : step, e);
    return rc < 0 ? rc : list_page_end(page, e);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct listing l;
    struct err e = {0};
    listing_init(&l, "p/");
    struct list_page *page = list_page_new(&l);
    int rc = feed(page, data, size, &e);
    list_page_free(page);
    if (rc < 0 && (l.count > 0 || !e.text[0]))
        abort();
    if (rc == 0)
        make_plan(&l);
    listing_close(&l);

    struct s3_error error;
    list_read_error((const char *)data, size, &error);
    if (strlen(error.code) >= sizeof error.code || strlen(error.region) >= sizeof error.region)
        abort();
    return 0;
}
