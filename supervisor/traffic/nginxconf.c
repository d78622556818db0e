#include "traffic/nginxconf.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

enum { NAMES_SHOWN = 400 }; /* bytes of names in a sentence */

struct lexer {
    const char *at;
    const char *end;
};

enum token { TOKEN_WORD, TOKEN_MARK, TOKEN_END }; /* a mark: ; { } */

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static void skip_blanks(struct lexer *x)
{
    while (x->at < x->end && (is_blank(*x->at) || *x->at == '#')) {
        if (*x->at++ != '#')
            continue;
        while (x->at < x->end && *x->at != '\n')
            x->at++;
    }
}

/* Behind a backslash nginx knows the quotes, itself and three letters; else both are kept. */
static void add_escaped(struct lexer *x, struct buf *word)
{
    static const char escapes[] = "\"'\\trn";
    static const char meanings[] = "\"'\\\t\r\n";
    char c = *x->at++;
    const char *escape = c != '\0' ? strchr(escapes, c) : NULL;
    if (escape != NULL) {
        buf_char(word, meanings[escape - escapes]);
        return;
    }
    buf_char(word, '\\');
    buf_char(word, c);
}

static bool ends_word(const struct lexer *x, const struct buf *word, char quote)
{
    char c = *x->at;
    if (quote != '\0')
        return c == quote;
    if (c == '{' && word->len > 0 && word->data[word->len - 1] == '$')
        return false; /* ${name} */
    return is_blank(c) || c == ';' || c == '{';
}

static void read_word(struct lexer *x, struct buf *word)
{
    char quote = *x->at == '"' || *x->at == '\'' ? *x->at++ : '\0';
    while (x->at < x->end && !ends_word(x, word, quote)) {
        char c = *x->at++;
        if (c == '\\' && x->at < x->end)
            add_escaped(x, word);
        else
            buf_char(word, c);
    }
    if (quote != '\0' && x->at < x->end)
        x->at++;
}

/* The next token; *word is replaced by a word, or by the mark. */
static enum token next_token(struct lexer *x, struct buf *word)
{
    buf_clear(word);
    skip_blanks(x);
    if (x->at == x->end)
        return TOKEN_END;
    char c = *x->at;
    if (c == ';' || c == '{' || c == '}') {
        buf_char(word, c);
        x->at++;
        return TOKEN_MARK;
    }
    read_word(x, word);
    return TOKEN_WORD;
}

/* The rest of a log_format directive, behind its name. */
static void read_format(struct lexer *x, struct buf *word, struct buf *out)
{
    bool first = true;
    while (next_token(x, word) == TOKEN_WORD) {
        bool escape = first && strncmp(buf_str(word), "escape=", 7) == 0;
        if (!escape && word->len > 0)
            buf_append(out, word->data, word->len);
        first = false;
    }
}

/* What a walk through a configuration is for and has found. */
struct search {
    const char *name; /* NULL: any */
    struct buf *found;
    struct buf names; /* of all formats, for the sentence */
    size_t count;     /* of formats with that name */
};

static void take_format(struct search *s, struct lexer *x, struct buf *word)
{
    struct buf text = BUF_EMPTY;
    if (next_token(x, word) != TOKEN_WORD)
        return;
    bool wanted = s->name == NULL || strcmp(s->name, buf_str(word)) == 0;
    if (s->names.len < NAMES_SHOWN)
        buf_printf(&s->names, "%s%.60s", s->names.len > 0 ? ", " : "", buf_str(word));
    read_format(x, word, &text);
    if (wanted && s->count++ == 0 && text.len > 0)
        buf_append(s->found, text.data, text.len);
    buf_close(&text);
}

int nginxconf_format(const char *text, size_t len, const char *name, struct buf *out, struct err *e)
{
    struct lexer x = {text, text + len};
    struct search s = {.name = name, .found = out};
    struct buf word = BUF_EMPTY;
    enum token token;
    bool begins = true; /* a directive */
    while ((token = next_token(&x, &word)) != TOKEN_END) {
        bool is_format = begins && token == TOKEN_WORD && strcmp(buf_str(&word), "log_format") == 0;
        if (is_format)
            take_format(&s, &x, &word);
        begins = is_format || token == TOKEN_MARK;
    }
    int rc = 0;
    if (s.names.len == 0)
        rc = err_set(e, -ENOENT, "it has no log_format; files that it includes are not looked at");
    else if (s.count == 0)
        rc = err_set(e, -ENOENT, "it has no log_format '%.100s', but %s", name, buf_str(&s.names));
    else if (name == NULL && s.count > 1)
        rc = err_set(e, -ENOENT, "it has several log_formats, write :NAME behind it: %s",
                     buf_str(&s.names));
    buf_close(&s.names);
    buf_close(&word);
    return rc;
}

void nginxconf_join(const char *text, size_t len, struct buf *out)
{
    struct lexer x = {text, text + len};
    struct buf word = BUF_EMPTY;
    while (next_token(&x, &word) == TOKEN_WORD)
        buf_append(out, word.data, word.len);
    buf_close(&word);
}
