/*-------------------------------------------------------------------------
 *
 * base_utility.c
 *	  Running a utility command from a hook.
 *
 * Copyright (c) 2026, cancel_job contributors
 *
 * IDENTIFICATION
 *	  src/base/base_utility.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/base_utility.h"

/*
 * Run a utility command as if the hook that calls this were not there; "prev" is
 * the hook that it has found.
 */
void
cj_utility_run(ProcessUtility_hook_type prev, PlannedStmt *pstmt,
			   const char *query, bool readonly,
			   ProcessUtilityContext context, ParamListInfo params,
			   QueryEnvironment *environment, DestReceiver *dest,
			   QueryCompletion *qc)
{
	if (prev)
		prev(pstmt, query, readonly, context, params, environment, dest, qc);
	else
		standard_ProcessUtility(pstmt, query, readonly, context, params,
								environment, dest, qc);
}
