/*-------------------------------------------------------------------------
 *
 * count_job_stale.c
 *	  The job type of count_job.c, built with the header of an earlier version.
 *
 * Copyright (c) 2026, cancel_job contributors
 *
 * IDENTIFICATION
 *	  test/module/count_job_stale.c
 *
 *-------------------------------------------------------------------------
 */
#include "count_job.c"
