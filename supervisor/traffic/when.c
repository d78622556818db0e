#include "traffic/when.h"

#include <string.h>
#include <time.h>

enum {
    DAY = 86400,
    QUARTER = 900, /* no zone changes its offset but at a quarter of an hour */
    LOCAL_DATE = 11,
};

/* What the text says, before it is known whether there is such a date. */
struct parts {
    int year, month, mday, hour, minute, second;
    int offset; /* seconds east of UTC */
};

void when_init(struct when *w)
{
    *w = (struct when){0};
}

static bool is_leap(int year)
{
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static int month_days(int year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    return month == 2 && is_leap(year) ? 29 : days[month - 1];
}

bool when_day(int year, int month, int mday, int32_t *day)
{
    if (year < WHEN_YEAR_MIN || year > WHEN_YEAR_MAX || month < 1 || month > 12 || mday < 1 ||
        mday > month_days(year, month))
        return false;
    /* years that begin in March end with the odd month */
    int y = month > 2 ? year : year - 1;
    int in_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + mday - 1;
    *day = 365 * y + y / 4 - y / 100 + y / 400 + in_year - 719468;
    return true;
}

void when_date(int32_t day, int *year, int *month, int *mday)
{
    int z = day + 719468;
    int era = (z >= 0 ? z : z - 146096) / 146097;
    int in_era = z - era * 146097;
    int y = (in_era - in_era / 1460 + in_era / 36524 - in_era / 146096) / 365;
    int in_year = in_era - (365 * y + y / 4 - y / 100);
    int m = (5 * in_year + 2) / 153;
    *mday = in_year - (153 * m + 2) / 5 + 1;
    *month = m < 10 ? m + 3 : m - 9;
    *year = y + era * 400 + (*month <= 2);
}

/* Exactly `count` digits. */
static bool digits(const char *text, int count, int *out)
{
    int value = 0;
    for (int i = 0; i < count; i++) {
        if (text[i] < '0' || text[i] > '9')
            return false;
        value = value * 10 + (text[i] - '0');
    }
    *out = value;
    return true;
}

static bool month_name(const char *text, int *month)
{
    static const char names[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    for (int i = 0; i < 12; i++)
        if (memcmp(text, names + (ptrdiff_t)i * 3, 3) == 0) {
            *month = i + 1;
            return true;
        }
    return false;
}

/* 07:26:01 */
static bool clock_read(const char *text, struct parts *p)
{
    return digits(text, 2, &p->hour) && text[2] == ':' && digits(text + 3, 2, &p->minute) &&
           text[5] == ':' && digits(text + 6, 2, &p->second);
}

/* +0000, +00:00 or, where `colon` allows, Z */
static bool offset_read(struct span text, struct parts *p)
{
    int hours, minutes;
    if (text.len == 1 && text.text[0] == 'Z') {
        p->offset = 0;
        return true;
    }
    if (text.len != 5 && (text.len != 6 || text.text[3] != ':'))
        return false;
    if ((text.text[0] != '+' && text.text[0] != '-') || !digits(text.text + 1, 2, &hours) ||
        !digits(text.text + text.len - 2, 2, &minutes) || hours > 15 || minutes > 59)
        return false;
    p->offset = (hours * 3600 + minutes * 60) * (text.text[0] == '-' ? -1 : 1);
    return true;
}

static bool moment_make(const struct parts *p, struct moment *out)
{
    struct moment m = {.hour = (int16_t)p->hour};
    if (p->hour > 23 || p->minute > 59 || p->second > 60 ||
        !when_day(p->year, p->month, p->mday, &m.day))
        return false;
    int second = p->second > 59 ? 59 : p->second;
    int64_t clock = (int64_t)p->hour * 3600 + (int64_t)p->minute * 60 + second;
    m.epoch = (int64_t)m.day * DAY + clock - p->offset;
    *out = m;
    return true;
}

/* 21/Nov/2026:07:26:01 +0000 */
static bool local_parts(const char *text, struct parts *p)
{
    return digits(text, 2, &p->mday) && text[2] == '/' && month_name(text + 3, &p->month) &&
           text[6] == '/' && digits(text + 7, 4, &p->year) && text[LOCAL_DATE] == ':' &&
           clock_read(text + LOCAL_DATE + 1, p) && text[20] == ' ' &&
           offset_read((struct span){text + 21, 5}, p);
}

/* The same day and zone as before, another second: no calendar is needed. */
static bool local_again(const struct when *w, const char *text, struct moment *out)
{
    struct parts p;
    if (!w->known || memcmp(text, w->local, LOCAL_DATE + 1) != 0 ||
        memcmp(text + 20, w->local + 20, 6) != 0 || !clock_read(text + LOCAL_DATE + 1, &p))
        return false;
    struct parts before = {0};
    if (p.hour > 23 || p.minute > 59 || p.second > 59 ||
        !clock_read(w->local + LOCAL_DATE + 1, &before) || before.second > 59)
        return false;
    int64_t passed =
        (p.hour - before.hour) * 3600 + (p.minute - before.minute) * 60 + p.second - before.second;
    *out = (struct moment){
        .epoch = w->moment.epoch + passed, .day = w->moment.day, .hour = (int16_t)p.hour};
    return true;
}

static bool local_read(struct when *w, const char *text, struct moment *out)
{
    struct parts p;
    if (when_is_same(w, text)) {
        *out = w->moment;
        return true;
    }
    if (!local_again(w, text, out) && (!local_parts(text, &p) || !moment_make(&p, out)))
        return false;
    memcpy(w->local, text, WHEN_LOCAL_LEN);
    w->moment = *out;
    w->known = true;
    return true;
}

/* 2026-11-21T07:26:01.123+00:00 */
static bool iso_read(struct span text, struct moment *out)
{
    const char *at = text.text;
    struct parts p;
    if (text.len < 20 || !digits(at, 4, &p.year) || at[4] != '-' || !digits(at + 5, 2, &p.month) ||
        at[7] != '-' || !digits(at + 8, 2, &p.mday) || (at[10] != 'T' && at[10] != ' ') ||
        !clock_read(at + 11, &p))
        return false;
    size_t i = 19;
    if (at[i] == '.' || at[i] == ',')
        for (i++; i < text.len && at[i] >= '0' && at[i] <= '9';)
            i++;
    return offset_read((struct span){at + i, text.len - i}, &p) && moment_make(&p, out);
}

/* The offset of local time, which is asked for once a quarter of an hour of the log. */
static int64_t local_offset(struct when *w, int64_t epoch)
{
    int64_t quarter = epoch / QUARTER;
    if (!w->quarter_known || quarter != w->quarter) {
        struct tm tm;
        time_t at = (time_t)epoch;
        w->quarter_offset = localtime_r(&at, &tm) != NULL ? tm.tm_gmtoff : 0;
        w->quarter = quarter;
        w->quarter_known = true;
    }
    return w->quarter_offset;
}

/* 1763710000.123, 1763710000 or, with 13 digits, 1763710000123 */
static bool epoch_read(struct when *w, struct span text, struct moment *out)
{
    int64_t value = 0;
    size_t i = 0;
    for (; i < text.len && i < 14 && text.text[i] >= '0' && text.text[i] <= '9'; i++)
        value = value * 10 + (text.text[i] - '0');
    if (i == 13)
        value /= 1000;
    bool whole = i > 0 && (i <= 11 || i == 13);
    if (i < text.len && text.text[i] == '.')
        for (i++; i < text.len && text.text[i] >= '0' && text.text[i] <= '9';)
            i++;
    if (!whole || i != text.len)
        return false;
    int64_t local = value + local_offset(w, value);
    int64_t day = local >= 0 ? local / DAY : (local - DAY + 1) / DAY;
    *out = (struct moment){value, (int32_t)day, (int16_t)((local - day * DAY) / 3600)};
    return true;
}

bool when_read(struct when *w, struct span text, struct moment *out)
{
    if (text.len == WHEN_LOCAL_LEN && text.text[2] == '/')
        return local_read(w, text.text, out);
    if (text.len > 4 && text.text[4] == '-')
        return iso_read(text, out);
    return epoch_read(w, text, out);
}
