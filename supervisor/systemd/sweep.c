#include "systemd/sweep.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-bus.h>
#include <systemd/sd-login.h>
#include <time.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/mem.h"
#include "engine/cgroup_dir.h"
#include "engine/cgroup_path.h"

#define SYSTEMD "org.freedesktop.systemd1"
#define CONTROL "/.control" /* where systemd runs us, beside the cgroups of the programs */

enum {
    SWEEP_FILE = 1 << 20,            /* bytes of /proc/self/mountinfo */
    SWEEP_ANSWER = 10 * 1000 * 1000, /* us that systemd may take to answer */
    SWEEP_WAIT = 5000,               /* ms for what was killed to be gone */
    SWEEP_LOOK = 10,                 /* ms between two looks */
};

/* --- Is it a stop? ------------------------------------------------------------------------- */

/* The job that is under way for the unit: "stop", "restart"; "" when there is none. */
static int sweep_job_type(sd_bus *bus, const char *unit, char **type)
{
    sd_bus_message *answer = NULL;
    char *path = NULL;
    const char *job;
    uint32_t id;
    int rc = sd_bus_path_encode("/org/freedesktop/systemd1/unit", unit, &path);
    if (rc >= 0)
        rc = sd_bus_get_property(bus, SYSTEMD, path, SYSTEMD ".Unit", "Job", NULL, &answer, "(uo)");
    if (rc >= 0)
        rc = sd_bus_message_read(answer, "(uo)", &id, &job);
    if (rc >= 0 && id == 0)
        *type = strdup("");
    else if (rc >= 0)
        rc = sd_bus_get_property_string(bus, SYSTEMD, job, SYSTEMD ".Job", "JobType", NULL, type);
    sd_bus_message_unref(answer);
    free(path);
    return rc;
}

/* Somebody wants the unit to be down, if only for a moment. */
static bool sweep_is_stop(const char *unit)
{
    sd_bus *bus = NULL;
    char *type = NULL;
    int rc = sd_bus_open_system(&bus);
    if (rc >= 0)
        rc = sd_bus_set_method_call_timeout(bus, SWEEP_ANSWER);
    if (rc >= 0)
        rc = sweep_job_type(bus, unit, &type);
    if (rc < 0)
        (void)fprintf(stderr,
                      "nothing is swept: systemd does not say whether %s is being "
                      "stopped: %s\n",
                      unit, strerror(-rc));
    bool is = type && (strcmp(type, "stop") == 0 || strcmp(type, "restart") == 0);
    free(type);
    sd_bus_flush_close_unref(bus);
    return is;
}

/* --- Sweeping ------------------------------------------------------------------------------ */

static void sweep_pause(void)
{
    const struct timespec pause = {.tv_nsec = SWEEP_LOOK * 1000L * 1000L};
    (void)nanosleep(&pause, NULL);
}

/* Ends what lives in the folder. Whether something did. */
static bool sweep_folder(int parent, const char *name)
{
    int dir = cgroup_dir_open(parent, name);
    if (dir < 0)
        return false;
    bool lived = cgroup_dir_populated(dir);
    if (lived)
        cgroup_dir_kill(dir);
    for (int waited = 0; cgroup_dir_populated(dir) && waited < SWEEP_WAIT; waited += SWEEP_LOOK)
        sweep_pause();
    fd_close(&dir);
    (void)cgroup_dir_remove(parent, name);
    return lived;
}

static void sweep_pid(void *ctx, pid_t pid)
{
    (void)ctx;
    if (pid != getpid())
        (void)kill(pid, SIGKILL);
}

/* The folder of the unit: all below it but ourselves, and what lives in it itself. */
static bool sweep_unit(const char *path)
{
    bool lived = false;
    int dir = cgroup_dir_open(AT_FDCWD, path);
    DIR *entries = dir < 0 ? NULL : fdopendir(dir);
    if (!entries)
        return false;
    for (struct dirent *entry; (entry = readdir(entries)) != NULL;) {
        const char *name = entry->d_name;
        if (entry->d_type == DT_DIR && name[0] != '.')
            lived |= sweep_folder(dir, name);
    }
    lived |= cgroup_dir_pids(dir, "cgroup.procs", sweep_pid, NULL) > 0;
    (void)closedir(entries);
    return lived;
}

static bool sweep_scope(const char *path, const char *unit)
{
    char *scope = cgroup_path_scope(unit);
    char *slice = mem_printf("%.*s", (int)(strrchr(path, '/') - path), path);
    int dir = cgroup_dir_open(AT_FDCWD, slice);
    bool lived = dir >= 0 && sweep_folder(dir, scope);
    if (dir >= 0)
        fd_close(&dir);
    mem_free(slice);
    mem_free(scope);
    return lived;
}

/* The cgroup of our unit; mem_free it. NULL: there is none, or somebody else has started us. */
static char *sweep_path(void)
{
    struct buf cgroup = BUF_EMPTY;
    struct buf mounts = BUF_EMPTY;
    struct err e;
    const char *why;
    char *path = NULL;
    if (fd_read_file("/proc/self/cgroup", SWEEP_FILE, &cgroup, &e) == 0 &&
        fd_read_file("/proc/self/mountinfo", SWEEP_FILE, &mounts, &e) == 0)
        path = cgroup_path_find(buf_str(&cgroup), buf_str(&mounts), &why);
    buf_close(&cgroup);
    buf_close(&mounts);
    const size_t len = path ? strlen(path) : 0;
    const size_t tail = strlen(CONTROL);
    if (len <= tail || strcmp(path + len - tail, CONTROL) != 0) {
        mem_free(path);
        return NULL;
    }
    path[len - tail] = '\0';
    return path;
}

/* --- Telling the next daemon --------------------------------------------------------------- */

/* systemd keeps its store for a unit that has failed: who is started the next time would find in
 * it what a stop has ended. mem_free; NULL: the unit has no such folder. */
static char *sweep_note(void)
{
    const char *folder = getenv("RUNTIME_DIRECTORY");
    return folder && *folder == '/' ? mem_printf("%.*s/swept", (int)strcspn(folder, ":"), folder)
                                    : NULL;
}

static void sweep_leave_note(void)
{
    char *path = sweep_note();
    int fd = path ? open(path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600) : -1;
    fd_close(&fd);
    mem_free(path);
}

bool sweep_was_made(void)
{
    char *path = sweep_note();
    bool was = path && unlink(path) == 0;
    mem_free(path);
    return was;
}

int sweep_main(void)
{
    char *unit = NULL;
    char *path = sweep_path();
    if (!path || sd_pid_get_unit(0, &unit) < 0) {
        (void)fputs("Error: --sweep is for ExecStopPost= of a unit with Delegate=yes\n", stderr);
        mem_free(path);
        return 2;
    }
    if (sweep_is_stop(unit)) {
        bool lived = sweep_unit(path);
        lived |= sweep_scope(path, unit);
        sweep_leave_note();
        if (lived)
            (void)puts("killed what the daemon has left behind");
    }
    free(unit);
    mem_free(path);
    return 0;
}
