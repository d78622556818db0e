#include "traffic/count.h"

#include <string.h>

#include "base/mem.h"
#include "base/xml.h"

void count_init(struct count *c)
{
    memset(c, 0, sizeof *c);
}

void count_close(struct count *c)
{
    for (size_t i = 0; i < c->route_count; i++)
        mem_free(c->routes[i].path);
    count_init(c);
}

/* FNV-1a; at most COUNT_ROUTES_MAX entries, so chosen collisions cost little */
static size_t hash_path(const char *path, size_t len)
{
    uint64_t hash = 14695981039346656037ULL;
    for (size_t i = 0; i < len; i++)
        hash = (hash ^ (unsigned char)path[i]) * 1099511628211ULL;
    return (size_t)(hash ^ (hash >> 32)) % COUNT_SLOTS;
}

/* The slot that holds the path, or the free one where it belongs. */
static uint16_t *find_slot(struct count *c, const char *path, size_t len)
{
    size_t i = hash_path(path, len);
    while (c->slots[i] != 0) {
        const struct route *r = &c->routes[c->slots[i] - 1];
        if (r->len == len && memcmp(r->path, path, len) == 0)
            break;
        i = (i + 1) % COUNT_SLOTS;
    }
    return &c->slots[i];
}

static struct route *add_route(struct count *c, uint16_t *slot, const char *path, size_t len)
{
    struct route *r = &c->routes[c->route_count++];
    *r = (struct route){.path = mem_strndup(path, len), .len = len};
    *slot = (uint16_t)c->route_count;
    return r;
}

/* JSON has no names that are not UTF-8. */
static bool is_utf8(const char *text, size_t len)
{
    for (size_t i = 0, n; i < len; i += n)
        if ((n = xml_utf8_char(text + i, len - i)) == 0)
            return false;
    return true;
}

static bool may_add(const struct count *c, const char *path, size_t len)
{
    return c->route_count < COUNT_ROUTES_MAX && len <= COUNT_PATH_MAX &&
           memchr(path, '\0', len) == NULL && is_utf8(path, len);
}

bool count_add(struct count *c, const char *path)
{
    size_t len = strlen(path);
    c->fixed = true;
    uint16_t *slot = find_slot(c, path, len);
    if (*slot != 0)
        return true;
    if (!may_add(c, path, len))
        return false;
    (void)add_route(c, slot, path, len);
    return true;
}

void count_path(struct count *c, const char *path, size_t len)
{
    if (len > COUNT_PATH_MAX) {
        c->other++;
        return;
    }
    uint16_t *slot = find_slot(c, path, len);
    if (*slot != 0)
        c->routes[*slot - 1].requests++;
    else if (!c->fixed && may_add(c, path, len))
        add_route(c, slot, path, len)->requests++;
    else
        c->other++;
}
