/*-------------------------------------------------------------------------
 *
 * job_claim_store.h
 *	  What the coordinator does to many jobs at once.
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

/* A job that was claimed for a worker. */
typedef struct CjJobClaim
{
	int64		id;
	Oid			owner;
	uint64		generation;
	bool		fresh;			/* no worker has ever begun the job */
} CjJobClaim;

extern int	cj_job_claim(int limit, uint64 first_generation,
						 TimestampTz server_start, CjJobClaim **claims);
extern bool cj_job_claim_release(int64 id, uint64 generation, bool fresh,
								 int retry_delay);
extern bool cj_job_claim_lost(int64 id, uint64 generation, bool undo,
							  const char *error, int sqlerrcode);
extern bool cj_job_claim_free_stale(TimestampTz server_start,
									const uint64 *alive, int nalive);
extern bool cj_job_claim_settle_requests(void);
extern void cj_job_claim_fail_ownerless(bool login_needed);
extern bool cj_job_claim_is_due(void);
extern long cj_job_claim_next_due(void);

#endif							/* CJ_JOB_CLAIM_STORE_H */
