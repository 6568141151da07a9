/*-------------------------------------------------------------------------
 *
 * count_job_newer.c
 *	  The job type of count_job.c, built with the header of a later version.
 *
 * Copyright (c) 2026, cancel_job contributors
 *
 * IDENTIFICATION
 *	  test/module/count_job_newer.c
 *
 *-------------------------------------------------------------------------
 */
#include "count_job.c"
