#include "engine/commands.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "config/env.h"
#include "config/words.h"
#include "engine/command.h"
#include "engine/daemon.h"

static bool commands_known(const struct process_config *p, const char *word)
{
    bool ours = p->uid == CONFIG_UNSET || p->uid == (int64_t)geteuid();
    bool here = word[0] == '/' || (strchr(word, '/') ? p->directory != NULL
                                                     : env_get(&p->environment, "PATH") == NULL);
    return here && !strstr(word, "%(") && (ours || geteuid() == 0);
}

/* By its owner, or by the bits of all others: of which groups the user is, is not looked up. */
static bool commands_may(const struct process_config *p, const char *path)
{
    struct stat st;
    if (path[0] != '/' || p->uid <= 0 || stat(path, &st) < 0)
        return true;
    return st.st_mode & ((int64_t)st.st_uid == p->uid ? S_IXUSR : S_IXGRP | S_IXOTH);
}

static void commands_look(const struct process_config *p, const char *companions, struct arena *a,
                          struct buf *out)
{
    struct command_search search = {
        .path = getenv("PATH"), .directory = p->directory, .companions = companions};
    struct name_list words = {0};
    const char *path = NULL;
    struct err e;
    if (!p->command || words_split(p->command, a, &words, &e) < 0 || words.count == 0 ||
        !commands_known(p, words.names[0]))
        return; /* what cannot be split has been told */
    int rc = command_locate(words.names[0], &search, a, &path, &e);
    if (rc == 0 && !commands_may(p, path))
        rc = err_set(&e, -ENOEXEC, "user %s may not execute '%s'", p->user, path);
    if (rc < 0)
        buf_printf(out,
                   "%s:%u: command: warning: [%s]: %s: install it, or correct the path or its "
                   "mode\n",
                   p->place.file, p->place.line, p->section, e.text);
}

void commands_check(const struct config *c, struct buf *out)
{
    struct arena a;
    const char *last = "";
    arena_init(&a);
    const char *companions = daemon_program_folder(&a);
    for (size_t i = 0; i < c->group_count; i++) {
        for (size_t k = 0; k < c->groups[i].process_count; k++) {
            const struct process_config *p = &c->groups[i].processes[k];
            if (strcmp(last, p->section) != 0)
                commands_look(p, companions, &a, out);
            last = p->section;
        }
    }
    for (size_t i = 0; i < c->job_count; i++)
        commands_look(&c->jobs[i].process, companions, &a, out);
    arena_close(&a);
}
