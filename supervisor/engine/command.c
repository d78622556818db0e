#include "engine/command.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"

enum command_verdict { COMMAND_MISSING, COMMAND_FOLDER, COMMAND_NO_X, COMMAND_DENIED, COMMAND_OK };

static enum command_verdict command_judge(const char *path)
{
    struct stat st;
    if (stat(path, &st) < 0)
        return COMMAND_MISSING;
    if (S_ISDIR(st.st_mode))
        return COMMAND_FOLDER;
    if (!(st.st_mode & (S_IXUSR | S_IXGRP | S_IXOTH)))
        return COMMAND_NO_X;
    return access(path, X_OK) < 0 ? COMMAND_DENIED : COMMAND_OK;
}

static int command_refuse(enum command_verdict verdict, const char *shown, struct err *e)
{
    struct buf name = BUF_EMPTY;
    int rc = -ENOENT;
    buf_repr(&name, shown);
    switch (verdict) {
    case COMMAND_FOLDER:
        rc = err_set(e, -ENOEXEC, "command at %s is a directory", buf_str(&name));
        break;
    case COMMAND_NO_X:
        rc = err_set(e, -ENOEXEC, "command at %s is not executable", buf_str(&name));
        break;
    case COMMAND_DENIED:
        rc = err_set(e, -ENOEXEC, "no permission to run command %s", buf_str(&name));
        break;
    case COMMAND_MISSING:
    case COMMAND_OK:
        rc = err_set(e, -ENOENT, "can't find command %s", buf_str(&name));
        break;
    }
    buf_close(&name);
    return rc;
}

/* A relative file belongs to the child's folder. When that folder is missing, the child's
 * chdir says so better than we could: the word is taken as it is. */
static int command_file(const char *word, const struct command_search *s, struct arena *a,
                        const char **out, struct err *e)
{
    const char *seen = word;
    if (word[0] != '/' && s->directory) {
        if (access(s->directory, X_OK) < 0) {
            *out = arena_strdup(a, word);
            return 0;
        }
        seen = arena_printf(a, "%s/%s", s->directory, word);
    }
    enum command_verdict verdict = command_judge(seen);
    if (verdict != COMMAND_OK)
        return command_refuse(verdict, word, e);
    *out = arena_strdup(a, word);
    return 0;
}

static const char *command_join(const char *folder, size_t len, const char *word, struct arena *a)
{
    return len ? arena_printf(a, "%.*s/%s", (int)len, folder, word) : arena_printf(a, "./%s", word);
}

int command_locate(const char *word, const struct command_search *s, struct arena *a,
                   const char **out, struct err *e)
{
    if (strchr(word, '/'))
        return command_file(word, s, a, out, e);
    if (s->companions && strncmp(word, "mainstay", 8) == 0) {
        const char *own = command_join(s->companions, strlen(s->companions), word, a);
        if (command_judge(own) == COMMAND_OK) {
            *out = own;
            return 0;
        }
    }
    enum command_verdict worst = COMMAND_MISSING;
    const char *shown = word;
    const char *folder = s->path ? s->path : "/bin:/usr/bin:/usr/local/bin";
    for (;;) {
        size_t len = strcspn(folder, ":");
        const char *file = command_join(folder, len, word, a);
        enum command_verdict verdict = command_judge(file);
        if (verdict == COMMAND_OK) {
            *out = file;
            return 0;
        }
        if (verdict != COMMAND_MISSING && worst == COMMAND_MISSING) {
            worst = verdict;
            shown = file;
        }
        if (!folder[len])
            return command_refuse(worst, shown, e);
        folder += len + 1;
    }
}
