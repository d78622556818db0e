/* A tally as JSON, and back. */
#include "traffic/tally.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base64.h"
#include "base/mem.h"
#include "base/xml.h"

/* The plain numbers of a struct. */
struct number {
    const char *name;
    size_t offset; /* of a uint64_t */
};

// clang-format off
static const struct number TALLY_NUMBERS[] = {
    {"requests", offsetof(struct tally, requests)},
    {"bytes",    offsetof(struct tally, bytes)},
    {"no_route", offsetof(struct tally, no_route)},
    {"no_path",  offsetof(struct tally, no_path)},
    {0},
};
static const struct number LATENCY_NUMBERS[] = {
    {"count",  offsetof(struct latency, count)},
    {"sum_us", offsetof(struct latency, sum_us)},
    {"max_us", offsetof(struct latency, max_us)},
    {"finer",  offsetof(struct latency, finer)},
    {0},
};
static const struct number TOP_NUMBERS[] = {
    {"total",     offsetof(struct top, total)},
    {"too_long",  offsetof(struct top, too_long)},
    {"forgotten", offsetof(struct top, forgotten)},
    {0},
};
static const struct number ROUTE_NUMBERS[] = {
    {"requests", offsetof(struct tally_route, requests)},
    {"bytes",    offsetof(struct tally_route, bytes)},
    {0},
};
// clang-format on

static const char *depth_name(const struct tally *t)
{
    return t->depth == TALLY_FULL ? "full" : "routes";
}

static json_t *integer(uint64_t value)
{
    return json_integer((json_int_t)value);
}

static void put_numbers(json_t *object, const struct number *numbers, const void *from)
{
    for (; numbers->name != NULL; numbers++) {
        uint64_t value;
        memcpy(&value, (const char *)from + numbers->offset, sizeof value);
        (void)json_object_set_new(object, numbers->name, integer(value));
    }
}

static json_t *dense(const uint64_t *values, size_t count)
{
    json_t *list = json_array();
    for (size_t i = 0; i < count; i++)
        (void)json_array_append_new(list, integer(values[i]));
    return list;
}

/* [[index, value], ...] of what is not 0. */
static json_t *sparse(const uint64_t *values, size_t count)
{
    json_t *list = json_array();
    for (size_t i = 0; i < count; i++)
        if (values[i] != 0)
            (void)json_array_append_new(list, dense((const uint64_t[]){i, values[i]}, 2));
    return list;
}

static json_t *save_latency(const struct latency *l)
{
    uint64_t steps[LATENCY_STEPS];
    for (size_t i = 0; i < LATENCY_STEPS; i++)
        steps[i] = l->steps[i];
    json_t *object = json_object();
    put_numbers(object, LATENCY_NUMBERS, l);
    (void)json_object_set_new(object, "steps", sparse(steps, LATENCY_STEPS));
    return object;
}

static json_t *base64(const void *data, size_t len)
{
    struct buf text = BUF_EMPTY;
    base64_encode(&text, data, len);
    json_t *string = json_string(buf_str(&text));
    buf_close(&text);
    return string;
}

static bool is_utf8(const char *text, size_t len)
{
    for (size_t i = 0, n; i < len; i += n)
        if ((n = xml_utf8_char(text + i, len - i)) == 0)
            return false;
    return memchr(text, '\0', len) == NULL;
}

/* What is no UTF-8, and so no JSON, is ["base64"]. */
static json_t *save_text(const char *text, size_t len)
{
    if (is_utf8(text, len))
        return json_stringn(text, len);
    json_t *list = json_array();
    (void)json_array_append_new(list, base64(text, len));
    return list;
}

/* [text, count, more, bytes] */
static json_t *save_item(const struct top *t, const struct top_text *item)
{
    json_t *list = dense((const uint64_t[]){item->count, item->more, item->bytes}, 3);
    (void)json_array_insert_new(list, 0, save_text(top_text(t, item), item->len));
    return list;
}

static json_t *save_top(const struct top *t)
{
    json_t *object = json_object();
    json_t *texts = json_array();
    for (size_t i = 0; i < t->count; i++)
        (void)json_array_append_new(texts, save_item(t, &t->texts[i]));
    put_numbers(object, TOP_NUMBERS, t);
    (void)json_object_set_new(object, "texts", texts);
    return object;
}

static json_t *save_clients(const struct clients *c)
{
    struct buf data = BUF_EMPTY;
    clients_save(c, &data);
    json_t *object = json_object();
    (void)json_object_set_new(object, "exact", json_boolean(clients_exact(c)));
    (void)json_object_set_new(object, "data", base64(buf_str(&data), data.len));
    buf_close(&data);
    return object;
}

static json_t *save_hours(const struct tally *t)
{
    json_t *list = json_array();
    for (size_t i = 0; i < TALLY_HOURS; i++) {
        json_t *hour = dense(t->hours[i].classes, TALLY_CLASSES);
        (void)json_array_insert_new(hour, 0, integer(t->hours[i].bytes));
        (void)json_array_insert_new(hour, 0, integer(t->hours[i].requests));
        (void)json_array_append_new(list, hour);
    }
    return list;
}

static json_t *save_route(const struct tally_route *route)
{
    json_t *object = json_object();
    (void)json_object_set_new(object, "name", save_text(route->name, strlen(route->name)));
    put_numbers(object, ROUTE_NUMBERS, route);
    (void)json_object_set_new(object, "classes", dense(route->classes, TALLY_CLASSES));
    if (route->latency != NULL)
        (void)json_object_set_new(object, "latency", save_latency(route->latency));
    return object;
}

static json_t *save_routes(const struct tally *t)
{
    json_t *list = json_array();
    for (size_t i = 0; i < t->route_count; i++)
        (void)json_array_append_new(list, save_route(&t->routes[i]));
    return list;
}

void tally_save(const struct tally *t, struct buf *out)
{
    json_t *object = json_object();
    (void)json_object_set_new(object, "tally", json_integer(TALLY_VERSION));
    (void)json_object_set_new(object, "depth", json_string(depth_name(t)));
    put_numbers(object, TALLY_NUMBERS, t);
    (void)json_object_set_new(object, "classes", dense(t->classes, TALLY_CLASSES));
    (void)json_object_set_new(object, "codes", sparse(t->codes, TALLY_CODES));
    (void)json_object_set_new(object, "hours", save_hours(t));
    (void)json_object_set_new(object, "routes", save_routes(t));
    (void)json_object_set_new(object, "clients", save_clients(&t->clients));
    (void)json_object_set_new(object, "latency", save_latency(&t->latency));
    (void)json_object_set_new(object, "paths", save_top(&t->paths));
    (void)json_object_set_new(object, "referrers", save_top(&t->referrers));
    (void)json_object_set_new(object, "agents", save_top(&t->agents));
    char *text = json_dumps(object, JSON_COMPACT | JSON_PRESERVE_ORDER);
    buf_text(out, text);
    free(text);
    json_decref(object);
}

static bool load_number(const json_t *value, uint64_t *out)
{
    if (!json_is_integer(value) || json_integer_value(value) < 0)
        return false;
    *out = (uint64_t)json_integer_value(value);
    return true;
}

static bool load_numbers(const json_t *object, const struct number *numbers, void *to)
{
    for (; numbers->name != NULL; numbers++) {
        uint64_t value;
        if (!load_number(json_object_get(object, numbers->name), &value))
            return false;
        memcpy((char *)to + numbers->offset, &value, sizeof value);
    }
    return true;
}

/* The list from `first` on; `count` numbers and nothing else. */
static bool load_dense(const json_t *list, size_t first, uint64_t *values, size_t count)
{
    if (json_array_size(list) != first + count)
        return false;
    for (size_t i = 0; i < count; i++)
        if (!load_number(json_array_get(list, first + i), &values[i]))
            return false;
    return true;
}

static bool load_sparse(const json_t *list, uint64_t *values, size_t count)
{
    if (!json_is_array(list))
        return false;
    for (size_t i = 0; i < json_array_size(list); i++) {
        uint64_t pair[2];
        if (!load_dense(json_array_get(list, i), 0, pair, 2) || pair[0] >= count)
            return false;
        values[pair[0]] = pair[1];
    }
    return true;
}

static bool load_latency(const json_t *object, struct latency *l)
{
    uint64_t steps[LATENCY_STEPS] = {0};
    if (!load_numbers(object, LATENCY_NUMBERS, l) ||
        !load_sparse(json_object_get(object, "steps"), steps, LATENCY_STEPS))
        return false;
    for (size_t i = 0; i < LATENCY_STEPS; i++) {
        if (steps[i] > UINT32_MAX)
            return false;
        l->steps[i] = (uint32_t)steps[i];
    }
    return true;
}

static bool load_base64(const json_t *text, struct buf *out)
{
    return json_is_string(text) &&
           base64_decode(out, json_string_value(text), json_string_length(text)) == 0;
}

static bool load_text(const json_t *value, struct buf *out)
{
    if (!json_is_string(value))
        return json_array_size(value) == 1 && load_base64(json_array_get(value, 0), out);
    buf_append(out, json_string_value(value), json_string_length(value));
    return true;
}

static bool load_item(const json_t *list, struct top *t)
{
    uint64_t numbers[3];
    struct buf text = BUF_EMPTY;
    bool ok = load_dense(list, 1, numbers, 3) && load_text(json_array_get(list, 0), &text) &&
              text.len <= TOP_TEXT_LEN;
    if (ok) {
        struct top_text item = {.len = (uint32_t)text.len,
                                .count = numbers[0],
                                .more = numbers[1],
                                .bytes = numbers[2]};
        ok = top_restore(t, buf_str(&text), &item);
    }
    buf_close(&text);
    return ok;
}

static bool load_top(const json_t *object, struct top *t)
{
    const json_t *texts = json_object_get(object, "texts");
    if (!json_is_array(texts) || !load_numbers(object, TOP_NUMBERS, t))
        return false;
    for (size_t i = 0; i < json_array_size(texts); i++)
        if (!load_item(json_array_get(texts, i), t))
            return false;
    return true;
}

static bool load_clients(const json_t *object, struct clients *c)
{
    struct buf data = BUF_EMPTY;
    const json_t *exact = json_object_get(object, "exact");
    bool ok = json_is_boolean(exact) && load_base64(json_object_get(object, "data"), &data) &&
              clients_restore(c, json_is_true(exact), buf_str(&data), data.len);
    buf_close(&data);
    return ok;
}

static bool load_hours(const json_t *list, struct tally *t)
{
    if (json_array_size(list) != TALLY_HOURS)
        return false;
    for (size_t i = 0; i < TALLY_HOURS; i++) {
        uint64_t numbers[2 + TALLY_CLASSES];
        if (!load_dense(json_array_get(list, i), 0, numbers, 2 + TALLY_CLASSES))
            return false;
        t->hours[i].requests = numbers[0];
        t->hours[i].bytes = numbers[1];
        memcpy(t->hours[i].classes, numbers + 2, sizeof t->hours[i].classes);
    }
    return true;
}

static bool load_route(const json_t *object, struct tally_route *route)
{
    const json_t *latency = json_object_get(object, "latency");
    if (!load_numbers(object, ROUTE_NUMBERS, route) ||
        !load_dense(json_object_get(object, "classes"), 0, route->classes, TALLY_CLASSES))
        return false;
    if (latency == NULL)
        return true;
    route->latency = mem_alloc(sizeof *route->latency);
    return load_latency(latency, route->latency);
}

static bool load_routes(const json_t *list, struct tally *t)
{
    for (size_t i = 0; i < t->route_count; i++)
        if (!load_route(json_array_get(list, i), &t->routes[i]))
            return false;
    return true;
}

static bool load_all(const json_t *object, struct tally *t)
{
    return load_numbers(object, TALLY_NUMBERS, t) &&
           load_dense(json_object_get(object, "classes"), 0, t->classes, TALLY_CLASSES) &&
           load_sparse(json_object_get(object, "codes"), t->codes, TALLY_CODES) &&
           load_hours(json_object_get(object, "hours"), t) &&
           load_routes(json_object_get(object, "routes"), t) &&
           load_clients(json_object_get(object, "clients"), &t->clients) &&
           load_latency(json_object_get(object, "latency"), &t->latency) &&
           load_top(json_object_get(object, "paths"), &t->paths) &&
           load_top(json_object_get(object, "referrers"), &t->referrers) &&
           load_top(json_object_get(object, "agents"), &t->agents);
}

static bool has_name(const json_t *route, const char *name)
{
    struct buf text = BUF_EMPTY;
    bool same =
        load_text(json_object_get(route, "name"), &text) && strcmp(buf_str(&text), name) == 0;
    buf_close(&text);
    return same;
}

/* Of the same depth and routes: numbers that mean the same. */
static bool is_like(const json_t *object, const struct tally *t)
{
    const char *depth = json_string_value(json_object_get(object, "depth"));
    const json_t *routes = json_object_get(object, "routes");
    if (depth == NULL || strcmp(depth, depth_name(t)) != 0 ||
        json_array_size(routes) != t->route_count)
        return false;
    for (size_t i = 0; i < t->route_count; i++)
        if (!has_name(json_array_get(routes, i), t->routes[i].name))
            return false;
    return true;
}

/* An empty one for the same routes. */
static void init_like(struct tally *t, const struct tally *other)
{
    tally_init(t, other->depth);
    for (size_t i = 0; i < other->route_count; i++)
        (void)tally_route(t, other->routes[i].name);
}

static int load_object(struct tally *t, const json_t *object, struct err *e)
{
    uint64_t version = 0;
    if (!load_number(json_object_get(object, "tally"), &version))
        return err_set(e, -EINVAL, "this is no saved tally");
    if (version != TALLY_VERSION || !is_like(object, t))
        return err_set(e, -ESTALE, "the saved tally is one of other routes");
    struct tally *fresh = mem_alloc(sizeof *fresh); /* large for a stack */
    init_like(fresh, t);
    bool ok = load_all(object, fresh);
    if (ok) {
        struct tally old = *t;
        *t = *fresh;
        *fresh = old;
    }
    tally_close(fresh);
    mem_free(fresh);
    return ok ? 0 : err_set(e, -EINVAL, "the saved tally is damaged");
}

int tally_load(struct tally *t, const char *text, size_t len, struct err *e)
{
    json_error_t why;
    json_t *object = json_loadb(text, len, JSON_REJECT_DUPLICATES, &why);
    if (object == NULL)
        return err_set(e, -EINVAL, "the saved tally is damaged: %s", why.text);
    int rc = load_object(t, object, e);
    json_decref(object);
    return rc;
}
