#include "config/source.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/mem.h"
#include "config/config.h"
#include "config/path.h"
#include "config/user.h"
#include "config/zone.h"

/* --- The record ----------------------------------------------------------------------------- */

struct env_list sources_copy_list(struct arena *a, const struct env_list *from)
{
    struct env_list list = {arena_array(a, from->count, sizeof *list.vars), from->count};
    for (size_t i = 0; i < from->count; i++)
        list.vars[i] = (struct env_var){arena_strdup(a, from->vars[i].name),
                                        arena_strdup(a, from->vars[i].value)};
    return list;
}

const struct source_answer *sources_find(const struct config_sources *s, enum source_question q,
                                         const char *about)
{
    /* linear: there are few users, and folders only when something is wrong */
    for (const struct source_answer *answer = s->answers; answer; answer = answer->next)
        if (answer->question == q && strcmp(answer->about, about) == 0)
            return answer;
    return NULL;
}

const struct source_answer *sources_answer(struct config_sources *s,
                                           const struct source_answer *answer)
{
    struct source_answer *kept = arena_alloc(s->arena, sizeof *kept);
    *kept = *answer;
    kept->about = arena_strdup(s->arena, answer->about);
    kept->text = arena_strdup(s->arena, answer->text);
    kept->next = s->answers;
    s->answers = kept;
    return kept;
}

struct config_sources *sources_copy(const struct config_sources *from, struct arena *a)
{
    struct config_sources *s = arena_alloc(a, sizeof *s);
    s->arena = a;
    s->again = true;
    s->unresolved = from->unresolved;
    s->here = arena_strdup(a, from->here);
    s->overrides = sources_copy_list(a, &from->overrides);
    s->environ = sources_copy_list(a, &from->environ);
    s->texts = arena_array(a, from->text_count, sizeof *s->texts);
    for (; s->text_count < from->text_count; s->text_count++) {
        const struct config_text *text = &from->texts[s->text_count];
        s->texts[s->text_count] = (struct config_text){
            arena_strdup(a, text->path), arena_strndup(a, text->data, text->len), text->len};
    }
    for (const struct source_answer *answer = from->answers; answer; answer = answer->next)
        (void)sources_answer(s, answer);
    return s;
}

/* --- The questions -------------------------------------------------------------------------- */

/* What is written down already; NULL: the machine has to be asked. */
static const struct source_answer *known(const struct config_sources *s, enum source_question q,
                                         const char *about)
{
    return s ? sources_find(s, q, about) : NULL;
}

static void write_down(struct config_sources *s, const struct source_answer *answer)
{
    if (s)
        (void)sources_answer(s, answer);
}

int source_user(struct config_sources *s, const char *text, int64_t *uid, int64_t *gid,
                struct err *e)
{
    const struct source_answer *old = known(s, SOURCE_USER, text);
    struct source_answer answer = {.question = SOURCE_USER, .about = text};
    if (old && !old->yes)
        return err_set(e, -EINVAL, "Invalid user %.100s", text);
    if (old) {
        *uid = old->first;
        *gid = old->second;
        return 0;
    }
    int rc = user_find(text, &answer.first, &answer.second, e);
    answer.yes = rc == 0;
    write_down(s, &answer);
    if (rc < 0)
        return rc;
    *uid = answer.first;
    *gid = answer.second;
    return 0;
}

static int source_group(struct config_sources *s, const char *text, int64_t *gid, struct err *e)
{
    const struct source_answer *old = known(s, SOURCE_GROUP, text);
    struct source_answer answer = {.question = SOURCE_GROUP, .about = text};
    if (old && !old->yes)
        return err_set(e, -EINVAL, "Invalid group %.100s", text);
    if (old) {
        *gid = old->first;
        return 0;
    }
    int rc = user_group(text, &answer.first, e);
    answer.yes = rc == 0;
    write_down(s, &answer);
    if (rc == 0)
        *gid = answer.first;
    return rc;
}

int source_owner(struct config_sources *s, const char *text, int64_t *uid, int64_t *gid,
                 struct err *e)
{
    const char *colon = strchr(text, ':');
    int64_t user = CONFIG_UNSET;
    int64_t group = CONFIG_UNSET;
    char *name = mem_strndup(text, colon ? (size_t)(colon - text) : strlen(text));
    int rc = source_user(s, name, &user, &group, e);
    mem_free(name);
    group = CONFIG_UNSET;
    if (rc == 0 && colon)
        rc = source_group(s, colon + 1, &group, e);
    if (rc < 0)
        return rc;
    *uid = user;
    *gid = group;
    return 0;
}

/* A load from the record takes for granted what it was not told: it would have been told a no. */
bool source_is_folder(struct config_sources *s, const char *path)
{
    const struct source_answer no = {.question = SOURCE_FOLDER, .about = path};
    if (known(s, SOURCE_FOLDER, path))
        return false;
    if ((s && s->again) || path_is_folder(path))
        return true;
    write_down(s, &no);
    return false;
}

bool source_has_folder(struct config_sources *s, struct arena *a, const char *path)
{
    const char *folder = path_folder(a, path);
    return *folder == '\0' || source_is_folder(s, folder);
}

const char *source_path_home(struct config_sources *s, struct arena *a, const char *path)
{
    const char *user = path_home_user(a, path);
    if (!user)
        return path;
    const struct source_answer *old = known(s, SOURCE_HOME, user);
    const char *home = old ? old->text : path_home_of(user);
    const struct source_answer answer = {
        .question = SOURCE_HOME, .about = user, .yes = home, .text = home};
    if (!old)
        write_down(s, &answer);
    return home ? path_in_home(a, path, home) : path;
}

const char *source_path_normal(struct config_sources *s, struct arena *a, const char *path)
{
    if (*path == '/')
        return path_normal_in(a, "", path);
    const struct source_answer *old = known(s, SOURCE_CWD, "");
    char *cwd = old ? NULL : getcwd(NULL, 0);
    const struct source_answer answer = {
        .question = SOURCE_CWD, .about = "", .yes = true, .text = cwd ? cwd : ""};
    if (!old)
        write_down(s, &answer);
    const char *normal = path_normal_in(a, old && old->text ? old->text : answer.text, path);
    free(cwd);
    return normal;
}

/* Where Python's tempfile would put things. */
static const char *temporary_folder(void)
{
    static const char *const variables[] = {"TMPDIR", "TEMP", "TMP"};
    static const char *const folders[] = {"/tmp", "/var/tmp", "/usr/tmp"};
    for (size_t i = 0; i < 3; i++) {
        const char *value = getenv(variables[i]);
        if (value && *value == '/' && path_is_folder(value))
            return value;
    }
    for (size_t i = 0; i < 3; i++)
        if (path_is_folder(folders[i]))
            return folders[i];
    return "/tmp";
}

const char *source_temporary(struct config_sources *s)
{
    const struct source_answer *old = sources_find(s, SOURCE_TEMPORARY, "");
    if (old && old->text)
        return old->text;
    const struct source_answer answer = {
        .question = SOURCE_TEMPORARY, .about = "", .yes = true, .text = temporary_folder()};
    return sources_answer(s, &answer)->text;
}

const char *source_node(struct config_sources *s)
{
    const struct source_answer *old = sources_find(s, SOURCE_NODE, "");
    struct utsname machine;
    if (old && old->text)
        return old->text;
    const bool named = uname(&machine) == 0;
    const struct source_answer answer = {
        .question = SOURCE_NODE, .about = "", .yes = named, .text = named ? machine.nodename : ""};
    return sources_answer(s, &answer)->text;
}

int64_t source_self(struct config_sources *s)
{
    const struct source_answer *old = sources_find(s, SOURCE_SELF, "");
    const struct source_answer answer = {
        .question = SOURCE_SELF, .about = "", .yes = true, .first = getuid()};
    return (old ? old : sources_answer(s, &answer))->first;
}

int source_zone(struct config_sources *s, const char *name, struct err *e)
{
    const struct source_answer *old = known(s, SOURCE_ZONE, name);
    struct source_answer answer = {.question = SOURCE_ZONE, .about = name};
    struct zone zone;
    struct err why;
    if (old)
        return old->yes ? 0 : err_set(e, -EINVAL, "%s", old->text ? old->text : "it is not known");
    int rc = zone_read(name, &zone, &why);
    answer.yes = rc == 0;
    if (rc == 0)
        zone_close(&zone);
    else
        answer.text = why.text;
    write_down(s, &answer);
    return rc < 0 ? err_set(e, rc, "%s", why.text) : 0;
}
