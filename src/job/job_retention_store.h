/*-------------------------------------------------------------------------
 *
 * job_retention_store.h
 *	  Deleting jobs that finished long ago.
 *
 * Copyright (c) 2026, cancel_job contributors
 *
 * IDENTIFICATION
 *	  src/job/job_retention_store.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef CJ_JOB_RETENTION_STORE_H
#define CJ_JOB_RETENTION_STORE_H

#include "utils/timestamp.h"

/* How far a pass over the finished jobs has come. */
typedef struct CjRetentionPass
{
	TimestampTz horizon;		/* jobs that finished before are deleted */
	TimestampTz recorded;		/* all those before are dealt with, */
	int64		job_id;			/* and of that time those up to this one */
	TimestampTz oldest;			/* when the oldest job finished; DT_NOEND:
								 * none */
} CjRetentionPass;

extern bool cj_job_retention_begin(CjRetentionPass *pass);
extern bool cj_job_retention_delete(CjRetentionPass *pass);

#endif							/* CJ_JOB_RETENTION_STORE_H */
