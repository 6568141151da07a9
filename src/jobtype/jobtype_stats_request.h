/*-------------------------------------------------------------------------
 *
 * jobtype_stats_request.h
 *	  What a job that collects statistics is asked for.
 *
 * Copyright (c) 2026, cancel_job contributors
 *
 * IDENTIFICATION
 *	  src/jobtype/jobtype_stats_request.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef CJ_JOBTYPE_STATS_REQUEST_H
#define CJ_JOBTYPE_STATS_REQUEST_H

#include "nodes/pg_list.h"

#include "job/job.h"

typedef struct CjStatsRequest
{
	Oid			relation;
	List	   *columns;		/* names, as char pointers; NIL: all */
	double		idle;			/* part of the time in which the job sleeps */
	double		rows;			/* of an automatic job, for the history: the
								 * table's */
	double		changed;		/* and how many of them had changed */
	bool		automatic;
} CjStatsRequest;

extern void cj_stats_request_check(const CjStatsRequest *request);
extern char *cj_stats_request_create(const CjStatsRequest *request, const char *name);
extern char *cj_stats_request_analyze(const CjStatsRequest *request);
extern Jsonb *cj_stats_request_pack(const CjStatsRequest *request);
extern void cj_stats_request_unpack(const CjJob *job, CjStatsRequest *request);

#endif							/* CJ_JOBTYPE_STATS_REQUEST_H */
