/*-------------------------------------------------------------------------
 *
 * jobtype_stats_analyze.h
 *	  ANALYZE, as jobs run it.
 *
 * Copyright (c) 2026, cancel_job contributors
 *
 * IDENTIFICATION
 *	  src/jobtype/jobtype_stats_analyze.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef CJ_JOBTYPE_STATS_ANALYZE_H
#define CJ_JOBTYPE_STATS_ANALYZE_H

#include "jobtype/jobtype_stats_request.h"

extern void cj_stats_analyze(const CjStatsRequest *request);
extern bool cj_stats_analyze_yielding(const CjStatsRequest *request);

#endif							/* CJ_JOBTYPE_STATS_ANALYZE_H */
