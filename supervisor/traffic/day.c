#include "traffic/day.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum { SECONDS = 86400, NOON = 43200, EASTMOST = 15 * 3600 };

int day_parse(const char *text, int32_t *day, struct err *e)
{
    struct tm tm = {.tm_isdst = -1};
    const char *end = strlen(text) == 10 ? strptime(text, "%Y-%m-%d", &tm) : NULL;
    struct tm same = tm; /* in UTC, where every day of the calendar is */
    same.tm_hour = 12;
    time_t noon = end != NULL && *end == '\0' ? timegm(&same) : (time_t)-1;
    if (noon == (time_t)-1 || same.tm_mday != tm.tm_mday || tm.tm_year < 0)
        return err_set(e, -EINVAL, "'%s' is no day; write YYYY-mm-dd", text);
    *day = (int32_t)((noon - NOON) / SECONDS);
    return 0;
}

void day_tm(int32_t day, struct tm *out)
{
    time_t noon = (time_t)day * SECONDS + NOON;
    (void)gmtime_r(&noon, out);
}

const char *day_text(int32_t day, char *text)
{
    struct tm tm;
    day_tm(day, &tm);
    (void)snprintf(text, DAY_TEXT_SIZE, "%04d-%02d-%02d", (tm.tm_year + 1900) % 10000,
                   tm.tm_mon + 1, tm.tm_mday);
    return text;
}

int32_t day_today(time_t now)
{
    struct tm tm;
    (void)localtime_r(&now, &tm);
    tm.tm_hour = 12;
    tm.tm_min = tm.tm_sec = 0;
    return (int32_t)((timegm(&tm) - NOON) / SECONDS);
}

time_t day_begin(int32_t day)
{
    return (time_t)day * SECONDS - EASTMOST;
}
