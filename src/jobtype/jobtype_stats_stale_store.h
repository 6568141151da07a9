/*-------------------------------------------------------------------------
 *
 * jobtype_stats_stale_store.h
 *	  Which tables automatic statistics are due for.
 *
 * Copyright (c) 2026, cancel_job contributors
 *
 * IDENTIFICATION
 *	  src/jobtype/jobtype_stats_stale_store.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef CJ_JOBTYPE_STATS_STALE_STORE_H
#define CJ_JOBTYPE_STATS_STALE_STORE_H

#include "utils/timestamp.h"

#include "job/job_state.h"

/* A table whose statistics are due. */
typedef struct CjStaleTable
{
	Oid			relation;
	Oid			owner;			/* of its job; InvalidOid: none can be had */
	char	   *name;			/* of database, schema and table */
	double		rows;
	double		changed;		/* of these, since the statistics were
								 * collected */
	int64		changes;		/* of a tree: all that have ever changed; else
								 * -1 */
	bool		left;			/* autovacuum is about to analyze it */
	TimestampTz left_since;		/* 0: not before now */
	TimestampTz not_before;		/* after failures; 0: at once */
} CjStaleTable;

/* A look at some tables, and what was seen. */
typedef struct CjStaleLook
{
	Oid			first;			/* by oid */
	Oid			last;
	bool		complete;		/* there are none behind */
	double		needed;			/* so many rows must change until statistics
								 * of another table are due; negative: unknown */
	CjStaleTable *tables;		/* the most urgent first */
	int			ntables;
} CjStaleLook;

extern void cj_stats_stale_slice(CjStaleLook *look, Oid after, int limit);
extern void cj_stats_stale_look(CjStaleLook *look);
extern void cj_stats_stale_leave(const CjStaleLook *look);
extern void cj_stats_stale_analyzed(Oid relation, int64 changes);
extern void cj_stats_stale_submitted(Oid relation, int64 job_id);
extern void cj_stats_stale_forget_dropped(void);
extern int64 cj_stats_stale_find_job(CjJobState *state);

#endif							/* CJ_JOBTYPE_STATS_STALE_STORE_H */
