#include "base/date.h"

int64_t divide_down(int64_t n, int64_t by)
{
    return n / by - (n % by < 0);
}

bool date_is_leap(int64_t year)
{
    return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

unsigned date_days_of(int64_t year, unsigned month)
{
    static const unsigned char days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    return month == 2 && date_is_leap(year) ? 29 : days[month - 1];
}

int64_t date_year_begins(int64_t year)
{
    int64_t before = year - 1;
    int64_t leaps = divide_down(before, 4) - divide_down(before, 100) + divide_down(before, 400);
    return (year - 1970) * 365 + leaps - 477; /* so many leap years were before 1970 */
}

int64_t date_day(const struct date *d)
{
    int64_t day = date_year_begins(d->year) + d->day - 1;
    for (unsigned month = 1; month < d->month; month++)
        day += date_days_of(d->year, month);
    return day;
}

struct date date_of(int64_t day)
{
    struct date d = {.year = 1970 + divide_down(day * 400, 146097), .month = 1};
    while (date_year_begins(d.year) > day) /* the guess is a year off at most */
        d.year--;
    while (date_year_begins(d.year + 1) <= day)
        d.year++;
    int64_t left = day - date_year_begins(d.year);
    while (left >= date_days_of(d.year, d.month))
        left -= date_days_of(d.year, d.month++);
    d.day = (unsigned)left + 1;
    return d;
}

unsigned date_weekday(int64_t day)
{
    int64_t from_sunday = day + 4; /* 1970 began on Thursday */
    return (unsigned)(from_sunday - divide_down(from_sunday, 7) * 7);
}
