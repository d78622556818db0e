/*
 * The bus carries each event once to every subscriber, in the order of subscription.
 * A subscriber may unsubscribe itself while it is called; it must not destroy the publisher.
 */
#ifndef EVENT_BUS_H
#define EVENT_BUS_H

#include "base/list.h"
#include "event/event.h"

struct event_bus {
    struct list subscribers;
};

/* Embedded in its owner, who gets back at itself with container_of. */
struct event_subscriber {
    struct list link;
    void (*on_event)(struct event_subscriber *sub, const struct event *ev);
};

void event_bus_init(struct event_bus *bus);
void event_bus_subscribe(struct event_bus *bus, struct event_subscriber *sub);
void event_bus_unsubscribe(struct event_subscriber *sub);
void event_bus_publish(struct event_bus *bus, const struct event *ev);

#endif
