#include "jobs/say.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/date.h"
#include "config/config.h"

void say_duration(int64_t ms, char *text, size_t size)
{
    long long s = (long long)(ms / 1000);
    if (ms < 1000)
        (void)snprintf(text, size, "%lld ms", (long long)(ms > 0 ? ms : 0));
    else if (s < 60)
        (void)snprintf(text, size, "%lld.%lld s", s, (long long)(ms % 1000 / 100));
    else if (s < 3600)
        (void)snprintf(text, size, "%lldm %llds", s / 60, s % 60);
    else
        (void)snprintf(text, size, "%lldh %lldm", s / 3600, s % 3600 / 60);
}

/* Such as people write into a configuration: without a part that is nothing. */
void say_span(int64_t ms, char *text, size_t size)
{
    long long s = (long long)(ms / 1000);
    long long tenths = (long long)(ms % 1000 / 100);
    if (ms > 0 && ms < 1000)
        (void)snprintf(text, size, "%lld ms", (long long)ms);
    else if (s < 60 && tenths)
        (void)snprintf(text, size, "%lld.%lld s", s, tenths);
    else if (s < 60 || (s < 120 && s % 60))
        (void)snprintf(text, size, "%lld s", s);
    else if (s < 3600 && s % 60)
        (void)snprintf(text, size, "%lldm %llds", s / 60, s % 60);
    else if (s < 3600)
        (void)snprintf(text, size, "%lldm", s / 60);
    else if (s % 3600 / 60)
        (void)snprintf(text, size, "%lldh %lldm", s / 3600, s % 3600 / 60);
    else
        (void)snprintf(text, size, "%lldh", s / 3600);
}

void say_clock(int64_t wall_ms, char *text, size_t size)
{
    struct tm tm;
    time_t when = (time_t)(wall_ms / 1000);
    if (!localtime_r(&when, &tm) || strftime(text, size, "%Y-%m-%d %H:%M:%S", &tm) == 0)
        (void)snprintf(text, size, "?");
}

static int64_t local_day(int64_t at)
{
    struct tm tm = {.tm_mday = 1};
    time_t when = (time_t)at;
    (void)localtime_r(&when, &tm);
    return date_day(&(struct date){
        .year = tm.tm_year + 1900, .month = (unsigned)tm.tm_mon + 1, .day = (unsigned)tm.tm_mday});
}

void say_coming(int64_t at, int64_t now, char *text, size_t size)
{
    static const char *const weekdays[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    char clock[32] = "";
    int64_t day = local_day(at);
    int64_t days = day - local_day(now);
    say_clock(at * 1000, clock, sizeof clock); /* "2026-11-22 03:00:00" */
    if (days == 0)
        (void)snprintf(text, size, "today %.5s", clock + 11);
    else if (days == 1)
        (void)snprintf(text, size, "tomorrow %.5s", clock + 11);
    else if (days > 1 && days < 7)
        (void)snprintf(text, size, "%s %.5s", weekdays[date_weekday(day)], clock + 11);
    else
        (void)snprintf(text, size, "%.16s", clock);
}

void say_iso(int64_t at, int64_t offset, char *text, size_t size)
{
    struct tm tm;
    time_t shown = (time_t)(at + offset);
    int64_t ahead = offset < 0 ? -offset : offset;
    char clock[32];
    if (!gmtime_r(&shown, &tm) || strftime(clock, sizeof clock, "%Y-%m-%dT%H:%M:%S", &tm) == 0)
        (void)snprintf(clock, sizeof clock, "?");
    (void)snprintf(text, size, "%s%c%02d:%02d", clock, offset < 0 ? '-' : '+', (int)(ahead / 3600),
                   (int)(ahead / 60 % 60));
}

void say_size(int64_t bytes, char *text, size_t size)
{
    const char *unit = "kMGTPE";
    double n = (double)bytes / 1000;
    if (bytes < 1000) {
        (void)snprintf(text, size, "%lld byte%s", (long long)bytes, bytes == 1 ? "" : "s");
        return;
    }
    for (; n >= 999.95 && unit[1]; unit++)
        n /= 1000;
    (void)snprintf(text, size, "%.1f %cB", n, *unit);
}

void say_when(unsigned when, char *text, size_t size)
{
    // clang-format off
    static const struct { unsigned bit; const char *text; } parts[] = {
        {JOB_WHEN_BOOT, "at boot"}, {JOB_WHEN_SHUTDOWN, "at shutdown"},
        {JOB_WHEN_POWEROFF, "at a power-off"}, {JOB_WHEN_MANUAL, "by hand"},
    };
    // clang-format on
    text[0] = '\0';
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        if (!(when & parts[i].bit))
            continue;
        size_t len = strlen(text);
        (void)snprintf(text + len, size - len, "%s%s", len ? " and " : "", parts[i].text);
    }
}
