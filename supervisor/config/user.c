#include "config/user.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/parse.h"

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

int user_group(const char *text, int64_t *gid, struct err *e)
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
