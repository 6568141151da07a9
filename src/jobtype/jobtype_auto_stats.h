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

extern void cj_auto_stats_init(void);

#endif							/* CJ_JOBTYPE_AUTO_STATS_H */
