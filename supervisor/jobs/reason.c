#include "jobs/reason.h"

#include <stddef.h>
#include <string.h>

// clang-format off
static const struct {
    const char *name;
    const char *text;
    bool machine; /* more than the daemon ends */
    bool off;     /* ... and nothing follows by itself */
} reasons[STOP_REASONS] = {
    [STOP_NOT_KNOWN]   = {"",            "for a reason that is not known yet", false, false},
    [STOP_STOP]        = {"stop",        "the daemon is stopped",              false, false},
    [STOP_FAILURE]     = {"failure",     "an essential program is lost",       false, false},
    [STOP_RESTART]     = {"restart",     "the daemon is restarted",            false, false},
    [STOP_UPGRADE]     = {"upgrade",     "another mainstayd follows",          false, false},
    [STOP_EXIT]        = {"exit",        "the container ends",                 true,  true},
    [STOP_SOFT_REBOOT] = {"soft-reboot", "the machine begins anew",            true,  false},
    [STOP_KEXEC]       = {"kexec",       "the machine starts another kernel",  true,  false},
    [STOP_REBOOT]      = {"reboot",      "the machine reboots",                true,  false},
    [STOP_HALT]        = {"halt",        "the machine halts",                  true,  true},
    [STOP_POWEROFF]    = {"poweroff",    "the machine powers off",             true,  true},
};
// clang-format on

const char *stop_reason_name(enum stop_reason r)
{
    return reasons[r].name;
}

const char *stop_reason_text(enum stop_reason r)
{
    return reasons[r].text;
}

enum stop_reason stop_reason_find(const char *name)
{
    for (size_t i = STOP_STOP; i < STOP_REASONS; i++) {
        if (strcmp(reasons[i].name, name) == 0)
            return (enum stop_reason)i;
    }
    return STOP_NOT_KNOWN;
}

bool stop_reason_is_off(enum stop_reason r)
{
    return reasons[r].off;
}

bool stop_reason_is_machine(enum stop_reason r)
{
    return reasons[r].machine;
}
