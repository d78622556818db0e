#include "jobs/jitter.h"

#include <sys/utsname.h>

#include "base/buf.h"
#include "base/fd.h"

static const struct moment never = {-1, -1};

/* --- Chance that is none ---------------------------------------------------------------------- */

static const uint64_t fnv_start = UINT64_C(14695981039346656037);

static uint64_t fnv(uint64_t hash, const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++)
        hash = (hash ^ (unsigned char)text[i]) * UINT64_C(1099511628211);
    return hash;
}

/* Every bit of it depends on every bit (splitmix64). */
static uint64_t mix(uint64_t n)
{
    n += UINT64_C(0x9e3779b97f4a7c15);
    n = (n ^ n >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    n = (n ^ n >> 27) * UINT64_C(0x94d049bb133111eb);
    return n ^ n >> 31;
}

uint64_t jitter_seed(uint64_t machine, const char *label)
{
    uint64_t hash = machine;
    for (; *label; label++)
        hash = fnv(hash, label, 1);
    return mix(hash);
}

uint64_t jitter_machine(void)
{
    struct buf id = BUF_EMPTY;
    struct utsname name;
    uint64_t hash = fnv_start;
    if (fd_read_file("/etc/machine-id", 4096, &id, NULL) == 0)
        hash = fnv(hash, buf_str(&id), id.len);
    buf_close(&id);
    if (uname(&name) == 0) /* images that are copied have one id */
        hash = fnv(hash, name.nodename, sizeof name.nodename);
    return mix(hash);
}

/* --- Moments ---------------------------------------------------------------------------------- */

static struct moment put_off(const struct jitter *j, int64_t due)
{
    int64_t most = j->most;
    if (due < 0)
        return never;
    int64_t next = most > 0 ? calendar_next_of(j->schedule, j->zone, due) : -1;
    if (next >= 0 && next - due - 1 < most)
        most = next - due - 1;
    int64_t by = most > 0 ? (int64_t)(mix(j->seed ^ (uint64_t)due) % (uint64_t)(most + 1)) : 0;
    return (struct moment){due, due + by};
}

struct moment jitter_next(const struct jitter *j, int64_t after)
{
    struct moment last = never;
    if (j->most > 0) /* one that was due already may not have begun; none before it */
        last = put_off(j, calendar_last_of(j->schedule, j->zone, after - j->most - 1, after));
    return last.at > after ? last : put_off(j, calendar_next_of(j->schedule, j->zone, after));
}

struct moment jitter_last(const struct jitter *j, int64_t after, int64_t until)
{
    int64_t since = after - j->most - 1;
    struct moment last = put_off(j, calendar_last_of(j->schedule, j->zone, since, until));
    if (last.at > until)
        last = put_off(j, calendar_last_of(j->schedule, j->zone, since, last.due - 1));
    return last.at > after ? last : never;
}
