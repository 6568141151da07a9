/*-------------------------------------------------------------------------
 *
 * job_retry.c
 *	  Which errors are worth another attempt, and when it is made.
 *
 * Copyright (c) 2026, cancel_job contributors
 *
 * IDENTIFICATION
 *	  src/job/job_retry.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/base_guc.h"
#include "job/job_retry.h"

/*
 * Errors that come from what went on at that moment, and not from the job.
 * README.md has this table, too.
 */
static const int transient_classes[] = {
	ERRCODE_CONNECTION_EXCEPTION,	/* 08 */
	ERRCODE_TRANSACTION_ROLLBACK,	/* 40 */
	ERRCODE_INSUFFICIENT_RESOURCES	/* 53 */
};

static const int transient_errors[] = {
	ERRCODE_OBJECT_IN_USE,		/* 55006 */
	ERRCODE_LOCK_NOT_AVAILABLE, /* 55P03 */
	ERRCODE_ADMIN_SHUTDOWN,		/* 57P01, of another server */
	ERRCODE_CRASH_SHUTDOWN,		/* 57P02, likewise */
	ERRCODE_CANNOT_CONNECT_NOW	/* 57P03, likewise */
};

/* Of these classes, those that come from the job. */
static const int lasting_errors[] = {
	ERRCODE_T_R_INTEGRITY_CONSTRAINT_VIOLATION, /* 40002 */
	ERRCODE_CONFIGURATION_LIMIT_EXCEEDED	/* 53400 */
};

/*
 * Is a code in a list?
 */
static bool
is_in(int code, const int *codes, int ncodes)
{
	for (int i = 0; i < ncodes; i++)
	{
		if (codes[i] == code)
			return true;
	}
	return false;
}

/*
 * May an attempt succeed after one that ended with this error?
 */
bool
cj_job_retry_is_worthwhile(int sqlerrcode)
{
	if (is_in(sqlerrcode, lasting_errors, lengthof(lasting_errors)))
		return false;
	return is_in(sqlerrcode, transient_errors, lengthof(transient_errors)) ||
		is_in(ERRCODE_TO_CATEGORY(sqlerrcode), transient_classes,
			  lengthof(transient_classes));
}

/*
 * Milliseconds to wait before the next attempt, when so many have failed
 * before this one: doubled each time.
 */
int64
cj_job_retry_delay(int nfailed)
{
	int64		delay = cj_guc_retry_initial_delay;

	for (int i = 0; i < nfailed && delay < cj_guc_retry_max_delay; i++)
		delay *= 2;
	return Min(delay, cj_guc_retry_max_delay);
}
