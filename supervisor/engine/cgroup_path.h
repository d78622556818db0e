/*
 * Where cgroup v2 has us, from the texts of /proc, and names for sub-groups. Pure: nothing here
 * opens a file.
 */
#ifndef ENGINE_CGROUP_PATH_H
#define ENGINE_CGROUP_PATH_H

#include <stdbool.h>
#include <stddef.h>

enum { CGROUP_NAME_MAX = 200 }; /* bytes of a sub-group's name; the kernel takes 255 */

/*
 * The folder of cgroup v2 in which we are, from the contents of /proc/self/cgroup and
 * /proc/self/mountinfo; mem_free it. NULL, and in *why the reason: there is none, or it cannot be
 * seen from here (other versions of cgroups alone, nothing mounted, a mount of something below).
 */
char *cgroup_path_find(const char *cgroup, const char *mountinfo, const char **why);

/* "program-team:web", "job-certbot": of a process or a job by its label. */
void cgroup_path_name(bool of_job, const char *label, char name[CGROUP_NAME_MAX + 1]);
bool cgroup_path_is_ours(const char *name); /* is it of the kind that cgroup_path_name makes? */

/*
 * The scope that belongs to a unit: "mainstay-programs.scope" to mainstay.service,
 * "mainstay-programs-x.scope" to mainstay@x.service. mem_free it.
 */
char *cgroup_path_scope(const char *unit);

#endif
