/*-------------------------------------------------------------------------
 *
 * worker_database.c
 *	  Commands on whole databases, and DROP EXTENSION.
 *
 * DROP DATABASE and its like want nobody to be connected.  A coordinator and
 * workers without a job are not there for anybody in particular: they are
 * asked to leave first, and no coordinator is started until the command is
 * over.  Then the one that has left comes back.
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
#include "storage/ipc.h"
#include "tcop/utility.h"
#include "utils/acl.h"
#include "utils/syscache.h"

#include "base/base_extension.h"
#include "base/base_utility.h"
#include "base/base_wait.h"
#include "compat.h"
#include "job/job_pending.h"
#include "worker/worker_signal.h"
#include "worker/worker_slot.h"

/* This long our processes have to leave; looked at this often; milliseconds. */
#define LEAVE_TIMEOUT 5000
#define LEAVE_INTERVAL 5

/* The database that this session's command wants for itself, if any. */
static Oid	held_database = InvalidOid;

/* What this transaction's commands have done to databases. */
static Oid	created_database = InvalidOid;
static bool altered_database = false;

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
 * What pg_database says of a database now.  Needs a transaction.
 */
CjDatabaseStatus
cj_database_status(Oid database)
{
	HeapTuple	tuple = SearchSysCache1(DATABASEOID, ObjectIdGetDatum(database));
	Form_pg_database form;
	bool		open;

	if (!HeapTupleIsValid(tuple))
		return CJ_DATABASE_GONE;
	form = (Form_pg_database) GETSTRUCT(tuple);
	open = form->datallowconn && form->datconnlimit != DATCONNLIMIT_INVALID_DB;
	ReleaseSysCache(tuple);

	return open ? CJ_DATABASE_OPEN : CJ_DATABASE_CLOSED;
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
 * The database that a command wants for itself and that we have to leave; else
 * InvalidOid.  Also if none of our processes is there now: one might be about to
 * start.
 */
static Oid
database_to_leave(Node *stmt)
{
	const char *name = wanted_database(stmt);
	Oid			database;

	if (name == NULL || IsTransactionBlock())
		return InvalidOid;
	database = get_database_oid(name, true);
	if (!OidIsValid(database) || database == MyDatabaseId ||
		!may_want(database, IsA(stmt, CreatedbStmt)))
		return InvalidOid;
	return database;
}

/*
 * Ask the coordinator of a database to leave; returns whether it is there.
 */
static bool
coordinator_leaves(Oid database)
{
	CjCoordinatorPlace *place;

	cj_worker_lock(LW_EXCLUSIVE);
	place = cj_place_find(database);
	if (place != NULL)
	{
		place->leave = true;
		if (place->latch != NULL)
			SetLatch(place->latch);
	}
	cj_worker_unlock();

	return place != NULL;
}

/*
 * Let our processes into the database again.
 */
static void
return_to_database(void)
{
	CjCoordinatorPlace *place;

	if (!OidIsValid(held_database))
		return;

	cj_worker_lock(LW_EXCLUSIVE);
	place = cj_place_find(held_database);
	if (place != NULL)
		place->leave = false;
	cj_worker_unlock();
	cj_place_release(held_database);
	held_database = InvalidOid;
}

/*
 * before_shmem_exit: a session that ends in the middle of its command.
 */
static void
return_at_exit(int code, Datum arg)
{
	return_to_database();
}

/*
 * Have our processes that no job needs leave a database, wait for it, and keep
 * them out until return_to_database().
 */
static void
leave_database(Oid database)
{
	static bool registered = false;

	if (!registered)
	{
		before_shmem_exit(return_at_exit, (Datum) 0);
		registered = true;
	}
	if (cj_place_hold(database))
		held_database = database;

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
 * At commit have the launcher look into a database that a command has made: it
 * may be the copy of one that has jobs.  And have it try the databases again
 * that accepted no connections, if that may have changed.
 */
static void
note_change(Node *stmt)
{
	if (IsA(stmt, CreatedbStmt))
	{
		CommandCounterIncrement();
		created_database = get_database_oid(((CreatedbStmt *) stmt)->dbname,
											true);
	}
	else if (IsA(stmt, AlterDatabaseStmt))
		altered_database = true;
}

/*
 * Transaction callback: at commit pass on what note_change() noted.
 */
static void
at_transaction_end(XactEvent event, void *arg)
{
	if (event == XACT_EVENT_COMMIT)
	{
		if (OidIsValid(created_database))
			cj_coordinator_want(created_database, true);
		if (altered_database)
		{
			cj_worker_lock(LW_EXCLUSIVE);
			cj_worker_shared->launcher.recheck = true;
			cj_launcher_wake();
			cj_worker_unlock();
		}
	}
	if (event == XACT_EVENT_COMMIT || event == XACT_EVENT_ABORT ||
		event == XACT_EVENT_PREPARE)
	{
		created_database = InvalidOid;
		altered_database = false;
	}
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
	Node	   *stmt = pstmt->utilityStmt;
	bool		drop = IsA(stmt, DropdbStmt);
	Oid			database = database_to_leave(stmt);

	if (!OidIsValid(database))
	{
		cj_utility_run(prev_process_utility, pstmt, query, readonly, context,
					   params, environment, dest, qc);
		note_change(stmt);
		return;
	}

	PG_TRY();
	{
		leave_database(database);
		cj_utility_run(prev_process_utility, pstmt, query, readonly, context,
					   params, environment, dest, qc);
		note_change(stmt);
		if (drop)
			(void) cj_worker_slots_leave(database, true);
	}
	PG_FINALLY();
	{
		return_to_database();
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
	RegisterXactCallback(at_transaction_end, NULL);
}
