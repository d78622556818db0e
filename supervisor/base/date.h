/* Days of the calendar that everybody has: counted from 1970, and as people write them. Pure. */
#ifndef BASE_DATE_H
#define BASE_DATE_H

#include <stdbool.h>
#include <stdint.h>

struct date {
    int64_t year;
    unsigned month, day; /* from 1 */
};

int64_t divide_down(int64_t n, int64_t by); /* to the next lower whole number; by > 0 */

bool date_is_leap(int64_t year);
unsigned date_days_of(int64_t year, unsigned month);
int64_t date_year_begins(int64_t year); /* days from 1970 to its first */
int64_t date_day(const struct date *d); /* days from 1970 */
struct date date_of(int64_t day);       /* the same, back */
unsigned date_weekday(int64_t day);     /* 0: Sunday */

#endif
