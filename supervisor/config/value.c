/* Values of keys without their text: what an absent one is, and whether two are the same. */
#include <string.h>

#include "config/type.h"

void type_unset(const struct key_row *row, void *base)
{
    char *at = (char *)base + row->offset;
    switch (row->type) {
    case KEY_INT:
    case KEY_SIZE:
    case KEY_OCTAL:
    case KEY_LEVEL:
    case KEY_DURATION:
    case KEY_MEMORY:
    case KEY_CPUS:
    case KEY_COUNT:
        *(int64_t *)(void *)at = CONFIG_UNSET;
        break;
    case KEY_USER:
        *(const char **)(void *)at = NULL;
        ((int64_t *)(void *)((char *)base + row->also))[0] = CONFIG_UNSET;
        ((int64_t *)(void *)((char *)base + row->also))[1] = CONFIG_UNSET;
        break;
    case KEY_OWNER:
        *(int64_t *)(void *)at = CONFIG_UNSET;
        *(int64_t *)(void *)((char *)base + row->also) = CONFIG_UNSET;
        break;
    case KEY_TEXT:
    case KEY_BOOL:
    case KEY_SIGNAL:
    case KEY_EXITCODES:
    case KEY_AUTORESTART:
    case KEY_LOGFILE:
    case KEY_ENVIRONMENT:
    case KEY_FOLDER:
    case KEY_FILE:
    case KEY_MAINLOG:
    case KEY_SOCKET:
    case KEY_CHOICE:
    case KEY_CHOICES:
    case KEY_NAMES:
    case KEY_EVENTS:
    case KEY_ADDRESS:
    case KEY_NAME:
    case KEY_SERVERURL:
    case KEY_URL:
    case KEY_S3:
    case KEY_ABSOLUTE:
    case KEY_TYPES:
        break; /* zero, as the struct was made */
    }
}

static bool same_text(const char *a, const char *b)
{
    return a == b || (a && b && strcmp(a, b) == 0);
}

static bool same_names(const struct name_list *a, const struct name_list *b)
{
    if (a->count != b->count)
        return false;
    for (size_t i = 0; i < a->count; i++)
        if (strcmp(a->names[i], b->names[i]) != 0)
            return false;
    return true;
}

static bool same_ints(const struct int_list *a, const struct int_list *b)
{
    return a->count == b->count &&
           (a->count == 0 || memcmp(a->values, b->values, a->count * sizeof *a->values) == 0);
}

/* Order does not matter: the process cannot see it. Names are unique in a list. */
static bool same_env(const struct env_list *a, const struct env_list *b)
{
    if (a->count != b->count)
        return false;
    for (size_t i = 0; i < a->count; i++) {
        size_t k = 0;
        if (strcmp(a->vars[i].name, b->vars[i].name) != 0)
            while (k < b->count && strcmp(a->vars[i].name, b->vars[k].name) != 0)
                k++;
        else
            k = i;
        if (k == b->count || strcmp(a->vars[i].value, b->vars[k].value) != 0)
            return false;
    }
    return true;
}

static bool same_log(const struct log_config *a, const struct log_config *b)
{
    return a->kind == b->kind && same_text(a->path, b->path);
}

bool type_equal(const struct key_row *row, const void *a, const void *b)
{
    const void *x = (const char *)a + row->offset;
    const void *y = (const char *)b + row->offset;
    const int64_t *x2 = (const void *)((const char *)a + row->also);
    const int64_t *y2 = (const void *)((const char *)b + row->also);
    switch (row->type) {
    case KEY_INT:
    case KEY_SIZE:
    case KEY_OCTAL:
    case KEY_LEVEL:
    case KEY_DURATION:
    case KEY_MEMORY:
    case KEY_CPUS:
    case KEY_COUNT:
        return *(const int64_t *)x == *(const int64_t *)y;
    case KEY_BOOL:
        return *(const bool *)x == *(const bool *)y;
    case KEY_SIGNAL:
    case KEY_AUTORESTART:
    case KEY_CHOICE:
    case KEY_CHOICES:
        return *(const int *)x == *(const int *)y;
    case KEY_EXITCODES:
        return same_ints(x, y);
    case KEY_LOGFILE:
        return same_log(x, y);
    case KEY_ENVIRONMENT:
        return same_env(x, y);
    case KEY_NAMES:
    case KEY_EVENTS:
        return same_names(x, y);
    case KEY_OWNER:
        return *(const int64_t *)x == *(const int64_t *)y && *x2 == *y2;
    case KEY_USER:
        return x2[0] == y2[0] && x2[1] == y2[1] &&
               same_text(*(const char *const *)x, *(const char *const *)y);
    case KEY_ADDRESS:
        return same_text(*(const char *const *)x, *(const char *const *)y) && *x2 == *y2;
    case KEY_TEXT:
    case KEY_FOLDER:
    case KEY_FILE:
    case KEY_MAINLOG:
    case KEY_SOCKET:
    case KEY_NAME:
    case KEY_SERVERURL:
    case KEY_URL:
    case KEY_S3:
    case KEY_ABSOLUTE:
        return same_text(*(const char *const *)x, *(const char *const *)y);
    case KEY_TYPES:
        break;
    }
    return false;
}
