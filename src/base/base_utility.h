/*-------------------------------------------------------------------------
 *
 * base_utility.h
 *	  Running a utility command from a hook.
 *
 * Copyright (c) 2026, cancel_job contributors
 *
 * IDENTIFICATION
 *	  src/base/base_utility.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef CJ_BASE_UTILITY_H
#define CJ_BASE_UTILITY_H

#include "tcop/utility.h"

extern void cj_utility_run(ProcessUtility_hook_type prev, PlannedStmt *pstmt,
						   const char *query, bool readonly,
						   ProcessUtilityContext context, ParamListInfo params,
						   QueryEnvironment *environment, DestReceiver *dest,
						   QueryCompletion *qc);

#endif							/* CJ_BASE_UTILITY_H */
