/*-------------------------------------------------------------------------
 *
 * jobtype_auto_stats.h
 *	  Jobs that collect table statistics by themselves.
 *
 * Copyright (c) 2026, cancel_job contributors
 *
 * IDENTIFICATION
 *	  src/jobtype/jobtype_auto_stats.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef CJ_JOBTYPE_AUTO_STATS_H
#define CJ_JOBTYPE_AUTO_STATS_H

/* The type of these jobs, and their description, of a table. */
#define CJ_AUTO_STATS_TYPE "AUTO CREATE STATS"
#define CJ_AUTO_STATS_DESCRIPTION "Table statistics refresh for %s"

extern void cj_auto_stats_init(void);

#endif							/* CJ_JOBTYPE_AUTO_STATS_H */
