/*-------------------------------------------------------------------------
 *
 * base_commit.c
 *	  A commit in the middle of a command.
 *
 * Copyright (c) 2026, cancel_job contributors
 *
 * IDENTIFICATION
 *	  src/base/base_commit.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "executor/spi.h"
#include "nodes/parsenodes.h"

#include "base/base_commit.h"

/*
 * Can the procedure that was called so commit?
 */
bool
cj_commit_is_possible(FunctionCallInfo fcinfo)
{
	return fcinfo->context != NULL && IsA(fcinfo->context, CallContext) &&
		!castNode(CallContext, fcinfo->context)->atomic;
}

/*
 * Commit the transaction of a command that goes on in another one, which holds
 * no lock and keeps no snapshot.  "nonatomic" says whether the command runs
 * where that is possible, see cj_commit_is_possible().
 *
 * Raises 2D000 where it is not, and what a commit raises.
 */
void
cj_commit_midway(bool nonatomic)
{
	if (SPI_connect_ext(nonatomic ? SPI_OPT_NONATOMIC : 0) != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
	SPI_commit();
	if (SPI_finish() != SPI_OK_FINISH)
		elog(ERROR, "SPI_finish failed");

	/* Whatever the default is: it is to keep no snapshot. */
	XactIsoLevel = XACT_READ_COMMITTED;
}

/*
 * As cj_commit_midway(), for a command that waits and could commit when it began.
 */
void
cj_commit_release(void)
{
	cj_commit_midway(true);
}
