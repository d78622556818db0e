#include "traffic/tally.h"

#include <string.h>

#include "base/mem.h"
#include "traffic/record.h"
#include "traffic/sum.h"

/* What is left of a tally that shrinks. */
enum { SMALL_TEXTS = 512, SMALL_TEXT_BYTES = 32 * 1024, SMALL_CLIENTS = 2048 };

void tally_init(struct tally *t, enum tally_depth depth)
{
    *t = (struct tally){.depth = depth};
    clients_init(&t->clients);
    top_init(&t->paths);
    top_init(&t->referrers);
    top_init(&t->agents);
}

void tally_close(struct tally *t)
{
    for (size_t i = 0; i < t->route_count; i++) {
        mem_free(t->routes[i].name);
        mem_free(t->routes[i].latency);
    }
    mem_free(t->routes);
    clients_close(&t->clients);
    top_close(&t->paths);
    top_close(&t->referrers);
    top_close(&t->agents);
    tally_init(t, t->depth);
}

int tally_route(struct tally *t, const char *name)
{
    if (t->route_count == TALLY_ROUTES_MAX)
        return -1;
    t->routes = mem_grow(t->routes, t->route_count + 1, sizeof *t->routes);
    t->routes[t->route_count] = (struct tally_route){.name = mem_strdup(name)};
    return (int)t->route_count++;
}

unsigned tally_wants(const struct tally *t)
{
    if (t->depth == TALLY_ROUTES)
        return t->route_count > 0 ? 0 : FIELD_BIT(FIELD_PATH);
    return FIELD_BIT(FIELD_ADDR) | FIELD_BIT(FIELD_TIME) | FIELD_BIT(FIELD_PATH) |
           FIELD_BIT(FIELD_STATUS) | FIELD_BIT(FIELD_BYTES) | FIELD_BIT(FIELD_REFERRER) |
           FIELD_BIT(FIELD_AGENT) | FIELD_BIT(FIELD_LATENCY);
}

static bool has(const struct record *r, enum field field)
{
    return (r->have & FIELD_BIT(field)) != 0;
}

static struct span span_of(const struct record *r, enum field field)
{
    return has(r, field) ? r->field[field] : (struct span){NULL, 0};
}

/* Whoever links to us from a search has a query of their own: that says nothing, and may be
 * nobody's business. */
static struct span referrer_of(const struct record *r)
{
    struct span whole = span_of(r, FIELD_REFERRER);
    const char *query = whole.len > 0 ? memchr(whole.text, '?', whole.len) : NULL;
    if (query != NULL)
        whole.len = (size_t)(query - whole.text);
    return whole;
}

/* The texts of a request: each table is asked for its memory before the first is looked at. */
static void add_texts(struct tally *t, const struct record *r, uint64_t bytes)
{
    struct span address = span_of(r, FIELD_ADDR);
    struct span path = span_of(r, FIELD_PATH);
    struct span agent = span_of(r, FIELD_AGENT);
    struct span referrer = referrer_of(r);
    struct client who = clients_expect(&t->clients, address.text, address.len);
    struct top_key path_key = top_expect(&t->paths, path.text, path.len);
    struct top_key agent_key = top_expect(&t->agents, agent.text, agent.len);
    struct top_key referrer_key = top_expect(&t->referrers, referrer.text, referrer.len);
    if (agent.len > 0)
        top_take(&t->agents, &agent_key, bytes);
    if (referrer.len > 0)
        top_take(&t->referrers, &referrer_key, bytes);
    if (path.len > 0)
        top_take(&t->paths, &path_key, bytes);
    else
        t->no_path++;
    clients_take(&t->clients, &who);
}

static void add_latency(struct tally *t, struct tally_route *route, uint64_t us)
{
    latency_add(&t->latency, us);
    if (route == NULL)
        return;
    if (route->latency == NULL)
        route->latency = mem_alloc(sizeof *route->latency);
    latency_add(route->latency, us);
}

/* Not in line: who only counts routes is not to pay for it. */
__attribute__((noinline)) static void add_details(struct tally *t, const struct record *r,
                                                  struct tally_route *route)
{
    uint64_t bytes = has(r, FIELD_BYTES) ? r->bytes : 0;
    size_t code =
        has(r, FIELD_STATUS) && r->status > 0 && r->status < TALLY_CODES ? (size_t)r->status : 0;
    size_t class = code / 100 < TALLY_CLASSES ? code / 100 : 0;
    struct tally_hour *hour = &t->hours[r->when.hour % TALLY_HOURS];
    sum_add(&t->bytes, bytes);
    t->codes[code]++;
    t->classes[class]++;
    hour->requests++;
    sum_add(&hour->bytes, bytes);
    hour->classes[class]++;
    if (route != NULL) {
        sum_add(&route->bytes, bytes);
        route->classes[class]++;
    }
    if (has(r, FIELD_LATENCY))
        add_latency(t, route, r->latency_us);
    add_texts(t, r, bytes);
}

void tally_add(struct tally *t, const struct record *r, int route)
{
    struct tally_route *to = NULL;
    t->requests++;
    if (route >= 0 && (size_t)route < t->route_count) {
        to = &t->routes[route];
        to->requests++;
    } else {
        t->no_route++;
    }
    if (t->depth == TALLY_FULL)
        add_details(t, r, to);
    else if (t->route_count > 0)
        return;
    else if (has(r, FIELD_PATH))
        top_add(&t->paths, r->field[FIELD_PATH].text, r->field[FIELD_PATH].len, 0);
    else
        t->no_path++;
}

void tally_shrink(struct tally *t)
{
    clients_shrink(&t->clients, SMALL_CLIENTS);
    top_shrink(&t->paths, SMALL_TEXTS, SMALL_TEXT_BYTES);
    top_shrink(&t->referrers, SMALL_TEXTS, SMALL_TEXT_BYTES);
    top_shrink(&t->agents, SMALL_TEXTS, SMALL_TEXT_BYTES);
}

size_t tally_size(const struct tally *t)
{
    size_t routes = t->route_count * (sizeof *t->routes + sizeof(struct latency));
    return sizeof *t + routes + clients_size(&t->clients) + top_size(&t->paths) +
           top_size(&t->referrers) + top_size(&t->agents);
}
