#include "traffic/days.h"

#include <errno.h>
#include <string.h>

#include "base/mem.h"

void days_init(struct days *d, enum tally_depth depth, const struct routes *routes)
{
    *d = (struct days){.depth = depth, .routes = routes};
}

static void free_tally(struct days *d, struct day_count *c)
{
    if (c->tally == NULL)
        return;
    tally_close(c->tally);
    mem_free(c->tally);
    c->tally = NULL;
    d->at_hand--;
    d->memory -= c->size;
    c->size = 0;
}

void days_close(struct days *d)
{
    for (size_t i = 0; i < d->count; i++)
        free_tally(d, &d->items[i]);
    mem_free(d->items);
    if (d->store != NULL)
        (void)fclose(d->store);
    *d = (struct days){0};
}

// --- the file ------------------------------------------------------------------------------------

static int store_error(struct err *e)
{
    int saved = errno != 0 ? errno : EIO;
    return err_set(e, -saved, "cannot keep counts in a file of the temporary folder: %s",
                   strerror(saved));
}

int days_put(struct days *d, struct day_count *c, const char *text, size_t len, struct err *e)
{
    errno = 0;
    if (d->store == NULL)
        d->store = tmpfile();
    if (d->store == NULL)
        return store_error(e);
    if (c->at < 0 || len > c->room) {
        c->at = d->end;
        c->room = 2 * len; /* tallies grow */
        d->end += (long)c->room;
    }
    if (fseek(d->store, c->at, SEEK_SET) != 0 || fwrite(text, 1, len, d->store) != len ||
        fflush(d->store) != 0)
        return store_error(e);
    c->len = len;
    return 0;
}

static int read_stored(struct days *d, const struct day_count *c, struct buf *out, struct err *e)
{
    char *text = mem_array(c->len + 1, 1);
    errno = 0;
    int rc = 0;
    if (fseek(d->store, c->at, SEEK_SET) != 0 || fread(text, 1, c->len, d->store) != c->len)
        rc = store_error(e);
    else
        buf_append(out, text, c->len);
    mem_free(text);
    return rc;
}

int days_text(struct days *d, struct day_count *c, struct buf *out, struct err *e)
{
    if (c->tally != NULL)
        tally_save(c->tally, out);
    else if (c->at >= 0)
        return read_stored(d, c, out, e);
    return 0;
}

static int put_away(struct days *d, struct day_count *c, struct err *e)
{
    struct buf text = BUF_EMPTY;
    tally_save(c->tally, &text);
    int rc = days_put(d, c, buf_str(&text), text.len, e);
    buf_close(&text);
    if (rc == 0)
        free_tally(d, c);
    return rc;
}

static int take_back(struct days *d, struct day_count *c, struct err *e)
{
    c->tally = mem_alloc(sizeof *c->tally);
    d->at_hand++;
    tally_init(c->tally, d->depth);
    for (size_t i = 0; i < d->routes->count; i++)
        (void)tally_route(c->tally, routes_name(d->routes, i));
    if (c->at < 0)
        return 0;
    struct buf text = BUF_EMPTY;
    int rc = read_stored(d, c, &text, e);
    if (rc == 0)
        rc = tally_load(c->tally, buf_str(&text), text.len, e);
    buf_close(&text);
    if (rc < 0)
        free_tally(d, c);
    return rc;
}

/* The one at hand that was asked for longest ago; there is one. */
static struct day_count *find_oldest(const struct days *d)
{
    struct day_count *oldest = NULL;
    for (size_t i = 0; i < d->count; i++) {
        struct day_count *c = &d->items[i];
        if (c->tally != NULL && (oldest == NULL || c->turn < oldest->turn))
            oldest = c;
    }
    return oldest;
}

/* Makes room for one more at hand. */
static int make_room(struct days *d, struct err *e)
{
    int rc = 0;
    while (rc == 0 && d->at_hand >= DAYS_AT_HAND && d->memory > DAYS_MEMORY)
        rc = put_away(d, find_oldest(d), e);
    return rc;
}

// --- the days ------------------------------------------------------------------------------------

/* Where the day is, or belongs. */
static size_t find_place(const struct days *d, int32_t day)
{
    size_t low = 0;
    for (size_t high = d->count; low < high;) {
        size_t middle = low + (high - low) / 2;
        if (d->items[middle].day < day)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

int days_place(struct days *d, int32_t day, struct day_count **out, struct err *e)
{
    size_t i = find_place(d, day);
    if (i < d->count && d->items[i].day == day) {
        *out = &d->items[i];
        return 0;
    }
    if (d->count == DAYS_MAX)
        return err_set(e, -E2BIG, "the logs have lines of more than %d days", DAYS_MAX);
    if (d->count == d->room) {
        d->room = d->room ? 2 * d->room : 8;
        d->items = mem_grow(d->items, d->room, sizeof *d->items);
    }
    memmove(&d->items[i + 1], &d->items[i], (d->count - i) * sizeof *d->items);
    d->items[i] = (struct day_count){.day = day, .at = -1};
    d->count++;
    *out = &d->items[i];
    return 0;
}

/* The day that lines were counted in may have grown. */
static void measure_last(struct days *d)
{
    size_t i = find_place(d, d->last);
    struct day_count *c = i < d->count ? &d->items[i] : NULL;
    if (c == NULL || c->day != d->last || c->tally == NULL)
        return;
    d->memory -= c->size;
    c->size = tally_size(c->tally);
    d->memory += c->size;
}

int days_get(struct days *d, int32_t day, struct day_count **out, struct err *e)
{
    struct day_count *c = NULL;
    measure_last(d);
    int rc = days_place(d, day, &c, e);
    if (rc == 0 && (rc = make_room(d, e)) == 0 && c->tally == NULL)
        rc = take_back(d, c, e);
    if (rc < 0)
        return rc;
    c->turn = ++d->turn;
    d->last = day;
    *out = c;
    return 0;
}

int days_shrink(struct days *d, struct day_count *c, struct err *e)
{
    if (c->tally != NULL)
        tally_shrink(c->tally);
    if (c->tally != NULL || c->len <= TALLY_SMALL)
        return 0;
    int rc = take_back(d, c, e);
    if (rc < 0)
        return rc;
    tally_shrink(c->tally);
    return put_away(d, c, e);
}

size_t days_drop(struct days *d, size_t keep)
{
    size_t dropped = d->count > keep ? d->count - keep : 0;
    if (dropped == 0)
        return 0;
    for (size_t i = 0; i < dropped; i++)
        free_tally(d, &d->items[i]);
    d->count = keep;
    memmove(d->items, d->items + dropped, keep * sizeof *d->items);
    return dropped;
}
