/*-------------------------------------------------------------------------
 *
 * job_message.h
 *	  The notices and errors of a running job, kept for jobs.message.
 *
 * Copyright (c) 2026, cancel_job contributors
 *
 * IDENTIFICATION
 *	  src/job/job_message.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef CJ_JOB_MESSAGE_H
#define CJ_JOB_MESSAGE_H

/* Index condition of message_finished_idx. */
#define CJ_MESSAGE_IS_LAST_STATE \
	"kind = 'state' AND message IN ('succeeded', 'failed', 'canceled', 'revert-failed')"

extern void cj_job_message_add(int elevel, int sqlerrcode, const char *text);
extern void cj_job_message_flush(int64 job_id);
extern void cj_job_message_drop(void);

#endif							/* CJ_JOB_MESSAGE_H */
