/*-------------------------------------------------------------------------
 *
 * job_type.h
 *	  The registry of job types; job_api.h says what a type is.
 *
 * Copyright (c) 2026, cancel_job contributors
 *
 * IDENTIFICATION
 *	  src/job/job_type.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef CJ_JOB_TYPE_H
#define CJ_JOB_TYPE_H

#include "nodes/pg_list.h"

#include "job/job.h"

extern void cj_job_type_register(const CjJobType *type);
extern void cj_job_type_register_external(const CjJobTypeRegistration *registration);
extern const CjJobType *cj_job_type_find(const char *name);
extern const CjJobType *cj_job_type_require(const char *name);
extern const List *cj_job_type_list(void);
extern bool cj_job_type_needs_cleanup(const CjJob *job);
extern bool cj_job_type_may_need_cleanup(const CjJob *job);

#endif							/* CJ_JOB_TYPE_H */
