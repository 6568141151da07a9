/*-------------------------------------------------------------------------
 *
 * schedule_try.c
 *	  Doing something for one schedule that must not stop the others.
 *
 * Copyright (c) 2026, cancel_job contributors
 *
 * IDENTIFICATION
 *	  src/schedule/schedule_try.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "utils/resowner.h"

#include "schedule/schedule_try.h"

/*
 * Call an action in a subtransaction.  Returns NULL, or the message of the error
 * that it has raised, with what it has done undone; only an end of this process
 * is raised again.  For the coordinator, in a transaction.
 */
char *
cj_schedule_try(void (*action) (void *arg), void *arg)
{
	MemoryContext context = CurrentMemoryContext;
	ResourceOwner owner = CurrentResourceOwner;
	char	   *volatile error = NULL;

	BeginInternalSubTransaction(NULL);
	MemoryContextSwitchTo(context);
	PG_TRY();
	{
		action(arg);
		ReleaseCurrentSubTransaction();
		MemoryContextSwitchTo(context);
		CurrentResourceOwner = owner;
	}
	PG_CATCH();
	{
		ErrorData  *data;

		MemoryContextSwitchTo(context);
		data = CopyErrorData();
		error = data->message;
		FlushErrorState();
		RollbackAndReleaseCurrentSubTransaction();
		MemoryContextSwitchTo(context);
		CurrentResourceOwner = owner;
		if (data->sqlerrcode == ERRCODE_ADMIN_SHUTDOWN)
			ReThrowError(data);
	}
	PG_END_TRY();

	return error;
}
