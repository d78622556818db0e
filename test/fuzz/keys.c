/* Where keys come from: whatever files and answers hold, no key is half, and none is told. */
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "sync/s3/awsfile.h"
#include "sync/s3/envfile.h"
#include "sync/s3/http.h"
#include "sync/s3/keydoc.h"
#include "sync/s3/sts.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool holds)
{
    if (!holds)
        abort();
}

static void try_document(const char *text, size_t size)
{
    struct creds c = {0};
    struct err e = {.text = ""};
    int rc = keydoc_read(text, size, "x", &c, &e);
    check(rc == 0 || rc == -EPROTO || rc == -ENOKEY);
    if (rc == 0)
        check(c.access_key && *c.access_key && c.secret && *c.secret);
    else
        check(!c.access_key && !c.secret && !c.token && strncmp(e.text, "x", 1) == 0);
    creds_close(&c);
    struct buf words = BUF_EMPTY;
    keydoc_complaint(text, size, &words);
    check(words.len <= 700);
    buf_close(&words);
    int64_t number = 0;
    (void)keydoc_number(text, size, "Version", &number);
}

static void try_sts(const char *text, size_t size)
{
    struct sts_answer a = {0};
    int rc = sts_read(text, size, &a);
    check(rc == 0 || rc == -EPROTO);
    check(!a.secret || *a.secret);
    sts_answer_close(&a);
    check(!a.access_key && !a.secret && !a.token && !a.expiration && !a.code && !a.message);
}

static void try_variables(const char *text, size_t size)
{
    struct envfile f = {.text = BUF_EMPTY};
    struct err e = {.text = ""};
    buf_append(&f.text, text, size);
    int rc = envfile_parse(&f, "x", &e);
    check(rc == 0 || (rc == -EINVAL && e.text[0] == 'x'));
    for (size_t i = 0; rc == 0 && i < f.count; i++) {
        const char *value = envfile_own(&f, f.variables[i].name);
        check(f.variables[i].name[0] && (!value || *value));
    }
    envfile_close(&f);
}

static void try_files(const char *text)
{
    static const struct awsfile_place places[] = {
        {.section = "default"},
        {.kind = "profile", .section = "a"},
        {.kind = "services", .section = "s", .under = "s3"},
    };
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        char *value = awsfile_value(text, &places[i], "aws_access_key_id");
        check(!value || (*value && awsfile_has(text, &places[i])));
        mem_free(value);
    }
}

static void try_small(const char *text)
{
    int64_t time = -7;
    check(keydoc_time(text, &time) || time == -7);
    char *host = http_host(text);
    check(!host || (*host && !strpbrk(host, "/?#@")));
    mem_free(host);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = mem_strndup((const char *)data, size);
    try_document((const char *)data, size);
    try_sts((const char *)data, size);
    try_variables((const char *)data, size);
    try_files(text);
    try_small(text);
    mem_free(text);
    return 0;
}
