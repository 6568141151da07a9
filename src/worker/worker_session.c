/*-------------------------------------------------------------------------
 *
 * worker_session.c
 *	  The session of a worker: what one job must not leave to the next.
 *
 * A worker gets the settings of its role and database when it connects, as any
 * session does.  Before each further job it looks whether they, or what its
 * role may do, have changed since; it then makes way for a new process.
 *
 * Copyright (c) 2026, cancel_job contributors
 *
 * IDENTIFICATION
 *	  src/worker/worker_session.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#ifdef __GLIBC__
#include <malloc.h>
#endif

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/xact.h"
#include "catalog/namespace.h"
#include "catalog/pg_authid.h"
#include "catalog/pg_database.h"
#include "catalog/pg_db_role_setting.h"
#include "commands/async.h"
#include "commands/prepare.h"
#include "commands/sequence.h"
#include "common/hashfn.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "storage/lock.h"
#include "utils/fmgroids.h"
#include "utils/guc.h"
#include "utils/inval.h"
#include "utils/memutils.h"
#include "utils/portal.h"
#include "utils/rel.h"
#include "utils/syscache.h"

#include "base/base_store.h"
#include "worker/worker_session.h"

/* How many deleted memory contexts of a size are kept: MAX_FREE_CONTEXTS of aset.c. */
#define DELETED_CONTEXTS_KEPT 100

/* Of what the session was made from. */
static uint64 fingerprint = 0;

/*
 * Mix one version of a catalog's row into a fingerprint: a row that was
 * written anew is another one.
 */
static uint64
mix_tuple(uint64 hash, HeapTuple tuple)
{
	TransactionId xmin = HeapTupleHeaderGetRawXmin(tuple->t_data);

	hash = hash_combine64(hash, hash_bytes_extended((const unsigned char *) &xmin,
													sizeof(xmin), 0));
	return hash_combine64(hash, hash_bytes_extended((const unsigned char *) &tuple->t_self,
													sizeof(tuple->t_self), 0));
}

/*
 * Mix the settings of one role (0: all) in one database (0: all) into a
 * fingerprint.
 */
static uint64
mix_settings(uint64 hash, Relation rel, Oid database, Oid role)
{
	ScanKeyData keys[2];
	SysScanDesc scan;
	HeapTuple	tuple;

	ScanKeyInit(&keys[0], Anum_pg_db_role_setting_setdatabase,
				BTEqualStrategyNumber, F_OIDEQ, ObjectIdGetDatum(database));
	ScanKeyInit(&keys[1], Anum_pg_db_role_setting_setrole,
				BTEqualStrategyNumber, F_OIDEQ, ObjectIdGetDatum(role));
	scan = systable_beginscan(rel, DbRoleSettingDatidRolidIndexId, true, NULL,
							  2, keys);
	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
		hash = mix_tuple(hash, tuple);
	systable_endscan(scan);

	return hash_combine64(hash, 1);
}

/*
 * Mix a syscache entry into a fingerprint.
 */
static uint64
mix_syscache(uint64 hash, int cache, Oid oid)
{
	HeapTuple	tuple = SearchSysCache1(cache, ObjectIdGetDatum(oid));

	if (!HeapTupleIsValid(tuple))
		return hash_combine64(hash, 1);
	hash = mix_tuple(hash, tuple);
	ReleaseSysCache(tuple);
	return hash;
}

/*
 * What the session of this role in this database is made from, now.
 */
static uint64
take_fingerprint(void)
{
	Oid			role = GetAuthenticatedUserId();
	uint64		hash = 0;
	Relation	rel;

	cj_store_begin();
	rel = table_open(DbRoleSettingRelationId, AccessShareLock);
	hash = mix_settings(hash, rel, MyDatabaseId, role);
	hash = mix_settings(hash, rel, InvalidOid, role);
	hash = mix_settings(hash, rel, MyDatabaseId, InvalidOid);
	hash = mix_settings(hash, rel, InvalidOid, InvalidOid);
	table_close(rel, AccessShareLock);
	hash = mix_syscache(hash, AUTHOID, role);
	cj_store_commit();

	return hash;
}

/*
 * Complete the session of a worker that has just connected.
 *
 * MessageContext is where a backend keeps what lives as long as a client's
 * message; here it lives as long as a job.
 */
void
cj_worker_session_start(void)
{
	MessageContext = AllocSetContextCreate(TopMemoryContext, "MessageContext",
										   ALLOCSET_DEFAULT_SIZES);
	MemoryContextSwitchTo(MessageContext);
	fingerprint = take_fingerprint();
	cj_worker_session_name("cancel_job worker");
}

/*
 * Have the settings or the rights of our role changed since we connected?
 */
bool
cj_worker_session_outdated(void)
{
	return take_fingerprint() != fingerprint;
}

/*
 * Name the session in pg_stat_activity and the log.
 */
void
cj_worker_session_name(const char *name)
{
	SetConfigOption("application_name", name, PGC_USERSET, PGC_S_SESSION);
}

/*
 * Leave nothing of a job to its clean-up, which may run in another process as
 * well, nor to the next job of the same owner: temporary tables, settings,
 * locks, cursors, prepared statements, what it listens to.
 *
 * This is DISCARD ALL without DISCARD PLANS: that one would have our own
 * statements planned anew for each job, which costs more than a small job does,
 * and what a plan depends on invalidates it anyway.
 *
 * An error ends the process, which is as good.
 */
void
cj_worker_session_discard(void)
{
	cj_store_begin();
	PortalHashTableDeleteAll();
	SetPGVariable("session_authorization", NIL, false);
	ResetAllOptions();
	DropAllPreparedStatements();
	Async_UnlistenAll();
	LockReleaseAll(USER_LOCKMETHOD, true);
	ResetTempTableNamespace();
	ResetSequenceCaches();
	cj_store_commit();

	cj_worker_session_name("cancel_job worker");
	pgstat_report_activity(STATE_IDLE, NULL);
	pgstat_report_stat(true);
}

/*
 * Free the memory contexts that have been deleted and are kept to be used again:
 * up to a hundred of each of the two usual sizes, beyond which all of them are
 * freed (aset.c).
 */
static void
free_deleted_contexts(void)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext,
												  "cancel_job trim",
												  ALLOCSET_DEFAULT_SIZES);

	for (int i = 0; i < DELETED_CONTEXTS_KEPT; i++)
	{
		(void) AllocSetContextCreate(context, "cancel_job trim", ALLOCSET_DEFAULT_SIZES);
		(void) AllocSetContextCreate(context, "cancel_job trim", ALLOCSET_SMALL_SIZES);
	}
	(void) AllocSetContextCreate(context, "cancel_job trim", ALLOCSET_SMALL_SIZES);
	MemoryContextDelete(context);
}

/*
 * Give the memory of plans and caches back: no job is in sight that they would
 * make faster.
 */
void
cj_worker_session_trim(void)
{
	cj_store_forget_plans();
	StartTransactionCommand();
	InvalidateSystemCaches();
	CommitTransactionCommand();
	free_deleted_contexts();
#ifdef __GLIBC__
	malloc_trim(0);
#endif
}
