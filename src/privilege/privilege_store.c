/*-------------------------------------------------------------------------
 *
 * privilege_store.c
 *	  Which roles carry the system privileges.
 *
 * The table names them by oid: a role of the same name that somebody makes later
 * carries nothing.
 *
 * Copyright (c) 2026, cancel_job contributors
 *
 * IDENTIFICATION
 *	  src/privilege/privilege_store.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "utils/builtins.h"

#include "base/base_extension.h"
#include "base/base_store.h"
#include "privilege/privilege_store.h"

/*
 * Read what a role may do with the jobs and schedules of others, by its
 * memberships: nothing if the extension is not a superuser's, so that its tables
 * cannot be relied on.
 *
 * Raises 42704 in a database without the extension.  Needs a transaction.
 */
void
cj_privilege_store_read(CjPrivileges *privileges)
{
	static CjStatement read = {
		"SELECT privilege FROM jobs.system_privilege WHERE pg_has_role($1, role, 'USAGE')",
		1, {OIDOID}
	};
	CjStoreScope scope;
	Datum		value = ObjectIdGetDatum(privileges->roleid);
	uint64		nrows;

	if (cj_extension_exists() && !cj_extension_is_trusted())
		return;

	cj_store_open(&scope, false);
	nrows = cj_store_run_latest(&read, &value);
	for (uint64 row = 0; row < nrows; row++)
	{
		const char *privilege = cj_store_text(&scope, row, 1);

		if (strcmp(privilege, "CONTROLJOB") == 0)
			privileges->see_all = privileges->control_all = true;
		else if (strcmp(privilege, "VIEWJOB") == 0)
			privileges->see_all = true;
		else if (strcmp(privilege, "REPAIRCLUSTER") == 0)
			privileges->repair_all = true;
	}
	cj_store_close(&scope);
}

/*
 * The name of the role that carries a privilege, NULL if none does.  Errors and
 * needs as above.
 */
char *
cj_privilege_store_role(const char *privilege)
{
	static CjStatement find = {
		"SELECT rolname::text FROM jobs.system_privilege JOIN pg_roles ON oid = role"
		" WHERE privilege = $1",
		1, {TEXTOID}
	};
	CjStoreScope scope;
	Datum		value = CStringGetTextDatum(privilege);
	char	   *name = NULL;

	cj_store_open(&scope, false);
	if (cj_store_run_latest(&find, &value) > 0)
		name = cj_store_text(&scope, 0, 1);
	cj_store_close(&scope);
	return name;
}
