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

#include "base/base_commit.h"

/*
 * Commit the transaction of a command that goes on in another one, which holds
 * no lock and keeps no snapshot.  "nonatomic" says whether the command runs
 * where that is possible, as a procedure is told by its CallContext.
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
