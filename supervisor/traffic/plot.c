#include "traffic/plot.h"

#include "base/xml.h"
#include "traffic/figures.h"
#include "traffic/forms.h"

enum {
    WIDTH = 960,
    /* by hour */
    HOURS_HEIGHT = 270,
    HOURS_LEFT = 64,
    HOURS_TOP = 12,
    HOURS_BOTTOM = 240, /* the line that the bars stand on */
    HOURS_GAP = 6,
    GRID_LINES = 4,
    /* statuses */
    STATUS_HEIGHT = 30,
    /* bars */
    BAR_ROW = 30,
    BAR_RIGHT = 800, /* behind it stands the number */
    BAR_TEXT = 40,   /* characters of a name that stand left of the bars */
    BAR_GAP = 12,    /* between a name and its bar */
};

void plot_text(struct buf *out, const char *text, size_t len, size_t width)
{
    struct buf plain = BUF_EMPTY;
    figure_text(&plain, text, len, width);
    xml_text(out, buf_str(&plain), plain.len);
    buf_close(&plain);
}

static void begin_svg(struct buf *out, int height, const char *what, const char *class)
{
    buf_printf(out,
               "<svg class=\"%s\" viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"%s\" "
               "preserveAspectRatio=\"xMinYMin meet\">\n",
               class, WIDTH, height, what);
}

/* How high the axis goes: a whole number of steps. */
static uint64_t axis_top(const struct tally *t, uint64_t *step)
{
    uint64_t most = 1;
    for (size_t i = 0; i < TALLY_HOURS; i++)
        if (t->hours[i].requests > most)
            most = t->hours[i].requests;
    *step = figure_step(most, GRID_LINES);
    return (most + *step - 1) / *step * *step;
}

static void put_axis(struct buf *out, uint64_t top, uint64_t step)
{
    for (uint64_t at = 0; at <= top; at += step) {
        double y = HOURS_BOTTOM - (double)at / (double)top * (double)(HOURS_BOTTOM - HOURS_TOP);
        buf_printf(out, "<line class=\"grid\" x1=\"%d\" x2=\"%d\" y1=\"%.1f\" y2=\"%.1f\"/>",
                   HOURS_LEFT, WIDTH, y, y);
        buf_printf(out, "<text class=\"num\" x=\"%d\" y=\"%.1f\">", HOURS_LEFT - 8, y + 4);
        figure_count(out, at);
        buf_text(out, "</text>\n");
    }
}

/* The lower end of the next piece is the upper end of this one. */
static double put_piece(struct buf *out, double x, double width, double bottom, double height,
                        const char *class)
{
    if (height > 0)
        buf_printf(out, "<rect class=\"%s\" x=\"%.1f\" y=\"%.2f\" width=\"%.1f\" height=\"%.2f\"/>",
                   class, x, bottom - height, width, height);
    return bottom - height;
}

static void put_hour(struct buf *out, const struct tally *t, size_t hour, uint64_t top)
{
    const struct tally_hour *h = &t->hours[hour];
    double slot = (double)(WIDTH - HOURS_LEFT) / TALLY_HOURS;
    double x = HOURS_LEFT + (double)hour * slot + HOURS_GAP / 2.0;
    double scale = (double)(HOURS_BOTTOM - HOURS_TOP) / (double)top;
    uint64_t failed = h->classes[4] + h->classes[5];
    buf_printf(out, "<g><title>%02zu:00 to %02zu:59: ", hour, hour);
    figure_things(out, h->requests, "request");
    buf_text(out, ", 4xx ");
    figure_count(out, h->classes[4]);
    buf_text(out, ", 5xx ");
    figure_count(out, h->classes[5]);
    buf_text(out, "</title>");
    double y = put_piece(out, x, slot - HOURS_GAP, HOURS_BOTTOM,
                         (double)(h->requests - failed) * scale, "k2");
    y = put_piece(out, x, slot - HOURS_GAP, y, (double)h->classes[4] * scale, "k4");
    (void)put_piece(out, x, slot - HOURS_GAP, y, (double)h->classes[5] * scale, "k5");
    buf_printf(out, "</g><text class=\"mid\" x=\"%.1f\" y=\"%d\">%02zu</text>\n",
               x + (slot - HOURS_GAP) / 2, HOURS_BOTTOM + 20, hour);
}

void plot_hours(const struct tally *t, struct buf *out)
{
    uint64_t step = 1;
    uint64_t top = axis_top(t, &step);
    begin_svg(out, HOURS_HEIGHT, "Requests by hour", "wide");
    put_axis(out, top, step);
    for (size_t i = 0; i < TALLY_HOURS; i++)
        put_hour(out, t, i, top);
    buf_text(out, "</svg>\n");
}

void plot_statuses(const struct tally *t, struct buf *out)
{
    double x = 0;
    begin_svg(out, STATUS_HEIGHT, "Statuses", "thin");
    buf_printf(out, "<rect class=\"empty\" width=\"%d\" height=\"%d\"/>", WIDTH, STATUS_HEIGHT);
    for (size_t i = 1; i <= TALLY_CLASSES; i++) {
        size_t class = i % TALLY_CLASSES;
        if (t->classes[class] == 0)
            continue;
        double width = (double)t->classes[class] / (double)t->requests * WIDTH;
        buf_printf(out, "<g><title>%s: ", REPORT_CLASSES[class]);
        figure_things(out, t->classes[class], "request");
        buf_printf(out,
                   "</title><rect class=\"k%zu\" x=\"%.2f\" width=\"%.2f\" height=\"%d\"/></g>\n",
                   class, x, width, STATUS_HEIGHT);
        x += width;
    }
    buf_text(out, "</svg>\n");
}

/* What all bars have in common. */
struct scale {
    int left; /* where they begin */
    uint64_t most;
    uint64_t whole;
};

static void put_bar(struct buf *out, const struct plot_bar *bar, size_t row, const struct scale *s)
{
    double y = (double)row * BAR_ROW;
    double width = (double)bar->value / (double)s->most * (BAR_RIGHT - s->left);
    buf_text(out, "<g><title>");
    plot_text(out, bar->text, bar->len, 0);
    buf_printf(out, "</title><text class=\"name\" x=\"%d\" y=\"%.0f\">", s->left - BAR_GAP, y + 20);
    plot_text(out, bar->text, bar->len, BAR_TEXT);
    buf_printf(out,
               "</text><rect class=\"k2\" x=\"%d\" y=\"%.0f\" width=\"%.1f\" height=\"%d\"/>"
               "<text x=\"%.1f\" y=\"%.0f\">",
               s->left, y + 5, width, BAR_ROW - 10, s->left + width + 8, y + 20);
    figure_count(out, bar->value);
    buf_text(out, "<tspan class=\"dim\" dx=\"8\">");
    figure_share(out, bar->value, s->whole);
    buf_text(out, "</tspan></text></g>\n");
}

/* Right of the longest name; a character is 7.6 wide. */
static int bars_left(const struct plot_bar *bars, size_t count)
{
    size_t longest = 0;
    for (size_t i = 0; i < count; i++) {
        size_t width = figure_width(bars[i].text, bars[i].len);
        if (width > longest)
            longest = width < BAR_TEXT ? width : BAR_TEXT;
    }
    return (int)longest * 76 / 10 + BAR_GAP;
}

void plot_bars(const struct plot_bar *bars, size_t count, uint64_t whole, struct buf *out)
{
    struct scale s = {.left = bars_left(bars, count), .most = 1, .whole = whole};
    for (size_t i = 0; i < count; i++)
        if (bars[i].value > s.most)
            s.most = bars[i].value;
    begin_svg(out, (int)count * BAR_ROW, "Requests", "wide");
    for (size_t i = 0; i < count; i++)
        put_bar(out, &bars[i], i, &s);
    buf_text(out, "</svg>\n");
}
