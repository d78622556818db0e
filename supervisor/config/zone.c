#include "config/zone.h"

#include <errno.h>
#include <string.h>

#include "base/date.h"
#include "base/mem.h"

enum { HOUR = 3600, DAY = 24 * HOUR, HEADER = 44, TYPE = 6 };

/* What is left to be read of a file, or of its last line. */
struct rest {
    const unsigned char *at;
    size_t len;
};

/* --- The bytes ------------------------------------------------------------------------------ */

static int64_t big_endian(const unsigned char *at, size_t bytes)
{
    uint64_t n = at[0] & 0x80 ? ~UINT64_C(0) : 0;
    for (size_t i = 0; i < bytes; i++)
        n = n << 8 | at[i];
    return (int64_t)n;
}

struct counts {
    size_t leaps, times, types;
    size_t size; /* of the block behind its header */
};

/* A header, and how long the block behind it is when a moment takes so many bytes. */
static int take_header(struct rest *r, size_t moment, struct counts *out, struct err *e)
{
    int64_t n[6];
    if (r->len < HEADER || memcmp(r->at, "TZif", 4) != 0)
        return err_set(e, -EINVAL, "it is no file of a time zone");
    if (r->at[4] < '2')
        return err_set(e, -EINVAL, "it is of the first format, which ends in 2037");
    for (size_t i = 0; i < 6; i++) {
        n[i] = big_endian(r->at + 20 + 4 * i, 4);
        if (n[i] < 0 || n[i] > ZONE_FILE_MAX)
            return err_set(e, -EINVAL, "it is broken: its counts make no sense");
    }
    *out = (struct counts){.leaps = (size_t)n[2], .times = (size_t)n[3], .types = (size_t)n[4]};
    out->size = out->times * (moment + 1) + out->types * TYPE + (size_t)n[5] +
                out->leaps * (moment + 4) + (size_t)n[1] + (size_t)n[0];
    if (out->size > r->len - HEADER)
        return err_set(e, -EINVAL, "it is broken: it ends too early");
    r->at += HEADER;
    r->len -= HEADER;
    return 0;
}

static void skip(struct rest *r, size_t bytes)
{
    r->at += bytes;
    r->len -= bytes;
}

static int take_offset(const unsigned char *types, size_t index, size_t count, int32_t *out,
                       struct err *e)
{
    if (index >= count)
        return err_set(e, -EINVAL, "it is broken: an offset is missing");
    int64_t offset = big_endian(types + index * TYPE, 4);
    if (offset < -ZONE_OFFSET_MAX || offset > ZONE_OFFSET_MAX)
        return err_set(e, -EINVAL, "it is broken: an offset is more than 16 hours");
    *out = (int32_t)offset;
    return 0;
}

static int take_block(struct rest *r, const struct counts *n, struct zone *z, struct err *e)
{
    const unsigned char *indexes = r->at + n->times * 8;
    const unsigned char *types = indexes + n->times;
    if (n->leaps > 0)
        return err_set(e, -EINVAL,
                       "it counts leap seconds, which the clocks of machines do not: "
                       "take the zone without right/");
    z->changes = mem_array(n->times + 1, sizeof *z->changes);
    z->offsets = mem_array(n->times + 1, sizeof *z->offsets);
    int rc = take_offset(types, 0, n->types, &z->offsets[0], e);
    for (; rc == 0 && z->count < n->times; z->count++) {
        int64_t at = big_endian(r->at + z->count * 8, 8);
        if (z->count > 0 && at <= z->changes[z->count - 1])
            return err_set(e, -EINVAL, "it is broken: its changes are not in order");
        z->changes[z->count] = at;
        rc = take_offset(types, indexes[z->count], n->types, &z->offsets[z->count + 1], e);
    }
    skip(r, n->size);
    return rc;
}

/* --- The rules: the last line, as in tzset(3) ----------------------------------------------- */

static bool eat(struct rest *r, unsigned char c)
{
    if (r->len == 0 || *r->at != c)
        return false;
    skip(r, 1);
    return true;
}

static bool eat_number(struct rest *r, unsigned most, unsigned *out)
{
    size_t digits = 0;
    unsigned n = 0;
    for (; digits < 4 && r->len > 0 && *r->at >= '0' && *r->at <= '9'; digits++, skip(r, 1))
        n = n * 10 + (unsigned)(*r->at - '0');
    *out = n;
    return digits > 0 && n <= most;
}

/* Of a zone: letters, or anything in angle brackets. */
static bool eat_name(struct rest *r)
{
    bool quoted = eat(r, '<');
    size_t len = 0;
    for (; r->len > 0; len++, skip(r, 1)) {
        bool letter = (*r->at | 0x20) >= 'a' && (*r->at | 0x20) <= 'z';
        if (quoted ? *r->at == '>' : !letter)
            break;
    }
    return len >= 3 && (!quoted || eat(r, '>'));
}

/* "-3", "+5:30", "2:00:00" */
static bool eat_time(struct rest *r, unsigned most_hours, int64_t *out)
{
    unsigned parts[3] = {0};
    bool minus = eat(r, '-');
    if (!minus)
        (void)eat(r, '+');
    bool good = eat_number(r, most_hours, &parts[0]);
    for (int i = 1; good && i < 3 && eat(r, ':'); i++)
        good = eat_number(r, 59, &parts[i]);
    *out = (int64_t)parts[0] * HOUR + (int64_t)parts[1] * 60 + parts[2];
    *out = minus ? -*out : *out;
    return good;
}

/* Which is west there, and ahead here. */
static bool eat_offset(struct rest *r, int64_t *out)
{
    bool good = eat_time(r, 24, out);
    *out = -*out;
    return good && *out <= ZONE_OFFSET_MAX && *out >= -ZONE_OFFSET_MAX;
}

static bool eat_change(struct rest *r, struct zone_change *c)
{
    bool good = eat(r, ',');
    *c = (struct zone_change){.time = 2 * (int64_t)HOUR};
    if (eat(r, 'M')) {
        c->kind = ZONE_DAY_OF_MONTH;
        good = good && eat_number(r, 12, &c->month) && c->month > 0 && eat(r, '.') &&
               eat_number(r, 5, &c->week) && c->week > 0 && eat(r, '.') &&
               eat_number(r, 6, &c->day);
    } else {
        bool julian = eat(r, 'J');
        c->kind = julian ? ZONE_DAY_JULIAN : ZONE_DAY_COUNTED;
        good = good && eat_number(r, 365, &c->day) && (!julian || c->day > 0);
    }
    return good && (!eat(r, '/') || eat_time(r, 167, &c->time));
}

static bool eat_rules(struct rest *r, struct zone *z)
{
    if (!eat_name(r) || !eat_offset(r, &z->standard))
        return false;
    if (r->len == 0)
        return true;
    z->has_summer = true;
    z->summer = z->standard + HOUR;
    if (!eat_name(r) || (r->len > 0 && *r->at != ',' && !eat_offset(r, &z->summer)))
        return false;
    return eat_change(r, &z->to_summer) && eat_change(r, &z->to_standard) && r->len == 0;
}

static int take_rules(struct rest *r, struct zone *z, struct err *e)
{
    const unsigned char *end = r->len > 1 ? memchr(r->at + 1, '\n', r->len - 1) : NULL;
    if (!end || *r->at != '\n')
        return err_set(e, -EINVAL, "it is broken: its last line is missing");
    struct rest line = {r->at + 1, (size_t)(end - r->at) - 1};
    z->goes_on = line.len > 0;
    if (z->goes_on && !eat_rules(&line, z))
        return err_set(e, -EINVAL, "it is broken: its last line makes no sense");
    return 0;
}

/* --- All of it ------------------------------------------------------------------------------ */

int zone_parse(const char *data, size_t len, struct zone *out, struct err *e)
{
    struct rest r = {(const unsigned char *)data, len};
    struct counts n;
    struct zone z = {0};
    int rc = take_header(&r, 4, &n, e); /* the block of the first format: all again, in 32 bits */
    if (rc == 0)
        skip(&r, n.size);
    if (rc == 0)
        rc = take_header(&r, 8, &n, e);
    if (rc == 0)
        rc = take_block(&r, &n, &z, e);
    if (rc == 0)
        rc = take_rules(&r, &z, e);
    if (rc == 0)
        *out = z;
    else
        zone_close(&z);
    return rc;
}

void zone_close(struct zone *z)
{
    mem_free(z->changes);
    mem_free(z->offsets);
    *z = (struct zone){0};
}

/* --- Offsets -------------------------------------------------------------------------------- */

/* Days from 1970. */
static int64_t day_of_change(const struct zone_change *c, int64_t year)
{
    int64_t first = date_year_begins(year);
    switch (c->kind) {
    case ZONE_DAY_JULIAN:
        return first + c->day - 1 + (c->day >= 60 && date_is_leap(year));
    case ZONE_DAY_COUNTED:
        return first + c->day;
    case ZONE_DAY_OF_MONTH:
        break;
    }
    int64_t day = date_day(&(struct date){year, c->month, 1});
    int64_t next_month = day + date_days_of(year, c->month);
    day += (c->day + 7 - date_weekday(day)) % 7 + 7 * (int64_t)(c->week - 1);
    return day < next_month ? day : day - 7;
}

static int64_t moment_of_change(const struct zone_change *c, int64_t year, int64_t offset)
{
    return day_of_change(c, year) * DAY + c->time - offset;
}

static int64_t offset_by_rules(const struct zone *z, int64_t at)
{
    if (!z->has_summer)
        return z->standard;
    int64_t year = date_of(divide_down(at + z->standard, DAY)).year;
    int64_t to_summer = moment_of_change(&z->to_summer, year, z->standard);
    int64_t to_standard = moment_of_change(&z->to_standard, year, z->summer);
    bool summer = to_summer < to_standard ? at >= to_summer && at < to_standard
                                          : at >= to_summer || at < to_standard;
    return summer ? z->summer : z->standard;
}

int64_t zone_offset(const struct zone *z, int64_t at)
{
    size_t low = 0;
    size_t high = z->count; /* so many changes have been, at least and at most */
    if (z->goes_on && (z->count == 0 || at >= z->changes[z->count - 1]))
        return offset_by_rules(z, at);
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (z->changes[middle] <= at)
            low = middle + 1;
        else
            high = middle;
    }
    return z->offsets ? z->offsets[low] : 0;
}
