/*-------------------------------------------------------------------------
 *
 * base_extension.c
 *	  Whether this database has the extension, and who owns it.
 *
 * Copyright (c) 2026, cancel_job contributors
 *
 * IDENTIFICATION
 *	  src/base/base_extension.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/xact.h"
#include "catalog/indexing.h"
#include "catalog/pg_extension.h"
#include "miscadmin.h"
#include "storage/lmgr.h"
#include "utils/fmgroids.h"
#include "utils/inval.h"
#include "utils/rel.h"
#include "utils/syscache.h"

#include "base/base_extension.h"

/* What pg_extension said last; InvalidOid where there is no extension. */
static Oid	known_oid = InvalidOid;
static Oid	known_owner = InvalidOid;
static bool known_valid = false;

/* Did the postmaster load the library, so that our processes can run? */
static bool preloaded = false;

/*
 * Note that the postmaster has loaded the library.
 */
void
cj_extension_set_preloaded(void)
{
	preloaded = true;
}

/*
 * Raise an error that names the line for postgresql.conf unless the postmaster
 * has loaded the library.
 */
void
cj_extension_check_preloaded(void)
{
	const char *others = shared_preload_libraries_string;

	if (preloaded)
		return;
	if (others == NULL)
		others = "";

	ereport(ERROR,
			(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			 errmsg("%s must be loaded via shared_preload_libraries",
					CJ_EXTENSION_NAME),
			 errhint("Put this line into postgresql.conf and restart the server: shared_preload_libraries = '%s%s%s'",
					 CJ_EXTENSION_NAME, *others != '\0' ? ", " : "",
					 others)));
}

/*
 * Forget what we know when a schema changes.
 *
 * The extension creates its schema, so creating and dropping the extension
 * invalidates a pg_namespace entry, also when that is rolled back.
 */
static void
forget_extension(Datum arg, int cacheid, uint32 hashvalue)
{
	known_valid = false;
}

/*
 * Read what we know of the extension from pg_extension.
 *
 * There is no syscache for pg_extension.
 */
static void
read_extension(void)
{
	Relation	rel;
	SysScanDesc scan;
	ScanKeyData key;
	HeapTuple	tuple;

	known_oid = InvalidOid;
	known_owner = InvalidOid;
	rel = table_open(ExtensionRelationId, AccessShareLock);
	ScanKeyInit(&key, Anum_pg_extension_extname, BTEqualStrategyNumber,
				F_NAMEEQ, CStringGetDatum(CJ_EXTENSION_NAME));
	scan = systable_beginscan(rel, ExtensionNameIndexId, true, NULL, 1, &key);
	tuple = systable_getnext(scan);
	if (HeapTupleIsValid(tuple))
	{
		known_oid = ((Form_pg_extension) GETSTRUCT(tuple))->oid;
		known_owner = ((Form_pg_extension) GETSTRUCT(tuple))->extowner;
	}
	systable_endscan(scan);
	table_close(rel, AccessShareLock);
}

/*
 * The owner of the extension in this database, InvalidOid if it has none.
 *
 * Outside a valid transaction, where catalogs cannot be read, this is the
 * last known answer.
 */
Oid
cj_extension_owner(void)
{
	static bool registered = false;

	if (!IsTransactionState())
		return known_owner;

	if (!registered)
	{
		CacheRegisterSyscacheCallback(NAMESPACEOID, forget_extension, (Datum) 0);
		registered = true;
	}

	AcceptInvalidationMessages();
	if (!known_valid)
	{
		/* Set first: a message that arrives while we read must not be lost. */
		known_valid = true;
		read_extension();
	}
	return known_owner;
}

/*
 * The extension's own oid, InvalidOid if this database has none: another one
 * after it was dropped and created again.  As cj_extension_owner() for when it
 * may be called.
 */
Oid
cj_extension_oid(void)
{
	return OidIsValid(cj_extension_owner()) ? known_oid : InvalidOid;
}

/*
 * Does this database have the extension?  As cj_extension_owner() for when it
 * may be called.
 */
bool
cj_extension_exists(void)
{
	return OidIsValid(cj_extension_owner());
}

/*
 * Is the extension of this database owned by a superuser?
 *
 * Who owns the tables decides who runs what.  A role that made the extension
 * and is no superuser any more must not get back what it has lost.
 *
 * Speaks of the extension that cj_extension_owner() or cj_extension_oid() has
 * told of last: one that is dropped meanwhile is not for that reason distrusted.
 * Needs a valid transaction.
 */
bool
cj_extension_is_trusted(void)
{
	return superuser_arg(known_owner);
}

/*
 * Keep the extension from being dropped until the end of the transaction.
 * Returns false if this database has none.
 */
bool
cj_extension_hold(void)
{
	for (;;)
	{
		Oid			oid;

		if (!cj_extension_exists())
			return false;
		oid = known_oid;
		LockDatabaseObject(ExtensionRelationId, oid, 0, AccessShareLock);
		if (cj_extension_exists() && known_oid == oid)
			return true;
		UnlockDatabaseObject(ExtensionRelationId, oid, 0, AccessShareLock);
	}
}
