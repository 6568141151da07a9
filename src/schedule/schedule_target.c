/*-------------------------------------------------------------------------
 *
 * schedule_target.c
 *	  What the jobs of a schedule back up or send.
 *
 * SHOW CREATE SCHEDULE puts it into a statement that somebody is going to run, so
 * nothing is stored that would be read there as something else: names are quoted where
 * they have to be, a query is one SELECT, and the value of an option is no object.
 *
 * Copyright (c) 2026, cancel_job contributors
 *
 * IDENTIFICATION
 *	  src/schedule/schedule_target.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "lib/stringinfo.h"
#include "nodes/parsenodes.h"
#include "parser/scansup.h"
#include "utils/builtins.h"
#include "utils/varlena.h"

#include "base/base_parse.h"
#include "compat.h"
#include "schedule/schedule_target.h"

/* A table's name has at most so many parts: database.schema.table. */
#define MAX_TABLE_PARTS 3

/* Between a table and one of its column families. */
#define FAMILY "family"

/*
 * Raise 42602 for what is no name.
 */
pg_noreturn static void
invalid_name(const char *what, const char *name)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_NAME),
			 errmsg("invalid name among the %s of a schedule: \"%s\"", what, name)));
}

/*
 * The length of a text of this length without the white space at its end.
 */
static int
trimmed_length(const char *str, int length)
{
	while (length > 0 && scanner_isspace(str[length - 1]))
		length--;
	return length;
}

/*
 * Append a name of up to so many parts, quoted where it has to be; the last of several
 * can be a star.  Raises 42602 if it is none.
 */
static void
append_name(StringInfo to, const char *what, const char *name, int max_parts)
{
	char	   *copy = pstrdup(name);
	int			length = trimmed_length(copy, strlen(copy));
	bool		all = max_parts > 1 && length > 0 && copy[length - 1] == '*';
	List	   *parts;
	ListCell   *lc;

	if (all)
	{
		length = trimmed_length(copy, length - 1);
		if (length == 0)
		{
			appendStringInfoChar(to, '*');
			return;
		}
		if (copy[--length] != '.')
			invalid_name(what, name);
	}
	copy[length] = '\0';
	if (!SplitIdentifierString(copy, '.', &parts) || parts == NIL ||
		list_length(parts) + (all ? 1 : 0) > max_parts)
		invalid_name(what, name);
	foreach(lc, parts)
		appendStringInfo(to, "%s%s", foreach_current_index(lc) > 0 ? "." : "",
						 quote_identifier(lfirst(lc)));
	if (all)
		appendStringInfoString(to, ".*");
}

/*
 * Where a word begins in a text, outside of quotes and between white space; NULL if
 * it does not.
 */
static const char *
find_word(const char *str, const char *word)
{
	int			length = strlen(word);
	bool		quoted = false;

	for (const char *at = str; *at != '\0'; at++)
	{
		quoted ^= (*at == '"');
		if (!quoted && at > str && scanner_isspace(at[-1]) &&
			pg_strncasecmp(at, word, length) == 0 && scanner_isspace(at[length]))
			return at;
	}
	return NULL;
}

/*
 * The name of a table, as it is in a statement, with FAMILY if it has one.  Raises
 * 42602 if it is none.
 */
static char *
table_name(const char *name)
{
	const char *family = find_word(name, FAMILY);
	StringInfoData result;

	initStringInfo(&result);
	append_name(&result, "tables", family == NULL ? name : pnstrdup(name, family - name),
				MAX_TABLE_PARTS);
	if (family != NULL)
	{
		appendStringInfoString(&result, " FAMILY ");
		append_name(&result, "tables", family + strlen(FAMILY), 1);
	}
	return result.data;
}

/*
 * The name of a database, as it is in a statement.  Raises 42602 if it is none.
 */
static char *
database_name(const char *name)
{
	StringInfoData result;

	initStringInfo(&result);
	append_name(&result, "databases", name, 1);
	return result.data;
}

/*
 * The names in an array as "convert" returns them; NULL for NULL.  Raises what that
 * raises, and 22004 for null.
 */
static ArrayType *
convert_names(const ArrayType *names, char *(*convert) (const char *name))
{
	Datum	   *values;
	bool	   *nulls;
	int			n;

	if (names == NULL)
		return NULL;
	deconstruct_array(unconstify(ArrayType *, names), TEXTOID, -1, false, TYPALIGN_INT,
					  &values, &nulls, &n);
	for (int i = 0; i < n; i++)
	{
		if (nulls[i])
			ereport(ERROR,
					(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
					 errmsg("the names of tables and databases of a schedule must not be null")));
		values[i] = CStringGetTextDatum(convert(TextDatumGetCString(values[i])));
	}
	return construct_array(values, n, TEXTOID, -1, false, TYPALIGN_INT);
}

/*
 * For cj_parse_check(): raise 42601 unless this is one SELECT and nothing else.
 */
static void
check_query(const char *str, List *statements)
{
	const RawStmt *statement = statements != NIL ? linitial_node(RawStmt, statements) : NULL;

	if (list_length(statements) != 1 || !IsA(statement->stmt, SelectStmt) ||
		statement->stmt_len != 0)
		ereport(ERROR,
				(errcode(ERRCODE_SYNTAX_ERROR),
				 errmsg("the query of a schedule must be one SELECT")));
}

/*
 * Check what the jobs of a schedule are to do, and write the names in it as they are
 * in a statement.  Raises 42602 for what is no name, 22004 for a name that is null,
 * 42601 for what is no query, and what cj_schedule_target_check_options() raises.
 */
void
cj_schedule_target_check(CjScheduleWork *work)
{
	work->tables = convert_names(work->tables, table_name);
	work->databases = convert_names(work->databases, database_name);
	if (work->query != NULL)
		cj_parse_check(work->query, "query of a schedule", check_query);
	if (work->options != NULL)
		cj_schedule_target_check_options(work->options);
}

/*
 * Raise 22023 for the value of an option that no statement can have: it is null, true,
 * false, a number, a string or an array of strings.
 */
void
cj_schedule_target_check_options(Jsonb *options)
{
	JsonbIterator *iterator = JsonbIteratorInit(&options->root);
	JsonbIteratorToken token;
	JsonbValue	value;
	char	   *name = NULL;
	bool		in_array = false;

	while ((token = JsonbIteratorNext(&iterator, &value, false)) != WJB_DONE)
	{
		bool		wrong = false;

		switch (token)
		{
			case WJB_KEY:
				name = pnstrdup(value.val.string.val, value.val.string.len);
				break;
			case WJB_ELEM:
				wrong = value.type != jbvString;
				break;
			case WJB_BEGIN_ARRAY:
				wrong = in_array;
				in_array = true;
				break;
			case WJB_END_ARRAY:
				in_array = false;
				break;
			case WJB_BEGIN_OBJECT:
				wrong = name != NULL;
				break;
			default:
				break;
		}
		if (wrong)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("invalid value for option \"%s\" of a schedule", name),
					 errdetail("A value is a string, a number, true, false, null or an array of strings.")));
	}
}
