/*
 * The way to systemd: one datagram socket that never waits. sd_notify(3) blocks as long as nobody
 * reads at the other end, and a supervisor must not hang because systemd does.
 */
#ifndef SYSTEMD_CHANNEL_H
#define SYSTEMD_CHANNEL_H

#include <stdbool.h>
#include <sys/socket.h>
#include <sys/un.h>

struct channel {
    int fd;                /* -1: there is nobody to tell */
    struct sockaddr_un to; /* looked up for each message: systemd may make it anew */
    socklen_t len;
};

/* `address` as in NOTIFY_SOCKET: "/path" or "@abstract"; anything else, or NULL: nobody. */
void channel_open(struct channel *c, const char *address);
bool channel_is_open(const struct channel *c);

/* -EAGAIN: the other end has not read enough yet. Any other error: the message is lost. */
int channel_send(const struct channel *c, const char *text);
/* ... with a descriptor, borrowed for the call. -1: without */
int channel_send_fd(const struct channel *c, const char *text, int fd);
void channel_close(struct channel *c);

#endif
