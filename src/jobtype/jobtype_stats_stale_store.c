/*-------------------------------------------------------------------------
 *
 * jobtype_stats_stale_store.c
 *	  Which tables automatic statistics are due for.
 *
 * PostgreSQL's own cumulative statistics say what has changed.  A look is at a
 * limited number of tables, those that follow in the order of their oids.
 *
 * Copyright (c) 2026, cancel_job contributors
 *
 * IDENTIFICATION
 *	  src/jobtype/jobtype_stats_stale_store.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/transam.h"
#include "catalog/pg_type.h"
#include "postmaster/autovacuum.h"

#include "base/base_extension.h"
#include "base/base_guc.h"
#include "base/base_store.h"
#include "compat.h"
#include "job/job_state.h"
#include "jobtype/jobtype_stats_stale_store.h"

/*
 * The tables of the look, with their options, and what we have noted of them.
 * $1 and $2 are the first and the last oid, $3 and $4 the fraction and the number
 * of rows that must have changed.
 */
#define SLICE \
	"WITH RECURSIVE option AS MATERIALIZED (" \
	" SELECT relation::oid," \
	"  max(value) FILTER (WHERE name = 'sql_stats_automatic_collection_enabled')::boolean AS enabled," \
	"  max(value) FILTER (WHERE name = 'sql_stats_automatic_collection_fraction_stale_rows')::float8 AS fraction," \
	"  max(value) FILTER (WHERE name = 'sql_stats_automatic_collection_min_stale_rows')::float8 AS min_rows" \
	" FROM jobs.table_option GROUP BY relation)," \
	" slice AS MATERIALIZED (" \
	" SELECT c.oid AS relation, c.relkind, c.relowner, c.reloptions," \
	"  greatest(c.reltuples, 0)::float8 AS reltuples," \
	"  c.relkind = 'p' OR c.relhassubclass AS tree," \
	"  coalesce(o.fraction, $3) AS fraction, coalesce(o.min_rows, $4) AS min_rows," \
	"  a.changes, a.analyzed, a.left_since, a.failures, a.job_id" \
	" FROM pg_class c LEFT JOIN option o ON o.relation = c.oid" \
	"  LEFT JOIN jobs.automatic_statistics a ON a.relation = c.oid" \
	" WHERE c.oid BETWEEN $1 AND $2 AND c.relpersistence <> 't'" \
	"  AND c.relnamespace <> 'jobs'::regnamespace" \
	"  AND CASE c.relkind WHEN 'r' THEN true WHEN 'p' THEN true WHEN 'm' THEN true" \
	"   WHEN 'f' THEN o.enabled ELSE false END" \
	"  AND o.enabled IS DISTINCT FROM false)"

/* When a table was analyzed last, by whomever. */
#define LAST_ANALYZE \
	"greatest(pg_stat_get_last_analyze_time(s.relation)," \
	" pg_stat_get_last_autoanalyze_time(s.relation))"

/*
 * Trees are looked at down to this depth: the tables of a deeper one would have to
 * be counted for each of many roots.
 */
#define MAX_DEPTH "20"

/*
 * The tables below one, itself included, of which PostgreSQL counts the changes
 * one by one.  Nobody counts those of the whole tree since it was analyzed, so
 * the sum at that time is noted.
 */
#define TREE \
	" descents (root, relation, depth) AS (" \
	" SELECT relation, relation, 0 FROM slice WHERE tree" \
	" UNION" \
	" SELECT t.root, i.inhrelid, t.depth + 1 FROM descents t JOIN pg_inherits i ON i.inhparent = t.relation" \
	" WHERE t.depth < " MAX_DEPTH ")," \
	" trees AS (SELECT DISTINCT root, relation FROM descents)," \
	" sums AS MATERIALIZED (" \
	" SELECT root, sum(pg_stat_get_tuples_inserted(relation) + pg_stat_get_tuples_updated(relation)" \
	"   + pg_stat_get_tuples_deleted(relation))::bigint AS changes," \
	"  sum(pg_stat_get_live_tuples(relation))::float8 AS rows" \
	" FROM trees GROUP BY root)"

/*
 * What each of them counts.  A tree that was analyzed since we noted something,
 * not by us, counts from now on.  A counter that has become smaller has begun
 * anew.  PostgreSQL counts no changes of foreign tables: their statistics are
 * due twice a day.
 */
#define MEASURED \
	" measured AS MATERIALIZED (" \
	" SELECT s.*, s.reltuples AS rows," \
	"  pg_stat_get_mod_since_analyze(s.relation)::float8 AS changed, -1::bigint AS total, false AS adopt" \
	" FROM slice s WHERE NOT tree AND relkind <> 'f'" \
	" UNION ALL" \
	" SELECT s.*, t.rows, CASE WHEN a.adopt THEN 0" \
	"   WHEN t.changes >= coalesce(s.changes, 0) THEN t.changes - coalesce(s.changes, 0)" \
	"   ELSE t.changes END, t.changes, a.adopt" \
	" FROM slice s JOIN sums t ON t.root = s.relation," \
	"  LATERAL (SELECT coalesce(" LAST_ANALYZE " > coalesce(s.analyzed, '-infinity'), false)) a(adopt)" \
	" UNION ALL" \
	" SELECT s.*, 0, CASE WHEN greatest(" LAST_ANALYZE ", s.analyzed) > now() - interval '12 hours'" \
	"   THEN 0 ELSE s.min_rows + 1 END, -1, false" \
	" FROM slice s WHERE NOT tree AND relkind = 'f')," \
	" adopted AS (" \
	" INSERT INTO jobs.automatic_statistics (relation, changes, analyzed)" \
	"  SELECT s.relation, s.total, " LAST_ANALYZE " FROM measured s WHERE s.adopt" \
	" ON CONFLICT (relation) DO UPDATE SET changes = excluded.changes, analyzed = excluded.analyzed)," \
	" judged AS MATERIALIZED (" \
	" SELECT s.*, s.rows * s.fraction + s.min_rows AS threshold," \
	"  s.changed > 0 AND s.changed >= s.rows * s.fraction + s.min_rows" \
	"  OR s.analyzed IS NULL AND s.relkind <> 'f'" \
	"   AND CASE WHEN s.tree THEN s.rows ELSE pg_stat_get_live_tuples(s.relation) END > 0" \
	"   AND " LAST_ANALYZE " IS NULL" \
	"   AND NOT EXISTS (SELECT FROM pg_statistic p" \
	"    WHERE p.starelid = s.relation AND p.stainherit = s.tree) AS stale" \
	" FROM measured s)"

/* $5 and $6: autovacuum's own threshold and fraction, $5 null if it is off. */
#define STORAGE_PARAMETER(name, type, otherwise) \
	"coalesce((SELECT p.option_value::" type " FROM pg_options_to_table(s.reloptions) p" \
	" WHERE p.option_name = '" name "'), " otherwise ")"

#define IS_AUTOVACUUMS \
	"NOT s.tree AND s.relkind <> 'f' AND $5 IS NOT NULL" \
	" AND " STORAGE_PARAMETER("autovacuum_enabled", "boolean", "true") \
	" AND s.changed > " STORAGE_PARAMETER("autovacuum_analyze_threshold", "float8", "$5") \
	"  + s.rows * " STORAGE_PARAMETER("autovacuum_analyze_scale_factor", "float8", "$6")

/*
 * $7: may roles that cannot log in have workers, $8: who has the jobs of those
 * that cannot, $9: milliseconds to wait after a first failure.
 */
#define LOGS_IN(role) \
	"(SELECT (r.rolcanlogin OR $7) AND has_database_privilege(r.oid, d.oid, 'CONNECT')" \
	" FROM pg_authid r WHERE r.oid = " role ")"

/*
 * The bounds of a look at up to "limit" tables behind the one with the oid
 * "after".  Tables of the system are not looked at.
 */
void
cj_stats_stale_slice(CjStaleLook *look, Oid after, int limit)
{
	static CjStatement slice = {
		"SELECT coalesce(max(oid::bigint), 0)::oid, count(*) FROM ("
		" SELECT oid FROM pg_class WHERE oid > $1 ORDER BY oid LIMIT $2) s",
		2, {OIDOID, INT4OID}
	};
	CjStoreScope scope;
	Datum		values[2];
	bool		isnull;

	look->first = Max(after, FirstNormalObjectId - 1) + 1;
	values[0] = ObjectIdGetDatum(look->first - 1);
	values[1] = Int32GetDatum(limit);
	cj_store_open(&scope, true);
	cj_store_run(&slice, values, NULL);
	look->last = DatumGetObjectId(cj_store_value(0, 1, &isnull));
	look->complete = DatumGetInt64(cj_store_value(0, 2, &isnull)) < limit;
	cj_store_close(&scope);
}

/*
 * Read one row of the look's result.
 */
static void
read_table(CjStoreScope *scope, uint64 row, CjStaleTable *table)
{
	bool		isnull;

	table->relation = DatumGetObjectId(cj_store_value(row, 2, &isnull));
	table->owner = DatumGetObjectId(cj_store_value(row, 3, &isnull));
	if (isnull)
		table->owner = InvalidOid;
	table->name = cj_store_text(scope, row, 4);
	table->rows = DatumGetFloat8(cj_store_value(row, 5, &isnull));
	table->changed = DatumGetFloat8(cj_store_value(row, 6, &isnull));
	table->changes = DatumGetInt64(cj_store_value(row, 7, &isnull));
	table->left = DatumGetBool(cj_store_value(row, 8, &isnull));
	table->left_since = DatumGetTimestampTz(cj_store_value(row, 9, &isnull));
	if (isnull)
		table->left_since = 0;
	table->not_before = DatumGetTimestampTz(cj_store_value(row, 10, &isnull));
	if (isnull)
		table->not_before = 0;
}

/*
 * Look at the tables from look->first to look->last, in the caller's memory
 * context.  Notes when trees were analyzed by others, and so writes.
 */
void
cj_stats_stale_look(CjStaleLook *look)
{
	static CjStatement read = {
		SLICE "," TREE "," MEASURED
		" SELECT n.needed, s.relation, CASE WHEN " LOGS_IN("s.relowner") " THEN s.relowner"
		"   WHEN " LOGS_IN("$8") " THEN $8 END,"
		"  format('%s.%s', current_database(), s.relation::regclass),"
		"  s.rows, s.changed, s.total, " IS_AUTOVACUUMS ", s.left_since,"
		"  (SELECT j.finished + least($9 * 2 ^ least(s.failures, 20), 86400000) * interval '1 millisecond'"
		"   FROM jobs.job j WHERE j.job_id = s.job_id AND j.state IN ('failed', 'revert-failed'))"
		" FROM (SELECT min(greatest(j.threshold - j.changed, 1)) FROM judged j"
		"  WHERE NOT j.stale AND j.relkind <> 'f') n(needed)"
		"  JOIN pg_database d ON d.datname = current_database()"
		"  LEFT JOIN judged s ON s.stale"
		" ORDER BY s.changed / greatest(s.threshold, 1) DESC, s.relation",
		9, {OIDOID, OIDOID, FLOAT8OID, FLOAT8OID, FLOAT8OID, FLOAT8OID, BOOLOID, OIDOID, FLOAT8OID},
		.many_rows = true
	};
	CjStoreScope scope;
	Datum		values[9];
	char		nulls[9];
	bool		isnull;
	uint64		nrows;

	memset(nulls, ' ', sizeof(nulls));
	values[0] = ObjectIdGetDatum(look->first);
	values[1] = ObjectIdGetDatum(look->last);
	values[2] = Float8GetDatum(cj_guc_stats_fraction_stale_rows);
	values[3] = Float8GetDatum(cj_guc_stats_min_stale_rows);
	values[4] = Float8GetDatum(autovacuum_anl_thresh);
	nulls[4] = AutoVacuumingActive() ? ' ' : 'n';
	values[5] = Float8GetDatum(autovacuum_anl_scale);
	values[6] = BoolGetDatum(CJ_HAVE_BYPASS_ROLELOGINCHECK);
	values[7] = ObjectIdGetDatum(cj_extension_owner());
	values[8] = Float8GetDatum(cj_guc_automatic_statistics_interval);

	cj_store_open(&scope, true);
	nrows = cj_store_run(&read, values, nulls);
	look->needed = DatumGetFloat8(cj_store_value(0, 1, &isnull));
	if (isnull)
		look->needed = -1;
	look->ntables = 0;
	look->tables = MemoryContextAlloc(scope.caller_context, nrows * sizeof(CjStaleTable));
	for (uint64 row = 0; row < nrows; row++)
	{
		(void) cj_store_value(row, 2, &isnull);
		if (!isnull)
			read_table(&scope, row, &look->tables[look->ntables++]);
	}
	cj_store_close(&scope);
}

/*
 * Note since when it is left to autovacuum to analyze tables, and that others
 * need not be any more.
 */
void
cj_stats_stale_leave(const CjStaleLook *look)
{
	static CjStatement begin = {
		"INSERT INTO jobs.automatic_statistics AS a (relation, left_since)"
		" SELECT id::oid, clock_timestamp() FROM unnest($1) id"
		" ON CONFLICT (relation) DO UPDATE SET left_since = excluded.left_since",
		1, {INT8ARRAYOID}
	};
	static CjStatement end = {
		"UPDATE jobs.automatic_statistics SET left_since = NULL"
		" WHERE relation BETWEEN $1 AND $2 AND left_since IS NOT NULL"
		"  AND relation::bigint <> ALL ($3)",
		3, {OIDOID, OIDOID, INT8ARRAYOID}
	};
	int64	   *fresh = palloc((look->ntables + 1) * sizeof(int64));
	int64	   *all = palloc((look->ntables + 1) * sizeof(int64));
	int			nfresh = 0;
	int			nall = 0;
	CjStoreScope scope;
	Datum		values[3];

	for (int i = 0; i < look->ntables; i++)
	{
		if (!look->tables[i].left)
			continue;
		all[nall++] = look->tables[i].relation;
		if (look->tables[i].left_since == 0)
			fresh[nfresh++] = look->tables[i].relation;
	}

	cj_store_open(&scope, true);
	values[0] = ObjectIdGetDatum(look->first);
	values[1] = ObjectIdGetDatum(look->last);
	values[2] = cj_store_id_array(all, nall);
	cj_store_run(&end, values, NULL);
	if (nfresh > 0)
	{
		values[0] = cj_store_id_array(fresh, nfresh);
		cj_store_run(&begin, values, NULL);
	}
	cj_store_close(&scope);
}

/*
 * Write a note about a table, with a number.
 */
static void
run_note(CjStatement *note, Oid relation, int64 number)
{
	CjStoreScope scope;
	Datum		values[2];

	values[0] = ObjectIdGetDatum(relation);
	values[1] = Int64GetDatum(number);
	cj_store_open(&scope, true);
	cj_store_run(note, values, NULL);
	cj_store_close(&scope);
}

/*
 * Note that statistics of a table have been collected, when so many rows of its
 * tree had changed; -1 for a table that is none.
 */
void
cj_stats_stale_analyzed(Oid relation, int64 changes)
{
	static CjStatement note = {
		"INSERT INTO jobs.automatic_statistics (relation, changes, analyzed)"
		" VALUES ($1, nullif($2, -1), clock_timestamp())"
		" ON CONFLICT (relation) DO UPDATE SET changes = excluded.changes,"
		"  analyzed = excluded.analyzed, left_since = NULL",
		2, {OIDOID, INT8OID}
	};

	run_note(&note, relation, changes);
}

/*
 * Note a table's new automatic job.
 */
void
cj_stats_stale_submitted(Oid relation, int64 job_id)
{
	static CjStatement note = {
		"INSERT INTO jobs.automatic_statistics AS a (relation, job_id) VALUES ($1, $2)"
		" ON CONFLICT (relation) DO UPDATE SET job_id = excluded.job_id,"
		"  failures = CASE WHEN EXISTS (SELECT FROM jobs.job j WHERE j.job_id = a.job_id"
		"   AND j.state IN ('failed', 'revert-failed')) THEN a.failures + 1 ELSE 0 END",
		2, {OIDOID, INT8OID}
	};

	run_note(&note, relation, job_id);
}

/*
 * Forget tables that do not exist any more.
 */
void
cj_stats_stale_forget_dropped(void)
{
	static CjStatement notes = {
		"DELETE FROM jobs.automatic_statistics a"
		" WHERE NOT EXISTS (SELECT FROM pg_class c WHERE c.oid = a.relation)"
		"  AND NOT EXISTS (SELECT FROM jobs.queue q WHERE q.job_id = a.job_id)",
		0,.many_rows = true
	};
	static CjStatement options = {
		"DELETE FROM jobs.table_option o"
		" WHERE NOT EXISTS (SELECT FROM pg_class c WHERE c.oid = o.relation)",
		0,.many_rows = true
	};
	CjStoreScope scope;

	cj_store_open(&scope, true);
	cj_store_run(&notes, NULL, NULL);
	cj_store_run(&options, NULL, NULL);
	cj_store_close(&scope);
}

/*
 * The automatic job that has not come to its end, 0 if there is none.  There is
 * at most one, and it is the last that was submitted.
 */
int64
cj_stats_stale_find_job(CjJobState *state)
{
	static CjStatement find = {
		"SELECT j.job_id, j.state FROM (SELECT a.job_id FROM jobs.automatic_statistics a"
		"  WHERE a.job_id IS NOT NULL ORDER BY a.job_id DESC LIMIT 1) l"
		" JOIN jobs.queue q ON q.job_id = l.job_id JOIN jobs.job j ON j.job_id = l.job_id",
		0
	};
	CjStoreScope scope;
	bool		isnull;
	int64		id = 0;

	cj_store_open(&scope, true);
	if (cj_store_run(&find, NULL, NULL) > 0)
	{
		id = DatumGetInt64(cj_store_value(0, 1, &isnull));
		*state = cj_job_state_parse(cj_store_text(&scope, 0, 2));
	}
	cj_store_close(&scope);

	return id;
}
