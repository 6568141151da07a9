/*-------------------------------------------------------------------------
 *
 * worker_output.c
 *	  The messages that a job would send to its client.
 *
 * Copyright (c) 2026, cancel_job contributors
 *
 * IDENTIFICATION
 *	  src/worker/worker_output.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "libpq/libpq.h"
#include "libpq/pqformat.h"
#include "libpq/pqmq.h"
#include "mb/pg_wchar.h"
#include "tcop/dest.h"
#include "tcop/tcopprot.h"
#include "utils/memutils.h"

#include "job/job_message.h"
#include "worker/worker_slot.h"

static MemoryContext parse_context = NULL;
static int	last_error_code = 0;
static char last_error[CJ_STATUS_LENGTH];

/*
 * Nothing is buffered.
 */
static void
ignore_reset(void)
{
}

/*
 * Nothing is buffered: flushing always succeeds.
 */
static int
ignore_flush(void)
{
	return 0;
}

/*
 * Nothing is buffered.
 */
static bool
nothing_pending(void)
{
	return false;
}

/*
 * Remember an error that is about to end this process.  Others never come
 * here: what a job raises is caught.
 */
static void
keep_last_error(const ErrorData *edata, const char *text)
{
	last_error_code = edata->sqlerrcode;
	strlcpy(last_error, text, sizeof(last_error));
	last_error[pg_mbcliplen(last_error, strlen(last_error),
							sizeof(last_error) - 1)] = '\0';
}

/*
 * Keep a notice or worse as a message of the running job, and the error that
 * ends the process; drop everything else.
 *
 * The text comes in the client's encoding, which the job may have set.
 */
static int
keep_message(char msgtype, const char *body, size_t len)
{
	MemoryContext old;
	StringInfoData message;
	ErrorData	edata;
	char	   *text;

	if ((msgtype != 'N' && msgtype != 'E') || cj_worker_my_job() == 0)
		return 0;

	if (parse_context == NULL)
		parse_context = AllocSetContextCreate(TopMemoryContext,
											  "cancel_job output",
											  ALLOCSET_SMALL_SIZES);
	old = MemoryContextSwitchTo(parse_context);
	initStringInfo(&message);
	appendBinaryStringInfo(&message, body, len);
	pq_parse_errornotice(&message, &edata);
	text = edata.message;

	if (IsTransactionState())
		text = pg_client_to_server(text, strlen(text));

	if (msgtype == 'E')
		keep_last_error(&edata, text);
	else if (edata.elevel >= INFO)
		cj_job_message_add(edata.elevel, edata.sqlerrcode, text);
	MemoryContextSwitchTo(old);
	MemoryContextReset(parse_context);
	return 0;
}

/*
 * As keep_message().
 */
static void
keep_message_noblock(char msgtype, const char *body, size_t len)
{
	(void) keep_message(msgtype, body, len);
}

static const PQcommMethods capture_methods = {
	.comm_reset = ignore_reset,
	.flush = ignore_flush,
	.flush_if_writable = ignore_flush,
	.is_send_pending = nothing_pending,
	.putmessage = keep_message,
	.putmessage_noblock = keep_message_noblock
};

/*
 * Let this process' messages to the client become messages of its job, in the
 * way in which a parallel worker sends its own to the leader.
 */
void
cj_worker_capture_output(void)
{
	PqCommMethods = &capture_methods;
	whereToSendOutput = DestRemote;
	FrontendProtocol = PG_PROTOCOL_LATEST;
}

/*
 * The error that is ending this process, NULL if none is.
 */
const char *
cj_worker_last_error(int *sqlerrcode)
{
	*sqlerrcode = last_error_code;
	return last_error_code != 0 ? last_error : NULL;
}
