#include "jobs/budget.h"

#include "base/mem.h"
#include "jobs/say.h"

int64_t budget_plus(int64_t a, int64_t b)
{
    int64_t sum = (a > 0 ? a : 0) + (b > 0 ? b : 0); /* both are at most INT64_MAX / 4 */
    return sum < BUDGET_FOREVER ? sum : BUDGET_FOREVER;
}

struct budget_item *budget_add(struct budget *b, const char *label, enum budget_kind kind,
                               int64_t ms)
{
    b->items = mem_grow(b->items, b->count + 1, sizeof *b->items);
    struct budget_item *item = &b->items[b->count++];
    *item = (struct budget_item){.label = label, .kind = kind, .ms = budget_plus(ms, 0)};
    return item;
}

void budget_wait(struct budget *b, size_t from, size_t to)
{
    struct budget_item *item = &b->items[from];
    for (size_t i = 0; i < item->wait_count; i++) {
        if (item->waits[i] == to)
            return;
    }
    if (from == to)
        return;
    item->waits = mem_grow(item->waits, item->wait_count + 1, sizeof *item->waits);
    item->waits[item->wait_count++] = to;
}

void budget_close(struct budget *b)
{
    for (size_t i = 0; i < b->count; i++)
        mem_free(b->items[i].waits);
    mem_free(b->items);
    *b = (struct budget){0};
}

static bool budget_raise(struct budget *b, struct budget_item *item)
{
    int64_t before = item->rank;
    for (size_t i = 0; i < item->wait_count; i++) {
        if (b->items[item->waits[i]].rank > item->rank)
            item->rank = b->items[item->waits[i]].rank;
    }
    return item->rank != before;
}

/* Ranks only rise and no chain is longer than the number of items: this ends. */
void budget_rank(struct budget *b)
{
    for (bool changed = true; changed;) {
        changed = false;
        for (size_t i = 0; i < b->count; i++)
            changed |= budget_raise(b, &b->items[i]);
    }
}

/* What is longer: `last` gets to be `i` when that one is over later. */
static void budget_longest(const struct budget *b, size_t i, size_t *last)
{
    int64_t longest = *last == BUDGET_NONE ? 0 : b->items[*last].end;
    if (b->items[i].end > longest)
        *last = i;
}

/* It can begin when `before` is over (BUDGET_NONE: at once). True: that is later than before. */
static bool budget_begin(struct budget *b, size_t i, size_t before)
{
    struct budget_item *item = &b->items[i];
    int64_t end = budget_plus(before == BUDGET_NONE ? 0 : b->items[before].end, item->ms);
    if (end <= item->end)
        return false;
    item->end = end;
    item->previous = before;
    return true;
}

/* --- Programs ------------------------------------------------------------------------------ */

static bool budget_is_at(const struct budget_item *item, int64_t rank)
{
    return item->kind == BUDGET_PROGRAM && item->rank == rank;
}

/* Who waits for something is stopped before it. True: something has become later. */
static bool budget_pass(struct budget *b, int64_t rank)
{
    bool changed = false;
    for (size_t i = 0; i < b->count; i++) {
        const struct budget_item *item = &b->items[i];
        for (size_t k = 0; k < item->wait_count && budget_is_at(item, rank); k++) {
            if (budget_is_at(&b->items[item->waits[k]], rank))
                changed |= budget_begin(b, item->waits[k], i);
        }
    }
    return changed;
}

/* All of one rank, after all of the higher ones. Groups may have a cycle: then there is an end to
 * this, too. */
static void budget_solve_rank(struct budget *b, int64_t rank, size_t *last)
{
    size_t before = *last;
    for (size_t i = 0; i < b->count; i++) {
        if (budget_is_at(&b->items[i], rank))
            (void)budget_begin(b, i, before);
    }
    for (size_t passes = 0; passes < b->count && budget_pass(b, rank);)
        passes++;
    for (size_t i = 0; i < b->count; i++) {
        if (budget_is_at(&b->items[i], rank))
            budget_longest(b, i, last);
    }
}

/* The highest rank below `limit`. False: there is none. */
static bool budget_next_rank(const struct budget *b, int64_t limit, int64_t *rank)
{
    bool found = false;
    for (size_t i = 0; i < b->count; i++) {
        const struct budget_item *item = &b->items[i];
        if (item->kind != BUDGET_PROGRAM || item->rank >= limit || (found && item->rank <= *rank))
            continue;
        *rank = item->rank;
        found = true;
    }
    return found;
}

/* --- Jobs ---------------------------------------------------------------------------------- */

static bool budget_pass_jobs(struct budget *b, enum budget_kind kind)
{
    bool changed = false;
    for (size_t i = 0; i < b->count; i++) {
        const struct budget_item *item = &b->items[i];
        for (size_t k = 0; k < item->wait_count && item->kind == kind; k++) {
            if (b->items[item->waits[k]].kind == kind)
                changed |= budget_begin(b, i, item->waits[k]);
        }
    }
    return changed;
}

static int64_t budget_end(const struct budget *b)
{
    return b->last == BUDGET_NONE ? 0 : b->items[b->last].end;
}

/* All of that kind, after what there was before. */
static void budget_solve_kind(struct budget *b, enum budget_kind kind)
{
    size_t before = b->last;
    for (size_t i = 0; i < b->count; i++) {
        if (b->items[i].kind == kind)
            (void)budget_begin(b, i, before);
    }
    for (size_t passes = 0; passes < b->count && budget_pass_jobs(b, kind);)
        passes++;
    for (size_t i = 0; i < b->count; i++) {
        if (b->items[i].kind == kind)
            budget_longest(b, i, &b->last);
    }
}

static void budget_solve_stopped(struct budget *b)
{
    for (size_t i = 0; i < b->count; i++) {
        if (b->items[i].kind == BUDGET_STOPPED_JOB && budget_begin(b, i, BUDGET_NONE))
            budget_longest(b, i, &b->last);
    }
}

static size_t budget_find(const struct budget *b, enum budget_kind kind)
{
    size_t i = 0;
    while (i < b->count && b->items[i].kind != kind)
        i++;
    return i < b->count ? i : BUDGET_NONE;
}

/* Nothing is stopped before those with before=stop are through. */
static void budget_solve_before(struct budget *b)
{
    size_t cut = budget_find(b, BUDGET_CUT);
    if (budget_find(b, BUDGET_BEFORE_JOB) == BUDGET_NONE)
        return;
    budget_solve_stopped(b);
    size_t before = b->last;
    int64_t begin = budget_end(b);
    budget_solve_kind(b, BUDGET_BEFORE_JOB);
    if (cut == BUDGET_NONE || budget_end(b) <= budget_plus(begin, b->before_limit))
        return;
    b->items[cut].ms = budget_plus(b->before_limit, b->before_kill);
    (void)budget_begin(b, cut, before);
    b->last = cut;
}

void budget_limit(struct budget *b)
{
    if (budget_find(b, BUDGET_BEFORE_JOB) != BUDGET_NONE)
        (void)budget_add(b, "the jobs before the stop", BUDGET_CUT, 0);
}

static void budget_solve_jobs(struct budget *b)
{
    size_t before = b->last;
    int64_t begin = budget_end(b);
    budget_solve_kind(b, BUDGET_SHUTDOWN_JOB);
    int64_t end = budget_end(b);
    b->ms = end;
    b->jobs_cut = end > budget_plus(begin, b->jobs_limit);
    if (!b->jobs_cut)
        return;
    b->ms = budget_plus(budget_plus(begin, b->jobs_limit), b->jobs_kill);
    b->last = before;
}

void budget_solve(struct budget *b)
{
    int64_t rank = INT64_MAX;
    b->last = BUDGET_NONE;
    for (size_t i = 0; i < b->count; i++) {
        b->items[i].end = 0;
        b->items[i].previous = BUDGET_NONE;
    }
    budget_solve_before(b);
    while (budget_next_rank(b, rank, &rank))
        budget_solve_rank(b, rank, &b->last);
    budget_solve_stopped(b);
    budget_solve_jobs(b);
    b->ms = budget_plus(b->ms, b->rest);
}

/* --- In words ------------------------------------------------------------------------------ */

static void budget_say_item(const struct budget *b, size_t i, struct buf *out)
{
    const struct budget_item *item = &b->items[i];
    char span[32];
    char end[32];
    if (item->kind == BUDGET_CUT) {
        say_span(b->before_limit, span, sizeof span);
        say_span(b->before_kill, end, sizeof end);
        buf_printf(out, "%s%s (timeout of [shutdown] %s, %s to end them)", out->len ? " → " : "",
                   item->label, span, end);
        return;
    }
    say_span(item->ms, span, sizeof span);
    buf_printf(out, "%s%s (%s%s)", out->len ? " → " : "", item->label,
               item->ms >= BUDGET_FOREVER ? "no limit" : span,
               item->kind == BUDGET_STOPPED_JOB ? " to end it" : "");
}

void budget_chain(const struct budget *b, struct buf *out)
{
    char limit[32];
    char end[32];
    size_t *chain = mem_array(b->count + 1, sizeof *chain);
    size_t count = 0;
    for (size_t i = b->last; i != BUDGET_NONE && count < b->count; i = b->items[i].previous)
        chain[count++] = i;
    for (size_t i = count; i > 0; i--)
        budget_say_item(b, chain[i - 1], out);
    mem_free(chain);
    if (b->jobs_cut) {
        say_span(b->jobs_limit, limit, sizeof limit);
        say_span(b->jobs_kill, end, sizeof end);
        buf_printf(out, "%sthe shutdown jobs (timeout of [shutdown] %s, %s to end them)",
                   out->len ? " → " : "", limit, end);
    }
    if (b->rest > 0) {
        say_span(b->rest, end, sizeof end);
        buf_printf(out, "%s[notify] (%s)", out->len ? " → " : "", end);
    }
}
