#include "jobs/debt.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

static const int64_t debt_epoch = 1577836800; /* s: 2020; before, a clock was wrong */

enum { DEBT_DAY = 86400 };

void debts_close(struct debts *d)
{
    for (size_t i = 0; i < d->count; i++)
        mem_free(d->items[i].job);
    mem_free(d->items);
    *d = (struct debts){0};
}

struct debt *debts_find(struct debts *d, const char *job, int64_t due)
{
    for (size_t i = 0; i < d->count; i++) {
        if (d->items[i].due == due && strcmp(d->items[i].job, job) == 0)
            return &d->items[i];
    }
    return NULL;
}

void debts_add(struct debts *d, const char *job, int64_t due)
{
    if (debts_find(d, job, due))
        return;
    d->items = mem_grow(d->items, d->count + 1, sizeof *d->items);
    d->items[d->count++] = (struct debt){.job = mem_strdup(job), .due = due};
}

static void debts_remove(struct debts *d, size_t i)
{
    mem_free(d->items[i].job);
    d->count--;
    memmove(&d->items[i], &d->items[i + 1], (d->count - i) * sizeof *d->items);
}

void debts_drop(struct debts *d, const char *job, int64_t due)
{
    struct debt *debt = debts_find(d, job, due);
    if (debt)
        debts_remove(d, (size_t)(debt - d->items));
}

/* Another one of the same job, of the same day: it is in the newer one. */
static bool debts_has_later(const struct debts *d, size_t i, int64_t offset)
{
    const struct debt *debt = &d->items[i];
    int64_t day = (debt->due + offset) / DEBT_DAY;
    for (size_t k = 0; k < d->count; k++) {
        const struct debt *other = &d->items[k];
        bool later = other->due > debt->due || (other->due == debt->due && k > i);
        if (later && (other->due + offset) / DEBT_DAY == day && strcmp(other->job, debt->job) == 0)
            return true;
    }
    return false;
}

bool debts_age(struct debts *d, int64_t alive, int64_t offset)
{
    bool all = true;
    for (size_t i = 0; i < d->count; i++) {
        if (d->items[i].due == 0)
            d->items[i].due = alive;
    }
    for (size_t i = d->count; i > 0; i--) {
        if (debts_has_later(d, i - 1, offset))
            debts_remove(d, i - 1);
    }
    for (; d->count > DEBT_MOST; all = false)
        debts_remove(d, 0);
    return all;
}

int64_t debts_moment(int64_t alive, int64_t now)
{
    bool ahead = now >= debt_epoch && alive > now;
    return alive < debt_epoch || ahead ? now : alive;
}

void debts_text(const struct debts *d, struct buf *out)
{
    for (size_t i = 0; i < d->count; i++) {
        if (d->items[i].due)
            buf_printf(out, "owed %" PRId64 " %s\n", d->items[i].due, d->items[i].job);
        else
            buf_printf(out, "life %s\n", d->items[i].job);
    }
}

/* NUL-terminated, without its newline. */
static bool debts_line(struct debts *d, const char *line)
{
    char *rest = NULL;
    if (strncmp(line, "life ", 5) == 0 && line[5]) {
        debts_add(d, line + 5, 0);
        return true;
    }
    if (strncmp(line, "owed ", 5) != 0 || line[5] < '1' || line[5] > '9')
        return false;
    int64_t due = strtoll(line + 5, &rest, 10);
    if (*rest != ' ' || !rest[1] || due < debt_epoch || due > INT64_C(1) << 40)
        return false;
    debts_add(d, rest + 1, due);
    return true;
}

size_t debts_parse(struct debts *d, const char *text, size_t len)
{
    size_t bad = 0;
    for (size_t at = 0; at < len;) {
        const char *end = memchr(text + at, '\n', len - at);
        size_t size = end ? (size_t)(end - text) - at : len - at;
        char *line = mem_strndup(text + at, size);
        bad += !end || strlen(line) != size || !debts_line(d, line);
        mem_free(line);
        at += size + 1;
    }
    return bad;
}
