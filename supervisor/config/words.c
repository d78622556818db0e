#include "config/words.h"

#include <ctype.h>
#include <string.h>

#include "base/mem.h"
#include "config/shlex.h"

int words_split(const char *text, struct arena *a, struct name_list *out, struct err *e)
{
    struct shlex x = {.text = text, .blanks_only = true};
    struct buf word = BUF_EMPTY;
    const char **words = NULL;
    size_t count = 0;
    size_t room = 0;
    int rc;
    while ((rc = shlex_next(&x, &word, e)) > 0) {
        if (count == room) {
            room = room ? room * 2 : 8;
            words = mem_grow(words, room, sizeof *words);
        }
        words[count++] = arena_strndup(a, buf_str(&word), word.len);
    }
    if (rc == 0) {
        out->names = arena_array(a, count + 1, sizeof *out->names);
        out->count = count;
        if (count)
            memcpy(out->names, words, count * sizeof *words);
    }
    mem_free(words);
    buf_close(&word);
    return rc;
}

static bool words_plain(const char *word)
{
    if (*word == '\0')
        return false;
    for (; *word; word++)
        if (!isalnum((unsigned char)*word) && !strchr("_-./:=@,+", *word))
            return false;
    return true;
}

void words_quote(const char *word, struct buf *out)
{
    if (out->len)
        buf_char(out, ' ');
    if (words_plain(word)) {
        buf_text(out, word);
        return;
    }
    buf_char(out, '\'');
    for (; *word; word++) {
        if (*word == '\'')
            buf_text(out, "'\"'\"'");
        else
            buf_char(out, *word);
    }
    buf_char(out, '\'');
}
