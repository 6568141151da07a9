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

#include "catalog/pg_inherits.h"
#include "nodes/makefuncs.h"
#include "storage/lmgr.h"
#include "tcop/utility.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/snapmgr.h"

#include "jobtype/jobtype_stats_analyze.h"

/*
 * Milliseconds that ANALYZE works, more or less, between two looks at its
 * vacuum_cost_delay.
 */
#define WORK_BETWEEN_DELAYS 2.0

/* The largest value of vacuum_cost_delay. */
#define MAX_COST_DELAY 100.0

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
 * The relations to analyze for this one: the partitions of a partitioned table
 * too, as ANALYZE does it.
 */
static List *
list_relations(const CjStatsRequest *request)
{
	List	   *oids = list_make1_oid(request->relation);
	List	   *columns = NIL;
	List	   *relations = NIL;
	ListCell   *lc;

	if (get_rel_relkind(request->relation) == RELKIND_PARTITIONED_TABLE)
		oids = find_all_inheritors(request->relation, NoLock, NULL);
	foreach(lc, request->columns)
		columns = lappend(columns, makeString(lfirst(lc)));
	foreach(lc, oids)
		relations = lappend(relations, makeVacuumRelation(NULL, lfirst_oid(lc), columns));
	return relations;
}

/*
 * ANALYZE these relations in this transaction.
 */
static void
run_analyze(List *relations)
{
	VacuumStmt *analyze = makeNode(VacuumStmt);
	PlannedStmt *statement = makeNode(PlannedStmt);

	analyze->rels = relations;
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
	run_analyze(list_relations(request));
}
