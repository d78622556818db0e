#include "config/pack.h"

#include <errno.h>
#include <string.h>

#include "base/base64.h"
#include "config/archive.h"
#include "config/loader.h"

// clang-format off
static const char *const question_names[] = {
    [SOURCE_USER] = "user",     [SOURCE_GROUP] = "group",
    [SOURCE_HOME] = "home",     [SOURCE_FOLDER] = "folder",
    [SOURCE_CWD] = "cwd",       [SOURCE_TEMPORARY] = "temporary",
    [SOURCE_NODE] = "node",     [SOURCE_SELF] = "self",
    [SOURCE_ZONE] = "zone",
};
// clang-format on
_Static_assert(sizeof question_names / sizeof *question_names == SOURCE_QUESTIONS,
               "one name for each question");

/* --- Texts ---------------------------------------------------------------------------------- */

json_t *pack_bytes(const char *data, size_t len)
{
    struct buf text = BUF_EMPTY;
    if (!data)
        return json_null();
    /* jansson refuses what is no UTF-8; a NUL would have to be allowed where it is read */
    json_t *value = memchr(data, '\0', len) ? NULL : json_stringn(data, len);
    if (value)
        return value;
    base64_encode(&text, data, len);
    value = json_object();
    (void)json_object_set_new(value, "base64", json_stringn(buf_str(&text), text.len));
    buf_close(&text);
    return value;
}

json_t *pack_text(const char *text)
{
    return pack_bytes(text, text ? strlen(text) : 0);
}

const char *unpack_bytes(const json_t *value, struct arena *a, size_t *len)
{
    const json_t *coded = json_object_get(value, "base64");
    const json_t *string = coded ? coded : value;
    struct buf bytes = BUF_EMPTY;
    const char *data = NULL;
    if (!json_is_string(string))
        return NULL;
    bool good = true;
    if (!coded)
        buf_append(&bytes, json_string_value(string), json_string_length(string));
    else
        good = base64_decode(&bytes, json_string_value(string), json_string_length(string)) == 0;
    if (good && (len || !memchr(buf_str(&bytes), '\0', bytes.len)))
        data = arena_strndup(a, buf_str(&bytes), bytes.len);
    if (data && len)
        *len = bytes.len;
    buf_close(&bytes);
    return data;
}

const char *unpack_text(const json_t *value, struct arena *a)
{
    return unpack_bytes(value, a, NULL);
}

/* --- To JSON -------------------------------------------------------------------------------- */

static json_t *pack_list(const struct env_list *list)
{
    json_t *array = json_array();
    for (size_t i = 0; i < list->count; i++) {
        json_t *pair = json_array();
        (void)json_array_append_new(pair, pack_text(list->vars[i].name));
        (void)json_array_append_new(pair, pack_text(list->vars[i].value));
        (void)json_array_append_new(array, pair);
    }
    return array;
}

static json_t *pack_files(const struct config_sources *s)
{
    json_t *array = json_array();
    for (size_t i = 0; i < s->text_count; i++) {
        json_t *pair = json_array();
        (void)json_array_append_new(pair, pack_text(s->texts[i].path));
        (void)json_array_append_new(pair, pack_bytes(s->texts[i].data, s->texts[i].len));
        (void)json_array_append_new(array, pair);
    }
    return array;
}

static json_t *pack_answers(const struct config_sources *s)
{
    json_t *array = json_array();
    for (const struct source_answer *answer = s->answers; answer; answer = answer->next) {
        json_t *row = json_array();
        (void)json_array_append_new(row, json_string(question_names[answer->question]));
        (void)json_array_append_new(row, pack_text(answer->about));
        (void)json_array_append_new(row, json_boolean(answer->yes));
        (void)json_array_append_new(row, pack_text(answer->text));
        (void)json_array_append_new(row, json_integer(answer->first));
        (void)json_array_append_new(row, json_integer(answer->second));
        (void)json_array_append_new(array, row);
    }
    return array;
}

json_t *sources_pack(const struct config_sources *s)
{
    json_t *object = json_object();
    (void)json_object_set_new(object, "files", pack_files(s));
    (void)json_object_set_new(object, "here", pack_text(s->here));
    (void)json_object_set_new(object, "unresolved", json_boolean(s->unresolved));
    (void)json_object_set_new(object, "overrides", pack_list(&s->overrides));
    (void)json_object_set_new(object, "environ", pack_list(&s->environ));
    (void)json_object_set_new(object, "answers", pack_answers(s));
    return object;
}

/* --- From JSON ------------------------------------------------------------------------------ */

static int unpack_list(const json_t *array, struct arena *a, struct env_list *out, struct err *e)
{
    size_t count = json_array_size(array);
    if (!json_is_array(array))
        return err_set(e, -EINVAL, "a list of variables is missing");
    out->vars = arena_array(a, count, sizeof *out->vars);
    for (; out->count < count; out->count++) {
        const json_t *pair = json_array_get(array, out->count);
        struct env_var *var = &out->vars[out->count];
        var->name = unpack_text(json_array_get(pair, 0), a);
        var->value = unpack_text(json_array_get(pair, 1), a);
        if (!var->name || !var->value)
            return err_set(e, -EINVAL, "variable %zu is broken", out->count + 1);
    }
    return 0;
}

static int unpack_files(const json_t *array, struct config_sources *s, struct err *e)
{
    size_t count = json_array_size(array);
    size_t bytes = 0;
    if (count == 0)
        return err_set(e, -EINVAL, "the texts of its files are missing");
    if (count > LOADER_INCLUDE_LIMIT + 1)
        return err_set(e, -EFBIG, "more than %d included files", LOADER_INCLUDE_LIMIT);
    s->texts = arena_array(s->arena, count, sizeof *s->texts);
    for (; s->text_count < count; s->text_count++) {
        const json_t *pair = json_array_get(array, s->text_count);
        struct config_text *text = &s->texts[s->text_count];
        text->path = unpack_text(json_array_get(pair, 0), s->arena);
        text->data = unpack_bytes(json_array_get(pair, 1), s->arena, &text->len);
        if (!text->path || *text->path != '/' || !text->data)
            return err_set(e, -EINVAL, "the text of file %zu is broken", s->text_count + 1);
        bytes += text->len;
        if (bytes > LOADER_FILE_LIMIT)
            return err_set(e, -EFBIG, "its files have more than %d bytes", LOADER_FILE_LIMIT);
    }
    return 0;
}

static int question_find(const char *name)
{
    for (int i = 0; name && i < SOURCE_QUESTIONS; i++)
        if (strcmp(question_names[i], name) == 0)
            return i;
    return SOURCE_QUESTIONS;
}

/* A question that a newer version asks is unknown to us, and of no use. */
static int unpack_answers(const json_t *array, struct config_sources *s, struct err *e)
{
    for (size_t i = json_array_size(array); i > 0; i--) { /* the newest is written first */
        const json_t *row = json_array_get(array, i - 1);
        const char *name = json_string_value(json_array_get(row, 0));
        const int question = question_find(name);
        const struct source_answer answer = {
            .question = (enum source_question)question,
            .about = unpack_text(json_array_get(row, 1), s->arena),
            .yes = json_is_true(json_array_get(row, 2)),
            .text = unpack_text(json_array_get(row, 3), s->arena),
            .first = json_integer_value(json_array_get(row, 4)),
            .second = json_integer_value(json_array_get(row, 5)),
        };
        if (!name || !answer.about)
            return err_set(e, -EINVAL, "answer %zu of the machine is broken", i);
        if (question != SOURCE_QUESTIONS)
            (void)sources_answer(s, &answer);
    }
    return json_is_array(array) ? 0 : err_set(e, -EINVAL, "the answers of the machine are missing");
}

int sources_unpack(const json_t *object, struct config_sources *s, struct err *e)
{
    s->here = unpack_text(json_object_get(object, "here"), s->arena);
    s->unresolved = json_is_true(json_object_get(object, "unresolved"));
    int rc = unpack_files(json_object_get(object, "files"), s, e);
    if (rc == 0)
        rc = unpack_list(json_object_get(object, "overrides"), s->arena, &s->overrides, e);
    if (rc == 0)
        rc = unpack_list(json_object_get(object, "environ"), s->arena, &s->environ, e);
    return rc == 0 ? unpack_answers(json_object_get(object, "answers"), s, e) : rc;
}

/* --- A configuration ------------------------------------------------------------------------ */

json_t *config_pack(const struct config *c)
{
    return sources_pack(c->sources);
}

int config_unpack(const json_t *object, struct config **out, struct err *e)
{
    struct problem_list problems;
    struct arena arena;
    struct config_sources s = {.arena = &arena};
    arena_init(&arena);
    problem_list_init(&problems);
    int rc = sources_unpack(object, &s, e);
    if (rc == 0)
        rc = config_load_again(&s, out, &problems, e);
    problem_list_close(&problems);
    arena_close(&arena);
    return rc;
}
