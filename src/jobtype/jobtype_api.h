/*-------------------------------------------------------------------------
 *
 * jobtype_api.h
 *	  The types of jobs that come with other extensions.
 *
 * Copyright (c) 2026, cancel_job contributors
 *
 * IDENTIFICATION
 *	  src/jobtype/jobtype_api.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef CJ_JOBTYPE_API_H
#define CJ_JOBTYPE_API_H

extern void cj_jobtype_api_init(void);

#endif							/* CJ_JOBTYPE_API_H */
