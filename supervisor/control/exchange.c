#include "control/exchange.h"

#include <microhttpd.h>

#include "control/server.h"

const char *exchange_header(const struct exchange *x, const char *name)
{
    return MHD_lookup_connection_value(x->connection, MHD_HEADER_KIND, name);
}

const char *exchange_query(const struct exchange *x, const char *name)
{
    return MHD_lookup_connection_value(x->connection, MHD_GET_ARGUMENT_KIND, name);
}

void exchange_add_header(struct exchange *x, const char *name, const char *value)
{
    if (x->response)
        (void)MHD_add_response_header(x->response, name, value);
}
