#include "config/user.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <string.h>
#include <sys/types.h>

#include "base/mem.h"
#include "base/parse.h"
#include "config/config.h"

int user_find(const char *text, int64_t *uid, int64_t *gid, struct err *e)
{
    int64_t id;
    bool number = parse_int(text, &id, NULL) == 0;
    const struct passwd *pw = NULL;
    if (!number)
        pw = getpwnam(text);
    else if (id >= 0 && id < UINT32_MAX)
        pw = getpwuid((uid_t)id);
    if (!pw)
        return err_set(e, -EINVAL, "Invalid user %s %.100s", number ? "id" : "name", text);
    *uid = pw->pw_uid;
    *gid = pw->pw_gid;
    return 0;
}

static int group_find(const char *text, int64_t *gid, struct err *e)
{
    int64_t id;
    bool number = parse_int(text, &id, NULL) == 0;
    const struct group *gr = NULL;
    if (!number)
        gr = getgrnam(text);
    else if (id >= 0 && id < UINT32_MAX)
        gr = getgrgid((gid_t)id);
    if (!gr)
        return err_set(e, -EINVAL, "Invalid group %s %.100s", number ? "id" : "name", text);
    *gid = gr->gr_gid;
    return 0;
}

int user_owner(const char *text, int64_t *uid, int64_t *gid, struct err *e)
{
    const char *colon = strchr(text, ':');
    int64_t user = CONFIG_UNSET;
    int64_t group = CONFIG_UNSET;
    char *name = mem_strndup(text, colon ? (size_t)(colon - text) : strlen(text));
    int rc = user_find(name, &user, &group, e);
    mem_free(name);
    if (rc == 0) {
        group = CONFIG_UNSET;
        rc = colon ? group_find(colon + 1, &group, e) : 0;
    }
    if (rc < 0)
        return rc;
    *uid = user;
    *gid = group;
    return 0;
}
