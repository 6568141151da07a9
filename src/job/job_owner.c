/*-------------------------------------------------------------------------
 *
 * job_owner.c
 *	  What REASSIGN OWNED and DROP OWNED do to jobs.
 *
 * A job is no object of the catalogs, so the server's own commands do not know
 * that a role owns it.
 *
 * Copyright (c) 2026, cancel_job contributors
 *
 * IDENTIFICATION
 *	  src/job/job_owner.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "miscadmin.h"
#include "nodes/parsenodes.h"
#include "tcop/utility.h"
#include "utils/acl.h"

#include "base/base_extension.h"
#include "base/base_utility.h"
#include "job/job_owner.h"
#include "job/job_owner_store.h"

static ProcessUtility_hook_type prev_process_utility = NULL;

/*
 * Make the jobs of a role another's.
 *
 * A job is a text that its owner wrote and that runs without being called.  If
 * the role has not had the rights of the new owner anyway, its unfinished jobs
 * are therefore paused: what it has left behind must not run as, say, a
 * superuser only because an administrator tidies up.
 */
static void
reassign_jobs(Oid from, Oid to)
{
	bool		hold = !has_privs_of_role(from, to);
	int			njobs;

	if (from == to)
		return;

	njobs = cj_job_owner_store_reassign(from, to, hold);
	if (njobs > 0 && hold)
		ereport(NOTICE,
				(errmsg_plural("%d unfinished job of role \"%s\" is paused",
							   "%d unfinished jobs of role \"%s\" are paused",
							   njobs, njobs, GetUserNameFromId(from, false)),
				 errdetail("Role \"%s\" has not had the rights of role \"%s\", with which a job would now run.",
						   GetUserNameFromId(from, false),
						   GetUserNameFromId(to, false)),
				 errhint("RESUME JOB lets a job go on.")));
}

/*
 * The jobs of what REASSIGN OWNED names, which has succeeded: the roles exist,
 * and the user has their rights.
 */
static void
reassign_owned(const ReassignOwnedStmt *statement)
{
	Oid			to = get_rolespec_oid(statement->newrole, false);
	ListCell   *lc;

	foreach(lc, statement->roles)
		reassign_jobs(get_rolespec_oid(lfirst_node(RoleSpec, lc), false), to);
}

/*
 * The jobs of what DROP OWNED names, as reassign_owned().
 */
static void
drop_owned(const DropOwnedStmt *statement)
{
	ListCell   *lc;

	foreach(lc, statement->roles)
		(void) cj_job_owner_store_drop(get_rolespec_oid(lfirst_node(RoleSpec, lc),
														false));
}

/*
 * ProcessUtility_hook: the jobs of this database follow, in the same
 * transaction, once the command itself has succeeded.
 */
static void
process_utility(PlannedStmt *pstmt, const char *query, bool readonly,
				ProcessUtilityContext context, ParamListInfo params,
				QueryEnvironment *environment, DestReceiver *dest,
				QueryCompletion *qc)
{
	Node	   *statement = pstmt->utilityStmt;
	bool		ours = IsA(statement, ReassignOwnedStmt) ||
	IsA(statement, DropOwnedStmt);

	cj_utility_run(prev_process_utility, pstmt, query, readonly, context, params,
				   environment, dest, qc);
	if (!ours)
		return;

	/* This may have dropped the extension, or given it to who runs no jobs. */
	CommandCounterIncrement();
	if (!cj_extension_hold() || !cj_extension_is_trusted())
		return;
	if (IsA(statement, ReassignOwnedStmt))
		reassign_owned((ReassignOwnedStmt *) statement);
	else
		drop_owned((DropOwnedStmt *) statement);
}

/*
 * Install the hook.  Called once, at preload.
 */
void
cj_job_owner_init(void)
{
	prev_process_utility = ProcessUtility_hook;
	ProcessUtility_hook = process_utility;
}
