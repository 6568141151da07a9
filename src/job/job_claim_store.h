/*-------------------------------------------------------------------------
 *
 * job_claim_store.h
 *	  Claims: taken for workers, given back, freed when a worker is gone.
 *
 * Copyright (c) 2026, cancel_job contributors
 *
 * IDENTIFICATION
 *	  src/job/job_claim_store.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef CJ_JOB_CLAIM_STORE_H
#define CJ_JOB_CLAIM_STORE_H

#include "utils/timestamp.h"

/* How many jobs an owner has running, or a type may have more. */
typedef struct CjJobShare
{
	Oid			owner;
	const char *type;
	int			jobs;
	int			ahead;			/* workers of the owner that are about to be
								 * done */
} CjJobShare;

/* What bounds a claim. */
typedef struct CjJobLimits
{
	int			total;			/* as many jobs, at most */
	int			ahead;			/* of these, for workers about to be done */
	int			per_owner;		/* as many running jobs of an owner, at most */
	Oid			last_owner;		/* whose turn was last */
	const CjJobShare *owners;	/* jobs that owners have running */
	int			nowners;
	const CjJobShare *types;	/* jobs that types may have more */
	int			ntypes;
} CjJobLimits;

/* A job that was claimed for a worker. */
typedef struct CjJobClaim
{
	int64		id;
	Oid			owner;
	const char *type;
	uint64		generation;
	bool		fresh;			/* no worker has ever begun the job */
} CjJobClaim;

extern int	cj_job_claim(const CjJobLimits *limits, uint64 first_generation,
						 TimestampTz server_start, CjJobClaim **claims);
extern bool cj_job_claim_release(int64 id, uint64 generation, bool fresh,
								 int retry_delay);
extern bool cj_job_claim_lost(int64 id, uint64 generation, bool undo,
							  bool possible, const char *error,
							  int sqlerrcode);
extern bool cj_job_claim_free_stale(TimestampTz server_start,
									const uint64 *alive, int nalive);

#endif							/* CJ_JOB_CLAIM_STORE_H */
