/*-------------------------------------------------------------------------
 *
 * job_crdb_compat.c
 *	  The schema crdb_internal, for who asks for it.
 *
 * Its objects are views and functions on those of schema jobs, which everybody
 * may read and which show each user's jobs: they have no rights of their own,
 * are made with the user's rights and belong to that user.  They are no members
 * of the extension, so that pg_dump takes them along, together with the views
 * that users have made of them; an automatic dependency makes DROP EXTENSION
 * drop them.  pg_dump leaves that dependency out, and the next
 * install brings it back.
 *
 * Copyright (c) 2026, cancel_job contributors
 *
 * IDENTIFICATION
 *	  src/job/job_crdb_compat.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/dependency.h"
#include "catalog/namespace.h"
#include "catalog/pg_extension.h"
#include "catalog/pg_namespace.h"
#include "executor/spi.h"
#include "miscadmin.h"

#include "base/base_extension.h"
#include "job/job_crdb_compat.h"

#define SCHEMA "crdb_internal"

#define CRDB_JOBS_COLUMNS "job_id, job_type, owner, description, created, finished, state, error"

/* What the schema has. */
static const char *const definitions[] = {
	"CREATE OR REPLACE VIEW crdb_internal.jobs AS SELECT * FROM jobs.crdb_internal_jobs",
	"CREATE OR REPLACE VIEW crdb_internal.system_jobs AS SELECT * FROM jobs.system_jobs",
	"CREATE OR REPLACE VIEW crdb_internal.system_scheduled_jobs AS SELECT * FROM jobs.system_scheduled_jobs",
	"CREATE OR REPLACE VIEW crdb_internal.crdb_jobs AS"
	" SELECT " CRDB_JOBS_COLUMNS " FROM jobs.jobs_with_progress",
	"CREATE OR REPLACE VIEW crdb_internal.crdb_jobs_with_progress AS"
	" SELECT * FROM jobs.jobs_with_progress",
	"CREATE OR REPLACE FUNCTION crdb_internal.crdb_job_messages(job_id bigint,"
	" OUT recorded timestamptz, OUT kind text, OUT message text)"
	" RETURNS SETOF record LANGUAGE sql STABLE PARALLEL SAFE ROWS 10"
	" BEGIN ATOMIC SELECT m.recorded, m.kind, m.message FROM jobs.job_messages($1) m; END",
	"CREATE OR REPLACE FUNCTION crdb_internal.crdb_job_progress_history(job_id bigint,"
	" OUT recorded timestamptz, OUT progress_fraction double precision, OUT resolved numeric)"
	" RETURNS SETOF record LANGUAGE sql STABLE PARALLEL SAFE ROWS 100"
	" BEGIN ATOMIC SELECT h.recorded, h.progress_fraction, h.resolved"
	" FROM jobs.job_progress_history($1) h; END",
	"GRANT USAGE ON SCHEMA crdb_internal TO PUBLIC",
	"GRANT SELECT ON crdb_internal.jobs, crdb_internal.system_jobs, crdb_internal.crdb_jobs,"
	" crdb_internal.crdb_jobs_with_progress, crdb_internal.system_scheduled_jobs TO PUBLIC",
	"GRANT EXECUTE ON FUNCTION crdb_internal.crdb_job_messages(bigint),"
	" crdb_internal.crdb_job_progress_history(bigint) TO PUBLIC",
	"COMMENT ON SCHEMA crdb_internal IS 'jobs as CockroachDB shows them (jobs.install_crdb_compat())'",
	"COMMENT ON VIEW crdb_internal.jobs IS 'jobs.crdb_internal_jobs'",
	"COMMENT ON VIEW crdb_internal.system_jobs IS 'jobs.system_jobs'",
	"COMMENT ON VIEW crdb_internal.system_scheduled_jobs IS 'jobs.system_scheduled_jobs'",
	"COMMENT ON VIEW crdb_internal.crdb_jobs IS 'the first columns of jobs.jobs_with_progress'",
	"COMMENT ON VIEW crdb_internal.crdb_jobs_with_progress IS 'jobs.jobs_with_progress'",
	"COMMENT ON FUNCTION crdb_internal.crdb_job_messages(bigint) IS 'jobs.job_messages()'",
	"COMMENT ON FUNCTION crdb_internal.crdb_job_progress_history(bigint) IS 'jobs.job_progress_history()'",
	NULL
};

/* The views and functions of the schema, and the schema itself. */
#define OUR_OBJECTS \
	"SELECT 'pg_class'::regclass::oid AS class, c.oid FROM pg_class c" \
	" WHERE relnamespace = $1 AND relkind = 'v'" \
	"  AND relname IN ('jobs', 'system_jobs', 'system_scheduled_jobs', 'crdb_jobs', 'crdb_jobs_with_progress')" \
	" UNION ALL SELECT 'pg_proc'::regclass, oid FROM pg_proc" \
	" WHERE pronamespace = $1 AND proargtypes = '20'" \
	"  AND proname IN ('crdb_job_messages', 'crdb_job_progress_history')" \
	" UNION ALL SELECT 'pg_namespace'::regclass, $1"

/*
 * Run a query on the catalogs, or a definition, with the schema as $1.  Returns
 * the number of rows.
 */
static uint64
run(const char *command, Oid schema)
{
	Oid			type = OIDOID;
	Datum		value = ObjectIdGetDatum(schema);
	int			rc;

	rc = OidIsValid(schema) ?
		SPI_execute_with_args(command, 1, &type, &value, NULL, false, 0) :
		SPI_execute(command, false, 0);
	if (rc < 0)
		elog(ERROR, "could not execute \"%s\": %s", command,
			 SPI_result_code_string(rc));
	return SPI_processed;
}

/*
 * Raise an error unless the current user may have the schema made or removed.
 * The extension is not dropped until the end of the transaction.
 */
static void
check_may_install(void)
{
	if (!cj_extension_hold())
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("extension \"%s\" does not exist in this database",
						CJ_EXTENSION_NAME)));
	if (run("SELECT FROM pg_database WHERE datname = current_database()"
			" AND pg_has_role(datdba, 'USAGE')", InvalidOid) == 0)
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("permission denied for schema \"%s\"", SCHEMA),
				 errdetail("Only superusers and the owner of the database can install or remove it.")));
}

/*
 * Raise an error if a role is at work in the schema that could put something
 * else into the place of ours: who owns it or an object in it, or may make some,
 * has to be the current user, the owner of the database or a superuser.
 */
static void
check_schema_is_safe(Oid schema)
{
	static const char others[] =
	"SELECT CASE o.role WHEN 0 THEN 'public' ELSE pg_get_userbyid(o.role) END FROM ("
	" SELECT nspowner FROM pg_namespace WHERE oid = $1"
	" UNION ALL SELECT s.refobjid FROM pg_depend d JOIN pg_shdepend s"
	"  ON s.classid = d.classid AND s.objid = d.objid AND s.deptype = 'o'"
	"  JOIN pg_database b ON b.oid = s.dbid AND b.datname = current_database()"
	"  WHERE d.refclassid = 'pg_namespace'::regclass AND d.refobjid = $1"
	" UNION ALL SELECT a.grantee FROM pg_namespace, aclexplode(nspacl) a"
	"  WHERE oid = $1 AND a.privilege_type = 'CREATE') o(role)"
	" WHERE NOT EXISTS (SELECT FROM pg_roles WHERE oid = o.role"
	"   AND (rolsuper OR rolname = current_user))"
	"  AND NOT EXISTS (SELECT FROM pg_database WHERE datdba = o.role"
	"   AND datname = current_database())"
	" ORDER BY 1 LIMIT 1";

	if (run(others, schema) > 0)
		ereport(ERROR,
				(errcode(ERRCODE_DUPLICATE_SCHEMA),
				 errmsg("schema \"%s\" already exists", SCHEMA),
				 errdetail("Role \"%s\" owns objects in it or can make some.",
						   SPI_getvalue(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1)),
				 errhint("Rename or drop the schema.")));
}

/*
 * Does DROP EXTENSION drop this object?
 */
static bool
depends_on_extension(const ObjectAddress *object)
{
	return list_member_oid(getAutoExtensionsOfObject(object->classId, object->objectId),
						   cj_extension_oid());
}

/*
 * Have DROP EXTENSION drop our objects in the schema.
 */
static void
make_depend_on_extension(Oid schema)
{
	ObjectAddress extension;
	uint64		nobjects = run(OUR_OBJECTS, schema);

	ObjectAddressSet(extension, ExtensionRelationId, cj_extension_oid());
	for (uint64 i = 0; i < nobjects; i++)
	{
		HeapTuple	row = SPI_tuptable->vals[i];
		TupleDesc	desc = SPI_tuptable->tupdesc;
		ObjectAddress object;
		bool		isnull;

		ObjectAddressSet(object,
						 DatumGetObjectId(SPI_getbinval(row, desc, 1, &isnull)),
						 DatumGetObjectId(SPI_getbinval(row, desc, 2, &isnull)));
		if (!depends_on_extension(&object))
			recordDependencyOn(&object, &extension, DEPENDENCY_AUTO_EXTENSION);
	}
}

/*
 * Begin an install or its undoing; returns the schema, InvalidOid if there is
 * none.  Connects to SPI.
 */
static Oid
begin(void)
{
	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
	check_may_install();
	return get_namespace_oid(SCHEMA, true);
}

/*
 * End it.
 */
static void
end(void)
{
	if (SPI_finish() != SPI_OK_FINISH)
		elog(ERROR, "SPI_finish failed");
}

/*
 * Make the schema crdb_internal, or complete it.
 *
 * Needs a search_path without schemas of users.  Raises 42501 if the current
 * user may not, 42P06 if there is such a schema that somebody else has a hand
 * in, and what the definitions raise.
 */
void
cj_crdb_compat_install(void)
{
	Oid			schema = begin();

	if (OidIsValid(schema))
		check_schema_is_safe(schema);
	else
		run("CREATE SCHEMA crdb_internal", InvalidOid);
	for (int i = 0; definitions[i] != NULL; i++)
		run(definitions[i], InvalidOid);
	make_depend_on_extension(get_namespace_oid(SCHEMA, false));
	end();
}

/*
 * Drop what an install has made; nothing if there is no such schema.
 *
 * Raises 42501 if the current user may not, 55000 if the schema is not of an
 * install, and 2BP01 if objects of users are in it or depend on it.
 */
void
cj_crdb_compat_uninstall(void)
{
	Oid			schema = begin();

	if (OidIsValid(schema))
	{
		ObjectAddress object;

		ObjectAddressSet(object, NamespaceRelationId, schema);
		if (!depends_on_extension(&object))
			ereport(ERROR,
					(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
					 errmsg("schema \"%s\" was not made by jobs.install_crdb_compat()", SCHEMA),
					 errhint("If it comes from a dump, run jobs.install_crdb_compat() first.")));
		run("DROP VIEW IF EXISTS crdb_internal.jobs, crdb_internal.system_jobs, crdb_internal.system_scheduled_jobs,"
			" crdb_internal.crdb_jobs, crdb_internal.crdb_jobs_with_progress", InvalidOid);
		run("DROP FUNCTION IF EXISTS crdb_internal.crdb_job_messages(bigint),"
			" crdb_internal.crdb_job_progress_history(bigint)", InvalidOid);
		run("DROP SCHEMA crdb_internal", InvalidOid);
	}
	end();
}
