/*
 * A datagram that anybody may send: whatever is in it, what is kept of it is clean and within its
 * limits, and a listen= address that is read from it is one that can be bound.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/xml.h"
#include "config/listen.h"
#include "engine/notice.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
    if (!holds)
        abort();
}

static void check_status(const char *status)
{
    size_t left = strnlen(status, NOTICE_STATUS_MAX);
    must(left < NOTICE_STATUS_MAX);
    while (left > 0) {
        size_t len = xml_utf8_char(status, left);
        must(len > 0 && (unsigned char)*status >= ' ' && *status != 0x7f);
        status += len;
        left -= len;
    }
}

static void check_notice(const char *data, size_t size)
{
    struct notice n;
    struct err why = {""};
    bool good = notice_parse(data, size, &n, &why);
    must(good == (why.text[0] == '\0'));
    check_status(n.status);
    must(!(n.words & NOTICE_MAINPID) || n.main_pid > 1);
    must(!(n.words & NOTICE_ERRNO) || (n.error >= 0 && n.error < 4096));
    must(!(n.words & NOTICE_EXTEND) || n.extend_ms > 0);
    must(!(n.words & NOTICE_INTERVAL) || n.watchdog_ms >= 0);
}

static void check_address(const char *text)
{
    struct listen_address a;
    struct listen_address b;
    struct err e = {""};
    if (listen_parse(text, &a, &e) < 0) {
        must(e.text[0] != '\0');
        return;
    }
    must(strnlen(a.text, sizeof a.text) < sizeof a.text && a.len > 0);
    must(listen_parse(a.text, &b, NULL) == 0 && strcmp(a.text, b.text) == 0);
    must(listen_clash(&a, &b) && a.len == b.len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = mem_strndup((const char *)data, size);
    check_notice((const char *)data, size);
    check_address(text);
    mem_free(text);
    return 0;
}
