#include "base/notifier.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/fd.h"

void notifier_open(struct notifier *n)
{
    *n = (struct notifier){.fd = -1, .to.sun_family = AF_UNIX};
    const char *name = getenv("NOTIFY_SOCKET");
    size_t len = name ? strlen(name) : 0;
    if (len < 2 || len > sizeof n->to.sun_path || (name[0] != '/' && name[0] != '@'))
        return;
    memcpy(n->to.sun_path, name, len);
    if (name[0] == '@')
        n->to.sun_path[0] = '\0';
    n->len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len);
    n->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    (void)unsetenv("NOTIFY_SOCKET");
}

bool notifier_send(struct notifier *n, const char *text)
{
    return n->fd < 0 ||
           sendto(n->fd, text, strlen(text), MSG_DONTWAIT | MSG_NOSIGNAL,
                  (const struct sockaddr *)&n->to, n->len) >= 0 ||
           errno != EAGAIN;
}

void notifier_close(struct notifier *n)
{
    fd_close(&n->fd);
}
