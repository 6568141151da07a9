/*-------------------------------------------------------------------------
 *
 * base_store.c
 *	  How our own code reads and writes the extension's tables.
 *
 * Copyright (c) 2026, cancel_job contributors
 *
 * IDENTIFICATION
 *	  src/base/base_store.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "nodes/parsenodes.h"
#include "storage/proc.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/snapmgr.h"

#include "base/base_extension.h"
#include "base/base_plan.h"
#include "base/base_store.h"
#include "compat.h"

/* The statements that have plans. */
static CjStatement *planned = NULL;

/*
 * Begin a transaction for bookkeeping, in a process of ours.  The memory
 * context stays the caller's, there and in cj_store_commit().
 *
 * Read committed whatever the session's default is: a change of state has to
 * see what was committed before it, and must not fail to serialize.
 */
void
cj_store_begin(void)
{
	MemoryContext context = CurrentMemoryContext;

	SetCurrentStatementStartTimestamp();
	StartTransactionCommand();
	XactIsoLevel = XACT_READ_COMMITTED;
	PushActiveSnapshot(GetTransactionSnapshot());
	MemoryContextSwitchTo(context);
}

/*
 * Commit what cj_store_begin() began.
 */
void
cj_store_commit(void)
{
	MemoryContext context = CurrentMemoryContext;

	PopActiveSnapshot();
	CommitTransactionCommand();
	MemoryContextSwitchTo(context);
}

/*
 * Let the commit of this transaction not wait until it is on disk.  For what a crash
 * may take back: work that jobs have done for it and committed comes later in the
 * WAL, and is then taken back as well.
 */
void
cj_store_leave_flush(void)
{
	(void) set_config_option("synchronous_commit", "off", PGC_USERSET,
							 PGC_S_SESSION, GUC_ACTION_LOCAL, true, 0, false);
}

/*
 * Has the administrator, or a failover manager, made this server read-only for
 * the time being, by default_transaction_read_only in its configuration?  Set
 * for a role or a database it is a matter of their jobs.
 *
 * For a process of ours without a transaction.
 */
bool
cj_store_server_is_read_only(void)
{
	static CjStatement source = {
		"SELECT FROM pg_settings WHERE name = 'default_transaction_read_only'"
		" AND source IN ('configuration file', 'command line', 'environment variable')",
		0
	};
	bool		read_only = false;

	if (!DefaultXactReadOnly)
		return false;

	cj_store_begin();
	if (cj_extension_exists())
	{
		CjStoreScope scope;

		cj_store_open(&scope, true);
		read_only = cj_store_run(&source, NULL, NULL) > 0;
		cj_store_close(&scope);
	}
	cj_store_commit();

	return read_only;
}

/*
 * Set a parameter until cj_store_close().
 */
static void
pin_setting(const char *name, const char *value)
{
	(void) set_config_option(name, value, PGC_USERSET, PGC_S_SESSION,
							 GUC_ACTION_SAVE, true, 0, false);
}

/*
 * Begin to work on our tables: become the owner of the extension, pin
 * search_path so that no object of a user's is picked up, connect to SPI.
 *
 * "engine" is true for bookkeeping that must be possible in whatever
 * transaction a job has made, a read-only one too, and is not subject to the
 * job's lock_timeout; a user's own statement passes false and is refused
 * there as any write is.
 *
 * Needs a valid transaction, no snapshot.  An ERROR needs no cj_store_close(): aborting
 * the (sub)transaction restores everything.
 */
void
cj_store_open(CjStoreScope *scope, bool engine)
{
	Oid			owner = cj_extension_owner();

	if (!OidIsValid(owner))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("extension \"%s\" does not exist in this database",
						CJ_EXTENSION_NAME),
				 errhint("Run CREATE EXTENSION %s.", CJ_EXTENSION_NAME)));
	if (!cj_extension_is_trusted())
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("extension \"%s\" is not owned by a superuser",
						CJ_EXTENSION_NAME),
				 errdetail("Its owner \"%s\" can write into its tables, and so have jobs run as any role.",
						   GetUserNameFromId(owner, true)),
				 errhint("Look at the unfinished jobs in jobs.job, then use REASSIGN OWNED to make a superuser its owner.")));

	scope->caller_context = CurrentMemoryContext;
	GetUserIdAndSecContext(&scope->userid, &scope->sec_context);
	SetUserIdAndSecContext(owner,
						   scope->sec_context | SECURITY_LOCAL_USERID_CHANGE);
	scope->guc_level = NewGUCNestLevel();
	pin_setting("search_path", "pg_catalog, pg_temp");
	scope->read_only = XactReadOnly;
	if (engine)
	{
		XactReadOnly = false;
		if (LockTimeout != 0)
			pin_setting("lock_timeout", "0");
	}

	scope->snapshot = !ActiveSnapshotSet();
	if (scope->snapshot)
		PushActiveSnapshot(GetTransactionSnapshot());
	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
}

/*
 * End what cj_store_open() began; the caller's memory context is current
 * again.
 */
void
cj_store_close(CjStoreScope *scope)
{
	if (SPI_finish() != SPI_OK_FINISH)
		elog(ERROR, "SPI_finish failed");
	if (scope->snapshot)
		PopActiveSnapshot();

	XactReadOnly = scope->read_only;
	AtEOXact_GUC(true, scope->guc_level);
	SetUserIdAndSecContext(scope->userid, scope->sec_context);
	MemoryContextSwitchTo(scope->caller_context);
}

/*
 * Prepare a statement and keep its plan.
 */
static void
prepare_statement(CjStatement *statement)
{
	SPIPlanPtr	plan;

	plan = SPI_prepare_cursor(statement->text, statement->nargs,
							  statement->argtypes, CURSOR_OPT_GENERIC_PLAN);
	if (plan == NULL)
		elog(ERROR, "could not prepare \"%s\": %s", statement->text,
			 SPI_result_code_string(SPI_result));
	if (SPI_keepplan(plan) != 0)
		elog(ERROR, "SPI_keepplan failed");
	statement->plan = plan;
	statement->next = planned;
	planned = statement;
}

/*
 * Run one statement, with a snapshot of its own or, if it only reads, with the
 * active one.
 */
static uint64
run_statement(CjStatement *statement, Datum *values, const char *nulls,
			  bool read_only)
{
	CjPlanStyle style = cj_plan_style;
	int			rc = 0;

	Assert(statement->nargs <= CJ_STATEMENT_MAX_ARGS);

	if (statement->plan == NULL)
		prepare_statement(statement);

	cj_plan_style = statement->many_rows ? CJ_PLAN_MANY_ROWS : CJ_PLAN_FEW_ROWS;
	PG_TRY();
	{
		rc = SPI_execute_plan(statement->plan, values, nulls, read_only, 0);
	}
	PG_FINALLY();
	{
		cj_plan_style = style;
	}
	PG_END_TRY();

	if (rc < 0)
		elog(ERROR, "could not execute \"%s\": %s", statement->text,
			 SPI_result_code_string(rc));
	return SPI_processed;
}

/*
 * Run one statement and return the number of rows it processed.  Its rows are
 * in SPI_tuptable until cj_store_close().  It is planned at its first use, for
 * whatever values: to plan it for these would cost more than to run it.
 */
uint64
cj_store_run(CjStatement *statement, Datum *values, const char *nulls)
{
	return run_statement(statement, values, nulls, false);
}

/*
 * As cj_store_run(), for a query that is to see what has been committed by now
 * under every isolation level.  None of the values is null.
 */
uint64
cj_store_run_latest(CjStatement *statement, Datum *values)
{
	uint64		nrows;

	PushActiveSnapshot(GetLatestSnapshot());
	nrows = run_statement(statement, values, NULL, true);
	PopActiveSnapshot();
	return nrows;
}

/*
 * As cj_store_run(), for a query that is to see what the query around it sees,
 * and can be part of a parallel one.  None of the values is null.
 */
uint64
cj_store_read(CjStatement *statement, Datum *values)
{
	return run_statement(statement, values, NULL, true);
}

/*
 * Free the memory of all plans; they are made again when they are needed.
 */
void
cj_store_forget_plans(void)
{
	for (; planned != NULL; planned = planned->next)
	{
		SPI_freeplan(planned->plan);
		planned->plan = NULL;
	}
}

/*
 * One value of the last statement's result; columns count from 1.
 */
Datum
cj_store_value(uint64 row, int column, bool *isnull)
{
	return SPI_getbinval(SPI_tuptable->vals[row], SPI_tuptable->tupdesc,
						 column, isnull);
}

/*
 * One text value of the last statement's result, in the memory context of
 * cj_store_open()'s caller; NULL for null.
 */
char *
cj_store_text(CjStoreScope *scope, uint64 row, int column)
{
	bool		isnull;
	Datum		value = cj_store_value(row, column, &isnull);
	MemoryContext old;
	char	   *string;

	if (isnull)
		return NULL;

	old = MemoryContextSwitchTo(scope->caller_context);
	string = TextDatumGetCString(value);
	MemoryContextSwitchTo(old);
	return string;
}

/*
 * A bigint array of these ids.
 */
Datum
cj_store_id_array(const int64 *ids, int nids)
{
	Datum	   *values = palloc_extended(Max(nids, 1) * sizeof(Datum),
										 MCXT_ALLOC_HUGE);
	ArrayType  *array;

	for (int i = 0; i < nids; i++)
		values[i] = Int64GetDatum(ids[i]);
	array = construct_array_builtin(values, nids, INT8OID);
	pfree(values);
	return PointerGetDatum(array);
}

/*
 * The ids in a bigint array, nulls left out; returns their number.
 */
int
cj_store_array_ids(ArrayType *array, int64 **ids)
{
	Datum	   *elements;
	bool	   *nulls;
	int			nelements;
	int			nids = 0;

	/* deconstruct_array_builtin() has never known bigint. */
	deconstruct_array(array, INT8OID, sizeof(int64), FLOAT8PASSBYVAL,
					  TYPALIGN_DOUBLE, &elements, &nulls, &nelements);
	*ids = palloc_extended((nelements + 1) * sizeof(int64), MCXT_ALLOC_HUGE);
	for (int i = 0; i < nelements; i++)
	{
		if (!nulls[i])
			(*ids)[nids++] = DatumGetInt64(elements[i]);
	}
	return nids;
}
