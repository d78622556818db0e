#include "traffic/output.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/mem.h"
#include "traffic/day.h"
#include "traffic/report.h"

int output_check(const struct options *o, const struct place *p, struct err *e)
{
    bool several = (o->outputs & (o->outputs - 1)) != 0;
    if (several && !p->folder)
        return err_set(e, -EINVAL, "--report: several kinds need --out with a folder");
    if (several && o->json_stdout)
        return err_set(e, -EINVAL, "--json-stdout takes one kind of --report");
    if (o->days == DAYS_ONE)
        return 0;
    if (p->by_day && o->json_stdout)
        return err_set(e, -EINVAL, "--json-stdout takes one day; --day all writes a file for each");
    if (!p->by_day && o->state != NULL)
        return err_set(e, -EINVAL,
                       "--day all with --state needs --out with a folder, or with %%Y, "
                       "%%m and %%d in the name");
    return 0;
}

bool output_is_together(const struct options *o, const struct place *p)
{
    return o->days == DAYS_ALL && !p->by_day;
}

// --- one report ----------------------------------------------------------------------------------

static enum report_form form_of(const struct options *o, enum output_kind kind)
{
    switch (kind) {
    case OUTPUT_TEXT:
        return REPORT_TEXT;
    case OUTPUT_HTML:
        return REPORT_HTML;
    case OUTPUT_JSON:
    case OUTPUT_KINDS:
        break;
    }
    return o->compat == COMPAT_VIEWBOVIS ? REPORT_VIEWBOVIS : REPORT_JSON;
}

/* Lines of files that may still turn out to be something else in the next run. */
static uint64_t loose_lines(const struct reading *g, int32_t day, enum line_kind kind)
{
    uint64_t lines = 0;
    for (size_t i = 0; i < g->state.ledger.count; i++) {
        if (ledger_day(&g->state.ledger.items[i]) == day)
            lines += ledger_loose(&g->state.ledger.items[i], kind);
    }
    return lines;
}

/* The kinds of malformed lines; how many lines. */
static uint64_t list_malformed(const struct reading *g, const struct day_count *c,
                               struct report_malformed *list)
{
    uint64_t sum = 0;
    for (int kind = LINE_OK + 1; kind < LINE_KINDS; kind++) {
        uint64_t lines = c->malformed[kind] + loose_lines(g, c->day, (enum line_kind)kind);
        list[kind - 1] = (struct report_malformed){line_kind_name((enum line_kind)kind), lines};
        sum += lines;
    }
    return sum;
}

static const char *words_of_day(const struct reading *g, const struct day_count *c, char *words,
                                size_t size)
{
    char first[DAY_TEXT_SIZE];
    char last[DAY_TEXT_SIZE];
    if (c->day != DAY_NONE)
        return day_text(c->day, words);
    if (g->first == DAY_NONE)
        return "no day";
    (void)snprintf(words, size, "%s%s%s", day_text(g->first, first),
                   g->first != g->last ? " to " : "",
                   g->first != g->last ? day_text(g->last, last) : "");
    return words;
}

static void render(const struct reading *g, const struct place *p, const struct day_count *c,
                   enum output_kind kind, struct buf *out)
{
    struct report_malformed malformed[LINE_KINDS];
    char words[3 * DAY_TEXT_SIZE];
    uint64_t bad = list_malformed(g, c, malformed);
    struct report r = {
        .tally = c->tally,
        .name = p->name,
        .day = words_of_day(g, c, words, sizeof words),
        .logs = g->options->logs,
        .log_count = g->options->log_count,
        .lines = c->tally->requests + bad,
        .malformed = malformed,
        .malformed_count = LINE_KINDS - 1,
    };
    report_write(&r, form_of(g->options, kind), out);
}

/* For people; the report is for programs. */
static void summarise(const struct reading *g, const struct day_count *c, struct buf *out)
{
    struct report_malformed malformed[LINE_KINDS];
    char words[3 * DAY_TEXT_SIZE];
    uint64_t bad = list_malformed(g, c, malformed);
    uint64_t requests = c->tally->requests;
    size_t files = g->files.count;
    buf_printf(out, "%s: %" PRIu64 " request%s in %zu file%s",
               words_of_day(g, c, words, sizeof words), requests, requests == 1 ? "" : "s", files,
               files == 1 ? "" : "s");
    if (bad > 0)
        buf_printf(out, "; %" PRIu64 " malformed line%s", bad, bad == 1 ? "" : "s");
    const char *before = " (";
    for (size_t i = 0; i < LINE_KINDS - 1 && bad > 0; i++) {
        if (malformed[i].lines == 0)
            continue;
        buf_printf(out, "%s%" PRIu64 " %s", before, malformed[i].lines, malformed[i].kind);
        before = ", ";
    }
    buf_text(out, bad > 0 ? ")\n" : "\n");
}

// --- all of them ---------------------------------------------------------------------------------

struct texts {
    struct buf summary;
    struct buf report; /* for standard output */
    bool to_stdout;
};

static int write_files(const struct reading *g, const struct place *p, const struct day_count *c,
                       struct err *e)
{
    int rc = 0;
    for (unsigned kind = 0; kind < OUTPUT_KINDS && rc == 0; kind++) {
        if ((g->options->outputs & 1U << kind) == 0)
            continue;
        struct buf text = BUF_EMPTY;
        render(g, p, c, (enum output_kind)kind, &text);
        rc = place_write(p, c->day, (enum output_kind)kind, &text, e);
        buf_close(&text);
    }
    return rc;
}

/* `asked`: the day is the one of --day, so it is also for standard output. */
static int write_day(struct reading *g, const struct place *p, int32_t day, bool asked,
                     struct texts *texts, struct err *e)
{
    struct day_count *c = NULL;
    int rc = days_get(&g->days, day, &c, e);
    if (rc == 0 && p->path != NULL && (asked || p->by_day))
        rc = write_files(g, p, c, e);
    if (rc < 0)
        return rc;
    if (asked && texts->to_stdout)
        render(g, p, c, (enum output_kind)__builtin_ctz(g->options->outputs), &texts->report);
    summarise(g, c, &texts->summary);
    return 0;
}

static int write_days(struct reading *g, const struct place *p, struct texts *texts, struct err *e)
{
    const struct options *o = g->options;
    if (g->together)
        return write_day(g, p, DAY_NONE, true, texts, e);
    int rc = 0;
    bool all = o->days == DAYS_ALL && o->state == NULL;
    for (size_t i = 0; i < g->days.count && rc == 0; i++) {
        const struct day_count *c = &g->days.items[i];
        bool asked = o->days == DAYS_ONE && c->day == o->day;
        if (!asked && (all || (c->changed && p->by_day)))
            rc = write_day(g, p, c->day, false, texts, e);
    }
    if (rc == 0 && o->days == DAYS_ONE)
        rc = write_day(g, p, o->day, true, texts, e);
    return rc;
}

static int print(const struct options *o, const struct texts *texts, struct err *e)
{
    (void)fwrite(buf_str(&texts->report), 1, texts->report.len, stdout);
    if (!o->quiet)
        (void)fputs(buf_str(&texts->summary), texts->to_stdout ? stderr : stdout);
    if (fflush(stdout) != 0 || ferror(stdout))
        return err_set(e, -EIO, "cannot write to standard output");
    return 0;
}

int output_write(struct reading *g, const struct place *p, struct err *e)
{
    struct texts texts = {.to_stdout = p->path == NULL || g->options->json_stdout};
    int rc = write_days(g, p, &texts, e);
    if (rc == 0 && g->state.path != NULL)
        rc = state_save(&g->state, e);
    if (rc == 0)
        rc = print(g->options, &texts, e);
    buf_close(&texts.summary);
    buf_close(&texts.report);
    return rc;
}
