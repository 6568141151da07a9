/*-------------------------------------------------------------------------
 *
 * job_owner.c
 *	  Jobs that change hands: ALTER JOB, REASSIGN OWNED, DROP OWNED.
 *
 * A job is no object of the catalogs, so the server's own commands do not know
 * that a role owns it.
 *
 * A job is a text that its owner wrote and that runs without being called.  If
 * that role has not had the rights of the new owner anyway, an unfinished job is
 * therefore paused: what the one has written must not run as, say, a superuser
 * only because an administrator tidies up.  The job is held then, until somebody
 * with the rights of the new owner lets it go on.
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
#include "job/job_error.h"
#include "job/job_owner.h"
#include "job/job_owner_store.h"
#include "job/job_self.h"
#include "job/job_submit.h"
#include "privilege/privilege_job.h"

static ProcessUtility_hook_type prev_process_utility = NULL;
static const CjOwnerFollower *follower = NULL;

/*
 * Say that jobs have been paused because they are another role's now.
 */
static void
report_paused(int njobs, Oid from, Oid to)
{
	const char *name = cj_job_owner_name(from);

	ereport(NOTICE,
			(errmsg_plural("%d unfinished job of role \"%s\" is paused",
						   "%d unfinished jobs of role \"%s\" are paused",
						   njobs, njobs, name),
			 errdetail("Role \"%s\" has not had the rights of role \"%s\", with which a job would now run.",
					   name, GetUserNameFromId(to, false)),
			 errhint("RESUME JOB lets a job go on.")));
}

/*
 * Make the jobs of a role another's.
 */
static void
reassign_jobs(Oid from, Oid to)
{
	bool		hold = !has_privs_of_role(from, to);
	int			njobs;

	if (from == to)
		return;

	if (follower != NULL)
		follower->reassign(from, to, hold);
	njobs = cj_job_owner_store_reassign(from, to, hold);
	if (njobs > 0 && hold)
		report_paused(njobs, from, to);
}

/*
 * Lock a job that the current user may make one of "to", and return its owner.
 *
 * Nothing is locked before it is known that the user may.  If the owner changes
 * meanwhile, all is asked anew.  Raises as cj_job_owner_alter().
 */
static Oid
lock_to_alter(int64 id, Oid to)
{
	Oid			roleid = GetUserId();
	Oid			owner;
	bool		finished;

	do
	{
		CHECK_FOR_INTERRUPTS();
		owner = cj_job_owner_store_read(id, &finished);
		if (!OidIsValid(owner))
			cj_job_error_not_found(id);
		cj_privilege_check_transfer(roleid, owner, to);
		if (!finished && owner != to)
			cj_job_submit_check_owner(to);
	} while (!cj_job_owner_store_lock(id, owner));

	return owner;
}

/*
 * Make a job another role's, as ALTER JOB .. OWNER TO says.  Part of the caller's
 * transaction; the row stays locked until its end.
 *
 * A run under way goes on as it began, with the old owner's rights, unless the
 * job is held: see the head of this file.
 *
 * Raises 42704 if there is no such job, 42501 if the current user has not the
 * rights of its owner or cannot become the new one, 28000 if the job has not
 * finished and no worker could connect as the new owner, 55000 in the job
 * itself.  Needs a snapshot.
 */
void
cj_job_owner_alter(int64 id, Oid to)
{
	Oid			from;
	bool		hold;

	PreventCommandIfReadOnly("ALTER JOB OWNER");
	if (id == cj_job_self_id() && id != 0)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("job %lld cannot change its own owner", (long long) id)));

	from = lock_to_alter(id, to);
	if (from == to)
		return;

	hold = !has_privs_of_role(from, to);
	if (cj_job_owner_store_reassign_one(id, from, to, hold) > 0 && hold)
		report_paused(1, from, to);
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
	{
		Oid			owner = get_rolespec_oid(lfirst_node(RoleSpec, lc), false);

		if (follower != NULL)
			follower->drop(owner);
		(void) cj_job_owner_store_drop(owner);
	}
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
 * Let schedules follow.  Called once, at preload.
 */
void
cj_job_owner_set_follower(const CjOwnerFollower *with)
{
	follower = with;
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
