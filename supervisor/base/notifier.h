/*
 * Words to whoever started us and listens on NOTIFY_SOCKET, as sd_notify(3) has it. Nobody needs
 * to listen, and a listener that is slow or gone is no failure.
 */
#ifndef BASE_NOTIFIER_H
#define BASE_NOTIFIER_H

#include <stdbool.h>
#include <sys/socket.h>
#include <sys/un.h>

struct notifier {
    int fd; /* owned; -1: nobody listens */
    struct sockaddr_un to;
    socklen_t len;
};

/* From the environment, and takes it out of there: what we start does not speak for us. */
void notifier_open(struct notifier *n);
/* NAME=value lines. False: the listener has not read those before yet; nothing was sent. */
bool notifier_send(struct notifier *n, const char *text);
void notifier_close(struct notifier *n);

#endif
