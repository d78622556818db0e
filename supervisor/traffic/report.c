#include "traffic/report.h"

#include <string.h>

#include "traffic/forms.h"

/* One row for each form. */
struct form_row {
    const char *name;
    void (*write)(const struct report *r, struct buf *out);
};

static const struct form_row FORMS[] = {
    [REPORT_JSON] = {"json", form_json},
    [REPORT_VIEWBOVIS] = {"viewbovis", form_viewbovis},
    [REPORT_TEXT] = {"text", form_text},
    [REPORT_HTML] = {"html", form_html},
};

bool report_form(const char *name, enum report_form *form)
{
    for (size_t i = 0; i < sizeof FORMS / sizeof *FORMS; i++) {
        if (strcmp(FORMS[i].name, name) != 0)
            continue;
        *form = (enum report_form)i;
        return true;
    }
    return false;
}

void report_write(const struct report *r, enum report_form form, struct buf *out)
{
    FORMS[form].write(r, out);
}

uint64_t report_malformed_lines(const struct report *r)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < r->malformed_count; i++)
        sum += r->malformed[i].lines;
    return sum;
}

size_t report_top(const struct report *r)
{
    size_t top = r->top > 0 ? r->top : REPORT_TOP;
    return top < REPORT_TOP_MAX ? top : REPORT_TOP_MAX;
}
