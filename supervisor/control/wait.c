#include "control/wait.h"

#include <string.h>

#include "base/mem.h"
#include "control/status.h"

struct wait_item *wait_item_new(const char *group, const char *name, const char *spec)
{
    struct wait_item *i = mem_alloc(sizeof *i);
    list_init(&i->link);
    i->group = mem_strdup(group);
    i->name = mem_strdup(name);
    i->spec = mem_strdup(spec);
    return i;
}

void wait_item_free(struct wait_item *i)
{
    list_remove(&i->link);
    mem_free(i->group);
    mem_free(i->name);
    mem_free(i->spec);
    mem_free(i);
}

void wait_free(struct wait *w)
{
    struct wait_item *i;
    list_each (i, &w->todo, link)
        wait_item_free(i);
    list_each (i, &w->items, link)
        wait_item_free(i);
    host_disarm(w->control->supervisor->host, &w->turn);
    list_remove(&w->link);
    json_decref(w->results);
    json_decref(w->early);
    json_decref(w->params);
    mem_free(w);
}

static void on_abandon(struct call *call)
{
    struct wait *w = call->work;
    w->call = NULL;
    if (list_empty(&w->todo))
        wait_free(w);
}

struct wait *wait_new(struct call *call, wait_look *look, bool many)
{
    struct wait *w = mem_alloc(sizeof *w);
    w->control = control_of(call);
    w->call = call;
    w->params = json_incref(call->params);
    w->look = look;
    w->many = many;
    w->results = many ? json_array() : NULL;
    w->early = many ? json_array() : NULL;
    w->single = outcome_ok();
    list_init(&w->todo);
    list_init(&w->items);
    list_init(&w->link);
    call->work = w;
    call->abandon = on_abandon;
    return w;
}

void wait_result(struct wait *w, const char *group, const char *name, const struct outcome *o)
{
    if (w->many)
        json_array_append_new(w->results, status_result(group, name, o));
    else
        w->single = *o;
}

/* Takes the item's result once there is one. */
static void item_look(struct wait *w, struct wait_item *i)
{
    struct outcome o;
    if (!w->look(w->control, i, &o))
        return;
    wait_result(w, i->group, i->name, &o);
    wait_item_free(i);
}

void wait_add(struct wait *w, const char *group, const char *name, const char *spec)
{
    struct wait_item *i = wait_item_new(group, name, spec);
    list_append(&w->items, &i->link);
    item_look(w, i);
}

/* A thousand processes that start together publish thousands of events: few concern an item. */
static bool item_concerned(const struct wait_item *i, const struct event *ev)
{
    switch (ev->type) {
    case EVENT_PROCESS_STATE:
    case EVENT_PROCESS_NEWS:
        return i->group && strcmp(i->name, ev->name) == 0 && strcmp(i->group, ev->group) == 0;
    case EVENT_GROUP_ADDED:
    case EVENT_GROUP_REMOVED:
        return i->group && strcmp(i->group, ev->group) == 0;
    case EVENT_JOB_STATE:
        return !i->group;
    case EVENT_SUPERVISOR_STATE:
        return true;
    case EVENT_PROCESS_LOG:
    case EVENT_PROCESS_COMM:
    case EVENT_JOB_NEWS:
    case EVENT_REMOTE:
    case EVENT_TICK:
    case EVENT_SHUTDOWN:
        break;
    }
    return false;
}

/* True: nothing is left to wait for. */
static bool wait_check(struct wait *w, const struct event *ev)
{
    struct wait_item *i;
    list_each (i, &w->items, link) {
        if (item_concerned(i, ev))
            item_look(w, i);
    }
    return list_empty(&w->items);
}

/* A program may be up and gone again before the last of them has been asked. */
static void wait_check_early(struct wait *w, const struct event *ev)
{
    json_t *results = w->results;
    w->results = w->early;
    (void)wait_check(w, ev);
    w->results = results;
}

static void wait_answer(struct wait *w)
{
    struct call *call = w->call;
    struct outcome single = w->single;
    json_t *results = json_incref(w->results); /* NULL stays NULL */
    wait_free(w);
    if (results)
        call_return(call, results);
    else
        call_outcome(call, &single);
}

void wait_go(struct wait *w)
{
    list_remove(&w->link);
    if (w->many)
        (void)json_array_extend(w->results, w->early);
    if (!w->call)
        wait_free(w);
    else if (list_empty(&w->items))
        wait_answer(w);
    else
        list_append(&w->control->waits, &w->link);
}

void wait_close_all(struct control *c)
{
    struct wait *w;
    list_each (w, &c->deeds, link)
        wait_free(w);
}

static void on_finish(uv_timer_t *timer)
{
    wait_finish_all(container_of(timer, struct control, finish));
}

void wait_look_all(struct control *c, const struct event *ev)
{
    struct wait *w;
    bool finished = false;
    list_each (w, &c->deeds, link)
        wait_check_early(w, ev);
    list_each (w, &c->waits, link)
        finished |= wait_check(w, ev);
    if (finished)
        (void)uv_timer_start(&c->finish, on_finish, 0, 0);
}

/* The first wait that is finished; NULL. */
static struct wait *wait_finished(struct control *c)
{
    struct wait *w;
    list_each (w, &c->waits, link) {
        if (list_empty(&w->items))
            return w;
    }
    return NULL;
}

void wait_finish_all(struct control *c)
{
    struct wait *w;
    /* an answer may begin or end other waits: look from the start each time */
    while ((w = wait_finished(c)))
        wait_answer(w);
}
