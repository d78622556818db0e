#include <string.h>
#include <sys/stat.h>

#include "base/mem.h"
#include "base/xml.h"
#include "sync/local/release.h"
#include "sync/push.h"

enum { KEY_BYTES_MAX = 1024, SECOND = 1000000000 };

bool push_is_key(const char *key)
{
    size_t len = strlen(key);
    if (len > KEY_BYTES_MAX)
        return false;
    for (size_t i = 0, n; i < len; i += n) {
        n = xml_utf8_char(key + i, len - i);
        if (n == 0)
            return false;
    }
    return true;
}

static bool is_partial(const char *path)
{
    const char *slash = strrchr(path, '/');
    return strncmp(slash ? slash + 1 : path, RELEASE_PARTIAL, strlen(RELEASE_PARTIAL)) == 0;
}

static enum push_do decide_both(const struct arguments *o, const struct remote_file *remote,
                                const struct walk_entry *local)
{
    if (local->size != remote->size)
        return PUSH_SEND;
    if (o->size_only)
        return PUSH_KEEP;
    if (o->checksum)
        return PUSH_CHECK;
    if (local->mtime >= remote->mtime + SECOND)
        return PUSH_SEND;
    /*
     * Of one second, which is all that listings tell; or a file with an old time that came to be
     * after the object: a copy, or a restored one.
     */
    bool touched = local->mtime > remote->mtime || local->ctime > remote->mtime;
    return touched ? PUSH_CHECK : PUSH_KEEP;
}

enum push_do push_decide(const struct arguments *o, const struct remote_file *remote,
                         const struct walk_entry *local)
{
    if (!local)
        return o->delete &&remote->fault == KEY_OK ? PUSH_DELETE : PUSH_PASS;
    if (S_ISDIR(local->type) || !filter_wants(&o->filter, local->path) || is_partial(local->path))
        return PUSH_PASS;
    if (!S_ISREG(local->type) || !push_is_key(local->path))
        return PUSH_SKIP;
    return remote ? decide_both(o, remote, local) : PUSH_SEND;
}

char *push_single_key(const char *target, const char *name)
{
    const char *key = strchrnul(target + strlen("s3://"), '/');
    if (*key)
        key++;
    size_t len = strlen(key);
    return len == 0 || key[len - 1] == '/' ? mem_printf("%s%s", key, name) : mem_strdup(key);
}
