/* The report for a terminal or a mail: ASCII but for what the log has; only agents are wide. */
#include "traffic/forms.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "traffic/figures.h"

enum { BAR = 48, NAME_WIDTH = 120, ROUTE_WIDTH = 60 };

/* The figure that `b` holds since `from`, moved to the right of a column that wide. */
static void right(struct buf *out, struct buf *figure, size_t width)
{
    for (size_t n = figure->len; n < width; n++)
        buf_char(out, ' ');
    buf_text(out, buf_str(figure));
    buf_clear(figure);
}

static void right_count(struct buf *out, uint64_t number, size_t width)
{
    struct buf figure = BUF_EMPTY;
    figure_count(&figure, number);
    right(out, &figure, width);
    buf_close(&figure);
}

static void right_bytes(struct buf *out, uint64_t bytes, size_t width)
{
    struct buf figure = BUF_EMPTY;
    figure_bytes(&figure, bytes);
    right(out, &figure, width);
    buf_close(&figure);
}

static void right_time(struct buf *out, const struct latency *l, unsigned permille, size_t width)
{
    struct buf figure = BUF_EMPTY;
    if (l == NULL || l->count == 0)
        buf_char(&figure, '-');
    else
        figure_time(&figure, latency_percentile(l, permille));
    right(out, &figure, width);
    buf_close(&figure);
}

static void head(const struct report *r, struct buf *out)
{
    buf_text(out, "Traffic of ");
    figure_text(out, r->name, strlen(r->name), NAME_WIDTH);
    buf_printf(out, ", %s\n", r->day);
    for (size_t i = 0; i < r->log_count; i++) {
        buf_text(out, i == 0 ? "from " : "     ");
        figure_text(out, r->logs[i], strlen(r->logs[i]), 0);
        buf_char(out, '\n');
    }
    buf_char(out, '\n');
}

static void put_clients(const struct tally *t, struct buf *out)
{
    buf_printf(out, "  clients   %s", clients_exact(&t->clients) ? "" : "about ");
    figure_count(out, clients_count(&t->clients));
    if (!clients_exact(&t->clients))
        buf_printf(out, " (counted exactly up to %d; +- %.1f %%)", CLIENTS_EXACT,
                   100 * CLIENTS_ERROR);
    buf_char(out, '\n');
}

static void put_statuses(const struct tally *t, struct buf *out)
{
    bool any = false;
    for (size_t i = 1; i <= TALLY_CLASSES; i++) {
        size_t class = i % TALLY_CLASSES; /* what is no status last */
        if (t->classes[class] == 0)
            continue;
        buf_printf(out, "%s%s ", any ? ", " : "  statuses  ", REPORT_CLASSES[class]);
        figure_count(out, t->classes[class]);
        any = true;
    }
    buf_text(out, any ? "\n" : "");
}

static void put_times(const struct tally *t, struct buf *out)
{
    // clang-format off
    static const struct {
        const char *words;
        unsigned permille;
    } rows[] = {
        {"half within ", 500}, {", 90 % ", 900}, {", 99 % ", 990}, {", all ", 1000},
    };
    // clang-format on
    if (t->latency.count == 0)
        return;
    buf_text(out, "  times     ");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        buf_text(out, rows[i].words);
        figure_time(out, latency_percentile(&t->latency, rows[i].permille));
    }
    buf_char(out, '\n');
}

static void put_lines(const struct report *r, struct buf *out)
{
    buf_text(out, "  lines     ");
    figure_count(out, r->lines);
    buf_text(out, " read, ");
    figure_count(out, report_malformed_lines(r));
    buf_text(out, " malformed");
    const char *before = " (";
    for (size_t i = 0; i < r->malformed_count; i++) {
        if (r->malformed[i].lines == 0)
            continue;
        buf_printf(out, "%s%s ", before, r->malformed[i].kind);
        figure_count(out, r->malformed[i].lines);
        before = ", ";
    }
    buf_text(out, *before == ',' ? ")\n" : "\n");
}

static void summary(const struct report *r, struct buf *out)
{
    const struct tally *t = r->tally;
    buf_text(out, "  requests  ");
    figure_count(out, t->requests);
    buf_char(out, '\n');
    if (t->depth == TALLY_FULL) {
        buf_text(out, "  bytes     ");
        figure_bytes(out, t->bytes);
        buf_char(out, '\n');
        put_clients(t, out);
        put_statuses(t, out);
        put_times(t, out);
    }
    put_lines(r, out);
}

static void hours(const struct tally *t, struct buf *out)
{
    uint64_t most = 1;
    for (size_t i = 0; i < TALLY_HOURS; i++)
        if (t->hours[i].requests > most)
            most = t->hours[i].requests;
    buf_text(out, "\nRequests by hour\n");
    for (size_t i = 0; i < TALLY_HOURS; i++) {
        uint64_t n = t->hours[i].requests;
        size_t length = (size_t)((double)n / (double)most * BAR + 0.5);
        buf_printf(out, "  %02zu ", i);
        right_count(out, n, 12);
        buf_text(out, n > 0 ? " |" : "");
        for (size_t k = 0; k < length; k++)
            buf_char(out, '#');
        buf_char(out, '\n');
    }
}

static void routes(const struct tally *t, struct buf *out)
{
    bool full = t->depth == TALLY_FULL;
    if (t->route_count == 0)
        return;
    buf_printf(out, "\nRoutes\n      requests%s  route\n",
               full ? "      bytes  half in    95 %" : "");
    for (size_t i = 0; i < t->route_count; i++) {
        const struct tally_route *route = &t->routes[i];
        right_count(out, route->requests, 14);
        if (full) {
            right_bytes(out, route->bytes, 11);
            right_time(out, route->latency, 500, 9);
            right_time(out, route->latency, 950, 8);
        }
        buf_text(out, "  ");
        figure_text(out, route->name, strlen(route->name), full ? ROUTE_WIDTH : NAME_WIDTH);
        buf_char(out, '\n');
    }
    right_count(out, t->no_route, 14);
    buf_printf(out, "%*s  (no route)\n", full ? 28 : 0, "");
}

static void top(const struct top *t, const char *title, size_t want, struct buf *out)
{
    const struct top_text **best = mem_array(want, sizeof *best);
    size_t count = top_best(t, best, want);
    if (count > 0)
        buf_printf(out, "\n%s\n", title);
    for (size_t i = 0; i < count; i++) {
        right_count(out, best[i]->count, 14);
        buf_text(out, best[i]->more > 0 ? "+ " : "  ");
        figure_text(out, top_text(t, best[i]), best[i]->len, NAME_WIDTH);
        buf_char(out, '\n');
    }
    if (!top_exact(t)) {
        buf_text(out, "  (too many different ones to count each: a number with + may be up to ");
        figure_count(out, t->forgotten);
        buf_text(out, " too low)\n");
    }
    mem_free(best);
}

void form_text(const struct report *r, struct buf *out)
{
    const struct tally *t = r->tally;
    head(r, out);
    summary(r, out);
    if (t->depth == TALLY_FULL)
        hours(t, out);
    routes(t, out);
    top(&t->paths, "Paths", report_top(r), out);
    top(&t->referrers, "Referrers", report_top(r), out);
    top(&t->agents, "Agents", report_top(r), out);
}
