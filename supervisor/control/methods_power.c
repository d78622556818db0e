/* Methods for the power-off that is planned: see jobs/power.h. */
#include <errno.h>

#include "base/log.h"
#include "control/methods.h"

/* What is planned now, or why not. */
static void power_answer(struct call *c, int rc, const struct err *e)
{
    if (rc == 0)
        call_return(c, power_info(control_of(c)->power));
    else
        call_fault(c, rc == -ESHUTDOWN ? FAULT_SHUTDOWN_STATE : FAULT_FAILED, e->text);
}

static bool power_is_there(struct call *c)
{
    if (control_of(c)->power)
        return true;
    call_fault(c, FAULT_FAILED, "this daemon plans nothing"); /* the call is gone now */
    return false;
}

/* To switch the machine off is more than to stop programs, which is all that a client may. */
static void plan_shutdown(struct call *c)
{
    struct err e;
    if (!power_is_there(c))
        return;
    if (!control_trusts(c)) {
        log_warn("XML-RPC: refused to plan a power-off for a stranger");
        call_fault(c, FAULT_FAILED,
                   "only root and the daemon's own user may plan it, over its unix socket");
        return;
    }
    int rc = power_set(control_of(c)->power, call_text(c, 0), call_text(c, 1), &e);
    power_answer(c, rc, &e);
}

static void postpone_shutdown(struct call *c)
{
    struct err e;
    if (power_is_there(c))
        power_answer(c, power_postpone(control_of(c)->power, call_text(c, 0), &e), &e);
}

static void cancel_shutdown(struct call *c)
{
    struct err e;
    if (power_is_there(c))
        power_answer(c, power_cancel(control_of(c)->power, &e), &e);
}

static void get_shutdown(struct call *c)
{
    if (power_is_there(c))
        power_answer(c, 0, NULL);
}

// clang-format off
const struct rpc_method power_methods[] = {
    { "mainstay.planShutdown",     "struct", "s|s", plan_shutdown,     0,
      "Plan `action` (as configured unless given) for `when`: 22:30, 2026-11-22 06:00, +30m." },
    { "mainstay.postponeShutdown", "struct", "s",   postpone_shutdown, 0,
      "Put off what is planned by a time such as 1h." },
    { "mainstay.cancelShutdown",   "struct", "",    cancel_shutdown,   RPC_ANYTIME,
      "Cancel what is planned, also while everything is being stopped for it." },
    { "mainstay.getShutdown",      "struct", "",    get_shutdown,      RPC_ANYTIME,
      "Return a struct about what is planned: planned, at, action, cause, begun, holder." },
};
// clang-format on
const size_t power_methods_count = sizeof power_methods / sizeof *power_methods;
