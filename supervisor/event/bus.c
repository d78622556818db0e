#include "event/bus.h"

void event_bus_init(struct event_bus *bus)
{
    list_init(&bus->subscribers);
}

void event_bus_subscribe(struct event_bus *bus, struct event_subscriber *sub)
{
    list_append(&bus->subscribers, &sub->link);
}

void event_bus_unsubscribe(struct event_subscriber *sub)
{
    list_remove(&sub->link);
}

void event_bus_publish(struct event_bus *bus, const struct event *ev)
{
    struct event_subscriber *sub;
    list_each (sub, &bus->subscribers, link)
        sub->on_event(sub, ev);
}
