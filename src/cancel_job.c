/*-------------------------------------------------------------------------
 *
 * cancel_job.c
 *	  Entry of the library: only calls into the rooms.
 *
 * Copyright (c) 2026, cancel_job contributors
 *
 * IDENTIFICATION
 *	  src/cancel_job.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "fmgr.h"
#include "miscadmin.h"
#include "utils/guc.h"

#include "base/base_extension.h"
#include "base/base_guc.h"
#include "base/base_plan.h"
#include "job/job_owner.h"
#include "jobtype/jobtype.h"
#include "schedule/schedule.h"
#include "syntax/syntax.h"
#include "worker/worker.h"

PG_MODULE_MAGIC;

extern PGDLLEXPORT void _PG_init(void);

/*
 * Called when the library is loaded.
 *
 * A library that the postmaster has not loaded does nothing: each function
 * then says what to put into postgresql.conf.
 */
void
_PG_init(void)
{
	static const CjTurnPart schedules = {
		.run = cj_schedule_turn,
		.due = cj_schedule_due
	};

	if (!process_shared_preload_libraries_in_progress || IsBinaryUpgrade)
		return;

	cj_extension_set_preloaded();
	cj_guc_define();
	MarkGUCPrefixReserved("jobs");
	cj_plan_init();
	cj_job_owner_init();
	cj_jobtype_init();
	cj_worker_init();
	cj_schedule_init();
	cj_worker_add_turn_part(&schedules);
	cj_syntax_init();
}
