/*-------------------------------------------------------------------------
 *
 * jobtype_stats.h
 *	  Jobs that collect table statistics on request.
 *
 * Copyright (c) 2026, cancel_job contributors
 *
 * IDENTIFICATION
 *	  src/jobtype/jobtype_stats.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef CJ_JOBTYPE_STATS_H
#define CJ_JOBTYPE_STATS_H

#include "jobtype/jobtype_stats_request.h"

extern int64 cj_stats_submit(const CjStatsRequest *request, const char *statement);
extern void cj_stats_submit_and_wait(const CjStatsRequest *request,
									 const char *statement, bool nonatomic);
extern void cj_stats_init(void);

#endif							/* CJ_JOBTYPE_STATS_H */
