/*-------------------------------------------------------------------------
 *
 * job_autovacuum.h
 *	  Autovacuum's ANALYZE, as a job.
 *
 * Copyright (c) 2026, cancel_job contributors
 *
 * IDENTIFICATION
 *	  src/job/job_autovacuum.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef CJ_JOB_AUTOVACUUM_H
#define CJ_JOB_AUTOVACUUM_H

#include "catalog/pg_authid.h"
#include "nodes/pg_list.h"
#include "utils/timestamp.h"

#include "job/job_control.h"

/* Who owns these jobs: the role that initdb has made. */
#define CJ_AUTOVACUUM_OWNER BOOTSTRAP_SUPERUSERID

typedef struct CjAutovacuumJob
{
	int64		id;
	int			pid;
	char	   *table;			/* its database, schema and name */
	char	   *phase;
	TimestampTz started;
	double		fraction;
} CjAutovacuumJob;

extern int	cj_autovacuum_jobs(CjAutovacuumJob **jobs);
extern int	cj_autovacuum_take_out(CjControlVerb verb, Oid roleid,
								   const int64 *ids, int nids,
								   const int64 **others, List **workers);
extern void cj_autovacuum_cancel(const List *workers);

#endif							/* CJ_JOB_AUTOVACUUM_H */
