/*-------------------------------------------------------------------------
 *
 * worker_database.c
 *	  Commands on whole databases, and DROP EXTENSION.
 *
 * DROP DATABASE and its like want nobody to be connected.  A coordinator and
 * workers without a job are not there for anybody in particular: they are
 * asked to leave first.  The coordinator comes back when the command is over;
 * if the command's session does not live to say so, after HOLD_INTERVAL.
 *
 * Copyright (c) 2026, cancel_job contributors
 *
 * IDENTIFICATION
 *	  src/worker/worker_database.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/xact.h"
#include "catalog/objectaccess.h"
#include "catalog/pg_authid.h"
#include "catalog/pg_database.h"
#include "catalog/pg_extension.h"
#include "commands/dbcommands.h"
#include "commands/defrem.h"
#include "commands/extension.h"
#include "miscadmin.h"
#include "tcop/utility.h"
#include "utils/acl.h"
#include "utils/syscache.h"

#include "base/base_extension.h"
#include "base/base_wait.h"
#include "job/job_pending.h"
#include "worker/worker_signal.h"
#include "worker/worker_slot.h"

/* A coordinator that was asked to leave is away for this long at most. */
#define HOLD_INTERVAL (60 * 1000)

/* This long our processes have to leave; looked at this often; milliseconds. */
#define LEAVE_TIMEOUT 5000
#define LEAVE_INTERVAL 5

static ProcessUtility_hook_type prev_process_utility = NULL;
static object_access_hook_type prev_object_access = NULL;

/*
 * The value of an option of CREATE or ALTER DATABASE, NULL if it is not given.
 */
static DefElem *
find_option(List *options, const char *name)
{
	ListCell   *lc;

	foreach(lc, options)
	{
		DefElem    *option = lfirst_node(DefElem, lc);

		if (strcmp(option->defname, name) == 0)
			return option;
	}
	return NULL;
}

/*
 * The name of the database that a command wants for itself; NULL if it is no
 * such command.
 */
static const char *
wanted_database(Node *stmt)
{
	DefElem    *option;

	switch (nodeTag(stmt))
	{
		case T_DropdbStmt:
			return ((DropdbStmt *) stmt)->dbname;
		case T_RenameStmt:
			if (((RenameStmt *) stmt)->renameType == OBJECT_DATABASE)
				return ((RenameStmt *) stmt)->subname;
			return NULL;
		case T_AlterDatabaseStmt:
			option = find_option(((AlterDatabaseStmt *) stmt)->options,
								 "tablespace");
			return option != NULL ? ((AlterDatabaseStmt *) stmt)->dbname : NULL;
		case T_CreatedbStmt:
			option = find_option(((CreatedbStmt *) stmt)->options, "template");
			return option != NULL && option->arg != NULL ?
				defGetString(option) : "template1";
		default:
			return NULL;
	}
}

/*
 * May the current user do such things with a database?  Who may not is told so
 * by the command, and disturbs nobody.
 */
static bool
may_want(Oid database, bool as_template)
{
	HeapTuple	tuple;
	bool		allowed;
	bool		is_template;

	tuple = SearchSysCache1(DATABASEOID, ObjectIdGetDatum(database));
	if (!HeapTupleIsValid(tuple))
		return false;
	allowed = has_privs_of_role(GetUserId(),
								((Form_pg_database) GETSTRUCT(tuple))->datdba);
	is_template = ((Form_pg_database) GETSTRUCT(tuple))->datistemplate;
	ReleaseSysCache(tuple);

	if (!allowed && as_template && is_template)
	{
		tuple = SearchSysCache1(AUTHOID, ObjectIdGetDatum(GetUserId()));
		if (HeapTupleIsValid(tuple))
		{
			allowed = ((Form_pg_authid) GETSTRUCT(tuple))->rolcreatedb;
			ReleaseSysCache(tuple);
		}
	}
	return allowed;
}

/*
 * The database that a command wants for itself, and that we are in the way
 * of; else InvalidOid.
 */
static Oid
database_to_leave(Node *stmt)
{
	const char *name = wanted_database(stmt);
	Oid			database;
	bool		present;

	if (name == NULL || IsTransactionBlock())
		return InvalidOid;
	database = get_database_oid(name, true);
	if (!OidIsValid(database) || database == MyDatabaseId)
		return InvalidOid;

	cj_worker_lock(LW_SHARED);
	present = cj_coordinator_slot(database, false) != NULL;
	for (int i = 0; i < cj_worker_shared->nslots; i++)
		present |= cj_worker_shared->slots[i].state != CJ_SLOT_FREE &&
			cj_worker_shared->slots[i].database == database;
	cj_worker_unlock();

	if (!present || !may_want(database, IsA(stmt, CreatedbStmt)))
		return InvalidOid;
	return database;
}

/*
 * Ask the coordinator of a database to leave; returns whether it is there.
 */
static bool
coordinator_leaves(Oid database)
{
	CjCoordinatorSlot *slot;
	bool		present = false;

	cj_worker_lock(LW_EXCLUSIVE);
	slot = cj_coordinator_slot(database, true);
	if (slot != NULL)
	{
		slot->not_before = TimestampTzPlusMilliseconds(GetCurrentTimestamp(),
													   HOLD_INTERVAL);
		slot->leave = slot->pid != 0;
		if (slot->latch != NULL)
			SetLatch(slot->latch);
		present = slot->pid != 0 || slot->starting;
	}
	cj_worker_unlock();

	return present;
}

/*
 * Have our processes that no job needs leave a database, and wait for it.
 */
static void
leave_database(Oid database)
{
	for (int waited = 0; waited < LEAVE_TIMEOUT; waited += LEAVE_INTERVAL)
	{
		bool		coordinator = coordinator_leaves(database);
		int			workers = cj_worker_slots_leave(database, false);

		if (!coordinator && workers == 0)
			break;
		cj_wait(CJ_WAIT_DATABASE, LEAVE_INTERVAL);
	}
}

/*
 * Let our processes into a database again, or forget it if it was dropped.
 */
static void
return_to_database(Oid database, bool dropped)
{
	CjCoordinatorSlot *slot;

	if (dropped)
		(void) cj_worker_slots_leave(database, true);

	cj_worker_lock(LW_EXCLUSIVE);
	slot = cj_coordinator_slot(database, false);
	if (slot != NULL)
	{
		slot->leave = false;
		slot->not_before = 0;
		slot->wanted = !dropped && slot->pid == 0;
		if (dropped && slot->pid == 0 && !slot->starting)
			slot->database = InvalidOid;
		if (cj_worker_shared->launcher != NULL)
			SetLatch(cj_worker_shared->launcher);
	}
	cj_worker_unlock();
}

/*
 * Run a utility command as if this hook were not there.
 */
static void
run_utility(PlannedStmt *pstmt, const char *query, bool readonly,
			ProcessUtilityContext context, ParamListInfo params,
			QueryEnvironment *environment, DestReceiver *dest,
			QueryCompletion *qc)
{
	if (prev_process_utility)
		prev_process_utility(pstmt, query, readonly, context, params,
							 environment, dest, qc);
	else
		standard_ProcessUtility(pstmt, query, readonly, context, params,
								environment, dest, qc);
}

/*
 * ProcessUtility_hook.
 */
static void
process_utility(PlannedStmt *pstmt, const char *query, bool readonly,
				ProcessUtilityContext context, ParamListInfo params,
				QueryEnvironment *environment, DestReceiver *dest,
				QueryCompletion *qc)
{
	bool		drop = IsA(pstmt->utilityStmt, DropdbStmt);
	Oid			database = database_to_leave(pstmt->utilityStmt);
	volatile bool done = false;

	if (!OidIsValid(database))
	{
		run_utility(pstmt, query, readonly, context, params, environment,
					dest, qc);
		return;
	}

	PG_TRY();
	{
		leave_database(database);
		run_utility(pstmt, query, readonly, context, params, environment,
					dest, qc);
		done = true;
	}
	PG_FINALLY();
	{
		return_to_database(database, done && drop);
	}
	PG_END_TRY();
}

/*
 * object_access_hook: when the extension is dropped, its processes are to see
 * it at commit.
 */
static void
object_access(ObjectAccessType access, Oid class_oid, Oid object, int sub,
			  void *arg)
{
	if (prev_object_access)
		prev_object_access(access, class_oid, object, sub, arg);

	if (access == OAT_DROP && class_oid == ExtensionRelationId)
	{
		char	   *name = get_extension_name(object);

		if (name != NULL && strcmp(name, CJ_EXTENSION_NAME) == 0)
			cj_job_pending_add_submission();
	}
}

/*
 * Install the hooks.  Called once, at preload.
 */
void
cj_database_hook_init(void)
{
	prev_process_utility = ProcessUtility_hook;
	ProcessUtility_hook = process_utility;
	prev_object_access = object_access_hook;
	object_access_hook = object_access;
}
