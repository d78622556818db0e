#include "traffic/reading.h"

#include <errno.h>
#include <string.h>

#include "base/mem.h"
#include "traffic/day.h"
#include "traffic/head.h"

// --- one line ------------------------------------------------------------------------------------

static bool is_counted(const struct reading *g, int32_t day)
{
    if (g->together)
        return true;
    if (g->state.path != NULL)
        return day >= g->state.from;
    return g->options->days == DAYS_ALL || day == g->options->day;
}

static uint64_t all_of(const struct day_count *c)
{
    uint64_t sum = c->tally->requests;
    for (int kind = 0; kind < LINE_KINDS; kind++)
        sum += c->malformed[kind];
    return sum;
}

static void leave_day(struct reading *g)
{
    if (g->count != NULL && all_of(g->count) != g->before)
        g->count->changed = true;
    g->count = NULL;
}

static void note_day(struct reading *g, int32_t day)
{
    if (g->first == DAY_NONE || day < g->first)
        g->first = day;
    if (g->last == DAY_NONE || day > g->last)
        g->last = day;
}

/* Lines are of that day from now on. */
static void turn_to(struct reading *g, int32_t day)
{
    leave_day(g);
    g->day = day;
    if (g->rc == 0 && is_counted(g, day)) {
        note_day(g, day);
        g->rc = days_get(&g->days, g->together ? DAY_NONE : day, &g->count, g->e);
        if (g->rc < 0)
            g->count = NULL;
    }
    if (g->count != NULL)
        g->before = all_of(g->count);
    for (int kind = 0; kind < LINE_KINDS; kind++) {
        if (g->count != NULL)
            g->count->malformed[kind] += g->pending[kind];
        g->pending[kind] = 0;
    }
}

static void take_malformed(struct reading *g, enum line_kind kind)
{
    if (g->day == DAY_NONE)
        g->pending[kind]++;
    else if (g->count != NULL)
        g->count->malformed[kind]++;
}

/* Lines that were too long are not handed over: they are noticed by the next one, and the end. */
static void take_dropped(struct reading *g)
{
    for (; g->dropped < g->scan.too_long; g->dropped++)
        take_malformed(g, LINE_LONG);
}

/* A number at the end of a line that has no end may be half a number. */
static void doubt_end(struct record *r, const char *end)
{
    static const enum field numbers[] = {FIELD_BYTES, FIELD_LATENCY};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        const struct span *text = &r->field[numbers[i]];
        if ((r->have & FIELD_BIT(numbers[i])) != 0 && text->text + text->len == end)
            r->have &= ~FIELD_BIT(numbers[i]);
    }
}

static inline void count_record(struct reading *g, const char *line_end)
{
    struct record *r = &g->record;
    if (r->when.day != g->day)
        turn_to(g, r->when.day);
    if (g->count == NULL)
        return;
    if (g->scan.half)
        doubt_end(r, line_end);
    tally_add(g->count->tally, r, routes_find(&g->routes, r));
}

static void on_line(void *ctx, const char *line, size_t len)
{
    struct reading *g = ctx;
    if (g->dropped != g->scan.too_long)
        take_dropped(g);
    enum line_kind kind = format_read(&g->format, line, len, &g->record);
    if (kind == LINE_OK && (g->record.have & FIELD_BIT(FIELD_TIME)) == 0)
        kind = LINE_TIME;
    if (kind == LINE_OK)
        count_record(g, line + len);
    else
        take_malformed(g, kind);
}

/* Lines that format_read_ahead takes have a time. */
static size_t on_text(void *ctx, const char *text, size_t len)
{
    struct reading *g = ctx;
    size_t line = format_read_ahead(&g->format, text, len, &g->record);
    if (line == 0)
        return 0;
    if (g->dropped != g->scan.too_long)
        take_dropped(g);
    count_record(g, text + line);
    return line;
}

// --- one file ------------------------------------------------------------------------------------

static bool has_pending(const struct reading *g)
{
    for (int kind = 0; kind < LINE_KINDS; kind++) {
        if (g->pending[kind] > 0)
            return true;
    }
    return false;
}

/* Reads a file from `g->scan.from` on; lines are of that day until one has another. */
static int read_file(struct reading *g, struct log_file *f, int32_t day, struct err *e)
{
    int fd = f->fd;
    f->fd = -1;
    g->day = DAY_NONE;
    if (day != DAY_NONE)
        turn_to(g, day);
    int rc = scan_file(&g->scan, fd, f->path, e);
    take_dropped(g);
    return rc < 0 ? rc : g->rc;
}

static int read_whole_file(struct reading *g, struct log_file *f, struct err *e)
{
    int rc = read_file(g, f, DAY_NONE, e);
    /* not one line with a time: the file itself has one */
    if (rc == 0 && g->day == DAY_NONE && has_pending(g)) {
        turn_to(g, day_today((time_t)(f->written_ns / 1000000000)));
        rc = g->rc;
    }
    leave_day(g);
    return rc;
}

/* Lines that are not in its tally may come to a day, or leave it: it is written again. */
static int mark_loose(struct reading *g, const struct ledger_entry *entry, struct err *e)
{
    struct day_count *c = NULL;
    uint64_t lines = 0;
    for (int kind = 0; kind < LINE_KINDS; kind++)
        lines += ledger_loose(entry, (enum line_kind)kind);
    if (lines == 0 || !is_counted(g, ledger_day(entry)))
        return 0;
    int rc = days_place(&g->days, ledger_day(entry), &c, e);
    if (rc == 0)
        c->changed = true;
    return rc;
}

/* Reads what is new in a file, and notes how far it was read. */
static int read_on(struct reading *g, struct log_file *f, struct ledger_entry *entry,
                   const struct head *h, struct err *e)
{
    if (ledger_is_settled(entry, f))
        return 0;
    int rc = mark_loose(g, entry, e);
    g->scan.from = entry->offset;
    g->scan.leave_tail = !h->compressed; /* nobody will finish the last line of those */
    memcpy(g->pending, entry->pending, sizeof g->pending);
    if (rc == 0)
        rc = read_file(g, f, entry->day, e);
    leave_day(g);
    if (rc < 0)
        return rc;
    entry->day = g->day;
    entry->half = g->scan.tail > 0;
    memcpy(entry->pending, g->pending, sizeof g->pending);
    memset(g->pending, 0, sizeof g->pending);
    if (g->scan.offset > entry->offset)
        entry->offset = g->scan.offset;
    ledger_note(entry, f, h);
    return mark_loose(g, entry, e);
}

// --- all files -----------------------------------------------------------------------------------

static int read_all(struct reading *g, struct err *e)
{
    int rc = 0;
    for (size_t i = 0; i < g->files.count && rc == 0; i++)
        rc = read_whole_file(g, &g->files.items[i], e);
    return rc;
}

enum { NO_ENTRY = -1, COPY = -2 };

/* Finds each file's place in the ledger: those of known inodes first, then what is left. */
static void find_places(struct ledger *l, const struct log_files *files, const struct head *heads,
                        ptrdiff_t *places)
{
    for (size_t i = 0; i < files->count; i++) {
        const struct ledger_entry *entry = ledger_same(l, &files->items[i], &heads[i]);
        places[i] = entry != NULL ? entry - l->items : NO_ENTRY;
    }
    for (size_t i = 0; i < files->count; i++) {
        if (places[i] != NO_ENTRY)
            continue;
        const struct ledger_entry *entry = ledger_moved(l, &files->items[i], &heads[i]);
        if (entry != NULL)
            places[i] = entry - l->items;
        else if (ledger_is_copy(l, &files->items[i], &heads[i]))
            places[i] = COPY;
    }
}

static int read_new(struct reading *g, const struct head *heads, ptrdiff_t *places, struct err *e)
{
    struct ledger *l = &g->state.ledger;
    int rc = 0;
    find_places(l, &g->files, heads, places);
    for (size_t i = 0; i < g->files.count && rc == 0; i++) {
        if (places[i] == COPY)
            continue;
        struct ledger_entry *entry =
            places[i] == NO_ENTRY ? ledger_add(l, &g->files.items[i]) : &l->items[places[i]];
        rc = read_on(g, &g->files.items[i], entry, &heads[i], e);
    }
    if (rc == 0)
        ledger_sweep(l);
    return rc;
}

static int read_with_state(struct reading *g, struct err *e)
{
    struct head *heads = mem_array(g->files.count, sizeof *heads);
    ptrdiff_t *places = mem_array(g->files.count, sizeof *places);
    int rc = 0;
    for (size_t i = 0; i < g->files.count && rc == 0; i++)
        rc = head_read(&heads[i], g->files.items[i].fd, g->files.items[i].path, e);
    if (rc == 0)
        rc = read_new(g, heads, places, e);
    mem_free(heads);
    mem_free(places);
    return rc;
}

/* Files that were last written before this moment have nothing to count. */
static time_t oldest(const struct reading *g)
{
    if (g->state.path != NULL)
        return g->state.from == DAY_FIRST ? INT64_MIN : day_begin(g->state.from);
    return g->options->days == DAYS_ALL ? INT64_MIN : day_begin(g->options->day);
}

int reading_run(struct reading *g, struct err *e)
{
    const struct options *o = g->options;
    int rc = 0;
    g->e = e;
    for (size_t i = 0; i < o->log_count && rc == 0; i++)
        rc = log_files_add(&g->files, o->logs[i], oldest(g), e);
    if (rc < 0)
        return rc;
    log_files_sort(&g->files);
    return g->state.path != NULL ? read_with_state(g, e) : read_all(g, e);
}

// --- begin and end -------------------------------------------------------------------------------

static int add_routes(struct reading *g, struct err *e)
{
    for (size_t i = 0; i < g->options->route_count; i++) {
        if (routes_add(&g->routes, g->options->routes[i], e) < 0)
            return -EINVAL;
    }
    return 0;
}

/* All that decides what the numbers in a state mean. */
static char *describe(const struct options *o)
{
    struct buf out = BUF_EMPTY;
    buf_printf(&out, "%d\n%s\n%d", TALLY_VERSION, o->format, (int)o->compat);
    for (size_t i = 0; i < o->route_count; i++)
        buf_printf(&out, "\n%s", o->routes[i]);
    return buf_take(&out);
}

static int check_day(const struct reading *g, struct err *e)
{
    char from[DAY_TEXT_SIZE];
    char day[DAY_TEXT_SIZE];
    if (g->options->days == DAYS_ALL || g->options->day >= g->state.from)
        return 0;
    (void)day_text(g->state.from, from);
    (void)day_text(g->options->day, day);
    if (g->options->day != g->options->today)
        return err_set(e, -EINVAL, "%s begins with %s; count %s without --state", g->state.path,
                       from, day);
    return err_set(
        e, -ERANGE,
        "%s begins with %s, and the clock says %s: nothing is counted until it is right; "
        "if it was wrong then, remove that file, and counting begins anew",
        g->state.path, from, day);
}

static unsigned wanted(const struct reading *g, enum tally_depth depth)
{
    struct tally t;
    tally_init(&t, depth);
    for (size_t i = 0; i < g->routes.count; i++)
        (void)tally_route(&t, routes_name(&g->routes, i));
    unsigned fields = tally_wants(&t) | routes_fields(&g->routes) | FIELD_BIT(FIELD_TIME);
    tally_close(&t);
    return fields;
}

int reading_init(struct reading *g, const struct options *o, bool together, struct err *e)
{
    enum tally_depth depth = o->compat == COMPAT_VIEWBOVIS ? TALLY_ROUTES : TALLY_FULL;
    *g = (struct reading){.options = o, .together = together, .first = DAY_NONE, .last = DAY_NONE};
    routes_init(&g->routes);
    days_init(&g->days, depth, &g->routes);
    log_files_init(&g->files);
    scan_init(&g->scan, on_line, g);
    g->setup = describe(o);
    state_init(&g->state, o->state, g->setup, o->days == DAYS_ALL ? DAY_FIRST : o->day, &g->days);
    int rc = format_init(&g->format, o->format, e);
    if (rc < 0) {
        g->format = (struct format){0};
        return rc;
    }
    rc = add_routes(g, e);
    if (rc == 0 && (g->format.fields & FIELD_BIT(FIELD_TIME)) == 0)
        rc = err_set(e, -EINVAL, "--format: '%s' has no time, so no line has a day", o->format);
    if (rc == 0 && o->state != NULL)
        rc = state_open(&g->state, &g->note, e);
    if (rc == 0 && o->state != NULL)
        rc = check_day(g, e);
    if (rc < 0)
        return rc;
    format_want(&g->format, wanted(g, depth));
    g->scan.ahead = g->format.combined ? on_text : NULL;
    return 0;
}

void reading_close(struct reading *g)
{
    log_files_close(&g->files);
    scan_close(&g->scan);
    state_close(&g->state);
    days_close(&g->days);
    routes_close(&g->routes);
    format_close(&g->format);
    mem_free(g->setup);
    mem_free(g->note);
}
