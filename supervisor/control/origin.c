#include "control/origin.h"

#include <string.h>
#include <strings.h>

#include "control/exchange.h"

/* "https://host:port" against "host:port" */
static bool same_host(const char *origin, const char *host)
{
    const char *at = strstr(origin, "://");
    return at && host && strcasecmp(at + 3, host) == 0;
}

/* A browser that sends this for somebody else's page tells so in one header or the other. */
bool origin_is_elsewhere(const struct exchange *x)
{
    const char *site = exchange_header(x, "Sec-Fetch-Site");
    const char *origin = exchange_header(x, "Origin");
    if (site)
        return strcmp(site, "same-origin") != 0 && strcmp(site, "none") != 0;
    return origin && !same_host(origin, exchange_header(x, "Host")) &&
           !same_host(origin, exchange_header(x, "X-Forwarded-Host"));
}

bool origin_is_forged(const struct exchange *x)
{
    static const char *const asked_first[] = {"text/xml", "application/xml"};
    const char *type = exchange_header(x, "Content-Type");
    for (size_t i = 0; type && i < sizeof asked_first / sizeof *asked_first; i++) {
        if (strncasecmp(type, asked_first[i], strlen(asked_first[i])) == 0)
            return false;
    }
    return origin_is_elsewhere(x);
}
