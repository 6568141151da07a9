/*-------------------------------------------------------------------------
 *
 * jobtype_stats_analyze.c
 *	  ANALYZE, as jobs run it.
 *
 * Copyright (c) 2026, cancel_job contributors
 *
 * IDENTIFICATION
 *	  src/jobtype/jobtype_stats_analyze.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/pg_inherits.h"
#include "nodes/makefuncs.h"
#include "storage/lmgr.h"
#include "storage/lwlock.h"
#include "storage/proc.h"
#include "tcop/utility.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"

#include "jobtype/jobtype_stats_analyze.h"
#include "worker/worker.h"

/*
 * Milliseconds that ANALYZE works, more or less, between two looks at its
 * vacuum_cost_delay.
 */
#define WORK_BETWEEN_DELAYS 2.0

/* The largest value of vacuum_cost_delay. */
#define MAX_COST_DELAY 100.0

/* A statement that yields waits for the locks of partitions no longer than this. */
#define YIELDING_LOCK_TIMEOUT "1s"

/*
 * Set a parameter until the end of the transaction.
 */
static void
set_locally(const char *name, const char *value)
{
	(void) set_config_option(name, value, PGC_USERSET, PGC_S_SESSION,
							 GUC_ACTION_LOCAL, true, 0, false);
}

/*
 * Have ANALYZE sleep for this part of the time.
 */
static void
throttle(double idle)
{
	if (idle > 0)
		set_locally("vacuum_cost_delay",
					psprintf("%.3f", idle >= 1 ? MAX_COST_DELAY :
							 Min(WORK_BETWEEN_DELAYS * idle / (1 - idle), MAX_COST_DELAY)));
}

/*
 * The relations to analyze for this one: with "tree", the partitions of a
 * partitioned table too, as ANALYZE does it.
 */
static List *
list_relations(const CjStatsRequest *request, bool tree)
{
	List	   *oids = list_make1_oid(request->relation);
	List	   *columns = NIL;
	List	   *relations = NIL;
	ListCell   *lc;

	if (tree && get_rel_relkind(request->relation) == RELKIND_PARTITIONED_TABLE)
		oids = find_all_inheritors(request->relation, NoLock, NULL);
	foreach(lc, request->columns)
		columns = lappend(columns, makeString(lfirst(lc)));
	foreach(lc, oids)
		relations = lappend(relations, makeVacuumRelation(NULL, lfirst_oid(lc), columns));
	return relations;
}

/*
 * ANALYZE one relation in this transaction.
 */
static void
analyze_relation(VacuumRelation *relation)
{
	VacuumStmt *analyze = makeNode(VacuumStmt);
	PlannedStmt *statement = makeNode(PlannedStmt);

	analyze->rels = list_make1(relation);
	analyze->is_vacuumcmd = false;
	statement->commandType = CMD_UTILITY;
	statement->canSetTag = true;
	statement->utilityStmt = (Node *) analyze;
	statement->stmt_location = -1;

	PushActiveSnapshot(GetTransactionSnapshot());
	ProcessUtility(statement, "ANALYZE", false, PROCESS_UTILITY_QUERY, NULL, NULL,
				   None_Receiver, NULL);
	PopActiveSnapshot();
}

/*
 * ANALYZE these relations in this transaction, one after the other.  Of several we
 * tell how many are done; how far a single one is, the server says.
 */
static void
run_analyze(List *relations)
{
	ListCell   *lc;

	foreach(lc, relations)
	{
		if (list_length(relations) > 1)
			(void) cj_worker_report_progress((double) foreach_current_index(lc) /
											 list_length(relations), NULL);
		analyze_relation(lfirst_node(VacuumRelation, lc));
		CommandCounterIncrement();
	}
}

/*
 * Collect statistics in this transaction: if it does not commit, the old ones
 * stay as they are.  Waits for what ANALYZE waits for.
 *
 * Raises what cj_stats_request_check() and ANALYZE raise.
 */
void
cj_stats_analyze(const CjStatsRequest *request)
{
	LockRelationOid(request->relation, ShareUpdateExclusiveLock);
	cj_stats_request_check(request);
	throttle(request->idle);
	run_analyze(list_relations(request, true));
}

/*
 * Let this process be taken for a worker of autovacuum by those who wait for
 * its locks: after deadlock_timeout they cancel it.
 */
static void
set_autovacuum_flag(bool on)
{
	LWLockAcquire(ProcArrayLock, LW_EXCLUSIVE);
	if (on)
		MyProc->statusFlags |= PROC_IS_AUTOVACUUM;
	else
		MyProc->statusFlags &= ~PROC_IS_AUTOVACUUM;
	ProcGlobal->statusFlags[MyProc->pgxactoff] = MyProc->statusFlags;
	LWLockRelease(ProcArrayLock);
}

/*
 * As cj_stats_analyze(), but makes way for everybody else, as autovacuum does,
 * and leaves the partitions of a partitioned table alone.  Returns false if
 * there is no such relation any more.
 *
 * Raises 55P03 where it would have to wait for a lock, and 57014 if somebody
 * waits for one of its own.
 */
bool
cj_stats_analyze_yielding(const CjStatsRequest *request)
{
	if (!ConditionalLockRelationOid(request->relation, ShareUpdateExclusiveLock))
		ereport(ERROR,
				(errcode(ERRCODE_LOCK_NOT_AVAILABLE),
				 errmsg("could not obtain lock on relation with OID %u", request->relation)));
	if (!SearchSysCacheExists1(RELOID, ObjectIdGetDatum(request->relation)))
		return false;

	cj_stats_request_check(request);
	throttle(request->idle);
	set_locally("lock_timeout", YIELDING_LOCK_TIMEOUT);
	set_autovacuum_flag(true);
	PG_TRY();
	{
		run_analyze(list_relations(request, false));
	}
	PG_FINALLY();
	{
		set_autovacuum_flag(false);
	}
	PG_END_TRY();
	return true;
}
