#include "control/page.h"

#include <string.h>

#include "control/form.h"
#include "control/namespec.h"
#include "control/status.h"

/* --- Pieces ---------------------------------------------------------------------------------- */

static const char style[] =
    ":root{color-scheme:light dark;--line:#d5d9e0;--soft:#f5f6f8;--dim:#59616e;--good:#187a3c;"
    "--bad:#b3261e;--busy:#8a5a00;--idle:#59616e;--link:#0b57d0}"
    "@media(prefers-color-scheme:dark){:root{--line:#3a404b;--soft:#1f2329;--dim:#a4adba;"
    "--good:#5fd38d;--bad:#ff8a80;--busy:#f2b84b;--idle:#a4adba;--link:#8ab4f8}}"
    "body{font:15px/1.45 system-ui,sans-serif;max-width:72rem;margin:1.5rem auto;padding:0 1rem}"
    "h1{font-size:1.3rem;margin:0}h2{font-size:1.05rem;margin:2rem 0 .5rem}"
    "header,footer{display:flex;flex-wrap:wrap;gap:.5rem 1rem;align-items:center}"
    "header p{margin:0 auto 0 0;color:var(--dim)}footer{margin-top:2rem;color:var(--dim)}"
    "a{color:var(--link)}form{display:inline}"
    "button,.button{font:inherit;padding:.15rem .6rem;border:1px solid var(--line);"
    "border-radius:.35rem;background:var(--soft);color:inherit;cursor:pointer;"
    "text-decoration:none}"
    "button:hover,.button:hover{border-color:currentColor}"
    ":focus-visible{outline:2px solid var(--link);outline-offset:1px}"
    ".message{border:1px solid var(--line);border-left:.3rem solid var(--link);"
    "border-radius:.35rem;padding:.5rem .8rem;margin:1rem 0}"
    ".wide{overflow-x:auto;margin-top:1rem}"
    "table{border-collapse:collapse;width:100%}caption{text-align:left;color:var(--dim)}"
    "th,td{text-align:left;padding:.35rem .6rem;border-bottom:1px solid var(--line)}"
    "thead th{color:var(--dim);font-weight:600}tbody th{font-weight:600}"
    "tbody tr:hover{background:var(--soft)}td.do{white-space:nowrap}"
    ".state{font-weight:600;white-space:nowrap}.state::before{content:'\\25CF\\00A0'}"
    ".good{color:var(--good)}.bad{color:var(--bad)}.busy{color:var(--busy)}"
    ".idle{color:var(--idle)}"
    "pre{background:var(--soft);border:1px solid var(--line);border-radius:.35rem;padding:.8rem;"
    "overflow-x:auto;white-space:pre-wrap;overflow-wrap:anywhere}";

static void page_begin(struct buf *out, const char *title)
{
    buf_text(out, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
                  "<meta name=\"viewport\" content=\"width=device-width\">\n<title>");
    html_text(out, title);
    buf_printf(out, "</title>\n<style>%s</style>\n</head>\n<body>\n", style);
}

static void page_end(struct buf *out)
{
    buf_text(out, "<footer>mainstay " MAINSTAY_VERSION "</footer>\n</body>\n</html>\n");
}

/* A button that does something to a process, or to all when it is NULL. */
static void button(struct buf *out, const char *process, const char *action, const char *words)
{
    buf_text(out, "<form method=\"post\" action=\"./\">");
    if (process) {
        buf_text(out, "<input type=\"hidden\" name=\"processname\" value=\"");
        html_text(out, process);
        buf_text(out, "\">");
    }
    buf_printf(out, "<button name=\"action\" value=\"%s\"", action);
    if (process) {
        buf_printf(out, " aria-label=\"%s ", words);
        html_text(out, process);
        buf_text(out, "\"");
    }
    buf_printf(out, ">%s</button></form>\n", words);
}

static const char *text_of(const json_t *info, const char *name)
{
    const char *text = json_string_value(json_object_get(info, name));
    return text ? text : "";
}

static void state_cell(struct buf *out, const char *class, const json_t *info)
{
    buf_printf(out, "<td><span class=\"state %s\">%s</span></td>", class,
               text_of(info, "statename"));
    buf_text(out, "<td>");
    html_text(out, text_of(info, "description"));
    buf_text(out, "</td>");
}

/* --- Processes ------------------------------------------------------------------------------- */

static const char *state_class(enum proc_state state)
{
    switch (state) {
    case PROC_RUNNING:
        return "good";
    case PROC_FATAL:
    case PROC_BACKOFF:
    case PROC_UNKNOWN:
        return "bad";
    case PROC_STARTING:
    case PROC_STOPPING:
        return "busy";
    case PROC_STOPPED:
    case PROC_EXITED:
        return "idle";
    }
    return "idle";
}

static void log_link(struct buf *out, const char *process, const char *stream)
{
    buf_text(out, " <a href=\"tail.html?processname=");
    url_text(out, process);
    buf_printf(out, "&amp;stream=%s\">%s</a> <a href=\"logtail/", stream, stream);
    url_text(out, process);
    buf_printf(out, "/%s\" aria-label=\"follow %s\">(follow)</a>", stream, stream);
}

static void process_row(struct buf *out, const json_t *info)
{
    struct buf spec = BUF_EMPTY;
    enum proc_state state = (enum proc_state)json_integer_value(json_object_get(info, "state"));
    namespec_join(text_of(info, "group"), text_of(info, "name"), &spec);
    const char *name = buf_str(&spec);
    buf_text(out, "<tr><th scope=\"row\">");
    html_text(out, name);
    buf_text(out, "</th>");
    state_cell(out, state_class(state), info);
    buf_text(out, "<td class=\"do\">");
    if (state == PROC_RUNNING) {
        button(out, name, "restart", "Restart");
        button(out, name, "stop", "Stop");
    } else if (proc_state_is_stopped(state)) {
        button(out, name, "start", "Start");
    }
    if (*text_of(info, "stdout_logfile") || *text_of(info, "stderr_logfile"))
        button(out, name, "clearlog", "Clear log");
    buf_text(out, "</td><td class=\"do\">");
    if (*text_of(info, "stdout_logfile"))
        log_link(out, name, "stdout");
    if (*text_of(info, "stderr_logfile"))
        log_link(out, name, "stderr");
    buf_text(out, "</td></tr>\n");
    buf_close(&spec);
}

static void process_rows(struct buf *out, const json_t *infos)
{
    if (json_array_size(infos) == 0) {
        buf_text(out, "<p>No programs to manage</p>\n");
        return;
    }
    buf_text(out, "<div class=\"wide\"><table>\n<thead><tr><th scope=\"col\">Name</th>"
                  "<th scope=\"col\">State</th><th scope=\"col\">Description</th>"
                  "<th scope=\"col\">Action</th><th scope=\"col\">Log</th></tr></thead>\n"
                  "<tbody>\n");
    for (size_t i = 0; i < json_array_size(infos); i++)
        process_row(out, json_array_get(infos, i));
    buf_text(out, "</tbody></table></div>\n");
}

/* --- Jobs ------------------------------------------------------------------------------------ */

static const char *job_class(enum job_state state, bool missed)
{
    if (job_state_active(state))
        return "busy";
    if (state == JOB_FAILED || missed)
        return "bad";
    return state == JOB_SUCCEEDED ? "good" : "idle";
}

static void job_rows(struct buf *out, const json_t *infos)
{
    if (json_array_size(infos) == 0)
        return;
    buf_text(out, "<h2>Jobs</h2>\n<div class=\"wide\"><table>\n<thead><tr><th scope=\"col\">Name"
                  "</th><th scope=\"col\">State</th><th scope=\"col\">Description</th></tr></thead>"
                  "\n<tbody>\n");
    for (size_t i = 0; i < json_array_size(infos); i++) {
        const json_t *info = json_array_get(infos, i);
        json_int_t state = json_integer_value(json_object_get(info, "state"));
        buf_text(out, "<tr><th scope=\"row\">");
        html_text(out, text_of(info, "name"));
        buf_text(out, "</th>");
        bool missed = json_is_true(json_object_get(info, "missed"));
        state_cell(out, job_class((enum job_state)state, missed), info);
        buf_text(out, "</tr>\n");
    }
    buf_text(out, "</tbody></table></div>\n");
}

/* --- Pages ----------------------------------------------------------------------------------- */

static void page_message(struct buf *out, const struct page_text *t)
{
    if (!t->message && !t->action)
        return;
    buf_text(out, "<div class=\"message\" role=\"status\">");
    if (t->message)
        html_text(out, t->message);
    if (t->action) {
        buf_text(out, "Do this? ");
        html_text(out, t->process ? t->process : "");
        buf_text(out, " ");
        button(out, t->process, t->action, t->action);
    }
    buf_text(out, "</div>\n");
}

void page_status(struct buf *out, const struct control *c, const struct page_text *t)
{
    json_t *processes = status_all_processes(c->supervisor);
    json_t *jobs = status_all_jobs(c->jobs);
    size_t running = 0;
    for (size_t i = 0; i < json_array_size(processes); i++)
        running += strcmp(text_of(json_array_get(processes, i), "statename"), "RUNNING") == 0;
    page_begin(out, c->identifier);
    buf_text(out, "<header><h1>");
    html_text(out, c->identifier);
    buf_printf(out, "</h1>\n<p>%zu of %zu programs run%s</p>\n", running,
               json_array_size(processes),
               c->supervisor->state == SUPERVISOR_RUNNING ? "" : "; shutting down");
    buf_text(out, "<a class=\"button\" href=\"./\">Refresh</a>\n");
    button(out, NULL, "restartall", "Restart all");
    button(out, NULL, "stopall", "Stop all");
    buf_text(out, "</header>\n<main>\n");
    page_message(out, t);
    process_rows(out, processes);
    job_rows(out, jobs);
    buf_text(out, "</main>\n");
    page_end(out);
    json_decref(processes);
    json_decref(jobs);
}

void page_tail(struct buf *out, const char *process, const char *stream, unsigned limit,
               const char *text)
{
    struct buf title = BUF_EMPTY;
    buf_printf(&title, "%s of %s", stream, process ? process : "?");
    page_begin(out, buf_str(&title));
    buf_text(out, "<header><h1>");
    html_text(out, buf_str(&title));
    buf_text(out, "</h1>\n");
    buf_close(&title);
    if (process) {
        buf_text(out, "<a class=\"button\" href=\"tail.html?processname=");
        url_text(out, process);
        buf_printf(out, "&amp;stream=%s&amp;limit=%u\">Refresh</a>\n", stream, limit);
    }
    buf_text(out, "<a class=\"button\" href=\"./\">All programs</a></header>\n<main><pre>");
    html_text(out, text);
    buf_text(out, "</pre></main>\n");
    page_end(out);
}
