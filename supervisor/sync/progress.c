#include "sync/progress.h"

#include <inttypes.h>

static const struct progress_sample *sample(const struct progress_rate *p, size_t back)
{
    return &p->samples[(p->next + PROGRESS_SAMPLES - 1 - back) % PROGRESS_SAMPLES];
}

void progress_add(struct progress_rate *p, int64_t now, int64_t bytes)
{
    if (p->count > 0 && now - sample(p, 0)->at < PROGRESS_EVERY)
        return;
    p->samples[p->next] = (struct progress_sample){now, bytes};
    p->next = (p->next + 1) % PROGRESS_SAMPLES;
    if (p->count < PROGRESS_SAMPLES)
        p->count++;
}

int64_t progress_bytes_per_second(const struct progress_rate *p, int64_t now, int64_t bytes)
{
    if (p->count == 0)
        return 0;
    const struct progress_sample *oldest = sample(p, p->count - 1);
    int64_t ms = now - oldest->at;
    int64_t moved = bytes - oldest->bytes;
    return ms <= 0 || moved <= 0 ? 0 : (int64_t)((double)moved * 1000 / (double)ms);
}

int64_t progress_seconds_left(int64_t left, int64_t bytes_per_second)
{
    if (left <= 0)
        return 0;
    if (bytes_per_second <= 0)
        return -1;
    int64_t seconds = left / bytes_per_second + (left % bytes_per_second != 0);
    return seconds > INT64_C(100) * 24 * 3600 ? -1 : seconds;
}

void progress_show_bytes(struct buf *out, int64_t bytes)
{
    static const char *const units[] = {"bytes", "kB", "MB", "GB", "TB", "PB"};
    size_t unit = 0;
    double value = (double)bytes;
    for (; value >= 999.95 && unit + 1 < sizeof units / sizeof *units; unit++)
        value /= 1000;
    buf_printf(out, unit ? "%.1f %s" : "%.0f %s", value, units[unit]);
}

void progress_show_seconds(struct buf *out, int64_t seconds)
{
    if (seconds < 100)
        buf_printf(out, "%" PRId64 " s", seconds);
    else if (seconds < 6000)
        buf_printf(out, "%" PRId64 " min", (seconds + 59) / 60);
    else
        buf_printf(out, "%" PRId64 " h %" PRId64 " min", seconds / 3600, seconds % 3600 / 60);
}
