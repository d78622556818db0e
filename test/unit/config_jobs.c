/* Protects how jobs and syncs are read: defaults, command lines, what is refused. */
#include "config_helper.h"

#define HEAD "[supervisord]\n"

static void jobs_have_defaults_of_their_own(void **state)
{
    (void)state;
    struct loaded l;
    load_text(&l, HEAD "[job:a]\ncommand=ls\n[sync:b]\nsource=s3://data/p\ntarget=/srv/x\n");
    const struct job_config *a = config_find_job(l.config, "a");
    const struct job_config *b = config_find_job(l.config, "b");
    assert_int_equal(a->when, JOB_WHEN_MANUAL);
    assert_int_equal(a->retries, 0);
    assert_int_equal(a->timeout_ms, 0);
    assert_int_equal(a->on_failure, JOB_ON_FAILURE_BLOCK);
    assert_int_equal(a->process.startsecs, 0);
    assert_true(a->process.redirect_stderr);
    assert_int_equal(a->process.err.kind, LOG_KIND_NONE);
    assert_int_equal(a->process.out.kind, LOG_KIND_AUTO);
    assert_string_equal(a->process.name, "a");
    assert_null(a->target);
    assert_int_equal(b->when, JOB_WHEN_BOOT);
    assert_int_equal(b->retries, 3);
    assert_string_equal(b->process.section, "sync:b");
    assert_string_equal(b->process.command,
                        "mainstay-sync s3://data/p /srv/x --publish atomic --concurrency 64");
    assert_string_equal(b->target, "/srv/x");
    assert_null(config_find_job(l.config, "c"));
    load_close(&l);
}

static void syncs_become_commands(void **state)
{
    (void)state;
    struct loaded l;
    load_text(&l,
              HEAD "[sync:d]\nsource=s3://data/p\ntarget=/srv/x\ninclude=*.json\nexclude=old/*\n"
                   "[sync:e]\nsource=s3://data/p\ntarget=/srv/x\nsize_only=yes\nbad_keys=fail\n"
                   "bwlimit=10M\nfilter=\n  - /old files/**\n  + *.{json,csv}\n\n  - **\n"
                   "schedule=@reboot\n  0 3 * * *\n"
                   "[program:w]\ncommand=cat\n"
                   "[sync:f]\nsource=s3://data/p\ntarget=/srv/x\nchecksum=yes\nbad_keys=ignore\n"
                   "when=manual\nnotify=restart:w, signal:HUP:program:w\n");
    assert_string_equal(config_find_job(l.config, "d")->process.command,
                        "mainstay-sync s3://data/p /srv/x --publish atomic --exclude '*' "
                        "--include '*.json' --exclude 'old/*' --concurrency 64");
    const struct job_config *e = config_find_job(l.config, "e");
    assert_string_equal(
        e->process.command,
        "mainstay-sync s3://data/p /srv/x --publish atomic --filter '- /old files/**' "
        "--filter '+ *.{json,csv}' --filter '- **' --size-only --bad-keys fail "
        "--bwlimit 10485760 --concurrency 64");
    assert_int_equal(e->schedule.count, 1);
    assert_int_equal(e->when, JOB_WHEN_BOOT);
    const struct job_config *f = config_find_job(l.config, "f");
    assert_string_equal(f->process.command,
                        "mainstay-sync s3://data/p /srv/x --publish atomic --checksum --bad-keys "
                        "ignore --concurrency 64");
    assert_int_equal(f->notify.count, 2);
    assert_int_equal(f->schedule.count, 0);
    load_close(&l);
}

static void schedules_have_zones(void **state)
{
    (void)state;
    struct loaded l;
    load_text(&l, HEAD "[job:a]\ncommand=ls\nschedule=0 3 * * *\ntimezone=Europe/Berlin\n"
                       "jitter=1.5h\ncatch_up=yes\n[job:b]\ncommand=ls\njitter=5m\n"
                       "timezone=UTC\n[job:c]\ncommand=ls\n");
    const struct job_config *a = config_find_job(l.config, "a");
    const struct job_config *c = config_find_job(l.config, "c");
    assert_string_equal(a->timezone, "Europe/Berlin");
    assert_int_equal(a->jitter_ms, 5400000);
    assert_true(a->catch_up);
    assert_string_equal(c->timezone, "");
    assert_int_equal(c->jitter_ms, 0);
    assert_false(c->catch_up);
    assert_non_null(
        strstr(buf_str(&l.text), ":10: jitter: warning: there is no schedule whose runs could be"));
    load_close(&l);
}

static void refused(const char *lines, const char *wanted)
{
    struct loaded l;
    char *text = mem_printf(HEAD "[sync:x]\nsource=s3://data/p\ntarget=/srv/x\n%s\n", lines);
    load_text(&l, text);
    if (l.rc == 0)
        fail_msg("accepted: %s", lines);
    if (!strstr(l.e.text, wanted))
        assert_string_equal(l.e.text, wanted);
    mem_free(text);
    load_close(&l);
}

static void what_syncs_refuse(void **state)
{
    (void)state;
    refused("filter=*.json", ":5: filter: '*.json' is no rule: write + PATTERN or - PATTERN");
    refused("filter=\n  - a\n  +b", ":5: filter: '+b' is no rule");
    refused("filter=- a\ninclude=b", ":5: filter: there are include or exclude, too");
    refused("size_only=1\nchecksum=1", ":6: checksum: size_only and checksum contradict");
    refused("bwlimit=100", ":5: bwlimit: less than 1024 bytes a second is too little");
    refused("bwlimit=fast", ":5: bwlimit: ");
    refused("bad_keys=skip", ":5: bad_keys: ");
    refused("schedule=* * *", ":5: schedule: '* * *': it has fewer than five fields");
    refused("schedule=0 0 30 2 *",
            ":5: schedule: '0 0 30 2 *': it never comes: none of its months");
    refused("timezone=Moon/Base", ":5: timezone: there is no time zone 'Moon/Base' in ");
    refused("jitter=25h", ":5: jitter: '25h' is too long: at most 1d");
    refused("notify=x", ":5: notify: 'x' is not understood");
    refused("before=start", ":5: before: 'start' is not stop");
    refused("target=/", ":5: target: the target must not be the root folder");
    refused("source=s3://b/p", ":5: source: 'b' is no name of a bucket: those have 3 to 63 ");
    refused("[job:y]", ":5: job:y: job section job:y does not specify a command");
}

static void warned(const char *text, const char *wanted)
{
    struct loaded l;
    load_text(&l, text);
    assert_int_equal(l.rc, 0);
    if (!*wanted)
        assert_string_equal(buf_str(&l.text), "");
    else if (!strstr(buf_str(&l.text), wanted))
        assert_string_equal(buf_str(&l.text), wanted);
    load_close(&l);
}

#define JOB HEAD "[job:a]\ncommand=ls\n"

static void what_is_in_vain_is_told(void **state)
{
    (void)state;
    warned(JOB "timezone=UTC\n", ":4: timezone: warning: there is no schedule that it could");
    warned(JOB "catch_up=yes\n", ":4: catch_up: warning: there is nothing to make up for");
    warned(JOB "when=boot\nbefore=stop\n", ":5: before: warning: it does not run at a shutdown");
    warned(JOB "when=shutdown\nbefore=stop\ncatch_up=yes\n", "");
    warned(JOB "when=poweroff\nbefore=stop\ncatch_up=yes\n", "");
    warned(JOB "schedule=@daily\ntimezone=UTC\ncatch_up=yes\n", "");
}

#define SYNC(name, target, more)                                                                   \
    "[sync:" name "]\nsource=s3://data/" name "\ntarget=" target "\n" more

static void targets_that_get_lost_are_told(void **state)
{
    (void)state;
    static const char lost[] = "one of these folders is in the other, and what one sync puts there";
    warned(HEAD SYNC("a", "/srv/x", "") SYNC("b", "/srv/x/y", ""), lost);
    warned(HEAD SYNC("a", "/srv/x/y", "") SYNC("b", "/srv/x/", ""), lost);
    warned(HEAD SYNC("a", "/srv/x", "") SYNC("b", "/srv/x", "publish=inplace\n"), lost);
    warned(HEAD SYNC("a", "/srv/x", "publish=inplace\ndelete=1\n") SYNC("b", "/srv/x/y", ""), lost);
    warned(HEAD SYNC("a", "/srv/x", "publish=inplace\n") SYNC("b", "/srv/x/y", ""), "");
    warned(HEAD SYNC("a", "/srv/x", "publish=inplace\ndelete=1\nexclude=y/*\n")
               SYNC("b", "/srv/x/y", ""),
           "");
    warned(HEAD SYNC("a", "/srv/x", "") SYNC("b", "/srv/xy", ""), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(jobs_have_defaults_of_their_own),
        cmocka_unit_test(syncs_become_commands),
        cmocka_unit_test(schedules_have_zones),
        cmocka_unit_test(what_syncs_refuse),
        cmocka_unit_test(what_is_in_vain_is_told),
        cmocka_unit_test(targets_that_get_lost_are_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
