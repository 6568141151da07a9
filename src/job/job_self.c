/*-------------------------------------------------------------------------
 *
 * job_self.c
 *	  Requests that a running job makes for itself.
 *
 * Written like any other, such a request would be part of the transaction of the
 * job's work: its row lock would hold up everybody who wants to cancel the job,
 * for as long as the work goes on.  So it is not written by the job at all: the
 * work stops there, and the worker writes the request in its place.
 *
 * Copyright (c) 2026, cancel_job contributors
 *
 * IDENTIFICATION
 *	  src/job/job_self.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "portability/instr_time.h"

#include "job/job_error.h"
#include "job/job_self.h"
#include "job/job_type.h"
#include "privilege/privilege_job.h"

static const CjJob *self = NULL;	/* the job whose work is under way */
static CjJobState request = CJ_JOB_RUNNING; /* RUNNING: none */

/* The job whose work began last, 0 once its time was taken, and when. */
static int64 timed_job = 0;
static instr_time began;

/*
 * The work of this job begins in this process.
 */
void
cj_job_self_begin(const CjJob *job)
{
	self = job;
	request = CJ_JOB_RUNNING;
	timed_job = job->id;
	INSTR_TIME_SET_CURRENT(began);
}

/*
 * The work has ended; what it requested is still to be read.
 */
void
cj_job_self_end(void)
{
	self = NULL;
}

/*
 * The job whose work is under way in this process, 0 for none.
 */
int64
cj_job_self_id(void)
{
	return self != NULL ? self->id : 0;
}

/*
 * Raise an error unless it is this job's work that is under way here.
 */
void
cj_job_self_check(const CjJob *job)
{
	if (job == NULL || job != self)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("the work of this job is not under way in this process")));
}

/*
 * The request that the work has made, CJ_JOB_RUNNING for none.  It counts even
 * if the work has caught the error that was to stop it.
 */
CjJobState
cj_job_self_request(void)
{
	return request;
}

/*
 * The seconds since the work of this job, or its clean-up, began here; 0 if it
 * did not, or if they have been taken before.
 */
double
cj_job_self_take_seconds(int64 id)
{
	instr_time	elapsed;

	if (id != timed_job)
		return 0;
	timed_job = 0;
	INSTR_TIME_SET_CURRENT(elapsed);
	INSTR_TIME_SUBTRACT(elapsed, began);
	return INSTR_TIME_GET_DOUBLE(elapsed);
}

/*
 * Stop the work of the job under way, because of a verb that it has applied to
 * itself.  Returns if there is nothing to ask.
 */
static void
control_self(CjControlVerb verb, Oid roleid)
{
	cj_privilege_check_control(roleid, self->id, self->owner, false);
	switch (verb)
	{
		case CJ_CONTROL_CANCEL:
			if ((cj_job_type_find(self->type)->flags & CJ_TYPE_CANCELABLE) == 0)
				cj_job_error_not_cancelable(self->id);
			if (self->state != CJ_JOB_RUNNING)
				cj_job_error_wrong_state(verb, self->id, self->state);
			request = CJ_JOB_CANCEL_REQUESTED;
			break;
		case CJ_CONTROL_PAUSE:
			request = CJ_JOB_PAUSE_REQUESTED;
			break;
		case CJ_CONTROL_RESUME:
			return;
	}
	cj_job_error_stopped();
}

/*
 * Take the job under way out of the ids of a control statement; what remains
 * is in *others, and its number is returned.
 *
 * If the job is among them and the verb asks something of it, this does not
 * return: it raises query_canceled, or what the job may not be asked.
 */
int
cj_job_self_take_out(CjControlVerb verb, Oid roleid, const int64 *ids,
					 int nids, const int64 **others)
{
	int64	   *rest;
	int			nrest = 0;

	if (self == NULL)
	{
		*others = ids;
		return nids;
	}

	rest = palloc_extended((nids + 1) * sizeof(int64), MCXT_ALLOC_HUGE);
	for (int i = 0; i < nids; i++)
	{
		if (ids[i] == self->id)
			control_self(verb, roleid);
		else
			rest[nrest++] = ids[i];
	}
	*others = rest;
	return nrest;
}
