#include "config/shlex.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

static bool shlex_blank(char c)
{
    return c != '\0' && strchr(" \t\r\n", c);
}

/* Bytes of other alphabets count as letters: nothing is cut in the middle of a character. */
static bool shlex_letter(const struct shlex *x, char c)
{
    return x->blanks_only || isalnum((unsigned char)c) || (unsigned char)c >= 0x80 ||
           strchr("_/.+-():", c);
}

/* From after the opening quote to after the closing one. */
static int shlex_quoted(struct shlex *x, char quote, struct buf *word, struct err *e)
{
    for (;;) {
        char c = x->text[x->pos];
        if (c == '\0')
            return err_set(e, -EINVAL, "No closing quotation");
        x->pos++;
        if (c == quote)
            return 0;
        if (c == '\\' && quote == '"') {
            char next = x->text[x->pos];
            if (next == '\0')
                return err_set(e, -EINVAL, "No escaped character");
            x->pos++;
            if (next != '\\' && next != '"')
                buf_char(word, '\\');
            c = next;
        }
        buf_char(word, c);
    }
}

static int shlex_escaped(struct shlex *x, struct buf *word, struct err *e)
{
    char c = x->text[x->pos];
    if (c == '\0')
        return err_set(e, -EINVAL, "No escaped character");
    x->pos++;
    buf_char(word, c);
    return 0;
}

static void shlex_skip_blanks(struct shlex *x)
{
    for (;;) {
        while (shlex_blank(x->text[x->pos]))
            x->pos++;
        if (x->text[x->pos] != '#' || x->blanks_only)
            return;
        x->pos += strcspn(x->text + x->pos, "\n");
    }
}

int shlex_next(struct shlex *x, struct buf *word, struct err *e)
{
    buf_clear(word);
    shlex_skip_blanks(x);
    const size_t start = x->pos;
    for (;;) {
        char c = x->text[x->pos];
        int rc = 0;
        if (c == '\0' || shlex_blank(c) || (c == '#' && !x->blanks_only))
            break;
        if (c == '"' || c == '\'') {
            x->pos++;
            rc = shlex_quoted(x, c, word, e);
        } else if (c == '\\') {
            x->pos++;
            rc = shlex_escaped(x, word, e);
        } else if (shlex_letter(x, c)) {
            x->pos++;
            buf_char(word, c);
        } else if (x->pos > start) {
            break; /* punctuation ends the word, and is the next one */
        } else {
            x->pos++;
            buf_char(word, c);
            break;
        }
        if (rc < 0)
            return rc;
    }
    return x->pos > start ? 1 : 0;
}
