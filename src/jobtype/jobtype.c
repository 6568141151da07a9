/*-------------------------------------------------------------------------
 *
 * jobtype.c
 *	  The types of jobs that come with the extension.
 *
 * Copyright (c) 2026, cancel_job contributors
 *
 * IDENTIFICATION
 *	  src/jobtype/jobtype.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "jobtype/jobtype.h"
#include "jobtype/jobtype_api.h"
#include "jobtype/jobtype_auto_stats.h"
#include "jobtype/jobtype_sql.h"
#include "jobtype/jobtype_stats.h"

/*
 * Make the types of this room known.  Called once, at preload.
 */
void
cj_jobtype_init(void)
{
	cj_jobtype_sql_init();
	cj_stats_init();
	cj_auto_stats_init();
	cj_jobtype_api_init();
}
