/*-------------------------------------------------------------------------
 *
 * jobtype_stats_option_store.c
 *	  Options of tables for automatic statistics.
 *
 * Copyright (c) 2026, cancel_job contributors
 *
 * IDENTIFICATION
 *	  src/jobtype/jobtype_stats_option_store.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "catalog/pg_class.h"
#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "storage/lmgr.h"
#include "tcop/utility.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

#include "base/base_store.h"
#include "compat.h"
#include "jobtype/jobtype_stats_option_store.h"

/* The largest value of an option that is a number: the check constraint knows it, too. */
#define MAX_VALUE 999999999.0

typedef enum OptionKind
{
	OPTION_BOOLEAN,
	OPTION_INTEGER,
	OPTION_REAL
} OptionKind;

typedef struct TableOption
{
	const char *name;
	OptionKind	kind;
} TableOption;

/* The check constraint of jobs.table_option has these names, too. */
static const TableOption options[] = {
	{"sql_stats_automatic_collection_enabled", OPTION_BOOLEAN},
	{"sql_stats_automatic_collection_fraction_stale_rows", OPTION_REAL},
	{"sql_stats_automatic_collection_min_stale_rows", OPTION_INTEGER}
};

/*
 * The kind of an option; raises 22023 for one that there is not.
 */
static OptionKind
find_option(const char *name)
{
	for (int i = 0; i < lengthof(options); i++)
	{
		if (strcmp(options[i].name, name) == 0)
			return options[i].kind;
	}
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("unrecognized table option \"%s\"", name),
			 errhint("The options are \"%s\", \"%s\" and \"%s\".",
					 options[0].name, options[1].name, options[2].name)));
}

/*
 * Raise 22023 for a value that an option cannot have.
 */
pg_noreturn static void
refuse_value(const char *name, const char *value)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("invalid value for table option \"%s\": \"%s\"", name, value)));
}

/*
 * A value in the one form in which it is kept.
 */
static char *
normalize(const char *name, const char *value)
{
	OptionKind	kind = find_option(name);
	double		number;
	char	   *end;
	bool		flag;

	if (kind == OPTION_BOOLEAN)
	{
		if (!parse_bool(value, &flag))
			refuse_value(name, value);
		return pstrdup(flag ? "true" : "false");
	}

	errno = 0;
	number = strtod(value, &end);
	if (end == value || *end != '\0' || errno != 0 || !(number >= 0 && number <= MAX_VALUE) ||
		(kind == OPTION_INTEGER && number != floor(number)))
		refuse_value(name, value);
	number = fabs(number);		/* of -0 */
	return kind == OPTION_INTEGER ? psprintf("%.0f", number) : psprintf("%.6f", number);
}

/*
 * Raise an error unless this is a table whose options the current user may set:
 * 42P01, 42809, 42501.
 */
static void
check_table(Oid relation)
{
	char	   *name = get_rel_name(relation);
	char		kind = get_rel_relkind(relation);

	if (name == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_TABLE),
				 errmsg("relation with OID %u does not exist", relation)));
	if (kind != RELKIND_RELATION && kind != RELKIND_PARTITIONED_TABLE &&
		kind != RELKIND_MATVIEW && kind != RELKIND_FOREIGN_TABLE)
		ereport(ERROR,
				(errcode(ERRCODE_WRONG_OBJECT_TYPE),
				 errmsg("\"%s\" is not a table, materialized view or foreign table", name)));
	if (!object_ownercheck(RelationRelationId, relation, GetUserId()))
		aclcheck_error(ACLCHECK_NOT_OWNER, get_relkind_objtype(kind), name);
}

/*
 * Set an option of a table; NULL takes it back.  Part of the transaction.
 *
 * Raises what check_table() raises, and 22023 for an option or value that there
 * is not.
 */
void
cj_table_option_set(Oid relation, const char *name, const char *value)
{
	static CjStatement set = {
		"INSERT INTO jobs.table_option (relation, name, value) VALUES ($1::regclass, $2, $3)"
		" ON CONFLICT (relation, name) DO UPDATE SET value = excluded.value",
		3, {OIDOID, TEXTOID, TEXTOID}
	};
	static CjStatement reset = {
		"DELETE FROM jobs.table_option WHERE relation = $1::regclass AND name = $2",
		2, {OIDOID, TEXTOID}
	};
	CjStoreScope scope;
	Datum		values[3];

	PreventCommandIfReadOnly("jobs.set_table_option()");
	/* Who has no right to the table waits for no lock of it, either. */
	check_table(relation);
	LockRelationOid(relation, ShareUpdateExclusiveLock);
	check_table(relation);
	(void) find_option(name);

	values[0] = ObjectIdGetDatum(relation);
	values[1] = CStringGetTextDatum(name);
	if (value != NULL)
		values[2] = CStringGetTextDatum(normalize(name, value));
	cj_store_open(&scope, false);
	cj_store_run(value != NULL ? &set : &reset, values, NULL);
	cj_store_close(&scope);
}
