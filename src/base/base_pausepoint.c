/*-------------------------------------------------------------------------
 *
 * base_pausepoint.c
 *	  Points at which a test can hold a process.
 *
 * Copyright (c) 2026, cancel_job contributors
 *
 * IDENTIFICATION
 *	  src/base/base_pausepoint.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "pgstat.h"

#include "base/base_guc.h"
#include "base/base_pausepoint.h"
#include "base/base_wait.h"

/*
 * Is "name" in the comma-separated jobs.debug_pausepoints?
 */
static bool
is_listed(const char *name)
{
	size_t		len = strlen(name);
	const char *p = cj_guc_debug_pausepoints;

	while (p != NULL && *p != '\0')
	{
		p += strspn(p, ", ");
		if (strncmp(p, name, len) == 0 && strcspn(p, ", ") == len)
			return true;
		p += strcspn(p, ", ");
	}
	return false;
}

/*
 * Wait for as long as jobs.debug_pausepoints names this point.
 *
 * For processes of ours only: they take a changed configuration over while
 * they wait, and pg_stat_activity tells where they are.  Raises what CHECK_FOR_INTERRUPTS() raises.
 */
void
cj_pausepoint(const char *name)
{
	char		activity[NAMEDATALEN];

	if (!is_listed(name))
		return;

	snprintf(activity, sizeof(activity), "pausepoint %s", name);
	pgstat_report_activity(STATE_RUNNING, activity);
	for (;;)
	{
		/* The latch may have been used up by a wait before this one. */
		cj_wait_reload();
		if (!is_listed(name))
			break;
		cj_wait_latch(CJ_WAIT_PAUSEPOINT, -1);
	}
}
