/*
 * The HTTP servers of one control, and how they follow the configuration.
 *
 * A reload never leaves the daemon deaf: a server whose address stays is changed in place, another
 * one is opened before the old one is closed, and stays when that fails.
 */
#ifndef CONTROL_SERVERS_H
#define CONTROL_SERVERS_H

#include "control/control.h"

/* One of them: in control.servers until it is closed. */
struct serving {
    struct list link;
    struct control *control;
    struct server server;
    struct config *snapshot; /* a reference: where `config` is */
    const struct server_config *config;
};

/* Opens every server. After a failure servers_close closes those that are open already. */
int servers_open(struct control *c, struct config *config, struct err *e);

/* Makes them what this configuration says; what fails is logged and stays as it was. */
void servers_change(struct control *c, struct config *config);

/* Each says so to control_handle_closed. */
void servers_close(struct control *c);

#endif
