/*
 * The report as one page: no script, nothing from elsewhere. Whatever a client could have written
 * into the log stands in text only, escaped, never in an attribute.
 */
#include "traffic/forms.h"

#include <string.h>

#include "base/mem.h"
#include "traffic/figures.h"
#include "traffic/plot.h"

enum { PLOT_BARS = 12, TEXT_WIDTH = 200 };

static const char STYLE[] =
    ":root{color-scheme:light dark;--bg:#f4f6f8;--card:#fff;--ink:#1b2430;--dim:#5b6777;"
    "--line:#e2e7ed;--k0:#98a2ae;--k1:#98a2ae;--k2:#3574c4;--k3:#86b6ea;--k4:#e39a2d;--k5:#cb3a3a}"
    "\n"
    "@media(prefers-color-scheme:dark){:root{--bg:#11151b;--card:#1a2029;--ink:#e5eaf1;"
    "--dim:#97a4b5;--line:#2c3541;--k0:#6b7685;--k1:#6b7685;--k2:#5294e2;--k3:#2f5d92;"
    "--k4:#dd9a3a;--k5:#e5605d}}\n"
    "*{box-sizing:border-box}\n"
    "body{margin:0 auto;max-width:1080px;padding:28px 20px 40px;background:var(--bg);"
    "color:var(--ink);font:15px/1.45 system-ui,-apple-system,'Segoe UI',Roboto,'DejaVu Sans',"
    "sans-serif}\n"
    "h1{font-size:25px;margin:0}h1 span{color:var(--dim);font-weight:400;white-space:nowrap}\n"
    "h2{font-size:16px;margin:0 0 14px}\n"
    "p{margin:4px 0 0}.dim,footer{color:var(--dim)}\n"
    ".cards{display:grid;grid-template-columns:repeat(auto-fit,minmax(150px,1fr));gap:14px;"
    "margin:22px 0 14px}\n"
    ".card,section{background:var(--card);border:1px solid var(--line);border-radius:8px;"
    "padding:16px 18px}\n"
    "section{margin-bottom:14px;overflow-x:auto}\n"
    ".card b{display:block;font-size:24px;line-height:1.2;font-weight:600}\n"
    ".card span{color:var(--dim);font-size:13px}\n"
    "svg{display:block;width:100%;height:auto}svg.wide{min-width:600px}\n"
    "svg text{font-size:13px;fill:var(--ink)}svg .num,svg .mid{fill:var(--dim);font-size:12px}\n"
    "svg .num,svg .name{text-anchor:end}svg .mid{text-anchor:middle}svg .dim{fill:var(--dim)}\n"
    "svg .name{font-family:ui-monospace,'DejaVu Sans Mono',monospace;font-size:12.5px}\n"
    ".grid{stroke:var(--line)}.empty{fill:var(--line)}\n"
    ".k0{fill:var(--k0)}.k1{fill:var(--k1)}.k2{fill:var(--k2)}.k3{fill:var(--k3)}"
    ".k4{fill:var(--k4)}.k5{fill:var(--k5)}\n"
    "ul{list-style:none;display:flex;flex-wrap:wrap;gap:4px 22px;margin:12px 0 0;padding:0}\n"
    "li svg{display:inline-block;width:11px;height:11px;margin-right:7px}\n"
    "table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums}\n"
    "th{font-weight:500;color:var(--dim);font-size:13px}\n"
    "th,td{text-align:right;padding:5px 0 5px 18px;border-bottom:1px solid var(--line);"
    "white-space:nowrap}\n"
    "th:first-child,td:first-child{text-align:left;padding-left:0;white-space:normal;"
    "overflow-wrap:anywhere;min-width:200px;width:100%}\n"
    "tr:last-child td{border-bottom:0}\n"
    "td:first-child{font-family:ui-monospace,'DejaVu Sans Mono',monospace;font-size:13px}\n"
    "footer{font-size:13px;margin-top:20px}footer p{overflow-wrap:anywhere}\n"
    "@media print{body{background:none}section,.card{break-inside:avoid}}\n";

static void begin_page(const struct report *r, struct buf *out)
{
    buf_text(out, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>\n"
                  "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
                  "style-src 'unsafe-inline'\"/>\n"
                  "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n"
                  "<title>Traffic of ");
    plot_text(out, r->name, strlen(r->name), TEXT_WIDTH);
    buf_printf(out, ", %s</title>\n<style>\n%s</style>\n</head>\n<body>\n<h1>Traffic of ", r->day,
               STYLE);
    plot_text(out, r->name, strlen(r->name), TEXT_WIDTH);
    buf_printf(out, " <span>%s</span></h1>\n", r->day);
}

static void begin_card(struct buf *out)
{
    buf_text(out, "<div class=\"card\"><b>");
}

static void end_card(struct buf *out, const char *words)
{
    buf_printf(out, "</b><span>%s</span></div>\n", words);
}

static void cards(const struct tally *t, struct buf *out)
{
    buf_text(out, "<div class=\"cards\">\n");
    begin_card(out);
    figure_count(out, t->requests);
    end_card(out, t->requests == 1 ? "request" : "requests");
    if (t->depth == TALLY_FULL) {
        begin_card(out);
        buf_text(out, clients_exact(&t->clients) ? "" : "~ ");
        uint64_t clients = clients_count(&t->clients);
        figure_count(out, clients);
        end_card(out, !clients_exact(&t->clients) ? "clients (estimated)"
                      : clients == 1              ? "client"
                                                  : "clients");
        begin_card(out);
        figure_bytes(out, t->bytes);
        end_card(out, "sent");
        begin_card(out);
        figure_share(out, t->classes[5], t->requests);
        end_card(out, "failed (5xx)");
    }
    if (t->latency.count > 0) {
        begin_card(out);
        figure_time(out, latency_percentile(&t->latency, 950));
        end_card(out, "for 95 % of requests");
    }
    buf_text(out, "</div>\n");
}

static void begin_section(struct buf *out, const char *title)
{
    buf_printf(out, "<section>\n<h2>%s</h2>\n", title);
}

static void begin_key(struct buf *out, size_t class, const char *words)
{
    buf_printf(out,
               "<li><svg viewBox=\"0 0 1 1\"><rect class=\"k%zu\" width=\"1\" height=\"1\"/>"
               "</svg>%s",
               class, words);
}

static void hours(const struct tally *t, struct buf *out)
{
    begin_section(out, "Requests by hour");
    plot_hours(t, out);
    buf_text(out, "<ul>");
    begin_key(out, 2, "answered</li>");
    begin_key(out, 4, "4xx</li>");
    begin_key(out, 5, "5xx</li>");
    buf_text(out, "</ul>\n</section>\n");
}

static void codes(const struct tally *t, struct buf *out)
{
    buf_text(out, "<ul class=\"dim\">");
    for (size_t i = 1; i < TALLY_CODES; i++) {
        if (t->codes[i] == 0)
            continue;
        buf_printf(out, "<li>%03zu: ", i);
        figure_count(out, t->codes[i]);
        buf_text(out, "</li>");
    }
    buf_text(out, "</ul>\n");
}

static void statuses(const struct tally *t, struct buf *out)
{
    begin_section(out, "Status");
    plot_statuses(t, out);
    buf_text(out, "<ul>");
    for (size_t i = 1; i <= TALLY_CLASSES; i++) {
        size_t class = i % TALLY_CLASSES;
        if (t->classes[class] == 0)
            continue;
        begin_key(out, class, REPORT_CLASSES[class]);
        buf_text(out, " <b>");
        figure_count(out, t->classes[class]);
        buf_text(out, "</b> <span class=\"dim\">");
        figure_share(out, t->classes[class], t->requests);
        buf_text(out, "</span></li>");
    }
    buf_text(out, "</ul>\n");
    codes(t, out);
    buf_text(out, "</section>\n");
}

/* The routes that were asked for most; equal ones as they were given. */
static size_t route_bars(const struct tally *t, struct plot_bar *bars)
{
    size_t count = 0;
    for (size_t i = 0; i < t->route_count; i++) {
        const struct tally_route *route = &t->routes[i];
        size_t at = count;
        if (count == PLOT_BARS && bars[count - 1].value >= route->requests)
            continue;
        if (count < PLOT_BARS)
            count++;
        else
            at--;
        for (; at > 0 && bars[at - 1].value < route->requests; at--)
            bars[at] = bars[at - 1];
        bars[at] = (struct plot_bar){route->name, strlen(route->name), route->requests};
    }
    return count;
}

static size_t path_bars(const struct tally *t, struct plot_bar *bars)
{
    const struct top_text *best[PLOT_BARS];
    size_t count = top_best(&t->paths, best, PLOT_BARS);
    for (size_t i = 0; i < count; i++)
        bars[i] = (struct plot_bar){top_text(&t->paths, best[i]), best[i]->len, best[i]->count};
    return count;
}

static void top_routes(const struct tally *t, struct buf *out)
{
    struct plot_bar bars[PLOT_BARS];
    size_t count = t->route_count > 0 ? route_bars(t, bars) : path_bars(t, bars);
    if (count == 0)
        return;
    begin_section(out, t->route_count > 0 ? "Top routes" : "Top paths");
    plot_bars(bars, count, t->requests, out);
    buf_text(out, "</section>\n");
}

static void begin_row(struct buf *out, const char *text, size_t len)
{
    buf_text(out, "<tr><td>");
    plot_text(out, text, len, TEXT_WIDTH);
    buf_text(out, "</td>");
}

static void cell_count(struct buf *out, uint64_t number)
{
    buf_text(out, "<td>");
    figure_count(out, number);
    buf_text(out, "</td>");
}

static void cell_bytes(struct buf *out, uint64_t bytes)
{
    buf_text(out, "<td>");
    figure_bytes(out, bytes);
    buf_text(out, "</td>");
}

static void cell_time(struct buf *out, const struct latency *l, unsigned permille)
{
    buf_text(out, "<td>");
    if (l == NULL)
        buf_text(out, "-");
    else
        figure_time(out, latency_percentile(l, permille));
    buf_text(out, "</td>");
}

static void put_route(const struct tally *t, const struct tally_route *route, struct buf *out)
{
    begin_row(out, route->name, strlen(route->name));
    cell_count(out, route->requests);
    if (t->depth == TALLY_FULL) {
        cell_bytes(out, route->bytes);
        for (size_t class = 2; class < TALLY_CLASSES; class ++)
            cell_count(out, route->classes[class]);
    }
    for (unsigned i = 0; t->latency.count > 0 && i < 3; i++)
        cell_time(out, route->latency, (const unsigned[]){500, 950, 990}[i]);
    buf_text(out, "</tr>\n");
}

static void routes(const struct tally *t, struct buf *out)
{
    if (t->route_count == 0)
        return;
    begin_section(out, "Routes");
    buf_text(out, "<table>\n<tr><th>Route</th><th>Requests</th>");
    if (t->depth == TALLY_FULL)
        buf_text(out, "<th>Sent</th><th>2xx</th><th>3xx</th><th>4xx</th><th>5xx</th>");
    if (t->latency.count > 0)
        buf_text(out, "<th>50 %</th><th>95 %</th><th>99 %</th>");
    buf_text(out, "</tr>\n");
    for (size_t i = 0; i < t->route_count; i++)
        put_route(t, &t->routes[i], out);
    buf_text(out, "</table>\n<p class=\"dim\">");
    figure_things(out, t->no_route, "request");
    buf_printf(out, " belong%s to no route.</p>\n</section>\n", t->no_route == 1 ? "s" : "");
}

static void times(const struct tally *t, struct buf *out)
{
    static const unsigned permilles[] = {500, 750, 900, 950, 990, 999, 1000};
    if (t->latency.count == 0)
        return;
    begin_section(out, "Time to answer");
    buf_text(out, "<table>\n<tr><th>within</th><th>50 %</th><th>75 %</th><th>90 %</th>"
                  "<th>95 %</th><th>99 %</th><th>99.9 %</th><th>all</th></tr>\n<tr><td>");
    figure_things(out, t->latency.count, "request");
    buf_text(out, "</td>");
    for (size_t i = 0; i < sizeof permilles / sizeof *permilles; i++)
        cell_time(out, &t->latency, permilles[i]);
    buf_text(out, "</tr>\n</table>\n</section>\n");
}

static void top_rows(const struct report *r, const struct top *t, struct buf *out)
{
    size_t want = report_top(r);
    const struct top_text **best = mem_array(want, sizeof *best);
    size_t count = top_best(t, best, want);
    for (size_t i = 0; i < count; i++) {
        begin_row(out, top_text(t, best[i]), best[i]->len);
        buf_text(out, "<td>");
        figure_count(out, best[i]->count);
        buf_text(out, best[i]->more > 0 ? "+</td><td>" : "</td><td>");
        figure_share(out, best[i]->count, r->tally->requests);
        buf_text(out, "</td>");
        if (r->tally->depth == TALLY_FULL)
            cell_bytes(out, best[i]->bytes);
        buf_text(out, "</tr>\n");
    }
    mem_free(best);
}

static void top(const struct report *r, const struct top *t, const char *title, struct buf *out)
{
    if (t->count == 0)
        return;
    begin_section(out, title);
    buf_printf(out, "<table>\n<tr><th></th><th>Requests</th><th>Share</th>%s</tr>\n",
               r->tally->depth == TALLY_FULL ? "<th>Sent</th>" : "");
    top_rows(r, t, out);
    buf_text(out, "</table>\n");
    if (!top_exact(t)) {
        buf_text(out, "<p class=\"dim\">Too many different ones to count each: a number with + may "
                      "be up to ");
        figure_count(out, t->forgotten);
        buf_text(out, " too low.</p>\n");
    }
    buf_text(out, "</section>\n");
}

static void put_malformed(const struct report *r, struct buf *out)
{
    const char *before = " (";
    for (size_t i = 0; i < r->malformed_count; i++) {
        if (r->malformed[i].lines == 0)
            continue;
        buf_printf(out, "%s%s: ", before, r->malformed[i].kind);
        figure_count(out, r->malformed[i].lines);
        before = ", ";
    }
    buf_text(out, *before == ',' ? ")" : "");
}

static void end_page(const struct report *r, struct buf *out)
{
    buf_text(out, "<footer>\n<p>");
    figure_things(out, r->lines, "line");
    buf_text(out, " read, ");
    figure_count(out, report_malformed_lines(r));
    buf_text(out, " malformed");
    put_malformed(r, out);
    buf_text(out, ".</p>\n");
    if (!clients_exact(&r->tally->clients))
        buf_printf(out,
                   "<p>Clients are counted exactly up to %d; above it the number is an "
                   "estimate with a standard error of %.1f %%.</p>\n",
                   CLIENTS_EXACT, 100 * CLIENTS_ERROR);
    for (size_t i = 0; i < r->log_count; i++) {
        buf_text(out, "<p>");
        plot_text(out, r->logs[i], strlen(r->logs[i]), 0);
        buf_text(out, "</p>\n");
    }
    buf_text(out, "</footer>\n</body>\n</html>\n");
}

void form_html(const struct report *r, struct buf *out)
{
    const struct tally *t = r->tally;
    begin_page(r, out);
    cards(t, out);
    if (t->depth == TALLY_FULL) {
        hours(t, out);
        statuses(t, out);
    }
    top_routes(t, out);
    routes(t, out);
    times(t, out);
    top(r, &t->paths, "Paths", out);
    top(r, &t->referrers, "Referrers", out);
    top(r, &t->agents, "Agents", out);
    end_page(r, out);
}
