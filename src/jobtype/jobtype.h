/*-------------------------------------------------------------------------
 *
 * jobtype.h
 *	  The types of jobs that come with the extension.
 *
 * Copyright (c) 2026, cancel_job contributors
 *
 * IDENTIFICATION
 *	  src/jobtype/jobtype.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef CJ_JOBTYPE_H
#define CJ_JOBTYPE_H

#include "job/job.h"

extern void cj_jobtype_init(void);
extern Jsonb *cj_jobtype_sql_arguments(const char *command, const char *on_cancel);
extern int64 cj_jobtype_submit_sql(const char *command,
								   const char *description,
								   const char *on_cancel,
								   const CjJobPlan *plan);

#endif							/* CJ_JOBTYPE_H */
