/*
 * Intrusive doubly linked lists: the link lives inside the element, the list never owns.
 * A link that is in no list points at itself after list_init.
 */
#ifndef BASE_LIST_H
#define BASE_LIST_H

#include <stdbool.h>
#include <stddef.h>

struct list {
    struct list *prev;
    struct list *next;
};

/* The element that embeds `ptr` as its `member`. */
#define container_of(ptr, type, member) ((type *)(void *)((char *)(ptr)-offsetof(type, member)))
#define container_of_const(ptr, type, member)                                                      \
    ((const type *)(const void *)((const char *)(ptr)-offsetof(type, member)))

/* Walks a list of elements; the loop body must not remove any but the current one. */
#define list_each(item, head, member)                                                              \
    for (struct list *link_##item = (head)->next, *next_##item = link_##item->next;                \
         link_##item != (head) &&                                                                  \
         ((item) = container_of(link_##item, __typeof__(*(item)), member), 1);                     \
         link_##item = next_##item, next_##item = link_##item->next)

static inline void list_init(struct list *l)
{
    l->prev = l->next = l;
}

static inline bool list_empty(const struct list *l)
{
    return l->next == l;
}

static inline void list_append(struct list *head, struct list *link)
{
    link->prev = head->prev;
    link->next = head;
    head->prev->next = link;
    head->prev = link;
}

static inline void list_remove(struct list *link)
{
    link->prev->next = link->next;
    link->next->prev = link->prev;
    list_init(link);
}

#endif
