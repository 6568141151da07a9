/*-------------------------------------------------------------------------
 *
 * schedule_option.c
 *	  The words that options of schedules have.
 *
 * Copyright (c) 2026, cancel_job contributors
 *
 * IDENTIFICATION
 *	  src/schedule/schedule_option.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "schedule/schedule_option.h"

static const char *const failures[] = {
	[CJ_FAILURE_RETRY] = "retry",
	[CJ_FAILURE_RESCHEDULE] = "reschedule",
	[CJ_FAILURE_PAUSE] = "pause"
};

static const char *const overlaps[] = {
	[CJ_OVERLAP_START] = "start",
	[CJ_OVERLAP_SKIP] = "skip",
	[CJ_OVERLAP_WAIT] = "wait"
};

/*
 * Which of the words it is, in upper or lower case; -1 for none.
 */
static int
find_word(const char *word, const char *const *words, int nwords)
{
	for (int i = 0; i < nwords; i++)
	{
		if (pg_strcasecmp(words[i], word) == 0)
			return i;
	}
	return -1;
}

/*
 * The value of on_execution_failure.  Raises 22023 if it is none; that the
 * option is called on_execution_error there is CockroachDB's.
 */
CjScheduleFailure
cj_schedule_failure_parse(const char *word)
{
	int			found = find_word(word, failures, lengthof(failures));

	if (found < 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("\"%s\" is not a valid on_execution_error; valid values are [retry|reschedule|pause]",
						word)));
	return (CjScheduleFailure) found;
}

/*
 * The reverse of cj_schedule_failure_parse().
 */
const char *
cj_schedule_failure_name(CjScheduleFailure failure)
{
	return failures[failure];
}

/*
 * The value of on_previous_running.  Raises 22023 if it is none.
 */
CjScheduleOverlap
cj_schedule_overlap_parse(const char *word)
{
	int			found = find_word(word, overlaps, lengthof(overlaps));

	if (found < 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("\"%s\" is not a valid on_previous_running; valid values are [start|skip|wait]",
						word)));
	return (CjScheduleOverlap) found;
}

/*
 * The reverse of cj_schedule_overlap_parse().
 */
const char *
cj_schedule_overlap_name(CjScheduleOverlap overlap)
{
	return overlaps[overlap];
}
