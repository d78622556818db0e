#include "jobs/stale.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"

static int64_t stale_time_of(const char *stamp)
{
    struct stat st;
    return lstat(stamp, &st) == 0 ? (int64_t)st.st_mtim.tv_sec * 1000 : 0;
}

/* Of a target that is a version, or a link to one: the stamp is in the store that holds it. */
static char *stale_stamp_of_version(const char *target)
{
    static const char end[] = ".mainstay";
    char real[PATH_MAX];
    char *slash = realpath(target, real) ? strrchr(real, '/') : NULL;
    if (!slash)
        return NULL;
    *slash = '\0';
    const size_t len = strlen(real);
    const bool store = len >= sizeof end && strcmp(real + len - (sizeof end - 1), end) == 0;
    return store ? mem_printf("%s/confirmed", real) : NULL;
}

/* When mainstay-sync last found the target whole, in ms since 1970; 0: never. It leaves a stamp
 * in its store, beside the target or inside it (sync/local/release.h), wherever links of others
 * lead: a folder that somebody has just made, or that a failed sync has touched, is no young data.
 */
static int64_t stale_confirmed(const char *target)
{
    int64_t latest = 0;
    size_t end = strlen(target);
    while (end > 1 && target[end - 1] == '/')
        end--;
    size_t base = end;
    while (base > 0 && target[base - 1] != '/')
        base--;
    char *const stamps[] = {
        mem_printf("%.*s.%.*s.mainstay/confirmed", (int)base, target, (int)(end - base),
                   target + base),
        mem_printf("%s/.mainstay/confirmed", target),
        stale_stamp_of_version(target),
    };
    for (size_t i = 0; i < sizeof stamps / sizeof *stamps; i++) {
        const int64_t when = stamps[i] ? stale_time_of(stamps[i]) : 0;
        latest = when > latest ? when : latest;
        mem_free(stamps[i]);
    }
    return latest;
}

bool stale_is_young(const struct job_config *config, int64_t wall)
{
    if (config->stale_ok_ms <= 0 || !config->target || access(config->target, F_OK) < 0)
        return false;
    int64_t confirmed = stale_confirmed(config->target);
    return confirmed > 0 && wall - confirmed <= config->stale_ok_ms;
}
