/*-------------------------------------------------------------------------
 *
 * base_reload.c
 *	  Making the whole server take a changed configuration over.
 *
 * Copyright (c) 2026, cancel_job contributors
 *
 * IDENTIFICATION
 *	  src/base/base_reload.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <signal.h>

#include "miscadmin.h"
#include "postmaster/interrupt.h"
#include "utils/timestamp.h"

#include "base/base_reload.h"
#include "base/base_wait.h"

/* How long the postmaster may take, in milliseconds. */
#define RELOAD_LIMIT 10000

/*
 * Have the postmaster read the configuration and signal its children, of which
 * we are one; wait until it has signalled us.  Returns false if that does not
 * happen before "limit".
 */
static bool
reload_postmaster(TimestampTz limit)
{
	ConfigReloadPending = false;
	if (kill(PostmasterPid, SIGHUP) != 0)
		return false;
	while (!ConfigReloadPending)
	{
		long		left = TimestampDifferenceMilliseconds(GetCurrentTimestamp(),
														   limit);

		if (left == 0)
			return false;
		cj_wait(CJ_WAIT_RELOAD, left);
	}
	return true;
}

/*
 * Make every process of the server take the changed configuration over.
 *
 * When this returns all have been told.  A session, this one too, looks before
 * its next command.
 *
 * The postmaster reads the files, then signals one child after the other.  It
 * may have been at that for somebody else, who came before the change, when it
 * signals us first.  The second time it has read the change.  The third time it
 * has told all the others.
 *
 * Raises what cj_wait() raises; a warning if the postmaster does not answer.
 */
void
cj_reload_everywhere(void)
{
	TimestampTz limit = TimestampTzPlusMilliseconds(GetCurrentTimestamp(),
													RELOAD_LIMIT);
	bool		done = true;

	for (int i = 0; i < 3 && IsUnderPostmaster && done; i++)
		done = reload_postmaster(limit);
	if (!done)
		ereport(WARNING,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("other processes may not have reloaded the configuration yet")));
	ConfigReloadPending = true;
}
