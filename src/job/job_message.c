/*-------------------------------------------------------------------------
 *
 * job_message.c
 *	  The notices and errors of a running job, kept for jobs.message.
 *
 * Copyright (c) 2026, cancel_job contributors
 *
 * IDENTIFICATION
 *	  src/job/job_message.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "mb/pg_wchar.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

#include "base/base_store.h"
#include "compat.h"
#include "job/job_message.h"

/* A job that raises more messages than this between two writes loses the rest. */
#define MAX_MESSAGES 1000

/* A message is kept up to this many bytes. */
#define MAX_MESSAGE_LENGTH 8192

static MemoryContext message_context = NULL;
static Datum *kinds = NULL;
static Datum *codes = NULL;
static Datum *texts = NULL;
static int	nmessages = 0;

/*
 * Keep a message until cj_job_message_flush().
 *
 * Called while a message is being reported: allocates in a context of its own
 * and touches no table.
 */
void
cj_job_message_add(int elevel, int sqlerrcode, const char *text)
{
	MemoryContext old;

	if (nmessages > MAX_MESSAGES)
		return;

	if (message_context == NULL)
		message_context = AllocSetContextCreate(TopMemoryContext,
												"cancel_job messages",
												ALLOCSET_DEFAULT_SIZES);
	old = MemoryContextSwitchTo(message_context);
	if (kinds == NULL)
	{
		kinds = palloc((MAX_MESSAGES + 1) * sizeof(Datum));
		codes = palloc((MAX_MESSAGES + 1) * sizeof(Datum));
		texts = palloc((MAX_MESSAGES + 1) * sizeof(Datum));
	}
	if (nmessages == MAX_MESSAGES)
	{
		elevel = WARNING;
		sqlerrcode = ERRCODE_WARNING;
		text = "further messages were not kept";
	}
	kinds[nmessages] = CStringGetTextDatum(elevel >= ERROR ? "error" :
										   elevel == WARNING ? "warning" :
										   "notice");
	codes[nmessages] = CStringGetTextDatum(unpack_sql_state(sqlerrcode));
	texts[nmessages] =
		PointerGetDatum(cstring_to_text_with_len(text,
												 pg_mbcliplen(text, strlen(text),
															  MAX_MESSAGE_LENGTH)));
	nmessages++;
	MemoryContextSwitchTo(old);
}

/*
 * Forget the messages kept so far.
 */
void
cj_job_message_drop(void)
{
	if (message_context != NULL)
		MemoryContextReset(message_context);
	kinds = codes = texts = NULL;
	nmessages = 0;
}

/*
 * A text array of the collected values.
 */
static Datum
text_array(Datum *values)
{
	return PointerGetDatum(construct_array_builtin(values, nmessages, TEXTOID));
}

/*
 * Write the messages kept so far as messages of this job, in the current
 * transaction.  They stay kept until cj_job_message_drop(), since this
 * transaction may yet abort.
 */
void
cj_job_message_flush(int64 job_id)
{
	static CjStatement insert = {
		"INSERT INTO jobs.message (job_id, kind, sqlstate, message)"
		" SELECT $1, kind, sqlstate, message"
		" FROM unnest($2, $3, $4) AS m(kind, sqlstate, message)",
		4, {INT8OID, TEXTARRAYOID, TEXTARRAYOID, TEXTARRAYOID}
	};
	CjStoreScope scope;
	Datum		values[4];

	if (nmessages == 0)
		return;

	cj_store_open(&scope, true);
	values[0] = Int64GetDatum(job_id);
	values[1] = text_array(kinds);
	values[2] = text_array(codes);
	values[3] = text_array(texts);
	cj_store_run(&insert, values, NULL);
	cj_store_close(&scope);
}
