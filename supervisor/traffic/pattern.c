#include "traffic/pattern.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <errno.h>
#include <pcre2.h>
#include <stdlib.h>

#include "base/mem.h"

enum {
    STEPS_MAX = 100000,
    HEAP_KIB_MAX = 1024,
};

struct pattern {
    pcre2_code *code;
    pcre2_match_data *match;
    pcre2_match_context *limits;
};

static int refuse(int code, size_t at, struct err *e)
{
    PCRE2_UCHAR8 text[160];
    if (pcre2_get_error_message(code, text, sizeof text) < 0)
        text[0] = '\0';
    return err_set(e, -EINVAL, "is no regular expression at byte %zu: %s", at, (const char *)text);
}

int pattern_new(struct span text, bool caseless, struct pattern **out, struct err *e)
{
    int code;
    size_t at;
    struct pattern *p = mem_alloc(sizeof *p);
    uint32_t options = PCRE2_NEVER_BACKSLASH_C | (caseless ? PCRE2_CASELESS : 0);
    p->code = pcre2_compile((PCRE2_SPTR8)text.text, text.len, options, &code, &at, NULL);
    if (p->code == NULL) {
        mem_free(p);
        return refuse(code, at, e);
    }
    (void)pcre2_jit_compile(p->code, PCRE2_JIT_COMPLETE); /* slower where that is forbidden */
    p->match = pcre2_match_data_create(1, NULL);
    p->limits = pcre2_match_context_create(NULL);
    if (p->match == NULL || p->limits == NULL) {
        pattern_free(p);
        return err_set(e, -ENOMEM, "takes more memory than there is");
    }
    (void)pcre2_set_match_limit(p->limits, STEPS_MAX);
    (void)pcre2_set_heap_limit(p->limits, HEAP_KIB_MAX);
    *out = p;
    return 0;
}

void pattern_free(struct pattern *p)
{
    if (p == NULL)
        return;
    pcre2_match_data_free(p->match);
    pcre2_match_context_free(p->limits);
    pcre2_code_free(p->code);
    mem_free(p);
}

enum pattern_answer pattern_find(const struct pattern *p, struct span text)
{
    int rc = pcre2_match(p->code, (PCRE2_SPTR8)text.text, text.len, 0, 0, p->match, p->limits);
    if (rc >= 0)
        return PATTERN_FOUND;
    return rc == PCRE2_ERROR_NOMATCH ? PATTERN_NONE : PATTERN_GIVEN_UP;
}
